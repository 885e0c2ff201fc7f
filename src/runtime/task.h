// Task<T>: a lazy coroutine that is awaited exactly once. It starts when awaited and resumes its awaiter when it
// returns.
//
// Owner: the frame that awaits it. Thread: that of its event loop.
// Invariants:
//   1. A frame is never destroyed while suspended: a task that is to end early is cancelled, which resumes its leaf
//      with ErrorCode::kCancelled, and returns unwind the stack.
//   2. All tasks below one Scope::spawn share one TaskContext; at most one leaf of it waits at a time.
//   3. Transfer of control is symmetric: depth of awaiting does not grow the machine stack.
#pragma once

#include <coroutine>
#include <exception>
#include <optional>
#include <type_traits>
#include <utility>

#include "base/assert.h"
#include "runtime/frame_pool.h"

/// Keeps a coroutine's frame its own, where the optimiser would merge it into its caller's: for a short phase of a long
/// life.
#define HF_SEPARATE_FRAME [[gnu::noinline]]

namespace hf::runtime {

class EventLoop;
class Leaf;

/// What a whole stack of tasks shares: its loop, what it waits for, and whether it has been told to end.
struct TaskContext {
  EventLoop* loop = nullptr;
  Leaf* waiting = nullptr;
  bool cancelled = false;
};

class PromiseBase {
 public:
  static void* operator new(std::size_t size) { return FramePool::allocate(size); }
  static void operator delete(void* frame, std::size_t size) noexcept { FramePool::release(frame, size); }

  TaskContext* context = nullptr;
  std::coroutine_handle<> continuation;

  std::suspend_always initial_suspend() noexcept { return {}; }

  struct FinalAwaiter {
    bool await_ready() noexcept { return false; }
    template <typename Promise>
    std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> self) noexcept {
      return self.promise().continuation;
    }
    void await_resume() noexcept {}
  };
  FinalAwaiter final_suspend() noexcept { return {}; }
  [[noreturn]] void unhandled_exception() noexcept { std::terminate(); }
};

template <typename T>
class PromiseOf : public PromiseBase {
 public:
  std::optional<T> value;
  template <typename U>
  void return_value(U&& v) {
    value.emplace(std::forward<U>(v));
  }
  T take() { return std::move(*value); }
};

template <>
class PromiseOf<void> : public PromiseBase {
 public:
  void return_void() noexcept {}
  void take() noexcept {}
};

template <typename T>
class [[nodiscard]] Task {
 public:
  struct promise_type : PromiseOf<T> {
    Task get_return_object() { return Task(std::coroutine_handle<promise_type>::from_promise(*this)); }
  };

  Task(const Task&) = delete;
  Task& operator=(const Task&) = delete;
  ~Task() { handle_.destroy(); }

  class Awaiter {
   public:
    explicit Awaiter(std::coroutine_handle<promise_type> child) : child_(child) {}
    bool await_ready() const noexcept { return false; }
    template <typename Promise>
    std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> parent) noexcept {
      child_.promise().context = parent.promise().context;
      child_.promise().continuation = parent;
      return child_;
    }
    T await_resume() { return child_.promise().take(); }

   private:
    std::coroutine_handle<promise_type> child_;
  };
  Awaiter operator co_await() && noexcept { return Awaiter(handle_); }

 private:
  explicit Task(std::coroutine_handle<promise_type> handle) : handle_(handle) {}
  std::coroutine_handle<promise_type> handle_;
};

/// What every suspended stack of tasks ends in: one wait, for I/O, time or a signal. Lives in the awaiting frame.
class Leaf {
 public:
  Leaf() = default;
  Leaf(const Leaf&) = delete;
  Leaf& operator=(const Leaf&) = delete;

  /// Ends the wait with ErrorCode::kCancelled. Called only while waiting; the resumption comes later, from the loop.
  virtual void cancel() = 0;

 protected:
  ~Leaf() = default;

  template <typename Promise>
  void begin_wait(std::coroutine_handle<Promise> handle) noexcept {
    handle_ = handle;
    context_ = handle.promise().context;
    context_->waiting = this;
  }
  /// Only from the loop's own turn (readiness or timer callbacks): nobody of ours is on the stack.
  void resume_now() {
    context_->waiting = nullptr;
    handle_.resume();
  }
  /// From anywhere else: the loop resumes the task later in this turn.
  void resume_later();

  TaskContext* context() const { return context_; }

 private:
  std::coroutine_handle<> handle_;
  TaskContext* context_ = nullptr;
};

}  // namespace hf::runtime
