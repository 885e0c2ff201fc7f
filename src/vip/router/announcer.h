// Announcer: what one virtual router says: adverts and signs of life to the other nodes, announcements of its addresses
// to everybody, and the question whether somebody else has them.
//
// Owner: a VirtualRouter. Thread: that of its loop.
// Invariants:
//   1. Addresses are announced while they are held, and not after fall_silent().
//   2. A send that fails is counted (PeerLog) or repeated; nothing here waits.
#pragma once

#include <cstdint>

#include "runtime/call_timer.h"
#include "runtime/event_loop.h"
#include "vip/router/address_holder.h"
#include "vip/router/router_sockets.h"
#include "vip/settings.h"

namespace hf::vip::router {

class Announcer {
 public:
  /// `settings` are the router's present ones; all of it outlives the Announcer.
  Announcer(runtime::EventLoop& loop, const RouterSettings& settings, const AddressHolder& holder,
            RouterSockets& sockets);
  Announcer(const Announcer&) = delete;
  Announcer& operator=(const Announcer&) = delete;

  /// As the master, or as one that releases (priority 0): on every path.
  void advertise(std::uint8_t priority);
  /// As any other, on the heartbeat paths. (A master's adverts say that it lives.)
  void say_alive(std::uint8_t priority);

  /// Gratuitous ARP and unsolicited neighbour advertisements, `repeats` times.
  void announce(std::uint8_t repeats);
  void fall_silent();

  /// Every 5 s asks who else answers for the addresses: a station that has one but sends nothing by itself, as a dead
  /// node's kernel, is only heard when it is asked. Answers come as claims.
  void watch_for_conflicts();
  void stop_watching() { conflict_timer_.disarm(); }

 private:
  void send_heartbeats(std::uint8_t priority, bool master);
  void announce_once();

  runtime::EventLoop& loop_;
  const RouterSettings& settings_;
  const AddressHolder& holder_;
  RouterSockets& sockets_;
  unsigned announcements_left_ = 0;
  runtime::CallTimer announce_timer_;
  runtime::CallTimer conflict_timer_;
};

}  // namespace hf::vip::router
