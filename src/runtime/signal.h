// Waits that are not I/O: sleep_until, and Signal, on which tasks wait until another task of the same loop notifies.
//
// Thread: that of the loop. Invariant: a notified waiter is resumed from the loop, never from within notify.
#pragma once

#include <cstddef>

#include "base/result.h"
#include "runtime/event_loop.h"
#include "runtime/task.h"

namespace hf::runtime {

class Signal {
 public:
  explicit Signal(EventLoop& loop) : loop_(loop) {}
  Signal(const Signal&) = delete;
  Signal& operator=(const Signal&) = delete;
  ~Signal() { HF_CHECK(first_ == nullptr); }

  class Waiter final : public Leaf, private Timer {
   public:
    Waiter(Signal& signal, Deadline deadline) : signal_(signal), deadline_(deadline) {}
    bool await_ready() const noexcept { return false; }
    template <typename Promise>
    bool await_suspend(std::coroutine_handle<Promise> handle) {
      if (handle.promise().context->cancelled) {
        code_ = ErrorCode::kCancelled;
        return false;
      }
      begin_wait(handle);
      enlist();
      return true;
    }
    /// ok when notified; kTimeout or kCancelled otherwise.
    Result<void> await_resume() const;

   private:
    friend class Signal;
    void enlist();
    void finish(ErrorCode code);
    void cancel() override;
    void on_timer() override;

    Signal& signal_;
    Deadline deadline_;
    ErrorCode code_ = ErrorCode::kSystem;  // kSystem here means: notified
    Waiter* previous_ = nullptr;
    Waiter* next_ = nullptr;
  };

  Waiter wait(Deadline deadline) { return Waiter(*this, deadline); }
  /// Wakes the one who has waited longest. Returns whether there was one.
  bool notify_one();
  void notify_all();
  std::size_t waiting() const { return count_; }

 private:
  EventLoop& loop_;
  Waiter* first_ = nullptr;
  Waiter* last_ = nullptr;
  std::size_t count_ = 0;
};

/// Waits until `deadline`; ok when it has come, kCancelled otherwise. Deadline::never() waits for cancellation.
class SleepUntil final : public Leaf, private Timer {
 public:
  explicit SleepUntil(Deadline deadline) : deadline_(deadline) {}
  bool await_ready() const noexcept { return false; }
  template <typename Promise>
  bool await_suspend(std::coroutine_handle<Promise> handle) {
    if (handle.promise().context->cancelled) {
      cancelled_ = true;
      return false;
    }
    begin_wait(handle);
    start();
    return true;
  }
  Result<void> await_resume() const;

 private:
  void start();
  void cancel() override;
  void on_timer() override;

  Deadline deadline_;
  bool cancelled_ = false;
};

inline SleepUntil sleep_until(Deadline deadline) { return SleepUntil(deadline); }

/// co_await this_context(): the context of the awaiting task, for its loop and its cancelled flag. Never suspends.
struct ThisContext {
  TaskContext* context = nullptr;
  bool await_ready() const noexcept { return false; }
  template <typename Promise>
  bool await_suspend(std::coroutine_handle<Promise> handle) noexcept {
    context = handle.promise().context;
    return false;
  }
  TaskContext& await_resume() const noexcept { return *context; }
};
inline ThisContext this_context() { return {}; }

}  // namespace hf::runtime
