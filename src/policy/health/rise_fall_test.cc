#include "policy/health/rise_fall.h"

#include <gtest/gtest.h>

#include "base/random.h"

namespace hf::policy::health {
namespace {

constexpr auto kSuccess = CheckOutcome::kSuccess;
constexpr auto kFailure = CheckOutcome::kFailure;

TEST(RiseFall, TheFirstResultDecidesAtOnce) {
  RiseFall good(2, 3);
  EXPECT_EQ(good.health(), Health::kUnknown);
  EXPECT_TRUE(good.step(kSuccess).changed);
  EXPECT_EQ(good.health(), Health::kUp);
  RiseFall bad(2, 3);
  EXPECT_TRUE(bad.step(kFailure).changed);
  EXPECT_EQ(bad.health(), Health::kDown);
}

TEST(RiseFall, FallFailuresInARowTakeDownAndRiseSuccessesBringBack) {
  RiseFall health(2, 3);
  health.step(kSuccess);
  EXPECT_TRUE(health.step(kFailure).probe_soon);
  EXPECT_TRUE(health.suspected());
  health.step(kFailure);
  EXPECT_EQ(health.health(), Health::kUp);
  EXPECT_TRUE(health.step(kFailure).changed);
  EXPECT_EQ(health.health(), Health::kDown);
  EXPECT_FALSE(health.suspected());
  const RiseFall::Step first = health.step(kSuccess);
  EXPECT_FALSE(first.changed);
  EXPECT_TRUE(first.probe_soon);
  EXPECT_TRUE(health.step(kSuccess).changed);
  EXPECT_EQ(health.health(), Health::kUp);
}

TEST(RiseFall, ASuccessForgetsTheFailuresBeforeIt) {
  RiseFall health(2, 3);
  health.step(kSuccess);
  for (int i = 0; i < 10; ++i) {
    health.step(kFailure);
    health.step(kFailure);
    health.step(kSuccess);
    ASSERT_EQ(health.health(), Health::kUp);
    ASSERT_FALSE(health.suspected());
  }
}

TEST(RiseFall, AFailureWhileRisingStartsTheRiseAgain) {
  RiseFall health(3, 1);
  health.step(kFailure);
  health.step(kSuccess);
  health.step(kSuccess);
  health.step(kFailure);
  health.step(kSuccess);
  health.step(kSuccess);
  EXPECT_EQ(health.health(), Health::kDown);
  health.step(kSuccess);
  EXPECT_EQ(health.health(), Health::kUp);
}

TEST(RiseFall, ImmediateEvidenceDoesNotWait) {
  RiseFall health(5, 5);
  health.step(kSuccess);
  EXPECT_TRUE(health.step(kFailure, Evidence::kImmediate).changed);
  EXPECT_EQ(health.health(), Health::kDown);
  EXPECT_TRUE(health.step(kSuccess, Evidence::kImmediate).changed);
  EXPECT_EQ(health.health(), Health::kUp);
}

TEST(RiseFall, ABurstOfLiveFailuresCountsOnceAndAsksForAProbe) {
  RiseFall health(2, 3);
  health.step(kSuccess);
  EXPECT_TRUE(health.live_failure().probe_soon);
  for (int i = 0; i < 100; ++i) EXPECT_FALSE(health.live_failure().probe_soon);
  EXPECT_EQ(health.failures(), 1U);
  EXPECT_EQ(health.health(), Health::kUp);
  health.step(kFailure);
  EXPECT_TRUE(health.live_failure().changed) << "1 live + 1 check + 1 live = fall";
  EXPECT_EQ(health.health(), Health::kDown);
}

TEST(RiseFall, LiveFailuresSayNothingNewAboutADownServer) {
  RiseFall health(2, 1);
  health.step(kFailure);
  health.step(kSuccess);
  EXPECT_FALSE(health.live_failure().changed);
  EXPECT_EQ(health.successes(), 1U);
}

TEST(RiseFall, ChangesOnlyAfterAFullRunOfResultsWhateverTheOrder) {
  Random random(7);
  RiseFall health(3, 4);
  health.step(kSuccess);
  int run = 0;
  CheckOutcome last = kSuccess;
  for (int i = 0; i < 20000; ++i) {
    const CheckOutcome outcome = random.below(2) == 0 ? kSuccess : kFailure;
    run = outcome == last ? run + 1 : 1;
    last = outcome;
    const Health before = health.health();
    const bool changed = health.step(outcome).changed;
    ASSERT_EQ(changed, before != health.health());
    if (changed) { ASSERT_GE(run, outcome == kSuccess ? 3 : 4); }
  }
}

}  // namespace
}  // namespace hf::policy::health
