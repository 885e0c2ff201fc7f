// LeapingPoller: a Poller for tests with real sockets and a clock of its own, which stands still while anything is
// ready and leaps ahead when nothing is. So a timeout costs a few turns of the loop, and no real time.
//
// Owner: the event loop. Thread: that of its loop.
// Invariants:
//   1. One wait() moves the clock by kLeap at most: bytes that the kernel is about to deliver are seen before a timeout
//      of many times that.
//   2. Nothing ever sleeps.
#pragma once

#include <algorithm>

#include <sched.h>

#include "runtime/epoll_poller.h"

namespace hf::runtime {

class LeapingPoller final : public Poller {
 public:
  static constexpr Nanos kLeap = 5ms;

  TimePoint now() const override { return now_; }
  Result<void> add(int fd, IoHandler& handler) override { return inner_.add(fd, handler); }
  void remove(int fd, IoHandler& handler) override { inner_.remove(fd, handler); }
  Result<void> unwatch(int fd) override { return inner_.unwatch(fd); }
  void wait(Deadline until) override {
    constexpr int kLooks = 3;
    for (int look = 0; look < kLooks; ++look) {
      inner_.wait(Deadline{TimePoint{0}});
      if (inner_.found_any() || until.at <= now_) return;
      ::sched_yield();  // whoever delivers on this processor has its turn
    }
    now_ = std::min(until.at, now_ + kLeap);
  }
  void dispatch() override { inner_.dispatch(); }
  void wake() override { inner_.wake(); }

 private:
  EpollPoller inner_;
  TimePoint now_{1'000'000'000'000};
};

}  // namespace hf::runtime
