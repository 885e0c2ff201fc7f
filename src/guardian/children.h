// Children: the two processes beside the guardian, gateway and steward: started, watched, started anew, and told to
// end. What one of them has for the other, scripts and their ends, goes through here.
//
// Owner: the Guardian. Thread: that of its loop.
// Invariants:
//   1. A child that ends is started anew after its RestartBackoff, until keep_ended(); a gateway that was never ready
//      and ends is not.
//   2. The gateway's end, silence and stall are told (Listener::condition) in the turn in which they are seen.
//   3. A child's end, and what a child says that cannot be read, is an event.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <sys/types.h>

#include "guardian/channel.h"
#include "guardian/gateway_watch.h"
#include "guardian/messages.h"
#include "guardian/port_broker.h"
#include "guardian/role_process.h"
#include "guardian/steward_keeper.h"
#include "runtime/call_timer.h"
#include "runtime/event_loop.h"

namespace hf::guardian {

class Children {
 public:
  struct Options {
    std::string program = "/proc/self/exe";
    std::string config_file{};
  };
  struct Listener {
    // of the gateway; it may read news now, or not any more
    std::function<void(const vip::GatewayCondition&)> condition;
    std::function<void(Message)> from_gateway;  // Verdicts, VipCommand
    std::function<void(Message)> from_steward;  // SettingsLoaded, SettingsFailed
    std::function<void(News)> news;
    std::function<std::string()> held;   // the VIPs that the gateway served, for the event of its end
    std::function<void()> cannot_start;  // the first gateway ended before it was ready
    std::function<void()> ended;         // one of them, after keep_ended()
  };

  Children(runtime::EventLoop& loop, Options options, const Settings& settings, Listener listener);
  Children(const Children&) = delete;
  Children& operator=(const Children&) = delete;

  Result<void> start();
  /// For the gateway. One that starts does not listen for signals yet, and would die of them: it gets them when it is
  /// ready.
  void forward_signal(int number);
  void set_limits(const Settings& settings) { watch_.set_limits(settings.gateway_silence, settings.gateway_kill); }
  /// From now on nobody is started any more.
  void keep_ended();
  void signal_gateway(int number) { gateway_.signal(number); }
  void signal_steward(int number) { steward_.signal(number); }

  bool gateway_runs() const { return gateway_.runs(); }
  bool steward_runs() const { return steward_.runs(); }
  pid_t steward_pid() const { return steward_.pid(); }
  std::uint64_t gateway_restarts() const { return gateway_restarts_; }
  /// nullptr: there is none.
  Channel* gateway() { return gateway_.channel(); }
  /// Whether the gateway takes in what it is sent.
  bool gateway_reads() const { return watch_.was_ready() && !watch_.stuck(); }

 private:
  RoleProcess::Listener gateway_listener();
  StewardKeeper::Listener steward_listener();
  Result<void> start_gateway();
  Result<int> open_port_broker();
  void gateway_ended(const std::string& how);
  void steward_ended(const std::string& how);
  void restart_gateway();
  void malformed(const Error& error);
  void look_at_gateway();
  void receive_from_gateway(Message message);
  void receive_from_steward(Message message);
  void on(const GatewayReady& ready);
  void on(RunScript request);
  void load_settings();

  runtime::EventLoop& loop_;
  Listener listener_;
  RoleProcess gateway_;
  StewardKeeper steward_;
  std::unique_ptr<PortBroker> port_broker_;
  GatewayWatch watch_;
  std::uint64_t gateway_restarts_ = 0;
  std::vector<int> kept_signals_;  // for a gateway that is not ready yet
  bool ending_ = false;
  runtime::CallTimer watch_timer_;
  runtime::CallTimer gateway_timer_;  // its next start
};

}  // namespace hf::guardian
