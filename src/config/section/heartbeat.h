// [[vip.heartbeat]]: further ways on which the nodes hear each other.
//
// Owner: plain values. Thread: any (the functions are pure).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "config/file/address.h"
#include "config/file/forward.h"

namespace hf::config::section {

/// A further way on which the nodes hear each other.
struct HeartbeatPath {
  std::string interface;
  std::uint16_t port = 694;
  std::vector<IpAddress> peers;
  friend bool operator==(const HeartbeatPath&, const HeartbeatPath&) = default;
};

std::span<const file::Key> keys_of_heartbeat();

/// `place` is the VIP's: "vip[0]".
void check_heartbeats(const std::vector<HeartbeatPath>& paths, const std::string& place, file::ReadResult& result);

}  // namespace hf::config::section
