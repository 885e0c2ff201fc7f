#include "vip/track/service_track.h"

namespace hf::vip::track {
namespace {

std::string count_of(std::uint32_t have, std::string_view what, std::uint32_t need) {
  return std::to_string(have) + " " + std::string(what) + ", " + std::to_string(need) + " needed";
}

TrackResult result(bool good, std::string text, const ServiceFact& fact) {
  if (!good && !fact.reason.empty()) text += ": " + fact.reason;
  return TrackResult{.known = true, .bad = !good, .factor = 1, .reason = std::move(text)};
}

}  // namespace

TrackResult judge(const config::Track& track, const std::optional<ServiceFact>& fact) {
  if (!fact.has_value()) return TrackResult{.known = false, .reason = "not looked at yet"};
  switch (track.needs) {
    case config::ServiceNeeds::kPrimary:
      return result(fact->primary_writable,
                    fact->primary_writable ? "there is a writable primary" : "no writable primary", *fact);
    case config::ServiceNeeds::kReaders:
      return result(fact->readers >= track.at_least, count_of(fact->readers, "servers for reads", track.at_least),
                    *fact);
    case config::ServiceNeeds::kAny: break;
  }
  return result(fact->usable >= track.at_least, count_of(fact->usable, "usable servers", track.at_least), *fact);
}

}  // namespace hf::vip::track
