// PendingScripts: the scripts that were asked for at the other end of a channel and are not answered yet.
//
// Owner: whoever holds that channel. Thread: that of its loop.
// Invariants:
//   1. Every ask is answered once, never within the call: by answered(), after its patience, by give_up_all(), or
//      because it could not be sent.
//   2. At most kMost wait at a time; a further one is answered with an error.
//   3. An answer may ask for the next script. None is called after the PendingScripts is gone, but of what could not be
//      sent.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>

#include "base/result.h"
#include "guardian/messages.h"
#include "runtime/call_timer.h"
#include "runtime/event_loop.h"
#include "vip/script_port.h"

namespace hf::guardian {

class PendingScripts {
 public:
  static constexpr std::size_t kMost = 128;
  static constexpr Nanos kSlack = vip::kScriptAnswerGrace;  // beyond the script's own timeout
  using Send = std::function<Result<void>(const RunScript&)>;

  explicit PendingScripts(runtime::EventLoop& loop);
  PendingScripts(const PendingScripts&) = delete;
  PendingScripts& operator=(const PendingScripts&) = delete;

  /// `timeout` is the script's own. `send` is called at once, or not at all; the request's number is given here.
  void ask(vip::ScriptCall call, Nanos timeout, vip::ScriptAnswer answer, const Send& send);
  /// Of one that nobody waits for any more: dropped.
  void answered(const ScriptDone& done);
  /// The other end is gone, for this reason.
  void give_up_all(const std::string& reason);

 private:
  struct Waiting {
    Deadline deadline;
    vip::ScriptAnswer answer;
  };

  void give_up_late();
  void watch_next();

  runtime::EventLoop& loop_;
  std::map<std::uint64_t, Waiting> waiting_;  // by the request's number
  std::uint64_t next_id_ = 1;
  runtime::CallTimer timer_;  // the earliest deadline, or one that was
};

}  // namespace hf::guardian
