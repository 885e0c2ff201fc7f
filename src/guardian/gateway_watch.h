// GatewayWatch: judges the gateway by its beats: starting, serving, stuck or gone. Pure.
//
// Owner: the guardian. Thread: any.
// Invariants:
//   1. serving() only between a ready report and the end, the silence or the stall of that life of the gateway.
//   2. A gateway that is stuck for `kill_after` is to be killed, once per life.
#pragma once

#include <optional>
#include <string>

#include "base/time.h"
#include "guardian/messages.h"
#include "vip/gateway_condition.h"

namespace hf::guardian {

class GatewayWatch {
 public:
  static constexpr Nanos kStartPatience = 60s;  // a gateway that is not ready by then counts as stuck

  GatewayWatch(Nanos silence, Nanos kill_after) : silence_(silence), kill_after_(kill_after) {}

  void set_limits(Nanos silence, Nanos kill_after) {
    silence_ = silence;
    kill_after_ = kill_after;
  }
  void started(TimePoint now);
  void ended(std::string reason);
  void beat(const Beat& beat, TimePoint now);
  void ready(bool ready);

  enum class Verdict : unsigned char { kSame, kBecameStuck, kRecovered, kKill };
  /// Looks at the clock; to be called at next_look() at the latest.
  Verdict look(TimePoint now);
  Deadline next_look(TimePoint now) const;

  vip::GatewayCondition condition() const;
  bool was_ready() const { return was_ready_; }
  /// Alive, and what it is sent it may never read.
  bool stuck() const { return stuck_since_.has_value(); }
  Nanos silent_for(TimePoint now) const { return now - heard_; }

 private:
  bool silent(TimePoint now) const;

  Nanos silence_;
  Nanos kill_after_;
  bool alive_ = false;
  bool ended_ = false;
  bool ready_ = false;
  bool was_ready_ = false;  // in this life
  bool stalled_ = false;    // by its own word
  bool killed_ = false;
  std::optional<TimePoint> stuck_since_;
  TimePoint heard_;
  TimePoint started_;
  std::string reason_ = "it is starting";
};

}  // namespace hf::guardian
