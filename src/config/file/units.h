// Durations and sizes as they are written in the file: a whole number and its unit, "100ms", "64KiB".
//
// Thread: any (pure functions).
// Invariants:
//   1. A bare number is never taken: nobody should have to guess a unit.
//   2. parse_duration(format_duration(d)) == d for every d >= 0; the same for sizes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"

namespace hf::config::file {

/// Units ns, us, ms, s, m, h, d. kInvalidArgument with the reason in words.
Result<Nanos> parse_duration(std::string_view text);
std::string format_duration(Nanos duration);

/// Units B, KiB, MiB, GiB (powers of 1024). kInvalidArgument with the reason in words.
Result<std::uint64_t> parse_size(std::string_view text);
std::string format_size(std::uint64_t bytes);

}  // namespace hf::config::file
