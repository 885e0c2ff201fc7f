// SyncGroup: virtual routers of one node that move together: all are master, or none.
//
// Owner: the guardian, one per group. Thread: the owner's only. Pure.
// Invariants:
//   1. No member is asked to take while any member is at fault or not started.
//   2. A fault handed on by the group is never mistaken for a member's own, so that faults end.
//   3. What observe() returns for the same history is the same.
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

#include "policy/vrrp/action.h"
#include "policy/vrrp/input.h"

namespace hf::policy::vrrp {

struct MemberStatus {
  Mode mode = Mode::kInitialize;
  bool own_fault = false;     // Faults::own()
  bool above_master = false;  // hears_lower_master()
};

struct MemberOrder {
  std::size_t member = 0;
  SyncOrder order = SyncOrder::kClear;
};

class SyncGroup {
 public:
  explicit SyncGroup(std::size_t members) : members_(members), faulted_(members, false) {}
  /// Of routers that run already: what they are now is no news. `faulted`: which of them have the group's fault.
  SyncGroup(std::vector<MemberStatus> members, std::vector<bool> faulted)
      : members_(std::move(members)), faulted_(std::move(faulted)) {
    faulted_.resize(members_.size(), false);
  }

  /// Tells what a member has become after one of its steps. Give each order returned to its member's machine and tell
  /// what that made of it in turn, until nothing is returned: that is after at most two rounds over the members.
  std::vector<MemberOrder> observe(std::size_t member, MemberStatus status);

 private:
  void spread_faults(std::vector<MemberOrder>& orders);
  bool any_master() const;
  bool all_ready() const;

  std::vector<MemberStatus> members_;
  std::vector<bool> faulted_;  // was told kFault and not yet kClear
};

}  // namespace hf::policy::vrrp
