// The real Poller: one epoll instance, edge-triggered, plus an eventfd for wake-ups from other threads.
#pragma once

#include <array>
#include <cstddef>
#include <ctime>

#include <sys/epoll.h>

#include "runtime/poller.h"

namespace hf::runtime {

class EpollPoller final : public Poller {
 public:
  /// `clock`: what now() reads. CLOCK_BOOTTIME goes on while the machine sleeps.
  explicit EpollPoller(clockid_t clock = CLOCK_MONOTONIC);
  EpollPoller(const EpollPoller&) = delete;
  EpollPoller& operator=(const EpollPoller&) = delete;
  ~EpollPoller() override;

  TimePoint now() const override;
  Result<void> add(int fd, IoHandler& handler) override;
  void remove(int fd, IoHandler& handler) override;
  Result<void> unwatch(int fd) override;
  void wait(Deadline until) override;
  void dispatch() override;
  void wake() override;
  /// wait() has found something that dispatch() has not told yet.
  bool found_any() const { return batch_size_ > 0; }

 private:
  static constexpr std::size_t kBatch = 256;

  clockid_t clock_;
  int epoll_fd_;
  int wake_fd_;
  std::array<epoll_event, kBatch> batch_{};
  std::size_t batch_size_ = 0;
  std::size_t batch_next_ = 0;
};

}  // namespace hf::runtime
