#include "guardian/gateway_watch.h"

#include <gtest/gtest.h>

namespace hf::guardian {
namespace {

using Verdict = GatewayWatch::Verdict;
constexpr TimePoint kStart{5'000'000'000};

class GatewayWatchTest : public testing::Test {
 protected:
  void make_ready() {
    watch_.started(kStart);
    watch_.beat(Beat{}, kStart);
    watch_.ready(true);
  }
  GatewayWatch watch_{1s, 10s};
};

TEST_F(GatewayWatchTest, ServesOnceItIsReady) {
  EXPECT_FALSE(watch_.condition().serving);
  watch_.started(kStart);
  EXPECT_FALSE(watch_.condition().serving);
  EXPECT_EQ(watch_.condition().reason, "it is starting");
  watch_.ready(true);
  EXPECT_TRUE(watch_.condition().serving);
}

TEST_F(GatewayWatchTest, ASilentOneIsStuckAndComesBackWithItsNextBeat) {
  make_ready();
  EXPECT_EQ(watch_.next_look(kStart), Deadline{kStart + 1s});
  EXPECT_EQ(watch_.look(kStart + 999ms), Verdict::kSame);
  EXPECT_FALSE(watch_.stuck());
  EXPECT_EQ(watch_.look(kStart + 1s), Verdict::kBecameStuck);
  EXPECT_TRUE(watch_.stuck());
  EXPECT_EQ(watch_.condition(), (vip::GatewayCondition{false, "it is stuck"}));
  EXPECT_EQ(watch_.look(kStart + 2s), Verdict::kSame);
  watch_.beat(Beat{}, kStart + 3s);
  EXPECT_EQ(watch_.look(kStart + 3s), Verdict::kRecovered);
  EXPECT_FALSE(watch_.stuck());
  EXPECT_TRUE(watch_.condition().serving);
}

TEST_F(GatewayWatchTest, OneThatSaysALoopOfItsIsStalledIsStuckThoughItBeats) {
  make_ready();
  watch_.beat(Beat{1500ms}, kStart + 100ms);
  EXPECT_EQ(watch_.look(kStart + 100ms), Verdict::kBecameStuck);
}

TEST_F(GatewayWatchTest, IsKilledOnceWhenItStaysStuck) {
  make_ready();
  EXPECT_EQ(watch_.look(kStart + 1s), Verdict::kBecameStuck);
  EXPECT_EQ(watch_.look(kStart + 10s), Verdict::kSame);
  EXPECT_EQ(watch_.look(kStart + 11s), Verdict::kKill);
  EXPECT_EQ(watch_.look(kStart + 12s), Verdict::kSame);
  EXPECT_TRUE(watch_.next_look(kStart + 12s).is_never());
}

TEST_F(GatewayWatchTest, OneThatEndedServesNobodyAndIsNotLookedAt) {
  make_ready();
  watch_.ended("killed by signal 9");
  EXPECT_EQ(watch_.condition(), (vip::GatewayCondition{false, "killed by signal 9"}));
  EXPECT_EQ(watch_.look(kStart + 100s), Verdict::kSame);
  EXPECT_TRUE(watch_.next_look(kStart).is_never());
  watch_.started(kStart + 101s);
  EXPECT_FALSE(watch_.was_ready());
  EXPECT_FALSE(watch_.condition().serving);
}

TEST_F(GatewayWatchTest, AStartMayTakeAMinute) {
  watch_.started(kStart);
  EXPECT_EQ(watch_.look(kStart + 59s), Verdict::kSame);
  EXPECT_EQ(watch_.look(kStart + 60s), Verdict::kBecameStuck);
}

TEST_F(GatewayWatchTest, OneThatStopsDoesNotServe) {
  make_ready();
  watch_.ready(false);
  EXPECT_EQ(watch_.condition(),
            (vip::GatewayCondition{.serving = false, .reason = "it is stopping", .in_order = true}));
}

}  // namespace
}  // namespace hf::guardian
