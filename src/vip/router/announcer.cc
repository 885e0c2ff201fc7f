#include "vip/router/announcer.h"

#include <algorithm>
#include <chrono>

namespace hf::vip::router {

namespace machine = policy::vrrp;

namespace {

constexpr Nanos kAnnounceGap = 10ms;  // between the repeats of one announcement
constexpr Nanos kConflictProbe = 5s;

}  // namespace

Announcer::Announcer(runtime::EventLoop& loop, const RouterSettings& settings, const AddressHolder& holder,
                     RouterSockets& sockets)
    : loop_(loop),
      settings_(settings),
      holder_(holder),
      sockets_(sockets),
      announce_timer_([this] { announce_once(); }),
      conflict_timer_([this] {
        sockets_.probe();
        watch_for_conflicts();
      }) {}

void Announcer::advertise(std::uint8_t priority) {
  proto::vrrp::Advertisement advertisement;
  advertisement.version = settings_.machine.version == machine::ProtocolVersion::kV2 ? proto::vrrp::Version::kV2
                                                                                     : proto::vrrp::Version::kV3;
  advertisement.vrid = settings_.router_id;
  advertisement.priority = priority;
  advertisement.interval = std::chrono::duration_cast<proto::vrrp::Centis>(settings_.machine.advert_interval);
  advertisement.auth = settings_.auth;
  for (const VirtualAddress& address : settings_.addresses) advertisement.addresses.push_back(address.address);
  sockets_.send(advertisement);
  send_heartbeats(priority, true);
}

void Announcer::say_alive(std::uint8_t priority) { send_heartbeats(std::max<std::uint8_t>(1, priority), false); }

void Announcer::send_heartbeats(std::uint8_t priority, bool master) {
  if (!sockets_.has_heartbeats()) return;
  proto::heartbeat::Heartbeat heartbeat;
  heartbeat.router_id = settings_.router_id;
  heartbeat.priority = priority;
  heartbeat.master = master;
  heartbeat.interval = settings_.machine.advert_interval;
  heartbeat.source = sockets_.own_address();
  for (const VirtualAddress& address : settings_.addresses) heartbeat.addresses.push_back(address.address);
  sockets_.send(heartbeat);
}

void Announcer::announce(std::uint8_t repeats) {
  announcements_left_ = repeats;
  announce_once();
}

void Announcer::announce_once() {
  if (announcements_left_ == 0 || !holder_.holding()) return;
  --announcements_left_;
  sockets_.announce();
  if (announcements_left_ > 0) loop_.arm(announce_timer_, loop_.now() + kAnnounceGap);
}

void Announcer::fall_silent() {
  announce_timer_.disarm();
  announcements_left_ = 0;
}

void Announcer::watch_for_conflicts() { loop_.arm(conflict_timer_, loop_.now() + kConflictProbe); }

}  // namespace hf::vip::router
