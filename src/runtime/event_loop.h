// The event loop: one per thread. A turn = wait for readiness, call handlers, fire timers, resume tasks that became
// ready, then send what they wrote. Everything of a shard happens inside turns of its loop.
//
// Thread: all members belong to the loop's thread, except post() and stop().
// Invariants:
//   1. now() is read once per turn.
//   2. Writes are flushed once per turn, after all work of the turn, so replies of one peer leave in one send.
//   3. read_buffer() is one hot buffer for all streams; its content is valid until the reader's next suspension.
//   4. A handler never runs inside another: tasks that are woken by tasks are queued.
#pragma once

#include <atomic>
#include <coroutine>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "base/time.h"
#include "runtime/poller.h"
#include "runtime/timer_heap.h"

namespace hf::runtime {

/// Something with output to send at the end of the turn.
class Flushable {
 public:
  virtual void flush() = 0;

 protected:
  ~Flushable() = default;

 private:
  friend class EventLoop;
  bool flush_scheduled_ = false;
};

class EventLoop {
 public:
  static constexpr std::size_t kReadBufferSize = 64 * 1024;

  explicit EventLoop(std::unique_ptr<Poller> poller);
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;
  ~EventLoop();

  /// Turns until stop(). What is suspended then stays suspended; scopes are closed before stopping.
  void run();
  /// One turn; waits at most until `until`.
  void turn(Deadline until);

  /// From any thread: ends run() after the current turn.
  void stop();
  /// From any thread: runs `work` on the loop's thread, in order. Not for the request path.
  void post(std::function<void()> work);

  TimePoint now() const { return now_; }
  Deadline deadline_in(Nanos d) const { return Deadline::after(now_, d); }
  std::uint64_t turn_number() const { return turn_number_; }
  Poller& poller() { return *poller_; }
  TimerHeap& timers() { return timers_; }
  void arm(Timer& timer, TimePoint at) { timers_.arm(timer, at); }

  void resume_later(std::coroutine_handle<> task) { ready_.push_back(task); }
  /// Calls `handler.on_ready` again in the next turn: for those who stopped before they had drained their fd.
  void ready_next_turn(IoHandler& handler, std::uint32_t readiness);
  void forget(IoHandler& handler);

  void schedule_flush(Flushable& stream);
  void cancel_flush(Flushable& stream);

  std::span<char> read_buffer() { return {read_buffer_.get(), kReadBufferSize}; }
  /// Output buffers, kept while unused by the loop instead of by idle connections.
  std::string take_buffer();
  void give_buffer(std::string buffer);

  /// When the turn at hand began, for the stall detector of another thread; 0 while waiting.
  std::int64_t busy_since() const { return busy_since_.load(std::memory_order_relaxed); }

 private:
  void run_posted();
  void run_ready();
  void flush_all();

  std::unique_ptr<Poller> poller_;
  TimePoint now_;
  std::uint64_t turn_number_ = 0;
  TimerHeap timers_;
  std::vector<std::coroutine_handle<>> ready_;
  std::vector<std::coroutine_handle<>> resuming_;
  struct Again {
    IoHandler* handler;
    std::uint32_t readiness;
  };
  std::vector<Again> again_;
  std::vector<Again> again_now_;
  std::vector<Flushable*> dirty_;
  std::vector<Flushable*> flushing_;
  std::unique_ptr<char[]> read_buffer_;
  std::vector<std::string> buffers_;

  std::mutex posted_mutex_;
  std::vector<std::function<void()>> posted_;
  std::atomic<bool> has_posted_{false};
  std::atomic<bool> stopping_{false};
  std::atomic<std::int64_t> busy_since_{0};
};

}  // namespace hf::runtime
