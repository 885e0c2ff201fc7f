// ServiceWatcher: keeps looking at the servers of one service and publishes what shards are to know of it (ServiceView).
// The judgement is pure (policy/): this is its eyes, its clock and its voice.
//
// Owner: the gateway. Thread: the control thread's.
// Invariants:
//   1. One probe per server at a time, each bounded by the check's timeout. A reload destroys nothing that a look waits on: what
//      changed counts from the next look on, and what did not change stays.
//   2. A view is published only when it differs from the one before.
//   3. Slots are given by name and address. One whose server a reload took out is given to another server only when nothing has
//      referred to it for kSlotRest: no view, no connection, no shard.
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
#include "topology/account_book.h"
#include "topology/read_rounds.h"
#include "upstream/mysql_probe.h"
#include "upstream/refresh.h"
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

  /// Whether there is a slot for every server. kOverload, with the words for the operator, when servers of before still have too many.
  Result<void> has_room_for(const config::Service& service);
  /// Starts, or takes a changed configuration over. Error: a server's name cannot be resolved, or those of has_room_for; nothing has
  /// changed then.
  Result<void> configure(config::ConfigPtr config, const config::Service* service);
  runtime::Task<Result<void>> close(Deadline deadline);

  /// Reads the accounts at once (read_rounds.h), or answers at once where nobody can be read from. `asked` is told the round.
  void refresh_accounts(upstream::Refresh& asked);
  void refresh_defaults(upstream::Refresh& asked);
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
  runtime::Task<void> read_behind_look(Watched* server);
  runtime::Task<bool> load_accounts(Watched* server);
  runtime::Task<bool> load_defaults(Watched* server);
  bool still_answers(Watched& server, const Error& error);
  bool accounts_due() const;
  bool defaults_due() const;
  Deadline next_reading(const Watched& server) const;
  Watched* source() const;
  void settle_questions();
  void take_accounts(const Watched& server, const Result<std::vector<AccountRows>>& read);
  void take_defaults(upstream::SessionDefaults defaults);
  void take_greeting(const Watched& server);
  void take_result(Watched& server, const Result<void>& result);
  void judge();
  void judge_tcp(upstream::ServiceView& next);
  void judge_mysql(upstream::ServiceView& next);
  void publish_if_changed(std::shared_ptr<upstream::ServiceView> next);
  Watched* by_name(std::string_view name);
  Watched* known(const config::Server& server) const;
  bool is_free(const Watched& server) const;
  bool has_rested(const Watched& server) const;
  void note_free_slots();
  Watched* add(const config::Server& server, const net::Address& address);
  std::vector<Watched*> in_order() const;
  bool is_mysql() const { return service_->protocol == config::Protocol::kMysql; }

  runtime::EventLoop& loop_;
  Output output_;
  config::ConfigPtr config_;
  const config::Service* service_ = nullptr;
  std::vector<std::unique_ptr<Watched>> servers_;  // by slot
  std::uint64_t leases_ = 0;                       // given so far
  std::unique_ptr<policy::ReplicaSet> replica_set_;
  std::optional<policy::ReplicaSetVerdict> verdict_;
  upstream::ServiceViewPtr view_;
  AccountBook accounts_;
  ReadRounds accounts_rounds_;
  std::optional<TimePoint> accounts_read_at_;
  std::string accounts_refusal_;                    // why they could not be read the last time
  ReadRounds defaults_rounds_;
  std::optional<TimePoint> defaults_read_at_;
  upstream::SessionDefaultsPtr defaults_ = std::make_shared<const upstream::SessionDefaults>();
  std::map<std::string, std::uint64_t> defaults_ids_;  // by digest
  upstream::ServerGreeting greeting_;
  runtime::Scope scope_;
};

}  // namespace hf::topology
