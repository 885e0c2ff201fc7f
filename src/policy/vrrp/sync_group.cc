#include "policy/vrrp/sync_group.h"

#include <algorithm>
#include <utility>

namespace hf::policy::vrrp {

std::vector<MemberOrder> SyncGroup::observe(std::size_t member, MemberStatus status) {
  std::vector<MemberOrder> orders;
  if (member >= members_.size()) return orders;
  const Mode before = std::exchange(members_[member].mode, status.mode);
  members_[member].own_fault = status.own_fault;
  spread_faults(orders);
  if (!orders.empty()) return orders;

  const bool won = status.mode == Mode::kMaster && before != Mode::kMaster;
  const bool lost = status.mode != Mode::kMaster && before == Mode::kMaster;
  if (won && !all_ready()) return {{member, SyncOrder::kGiveBack}};
  if (status.mode == Mode::kBackup && before == Mode::kInitialize && any_master() && all_ready()) {
    return {{member, SyncOrder::kTake}};  // it joins a group that is master
  }
  if (status.above_master && any_master() && all_ready()) {
    return {{member, SyncOrder::kTake}};  // the group is in two places: it belongs to the higher, preempt or not
  }
  if (!won && !lost) return orders;
  for (std::size_t i = 0; i < members_.size(); ++i) {
    if (i == member) continue;
    if (won && members_[i].mode == Mode::kBackup) orders.push_back({i, SyncOrder::kTake});
    if (lost && members_[i].mode == Mode::kMaster) orders.push_back({i, SyncOrder::kYield});
  }
  return orders;
}

/// Every member other than the one at fault of itself is told; when no own fault is left all are told so.
void SyncGroup::spread_faults(std::vector<MemberOrder>& orders) {
  const bool fault = std::any_of(members_.begin(), members_.end(), [](const MemberStatus& m) { return m.own_fault; });
  for (std::size_t i = 0; i < members_.size(); ++i) {
    if (faulted_[i] == fault || (fault && members_[i].own_fault)) continue;
    faulted_[i] = fault;
    orders.push_back({i, fault ? SyncOrder::kFault : SyncOrder::kClear});
  }
}

bool SyncGroup::any_master() const {
  return std::any_of(members_.begin(), members_.end(), [](const MemberStatus& m) { return m.mode == Mode::kMaster; });
}

bool SyncGroup::all_ready() const {
  return std::all_of(members_.begin(), members_.end(),
                     [](const MemberStatus& m) { return m.mode == Mode::kBackup || m.mode == Mode::kMaster; });
}

}  // namespace hf::policy::vrrp
