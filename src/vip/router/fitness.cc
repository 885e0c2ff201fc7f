#include "vip/router/fitness.h"

#include <algorithm>
#include <utility>

namespace hf::vip::router {

namespace {

constexpr std::size_t kLongestReason = 512;  // of the gateway's: sixteen transitions must fit into a report

std::string source_of(const InterfaceTrack& track) { return "interface " + track.interface; }

}  // namespace

Fitness::Fitness(const RouterSettings& settings, GatewayCondition gateway)
    : settings_(settings), gateway_(std::move(gateway)) {
  set_gateway(gateway_);
}

bool Fitness::set_gateway(GatewayCondition condition) {
  const bool was_serving = std::exchange(gateway_, std::move(condition)).serving;
  const bool changed =
      gateway_.serving ? account_.clear("gateway") : account_.set("gateway", settings_.gateway_weight, gateway_.reason);
  return changed || was_serving != gateway_.serving;
}

bool Fitness::set_verdict(const Verdict& verdict) {
  const std::string_view reason = std::string_view(verdict.reason).substr(0, kLongestReason);
  const bool points = account_.set("track", Weight{false, verdict.points}, reason);
  const bool release =
      verdict.release ? account_.set("track release", Weight{true, 0}, reason) : account_.clear("track release");
  return points || release;
}

bool Fitness::weigh_interface(const InterfaceTrack& track, const proto::netlink::Link* link) {
  const std::string_view why = proto::netlink::why_it_cannot_carry(link);
  return why.empty() ? account_.clear(source_of(track)) : account_.set(source_of(track), track.weight, why);
}

bool Fitness::weigh_contacts(const policy::vrrp::Contacts& contacts) {
  has_contacts_ = policy::vrrp::may_hold(contacts);
  return has_contacts_ ? account_.clear("arbiters")
                       : account_.set("arbiters", Weight{}, "too few of them answer, and no peer is heard");
}

bool Fitness::cut_off() { return account_.set("arbiters", Weight{}, "none answered lately, and no peer is heard"); }

bool Fitness::kernel_refused(std::string_view reason) { return account_.set("kernel", Weight{}, reason); }

bool Fitness::settings_changed(const RouterSettings& before) {
  bool changed = set_gateway(gateway_);
  for (const InterfaceTrack& old : before.interfaces) {
    const auto same = [&](const InterfaceTrack& track) { return track.interface == old.interface; };
    if (std::none_of(settings_.interfaces.begin(), settings_.interfaces.end(), same)) {
      changed = account_.clear(source_of(old)) || changed;
    }
  }
  return changed;
}

}  // namespace hf::vip::router
