// CallTimer: a Timer that calls a function. For owners with several timers; a class with one derives from Timer.
#pragma once

#include <functional>
#include <utility>

#include "runtime/timer_heap.h"

namespace hf::runtime {

class CallTimer final : public Timer {
 public:
  explicit CallTimer(std::function<void()> call) : call_(std::move(call)) {}

 private:
  void on_timer() override { call_(); }

  std::function<void()> call_;
};

}  // namespace hf::runtime
