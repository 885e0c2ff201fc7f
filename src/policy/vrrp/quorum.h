// Quorum: whether a node sees enough of the others to be master: a peer that is heard, or arbiters that answer.
//
// Owner: nobody (functions of values). Thread: any (pure).
// Invariants:
//   1. As long as the nodes hear each other they need no third: an arbiter out of reach counts only while no peer is
//      heard.
//   2. Who may not hold the addresses may not take them.
#pragma once

#include <cstdint>
#include <optional>

#include "base/time.h"

namespace hf::policy::vrrp {

/// What an arbiter is asked by: something outside of the nodes that a node must reach to become or stay master.
enum class ArbiterKind : std::uint8_t { kArp, kIcmp, kTcp, kUdp };

/// Whom a node reaches.
struct Contacts {
  std::uint32_t arbiters_needed = 0;   // 0: there are none
  std::uint32_t arbiters_reached = 0;  // lost after several questions in a row without an answer
  std::uint32_t answered_lately = 0;   // arbiters that have answered the latest question or the one before in time
  bool peer_alive = false;
};

/// How often a node that is not master says that it lives. (A master's adverts say so.)
Nanos alive_interval(Nanos advert_interval);
/// Whether the peer lives that was last heard at `heard` on a heartbeat path; nullopt: never.
bool peer_alive(std::optional<TimePoint> heard, Nanos advert_interval, TimePoint now);

/// Whether this node may be master, as far as it is not cut off.
bool may_hold(const Contacts& contacts);
/// Whether it may become it at this moment: the questions after which an arbiter is lost take longer than a master's
/// silence.
bool may_take(const Contacts& contacts);

}  // namespace hf::policy::vrrp
