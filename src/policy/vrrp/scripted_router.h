// ScriptedRouter: one machine, its clock, and what the last step asked for. For tests only.
//
// Owner: one test. Thread: the test's only.
// Invariants:
//   1. Time moves only by wait() and run(); run() gives every timer on time.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "policy/vrrp/machine.h"

namespace hf::policy::vrrp::scripted {

inline const IpAddress kUs = IpAddress::v4(198, 18, 0, 5);
inline const IpAddress kBelow = IpAddress::v4(198, 18, 0, 1);
inline const IpAddress kAbove = IpAddress::v4(198, 18, 0, 200);  // greater only if bytes are compared unsigned
inline const IpAddress kVirtual = IpAddress::v4(198, 18, 0, 100);

inline Config level1(std::uint8_t priority = 100) {
  Config config;
  config.priority = priority;
  config.addresses = {kVirtual};
  return config;
}
inline Config rfc(std::uint8_t priority = 100) { return strict_rfc(level1(priority)); }

inline Advertisement advert(std::uint8_t priority, IpAddress source = kBelow, Nanos interval = 1s) {
  return Advertisement{
      .path = 0, .source = source, .priority = priority, .interval = interval, .addresses = {kVirtual}};
}

class Router {
 public:
  explicit Router(Config config) : config_(std::move(config)) {
    EXPECT_TRUE(validate(config_).ok());
    give(OwnAddress{kUs});
  }

  Router& give(const Input& input) {
    Step done = step(config_, std::move(state_), now_, input);
    state_ = std::move(done.state);
    actions_ = std::move(done.actions);
    return *this;
  }
  Router& reconfigure(Config next) {
    EXPECT_TRUE(validate(next).ok());
    return give(Reconfigured{std::exchange(config_, std::move(next))});
  }
  Router& wait(Nanos d) {
    now_ = now_ + d;
    return *this;
  }
  /// Runs every timer up to `d` from now, on time.
  Router& run(Nanos d) {
    const TimePoint end = now_ + d;
    std::vector<Action> all;
    while (state_.armed.at <= end) {
      now_ = state_.armed.at;
      give(Timer{});
      all.insert(all.end(), actions_.begin(), actions_.end());
    }
    now_ = end;
    actions_ = std::move(all);
    return *this;
  }
  Router& master() {
    give(Start{}).run(10s);
    EXPECT_EQ(mode(), Mode::kMaster);
    actions_.clear();
    return *this;
  }
  Mode mode() const { return state_.mode; }
  const State& state() const { return state_; }
  Nanos timer() const { return state_.armed.at - now_; }
  bool holds() const { return holding(state_); }
  bool hands_over() const { return handing_over(state_); }
  bool idle() const { return state_.armed.is_never(); }
  Nanos down() const { return state_.timers.master_down.at - now_; }
  std::vector<ActionKind> kinds() const {
    std::vector<ActionKind> kinds;
    for (const Action& a : actions_) {
      if (a.kind != ActionKind::kSetTimer) kinds.push_back(a.kind);
    }
    return kinds;
  }
  long count(ActionKind kind) const {
    return std::count_if(actions_.begin(), actions_.end(), [&](const Action& a) { return a.kind == kind; });
  }
  int sent() const {  // the priority of the last advertisement of the step; -1: none
    int priority = -1;
    for (const Action& a : actions_) {
      if (a.kind == ActionKind::kSendAdvertisement) priority = a.priority;
    }
    return priority;
  }
  bool reported(Reason reason) const {
    return std::any_of(actions_.begin(), actions_.end(), [&](const Action& a) { return a.reason == reason; });
  }
  Nanos late() const {  // of what was reported in the step
    Nanos late{0};
    for (const Action& a : actions_) late = std::max(late, a.late);
    return late;
  }

 private:
  Config config_;
  State state_;
  TimePoint now_{1'000'000'000};
  std::vector<Action> actions_;
};

using Kinds = std::vector<ActionKind>;
using enum ActionKind;

}  // namespace hf::policy::vrrp::scripted
