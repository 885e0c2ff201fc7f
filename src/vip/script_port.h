// ScriptPort: how the gateway's side has one of the configured scripts run: by its id, by way of guardian and steward.
//
// Owner: the gateway hands it to Tracker and Notifier. Thread: the control thread's.
// Invariants:
//   1. `done` is called at most once, in any turn, also within the call; it may never come when a process dies on the
//      way, so whoever waits for it has a deadline of his own.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/time.h"

namespace hf::vip {

struct ScriptCall {
  std::string script{};  // config::Script::id
  std::vector<std::string> arguments{};
  std::vector<std::string> environment{};
};

struct ScriptDone {
  std::uint64_t id = 0;
  bool started = false;  // false: reason tells why not
  bool timed_out = false;
  std::int32_t exit_code = 0;  // 128 + signal when a signal ended it
  std::string output{};        // the first 512 bytes of its output; the reason where not started
  friend bool operator==(const ScriptDone&, const ScriptDone&) = default;
};

using ScriptAnswer = std::function<void(const ScriptDone&)>;
using ScriptPort = std::function<void(ScriptCall, ScriptAnswer)>;

/// Beyond a script's own timeout: killing it and the way through two processes and back.
inline constexpr Nanos kScriptAnswerGrace = 5s;

}  // namespace hf::vip
