// ScriptRunner: runs programs under their users, each bounded in time and output.
//
// Owner: the steward. Thread: that of its loop.
// Invariants:
//   1. `done` is called once for each start that went well, from the loop's turn, after the program was reaped; never
//      after the runner is gone.
//   2. At most kMostRunning at a time; a further one is refused with kOverload.
//   3. A program is a session of its own: no terminal, standard input empty, no file of ours, no signal blocked or
//      ignored, the environment kScriptPath, HOME, USER, LOGNAME and what the request gives, folder /, umask 022.
//   4. At its timeout the whole process group is killed (SIGKILL: a check that hangs does not listen to SIGTERM
//      either). What left the group and the session by itself (a daemon) lives on.
//   5. A program that ends by itself ends the run, also when a child that it left in the background still holds its
//      output: such a child has to redirect it.
//   6. When the runner goes, or the process dies, what runs is killed.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "guardian/steward/script_user.h"
#include "runtime/event_loop.h"

namespace hf::guardian::steward {

struct ScriptRun {
  std::vector<std::string> command{};  // program (a path, or a name in kScriptPath) and arguments
  ScriptUser user{};
  std::vector<std::string> environment{};  // "NAME=value"
  Nanos timeout = 5s;
};

struct ScriptOutcome {
  bool started = false;  // false: output tells why not
  bool timed_out = false;
  std::int32_t exit_code = 0;  // 128 + signal when a signal ended it
  std::string output{};        // the first kKeptOutput bytes of what it wrote to either stream

  friend bool operator==(const ScriptOutcome&, const ScriptOutcome&) = default;
};

class ScriptRunner {
 public:
  static constexpr std::size_t kMostRunning = 32;
  static constexpr std::size_t kKeptOutput = 512;
  using Done = std::function<void(ScriptOutcome)>;

  explicit ScriptRunner(runtime::EventLoop& loop);
  ScriptRunner(const ScriptRunner&) = delete;
  ScriptRunner& operator=(const ScriptRunner&) = delete;
  ~ScriptRunner();

  /// kOverload, kAccessDenied (another user without being root; a program for root that others may change), kNotFound
  /// (no such program), kExhausted. What goes wrong later, in the child, comes through `done` with started = false.
  Result<void> start(ScriptRun run, Done done);
  std::size_t running() const { return runs_.size(); }

 private:
  class Run;
  void ended(Run* run);

  runtime::EventLoop& loop_;
  std::vector<std::unique_ptr<Run>> runs_;
};

}  // namespace hf::guardian::steward
