// ServiceWatcher: keeps looking at the servers of one service and publishes what shards are to know of it (ServiceView).
// The judgement is pure (policy/): this is its eyes, its clock and its voice.
//
// Owner: the gateway. Thread: the control thread's.
// Invariants:
//   1. One probe per server at a time, each bounded by the check's timeout. A reload destroys nothing that a look waits on: what
//      changed counts from the next look on, and what did not change stays.
//   2. A view is published only when it differs from the one before.
//   3. Slots are given by name and address and never taken back.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/event.h"
#include "config/config.h"
#include "policy/health/rise_fall.h"
#include "policy/replica_set/replica_set.h"
#include "runtime/scope.h"
#include "runtime/signal.h"
#include "upstream/mysql_probe.h"
#include "upstream/service_view.h"

namespace hf::topology {

/// What is known of one server, for the operator.
struct ServerReport {
  std::string name;
  std::string address;
  upstream::ServerSlot slot = 0;
  policy::Health health = policy::Health::kUnknown;
  std::string role;
  bool reader = false;
  bool drained = false;
  std::string reason;
  std::string check;
  std::optional<TimePoint> checked_at;
  std::optional<Nanos> lag;
  std::uint32_t weight = 1;
  std::uint32_t effective_weight = 0;
  std::string version;
};

struct ServiceReport {
  std::uint64_t epoch = 0;
  std::optional<std::size_t> primary;  // index into servers
  std::string primary_reason;
  bool reads_on_primary = false;
  std::vector<ServerReport> servers;
};

class ServiceWatcher {
 public:
  struct Output {
    std::function<void(upstream::ServiceViewPtr)> publish;
    std::function<void(Event)> event;
  };

  ServiceWatcher(runtime::EventLoop& loop, Output output);
  ServiceWatcher(const ServiceWatcher&) = delete;
  ServiceWatcher& operator=(const ServiceWatcher&) = delete;
  ~ServiceWatcher();

  /// Starts, or takes a changed configuration over. Error: a server's name cannot be resolved; nothing has changed then.
  Result<void> configure(config::ConfigPtr config, const config::Service* service);
  runtime::Task<Result<void>> close(Deadline deadline);

  /// News from a shard: a connection failed. Brings the next look forward.
  void live_failure(upstream::ServerSlot slot, const std::string& what);
  /// kNotFound names the servers there are.
  Result<void> set_drained(std::string_view server, bool drained);

  const upstream::ServiceViewPtr& view() const { return view_; }
  const config::Service& service() const { return *service_; }
  ServiceReport report() const;
  /// Every server has been looked at once.
  bool looked_at_all() const;

 private:
  struct Watched;

  static runtime::Task<void> watch(ServiceWatcher* self, Watched* server);
  runtime::Task<Result<void>> look(Watched* server);
  runtime::Task<bool> wait_for_next_look(Watched* server, TimePoint began);
  runtime::Task<void> load_accounts(Watched* server);
  void take_result(Watched& server, const Result<void>& result);
  void judge();
  void judge_tcp(upstream::ServiceView& next);
  void judge_mysql(upstream::ServiceView& next);
  void publish_if_changed(std::shared_ptr<upstream::ServiceView> next);
  void assign_accounts();
  Watched* by_name(std::string_view name);
  std::vector<Watched*> in_order() const;
  bool is_mysql() const { return service_->protocol == config::Protocol::kMysql; }

  runtime::EventLoop& loop_;
  Output output_;
  config::ConfigPtr config_;
  const config::Service* service_ = nullptr;
  std::vector<std::unique_ptr<Watched>> servers_;  // by slot
  std::unique_ptr<policy::ReplicaSet> replica_set_;
  std::optional<policy::ReplicaSetVerdict> verdict_;
  upstream::ServiceViewPtr view_;
  std::shared_ptr<const upstream::MysqlAccounts> accounts_;
  std::vector<config::Account> listed_users_;                 // those in accounts_
  std::vector<upstream::MysqlAccount> server_accounts_;       // as last read
  std::string accounts_fingerprint_;
  std::map<std::string, std::uint32_t> account_ids_;
  std::optional<TimePoint> accounts_loaded_at_;
  upstream::ServerGreeting greeting_;
  runtime::Scope scope_;
};

}  // namespace hf::topology
