#include "guardian/groups.h"

#include <algorithm>
#include <utility>

namespace hf::guardian {

void Groups::regroup(const std::vector<Member*>& members) {
  std::vector<std::unique_ptr<Group>> before;
  std::swap(before, groups_);
  unsettled_.clear();
  for (Member* member : members) {
    const std::string& name = member->group();
    if (name.empty()) continue;
    const auto there =
        std::find_if(groups_.begin(), groups_.end(), [&](const auto& each) { return each->name == name; });
    Group& group = there != groups_.end()
                       ? **there
                       : *groups_.emplace_back(std::make_unique<Group>(Group{name, {}, policy::vrrp::SyncGroup({})}));
    group.members.push_back(member);
  }
  for (const auto& group : groups_) {
    std::ranges::sort(group->members, {}, &Member::place);
    const auto same =
        std::find_if(before.begin(), before.end(), [&](const auto& each) { return each->members == group->members; });
    if (same != before.end()) {
      group->machine = std::move((*same)->machine);
      continue;
    }
    group->machine = machine_of(group->members);
    unsettled_.insert(unsettled_.end(), group->members.begin(), group->members.end());
  }
  settle();
}

policy::vrrp::SyncGroup Groups::machine_of(const std::vector<Member*>& members) {
  std::vector<policy::vrrp::MemberStatus> states;
  for (const Member* member : members) states.push_back(member->member_status());
  return policy::vrrp::SyncGroup(std::move(states));
}

void Groups::stepped(Member& member) {
  unsettled_.push_back(&member);
  settle();
}

void Groups::clear() {
  groups_.clear();
  unsettled_.clear();
}

void Groups::settle() {
  if (std::exchange(settling_, true)) return;
  while (!unsettled_.empty()) {
    Member& member = *unsettled_.front();
    unsettled_.pop_front();
    tell(member);
  }
  settling_ = false;
}

void Groups::tell(Member& member) {
  for (const auto& group : groups_) {
    const auto at = std::find(group->members.begin(), group->members.end(), &member);
    if (at == group->members.end()) continue;
    const auto number = static_cast<std::size_t>(at - group->members.begin());
    const std::vector<policy::vrrp::MemberOrder> orders = group->machine.observe(number, member.member_status());
    for (const policy::vrrp::MemberOrder& order : orders) group->members[order.member]->order(order.order);
  }
}

}  // namespace hf::guardian
