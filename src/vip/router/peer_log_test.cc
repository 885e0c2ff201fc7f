#include "vip/router/peer_log.h"

#include <gtest/gtest.h>

namespace hf::vip::router {
namespace {

constexpr TimePoint kNow{1'000'000'000};
const Result<void> kWell;
const Result<void> kRefused = Error{ErrorCode::kAccessDenied, "Operation not permitted"};

TEST(PeerLog, CountsByPathAndTellsTheAgeOfTheLastMessage) {
  PeerLog log;
  log.set_paths({"eth1", "heartbeat eth2"});
  log.sent(0, kWell);
  log.sent(0, kRefused);
  log.heard(1, kNow);
  log.heard(7, kNow);  // no such path: nothing happens
  const std::vector<PathReport> paths = log.paths(kNow + 250ms);
  ASSERT_EQ(paths.size(), 2U);
  EXPECT_EQ(paths[0], (PathReport{"eth1", -1, 1, 0, 1, ""}));
  EXPECT_EQ(paths[1], (PathReport{"heartbeat eth2", 250, 0, 1, 0, ""}));
}

TEST(PeerLog, AliveOnHeartbeatsLeavesTheVrrpInterfaceOut) {
  PeerLog log;
  log.set_paths({"eth1", "heartbeat eth2", "heartbeat eth3"});
  log.heard(0, kNow + 5s);
  EXPECT_EQ(log.heard_on_heartbeats(), std::nullopt);
  log.heard(1, kNow);
  log.heard(2, kNow + 1s);
  EXPECT_EQ(log.heard_on_heartbeats(), kNow + 1s);
}

TEST(PeerLog, APathWhoseSendsFailInARowHasAProblemUntilOneIsSent) {
  PeerLog log;
  EXPECT_FALSE(log.cannot_send()) << "there is none";
  log.set_paths({"eth1", "heartbeat eth2"});
  EXPECT_FALSE(log.sent(0, kRefused));
  EXPECT_FALSE(log.sent(0, kRefused));
  EXPECT_FALSE(log.sent(0, kWell));
  EXPECT_FALSE(log.sent(0, kRefused));
  EXPECT_FALSE(log.sent(0, kRefused));
  EXPECT_TRUE(log.sent(0, kRefused));
  EXPECT_FALSE(log.sent(0, kRefused)) << "told already";
  EXPECT_EQ(log.problem(0), "Operation not permitted");
  EXPECT_EQ(log.paths(kNow)[0].problem, "Operation not permitted");
  EXPECT_FALSE(log.cannot_send()) << "the other path works";
  EXPECT_TRUE(log.found(1, "it is not there"));
  EXPECT_FALSE(log.found(1, "it is not there"));
  EXPECT_TRUE(log.cannot_send());
  EXPECT_TRUE(log.sent(0, kWell));
  EXPECT_FALSE(log.cannot_send());
  EXPECT_TRUE(log.found(1, ""));
  EXPECT_EQ(log.problem(1), "");
}

TEST(PeerLog, PathsThatStayKeepTheirCounts) {
  PeerLog log;
  log.set_paths({"eth1", "heartbeat eth2"});
  log.sent(1, kWell);
  log.set_paths({"eth1", "heartbeat eth3", "heartbeat eth2"});
  EXPECT_EQ(log.paths(kNow)[1].sent, 0U);
  EXPECT_EQ(log.paths(kNow)[2].sent, 1U);
}

TEST(PeerLog, TellsOfARefusalOnceAMinuteWithTheCountSince) {
  PeerLog log;
  EXPECT_EQ(log.refused("checksum", kNow), 1U);
  EXPECT_EQ(log.refused("checksum", kNow + 1s), std::nullopt);
  EXPECT_EQ(log.refused("auth-data", kNow + 1s), 1U);
  EXPECT_EQ(log.refused("checksum", kNow + 61s), 2U);
  ASSERT_EQ(log.refusals().size(), 2U);
  EXPECT_EQ(log.refusals()[1], (RefusedCount{"checksum", 3}));
}

}  // namespace
}  // namespace hf::vip::router
