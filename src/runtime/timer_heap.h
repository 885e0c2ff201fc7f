// Timers: an intrusive 4-ary heap ordered by time. Setting, moving and removing cost O(log n) and no allocation beyond
// the heap's array. Owner: the event loop. A Timer removes itself when destroyed.
#pragma once

#include <cstddef>
#include <vector>

#include "base/time.h"

namespace hf::runtime {

class TimerHeap;

class Timer {
 public:
  Timer() = default;
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;

  bool armed() const { return heap_ != nullptr; }
  TimePoint at() const { return at_; }
  void disarm();

  /// Called from the loop's turn, with the timer disarmed. May arm it again or destroy it.
  virtual void on_timer() = 0;

 protected:
  ~Timer() { disarm(); }

 private:
  friend class TimerHeap;
  TimePoint at_;
  TimerHeap* heap_ = nullptr;
  std::size_t position_ = 0;
};

class TimerHeap {
 public:
  TimerHeap() = default;
  TimerHeap(const TimerHeap&) = delete;
  TimerHeap& operator=(const TimerHeap&) = delete;
  ~TimerHeap();

  void arm(Timer& timer, TimePoint at);
  void disarm(Timer& timer);
  bool empty() const { return heap_.empty(); }
  std::size_t size() const { return heap_.size(); }
  /// When the earliest is due; only when not empty.
  TimePoint earliest() const { return heap_.front()->at_; }
  /// Fires what is due at `now`, each once; timers armed meanwhile for a time that is due wait for the next call.
  void fire(TimePoint now);

 private:
  void place(std::size_t position, Timer* timer);
  void sift_up(std::size_t position, Timer* timer);
  void sift_down(std::size_t position, Timer* timer);

  std::vector<Timer*> heap_;
  std::vector<Timer*> due_;
};

}  // namespace hf::runtime
