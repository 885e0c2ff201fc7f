// SimulatedGroups: nodes that run several VRRP machines each, one for each member of a sync group, every member on a
// simulated network of its own. For tests only.
//
// Owner: one test. Thread: the test's only. Nothing here is shared between runs; the seed decides everything.
// Invariants:
//   1. All networks have one time, and a node has one clock.
//   2. A process starts, ends and freezes with all its members.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <utility>
#include <vector>

#include "policy/vrrp/simulated_network.h"
#include "policy/vrrp/sync_group.h"

namespace hf::policy::vrrp {

class SimulatedGroups {
 public:
  /// configs[member][node]
  SimulatedGroups(std::uint64_t seed, const std::vector<std::vector<Config>>& configs) {
    Random random(seed);
    for (const std::vector<Config>& each : configs) members_.emplace_back(random.next(), each);
    groups_.assign(nodes(), SyncGroup({}));
    for (std::size_t i = 0; i < nodes(); ++i) {
      const std::int64_t drift = members_.front().node(i).drift_ppm;
      for (SimulatedNetwork& member : members_) member.set_drift(i, drift);
    }
    for (std::size_t m = 0; m < members_.size(); ++m) {
      members_[m].on_step([this, m](std::size_t node) {
        unsettled_.emplace_back(m, node);
        settle();
      });
    }
  }
  SimulatedGroups(const SimulatedGroups&) = delete;
  SimulatedGroups& operator=(const SimulatedGroups&) = delete;

  std::size_t nodes() const { return members_.front().size(); }
  std::size_t members() const { return members_.size(); }
  SimulatedNetwork& member(std::size_t m) { return members_[m]; }
  const SimulatedNetwork& member(std::size_t m) const { return members_[m]; }
  TimePoint now() const { return members_.front().now(); }
  /// Of a process all of whose members have ended.
  bool ended(std::size_t node) const {
    return std::none_of(members_.begin(), members_.end(), [&](const auto& each) { return each.node(node).alive; });
  }

  void start(std::size_t node) {
    if (!ended(node)) return;
    groups_[node] = SyncGroup({});
    for (SimulatedNetwork& member : members_) member.boot(node);
    std::vector<MemberStatus> statuses;
    for (std::size_t m = 0; m < members_.size(); ++m) statuses.push_back(status(m, node));
    groups_[node] = SyncGroup(std::move(statuses));
    for (std::size_t m = 0; m < members_.size(); ++m) unsettled_.emplace_back(m, node);
    settle();
    for (SimulatedNetwork& member : members_) member.begin(node);
  }
  void stop(std::size_t node) {
    for (SimulatedNetwork& member : members_) member.stop(node);
  }
  void kill(std::size_t node) {
    for (SimulatedNetwork& member : members_) member.kill(node);
  }
  void crash_host(std::size_t node) {
    for (SimulatedNetwork& member : members_) member.crash_host(node);
  }
  void freeze(std::size_t node, bool reads_backlog) {
    for (SimulatedNetwork& member : members_) member.freeze(node, reads_backlog);
  }
  void thaw(std::size_t node) {
    for (SimulatedNetwork& member : members_) member.thaw(node);
  }
  /// Moves to the next event or to `limit`, whichever comes first, and runs the event.
  void advance(TimePoint limit) {
    const auto next = std::min_element(members_.begin(), members_.end(), [](const auto& one, const auto& other) {
      return one.next_event() < other.next_event();
    });
    const TimePoint at = std::min(next->next_event(), limit);
    for (SimulatedNetwork& member : members_) member.pass(at);
    next->advance(at);
  }

 private:
  static constexpr int kMostTurns = 200;

  MemberStatus status(std::size_t m, std::size_t node) const {
    const SimulatedNetwork::Node& it = members_[m].node(node);
    return member_status(it.config, it.state, members_[m].local_now(node));
  }
  /// As guardian::Groups does.
  void settle() {
    if (std::exchange(settling_, true)) return;
    for (int turns = 0; !unsettled_.empty(); ++turns) {
      ASSERT_LT(turns, kMostTurns) << "orders go round and round";
      const auto [m, node] = unsettled_.front();
      unsettled_.pop_front();
      for (const MemberOrder& order : groups_[node].observe(m, status(m, node))) {
        members_[order.member].arrive(node, order.order);
      }
    }
    settling_ = false;
  }

  std::deque<SimulatedNetwork> members_;
  std::vector<SyncGroup> groups_;  // of each node
  std::deque<std::pair<std::size_t, std::size_t>> unsettled_;
  bool settling_ = false;
};

}  // namespace hf::policy::vrrp
