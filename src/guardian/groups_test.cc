#include "guardian/groups.h"

#include <gtest/gtest.h>

namespace hf::guardian {
namespace {

using policy::vrrp::MemberStatus;
using policy::vrrp::Mode;
using policy::vrrp::SyncOrder;

/// A virtual router that does as it is told, and tells its groups of it.
class Router final : public vip::router::GroupMember {
 public:
  Router(Groups& groups, std::string group, Mode mode = Mode::kBackup)
      : groups_(groups), group_(std::move(group)), mode_(mode) {}

  const std::string& group() const override { return group_; }
  MemberStatus member_status() const override { return {mode_, own_fault_, false}; }
  bool has_group_fault() const override { return group_fault_; }
  void order(SyncOrder order) override {
    orders.push_back(order);
    switch (order) {
      case SyncOrder::kTake: return become(Mode::kMaster);
      case SyncOrder::kYield:
      case SyncOrder::kGiveBack: return become(Mode::kBackup);
      case SyncOrder::kFault: group_fault_ = true; break;
      case SyncOrder::kClear: group_fault_ = false; break;
    }
    become(group_fault_ || own_fault_ ? Mode::kFault : Mode::kBackup);
  }
  void become(Mode mode) {
    mode_ = mode;
    groups_.stepped(*this);
  }
  void fail(bool fault) {
    own_fault_ = fault;
    become(fault || group_fault_ ? Mode::kFault : Mode::kBackup);
  }
  Mode mode() const { return mode_; }

  std::vector<SyncOrder> orders;

 private:
  Groups& groups_;
  std::string group_;
  Mode mode_;
  bool own_fault_ = false;
  bool group_fault_ = false;
};

class GroupsTest : public testing::Test {
 protected:
  Groups groups_;
  Router a_{groups_, "pair"};
  Router b_{groups_, "pair"};
  Router alone_{groups_, ""};
};

TEST_F(GroupsTest, OneMembersFaultIsEverybodysAndEndsWithIt) {
  groups_.regroup({&a_, &b_, &alone_});
  EXPECT_TRUE(a_.orders.empty() && b_.orders.empty());
  a_.fail(true);
  EXPECT_EQ(b_.mode(), Mode::kFault);
  EXPECT_EQ(b_.orders, std::vector{SyncOrder::kFault});
  a_.fail(false);
  EXPECT_EQ(b_.mode(), Mode::kBackup);
  EXPECT_FALSE(a_.has_group_fault() || b_.has_group_fault());
  EXPECT_TRUE(alone_.orders.empty());
}

TEST_F(GroupsTest, WhenOneTakesAllDo) {
  groups_.regroup({&a_, &b_});
  a_.become(Mode::kMaster);
  EXPECT_EQ(b_.mode(), Mode::kMaster);
}

TEST_F(GroupsTest, AGroupThatStaysIsNotTouchedAndOneThatGainsAMemberBeginsAnew) {
  groups_.regroup({&a_, &b_});
  a_.become(Mode::kMaster);
  const std::size_t before = b_.orders.size();
  groups_.regroup({&a_, &b_, &alone_});
  EXPECT_EQ(b_.orders.size(), before);
  Router c(groups_, "pair", Mode::kInitialize);
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
