// SteppedLoop: an event loop for tests with real sockets and a clock that only the test moves. Readiness is the
// kernel's; a timer fires when advance() has passed it and not before.
//
// Owner: the test. Thread: the test's.
// Invariant: nothing waits in real time for a timer. run_until gives up after kPatience of real time, so a wrong
// expectation is a failed test and not a hanging one.
#pragma once

#include <memory>

#include "runtime/epoll_poller.h"
#include "runtime/event_loop.h"
#include "runtime/scope.h"

namespace hf::runtime {

class SteppedPoller final : public Poller {
 public:
  TimePoint now() const override { return now_; }
  TimePoint real_now() const { return inner_.now(); }
  void advance(Nanos by) { now_ = now_ + by; }

  Result<void> add(int fd, IoHandler& handler) override { return inner_.add(fd, handler); }
  void remove(int fd, IoHandler& handler) override { inner_.remove(fd, handler); }
  Result<void> unwatch(int fd) override { return inner_.unwatch(fd); }
  void wait(Deadline until) override {
    inner_.wait(until.at <= now_ ? Deadline{TimePoint{0}} : Deadline::after(inner_.now(), kGlance));
  }
  void dispatch() override { inner_.dispatch(); }
  void wake() override { inner_.wake(); }

 private:
  static constexpr Nanos kGlance = 5ms;  // how long one turn looks for readiness
  EpollPoller inner_;
  TimePoint now_{1'000'000'000};
};

class SteppedLoop {
 public:
  EventLoop& operator*() { return loop_; }
  EventLoop* operator->() { return &loop_; }
  EventLoop* get() { return &loop_; }

  /// Moves the clock and takes one turn, in which everything due fires.
  void advance(Nanos by) {
    poller_->advance(by);
    loop_.turn(Deadline{TimePoint{0}});
  }
  void turn() { loop_.turn(Deadline::never()); }
  /// Turns until `done()`; false when that does not come true. The clock stands still meanwhile.
  template <typename Done>
  bool run_until(Done done) {
    const TimePoint limit = poller_->real_now() + kPatience;
    while (!done()) {
      if (poller_->real_now() > limit) return false;
      turn();
    }
    return true;
  }
  bool run_until_empty(const Scope& scope) {
    return run_until([&scope] { return scope.empty(); });
  }

 private:
  static constexpr Nanos kPatience = 20s;
  SteppedPoller* poller_ = new SteppedPoller;
  EventLoop loop_{std::unique_ptr<Poller>(poller_)};
};

}  // namespace hf::runtime
