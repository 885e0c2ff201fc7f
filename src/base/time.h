// Time as types. The clock itself is in runtime/: pure code is handed a TimePoint.
#pragma once

#include <chrono>
#include <compare>
#include <cstdint>
#include <limits>

namespace hf {

using Nanos = std::chrono::nanoseconds;
using Micros = std::chrono::microseconds;
using Millis = std::chrono::milliseconds;
using Seconds = std::chrono::seconds;
using namespace std::chrono_literals;  // NOLINT(google-build-using-namespace): 10ms reads better than Millis(10)

/// A point on the monotonic clock (CLOCK_MONOTONIC), or on a simulated one.
struct TimePoint {
  std::int64_t nanos = 0;

  friend auto operator<=>(const TimePoint&, const TimePoint&) = default;
  friend TimePoint operator+(TimePoint t, Nanos d) { return TimePoint{t.nanos + d.count()}; }
  friend TimePoint operator-(TimePoint t, Nanos d) { return TimePoint{t.nanos - d.count()}; }
  friend Nanos operator-(TimePoint a, TimePoint b) { return Nanos{a.nanos - b.nanos}; }
};

/// An absolute point in time by which something must be over. Handed down unchanged, so nested waits never add up.
struct Deadline {
  TimePoint at{std::numeric_limits<std::int64_t>::max()};

  static Deadline never() { return Deadline{}; }
  static Deadline after(TimePoint now, Nanos d) { return Deadline{now + d}; }
  bool is_never() const { return at.nanos == std::numeric_limits<std::int64_t>::max(); }
  bool passed(TimePoint now) const { return at <= now; }
  Deadline earlier(Deadline other) const { return Deadline{at < other.at ? at : other.at}; }
  friend auto operator<=>(const Deadline&, const Deadline&) = default;
};

}  // namespace hf
