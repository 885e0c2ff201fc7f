// HeartbeatPath: a further way on which the nodes hear each other: UDP, authenticated when a key is set.
//
// Owner: plain values, of the configuration and of whoever opens it. Thread: any.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/ip_address.h"

namespace hf::policy::vrrp {

struct HeartbeatPath {
  std::string interface{};
  std::uint16_t port = 694;
  std::vector<IpAddress> peers{};  // the other nodes on this way, at the same port

  friend bool operator==(const HeartbeatPath&, const HeartbeatPath&) = default;
};

}  // namespace hf::policy::vrrp
