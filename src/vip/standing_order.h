// StandingOrder: what an operator ordered of a virtual address and has not resumed.
//
// Owner: plain values; the guardian keeps them, app/order_file.h keeps them over its end. Thread: any.
#pragma once

#include <string>

#include "policy/vrrp/input.h"

namespace hf::vip {

struct StandingOrder {
  std::string vip{};
  policy::vrrp::OperatorCommand command = policy::vrrp::OperatorCommand::kRelease;  // never kResume
  friend bool operator==(const StandingOrder&, const StandingOrder&) = default;
};

}  // namespace hf::vip
