#include "runtime/epoll_poller.h"

#include <algorithm>
#include <cerrno>
#include <ctime>

#include <sys/eventfd.h>
#include <unistd.h>

#include "base/assert.h"

namespace hf::runtime {

EpollPoller::EpollPoller(clockid_t clock)
    : clock_(clock), epoll_fd_(::epoll_create1(EPOLL_CLOEXEC)), wake_fd_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  HF_CHECK(epoll_fd_ >= 0 && wake_fd_ >= 0);
  epoll_event event{};
  event.events = EPOLLIN | EPOLLET;
  event.data.ptr = nullptr;
  HF_CHECK(::epoll_ctl(epoll_fd_, EPOLL_CTL_ADD, wake_fd_, &event) == 0);
}

EpollPoller::~EpollPoller() {
  ::close(wake_fd_);
  ::close(epoll_fd_);
}

TimePoint EpollPoller::now() const {
  timespec ts{};
  ::clock_gettime(clock_, &ts);
  return TimePoint{ts.tv_sec * 1'000'000'000LL + ts.tv_nsec};
}

Result<void> EpollPoller::add(int fd, IoHandler& handler) {
  epoll_event event{};
  event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
  event.data.ptr = &handler;
  if (::epoll_ctl(epoll_fd_, EPOLL_CTL_ADD, fd, &event) != 0) return system_error(errno, "epoll_ctl");
  return {};
}

void EpollPoller::remove(int /*fd*/, IoHandler& handler) {
  // The caller closes the fd, which takes it off the epoll set. What is left is the rest of the batch at hand.
  for (std::size_t i = batch_next_; i < batch_size_; ++i) {
    if (batch_[i].data.ptr == &handler) batch_[i].events = 0;
  }
}

Result<void> EpollPoller::unwatch(int fd) {
  if (::epoll_ctl(epoll_fd_, EPOLL_CTL_DEL, fd, nullptr) != 0) return system_error(errno, "epoll_ctl");
  return {};
}

void EpollPoller::wait(Deadline until) {
  int timeout = -1;
  if (!until.is_never()) {
    const Nanos left = until.at - now();
    timeout = left <= Nanos::zero()
                  ? 0
                  : static_cast<int>(std::min<std::int64_t>((left.count() + 999'999) / 1'000'000, 3'600'000));
  }
  const int ready = ::epoll_wait(epoll_fd_, batch_.data(), static_cast<int>(kBatch), timeout);
  if (ready < 0) {
    HF_CHECK(errno == EINTR);
    return;
  }
  batch_size_ = static_cast<std::size_t>(ready);
}

void EpollPoller::dispatch() {
  for (batch_next_ = 0; batch_next_ < batch_size_;) {
    const epoll_event event = batch_[batch_next_++];
    if (event.events == 0) continue;
    if (event.data.ptr == nullptr) {
      std::uint64_t count = 0;
      [[maybe_unused]] const ssize_t n = ::read(wake_fd_, &count, sizeof count);
      continue;
    }
    std::uint32_t readiness = 0;
    if ((event.events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) readiness |= kReadable;
    if ((event.events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) != 0) readiness |= kWritable;
    if ((event.events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) readiness |= kPeerClosed;
    static_cast<IoHandler*>(event.data.ptr)->on_ready(readiness);
  }
  batch_size_ = 0;
  batch_next_ = 0;
}

void EpollPoller::wake() {
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t n = ::write(wake_fd_, &one, sizeof one);
}

}  // namespace hf::runtime
