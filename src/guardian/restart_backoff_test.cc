#include "guardian/restart_backoff.h"

#include <gtest/gtest.h>

#include <vector>

namespace hf::guardian {
namespace {

/// The delays of `ends` lives that last `life` each.
std::vector<Nanos> delays(RestartBackoff& backoff, TimePoint& now, int ends, Nanos life) {
  std::vector<Nanos> all;
  for (int i = 0; i < ends; ++i) {
    backoff.started(now);
    now = now + life;
    all.push_back(backoff.next_delay(now));
    now = now + all.back();
  }
  return all;
}

TEST(RestartBackoff, StartsAtOnceFirstAndThenEverMoreRarelyUpToALimit) {
  RestartBackoff backoff;
  TimePoint now{1'000};
  EXPECT_EQ(delays(backoff, now, 10, 1s),
            (std::vector<Nanos>{0ms, 100ms, 200ms, 400ms, 800ms, 1600ms, 3200ms, 6400ms, 10s, 10s}));
  EXPECT_EQ(backoff.failures(), 10u);
}

TEST(RestartBackoff, BeginsAnewAfterAGoodLife) {
  RestartBackoff backoff;
  TimePoint now{0};
  delays(backoff, now, 5, 1s);
  EXPECT_EQ(delays(backoff, now, 1, 60s - 1ns), std::vector<Nanos>{1600ms});
  EXPECT_EQ(delays(backoff, now, 3, 60s), (std::vector<Nanos>{0ms, 0ms, 0ms}));
  EXPECT_EQ(backoff.failures(), 1u);
  EXPECT_EQ(delays(backoff, now, 2, 1s), (std::vector<Nanos>{100ms, 200ms}));
}

TEST(RestartBackoff, AStartThatFailedIsNoLife) {
  RestartBackoff backoff;
  backoff.started(TimePoint{0});
  EXPECT_EQ(backoff.next_delay(TimePoint{1}), Nanos(0));
  const TimePoint much_later{Nanos(10min).count()};
  EXPECT_EQ(backoff.next_delay(much_later), Nanos(100ms));
  EXPECT_EQ(backoff.next_delay(much_later + 10min), Nanos(200ms));
}

}  // namespace
}  // namespace hf::guardian
