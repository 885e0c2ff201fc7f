// ScriptQueue: the notify scripts of one VIP or one receiver, one after the other in the order of what they tell.
//
// Owner: the Notifier. Thread: the control thread's.
// Invariants:
//   1. The next script starts only after the one before has ended, failed, or not answered in time.
//   2. At most kMostWaiting wait; beyond that the oldest is dropped and reported as failed.
//   3. Failed is called once for each script that was dropped, not started, not ended in time, or ended with another
//      exit code than 0.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <string>

#include "runtime/event_loop.h"
#include "vip/script_port.h"

namespace hf::notify {

class ScriptQueue final : private runtime::Timer {
 public:
  static constexpr std::size_t kMostWaiting = 64;
  using Failed = std::function<void(const std::string& reason)>;

  ScriptQueue(runtime::EventLoop& loop, vip::ScriptPort run);
  ScriptQueue(const ScriptQueue&) = delete;
  ScriptQueue& operator=(const ScriptQueue&) = delete;
  ~ScriptQueue() = default;

  /// `timeout`: the script's own.
  void push(vip::ScriptCall call, Nanos timeout, Failed failed);
  bool idle() const { return !running_ && waiting_.empty(); }

 private:
  struct Entry {
    vip::ScriptCall call;
    Nanos timeout;
    Failed failed;
  };
  void on_timer() override;
  void next();
  void ended(std::uint64_t number, const vip::ScriptDone& done);

  runtime::EventLoop& loop_;
  vip::ScriptPort run_;
  std::deque<Entry> waiting_;
  Failed failed_;             // of the one that runs
  std::uint64_t number_ = 0;  // of its run
  bool running_ = false;
  std::shared_ptr<ScriptQueue*> self_;  // answers hold it weakly
};

}  // namespace hf::notify
