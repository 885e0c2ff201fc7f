// Sync groups: all members or none, with the real machines behind them.
#include "policy/vrrp/sync_group.h"

#include <gtest/gtest.h>

#include <deque>
#include <utility>
#include <vector>

#include "policy/vrrp/machine.h"

namespace hf::policy::vrrp {
namespace {

const IpAddress kUs = IpAddress::v4(198, 18, 0, 5);
const IpAddress kBelow = IpAddress::v4(198, 18, 0, 1);
const IpAddress kAbove = IpAddress::v4(198, 18, 0, 9);

/// One node. Nothing is probed.
class Group {
 public:
  explicit Group(const std::vector<std::uint8_t>& priorities, bool preempt = true)
      : configs_(priorities.size()), states_(priorities.size()), group_({}) {
    for (std::size_t i = 0; i < configs_.size(); ++i) {
      configs_[i].priority = priorities[i];
      configs_[i].addresses = {IpAddress::v4(198, 18, static_cast<std::uint8_t>(i), 100)};
      configs_[i].preempt = preempt;
      configs_[i].probe_wait = Nanos{0};
    }
    std::vector<MemberStatus> statuses;
    for (std::size_t i = 0; i < states_.size(); ++i) statuses.push_back(status(i));
    group_ = SyncGroup(std::move(statuses));
    for (std::size_t i = 0; i < states_.size(); ++i) give(i, OwnAddress{kUs});
  }
  Group& start() {
    for (std::size_t i = 0; i < states_.size(); ++i) give(i, Start{});
    return *this;
  }
  /// All timers up to `d` from now, on time.
  Group& run(Nanos d) {
    const TimePoint end = now_ + d;
    for (;;) {
      std::size_t next = 0;
      for (std::size_t i = 1; i < states_.size(); ++i) {
        if (states_[i].armed < states_[next].armed) next = i;
      }
      if (states_[next].armed.at > end) break;
      now_ = states_[next].armed.at;
      give(next, Timer{});
    }
    now_ = end;
    return *this;
  }
  Group& give(std::size_t member, const Input& input) {
    std::deque<std::pair<std::size_t, Input>> work{{member, input}};
    for (int turns = 0; !work.empty(); ++turns) {
      EXPECT_LT(turns, 100) << "orders go round and round";
      if (turns >= 100) break;
      const auto [who, what] = work.front();
      work.pop_front();
      Step done = step(configs_[who], std::move(states_[who]), now_, what);
      states_[who] = std::move(done.state);
      for (const Action& action : done.actions) {
        moves_ += action.kind == ActionKind::kReportTransition ? 1 : 0;
        damped_ += action.kind == ActionKind::kWarn && action.reason == Reason::kDamped ? 1 : 0;
      }
      for (const MemberOrder& order : group_.observe(who, status(who))) work.emplace_back(order.member, order.order);
    }
    return *this;
  }
  Group& hear(std::size_t member, std::uint8_t priority, const IpAddress& source = kBelow) {
    return give(member, Advertisement{.path = 0,
                                      .source = source,
                                      .priority = priority,
                                      .interval = 1s,
                                      .addresses = configs_[member].addresses});
  }
  std::vector<Mode> modes() const {
    std::vector<Mode> modes;
    for (const State& state : states_) modes.push_back(state.mode);
    return modes;
  }
  std::uint8_t priority(std::size_t i) const { return effective_priority(configs_[i], states_[i]); }
  const State& state(std::size_t i) const { return states_[i]; }
  int moves() const { return moves_; }
  int damped() const { return damped_; }

 private:
  MemberStatus status(std::size_t i) const { return member_status(configs_[i], states_[i], now_); }

  std::vector<Config> configs_;
  std::vector<State> states_;
  SyncGroup group_;
  TimePoint now_{1'000'000'000};
  int moves_ = 0;
  int damped_ = 0;
};

using Modes = std::vector<Mode>;
constexpr Nanos kLong = 10s;  // longer than two Master_Down_Intervals

TEST(VrrpSyncGroup, has_one_priority_the_lowest_of_its_members) {
  Group group({110, 90, 100});
  group.start();
  for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(group.priority(i), 90);
  group.give(0, TrackChanged{.weight_sum = -50, .release = false});
  EXPECT_EQ(group.priority(2), 60) << "what weighs on one weighs on all";
  group.give(0, TrackChanged{});
  EXPECT_EQ(group.priority(2), 90);
}
TEST(VrrpSyncGroup, is_the_owner_only_of_all_addresses) {
  EXPECT_EQ(Group({255, 255}).priority(1), 255);
  EXPECT_EQ(Group({255, 100}).priority(0), 100);
  EXPECT_EQ(Group({255, 255}).start().modes(), Modes(2, Mode::kMaster)) << "and takes them at once";
  EXPECT_EQ(Group({255, 100}).start().modes(), Modes(2, Mode::kBackup));
}
TEST(VrrpSyncGroup, takes_over_from_nobody_as_one) {
  Group group({100, 100, 100});
  group.start().run(4s);
  EXPECT_EQ(group.modes(), Modes(3, Mode::kMaster));
}
TEST(VrrpSyncGroup, does_not_take_over_while_one_member_hears_a_better_master) {
  Group group({100, 100});
  group.start();
  for (int i = 0; i < 20; ++i) group.hear(0, 200).hear(1, 50).run(1s);
  EXPECT_EQ(group.modes(), Modes(2, Mode::kBackup));
  EXPECT_EQ(group.moves(), 2) << "from the start";
  group.run(kLong);
  EXPECT_EQ(group.modes(), Modes(2, Mode::kMaster));
}
TEST(VrrpSyncGroup, preempts_as_one) {
  Group group({100, 100});
  group.start();
  for (int i = 0; i < 5; ++i) group.hear(0, 50).hear(1, 50).run(1s);
  EXPECT_EQ(group.modes(), Modes(2, Mode::kMaster));
}
TEST(VrrpSyncGroup, crossed_priorities_of_the_others_leave_it_where_it_is) {
  Group group({110, 100});
  group.start();
  for (int i = 0; i < 60; ++i) group.hear(0, 100).hear(1, 110).run(1s);
  EXPECT_EQ(group.modes(), Modes(2, Mode::kBackup));
  EXPECT_EQ(group.moves(), 2);
}
TEST(VrrpSyncGroup, takes_alone_what_nobody_has_while_the_others_are_elsewhere) {
  Group group({100, 100});
  group.start();
  for (int i = 0; i < 10; ++i) group.hear(0, 200).run(1s);
  EXPECT_EQ(group.modes(), (Modes{Mode::kBackup, Mode::kMaster})) << "the other file lacks a member";
  for (int i = 0; i < 10; ++i) group.hear(0, 200).run(1s);
  EXPECT_EQ(group.modes(), (Modes{Mode::kBackup, Mode::kMaster})) << "and nothing moves";
  EXPECT_EQ(group.moves(), 3);
}
TEST(VrrpSyncGroup, in_two_places_belongs_to_the_node_that_is_not_below_preempt_or_not) {
  for (const std::uint8_t theirs : {std::uint8_t{50}, std::uint8_t{100}, std::uint8_t{101}}) {
    Group group({100, 100}, false);
    group.start();
    for (int i = 0; i < 10; ++i) group.hear(0, 200).run(1s);
    ASSERT_EQ(group.modes(), (Modes{Mode::kBackup, Mode::kMaster}));
    group.hear(0, theirs);
    EXPECT_EQ(group.modes()[0], theirs <= 100 ? Mode::kMaster : Mode::kBackup) << int{theirs};
    EXPECT_EQ(group.modes()[1], Mode::kMaster);
  }
}
TEST(VrrpSyncGroup, yields_as_one) {
  Group group({100, 100});
  group.start().run(4s).hear(1, 200);
  EXPECT_EQ(group.modes(), Modes(2, Mode::kBackup));
  EXPECT_TRUE(handing_over(group.state(0))) << "the successor has not been heard for it yet";
  EXPECT_FALSE(holding(group.state(1)));
}
TEST(VrrpSyncGroup, leaves_a_tie_to_its_first_member) {
  Group group({100, 100});
  group.start().run(4s);
  for (int i = 0; i < 3; ++i) group.hear(1, 100, kAbove).run(1s);
  EXPECT_EQ(group.modes(), Modes(2, Mode::kMaster));
  group.hear(0, 100, kBelow).hear(1, 100, kAbove);
  EXPECT_EQ(group.modes(), Modes(2, Mode::kMaster)) << "the first says that this node is the higher";
  group.hear(0, 100, kAbove);
  EXPECT_EQ(group.modes(), Modes(2, Mode::kBackup));
}
TEST(VrrpSyncGroup, settles_a_tie_by_another_member_where_the_first_is_deaf) {
  Group group({100, 100});
  group.start().run(4s);
  for (int i = 0; i < 5; ++i) group.hear(1, 100, kAbove).run(1s);
  EXPECT_EQ(group.modes(), Modes(2, Mode::kBackup));
}
TEST(VrrpSyncGroup, a_tie_that_was_over_is_not_the_same_tie) {
  Group group({100, 100});
  group.start().run(4s);
  for (int i = 0; i < 10; ++i) group.hear(1, 100, kAbove).run(5s);
  EXPECT_EQ(group.modes(), Modes(2, Mode::kMaster));
}
TEST(VrrpSyncGroup, a_release_to_one_counts_for_members_whose_next_advert_does_not_come) {
  Group group({100, 100});
  group.start().hear(0, 200).hear(1, 200).run(500ms).hear(1, 0);
  group.run(700ms);
  EXPECT_EQ(group.modes(), Modes(2, Mode::kMaster)) << "sooner than the old master ends its hand-over";
  Group other({100, 100});
  other.start().hear(0, 200).hear(1, 200).run(500ms).hear(1, 0).run(450ms).hear(0, 200).run(2s);
  EXPECT_EQ(other.modes(), Modes(2, Mode::kBackup)) << "its master lives";
}
TEST(VrrpSyncGroup, an_order_to_prefer_one_prefers_all) {
  Group group({100, 90}, false);
  group.start().hear(0, 200).hear(1, 200).give(1, OperatorCommand::kPrefer);
  EXPECT_EQ(group.modes(), Modes(2, Mode::kMaster));
  EXPECT_EQ(group.priority(0), 254);
  group.give(1, OperatorCommand::kResume);
  EXPECT_EQ(group.priority(0), 90);
}
TEST(VrrpSyncGroup, a_fault_of_one_is_the_fault_of_all_and_ends_with_it) {
  Group group({100, 100, 100});
  group.start().run(4s).give(2, InterfaceChanged{false});
  EXPECT_EQ(group.modes(), Modes(3, Mode::kFault));
  group.give(0, TrackChanged{0, true}).give(2, InterfaceChanged{true});
  EXPECT_EQ(group.modes(), Modes(3, Mode::kFault)) << "the first member's own fault is still there";
  group.give(0, TrackChanged{});
  EXPECT_EQ(group.modes(), Modes(3, Mode::kBackup));
}
TEST(VrrpSyncGroup, a_member_that_joins_masters_takes_too) {
  Group group({100, 100});
  group.start().run(4s).give(1, Stop{});
  EXPECT_EQ(group.modes(), (Modes{Mode::kBackup, Mode::kInitialize})) << "the whole node stops";
  Group late({100, 100});
  late.give(0, Start{}).run(kLong);
  EXPECT_EQ(late.modes(), (Modes{Mode::kMaster, Mode::kInitialize}));
  late.give(1, Start{});
  EXPECT_EQ(late.modes(), Modes(2, Mode::kMaster));
}
TEST(VrrpSyncGroup, that_keeps_flipping_is_damped_and_says_so) {
  Group group({100, 100});
  group.start().run(4s);
  const auto flip = [&] {
    group.hear(0, 200);
    for (int i = 0; i < 5; ++i) group.hear(0, 50).hear(1, 50).run(1s);
  };
  flip();
  EXPECT_EQ(group.modes(), Modes(2, Mode::kMaster));
  EXPECT_EQ(group.damped(), 0);
  flip();
  EXPECT_GT(group.damped(), 0);
  EXPECT_EQ(group.modes(), Modes(2, Mode::kMaster)) << "the third time it still took them";
  flip();
  EXPECT_EQ(group.modes(), Modes(2, Mode::kBackup));
  EXPECT_EQ(group.run(4s).modes(), Modes(2, Mode::kMaster)) << "from nobody it always does";
}

TEST(VrrpSyncGroup, nobody_is_told_anything_of_a_member_that_is_not_there) {
  EXPECT_TRUE(SyncGroup({MemberStatus{}}).observe(7, {.mode = Mode::kMaster}).empty());
}
TEST(VrrpSyncGroup, made_of_running_masters_shakes_none) {
  const MemberStatus master{.mode = Mode::kMaster, .priority = 100, .standing = GroupStanding{.priority = 100}};
  SyncGroup group({master, master});
  EXPECT_TRUE(group.observe(0, master).empty());
  EXPECT_TRUE(group.observe(1, master).empty());
}
TEST(VrrpSyncGroup, a_member_that_joins_masters_at_fault_takes_them_along) {
  SyncGroup group({{.mode = Mode::kMaster, .priority = 100, .standing = GroupStanding{.priority = 100}},
                   {.priority = 100, .standing = GroupStanding{.priority = 100}}});
  const auto orders = group.observe(
      1, {.mode = Mode::kFault, .own_fault = true, .priority = 100, .standing = GroupStanding{.priority = 100}});
  ASSERT_EQ(orders.size(), 1u);
  EXPECT_EQ(orders[0].member, 0u);
  EXPECT_EQ(std::get<SyncOrder>(orders[0].order), SyncOrder::kFault);
}
TEST(VrrpSyncGroup, the_fault_of_a_member_that_left_ends) {
  const MemberStatus faulted{
      .mode = Mode::kFault, .group_fault = true, .priority = 100, .standing = GroupStanding{.priority = 100}};
  SyncGroup group({faulted, faulted});
  const auto orders = group.observe(0, faulted);
  ASSERT_EQ(orders.size(), 2u);
  EXPECT_EQ(std::get<SyncOrder>(orders[0].order), SyncOrder::kClear);
  EXPECT_EQ(std::get<SyncOrder>(orders[1].order), SyncOrder::kClear);
}

}  // namespace
}  // namespace hf::policy::vrrp
