// The time of day, for people: stamps of events and reports. Never for deadlines.
#pragma once

#include <chrono>
#include <cstdint>

#include "base/time.h"

namespace hf::runtime {

/// Microseconds since 1970 UTC.
inline std::int64_t wall_micros() {
  return std::chrono::duration_cast<Micros>(std::chrono::system_clock::now().time_since_epoch()).count();
}

}  // namespace hf::runtime
