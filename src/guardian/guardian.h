// Guardian: the process that holds the virtual addresses. It runs a VirtualRouter per [[vip]], keeps its two children
// alive, and is the middle of the star over which they talk.
//
//            ┌────────── gateway (own user): clients, servers, checks
//   guardian ┤  channel: beats, verdicts, commands ▲ reports, events ▼; a second socket: ports below 1024
//            └────────── steward (root): reads the file, runs scripts
//
// Owner: app/. Thread: one, that of its loop; run() returns the exit code.
// Invariants:
//   1. No client's byte, no file, no name server and no log is touched here. What a child does not take is dropped, bounded.
//   2. The gateway's end, silence and stall reach the virtual routers in the turn in which they are seen.
//   3. At a stop the addresses are handed over first, then the gateway is told to end.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "guardian/channel.h"
#include "guardian/child_process.h"
#include "guardian/gateway_watch.h"
#include "guardian/port_broker.h"
#include "guardian/restart_backoff.h"
#include "policy/vrrp/sync_group.h"
#include "runtime/call_timer.h"
#include "runtime/event_loop.h"
#include "vip/news.h"
#include "vip/router/route_socket.h"
#include "vip/router/virtual_router.h"
#include "vip/settings.h"

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
  };

  Guardian(runtime::EventLoop& loop, Options options, Settings settings);
  Guardian(const Guardian&) = delete;
  Guardian& operator=(const Guardian&) = delete;
  ~Guardian();

  /// Starts the children and the virtual routers. Errors: no netlink, a child cannot be started.
  Result<void> start();
  /// Hands the addresses over, ends the children, then stops the loop.
  void stop();
  /// For the gateway: it rereads the file, or reopens its log.
  void forward_signal(int number);

  int exit_code() const { return exit_code_; }
  /// What no gateway took: for standard error at the end.
  std::vector<Event> untold_events() const;

 private:
  struct Child {
    std::unique_ptr<ChildProcess> process;
    std::unique_ptr<Channel> channel;
    RestartBackoff backoff;
  };

  Result<void> start_gateway();
  Result<void> start_steward();
  Result<void> start_child(Child& child, const char* role, std::vector<int> fds);
  Result<int> open_port_broker();
  void signal_child(Child& child, int number);
  void gateway_ended(const std::string& how);
  void steward_ended(const std::string& how);
  void restart_gateway();
  void look_at_gateway();
  void tell_routers();

  void from_gateway(Message message);
  void from_steward(Message message);
  void on(const GatewayReady& ready);
  void on(const VipCommand& command);
  void on(RunScript request);
  void load_settings();
  void judge(vip::router::VirtualRouter& router);
  void apply(Settings next);
  void add_router(const vip::RouterSettings& settings);
  void tell_leaving(const vip::router::VirtualRouter& router);
  void regroup();

  void interfaces_changed();
  void stepped(vip::router::VirtualRouter& router);
  void settle();
  void settle_groups();
  void after_steps();
  void advance_stop();
  void emit(News news);
  void flush_news();
  void report_soon();
  void send_report();
  vip::router::VirtualRouter* find(std::string_view name);

  struct Group {
    std::string name;
    std::vector<vip::router::VirtualRouter*> members;
    policy::vrrp::SyncGroup machine;
  };

  runtime::EventLoop& loop_;
  Options options_;
  Settings settings_;
  std::uint64_t boot_id_;
  std::unique_ptr<vip::router::RouteSocket> routes_;
  vip::router::HeartbeatPorts heartbeat_ports_;
  std::vector<std::unique_ptr<vip::router::VirtualRouter>> routers_;
  std::vector<std::unique_ptr<vip::router::VirtualRouter>> leaving_;  // on their way out after a reload
  std::vector<vip::RouterSettings> arriving_;                 // wait for one of the same name to be gone
  std::vector<std::unique_ptr<Group>> groups_;
  std::deque<vip::router::VirtualRouter*> unsettled_;
  bool settling_ = false;

  Child gateway_;
  Child steward_;
  std::uint64_t gateway_restarts_ = 0;
  std::unique_ptr<PortBroker> port_broker_;
  GatewayWatch watch_;
  Verdicts verdicts_;         // the gateway's latest
  std::vector<int> kept_signals_;   // for a gateway that is not ready yet
  std::deque<News> news_;  // not yet taken by a gateway
  bool stopping_ = false;
  bool children_told_to_end_ = false;
  Deadline stop_deadline_;
  int exit_code_ = 0;
  Nanos longest_delay_{0};

  runtime::CallTimer interfaces_timer_;
  runtime::CallTimer watch_timer_;
  runtime::CallTimer gateway_timer_;   // its next start
  runtime::CallTimer steward_timer_;
  runtime::CallTimer report_timer_;
  runtime::CallTimer tick_timer_;      // once in a while: the report, and how late this process runs
  runtime::CallTimer stop_timer_;
  runtime::CallTimer after_timer_;     // when the steps at hand are done
  TimePoint tick_due_;
};

}  // namespace hf::guardian
