// ChildProcess: a process that the guardian, or a gateway of an ordinary user, started: from its start to its end.
//
// Owner: RoleProcess. Thread: that of its loop.
// Invariants:
//   1. Starting copies no page tables (vfork semantics): the thread, be it a locked, real-time guardian's, waits for
//      the exec only. Others go on: what they close meanwhile stays open until then, so that closing a watched socket
//      takes Poller::unwatch.
//   2. The child has stdin, stdout and stderr, `fds` at 3, 4, …, and nothing else open; no signal blocked, ignored or
//      handled; SCHED_OTHER with the nice value of its parent (0 if that is real-time); a process group of its own, so
//      that Ctrl-C at a terminal reaches the parent alone.
//   3. on_exit is called once, from the loop's turn, after the child was reaped. The ChildProcess may be destroyed in
//      it.
//   4. Signals go through a pidfd: never to another process that got the same number.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <sys/types.h>

#include "base/result.h"
#include "runtime/event_loop.h"

namespace hf::guardian {

class ChildProcess final : private runtime::IoHandler {
 public:
  struct Options {
    std::string program{};                 // a path: "/proc/self/exe"
    std::vector<std::string> arguments{};  // argv, the name first
    std::vector<int> fds{};                // stay the caller's; duplicates are at 3, 4, … in the child
  };
  using OnExit = std::function<void(int wait_status)>;

  /// kNotFound and others: the program could not be executed, with the system's word for it.
  static Result<std::unique_ptr<ChildProcess>> start(runtime::EventLoop& loop, const Options& options, OnExit on_exit);
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;
  /// A child that still runs is killed (SIGKILL). Nobody waits for it: it stays a zombie until its parent ends.
  ~ChildProcess();

  pid_t pid() const { return pid_; }
  bool running() const { return pidfd_ >= 0; }
  /// kNotFound: it has ended.
  Result<void> kill(int signal);

 private:
  ChildProcess(runtime::EventLoop& loop, pid_t pid, int pidfd, OnExit on_exit);
  void on_ready(std::uint32_t readiness) override;
  void forget();

  runtime::EventLoop& loop_;
  pid_t pid_;
  int pidfd_;  // -1: reaped
  OnExit on_exit_;
};

/// "exit code 1", "killed by signal 9", "killed by signal 11 (core dumped)".
std::string describe_exit(int wait_status);

}  // namespace hf::guardian
