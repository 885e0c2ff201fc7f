// The child's side of starting a script: from fork to exec, where nothing but system calls is allowed.
//
// Owner: ScriptRunner. Thread: its own.
// Invariants:
//   1. Everything that allocates, locks or looks something up has happened before fork.
//   2. A step that fails ends the child: it never runs the program with more rights than asked for.
#pragma once

#include <string>

#include <sys/types.h>

#include "base/result.h"
#include "guardian/steward/script_runner.h"

namespace hf::guardian::steward {

/// What the parent holds of a child. The fds are not blocking and not inherited by later children.
struct ScriptChild {
  pid_t pid = -1;
  int process = -1;  // pidfd
  int output = -1;
  int failure = -1;  // carries the words of child_failure when the program could not be started; else ends empty
};

/// Forks. `program` is the file to execute.
Result<ScriptChild> spawn_script(const ScriptRun& run, const std::string& program);

/// Of a child that has ended: why it could not become the program; empty when it could.
std::string child_failure(int failure_fd, const ScriptRun& run);

}  // namespace hf::guardian::steward
