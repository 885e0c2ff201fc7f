// HeldSessions: the MySQL sessions that are pinned or have a server connection, for people; the most telling ones, and
// how many there are.
//
// Owner: whoever asked. Thread: any (plain values).
// Invariants:
//   1. `shown` is in order: pinned ones first, then those that cannot leave their connection, then the others, each
//      longest first.
//   2. No literal of a statement: `shape` has them replaced.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "policy/session/hold_reason.h"

namespace hf::service {

/// How hard it is for a session to leave its connection.
enum class Grip : std::uint8_t {
  kPinned,
  kTied,  // until something that the client does
  kSoft,  // for convenience: given back when somebody waits
  kRunning
};

struct HeldSession {
  std::string service;
  std::uint32_t id = 0;  // as the client was greeted with: what KILL takes
  std::string account;   // "app@%"
  std::string client;    // "198.18.0.7:52114"
  std::string server;    // empty: between two connections at this moment
  Grip grip = Grip::kRunning;
  policy::session::HoldReason reason;
  bool running = false;                // a statement runs at this moment
  std::string shape;                   // of the statement that pinned it; empty: not pinned
  std::int64_t since_wall_micros = 0;  // of the pin, else of its having this connection
};

/// Whether `a` is shown before `b`.
inline bool comes_before(const HeldSession& a, const HeldSession& b) {
  return a.grip != b.grip ? a.grip < b.grip : a.since_wall_micros < b.since_wall_micros;
}

struct HeldSessions {
  std::vector<HeldSession> shown;
  std::uint64_t total = 0;

  /// Another shard's; at most `most` of both stay shown.
  void take(HeldSessions others, std::size_t most);
};

}  // namespace hf::service
