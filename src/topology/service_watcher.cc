#include "topology/service_watcher.h"

#include <algorithm>

#include "net/socket_stream.h"
#include "topology/account_loader.h"
#include "upstream/places.h"
#include "upstream/resolve.h"

namespace hf::topology {

using runtime::Task;
using upstream::ServiceView;

namespace {
constexpr Nanos kAccountsInterval = 2s;
constexpr Nanos kSoonest = 50ms;  // between two looks that news brought forward
}  // namespace

struct ServiceWatcher::Watched {
  Watched(runtime::EventLoop& loop, const config::Server& server_config, net::Address resolved, upstream::ServerSlot its_slot,
          const config::Service& service)
      : server(server_config),
        address(resolved),
        slot(its_slot),
        rise_fall(service.check.rise, service.check.fall),
        places(std::make_shared<upstream::Places>(service.mysql.max_server_connections)),
        news(loop) {}

  config::Server server;
  net::Address address;
  upstream::ServerSlot slot;
  bool present = true;
  bool drained = false;
  bool watched = false;
  bool answered = false;      // the latest failure was the server's own word, not silence
  bool hurry = false;         // the next look comes soon: doubt, news, another monitor account
  policy::RiseFall rise_fall;
  std::shared_ptr<upstream::Places> places;
  std::unique_ptr<upstream::MysqlProbe> probe;
  std::optional<policy::ServerObservation> observation;
  std::string check = "not checked yet";
  std::optional<TimePoint> checked_at;
  runtime::Signal news;
};

ServiceWatcher::ServiceWatcher(runtime::EventLoop& loop, Output output)
    : loop_(loop), output_(std::move(output)), scope_(loop) {}

ServiceWatcher::~ServiceWatcher() = default;

Result<void> ServiceWatcher::configure(config::ConfigPtr config, const config::Service* service) {
  std::vector<std::pair<const config::Server*, net::Address>> wanted;
  for (const config::Server& server : service->servers) {
    Result<net::Address> address = upstream::resolve(server.address);
    if (!address.ok()) return Error{address.error().code, "server '" + server.name + "': " + address.error().context};
    wanted.emplace_back(&server, *address);
  }
  config_ = std::move(config);
  service_ = service;
  for (const std::unique_ptr<Watched>& server : servers_) server->present = false;
  for (const auto& [server, address] : wanted) {
    Watched* known = nullptr;
    for (const std::unique_ptr<Watched>& candidate : servers_) {
      if (candidate->server.name == server->name && candidate->server.address == server->address) known = candidate.get();
    }
    if (known == nullptr) {
      servers_.push_back(std::make_unique<Watched>(loop_, *server, address, static_cast<upstream::ServerSlot>(servers_.size()), *service_));
      known = servers_.back().get();
    }
    known->present = true;
    known->server = *server;
    known->places->set_most(service_->mysql.max_server_connections);
    known->rise_fall.reconfigure(service_->check.rise, service_->check.fall);
    if (is_mysql()) {
      upstream::MysqlCredentials monitor{service_->mysql.monitor.user, service_->mysql.monitor.password, std::nullopt};
      if (known->probe == nullptr) {
        known->probe = std::make_unique<upstream::MysqlProbe>(loop_, known->address, std::move(monitor));
      } else if (known->probe->set_monitor(std::move(monitor))) {
        known->hurry = true;
        accounts_loaded_at_.reset();  // another account may see others
      }
    }
  }
  policy::ReplicaSetConfig set{service_->name, {}, service_->mysql.max_replica_lag, service_->mysql.reads_fallback_to_primary, service_->mysql.slow_start};
  for (const Watched* server : in_order()) {
    set.servers.push_back({server->server.name, server->address.host(), server->address.port(), server->server.weight});
  }
  if (replica_set_ == nullptr) {
    replica_set_ = std::make_unique<policy::ReplicaSet>(std::move(set));
  } else {
    replica_set_->reconfigure(std::move(set));
  }
  if (!service_->mysql.users_from_servers) {
    accounts_fingerprint_.clear();
    accounts_loaded_at_.reset();
    server_accounts_.clear();
  }
  if (accounts_ == nullptr || listed_users_ != service_->mysql.users || server_accounts_.empty()) assign_accounts();
  judge();
  for (const std::unique_ptr<Watched>& server : servers_) {
    server->news.notify_all();  // whoever was removed ends, whoever waits takes the new interval
    if (server->present && !server->watched) {
      server->watched = true;
      scope_.spawn("watch", watch, this, server.get());
    }
  }
  return {};
}

Task<Result<void>> ServiceWatcher::close(Deadline deadline) {
  Result<void> closed = co_await scope_.close(deadline);
  co_return closed;
}

/// Servers of the configuration in its order: that of the replica set's indexes.
std::vector<ServiceWatcher::Watched*> ServiceWatcher::in_order() const {
  std::vector<Watched*> ordered;
  for (const config::Server& server : service_->servers) {
    for (const std::unique_ptr<Watched>& candidate : servers_) {
      if (candidate->present && candidate->server.name == server.name) ordered.push_back(candidate.get());
    }
  }
  return ordered;
}

ServiceWatcher::Watched* ServiceWatcher::by_name(std::string_view name) {
  for (Watched* server : in_order()) {
    if (server->server.name == name) return server;
  }
  return nullptr;
}

bool ServiceWatcher::looked_at_all() const {
  const std::vector<Watched*> servers = in_order();
  return std::all_of(servers.begin(), servers.end(), [](const Watched* server) { return server->checked_at.has_value(); });
}

Task<void> ServiceWatcher::watch(ServiceWatcher* self, Watched* server) {
  while (server->present) {
    const TimePoint began = self->loop_.now();
    Result<void> result = co_await self->look(server);
    if (!result.ok() && result.error().code == ErrorCode::kCancelled) break;
    if (!server->present) break;  // removed while we looked
    self->take_result(*server, result);
    if (result.ok() && self->is_mysql() && self->service_->mysql.users_from_servers) co_await self->load_accounts(server);
    const bool goes_on = co_await self->wait_for_next_look(server, began);
    if (!goes_on) break;
  }
  if (server->probe != nullptr) server->probe->disconnect();
  server->watched = false;
}

/// Until the interval has passed since the look that `began` then; not so long when there is a reason to hurry. False: the watcher ends.
Task<bool> ServiceWatcher::wait_for_next_look(Watched* server, TimePoint began) {
  bool soon = false;
  while (server->present) {
    soon = std::exchange(server->hurry, false) || soon;
    const Deadline due = Deadline::after(began, soon ? kSoonest : std::max<Nanos>(service_->check.interval, kSoonest));
    if (due.passed(loop_.now())) break;
    const Result<void> waited = co_await server->news.wait(due);
    if (!waited.ok() && waited.error().code == ErrorCode::kCancelled) co_return false;
  }
  co_return true;
}

Task<Result<void>> ServiceWatcher::look(Watched* server) {
  const Deadline deadline = loop_.deadline_in(service_->check.timeout);
  if (!is_mysql()) {
    Result<std::unique_ptr<net::Stream>> stream = co_await net::connect(loop_, server->address, net::SocketOptions{}, deadline);
    HF_CO_RETURN_IF_ERROR(stream);
    co_return Result<void>{};
  }
  Result<policy::ServerObservation> seen = co_await server->probe->look(deadline);
  HF_CO_RETURN_IF_ERROR(seen);
  server->observation = std::move(*seen);
  co_return Result<void>{};
}

void ServiceWatcher::take_result(Watched& server, const Result<void>& result) {
  const policy::Health before = server.rise_fall.health();
  const policy::RiseFall::Step step = server.rise_fall.step(result.ok() ? policy::CheckOutcome::kSuccess : policy::CheckOutcome::kFailure);
  const std::string said_before = std::exchange(server.check, result.ok() ? std::string("ok") : result.error().context);
  server.checked_at = loop_.now();
  server.hurry = server.hurry || step.probe_soon;
  server.answered = !result.ok() && (result.error().code == ErrorCode::kAccessDenied || result.error().code == ErrorCode::kRefused) &&
                    result.error().context.find("the server said") != std::string::npos;
  if (server.answered && server.check != said_before) {
    output_.event(Event{EventId::kMonitorLoginFailed, loop_.now(), 0, {{"service", service_->name}, {"server", server.server.name}, {"reason", server.check}}});
  }
  if (server.rise_fall.health() != before) {
    const bool up = server.rise_fall.health() == policy::Health::kUp;
    output_.event(Event{up ? EventId::kServerUp : EventId::kServerDown, loop_.now(), 0, {{"service", service_->name}, {"server", server.server.name}, {"reason", server.check}}});
  }
  if (result.ok() && server.probe != nullptr && greeting_.version != server.probe->greeting().version) {
    // The greeting that clients see is the primary's, or the first server's that answers.
    if (greeting_.version.empty() || (view_->primary && *view_->primary == server.slot)) greeting_ = server.probe->greeting();
  }
  judge();
}

void ServiceWatcher::live_failure(upstream::ServerSlot slot, const std::string& what) {
  if (slot >= servers_.size() || !servers_[slot]->present) return;
  Watched& server = *servers_[slot];
  const policy::Health before = server.rise_fall.health();
  const policy::RiseFall::Step step = server.rise_fall.live_failure();
  if (step.changed || server.rise_fall.health() != before) {
    server.check = what;
    output_.event(Event{EventId::kServerDown, loop_.now(), 0, {{"service", service_->name}, {"server", server.server.name}, {"reason", what}}});
    judge();
  }
  if (!step.probe_soon) return;
  server.hurry = true;
  server.news.notify_all();
}

Result<void> ServiceWatcher::set_drained(std::string_view name, bool drained) {
  Watched* server = by_name(name);
  if (server == nullptr) {
    std::string known;
    for (const Watched* each : in_order()) known += (known.empty() ? "" : ", ") + each->server.name;
    return Error{ErrorCode::kNotFound, "service '" + service_->name + "' has no server '" + std::string(name) + "'; it has " + known};
  }
  if (server->drained != drained) {
    server->drained = drained;
    output_.event(Event{drained ? EventId::kServerDrained : EventId::kServerResumed, loop_.now(), 0, {{"service", service_->name}, {"server", server->server.name}}});
    judge();
  }
  return {};
}

Task<void> ServiceWatcher::load_accounts(Watched* server) {
  const bool is_source = view_->primary ? *view_->primary == server->slot : true;
  if (!is_source) co_return;
  if (accounts_loaded_at_ && loop_.now() - *accounts_loaded_at_ < kAccountsInterval) co_return;
  const bool mariadb = server->probe->greeting().version.find("MariaDB") != std::string::npos;
  Result<proto::mysql::TextResult> rows =
      co_await server->probe->ask(std::string(mariadb ? kMariaDbAccountsQuery : kMySqlAccountsQuery), loop_.deadline_in(service_->check.timeout));
  if (!rows.ok()) {
    if (rows.error().code == ErrorCode::kCancelled) co_return;
    if (accounts_fingerprint_ != rows.error().context) {
      accounts_fingerprint_ = rows.error().context;
      output_.event(Event{EventId::kMonitorLoginFailed, loop_.now(), 0, {{"service", service_->name}, {"server", server->server.name}, {"reason", "accounts: " + rows.error().context}}});
    }
    co_return;
  }
  if (!server->present || !service_->mysql.users_from_servers) co_return;  // a reload in between
  accounts_loaded_at_ = loop_.now();
  std::string fingerprint;
  for (const auto& row : rows->rows) {
    for (const std::optional<std::string>& cell : row) fingerprint += (cell ? *cell : std::string("-")) + '\n';
  }
  if (fingerprint == accounts_fingerprint_) co_return;
  const bool first = accounts_fingerprint_.empty();
  accounts_fingerprint_ = std::move(fingerprint);
  std::vector<upstream::MysqlAccount> loaded = parse_accounts(*rows);
  output_.event(Event{first ? EventId::kAccountsLoaded : EventId::kAccountsChanged, loop_.now(), 0, {{"service", service_->name}, {first ? "source" : "changed", first ? server->server.name : "accounts on " + server->server.name}}});
  for (const upstream::MysqlAccount& account : loaded) {
    if (account.unusable.empty()) continue;
    output_.event(Event{EventId::kAccountUnusable, loop_.now(), 0, {{"service", service_->name}, {"account", account.user + "@" + account.host}, {"reason", account.unusable}}});
  }
  server_accounts_ = std::move(loaded);
  assign_accounts();
  judge();
}

/// Our own accounts and the servers', with ids by login name.
void ServiceWatcher::assign_accounts() {
  listed_users_ = service_->mysql.users;
  std::vector<upstream::MysqlAccount> all = server_accounts_;
  std::erase_if(all, [&](const upstream::MysqlAccount& account) {
    return std::any_of(service_->mysql.users.begin(), service_->mysql.users.end(),
                       [&](const config::Account& own) { return own.user == account.user; });
  });
  for (const config::Account& own : service_->mysql.users) {
    upstream::MysqlAccount account;
    account.user = own.user;
    account.password = own.password;
    account.empty_password = own.password.empty();
    all.push_back(std::move(account));
  }
  for (upstream::MysqlAccount& account : all) {
    account.id = account_ids_.try_emplace(account.user, static_cast<std::uint32_t>(account_ids_.size() + 1)).first->second;
  }
  accounts_ = std::make_shared<const upstream::MysqlAccounts>(std::move(all));
}

void ServiceWatcher::judge() {
  auto next = std::make_shared<ServiceView>();
  next->config = config_;
  next->service = service_;
  next->servers.resize(servers_.size());
  for (const std::unique_ptr<Watched>& server : servers_) {
    upstream::ServerView& seen = next->servers[server->slot];
    seen.name = server->server.name;
    seen.address = server->address;
    seen.present = server->present;
    seen.drained = server->drained;
    seen.places = server->places;
    seen.reachable = server->rise_fall.health() == policy::Health::kUp || server->answered;
    seen.weight = server->server.weight * policy::kWeightUnit;
  }
  if (is_mysql()) {
    judge_mysql(*next);
  } else {
    judge_tcp(*next);
  }
  publish_if_changed(std::move(next));
}

void ServiceWatcher::judge_tcp(ServiceView& next) {
  for (const std::unique_ptr<Watched>& server : servers_) {
    upstream::ServerView& seen = next.servers[server->slot];
    seen.reader = server->present && !server->drained && server->rise_fall.health() == policy::Health::kUp && server->server.weight > 0;
    seen.reason = server->drained ? "drained by the operator" : server->check;
  }
}

void ServiceWatcher::judge_mysql(ServiceView& next) {
  const std::vector<Watched*> ordered = in_order();
  std::vector<policy::ServerInput> inputs;
  for (const Watched* server : ordered) {
    policy::ServerInput input;
    input.health = server->rise_fall.health();
    input.suspected = server->rise_fall.suspected();
    input.check_reason = server->check;
    input.observation = server->observation;
    input.admin = server->drained ? policy::AdminState::kDrained : policy::AdminState::kReady;
    inputs.push_back(std::move(input));
  }
  policy::ReplicaSet::Outcome outcome = replica_set_->step({inputs, std::nullopt, loop_.now()});
  for (Event& event : outcome.events) output_.event(std::move(event));
  const policy::ReplicaSetVerdict& verdict = verdict_.emplace(std::move(outcome.verdict));
  next.epoch = verdict.epoch;
  next.no_primary_reason = verdict.reason;
  for (std::size_t i = 0; i < ordered.size(); ++i) {
    upstream::ServerView& seen = next.servers[ordered[i]->slot];
    seen.reader = verdict.servers[i].reader_eligible;
    seen.weight = verdict.servers[i].effective_weight;
    seen.reason = verdict.servers[i].reason;
  }
  if (verdict.primary) next.primary = ordered[*verdict.primary]->slot;
  next.server_version = greeting_.version;
  next.server_capabilities = greeting_.capabilities;
  next.server_charset = greeting_.charset == 0 ? 45 : greeting_.charset;
  next.accounts = accounts_;
}

void ServiceWatcher::publish_if_changed(std::shared_ptr<ServiceView> next) {
  const auto same_server = [](const upstream::ServerView& a, const upstream::ServerView& b) {
    return a.present == b.present && a.reachable == b.reachable && a.reader == b.reader && a.drained == b.drained && a.weight == b.weight;
  };
  const bool same = view_ != nullptr && view_->config == next->config && view_->service == next->service &&
                    view_->epoch == next->epoch && view_->primary == next->primary && view_->accounts == next->accounts &&
                    view_->no_primary_reason == next->no_primary_reason && view_->server_version == next->server_version &&
                    std::equal(view_->servers.begin(), view_->servers.end(), next->servers.begin(), next->servers.end(), same_server);
  if (same) return;
  next->version = view_ == nullptr ? 1 : view_->version + 1;
  view_ = std::move(next);
  output_.publish(view_);
}

ServiceReport ServiceWatcher::report() const {
  ServiceReport report;
  if (verdict_ && is_mysql()) {
    report.epoch = verdict_->epoch;
    report.primary = verdict_->primary;
    report.primary_reason = verdict_->reason;
    report.reads_on_primary = verdict_->reads_on_primary;
  }
  const std::vector<Watched*> ordered = in_order();
  for (std::size_t i = 0; i < ordered.size(); ++i) {
    const Watched& server = *ordered[i];
    ServerReport& seen = report.servers.emplace_back();
    const upstream::ServerView& view = view_->servers[server.slot];
    seen.name = server.server.name;
    seen.address = server.server.address.to_string();
    seen.slot = server.slot;
    seen.health = server.rise_fall.health();
    seen.reader = view.reader;
    seen.drained = server.drained;
    seen.reason = is_mysql() ? view.reason : server.drained ? std::string("drained by the operator")
                                                            : server.check;
    seen.check = server.check;
    seen.checked_at = server.checked_at;
    seen.weight = server.server.weight;
    seen.effective_weight = view.weight;
    if (server.observation) seen.version = server.observation->version;
    if (verdict_ && is_mysql() && i < verdict_->servers.size()) {
      seen.role = policy::to_string(verdict_->servers[i].role);
      seen.lag = verdict_->servers[i].lag;
      seen.reason = verdict_->servers[i].reason;
    }
  }
  return report;
}

}  // namespace hf::topology
