// RoleProcess: this program in another role (`run --role`) as a child, and the channel to it: one life after the other.
//
// Owner: Children, StewardKeeper. Thread: that of its loop.
// Invariants:
//   1. `ended` is called once for each life that was started, when the child was reaped, unless forget() came before.
//   2. runs(), pid() and channel() are still those of the life that ended within `ended`, and until forget().
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <sys/types.h>

#include "guardian/channel.h"
#include "guardian/child_process.h"
#include "guardian/restart_backoff.h"
#include "runtime/event_loop.h"

namespace hf::guardian {

class RoleProcess {
 public:
  struct Options {
    std::string program = "/proc/self/exe";
    std::string config_file{};
    std::string role{};
  };
  struct Listener {
    std::function<void(Message)> message;
    std::function<void(Error)> malformed;
    std::function<void(const std::string& how)> ended;
  };

  RoleProcess(runtime::EventLoop& loop, Options options, Listener listener);
  RoleProcess(const RoleProcess&) = delete;
  RoleProcess& operator=(const RoleProcess&) = delete;

  /// The child has its end of the channel at 3 and `more`, which are taken over, from 4 on.
  Result<void> start(std::vector<int> more = {});
  /// Nobody there: nothing happens.
  void signal(int number);
  /// Of a life that ended, or could not be started. One that still runs is killed.
  void forget();
  /// After which time to start the next one.
  Nanos next_delay() { return backoff_.next_delay(loop_.now()); }

  bool runs() const { return process_ != nullptr; }
  /// 0: none runs.
  pid_t pid() const { return runs() ? process_->pid() : 0; }
  /// nullptr: none runs.
  Channel* channel() { return channel_.get(); }

 private:
  /// This side's end is channel_; the other one is returned.
  Result<int> connect();
  Result<void> launch(const std::vector<int>& fds);

  runtime::EventLoop& loop_;
  Options options_;
  Listener listener_;
  std::unique_ptr<ChildProcess> process_;
  std::unique_ptr<Channel> channel_;
  RestartBackoff backoff_;
};

}  // namespace hf::guardian
