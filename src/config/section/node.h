// [node]: this machine.
//
// Owner: plain values. Thread: any (the functions are pure).
#pragma once

#include <cstdint>
#include <string>

#include "base/time.h"
#include "config/file/forward.h"

namespace hf::config::section {

struct Node {
  std::string name;
  std::uint32_t shards = 0;  // resolved: at least 1
  std::string state_dir;
  std::string user = "holdfast";         // whom the gateway becomes when it is started as root with VIPs
  Nanos gateway_silence = 1s;            // the gateway counts as stuck when it was not heard for so long
  Nanos gateway_kill = 10s;              // and is killed when it was stuck for so long
  std::uint32_t realtime_priority = 20;  // of the guardian, SCHED_RR 1 to 50; 0: none
  friend bool operator==(const Node&, const Node&) = default;
};

std::span<const file::Key> keys_of_node();

/// The defaults that depend on the machine; `name` is what chose among values keyed by node name.
void fill_in(Node& node, const file::LoadContext& context, const std::string& name);

void check_node(const Node& node, file::ReadResult& result);

}  // namespace hf::config::section
