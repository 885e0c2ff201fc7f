// [[vip.heartbeat]]: further ways on which the nodes hear each other.
//
// Owner: plain values. Thread: any (the functions are pure).
#pragma once

#include <string>
#include <vector>

#include "config/file/forward.h"
#include "policy/vrrp/heartbeat_path.h"

namespace hf::config::section {

using policy::vrrp::HeartbeatPath;

std::span<const file::Key> keys_of_heartbeat();

/// `place` is the VIP's: "vip[0]".
void check_heartbeats(const std::vector<HeartbeatPath>& paths, const std::string& place, file::ReadResult& result);

}  // namespace hf::config::section
