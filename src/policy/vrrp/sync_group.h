// SyncGroup: virtual routers of one node that move together: all are master, or none.
//
// A group has one priority on a node, the lowest of its members', so that all members order the nodes alike. It takes
// over when all its members want to; a tie between two masters is settled by the first member that hears the other.
//
// Owner: the guardian, one per group. Thread: the owner's only. Pure.
// Invariants:
//   1. No member is asked to take while any member is at fault or not started.
//   2. A fault handed on by the group is never mistaken for a member's own, so that faults end.
//   3. What observe() returns for the same history is the same.
//   4. An order is given to a member that it changes, so that orders come to an end.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "policy/vrrp/action.h"
#include "policy/vrrp/input.h"
#include "policy/vrrp/machine.h"

namespace hf::policy::vrrp {

struct MemberStatus {
  Mode mode = Mode::kInitialize;
  bool own_fault = false;    // Faults::own()
  bool group_fault = false;  // Faults::sync_group
  bool wants = false;        // to take over with the others
  bool probing = false;      // on its way to master
  bool rival = false;        // hears_rival()
  bool released = false;     // its master gave the addresses up
  bool preferred = false;
  std::uint8_t priority = 0;                // own_priority()
  Nanos patience{0};                        // its longest Master_Down_Interval
  std::optional<GroupStanding> standing{};  // what it was told last
};
MemberStatus member_status(const Config& config, const State& state, TimePoint now);

struct MemberOrder {
  std::size_t member = 0;
  Input order;  // SyncOrder or GroupStanding
};

class SyncGroup {
 public:
  /// In the same order on all nodes. What they are now is no news.
  explicit SyncGroup(std::vector<MemberStatus> members) : members_(std::move(members)) {}

  /// Tells what a member has become after one of its steps. Give each order returned to its member's machine and tell
  /// what that made of it in turn, until nothing is returned: that is after a few rounds over the members.
  std::vector<MemberOrder> observe(std::size_t member, MemberStatus status);

 private:
  void spread_faults(std::vector<MemberOrder>& orders) const;
  void spread_standing(std::vector<MemberOrder>& orders) const;
  void take(std::vector<MemberOrder>& orders) const;
  std::uint8_t priority() const;
  bool any_preferred() const;

  std::vector<MemberStatus> members_;
};

}  // namespace hf::policy::vrrp
