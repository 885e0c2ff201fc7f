// GroupMember: a virtual router as its sync group sees it.
//
// Owner: whoever holds the virtual router. Thread: the owner's only.
#pragma once

#include <string>

#include "base/ip_address.h"
#include "policy/vrrp/sync_group.h"

namespace hf::vip::router {

class GroupMember {
 public:
  /// The name of its group; empty: none.
  virtual const std::string& group() const = 0;
  /// The lowest of its addresses: what all nodes order the members of a group by, whatever their files call them.
  virtual IpAddress place() const = 0;
  virtual policy::vrrp::MemberStatus member_status() const = 0;
  /// A SyncOrder or a GroupStanding.
  virtual void order(const policy::vrrp::Input& order) = 0;

 protected:
  ~GroupMember() = default;
};

}  // namespace hf::vip::router
