// Groups: the sync groups of the virtual routers that run: tells each group what its members have become, and each
// member what the group asks of it.
//
// Owner: Routers. Thread: the owner's only. The members must outlive it, or be left out by the next regroup().
// Invariants:
//   1. What a member becomes by an order is told in turn, in line: never from within another one's step.
//   2. The members of a group are in the order of their addresses, which is the same on all nodes.
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "policy/vrrp/sync_group.h"
#include "vip/router/group_member.h"

namespace hf::guardian {

class Groups {
 public:
  using Member = vip::router::GroupMember;

  /// A group whose members stay goes on as it is; one that has gained or lost some begins with what its members are
  /// now.
  void regroup(const std::vector<Member*>& members);
  /// `member` has taken a step.
  void stepped(Member& member);
  void clear();

 private:
  struct Group {
    std::string name;
    std::vector<Member*> members;
    policy::vrrp::SyncGroup machine;
  };
  static policy::vrrp::SyncGroup machine_of(const std::vector<Member*>& members);
  void settle();
  void tell(Member& member);

  std::vector<std::unique_ptr<Group>> groups_;
  std::deque<Member*> unsettled_;
  bool settling_ = false;
};

}  // namespace hf::guardian
