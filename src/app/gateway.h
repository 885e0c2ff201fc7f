// Gateway: the running program. The control thread's loop, the data shards, a watcher per service, the admin interface,
// and the one path for start, reload and stop.
//
// Owner: main. Thread: run() makes the calling thread the control thread; nothing else is called from outside.
// Invariants:
//   1. A configuration takes effect whole or not at all.
//   2. Shards hear of services and views only by posted messages, in order.
//   3. Start and reloads take effect one after the other: while one has its names looked up, the next waits. The file
//      is read when its turn has come, and nothing of it has happened when a stop is asked for meanwhile.
//   4. Stop is: close listeners, drain sessions until a deadline, cancel the rest, end the shards.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/console.h"
#include "app/journal.h"
#include "app/listeners.h"
#include "app/names.h"
#include "app/own_steward.h"
#include "app/services.h"
#include "app/signals.h"
#include "app/vip_desk.h"
#include "config/parse.h"
#include "net/resolver.h"
#include "notify/notifier.h"
#include "runtime/event_loop.h"
#include "runtime/scope.h"
#include "runtime/turns.h"
#include "service/shard.h"

namespace hf::app {

/// The sockets to the guardian that started this gateway.
struct GuardianSockets {
  int channel = -1;
  int broker = -1;
};

/// Whether the gateway may start a program: one that has given root up is refused it by its filter.
enum class Spawning : unsigned char { kRefused, kAllowed };

class Gateway final {
 public:
  /// Without a guardian no virtual address is held, and programs are run where the gateway may start a steward of its
  /// own.
  Gateway(std::string config_file, config::ConfigPtr config, std::optional<GuardianSockets> guardian,
          Spawning spawning);
  Gateway(const Gateway&) = delete;
  Gateway& operator=(const Gateway&) = delete;
  ~Gateway();

  /// Runs until SIGTERM or SIGINT. Returns the exit code.
  int run();

 private:
  static runtime::Task<void> start(Gateway* self);
  static runtime::Task<std::vector<std::string>> open_everything(Gateway* self);
  static runtime::Task<void> stop(Gateway* self);
  static runtime::Task<void> serve_when_ready(Gateway* self);
  static runtime::Task<void> keep_house(Gateway* self);
  static runtime::Task<void> outlive_guardian(Gateway* self);
  void on_signal(int number);
  static runtime::Task<Result<void>> open_log(Gateway* self, config::Log settings);
  static runtime::Task<void> reopen_log(Gateway* self);
  void tell_log_failed(const Error& error);
  static runtime::Task<Result<runtime::Turns::Turn>> turn_to_configure(Gateway* self);
  static runtime::Task<void> reload_on_signal(Gateway* self);
  static runtime::Task<Result<admin::ReloadOutcome>> reload(Gateway* self, admin::Caller caller);
  static runtime::Task<Result<admin::ReloadOutcome>> read_and_apply(Gateway* self, admin::Caller caller);
  admin::ReloadOutcome apply(const config::ConfigPtr& next, const Names::Found& found);
  void share_out_descriptors();
  void meet_guardian();
  Nanos longest_turn() const;
  std::optional<vip::track::ServiceFact> service_fact(const std::string& name) const;
  void cut_clients_on(const config::Vip& vip);
  void run_script(vip::ScriptCall call, vip::ScriptAnswer answer);

  runtime::EventLoop loop_;
  Lifecycle life_;
  Journal journal_;
  DescriptorShares descriptors_;  // outlive the shards, whose listeners take from them
  std::vector<std::unique_ptr<service::Shard>> shards_;
  std::optional<GuardianSockets> guardian_;
  Spawning spawning_;
  std::optional<SignalReader> signals_;
  runtime::Turns configuring_;  // who brings a configuration into effect
  bool hangup_waits_ = false;   // a reload that SIGHUP asked for has not begun
  net::Resolver resolver_;
  Names names_;
  notify::Notifier notifier_;
  runtime::Scope scope_;
  Services services_;
  Listeners listeners_;
  Console console_;
  std::unique_ptr<AdminServer> admin_;   // the console's sockets
  std::unique_ptr<VipDesk> desk_;        // with a guardian only
  std::unique_ptr<OwnSteward> steward_;  // where spawning is allowed only
};

}  // namespace hf::app
