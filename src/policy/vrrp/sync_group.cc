#include "policy/vrrp/sync_group.h"

#include <algorithm>
#include <utility>

namespace hf::policy::vrrp {
namespace {

bool ready(const MemberStatus& member) { return member.mode == Mode::kBackup || member.mode == Mode::kMaster; }
bool is_or_becomes_master(const MemberStatus& member) { return member.mode == Mode::kMaster || member.probing; }

}  // namespace

MemberStatus member_status(const Config& config, const State& state, TimePoint now) {
  return {.mode = state.mode,
          .own_fault = state.faults.own(),
          .group_fault = state.faults.sync_group,
          .wants = state.wants,
          .probing = !state.timers.probe.is_never(),
          .rival = hears_rival(state, now),
          .released = state.released_to_us,
          .preferred = state.preferred,
          .priority = own_priority(config, state),
          .patience = master_down_interval(config.version, 1, config.advert_interval),
          .standing = state.group};
}

std::vector<MemberOrder> SyncGroup::observe(std::size_t member, MemberStatus status) {
  std::vector<MemberOrder> orders;
  if (member >= members_.size()) return orders;
  const MemberStatus before = std::exchange(members_[member], std::move(status));
  const MemberStatus& now = members_[member];
  spread_faults(orders);
  spread_standing(orders);

  const bool lost = now.mode != Mode::kMaster && before.mode == Mode::kMaster;
  const bool released = now.released && !before.released;
  for (std::size_t i = 0; i < members_.size(); ++i) {
    if (i == member) continue;
    if (lost && is_or_becomes_master(members_[i])) orders.push_back({i, SyncOrder::kYield});
    if (released && members_[i].mode == Mode::kBackup) orders.push_back({i, SyncOrder::kMasterReleased});
  }
  if (!orders.empty()) return orders;

  const bool joins = now.mode == Mode::kBackup && before.mode == Mode::kInitialize && !now.probing;
  const bool all_ready = std::all_of(members_.begin(), members_.end(), ready);
  if (!all_ready) return orders;
  take(orders);
  const bool in_mastership = std::any_of(members_.begin(), members_.end(), is_or_becomes_master);
  if (joins && in_mastership && orders.empty()) orders.push_back({member, SyncOrder::kTake});
  return orders;
}

/// Every member other than the one at fault of itself is told; when no own fault is left all are told so.
void SyncGroup::spread_faults(std::vector<MemberOrder>& orders) const {
  const bool fault = std::any_of(members_.begin(), members_.end(), [](const MemberStatus& m) { return m.own_fault; });
  for (std::size_t i = 0; i < members_.size(); ++i) {
    if (members_[i].group_fault == fault || (fault && members_[i].own_fault)) continue;
    orders.push_back({i, fault ? SyncOrder::kFault : SyncOrder::kClear});
  }
}

void SyncGroup::spread_standing(std::vector<MemberOrder>& orders) const {
  GroupStanding standing{.priority = priority(), .preferred = any_preferred()};
  for (std::size_t i = 0; i < members_.size(); ++i) {
    if (members_[i].standing != standing) orders.push_back({i, standing});
    standing.tie_patience += members_[i].patience;
  }
}

/// All together, or those that are missing where the group is master: they have nobody, or whoever has them is not
/// above this node. The group is in two places then, and belongs to the higher, preempt or not.
void SyncGroup::take(std::vector<MemberOrder>& orders) const {
  const bool some = std::any_of(members_.begin(), members_.end(), is_or_becomes_master);
  const bool all = std::all_of(members_.begin(), members_.end(),
                               [](const MemberStatus& m) { return is_or_becomes_master(m) || m.wants; });
  for (std::size_t i = 0; i < members_.size(); ++i) {
    const MemberStatus& member = members_[i];
    if (is_or_becomes_master(member)) continue;
    if ((all && member.wants) || (some && (member.wants || member.rival))) orders.push_back({i, SyncOrder::kTake});
  }
}

std::uint8_t SyncGroup::priority() const {
  std::uint8_t lowest = kOwnerPriority;
  for (const MemberStatus& member : members_) lowest = std::min(lowest, member.priority);
  return any_preferred() && lowest != kOwnerPriority ? kHighestPriority : lowest;
}

bool SyncGroup::any_preferred() const {
  return std::any_of(members_.begin(), members_.end(), [](const MemberStatus& m) { return m.preferred; });
}

}  // namespace hf::policy::vrrp
