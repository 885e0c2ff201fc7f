// Sync groups: all members or none, with the real machines behind them.
#include <gtest/gtest.h>

#include <deque>

#include "policy/vrrp/machine.h"
#include "policy/vrrp/sync_group.h"

namespace hf::policy::vrrp {
namespace {

class Group {
 public:
  explicit Group(std::size_t members) : states_(members), group_(members) {
    config_.addresses = {IpAddress::v4(198, 18, 0, 100)};
    config_ = strict_rfc(config_);
    for (std::size_t i = 0; i < members; ++i) give(i, Start{});
  }
  void give(std::size_t member, const Input& input) {
    std::deque<std::pair<std::size_t, Input>> work{{member, input}};
    for (int turns = 0; !work.empty(); ++turns) {
      ASSERT_LT(turns, 50) << "orders go round and round";
      const auto [who, what] = work.front();
      work.pop_front();
      states_[who] = step(config_, states_[who], now_, what).state;
      const MemberStatus status{states_[who].mode, states_[who].faults.own()};
      for (const MemberOrder& order : group_.observe(who, status)) work.emplace_back(order.member, order.order);
    }
  }
  void wait(Nanos d) { now_ = now_ + d; }
  std::vector<Mode> modes() const {
    std::vector<Mode> modes;
    for (const State& state : states_) modes.push_back(state.mode);
    return modes;
  }

 private:
  Config config_;
  std::vector<State> states_;
  SyncGroup group_;
  TimePoint now_{0};
};

using Modes = std::vector<Mode>;

TEST(VrrpSyncGroup, one_member_that_takes_over_takes_all) {
  Group group(3);
  group.wait(4s);
  group.give(1, Timer{});
  EXPECT_EQ(group.modes(), Modes(3, Mode::kMaster));
}

TEST(VrrpSyncGroup, one_member_that_hears_a_better_master_makes_all_yield) {
  Group group(2);
  group.wait(4s);
  group.give(0, Timer{});
  group.give(1,
             Advertisement{.source = IpAddress::v4(198, 18, 0, 9), .priority = 200, .interval = 1s, .addresses = {}});
  EXPECT_EQ(group.modes(), Modes(2, Mode::kBackup));
}

TEST(VrrpSyncGroup, a_fault_of_one_is_the_fault_of_all_and_ends_with_it) {
  Group group(3);
  group.wait(4s);
  group.give(0, Timer{});
  group.give(2, InterfaceChanged{false});
  EXPECT_EQ(group.modes(), Modes(3, Mode::kFault));
  group.give(0, TrackChanged{0, true});
  group.give(2, InterfaceChanged{true});
  EXPECT_EQ(group.modes(), Modes(3, Mode::kFault)) << "the first member's own fault is still there";
  group.give(0, TrackChanged{});
  EXPECT_EQ(group.modes(), Modes(3, Mode::kBackup));
}

TEST(VrrpSyncGroup, nobody_takes_over_while_a_member_has_not_started) {
  SyncGroup group(2);
  EXPECT_TRUE(group.observe(0, {Mode::kBackup, false}).empty());
  const auto orders = group.observe(0, {Mode::kMaster, false});
  ASSERT_EQ(orders.size(), 1u);
  EXPECT_EQ(orders[0].member, 0u);
  EXPECT_EQ(orders[0].order, SyncOrder::kGiveBack);
  EXPECT_TRUE(group.observe(7, {Mode::kMaster, false}).empty()) << "no such member";
}

constexpr MemberStatus kMaster{Mode::kMaster, false};

TEST(VrrpSyncGroup, a_group_made_of_running_masters_shakes_none) {
  SyncGroup group({kMaster, kMaster}, {false, false});
  EXPECT_TRUE(group.observe(0, kMaster).empty());
  EXPECT_TRUE(group.observe(1, kMaster).empty());
}

TEST(VrrpSyncGroup, a_member_above_the_master_it_hears_takes_once_the_group_is_master_here) {
  SyncGroup group(2);
  const MemberStatus backup{Mode::kBackup, false};
  const MemberStatus above{Mode::kBackup, false, true};
  EXPECT_TRUE(group.observe(0, backup).empty());
  EXPECT_TRUE(group.observe(1, above).empty()) << "no member is master here: without preempting nothing is taken";
  EXPECT_EQ(group.observe(0, {Mode::kMaster, false}).size(), 1U) << "the other is asked as the first has won";
  EXPECT_TRUE(group.observe(1, backup).empty()) << "somebody higher, or nobody, is heard: asked once is enough";
  const std::vector<MemberOrder> orders = group.observe(1, above);
  ASSERT_EQ(orders.size(), 1U);
  EXPECT_EQ(orders[0].member, 1U);
  EXPECT_EQ(orders[0].order, SyncOrder::kTake);
}
TEST(VrrpSyncGroup, a_member_that_joins_masters_takes_too) {
  SyncGroup group({kMaster, MemberStatus{}}, {false, false});
  EXPECT_TRUE(group.observe(0, kMaster).empty());
  const auto orders = group.observe(1, {Mode::kBackup, false});
  ASSERT_EQ(orders.size(), 1u);
  EXPECT_EQ(orders[0].member, 1u);
  EXPECT_EQ(orders[0].order, SyncOrder::kTake);
}

TEST(VrrpSyncGroup, a_member_that_joins_masters_at_fault_takes_them_along) {
  SyncGroup group({kMaster, MemberStatus{}}, {false, false});
  const auto orders = group.observe(1, {Mode::kFault, true});
  ASSERT_EQ(orders.size(), 1u);
  EXPECT_EQ(orders[0].member, 0u);
  EXPECT_EQ(orders[0].order, SyncOrder::kFault);
}

TEST(VrrpSyncGroup, the_fault_of_a_member_that_left_ends) {
  SyncGroup group({{Mode::kFault, false}, {Mode::kFault, false}}, {true, true});
  const auto orders = group.observe(0, {Mode::kFault, false});
  ASSERT_EQ(orders.size(), 2u);
  EXPECT_EQ(orders[0].order, SyncOrder::kClear);
  EXPECT_EQ(orders[1].order, SyncOrder::kClear);
}

}  // namespace
}  // namespace hf::policy::vrrp
