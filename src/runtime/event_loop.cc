#include "runtime/event_loop.h"

#include <algorithm>

#include "base/assert.h"
#include "runtime/frame_pool.h"
#include "runtime/task.h"

namespace hf::runtime {

namespace {
constexpr std::size_t kKeptBuffers = 256;
constexpr std::size_t kLargestKeptBuffer = 256 * 1024;
}  // namespace

void Leaf::resume_later() {
  context_->waiting = nullptr;
  context_->loop->resume_later(handle_);
}

EventLoop::EventLoop(std::unique_ptr<Poller> poller)
    : poller_(std::move(poller)), now_(poller_->now()), read_buffer_(new char[kReadBufferSize]) {}

EventLoop::~EventLoop() { FramePool::trim(); }

void EventLoop::run() {
  while (!stopping_.load(std::memory_order_acquire)) turn(Deadline::never());
  stopping_.store(false, std::memory_order_release);
}

void EventLoop::turn(Deadline until) {
  const bool work_left =
      !ready_.empty() || !again_.empty() || !dirty_.empty() || has_posted_.load(std::memory_order_acquire);
  if (work_left) {
    until = Deadline{TimePoint{0}};
  } else if (!timers_.empty()) {
    until = until.earlier(Deadline{timers_.earliest()});
  }
  busy_since_.store(0, std::memory_order_relaxed);
  poller_->wait(until);
  now_ = poller_->now();
  busy_since_.store(now_.nanos, std::memory_order_relaxed);
  ++turn_number_;
  again_now_.swap(again_);  // before the handlers run: what they ask for is for the next turn
  poller_->dispatch();

  for (std::size_t i = 0; i < again_now_.size(); ++i) {
    const Again item = again_now_[i];
    if (item.handler != nullptr) item.handler->on_ready(item.readiness);
  }
  again_now_.clear();
  if (!timers_.empty() && timers_.earliest() <= now_) timers_.fire(now_);
  if (has_posted_.load(std::memory_order_acquire)) run_posted();
  run_ready();
  flush_all();
}

void EventLoop::run_ready() {
  // Rounds, not a queue without end: tasks that wake each other for ever must not keep I/O from its turn.
  for (int round = 0; round < 8 && !ready_.empty(); ++round) {
    resuming_.swap(ready_);
    for (const std::coroutine_handle<> task : resuming_) task.resume();
    resuming_.clear();
  }
}

void EventLoop::flush_all() {
  for (int round = 0; round < 2 && !dirty_.empty(); ++round) {
    flushing_.swap(dirty_);
    for (std::size_t i = 0; i < flushing_.size(); ++i) {
      Flushable* stream = flushing_[i];
      if (stream == nullptr) continue;
      stream->flush_scheduled_ = false;
      stream->flush();
    }
    flushing_.clear();
  }
}

void EventLoop::run_posted() {
  std::vector<std::function<void()>> work;
  {
    const std::lock_guard lock(posted_mutex_);
    work.swap(posted_);
    has_posted_.store(false, std::memory_order_release);
  }
  for (const std::function<void()>& item : work) item();
}

void EventLoop::stop() {
  stopping_.store(true, std::memory_order_release);
  poller_->wake();
}

void EventLoop::post(std::function<void()> work) {
  {
    const std::lock_guard lock(posted_mutex_);
    posted_.push_back(std::move(work));
    has_posted_.store(true, std::memory_order_release);
  }
  poller_->wake();
}

void EventLoop::ready_next_turn(IoHandler& handler, std::uint32_t readiness) {
  for (Again& item : again_) {
    if (item.handler != &handler) continue;
    item.readiness |= readiness;
    return;
  }
  again_.push_back({&handler, readiness});
}

void EventLoop::forget(IoHandler& handler) {
  std::erase_if(again_, [&](const Again& item) { return item.handler == &handler; });
  for (Again& item : again_now_) {
    if (item.handler == &handler) item.handler = nullptr;
  }
}

void EventLoop::schedule_flush(Flushable& stream) {
  if (stream.flush_scheduled_) return;
  stream.flush_scheduled_ = true;
  dirty_.push_back(&stream);
}

void EventLoop::cancel_flush(Flushable& stream) {
  if (!stream.flush_scheduled_) {
    std::replace(flushing_.begin(), flushing_.end(), &stream, static_cast<Flushable*>(nullptr));
    return;
  }
  stream.flush_scheduled_ = false;
  std::erase(dirty_, &stream);
  std::replace(flushing_.begin(), flushing_.end(), &stream, static_cast<Flushable*>(nullptr));
}

std::string EventLoop::take_buffer() {
  if (buffers_.empty()) return {};
  std::string buffer = std::move(buffers_.back());
  buffers_.pop_back();
  return buffer;
}

void EventLoop::give_buffer(std::string buffer) {
  if (buffers_.size() >= kKeptBuffers || buffer.capacity() > kLargestKeptBuffer) return;
  buffer.clear();
  buffers_.push_back(std::move(buffer));
}

}  // namespace hf::runtime
