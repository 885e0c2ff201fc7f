// RouterReport: a virtual router as it is shown: its mode and why, its priority and what it is composed of, what it
// hears.
//
// Owner: plain values; a VirtualRouter makes one, the admin interface shows it. Thread: any.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "policy/vrrp/action.h"
#include "vip/news.h"

namespace hf::vip {

using policy::vrrp::Mode;

/// Something that the priority is composed of, or that forbids being master.
struct Contribution {
  std::string source{};  // "gateway", "interface eth2", "arbiters", "track"
  std::int32_t points = 0;
  bool release = false;
  std::string reason{};
  friend bool operator==(const Contribution&, const Contribution&) = default;
};
struct PathReport {
  std::string path{};          // "eth1", "heartbeat eth2"
  std::int64_t heard_ms = -1;  // since the last message of a peer; -1: never
  std::uint64_t sent = 0;
  std::uint64_t received = 0;
  std::uint64_t send_failures = 0;
  std::string problem{};  // why nothing can be said on it now; "": nothing is known to be wrong
  friend bool operator==(const PathReport&, const PathReport&) = default;
};
struct ArbiterReport {
  std::string target{};  // "arp 198.18.0.1", "tcp 198.18.0.9:22"
  bool reached = false;
  friend bool operator==(const ArbiterReport&, const ArbiterReport&) = default;
};
struct RefusedCount {
  std::string reason{};  // proto::vrrp::to_string(Refusal), or "interval", "addresses"
  std::uint64_t count = 0;
  friend bool operator==(const RefusedCount&, const RefusedCount&) = default;
};
struct RouterReport {
  std::string name{};
  std::string interface{};
  std::uint8_t router_id = 0;
  std::uint8_t version = 3;
  std::vector<std::string> addresses{};  // "198.18.0.100/24"
  Mode mode = Mode::kInitialize;
  bool holding = false;                // the addresses are on the interface
  std::int64_t since_wall_micros = 0;  // of the mode
  std::string reason{};                // of the mode
  std::string master{};                // "198.18.0.2"; own address when we are; "" unknown
  std::uint8_t master_priority = 0;
  std::string own_address{};
  std::uint8_t base_priority = 0;
  std::uint8_t priority = 0;   // effective
  bool preferred = false;      // by the operator
  std::int64_t damped_ms = 0;  // for so long it preempts nobody
  std::string sync_group{};
  std::vector<Contribution> contributions{};
  std::vector<Transition> transitions{};  // the latest 16, oldest first
  std::vector<PathReport> paths{};
  std::vector<ArbiterReport> arbiters{};
  std::vector<RefusedCount> refused{};
  std::uint64_t transitions_total = 0;
  std::uint64_t became_master_total = 0;
  std::uint64_t conflicts_total = 0;
  friend bool operator==(const RouterReport&, const RouterReport&) = default;
};

}  // namespace hf::vip
