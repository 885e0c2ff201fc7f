// Scope: the only place where concurrency starts. Every task spawned in a scope ends before the scope does.
//
// Owner: whoever runs the activity (a listener, a shard, a test). Thread: that of its loop.
// Invariants: 1. No detached tasks. 2. close() cancels, waits, and reports names of what did not end in time. 3. A
// scope is empty when destroyed (checked).
#pragma once

#include <functional>
#include <string>
#include <utility>

#include "base/result.h"
#include "runtime/event_loop.h"
#include "runtime/signal.h"
#include "runtime/task.h"

namespace hf::runtime {

class Scope {
 public:
  explicit Scope(EventLoop& loop) : loop_(loop), emptied_(loop) {}
  Scope(const Scope&) = delete;
  Scope& operator=(const Scope&) = delete;
  ~Scope() { HF_CHECK(count_ == 0); }

  /// Starts `function(args…)`, which returns Task<void>, at once, up to its first wait. Arguments are moved into the
  /// task's frame; references must be passed as std::ref and outlive the scope. `name` is a literal.
  template <typename Function, typename... Args>
  void spawn(const char* name, Function function, Args... args) {
    start(run(*this, name, std::move(function), std::move(args)...).handle);
  }

  std::size_t size() const { return count_; }
  bool empty() const { return count_ == 0; }
  EventLoop& loop() { return loop_; }

  /// Tells every task to end. They do so in their own time; wait with close() or idle().
  void cancel();
  /// Waits until no task is left, without cancelling. kTimeout when the deadline passes first.
  Task<Result<void>> idle(Deadline deadline);
  /// cancel() and idle(); the error of a timeout names the tasks that are left.
  Task<Result<void>> close(Deadline deadline);
  /// Waits until no task is left, even when the waiting task is cancelled: that is handed on to the tasks. For a scope
  /// that lives in a coroutine's frame, which must not be left before.
  Task<void> join();

 private:
  struct Root {
    struct promise_type : PromiseBase {
      TaskContext own_context;
      Scope* scope;
      const char* name;
      promise_type* previous = nullptr;
      promise_type* next = nullptr;

      template <typename... Rest>
      promise_type(Scope& s, const char* n, const Rest&... /*unused*/) : scope(&s), name(n) {
        own_context.loop = &s.loop_;
        context = &own_context;
        s.link(*this);
      }
      Root get_return_object() { return Root{std::coroutine_handle<promise_type>::from_promise(*this)}; }
      struct Finish {
        bool await_ready() noexcept { return false; }
        void await_suspend(std::coroutine_handle<promise_type> self) noexcept {
          Scope* owner = self.promise().scope;
          owner->unlink(self.promise());
          self.destroy();
          owner->ended();
        }
        void await_resume() noexcept {}
      };
      Finish final_suspend() noexcept { return {}; }
      void return_void() noexcept {}
    };
    std::coroutine_handle<promise_type> handle;
  };

  template <typename Function, typename... Args>
  static Root run(Scope& /*scope*/, const char* /*name*/, Function function, Args... args) {
    co_await std::invoke(std::move(function), std::move(args)...);
  }

  static void start(std::coroutine_handle<Root::promise_type> root) { root.resume(); }
  void link(Root::promise_type& root);
  void unlink(Root::promise_type& root);
  void ended();
  std::string names() const;

  EventLoop& loop_;
  Root::promise_type* first_ = nullptr;
  std::size_t count_ = 0;
  Signal emptied_;
};

}  // namespace hf::runtime
