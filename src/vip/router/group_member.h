// GroupMember: a virtual router as its sync group sees it.
//
// Owner: whoever holds the virtual router. Thread: the owner's only.
#pragma once

#include <string>

#include "policy/vrrp/sync_group.h"

namespace hf::vip::router {

class GroupMember {
 public:
  /// The name of its group; empty: none.
  virtual const std::string& group() const = 0;
  virtual policy::vrrp::MemberStatus member_status() const = 0;
  /// Whether it is at fault by the group's order.
  virtual bool has_group_fault() const = 0;
  virtual void order(policy::vrrp::SyncOrder order) = 0;

 protected:
  ~GroupMember() = default;
};

}  // namespace hf::vip::router
