// TrackSource: one tracked thing that is watched: tells good, bad or not known yet, and when that changes.
//
// Owner: the Tracker. Thread: the control thread's.
// Invariants:
//   1. `changed` is called after result() has become another one, never during construction or reconfigure.
//   2. Nothing is watched before start().
#pragma once

#include <functional>
#include <memory>

#include "config/config.h"
#include "runtime/event_loop.h"
#include "vip/script_port.h"
#include "vip/track/track_sum.h"

namespace hf::vip::track {

class TrackSource {
 public:
  TrackSource(const TrackSource&) = delete;
  TrackSource& operator=(const TrackSource&) = delete;
  virtual ~TrackSource() = default;

  virtual void start() = 0;
  /// From a reload: the same thing with, say, another interval. What is known stays known.
  virtual void reconfigure(const config::Track& track) = 0;
  /// Look again now, if looking costs nothing.
  virtual void refresh() {}

  const TrackResult& result() const { return result_; }

 protected:
  explicit TrackSource(std::function<void()> changed) : changed_(std::move(changed)) {}
  void become(TrackResult result) {
    if (result == result_) return;
    result_ = std::move(result);
    changed_();
  }

 private:
  std::function<void()> changed_;
  TrackResult result_;
};

}  // namespace hf::vip::track
