// VipChange: one transition of a virtual address, in the forms in which others are told of it. Pure.
//
// Owner: plain values. Thread: any.
// Invariants:
//   1. Whatever bytes the values hold: the JSON is one line of at most kLongestLine bytes, valid UTF-8; words and
//      variables for scripts hold no control byte.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "vip/news.h"
#include "vip/script_port.h"

namespace hf::notify {

struct VipChange {
  std::string vip{};
  std::string state{};     // "MASTER", "BACKUP", "FAULT", "STOP"; "CONFLICT" is no state but told as one
  std::string previous{};  // the same, or "" at the start
  std::string reason{};
  std::uint8_t priority = 0;
  std::string node{};
  std::vector<std::string> addresses{};
  std::int64_t wall_micros = 0;
  std::uint64_t sequence = 0;  // rises with each change of this life of the gateway

  friend bool operator==(const VipChange&, const VipChange&) = default;
};

/// What the news alone says: node, addresses and sequence are left to whoever tells it. A conflict is not a transition,
/// but whoever is told of those wants to know: two stations answer for one address.
VipChange change_of(const vip::RouterTransition& news);
VipChange change_of(const vip::AddressConflict& news);
VipChange change_of(const vip::DuplicateMaster& news);

/// {"time":"...","node":"...","vip":"...","state":"MASTER",...} and a newline.
std::string json_line(const VipChange& change);

/// As keepalived's notify scripts: "INSTANCE", name, state, priority; and the same as HOLDFAST_ variables.
vip::ScriptCall script_call(const std::string& script, const VipChange& change);

}  // namespace hf::notify
