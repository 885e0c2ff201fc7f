#include "policy/vrrp/quorum.h"

#include <gtest/gtest.h>

namespace hf::policy::vrrp {
namespace {

TEST(VrrpQuorum, a_peer_that_is_heard_or_enough_arbiters_are_enough) {
  struct Row {
    const char* name;
    Contacts contacts;
    bool may_hold;
    bool may_take;
  };
  const Row rows[] = {
      {"no arbiters, nobody heard", {0, 0, 0, false}, true, true},
      {"no arbiters, a peer", {0, 0, 0, true}, true, true},
      {"none answers", {1, 0, 0, false}, false, false},
      {"none answers, a peer", {1, 0, 0, true}, true, true},
      {"one answers of one", {1, 1, 1, false}, true, true},
      {"one answers of two", {2, 1, 1, false}, false, false},
      {"two are reached, one has not answered lately", {2, 2, 1, false}, true, false},
      {"two are reached, one has not answered lately, a peer", {2, 2, 1, true}, true, true},
      {"more than are needed", {2, 3, 3, false}, true, true},
      {"one answered lately that is lost already", {1, 0, 1, false}, false, false},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(may_hold(row.contacts), row.may_hold) << row.name;
    EXPECT_EQ(may_take(row.contacts), row.may_take) << row.name;
  }
}
TEST(VrrpQuorum, a_peer_lives_for_three_intervals_of_at_least_100_ms) {
  const TimePoint now{10'000'000'000};
  EXPECT_FALSE(peer_alive(std::nullopt, 1s, now));
  EXPECT_TRUE(peer_alive(now - 2999ms, 1s, now));
  EXPECT_FALSE(peer_alive(now - 3s, 1s, now));
  EXPECT_TRUE(peer_alive(now - 299ms, 10ms, now));
  EXPECT_FALSE(peer_alive(now - 300ms, 10ms, now));
}
TEST(VrrpQuorum, who_is_not_master_says_that_it_lives_at_the_interval_but_not_more_often_than_every_100_ms) {
  EXPECT_EQ(alive_interval(1s), Nanos(1s));
  EXPECT_EQ(alive_interval(10ms), Nanos(100ms));
}

}  // namespace
}  // namespace hf::policy::vrrp
