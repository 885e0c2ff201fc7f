#include "vip/router/router_history.h"

#include <gtest/gtest.h>

namespace hf::vip::router {
namespace {

constexpr IpAddress kPeer = IpAddress::v4(198, 18, 0, 2);
constexpr IpAddress kOther = IpAddress::v4(198, 18, 0, 3);
constexpr TimePoint kNow{1'000'000'000};

RouterReport report_of(const RouterHistory& history) {
  RouterReport report;
  history.add_to(report);
  return report;
}

TEST(RouterHistory, CountsAllTransitionsAndKeepsTheLatest) {
  RouterHistory history(7);
  EXPECT_EQ(report_of(history).since_wall_micros, 7);
  for (int i = 1; i <= 20; ++i) {
    history.moved({100 + i, Mode::kBackup, i % 2 == 0 ? Mode::kMaster : Mode::kBackup, "number " + std::to_string(i)});
  }
  const RouterReport report = report_of(history);
  EXPECT_EQ(report.transitions.size(), RouterHistory::kKeptTransitions);
  EXPECT_EQ(report.transitions.front().reason, "number 5");
  EXPECT_EQ(report.reason, "number 20");
  EXPECT_EQ(report.since_wall_micros, 120);
  EXPECT_EQ(report.transitions_total, 20u);
  EXPECT_EQ(report.became_master_total, 10u);
}

TEST(RouterHistory, AMasterIsAliveUntilItsTimeIsOver) {
  RouterHistory history(0);
  EXPECT_FALSE(history.live_master(kNow));
  history.heard(kPeer, 120, kNow + 3s);
  ASSERT_TRUE(history.live_master(kNow + 2s));
  EXPECT_EQ(history.live_master(kNow + 2s)->address, kPeer);
  EXPECT_EQ(history.live_master(kNow + 2s)->priority, 120);
  EXPECT_FALSE(history.live_master(kNow + 3s));
}

TEST(RouterHistory, OnlyItsOwnReleaseEndsAMaster) {
  RouterHistory history(0);
  history.heard(kPeer, 120, kNow + 3s);
  history.heard(kOther, 0, kNow + 3s);
  EXPECT_EQ(history.last_peer(), kOther);
  EXPECT_TRUE(history.live_master(kNow));
  history.heard(kPeer, 0, kNow + 3s);
  EXPECT_FALSE(history.live_master(kNow));
}

}  // namespace
}  // namespace hf::vip::router
