#include "app/console.h"

#include <algorithm>
#include <set>
#include <utility>

#include <unistd.h>

#include "app/events.h"
#include "app/protocols.h"
#include "app/version.h"

namespace hf::app {

using runtime::Task;

namespace {

constexpr Nanos kShardPatience = 2s;

/// The control thread's.
struct Gathering {
  explicit Gathering(runtime::EventLoop& loop) : arrived(loop) {}
  service::HeldSessions sessions;
  std::size_t answers = 0;
  runtime::Signal arrived;
};

}  // namespace

admin::Readiness Console::readiness() const {
  if (around_.life.stopping) return {false, "stopping"};
  if (!around_.life.started) return {false, "starting"};
  for (const auto& [name, running] : around_.services.all()) {
    const upstream::Standing standing = running.watcher->view()->standing();
    if (standing.usable == 0) return {false, "service '" + name + "' has no usable server: " + standing.reason};
  }
  return {true, "every service has a usable server"};
}

Result<admin::Explanation> Console::explain(std::string_view service, std::string_view sql) const {
  auto* const it = around_.services.find(service);
  const auto explain = it == nullptr ? nullptr : protocol_of(it->watcher->service()).explain;
  if (explain == nullptr) {
    std::string known;
    for (const auto& [name, running] : around_.services.all()) {
      if (protocol_of(running.watcher->service()).explain != nullptr) known += (known.empty() ? "" : ", ") + name;
    }
    return Error{ErrorCode::kNotFound, "no service '" + std::string(service) +
                                           "' whose statements can be explained; there is " +
                                           (known.empty() ? "none" : known)};
  }
  return explain(*it->watcher->view(), sql);
}

Result<void> Console::set_drained(std::string_view service, std::string_view server, bool drained,
                                  const admin::Caller& caller) {
  auto* const it = around_.services.find(service);
  if (it == nullptr) {
    std::string known;
    for (const auto& [name, running] : around_.services.all()) known += (known.empty() ? "" : ", ") + name;
    return Error{ErrorCode::kNotFound, "no service '" + std::string(service) + "'; there is " + known};
  }
  Result<void> done = it->watcher->set_drained(server, drained);
  if (done.ok()) {
    around_.journal.emit(events::AdminCommand{
        .command = drained ? "drain" : "resume", .service = service, .server = server, .client = caller.peer});
  }
  return done;
}

Result<void> Console::drain(std::string_view service, std::string_view server, const admin::Caller& caller) {
  return set_drained(service, server, true, caller);
}

Result<void> Console::resume(std::string_view service, std::string_view server, const admin::Caller& caller) {
  return set_drained(service, server, false, caller);
}

void Console::refused(const admin::Caller& caller, std::string_view path, std::string_view reason) {
  around_.journal.emit(events::AdminRefused{.client = caller.peer, .path = path, .reason = reason});
}

void Console::crowded(admin::Transport door, std::size_t places) {
  around_.journal.emit(
      events::AdminCrowded{.door = door == admin::Transport::kTcp ? "http" : "socket", .limit = places});
}

admin::StatusSnapshot Console::status() const {
  admin::StatusSnapshot status;
  status.version = kVersion;
  status.node = around_.life.config->node.name;
  status.pid = ::getpid();
  status.uptime = around_.loop.now() - around_.life.began;
  status.shards = static_cast<std::uint32_t>(around_.shards.size());
  status.config_file = around_.life.config_file;
  status.config_generation = around_.life.generation;
  status.last_event = around_.journal.last_sequence();
  status.readiness = readiness();
  if (around_.admin != nullptr) status.admin = around_.admin->status();
  status.descriptors = {around_.descriptors.plan.limit, around_.descriptors.plan.needed,
                        around_.descriptors.plan.for_clients, around_.descriptors.budget.used()};
  status.log_lines_lost = around_.journal.lines_lost();
  for (const config::Service& service : around_.life.config->services) {
    const Services::Running* running = around_.services.find(service.name);
    if (running != nullptr) status.services.push_back(describe(*running));
  }
  if (around_.desk != nullptr) around_.desk->describe(status);
  return status;
}

admin::ServiceStatus Console::describe(const Services::Running& running) const {
  const config::Service& service = running.watcher->service();
  const topology::ServiceReport report = running.watcher->report();
  const Protocol& protocol = protocol_of(service);
  admin::ServiceStatus status;
  status.name = service.name;
  status.protocol = protocol.name;
  status.balance = service.balance == config::Balance::kRoundRobin ? "round-robin" : "least-connections";
  if (report.primary) {
    admin::PrimaryStatus& primary = status.primary.emplace();
    primary.epoch = report.primary->epoch;
    if (report.primary->server) primary.server = report.servers[*report.primary->server].name;
    primary.reason = report.primary->reason;
    primary.takes_reads = report.primary->reads_on_primary;
  }
  for (const auto& [key, listener] : around_.listeners.of_service(service.name)) {
    status.listeners.push_back(
        {key, protocol.has_routes ? route_name(listener.listen.mysql.route) : "", listener.open, listener.reason});
  }
  const service::AllShardCounters counters = running.shared->all_counters();
  for (const topology::ServerReport& seen : report.servers) {
    admin::ServerStatus& server = status.servers.emplace_back();
    server.name = seen.name;
    server.address = seen.address;
    server.role = seen.role;
    server.health = to_string(seen.health);
    server.reader = seen.reader;
    server.drained = seen.drained;
    server.reason = seen.reason;
    server.check = seen.check;
    if (seen.checked_at) server.check_age = around_.loop.now() - *seen.checked_at;
    server.lag = seen.lag;
    server.weight = seen.weight;
    server.effective_weight = seen.effective_weight;
    server.version = seen.version;
    server.counters = service::sum_up_server(counters, seen.slot);
  }
  status.totals = service::sum_up(counters);
  return status;
}

Result<void> Console::vip_command(std::string_view vip, admin::VipOrder order, const admin::Caller& caller) {
  std::string known;
  for (const config::Vip& each : around_.life.config->vips) {
    if (each.name != vip) {
      known += (known.empty() ? "" : ", ") + each.name;
      continue;
    }
    if (around_.desk != nullptr) return around_.desk->order(vip, order, caller);
    return Error{ErrorCode::kUnreachable,
                 "vip " + each.name + ": this process has no guardian, because it was not started as root"};
  }
  return Error{ErrorCode::kNotFound,
               "no vip '" + std::string(vip) + "'; " + (known.empty() ? "none is configured" : "there is " + known)};
}

Task<Result<admin::SessionPage>> Console::sessions(std::string service, std::size_t most) {
  return gather_sessions(&around_, std::move(service), most);
}

Task<Result<admin::SessionPage>> Console::gather_sessions(const Around* around, std::string service, std::size_t most) {
  std::string known;
  std::set<decltype(Protocol::list_sessions)> listers;
  bool found = service.empty();
  for (const auto& [name, running] : around->services.all()) {
    const auto lister = protocol_of(running.watcher->service()).list_sessions;
    if (lister == nullptr) continue;
    if (service.empty() || service == name) listers.insert(lister);
    known += (known.empty() ? "" : ", ") + name;
    found = found || name == service;
  }
  if (!found) {
    co_return Error{ErrorCode::kNotFound,
                    "no service '" + service + "' with sessions to show; there is " + (known.empty() ? "none" : known)};
  }
  auto gathering = std::make_shared<Gathering>(around->loop);
  runtime::EventLoop* control = &around->loop;
  for (const auto& shard : around->shards) {
    for (const auto lister : listers) {
      lister(*shard, service, most, [control, gathering, most](service::HeldSessions part) {
        control->post([gathering, most, part = std::move(part)] {
          gathering->sessions.take(part, most);
          ++gathering->answers;
          gathering->arrived.notify_all();
        });
      });
    }
  }
  const std::size_t asked = around->shards.size() * listers.size();
  const Deadline deadline = around->loop.deadline_in(kShardPatience);
  while (gathering->answers < asked) {
    const Result<void> waited = co_await gathering->arrived.wait(deadline);
    if (!waited.ok() && waited.error().code == ErrorCode::kCancelled) co_return waited.error();
    if (!waited.ok()) break;
  }
  admin::SessionPage page;
  page.sessions = std::move(gathering->sessions);
  page.silent_shards = static_cast<std::uint32_t>(std::min(asked - gathering->answers, around->shards.size()));
  co_return page;
}

}  // namespace hf::app
