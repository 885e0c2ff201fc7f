// RestartBackoff: how long to wait before a child that ended is started again. The first time not at all: most ends are
// accidents. One that keeps ending is started ever more rarely, until it has lived well for a while.
//
// Owner: the guardian, one per child. Thread: any (a plain value, no clock).
// Invariants:
//   1. Delays are 0, kFirstDelay, then doubled each time up to kLongestDelay.
//   2. A life of kGoodLife or longer puts everything back to the beginning. A start that failed is a life of no length.
#pragma once

#include <optional>

#include "base/time.h"

namespace hf::guardian {

class RestartBackoff {
 public:
  static constexpr Nanos kFirstDelay = 100ms;
  static constexpr Nanos kLongestDelay = 10s;
  static constexpr Nanos kGoodLife = 60s;

  /// The child runs since `now`.
  void started(TimePoint now) { alive_since_ = now; }
  /// The child ended at `now`, or could not be started. After which time to start it.
  Nanos next_delay(TimePoint now);

  /// Ends since the last good life, with the latest.
  unsigned failures() const { return failures_; }

 private:
  std::optional<TimePoint> alive_since_;
  unsigned failures_ = 0;
  Nanos next_{0};
};

}  // namespace hf::guardian
