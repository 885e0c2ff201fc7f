// News: what the guardian has to tell of its virtual routers. Most of it is an event and nothing else; what others than
// the log are told of, too, has a type of its own, from which the event and the notice are made (notify/vip_change.h).
//
// Owner: plain values, on the link from the guardian to the gateway. Thread: any (the functions are pure).
// Invariants:
//   1. `wall_micros` is when it happened, in microseconds since 1970 UTC; its event and its notice have the same.
#pragma once

#include <cstdint>
#include <string>
#include <variant>

#include "base/event.h"
#include "base/ip_address.h"
#include "policy/vrrp/action.h"
#include "proto/arp/ethernet.h"

namespace hf::vip {

/// A change of a virtual router's mode.
struct Transition {
  std::int64_t wall_micros = 0;
  policy::vrrp::Mode from = policy::vrrp::Mode::kInitialize;
  policy::vrrp::Mode to = policy::vrrp::Mode::kInitialize;
  std::string reason{};
  friend bool operator==(const Transition&, const Transition&) = default;
};

/// The same, with whose it is and how things stand after it.
struct RouterTransition {
  std::string router{};  // the VIP's name
  std::uint8_t router_id = 0;
  std::string interface{};
  Transition transition{};
  std::uint8_t priority = 0;  // effective
  std::string master{};       // "198.18.0.2"; "" unknown
  bool in_order = false;      // it was asked for, or belongs to a start
  friend bool operator==(const RouterTransition&, const RouterTransition&) = default;
};

/// Another station answers for a virtual address.
struct AddressConflict {
  std::int64_t wall_micros = 0;
  std::string router{};
  IpAddress address{};
  proto::arp::MacAddress mac{};
  friend bool operator==(const AddressConflict&, const AddressConflict&) = default;
};

/// Another node advertises while this one is master.
struct DuplicateMaster {
  std::int64_t wall_micros = 0;
  std::string router{};
  IpAddress peer{};
  friend bool operator==(const DuplicateMaster&, const DuplicateMaster&) = default;
};

using News = std::variant<Event, RouterTransition, AddressConflict, DuplicateMaster>;

Event event_of(const RouterTransition& news);
Event event_of(const AddressConflict& news);
Event event_of(const DuplicateMaster& news);
Event event_of(News news);

}  // namespace hf::vip
