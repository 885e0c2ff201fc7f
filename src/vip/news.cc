#include "vip/news.h"

#include <concepts>
#include <utility>

#include "vip/events.h"

namespace hf::vip {

namespace {

template <EventStruct E>
E transition_event(const RouterTransition& news) {
  return {.vip = news.router,
          .router_id = news.router_id,
          .interface = news.interface,
          .from = policy::vrrp::to_string(news.transition.from),
          .reason = news.transition.reason,
          .priority = news.priority,
          .master = news.master};
}

Event by_mode(const RouterTransition& news) {
  using enum policy::vrrp::Mode;
  switch (news.transition.to) {
    case kMaster: return transition_event<events::VipMaster>(news);
    case kBackup: return transition_event<events::VipBackup>(news);
    case kFault:
      return news.in_order ? Event(transition_event<events::VipSetAside>(news))
                           : Event(transition_event<events::VipFault>(news));
    case kInitialize: break;
  }
  return transition_event<events::VipStopped>(news);
}

Event at(std::int64_t wall_micros, Event event) {
  event.wall_micros = wall_micros;
  return event;
}

}  // namespace

Event event_of(const RouterTransition& news) { return at(news.transition.wall_micros, by_mode(news)); }

Event event_of(const AddressConflict& news) {
  return at(news.wall_micros,
            events::VipAddressConflict{
                .vip = news.router, .address = news.address.to_string(), .mac = proto::arp::to_string(news.mac)});
}

Event event_of(const DuplicateMaster& news) {
  return at(news.wall_micros, events::VipDuplicateMaster{.vip = news.router, .peer = news.peer.to_string()});
}

Event event_of(News news) {
  return std::visit(
      []<class T>(T&& each) -> Event {
        if constexpr (std::same_as<T, Event>) {
          return std::move(each);
        } else {
          return event_of(each);
        }
      },
      std::move(news));
}

}  // namespace hf::vip
