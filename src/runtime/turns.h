// Turns: of the tasks that want it, one at a time has the turn; the others wait.
//
// Owner: whoever has work that must not run beside itself. Thread: that of the loop.
// Invariants:
//   1. At most one Turn is out; it ends with its object.
//   2. Behind close() nobody gets one, and whoever waits is told so.
#pragma once

#include <utility>

#include "base/result.h"
#include "runtime/signal.h"
#include "runtime/task.h"

namespace hf::runtime {

class Turns {
 public:
  class [[nodiscard]] Turn {
   public:
    Turn(Turn&& other) noexcept : turns_(std::exchange(other.turns_, nullptr)) {}
    Turn& operator=(Turn&&) = delete;
    ~Turn() {
      if (turns_ != nullptr) turns_->end();
    }

   private:
    friend class Turns;
    explicit Turn(Turns& turns) : turns_(&turns) {}
    Turns* turns_;
  };

  explicit Turns(EventLoop& loop) : ended_(loop) {}

  /// Errors: kTimeout, kCancelled; kClosed behind close().
  static Task<Result<Turn>> take(Turns* self, Deadline patience);
  void close();

 private:
  void end();

  Signal ended_;
  bool taken_ = false;
  bool closed_ = false;
};

}  // namespace hf::runtime
