#include "topology/service_watcher.h"

#include <algorithm>

#include "base/limits.h"
#include "net/socket_stream.h"
#include "topology/account_reader.h"
#include "topology/defaults_loader.h"
#include "upstream/places.h"
#include "upstream/resolve.h"

namespace hf::topology {

using runtime::Task;
using upstream::ServiceView;

namespace {
constexpr Nanos kAccountsInterval = 2s;
constexpr Nanos kRefusedInterval = 1min;  // where they are not needed and may not be read
constexpr Nanos kDefaultsInterval = 1s;
constexpr Nanos kFullPatience = 1min;     // a server that has no connection left for a look is what it was, for so long
constexpr Nanos kSoonest = 50ms;  // between two looks that news brought forward
constexpr Nanos kSlotRest = 1s;   // numbers of slots on their way between threads have arrived by then
}  // namespace

struct ServiceWatcher::Watched {
  Watched(runtime::EventLoop& loop, const config::Server& server_config, net::Address resolved, upstream::ServerSlot its_slot,
          const config::Service& service, std::uint64_t lease_number)
      : server(server_config),
        address(resolved),
        slot(its_slot),
        lease(std::make_shared<const upstream::SlotLease>(upstream::SlotLease{lease_number})),
        rise_fall(service.check.rise, service.check.fall),
        places(std::make_shared<upstream::Places>(service.mysql.max_server_connections)),
        news(loop) {}

  config::Server server;
  net::Address address;
  upstream::ServerSlot slot;
  std::shared_ptr<const upstream::SlotLease> lease;
  std::optional<TimePoint> free_since;  // nothing refers to its slot any more
  bool present = true;
  bool drained = false;
  bool watched = false;
  bool looked_well = false;   // the latest look succeeded
  TimePoint observed_at;      // when the observation was made
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
  HF_RETURN_IF_ERROR(has_room_for(*service));
  config_ = std::move(config);
  service_ = service;
  for (const std::unique_ptr<Watched>& server : servers_) server->present = false;
  for (const auto& [server, address] : wanted) {
    Watched* watched = known(*server);
    if (watched != nullptr) watched->present = true;
  }
  for (const auto& [server, address] : wanted) {  // now that no slot is free that one of them returns to
    Watched* watched = known(*server);
    if (watched == nullptr) watched = add(*server, address);
    watched->server = *server;
    watched->places->set_most(service_->mysql.max_server_connections);
    watched->rise_fall.reconfigure(service_->check.rise, service_->check.fall);
    if (is_mysql()) {
      upstream::MysqlCredentials monitor{service_->mysql.monitor.user, service_->mysql.monitor.password, std::nullopt};
      if (watched->probe == nullptr) {
        watched->probe = std::make_unique<upstream::MysqlProbe>(loop_, watched->address, std::move(monitor));
      } else if (watched->probe->set_monitor(std::move(monitor))) {
        watched->hurry = true;
        accounts_read_at_.reset();  // another account may see others
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
  accounts_.configure(service_->mysql);
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

/// The server of this name and address that has a slot, in the configuration or not.
ServiceWatcher::Watched* ServiceWatcher::known(const config::Server& server) const {
  for (const std::unique_ptr<Watched>& candidate : servers_) {
    if (candidate->server.name == server.name && candidate->server.address == server.address) return candidate.get();
  }
  return nullptr;
}

/// Nothing refers to it but we: no shard has it, no view that anybody holds names it as present, and nobody looks at it.
bool ServiceWatcher::is_free(const Watched& server) const { return !server.present && !server.watched && server.lease.use_count() == 1; }

bool ServiceWatcher::has_rested(const Watched& server) const {
  return !server.present && server.free_since && loop_.now() - *server.free_since >= kSlotRest;
}

void ServiceWatcher::note_free_slots() {
  for (const std::unique_ptr<Watched>& server : servers_) {
    if (!is_free(*server)) {
      server->free_since.reset();
    } else if (!server->free_since) {
      server->free_since = loop_.now();
    }
  }
}

Result<void> ServiceWatcher::has_room_for(const config::Service& service) {
  note_free_slots();
  std::size_t wanted = 0;
  std::vector<bool> stays(servers_.size());
  for (const config::Server& server : service.servers) {
    const Watched* there = known(server);
    if (there == nullptr) {
      ++wanted;
    } else {
      stays[there->slot] = true;
    }
  }
  std::size_t lingering = 0;
  std::size_t room = kMostServers - servers_.size();
  for (const std::unique_ptr<Watched>& server : servers_) {
    if (!stays[server->slot]) ++(has_rested(*server) ? room : lingering);
  }
  if (wanted <= room) return {};
  return Error{ErrorCode::kOverload, "service '" + service.name + "' has room for " + std::to_string(kMostServers) + " servers, and " + std::to_string(lingering) +
                                         " that reloads took out still have connections or were there a moment ago: reload again when they are done"};
}

/// A server that is new, in a slot that nobody uses any more or in one behind all others.
ServiceWatcher::Watched* ServiceWatcher::add(const config::Server& server, const net::Address& address) {
  std::size_t slot = 0;
  while (slot < servers_.size() && !has_rested(*servers_[slot])) ++slot;
  if (slot == servers_.size()) servers_.emplace_back();
  HF_CHECK(slot < kMostServers);
  servers_[slot] = std::make_unique<Watched>(loop_, server, address, static_cast<upstream::ServerSlot>(slot), *service_, ++leases_);
  return servers_[slot].get();
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
    const bool goes_on = co_await self->wait_for_next_look(server, began);
    if (!goes_on) break;
  }
  if (server->probe != nullptr) server->probe->disconnect();
  server->watched = false;
}

/// Until the interval has passed since the look that `began` then; not so long when there is a reason to hurry. Reads meanwhile what
/// is due or asked for. False: the watcher ends.
Task<bool> ServiceWatcher::wait_for_next_look(Watched* server, TimePoint began) {
  bool soon = false;
  while (server->present) {
    co_await read_behind_look(server);
    if (!server->present) break;  // removed while we read
    soon = std::exchange(server->hurry, false) || soon;
    const Deadline due = Deadline::after(began, soon ? kSoonest : std::max<Nanos>(service_->check.interval, kSoonest));
    if (due.passed(loop_.now())) break;
    const Result<void> waited = co_await server->news.wait(due.earlier(next_reading(*server)));
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
  server->observed_at = loop_.now();
  co_return Result<void>{};
}

void ServiceWatcher::take_result(Watched& server, const Result<void>& result) {
  const policy::Health before = server.rise_fall.health();
  // One that has no connection left for us is at work all the same: it stays what it was.
  const bool full = !result.ok() && result.error().code == ErrorCode::kOverload && before == policy::Health::kUp && loop_.now() - server.observed_at < kFullPatience;
  const policy::RiseFall::Step step = full ? policy::RiseFall::Step{} : server.rise_fall.step(result.ok() ? policy::CheckOutcome::kSuccess : policy::CheckOutcome::kFailure);
  const std::string said_before = std::exchange(server.check, result.ok() ? std::string("ok") : result.error().context);
  server.checked_at = loop_.now();
  server.looked_well = result.ok();
  server.hurry = server.hurry || step.probe_soon;
  server.answered = !result.ok() && result.error().said != nullptr;
  if (server.answered && server.check != said_before) {
    output_.event(Event{EventId::kMonitorLoginFailed, loop_.now(), 0, {{"service", service_->name}, {"server", server.server.name}, {"reason", server.check}}});
  }
  if (server.rise_fall.health() != before) {
    const bool up = server.rise_fall.health() == policy::Health::kUp;
    output_.event(Event{up ? EventId::kServerUp : EventId::kServerDown, loop_.now(), 0, {{"service", service_->name}, {"server", server.server.name}, {"reason", server.check}}});
  }
  if (result.ok() && is_mysql()) take_greeting(server);
  judge();
  settle_questions();
}

/// The greeting that clients see is the primary's, or the first server's that answers.
void ServiceWatcher::take_greeting(const Watched& server) {
  if (greeting_.version.empty() || (view_->primary && *view_->primary == server.slot)) greeting_ = server.probe->greeting();
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

/// Whom accounts and variables are read from: the primary, or the first server that answers before there is one.
ServiceWatcher::Watched* ServiceWatcher::source() const {
  if (view_->primary) {
    Watched* primary = servers_[*view_->primary].get();
    return primary->present && primary->looked_well ? primary : nullptr;
  }
  for (Watched* server : in_order()) {
    if (server->looked_well) return server;
  }
  return nullptr;
}

void ServiceWatcher::refresh_accounts(upstream::Refresh& asked) {
  asked.answered_by(accounts_rounds_.ask());
  if (!service_->mysql.users_from_servers) {  // a reading brings nobody new
    if (accounts_rounds_.answer_without_reading()) judge();
    accounts_rounds_.ask();  // but rights and limits, which nobody waits for
  }
  settle_questions();
}

void ServiceWatcher::refresh_defaults(upstream::Refresh& asked) {
  asked.answered_by(defaults_rounds_.ask());
  settle_questions();
}

/// Wakes whoever can answer what was asked; answers it by what is known when nobody can.
void ServiceWatcher::settle_questions() {
  if (!is_mysql()) return;
  Watched* server = source();
  if (server != nullptr) {
    if (accounts_rounds_.wanted() || defaults_rounds_.wanted() || accounts_due()) server->news.notify_all();
    return;
  }
  const bool accounts_answered = accounts_rounds_.answer_without_reading();
  const bool defaults_answered = defaults_rounds_.answer_without_reading();
  if (accounts_answered || defaults_answered) judge();
}

bool ServiceWatcher::accounts_due() const {
  if (accounts_rounds_.reading()) return false;
  if (accounts_rounds_.wanted() && accounts_rounds_.next_slot() <= loop_.now()) return true;
  const bool in_vain = !service_->mysql.users_from_servers && !accounts_refusal_.empty();
  return !accounts_read_at_ || loop_.now() - *accounts_read_at_ >= (in_vain ? kRefusedInterval : kAccountsInterval);
}

bool ServiceWatcher::defaults_due() const {
  if (defaults_rounds_.reading()) return false;
  if (defaults_rounds_.wanted() && defaults_rounds_.next_slot() <= loop_.now()) return true;
  return !defaults_read_at_ || loop_.now() - *defaults_read_at_ >= kDefaultsInterval;
}

/// When this server is to be read from for somebody who has asked.
Deadline ServiceWatcher::next_reading(const Watched& server) const {
  Deadline next = Deadline::never();
  if (!is_mysql() || source() != &server) return next;
  if (accounts_rounds_.wanted()) next = next.earlier(Deadline{accounts_rounds_.next_slot()});
  if (defaults_rounds_.wanted()) next = next.earlier(Deadline{defaults_rounds_.next_slot()});
  return next;
}

Task<void> ServiceWatcher::read_behind_look(Watched* server) {
  if (!is_mysql()) co_return;
  bool answers = true;
  if (source() == server && defaults_due()) answers = co_await load_defaults(server);
  if (answers && source() == server && accounts_due()) answers = co_await load_accounts(server);
  settle_questions();
}

/// Whether a reading that failed says nothing of the server's health. If it does, a look is due, not another reading.
bool ServiceWatcher::still_answers(Watched& server, const Error& error) {
  if (error.code == ErrorCode::kRefused) return true;
  if (error.code != ErrorCode::kCancelled) server.hurry = true;
  return false;
}

Task<bool> ServiceWatcher::load_accounts(Watched* server) {
  accounts_rounds_.begin(loop_.now());
  Result<std::vector<AccountRows>> read = co_await read_accounts(*server->probe, loop_.deadline_in(service_->check.timeout));
  accounts_rounds_.end();
  if (!read.ok() && read.error().code == ErrorCode::kCancelled) co_return false;
  accounts_read_at_ = loop_.now();
  if (server->present) take_accounts(*server, read);
  judge();
  co_return read.ok() || still_answers(*server, read.error());
}

void ServiceWatcher::take_accounts(const Watched& server, const Result<std::vector<AccountRows>>& read) {
  const bool needed = service_->mysql.users_from_servers;
  const std::string refusal_before = std::exchange(accounts_refusal_, read.ok() ? std::string() : read.error().context);
  if (!read.ok()) {
    if (needed && accounts_refusal_ != refusal_before) {
      output_.event(Event{EventId::kMonitorLoginFailed, loop_.now(), 0, {{"service", service_->name}, {"server", server.server.name}, {"reason", "accounts: " + accounts_refusal_}}});
    }
    return;
  }
  const bool first = !accounts_.knows_servers();
  if (!accounts_.take(*read) || !needed) return;
  output_.event(Event{first ? EventId::kAccountsLoaded : EventId::kAccountsChanged, loop_.now(), 0, {{"service", service_->name}, {first ? "source" : "changed", first ? server.server.name : "accounts on " + server.server.name}}});
  for (const upstream::MysqlAccount* account : accounts_.newly_unusable()) {
    output_.event(Event{EventId::kAccountUnusable, loop_.now(), 0, {{"service", service_->name}, {"account", account->user + "@" + account->host}, {"reason", account->unusable}}});
  }
}

/// A server that refuses to tell is no reason to think less of it: its greeting has told the most important.
Task<bool> ServiceWatcher::load_defaults(Watched* server) {
  defaults_rounds_.begin(loop_.now());
  Result<proto::mysql::TextResult> rows = co_await server->probe->ask(defaults_query(), loop_.deadline_in(service_->check.timeout));
  defaults_rounds_.end();
  if (!rows.ok() && rows.error().code == ErrorCode::kCancelled) co_return false;
  defaults_read_at_ = loop_.now();
  if (rows.ok() && !rows->rows.empty()) {
    take_defaults(parse_defaults(*rows));
  } else if (rows.ok() || rows.error().code == ErrorCode::kRefused) {
    constexpr proto::mysql::StatusFlags kOfGlobals = proto::mysql::kStatusAutocommit | proto::mysql::kStatusNoBackslashEscapes | proto::mysql::kStatusAnsiQuotes;
    upstream::SessionDefaults defaults = *defaults_;
    defaults.status = server->probe->greeting().status & kOfGlobals;
    if (defaults.status != defaults_->status) take_defaults(std::move(defaults));
  }
  judge();
  co_return rows.ok() || still_answers(*server, rows.error());
}

void ServiceWatcher::take_defaults(upstream::SessionDefaults defaults) {
  defaults.id = defaults_ids_.try_emplace(digest_of(content_of(defaults)), defaults_ids_.size() + 1).first->second;
  if (defaults.id != defaults_->id) defaults_ = std::make_shared<const upstream::SessionDefaults>(std::move(defaults));
}

void ServiceWatcher::judge() {
  note_free_slots();
  auto next = std::make_shared<ServiceView>();
  next->config = config_;
  next->service = service_;
  next->servers.resize(servers_.size());
  for (const std::unique_ptr<Watched>& server : servers_) {
    upstream::ServerView& seen = next->servers[server->slot];
    seen.name = server->server.name;
    seen.address = server->address;
    seen.present = server->present;
    if (server->present) seen.lease = server->lease;
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
  next.mariadb = upstream::is_mariadb(greeting_.version);
  next.accounts = accounts_.accounts();
  next.accounts_round = accounts_rounds_.round();
  next.defaults = defaults_;
  next.defaults_round = defaults_rounds_.round();
}

void ServiceWatcher::publish_if_changed(std::shared_ptr<ServiceView> next) {
  const auto same_server = [](const upstream::ServerView& a, const upstream::ServerView& b) {
    return a.present == b.present && a.reachable == b.reachable && a.reader == b.reader && a.drained == b.drained && a.weight == b.weight;
  };
  const auto same_mysql = [](const ServiceView& a, const ServiceView& b) {
    return a.accounts == b.accounts && a.accounts_round == b.accounts_round && a.defaults->id == b.defaults->id && a.defaults_round == b.defaults_round &&
           a.server_version == b.server_version && a.server_capabilities == b.server_capabilities && a.server_charset == b.server_charset;
  };
  const bool same = view_ != nullptr && view_->config == next->config && view_->service == next->service &&
                    view_->epoch == next->epoch && view_->primary == next->primary && view_->no_primary_reason == next->no_primary_reason && same_mysql(*view_, *next) &&
                    std::equal(view_->servers.begin(), view_->servers.end(), next->servers.begin(), next->servers.end(), same_server);
  if (same) return;
  if (view_ != nullptr && view_->primary != next->primary) {  // what is read comes from another server now
    accounts_read_at_.reset();
    defaults_read_at_.reset();
  }
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
