#include "vip/router/priority_account.h"

#include <algorithm>

namespace hf::vip::router {

namespace {

constexpr int kMostPoints = 254;

}  // namespace

bool PriorityAccount::set(std::string_view source, Weight weight, std::string_view reason) {
  if (!weight.release && weight.points == 0) return clear(source);
  const Contribution wanted{std::string(source), weight.release ? 0 : weight.points, weight.release,
                            std::string(reason)};
  const auto it =
      std::find_if(entries_.begin(), entries_.end(), [&](const Contribution& each) { return each.source == source; });
  if (it == entries_.end()) {
    entries_.push_back(wanted);
    return true;
  }
  if (*it == wanted) return false;
  *it = wanted;
  return true;
}

bool PriorityAccount::clear(std::string_view source) {
  return std::erase_if(entries_, [&](const Contribution& each) { return each.source == source; }) > 0;
}

int PriorityAccount::points() const {
  int sum = 0;
  for (const Contribution& each : entries_) sum = std::clamp(sum + each.points, -kMostPoints, kMostPoints);
  return sum;
}

bool PriorityAccount::release() const {
  return std::any_of(entries_.begin(), entries_.end(), [](const Contribution& each) { return each.release; });
}

std::string PriorityAccount::release_reason() const {
  for (const Contribution& each : entries_) {
    if (each.release) return each.source + ": " + each.reason;
  }
  return {};
}

}  // namespace hf::vip::router
