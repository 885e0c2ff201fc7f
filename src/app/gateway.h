// Gateway: the running program. The control thread's loop, the data shards, a watcher per service, the admin interface, and
// the one path for start, reload and stop.
//
// Owner: main. Thread: run() makes the calling thread the control thread; nothing else is called from outside.
// Invariants:
//   1. A configuration takes effect whole or not at all.
//   2. Shards hear of services and views only by posted messages, in order.
//   3. Stop is: close listeners, drain sessions until a deadline, cancel the rest, end the shards.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "admin/admin_model.h"
#include "admin/api.h"
#include "app/admin_server.h"
#include "app/descriptors.h"
#include "app/event_damper.h"
#include "app/listeners.h"
#include "app/log.h"
#include "app/signals.h"
#include "app/vip_desk.h"
#include "base/event_log.h"
#include "config/parse.h"
#include "net/accept_budget.h"
#include "runtime/event_loop.h"
#include "runtime/scope.h"
#include "service/shard.h"
#include "topology/service_watcher.h"

namespace hf::app {

/// The sockets to the guardian that started this gateway.
struct GuardianSockets {
  int channel = -1;
  int broker = -1;
};

class Gateway final : public admin::AdminModel {
 public:
  /// Without a guardian the gateway is alone: no virtual address is held.
  Gateway(std::string config_file, config::ConfigPtr config, std::optional<GuardianSockets> guardian);
  Gateway(const Gateway&) = delete;
  Gateway& operator=(const Gateway&) = delete;
  ~Gateway() override;

  /// Runs until SIGTERM or SIGINT. Returns the exit code.
  int run();

  // AdminModel:
  admin::StatusSnapshot status() const override;
  admin::Readiness readiness() const override;
  EventPage events_since(std::uint64_t since, std::size_t limit) const override;
  Result<admin::Explanation> explain(std::string_view service, std::string_view sql) const override;
  runtime::Task<Result<admin::SessionPage>> sessions(std::string service, std::size_t most) override;
  Result<void> drain(std::string_view service, std::string_view server, const admin::Caller& caller) override;
  Result<void> resume(std::string_view service, std::string_view server, const admin::Caller& caller) override;
  Result<void> vip_command(std::string_view vip, admin::VipOrder order, const admin::Caller& caller) override;
  Result<admin::ReloadOutcome> reload(const admin::Caller& caller) override;
  void refused(const admin::Caller& caller, std::string_view path, std::string_view reason) override;
  void crowded(admin::Transport door, std::size_t places) override;

 private:
  struct RunningService {
    std::shared_ptr<service::ServiceShared> shared;
    std::unique_ptr<topology::ServiceWatcher> watcher;
  };

  static runtime::Task<Result<admin::SessionPage>> gather_sessions(Gateway* self, std::string service, std::size_t most);
  static runtime::Task<void> start(Gateway* self);
  static runtime::Task<void> stop(Gateway* self);
  static runtime::Task<void> serve_when_ready(Gateway* self);
  static runtime::Task<void> keep_house(Gateway* self);
  static runtime::Task<void> outlive_guardian(Gateway* self);
  void meet_guardian();
  Nanos longest_turn() const;
  std::optional<vip::ServiceFact> service_fact(const std::string& name) const;
  void cut_clients_on(const config::Vip& vip);
  void on_signal(int number);
  void emit(Event event);
  void record(Event event);
  void tell_gap();
  void tell_the_rest(TimePoint now);
  void share_out_descriptors();
  service::Control control_for_shards();
  Result<void> add_service(const config::ConfigPtr& config, const config::Service& service);
  void remove_service(const std::string& name);
  void publish(const std::shared_ptr<service::ServiceShared>& shared, upstream::ServiceViewPtr view);
  Result<void> set_drained(std::string_view service, std::string_view server, bool drained, const admin::Caller& caller);
  admin::ReloadOutcome apply(config::ConfigPtr next);
  admin::ServiceStatus describe(const RunningService& running) const;

  std::string config_file_;
  config::ConfigPtr config_;
  std::uint64_t generation_ = 1;
  runtime::EventLoop loop_;
  Log log_;
  EventDamper damper_;
  EventLog events_;
  TimePoint started_at_;
  std::size_t own_descriptors_ = 0;  // open before anything else was
  DescriptorPlan descriptors_;
  net::AcceptBudget accept_budget_;  // outlives the shards, whose listeners take from it
  std::vector<std::unique_ptr<service::Shard>> shards_;
  std::map<std::string, RunningService> services_;
  std::optional<Listeners> listeners_;  // once there are shards
  std::unique_ptr<AdminServer> admin_;
  std::optional<GuardianSockets> guardian_;
  std::unique_ptr<VipDesk> desk_;  // with a guardian only
  std::optional<SignalReader> signals_;
  runtime::Scope scope_;
  bool started_ = false;
  bool stopping_ = false;
  int exit_code_ = 0;
};

}  // namespace hf::app
