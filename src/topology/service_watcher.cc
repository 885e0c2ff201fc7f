#include "topology/service_watcher.h"

#include <algorithm>

#include "base/limits.h"
#include "policy/replica_set/verdict.h"
#include "topology/events.h"

namespace hf::topology {

using runtime::Task;
using upstream::ServiceView;

namespace {
constexpr Nanos kFullPatience = 1min;  // a server that has no room left for a look is what it was, for so long
constexpr Nanos kSoonest = 50ms;       // between two looks that news brought forward
constexpr Nanos kSlotRest = 1s;        // numbers of slots on their way between threads have arrived by then
}  // namespace

ServiceWatcher::ServiceWatcher(runtime::EventLoop& loop, const JudgeMaker& make_judge, Output output)
    : loop_(loop), output_(std::move(output)), judge_(make_judge(*this)), scope_(loop) {}

ServiceWatcher::~ServiceWatcher() = default;

Result<void> ServiceWatcher::configure(config::ConfigPtr config, const config::Service* service,
                                       const upstream::AddressBook& addresses) {
  struct Wanted {
    const config::Server* server;
    net::Address address;
    std::optional<bool> its_drain;
  };
  std::vector<Wanted> wanted;
  for (const config::Server& server : service->servers) {
    Result<net::Address> address = addresses.find(server.address);
    if (!address.ok()) return std::move(address).error().in("server '" + server.name + "'");
    wanted.push_back({&server, *address, drained(server)});
  }
  HF_RETURN_IF_ERROR(has_room_for(*service, addresses));
  config_ = std::move(config);
  service_ = service;
  for (const std::unique_ptr<WatchedServer>& server : servers_) server->present = false;
  for (const auto& [server, address, its_drain] : wanted) {
    WatchedServer* watched = known(*server, address);
    if (watched != nullptr) watched->present = true;
  }
  for (const auto& [server, address, its_drain] : wanted) {  // now that no slot is free that one of them returns to
    WatchedServer* watched = known(*server, address);
    if (watched == nullptr) watched = add(*server, address);
    watched->server = *server;
    watched->drained = its_drain.value_or(watched->drained);
    watched->rise_fall.reconfigure(service_->check.rise, service_->check.fall);
    judge_->meet(*watched);
  }
  judge_->configure();
  judge_anew();
  for (const std::unique_ptr<WatchedServer>& server : servers_) {
    server->news.notify_all();  // whoever was removed ends, whoever waits takes the new interval
    if (server->present && !server->watched) {
      server->watched = true;
      scope_.spawn("watch", watch, this, server.get());
    }
  }
  return {};
}

/// The server of this name and address, however that is spelt, that has a slot, in the configuration or not.
WatchedServer* ServiceWatcher::known(const config::Server& server, const net::Address& address) const {
  for (const std::unique_ptr<WatchedServer>& candidate : servers_) {
    if (candidate->server.name == server.name && candidate->address == address) return candidate.get();
  }
  return nullptr;
}

/// The operator's last word on a server that is in the configuration, whatever address its host had then; nothing: it
/// is not.
std::optional<bool> ServiceWatcher::drained(const config::Server& server) const {
  for (const std::unique_ptr<WatchedServer>& candidate : servers_) {
    if (candidate->present && candidate->server.name == server.name && candidate->server.address == server.address) {
      return candidate->drained;
    }
  }
  return std::nullopt;
}

/// Nothing refers to it but we: no shard has it, no view that anybody holds names it as present, and nobody looks at
/// it.
bool ServiceWatcher::is_free(const WatchedServer& server) const {
  return !server.present && !server.watched && server.lease.use_count() == 1;
}

bool ServiceWatcher::has_rested(const WatchedServer& server) const {
  return !server.present && server.free_since && loop_.now() - *server.free_since >= kSlotRest;
}

void ServiceWatcher::note_free_slots() {
  for (const std::unique_ptr<WatchedServer>& server : servers_) {
    if (!is_free(*server)) {
      server->free_since.reset();
    } else if (!server->free_since) {
      server->free_since = loop_.now();
    }
  }
}

Result<void> ServiceWatcher::has_room_for(const config::Service& service, const upstream::AddressBook& addresses) {
  note_free_slots();
  std::size_t wanted = 0;
  std::vector<bool> stays(servers_.size());
  for (const config::Server& server : service.servers) {
    const Result<net::Address> address = addresses.find(server.address);
    const WatchedServer* there = address.ok() ? known(server, *address) : nullptr;
    if (there == nullptr) {
      ++wanted;
    } else {
      stays[there->slot] = true;
    }
  }
  std::size_t lingering = 0;
  std::size_t room = kMostServers - servers_.size();
  for (const std::unique_ptr<WatchedServer>& server : servers_) {
    if (!stays[server->slot]) ++(has_rested(*server) ? room : lingering);
  }
  if (wanted <= room) return {};
  return Error{
      ErrorCode::kOverload,
      "service '" + service.name + "' has room for " + std::to_string(kMostServers) + " servers, and " +
          std::to_string(lingering) +
          " that reloads took out still have connections or were there a moment ago: reload again when they are done"};
}

/// A server that is new, in a slot that nobody uses any more or in one behind all others.
WatchedServer* ServiceWatcher::add(const config::Server& server, const net::Address& address) {
  std::size_t slot = 0;
  while (slot < servers_.size() && !has_rested(*servers_[slot])) ++slot;
  if (slot == servers_.size()) servers_.emplace_back();
  HF_CHECK(slot < kMostServers);
  servers_[slot] = std::make_unique<WatchedServer>(loop_, server, address, static_cast<upstream::ServerSlot>(slot),
                                                   service_->check, ++leases_);
  return servers_[slot].get();
}

Task<Result<void>> ServiceWatcher::close(Deadline deadline) {
  Result<void> closed = co_await scope_.close(deadline);
  co_return closed;
}

std::vector<WatchedServer*> ServiceWatcher::servers() const {
  std::vector<WatchedServer*> ordered;
  for (const config::Server& server : service_->servers) {
    for (const std::unique_ptr<WatchedServer>& candidate : servers_) {
      if (candidate->present && candidate->server.name == server.name) ordered.push_back(candidate.get());
    }
  }
  return ordered;
}

WatchedServer* ServiceWatcher::by_name(std::string_view name) {
  for (WatchedServer* server : servers()) {
    if (server->server.name == name) return server;
  }
  return nullptr;
}

bool ServiceWatcher::looked_at_all() const {
  const std::vector<WatchedServer*> all = servers();
  return std::all_of(all.begin(), all.end(),
                     [](const WatchedServer* server) { return server->checked_at.has_value(); });
}

Task<void> ServiceWatcher::watch(ServiceWatcher* self, WatchedServer* server) {
  while (server->present) {
    const TimePoint began = self->loop_.now();
    Result<void> result = co_await server->checker->look(self->loop_.deadline_in(self->service_->check.timeout));
    if (!result.ok() && result.error().code == ErrorCode::kCancelled) break;
    if (!server->present) break;  // removed while we looked
    self->take_result(*server, result);
    const bool goes_on = co_await self->wait_for_next_look(server, began);
    if (!goes_on) break;
  }
  server->checker->rest();
  server->watched = false;
}

/// Until the interval has passed since the look that `began` then; not so long when there is a reason to hurry. Reads
/// meanwhile what is due or asked for. False: the watcher ends.
Task<bool> ServiceWatcher::wait_for_next_look(WatchedServer* server, TimePoint began) {
  bool soon = false;
  while (server->present) {
    co_await judge_->read(server);
    if (!server->present) break;  // removed while we read
    soon = std::exchange(server->hurry, false) || soon;
    const Deadline due = Deadline::after(began, soon ? kSoonest : std::max<Nanos>(service_->check.interval, kSoonest));
    if (due.passed(loop_.now())) break;
    const Result<void> waited = co_await server->news.wait(due.earlier(judge_->next_reading(*server)));
    if (!waited.ok() && waited.error().code == ErrorCode::kCancelled) co_return false;
  }
  co_return true;
}

void ServiceWatcher::tell_health(const WatchedServer& server, const std::string& reason) {
  if (server.up()) {
    event(events::ServerUp{.service = service_->name, .server = server.server.name, .reason = reason});
  } else {
    event(events::ServerDown{.service = service_->name, .server = server.server.name, .reason = reason});
  }
}

void ServiceWatcher::take_result(WatchedServer& server, const Result<void>& result) {
  const policy::health::Health before = server.rise_fall.health();
  const TimePoint now = loop_.now();
  // One that has no room left for us is at work all the same: it stays what it was.
  const bool full = !result.ok() && result.error().code == ErrorCode::kOverload && server.up() && server.well_at &&
                    now - *server.well_at < kFullPatience;
  const policy::health::RiseFall::Step step =
      full ? policy::health::RiseFall::Step{}
           : server.rise_fall.step(result.ok() ? policy::health::CheckOutcome::kSuccess
                                               : policy::health::CheckOutcome::kFailure);
  const std::string said_before = std::exchange(server.check, result.ok() ? std::string("ok") : result.error().context);
  server.checked_at = now;
  if (result.ok()) server.well_at = now;
  server.looked_well = result.ok();
  server.hurry = server.hurry || step.probe_soon;
  server.answered = !result.ok() && result.error().said != nullptr;
  if (server.answered && server.check != said_before) {
    event(events::MonitorLoginFailed{.service = service_->name, .server = server.server.name, .reason = server.check});
  }
  if (server.rise_fall.health() != before) tell_health(server, server.check);
  if (result.ok()) judge_->looked(server);
  judge_anew();
  judge_->settle_questions();
}

void ServiceWatcher::live_failure(upstream::ServerSlot slot, const std::string& what) {
  if (slot >= servers_.size() || !servers_[slot]->present) return;
  WatchedServer& server = *servers_[slot];
  const policy::health::Health before = server.rise_fall.health();
  const policy::health::RiseFall::Step step = server.rise_fall.live_failure();
  if (step.changed || server.rise_fall.health() != before) {
    server.check = what;
    tell_health(server, what);
    judge_anew();
  }
  if (!step.probe_soon) return;
  server.hurry = true;
  server.news.notify_all();
}

Result<void> ServiceWatcher::set_drained(std::string_view name, bool drained) {
  WatchedServer* server = by_name(name);
  if (server == nullptr) {
    std::string known;
    for (const WatchedServer* each : servers()) known += (known.empty() ? "" : ", ") + each->server.name;
    return Error{ErrorCode::kNotFound,
                 "service '" + service_->name + "' has no server '" + std::string(name) + "'; it has " + known};
  }
  if (server->drained != drained) {
    server->drained = drained;
    if (drained) {
      event(events::ServerDrained{.service = service_->name, .server = server->server.name});
    } else {
      event(events::ServerResumed{.service = service_->name, .server = server->server.name});
    }
    judge_anew();
  }
  return {};
}

void ServiceWatcher::judge_anew() {
  note_free_slots();
  ServiceView seen;
  seen.config = config_;
  seen.service = service_;
  seen.servers.resize(servers_.size());
  for (const std::unique_ptr<WatchedServer>& server : servers_) {
    upstream::ServerView& view = seen.servers[server->slot];
    view.name = server->server.name;
    view.address = server->address;
    view.present = server->present;
    if (server->present) view.lease = server->lease;
    view.drained = server->drained;
    view.places = server->places;
    view.reachable = server->up() || server->answered;
    view.weight = server->server.weight * policy::replica_set::kWeightUnit;
  }
  std::shared_ptr<ServiceView> next = judge_->judge(std::move(seen));
  if (view_ != nullptr && next->same_as(*view_)) return;
  next->version = view_ == nullptr ? 1 : view_->version + 1;
  view_ = std::move(next);
  output_.publish(view_);
}

ServiceReport ServiceWatcher::report() const {
  ServiceReport report;
  for (const WatchedServer* server : servers()) {
    ServerReport& seen = report.servers.emplace_back();
    const upstream::ServerView& view = view_->servers[server->slot];
    seen.name = server->server.name;
    seen.address = server->server.address.to_string();
    seen.slot = server->slot;
    seen.health = server->rise_fall.health();
    seen.reader = view.reader;
    seen.drained = server->drained;
    seen.reason = server->drained ? "drained by the operator" : server->check;
    seen.check = server->check;
    seen.checked_at = server->checked_at;
    seen.weight = server->server.weight;
    seen.effective_weight = view.weight;
  }
  judge_->describe(report);
  return report;
}

}  // namespace hf::topology
