#include "policy/vrrp/config.h"

#include <string>

namespace hf::policy::vrrp {
namespace {

constexpr std::size_t kMaxAddresses = 255;
constexpr std::int64_t kMillion = 1'000'000;

Error invalid(std::string what) { return Error{ErrorCode::kInvalidArgument, std::move(what)}; }

Result<void> validate_interval(const Config& config) {
  const Nanos interval = config.advert_interval;
  if (config.version == ProtocolVersion::kV2) {
    if (interval < 1s || interval > 255s || interval % Nanos(1s) != Nanos{0}) {
      return invalid("advert_interval of version 2 must be whole seconds, 1s to 255s");
    }
    return {};
  }
  if (interval < 10ms || interval > 40950ms || interval % Nanos(10ms) != Nanos{0}) {
    return invalid("advert_interval must be 10ms to 40.95s in steps of 10ms");
  }
  return {};
}

Result<void> validate_lease(const Config& config) {
  if (config.lease < 1s) return invalid("lease must be at least 1s");
  if (config.refresh_interval <= Nanos{0} || config.refresh_interval > config.lease / 2) {
    return invalid("refresh_interval must be above 0 and at most half the lease");
  }
  return {};
}

}  // namespace

Result<void> validate(const Config& config) {
  if (config.version != ProtocolVersion::kV2 && config.version != ProtocolVersion::kV3) {
    return invalid("version must be 2 or 3");
  }
  if (config.priority == kReleasePriority) return invalid("priority must be 1 to 255");
  if (config.addresses.empty() || config.addresses.size() > kMaxAddresses) {
    return invalid("addresses must be 1 to 255 in number");
  }
  HF_RETURN_IF_ERROR(validate_interval(config));
  HF_RETURN_IF_ERROR(validate_lease(config));
  for (const Nanos wait : {config.preempt_delay, config.start_delay, config.probe_wait, config.probe_again,
                           config.conflict_patience, config.conflict_hold, config.announce_delay,
                           config.announce_refresh, config.damping.window, config.damping.base, config.damping.limit}) {
    if (wait < Nanos{0} || wait > Nanos(24h)) return invalid("a time of the VIP is below 0 or above 24h");
  }
  return {};
}

Config strict_rfc(Config config) {
  config.strict = true;
  config.answer_lower = false;
  config.advertise_loss = false;
  config.check_stall = false;
  config.hand_over = false;
  config.probe_wait = Nanos{0};
  config.announce_delay = Nanos{0};
  config.announce_refresh = Nanos{0};
  config.damping.base = Nanos{0};
  return config;
}

Nanos skew_time(ProtocolVersion version, std::uint8_t priority, Nanos master_interval) {
  const Nanos whole = version == ProtocolVersion::kV2 ? Nanos(1s) : master_interval;
  return whole * (256 - int{priority}) / 256;
}

Nanos master_down_interval(ProtocolVersion version, std::uint8_t priority, Nanos master_interval) {
  return 3 * master_interval + skew_time(version, priority, master_interval);
}

Nanos hand_over_limit(const Config& config) {
  const Nanos longest_skew = skew_time(config.version, 0, config.advert_interval);
  return longest_skew + longest_skew / 100 + config.probe_wait + kHandOverSlack;
}

Nanos double_hold_bound(Nanos advert_interval, unsigned losses, unsigned drift_ppm, Nanos late, Nanos delay) {
  const std::int64_t slow = kMillion - static_cast<std::int64_t>(drift_ppm);
  const Nanos between{(advert_interval.count() * kMillion + slow - 1) / slow};
  return (std::int64_t{losses} + 1) * (between + late) + delay;
}

}  // namespace hf::policy::vrrp
