#include "policy/vrrp/quorum.h"

#include <algorithm>

namespace hf::policy::vrrp {
namespace {

constexpr Nanos kShortestAlive = 100ms;  // whatever the interval of adverts
constexpr unsigned kAliveIntervals = 3;  // a peer lives that was heard within so many intervals

}  // namespace

Nanos alive_interval(Nanos advert_interval) { return std::max(advert_interval, kShortestAlive); }

bool peer_alive(std::optional<TimePoint> heard, Nanos advert_interval, TimePoint now) {
  return heard && now - *heard < kAliveIntervals * alive_interval(advert_interval);
}

bool may_hold(const Contacts& contacts) {
  return contacts.peer_alive || contacts.arbiters_reached >= contacts.arbiters_needed;
}

bool may_take(const Contacts& contacts) {
  return may_hold(contacts) && (contacts.peer_alive || contacts.answered_lately >= contacts.arbiters_needed);
}

}  // namespace hf::policy::vrrp
