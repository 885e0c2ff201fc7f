// Guardian: the process that holds the virtual addresses. It runs a VirtualRouter per [[vip]] (Routers), keeps its two
// children alive (Children), and is the middle of the star over which they talk.
//
//            ┌────────── gateway (own user): clients, servers, checks
//   guardian ┤  channel: beats, verdicts, commands ▲ reports, events ▼; a second socket: ports below 1024
//            └────────── steward (root): reads the file, runs scripts
//
// Owner: app/. Thread: one, that of its loop; run() returns the exit code.
// Invariants:
//   1. No client's byte, no file, no name server and no log is touched here. What a child does not take is dropped,
//      bounded.
//   2. The gateway's end, silence and stall reach the virtual routers in the turn in which they are seen.
//   3. At a stop the addresses are handed over first, then the gateway is told to end.
//   4. Nothing is begun before the claims on all virtual routers are had (claims.h): for a process that is about to end
//      they are waited for, one that runs stays untouched.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "guardian/children.h"
#include "guardian/outbox.h"
#include "guardian/routers.h"
#include "runtime/call_timer.h"
#include "runtime/event_loop.h"

namespace hf::guardian {

/// What the operating system granted this process, for the report.
struct GuardianStanding {
  bool realtime = false;
  bool memory_locked = false;
  std::vector<std::pair<std::string, std::string>> degradations{};  // what was refused, and why
};

class Guardian {
 public:
  struct Options {
    std::string program = "/proc/self/exe";
    std::string config_file{};
    GuardianStanding standing{};
    std::vector<StandingOrder> orders{};  // of an earlier life
  };

  Guardian(runtime::EventLoop& loop, Options options, Settings settings);
  Guardian(const Guardian&) = delete;
  Guardian& operator=(const Guardian&) = delete;

  /// Claims the virtual routers, then starts the children and them. Errors: no netlink.
  Result<void> start();
  /// Hands the addresses over, ends the children, then stops the loop.
  void stop();
  /// For the gateway: it rereads the file, or reopens its log.
  void forward_signal(int number) { children_.forward_signal(number); }

  /// Why it could not begin; empty: its first gateway has said so itself. Else it could.
  const std::optional<std::string>& failure() const { return failure_; }
  /// What no gateway took: for standard error at the end.
  std::vector<Event> untold_events() const { return outbox_.untold(); }

 private:
  Outbox::Ports outbox_ports();
  Children::Listener children_listener();
  Routers::Listener routers_listener();
  void claim();
  void begin();
  void give_up(const std::string& why);
  void from_gateway(const Message& message);
  void from_steward(Message message);
  void command(const VipCommand& command);
  void apply(Settings next);
  void advance_stop();
  void tick();
  Report report();

  runtime::EventLoop& loop_;
  GuardianStanding standing_;
  Settings settings_;  // that it starts with
  Outbox outbox_;
  Children children_;
  Routers routers_;  // goes first: taking its addresses off may have to be told
  bool stopping_ = false;
  bool children_told_to_end_ = false;
  Deadline patience_;  // for the claims; at a stop for the hand-over, then for the children
  std::optional<std::string> failure_;
  Nanos longest_delay_{0};
  TimePoint tick_due_;
  runtime::CallTimer tick_timer_;  // once in a while: the report, and how late this process runs
  runtime::CallTimer stop_timer_;
  runtime::CallTimer claim_timer_;  // until everything is claimed
};

}  // namespace hf::guardian
