// GuardianLink: the gateway's end of the talk with its guardian: beats, verdicts, orders and scripts one way; reports
// and events the other.
//
// Owner: app/. Thread: that of its loop, the gateway's control thread.
// Invariants:
//   1. A beat goes out every kBeatInterval, as long as the loop turns.
//   2. Every run_script is answered once: by the guardian, or after its patience, or when the guardian is gone.
//   3. At most kMostScripts of them wait at a time.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "base/result.h"
#include "guardian/channel.h"
#include "guardian/messages.h"
#include "policy/vrrp/input.h"
#include "runtime/call_timer.h"
#include "runtime/event_loop.h"

namespace hf::guardian {

class GuardianLink {
 public:
  static constexpr std::size_t kMostScripts = 128;
  static constexpr Nanos kScriptSlack = 5s;  // beyond the script's own timeout

  struct Listener {
    std::function<void(const Report&)> report;
    std::function<void(News)> news;
    std::function<void(const AddressesLeave&)> addresses_leave;
    std::function<void(const CommandDone&)> command_done;
    std::function<void()> lost;
    std::function<Nanos()> stalled;  // asked before each beat: how long the slowest loop has been in one turn
  };
  using ScriptAnswer = std::function<void(const ScriptDone&)>;

  /// Takes `fd` over.
  GuardianLink(runtime::EventLoop& loop, int fd, Listener listener);
  GuardianLink(const GuardianLink&) = delete;
  GuardianLink& operator=(const GuardianLink&) = delete;

  bool connected() const { return !channel_.closed(); }
  void ready(bool ready);
  void verdicts(const Verdicts& verdicts);
  void settings_changed();
  /// The order's number, which its CommandDone carries. kUnreachable, kOverload.
  Result<std::uint64_t> command(std::string router, policy::vrrp::OperatorCommand command);
  /// `timeout` is the script's own. request.id is filled in here.
  void run_script(RunScript request, Nanos timeout, ScriptAnswer answer);

 private:
  struct Waiting {
    Deadline deadline;
    ScriptAnswer answer;
  };

  void receive(Message message);
  void beat();
  void give_up_late_scripts();
  void lost();

  runtime::EventLoop& loop_;
  Listener listener_;
  Channel channel_;
  std::map<std::uint64_t, Waiting> scripts_;
  std::uint64_t next_id_ = 1;
  runtime::CallTimer beat_timer_;
};

}  // namespace hf::guardian
