#include "vip/router/priority_account.h"

#include <gtest/gtest.h>

namespace hf::vip::router {
namespace {

TEST(PriorityAccount, IsEmptyAtFirst) {
  const PriorityAccount account;
  EXPECT_EQ(account.points(), 0);
  EXPECT_FALSE(account.release());
  EXPECT_EQ(account.release_reason(), "");
}

TEST(PriorityAccount, AddsPointsOfAllSources) {
  PriorityAccount account;
  EXPECT_TRUE(account.set("interface eth2", Weight{false, -20}, "no carrier"));
  EXPECT_TRUE(account.set("track", Weight{false, 5}, ""));
  EXPECT_EQ(account.points(), -15);
  EXPECT_TRUE(account.clear("interface eth2"));
  EXPECT_EQ(account.points(), 5);
}

TEST(PriorityAccount, ASourceCountsOnceAndTellsWhetherItChanged) {
  PriorityAccount account;
  EXPECT_TRUE(account.set("track", Weight{false, -20}, "x"));
  EXPECT_FALSE(account.set("track", Weight{false, -20}, "x"));
  EXPECT_TRUE(account.set("track", Weight{false, -30}, "x"));
  EXPECT_EQ(account.points(), -30);
  EXPECT_EQ(account.entries().size(), 1U);
}

TEST(PriorityAccount, ZeroPointsAreNoEntry) {
  PriorityAccount account;
  EXPECT_FALSE(account.set("track", Weight{false, 0}, "fine"));
  EXPECT_TRUE(account.set("track", Weight{false, -1}, ""));
  EXPECT_TRUE(account.set("track", Weight{false, 0}, ""));
  EXPECT_TRUE(account.entries().empty());
}

TEST(PriorityAccount, AReleaseCountsNoPointsAndNamesItsReason) {
  PriorityAccount account;
  EXPECT_TRUE(account.set("interface eth2", Weight{false, -5}, "no carrier"));
  EXPECT_TRUE(account.set("gateway", Weight{true, -50}, "killed by signal 9"));
  EXPECT_TRUE(account.release());
  EXPECT_EQ(account.points(), -5);
  EXPECT_EQ(account.release_reason(), "gateway: killed by signal 9");
  EXPECT_FALSE(account.clear("nobody"));
  EXPECT_TRUE(account.clear("gateway"));
  EXPECT_FALSE(account.release());
}

TEST(PriorityAccount, SumsStayBounded) {
  PriorityAccount account;
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(account.set("track " + std::to_string(i), Weight{false, -253}, ""));
  EXPECT_EQ(account.points(), -254);
}

}  // namespace
}  // namespace hf::vip::router
