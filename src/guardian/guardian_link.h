// GuardianLink: the gateway's end of the talk with its guardian: beats, verdicts, orders and scripts one way; reports
// and events the other.
//
// Owner: app/. Thread: that of its loop, the gateway's control thread.
// Invariants:
//   1. A beat goes out every kBeatInterval, as long as the loop turns.
//   2. Every run_script is answered once, also when the guardian is gone: see PendingScripts.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "base/result.h"
#include "guardian/channel.h"
#include "guardian/messages.h"
#include "guardian/pending_scripts.h"
#include "policy/vrrp/input.h"
#include "runtime/call_timer.h"
#include "runtime/event_loop.h"

namespace hf::guardian {

class GuardianLink {
 public:
  struct Listener {
    std::function<void(const Report&)> report;
    std::function<void(News)> news;
    std::function<void(const AddressesLeave&)> addresses_leave;
    std::function<void(const CommandDone&)> command_done;
    std::function<void()> lost;
    std::function<Nanos()> stalled;  // asked before each beat: how long the slowest loop has been in one turn
  };

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
  /// `timeout` is the script's own.
  void run_script(vip::ScriptCall call, Nanos timeout, vip::ScriptAnswer answer);

 private:
  void receive(Message message);
  void beat();
  void lost();

  runtime::EventLoop& loop_;
  Listener listener_;
  Channel channel_;
  PendingScripts scripts_;
  std::uint64_t next_order_ = 1;
  runtime::CallTimer beat_timer_;
};

}  // namespace hf::guardian
