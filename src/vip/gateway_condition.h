// GatewayCondition: what virtual routers care about the process that serves clients.
//
// Owner: plain values. Thread: any.
#pragma once

#include <string>

namespace hf::vip {

struct GatewayCondition {
  bool serving = false;   // it is alive and its listeners are open
  std::string reason{};   // why not
  bool in_order = false;  // it starts, or stops as it was told to

  friend bool operator==(const GatewayCondition&, const GatewayCondition&) = default;
};

}  // namespace hf::vip
