#include "guardian/groups.h"

#include <gtest/gtest.h>

#include <optional>
#include <vector>

namespace hf::guardian {
namespace {

using policy::vrrp::MemberStatus;
using policy::vrrp::Mode;
using policy::vrrp::SyncOrder;

/// A virtual router that does as it is told, and tells its groups of it.
class Router final : public vip::router::GroupMember {
 public:
  Router(Groups& groups, std::string group, std::uint8_t place, Mode mode = Mode::kBackup)
      : groups_(groups), group_(std::move(group)), place_(IpAddress::v4(198, 18, 0, place)), mode_(mode) {}

  const std::string& group() const override { return group_; }
  IpAddress place() const override { return place_; }
  MemberStatus member_status() const override {
    return {.mode = mode_,
            .own_fault = own_fault_,
            .group_fault = group_fault_,
            .wants = wants_,
            .priority = priority,
            .patience = 1s,
            .standing = standing};
  }
  void order(const policy::vrrp::Input& input) override {
    if (const auto* told = std::get_if<policy::vrrp::GroupStanding>(&input)) {
      standing = *told;
      return groups_.stepped(*this);
    }
    const SyncOrder order = std::get<SyncOrder>(input);
    orders.push_back(order);
    switch (order) {
      case SyncOrder::kTake: return become(Mode::kMaster);
      case SyncOrder::kYield: return become(Mode::kBackup);
      case SyncOrder::kMasterReleased: return;
      case SyncOrder::kFault: group_fault_ = true; break;
      case SyncOrder::kClear: group_fault_ = false; break;
    }
    become(group_fault_ || own_fault_ ? Mode::kFault : Mode::kBackup);
  }
  void want() {
    wants_ = true;
    groups_.stepped(*this);
  }
  void become(Mode mode) {
    mode_ = mode;
    wants_ = false;
    groups_.stepped(*this);
  }
  void fail(bool fault) {
    own_fault_ = fault;
    become(fault || group_fault_ ? Mode::kFault : Mode::kBackup);
  }
  Mode mode() const { return mode_; }

  std::vector<SyncOrder> orders;
  std::optional<policy::vrrp::GroupStanding> standing;
  std::uint8_t priority = 100;

 private:
  Groups& groups_;
  std::string group_;
  IpAddress place_;
  Mode mode_;
  bool wants_ = false;
  bool own_fault_ = false;
  bool group_fault_ = false;
};

class GroupsTest : public testing::Test {
 protected:
  Groups groups_;
  Router a_{groups_, "pair", 100};
  Router b_{groups_, "pair", 101};
  Router alone_{groups_, "", 102};
};

TEST_F(GroupsTest, OneMembersFaultIsEverybodysAndEndsWithIt) {
  groups_.regroup({&a_, &b_, &alone_});
  EXPECT_TRUE(a_.orders.empty() && b_.orders.empty());
  a_.fail(true);
  EXPECT_EQ(b_.mode(), Mode::kFault);
  EXPECT_EQ(b_.orders, std::vector{SyncOrder::kFault});
  a_.fail(false);
  EXPECT_EQ(b_.mode(), Mode::kBackup);
  EXPECT_FALSE(a_.member_status().group_fault || b_.member_status().group_fault);
  EXPECT_TRUE(alone_.orders.empty());
}

TEST_F(GroupsTest, WhenAllWantToTheyTake) {
  groups_.regroup({&a_, &b_});
  a_.want();
  EXPECT_TRUE(a_.orders.empty() && b_.orders.empty());
  b_.want();
  EXPECT_TRUE(a_.mode() == Mode::kMaster && b_.mode() == Mode::kMaster);
}

TEST_F(GroupsTest, MembersAreInTheOrderOfTheirAddressesWhateverTheFileSays) {
  b_.priority = 90;
  groups_.regroup({&b_, &a_});
  EXPECT_EQ(a_.standing, (policy::vrrp::GroupStanding{.priority = 90, .tie_patience = 0s}));
  EXPECT_EQ(b_.standing, (policy::vrrp::GroupStanding{.priority = 90, .tie_patience = 1s}));
  EXPECT_FALSE(alone_.standing);
}

TEST_F(GroupsTest, AGroupThatStaysIsNotTouchedAndOneThatGainsAMemberBeginsAnew) {
  groups_.regroup({&a_, &b_});
  a_.become(Mode::kMaster);
  b_.become(Mode::kMaster);
  const std::size_t before = b_.orders.size();
  groups_.regroup({&a_, &b_, &alone_});
  EXPECT_EQ(b_.orders.size(), before);
  Router c(groups_, "pair", 103, Mode::kInitialize);
  groups_.regroup({&a_, &b_, &c});
  c.become(Mode::kBackup);
  EXPECT_EQ(c.mode(), Mode::kMaster) << "a new member takes too";
  groups_.regroup({&a_, &b_});
  c.fail(true);
  EXPECT_EQ(a_.mode(), Mode::kMaster) << "a member that left has no say";
}

TEST_F(GroupsTest, AfterClearNobodyIsToldAnything) {
  groups_.regroup({&a_, &b_});
  groups_.clear();
  a_.fail(true);
  EXPECT_TRUE(b_.orders.empty());
}

}  // namespace
}  // namespace hf::guardian
