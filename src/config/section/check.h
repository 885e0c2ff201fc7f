// [service.check]: how servers are checked.
//
// Owner: plain values. Thread: any (the function is pure).
#pragma once

#include <cstdint>

#include "base/time.h"
#include "config/file/forward.h"

namespace hf::config::section {

struct Check {
  Nanos interval = 1s;
  Nanos timeout = 1s;
  std::uint32_t rise = 2;
  std::uint32_t fall = 3;
  friend bool operator==(const Check&, const Check&) = default;
};

std::span<const file::Key> keys_of_check();

}  // namespace hf::config::section
