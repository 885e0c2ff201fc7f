#include "app/gateway.h"

#include <csignal>

#include <sys/random.h>
#include <unistd.h>

#include "app/events.h"
#include "app/protocols.h"
#include "app/version.h"
#include "config/diff.h"
#include "runtime/epoll_poller.h"
#include "runtime/wall_clock.h"
#include "upstream/resolve.h"

namespace hf::app {

using runtime::Task;

namespace {

constexpr Nanos kFirstLook = 2s;        // how long listeners wait for the first round of checks
constexpr Nanos kStopPatience = 10s;    // for sessions in the middle of something
constexpr Nanos kStallLimit = 500ms;    // a turn of a shard that takes longer is an event
constexpr std::size_t kKeptEvents = 10000;
constexpr Nanos kNewsPatience = 5s;     // for scripts and receivers to hear of the last transition

std::uint64_t seed() {
  std::uint64_t value = 0;
  HF_CHECK(::getrandom(&value, sizeof value, 0) == static_cast<ssize_t>(sizeof value));
  return value;
}

std::string joined(const std::vector<std::string>& parts) {
  std::string text;
  for (const std::string& part : parts) text += (text.empty() ? "" : "; ") + part;
  return text;
}

}  // namespace

Gateway::Gateway(std::string config_file, config::ConfigPtr config, std::optional<GuardianSockets> guardian)
    : config_file_(std::move(config_file)),
      config_(std::move(config)),
      loop_(std::make_unique<runtime::EpollPoller>()),
      events_(kKeptEvents),
      started_at_(loop_.now()),
      guardian_(guardian),
      scope_(loop_) {}

Gateway::~Gateway() {
  if (guardian_) ::close(guardian_->broker);
}

void Gateway::emit(Event event) {
  HF_ASSERT(unknown_field(event).empty());
  event.at = loop_.now();
  if (event.wall_micros == 0) event.wall_micros = runtime::wall_micros();  // the guardian stamps its own
  bound_values(event);
  if (damper_.admit(event)) record(std::move(event));
}

void Gateway::record(Event event) {
  tell_gap();
  log_.write(event);
  events_.append(std::move(event));
}

/// A gap in the log is told of where it is: before the first line that is taken again.
void Gateway::tell_gap() {
  LogWriter::Lost lost = log_.take_lost();
  if (lost.lines == 0) return;
  Event gap = events::LogLinesLost{.count = lost.lines, .reason = std::move(lost.reason)};
  gap.at = loop_.now();
  gap.wall_micros = runtime::wall_micros();
  record(std::move(gap));
}

/// What was held back, and what the log lost, is told of when nothing else is.
void Gateway::tell_the_rest(TimePoint now) {
  for (Event& event : damper_.due(now)) record(std::move(event));
  tell_gap();
}

service::Control Gateway::control_for_shards() {
  service::Control control;
  control.server_failed = [this](const std::string& service, upstream::ServerSlot slot, const std::string& what) {
    loop_.post([this, service, slot, what] {
      const auto it = services_.find(service);
      if (it != services_.end()) it->second.watcher->live_failure(slot, what);
    });
  };
  control.refresh = [this](const std::string& service, std::uint32_t subject) {
    auto asked = std::make_shared<upstream::Refresh>();
    loop_.post([this, service, subject, asked] {
      const auto it = services_.find(service);
      if (it != services_.end()) it->second.watcher->refresh(subject, *asked);
    });
    return asked;
  };
  control.event = [this](Event event) {
    loop_.post([this, event = std::move(event)] { emit(event); });
  };
  control.accept_budget = &accept_budget_;
  return control;
}

int Gateway::run() {
  const Result<void> logging = log_.open(config_->log, Log::kStartPatience);
  if (!logging.ok()) {
    say("holdfast: " + logging.error().context);
    return 1;
  }
  own_descriptors_ = open_descriptors();
  share_out_descriptors();
  signals_.emplace(loop_, [this](int number) { on_signal(number); });
  for (std::uint32_t id = 0; id < config_->node.shards; ++id) {
    shards_.push_back(std::make_unique<service::Shard>(id, control_for_shards(), seed()));
  }
  std::vector<service::Shard*> peers;
  for (const auto& shard : shards_) peers.push_back(shard.get());
  for (const auto& shard : shards_) shard->set_peers(peers);
  for (const auto& shard : shards_) shard->start();
  listeners_.emplace(Listeners::Around{loop_, shards_, guardian_ ? guardian_->broker : -1, [this](Event event) { emit(std::move(event)); },
                                       [this](const std::string& name) {
                                         const auto running = services_.find(name);
                                         return running == services_.end() ? nullptr : running->second.shared;
                                       }});
  meet_guardian();
  scope_.spawn("housekeeping", keep_house, this);
  scope_.spawn("start", start, this);
  loop_.run();
  for (const auto& shard : shards_) shard->stop();
  log_.close(Log::kClosePatience);
  return exit_code_;
}

Task<void> Gateway::start(Gateway* self) {
  std::size_t servers = 0;
  for (const config::Service& service : self->config_->services) servers += service.servers.size();
  self->emit(events::ConfigLoaded{.file = self->config_file_, .services = self->config_->services.size(), .servers = servers});
  std::vector<std::string> problems;
  for (const config::Service& service : self->config_->services) {
    const Result<void> added = self->add_service(self->config_, service);
    if (!added.ok()) problems.push_back(added.error().context);
  }
  if (self->guardian_) co_await Listeners::wait_for_addresses(&*self->listeners_, self->config_);
  self->admin_ = std::make_unique<AdminServer>(self->loop_, *self, self->config_->admin);
  if (problems.empty()) {
    const Result<void> opened = self->admin_->open();
    if (!opened.ok()) problems.push_back("admin interface: " + opened.error().context);
  }
  if (problems.empty()) problems = self->listeners_->apply(*self->config_);
  if (!problems.empty()) {
    for (const std::string& problem : problems) say("holdfast: " + problem);
    self->exit_code_ = 1;
    self->on_signal(SIGTERM);
    co_return;
  }
  co_await serve_when_ready(self);
  if (self->stopping_) co_return;
  self->started_ = true;
  self->emit(events::Started{.version = kVersion, .pid = ::getpid(), .shards = self->shards_.size(), .services = self->services_.size()});
  if (self->desk_ != nullptr) self->desk_->ready(true);
  notify_systemd("READY=1");
}

/// Lets the first round of checks come in, so that clients are greeted with the servers' version and globals, and nothing is held in vain.
Task<void> Gateway::serve_when_ready(Gateway* self) {
  const Deadline patience = self->loop_.deadline_in(kFirstLook);
  const auto is_ready = [&](const std::string& name) {
    const auto running = self->services_.find(name);
    return running == self->services_.end() || running->second.watcher->ready() || patience.passed(self->loop_.now());
  };
  while (!self->listeners_->serve(is_ready)) {
    const Result<void> slept = co_await runtime::sleep_until(self->loop_.deadline_in(5ms));
    if (!slept.ok()) co_return;
  }
}

Task<void> Gateway::keep_house(Gateway* self) {
  std::vector<std::int64_t> reported(self->shards_.size(), 0);
  for (;;) {
    const Result<void> slept = co_await runtime::sleep_until(self->loop_.deadline_in(100ms));
    if (!slept.ok()) co_return;
    self->tell_the_rest(self->loop_.now());
    for (std::size_t i = 0; i < self->shards_.size(); ++i) {
      const std::int64_t since = self->shards_[i]->loop().busy_since();
      if (since == 0 || since == reported[i]) continue;
      const Nanos busy{self->loop_.now().nanos - since};
      if (busy < kStallLimit) continue;
      reported[i] = since;
      self->emit(events::LoopStalled{.shard = i, .duration = busy});
    }
  }
}

/// What clients may have of the descriptors, so that servers and the admin interface always find one.
void Gateway::share_out_descriptors() {
  descriptors_ = plan_descriptors(*config_, raise_descriptor_limit(), own_descriptors_);
  accept_budget_.set_limit(descriptors_.for_clients);
  if (descriptors_.needed <= descriptors_.limit) return;
  emit(events::DescriptorsScarce{.limit = descriptors_.limit, .needed = descriptors_.needed, .clients = descriptors_.for_clients});
}

void Gateway::on_signal(int number) {
  if (number == SIGUSR1) {
    const Result<void> reopened = log_.reopen();
    if (reopened.ok()) {
      emit(events::LogReopened{.file = config_->log.file});
    } else {
      emit(events::LogFailed{.file = config_->log.file, .reason = reopened.error().context});
    }
    return;
  }
  if (number == SIGHUP) {
    const Result<admin::ReloadOutcome> outcome = reload(admin::Caller{"SIGHUP", ""});
    (void)outcome;  // reported as an event
    return;
  }
  if (stopping_) return;
  stopping_ = true;
  scope_.spawn("stop", stop, this);
}

Task<void> Gateway::stop(Gateway* self) {
  if (!self->guardian_) notify_systemd("STOPPING=1");  // else it may be this process alone, which is started anew then
  if (self->desk_ != nullptr) self->desk_->ready(false);
  const TimePoint began = self->loop_.now();
  std::size_t clients = 0;
  for (const auto& [name, running] : self->services_) clients += running.shared->clients.load(std::memory_order_relaxed);
  self->emit(events::Stopping{.reason = "signal", .clients = clients});
  self->listeners_->close();  // at once: a next gateway may open its own while our clients finish
  auto left = std::make_shared<std::size_t>(self->shards_.size());
  auto done = std::make_shared<runtime::Signal>(self->loop_);
  for (const auto& shard : self->shards_) {
    service::Shard* each = shard.get();
    runtime::EventLoop* control = &self->loop_;
    each->close_all(kStopPatience, [control, left, done] {
      control->post([left, done] {
        if (--*left == 0) done->notify_all();
      });
    });
  }
  while (*left > 0) {
    const Result<void> waited = co_await done->wait(self->loop_.deadline_in(kStopPatience + 10s));
    if (!waited.ok()) break;
  }
  for (auto& [name, running] : self->services_) {
    const Result<void> closed = co_await running.watcher->close(self->loop_.deadline_in(5s));
    (void)closed;
  }
  if (self->desk_ != nullptr) co_await self->desk_->close(self->loop_.deadline_in(kNewsPatience));
  if (self->admin_ != nullptr) {
    const Result<void> closed = co_await self->admin_->close(self->loop_.deadline_in(2s));
    (void)closed;
  }
  self->scope_.cancel();
  self->tell_the_rest(self->loop_.now() + 1s);
  self->emit(events::Stopped{.duration = self->loop_.now() - began});
  self->loop_.stop();
}

Result<void> Gateway::add_service(const config::ConfigPtr& config, const config::Service& service) {
  RunningService& running = services_[service.name];
  running.shared = std::make_shared<service::ServiceShared>(service.name, protocol_of(service).frontends());
  const std::string name = service.name;
  const std::shared_ptr<service::ServiceShared> shared = running.shared;
  running.watcher = std::make_unique<topology::ServiceWatcher>(
      loop_, protocol_of(service).judge, topology::ServiceWatcher::Output{[this, shared](upstream::ServiceViewPtr view) { publish(shared, std::move(view)); }, [this](Event event) { emit(std::move(event)); }});
  Result<void> configured = running.watcher->configure(config, &service);
  if (!configured.ok()) {
    services_.erase(name);
    return Error{configured.error().code, "service '" + name + "': " + configured.error().context};
  }
  return {};
}

void Gateway::publish(const std::shared_ptr<service::ServiceShared>& shared, upstream::ServiceViewPtr view) {
  const auto running = services_.find(shared->name);
  if (running == services_.end() || running->second.shared != shared) return;  // the last word of a watcher whose service was removed
  if (desk_ != nullptr) loop_.post([this, name = shared->name] { desk_->service_changed(name); });  // when the watcher holds the view
  for (const auto& shard : shards_) {
    service::Shard* each = shard.get();
    each->post([each, shared, view] {
      service::ServiceShard* there = each->find(shared->name);
      if (there == nullptr) {
        each->add(shared, view);
      } else {
        there->apply(view);
      }
    });
  }
}

void Gateway::remove_service(const std::string& name) {
  for (const auto& shard : shards_) shard->close_service(name, kStopPatience);
  RunningService& running = services_.at(name);
  struct Closing {
    static Task<void> run(RunningService service, Deadline deadline) {
      const Result<void> closed = co_await service.watcher->close(deadline);
      (void)closed;
    }
  };
  scope_.spawn("close service", Closing::run, std::move(running), loop_.deadline_in(5s));
  services_.erase(name);
}

Result<admin::ReloadOutcome> Gateway::reload(const admin::Caller& caller) {
  config::LoadContext context = config::system_context();
  config::LoadResult loaded = config::load_file(config_file_, context);
  admin::ReloadOutcome outcome;
  if (!loaded.ok()) {
    for (const config::Diagnostic& error : loaded.errors) outcome.errors.push_back(config::to_string(error));
    emit(events::ConfigRejected{.file = config_file_, .errors = outcome.errors.size(), .first = outcome.errors.front()});
    return outcome;
  }
  outcome = apply(loaded.config);
  if (!outcome.accepted) {
    emit(events::ConfigRejected{.file = config_file_, .errors = outcome.errors.size(), .first = joined(outcome.errors)});
    return outcome;
  }
  emit(events::AdminCommand{.command = "reload", .client = caller.peer});
  emit(events::ConfigReloaded{.file = config_file_, .changes = joined(outcome.changes)});
  if (!outcome.needs_restart.empty()) {
    emit(events::ConfigNeedsRestart{.file = config_file_, .what = joined(outcome.needs_restart)});
  }
  return outcome;
}

admin::ReloadOutcome Gateway::apply(config::ConfigPtr next) {
  admin::ReloadOutcome outcome;
  const config::ConfigDiff changes = config::diff(*config_, *next);
  for (const config::Service& service : next->services) {  // names first: what cannot be resolved rejects the whole
    for (const config::Server& server : service.servers) {
      const Result<net::Address> address = upstream::resolve(server.address);
      if (!address.ok()) outcome.errors.push_back("server '" + server.name + "': " + address.error().context);
    }
  }
  for (const config::Service& service : next->services) {
    const auto running = services_.find(service.name);
    const bool goes_on = running != services_.end() && running->second.watcher->service().protocol == service.protocol;
    const Result<void> room = goes_on ? running->second.watcher->has_room_for(service) : Result<void>{};
    if (!room.ok()) outcome.errors.push_back(room.error().context);
  }
  if (!outcome.errors.empty()) return outcome;
  for (const std::string& name : changes.services.removed) remove_service(name);
  config_ = next;
  ++generation_;
  share_out_descriptors();
  for (const config::Service& service : next->services) {
    const auto known = services_.find(service.name);
    const Result<void> configured = known == services_.end() ? add_service(next, service) : known->second.watcher->configure(next, &service);
    if (!configured.ok()) outcome.changes.push_back("failed: " + configured.error().context);
  }
  for (const std::string& problem : listeners_->apply(*next)) outcome.changes.push_back("failed: " + problem);
  scope_.spawn("serve when ready", serve_when_ready, this);
  const Result<void> logging = log_.open(next->log);
  if (!logging.ok()) {
    outcome.changes.push_back("failed: " + logging.error().context);
    emit(events::LogFailed{.file = next->log.file, .reason = logging.error().context});
  }
  if (admin_ != nullptr) admin_->apply(next->admin);
  if (desk_ != nullptr) desk_->reloaded(next);
  outcome.accepted = true;
  for (std::string& line : config::describe(changes)) outcome.changes.push_back(std::move(line));
  outcome.needs_restart = changes.needs_restart;
  return outcome;
}

admin::Readiness Gateway::readiness() const {
  if (stopping_) return {false, "stopping"};
  if (!started_) return {false, "starting"};
  for (const auto& [name, running] : services_) {
    const upstream::Standing standing = running.watcher->view()->standing();
    if (standing.usable == 0) return {false, "service '" + name + "' has no usable server: " + standing.reason};
  }
  return {true, "every service has a usable server"};
}

EventPage Gateway::events_since(std::uint64_t since, std::size_t limit) const { return events_.since(since, limit); }

Result<admin::Explanation> Gateway::explain(std::string_view service, std::string_view sql) const {
  const auto it = services_.find(std::string(service));
  const auto explain = it == services_.end() ? nullptr : protocol_of(it->second.watcher->service()).explain;
  if (explain == nullptr) {
    std::string known;
    for (const auto& [name, running] : services_) {
      if (protocol_of(running.watcher->service()).explain != nullptr) known += (known.empty() ? "" : ", ") + name;
    }
    return Error{ErrorCode::kNotFound, "no service '" + std::string(service) + "' whose statements can be explained; there is " + (known.empty() ? "none" : known)};
  }
  return explain(*it->second.watcher->view(), sql);
}

Result<void> Gateway::set_drained(std::string_view service, std::string_view server, bool drained, const admin::Caller& caller) {
  const auto it = services_.find(std::string(service));
  if (it == services_.end()) {
    std::string known;
    for (const auto& [name, running] : services_) known += (known.empty() ? "" : ", ") + name;
    return Error{ErrorCode::kNotFound, "no service '" + std::string(service) + "'; there is " + known};
  }
  Result<void> done = it->second.watcher->set_drained(server, drained);
  if (done.ok()) {
    emit(events::AdminCommand{.command = drained ? "drain" : "resume", .service = service, .server = server, .client = caller.peer});
  }
  return done;
}

Result<void> Gateway::drain(std::string_view service, std::string_view server, const admin::Caller& caller) {
  return set_drained(service, server, true, caller);
}

Result<void> Gateway::resume(std::string_view service, std::string_view server, const admin::Caller& caller) {
  return set_drained(service, server, false, caller);
}

void Gateway::refused(const admin::Caller& caller, std::string_view path, std::string_view reason) {
  emit(events::AdminRefused{.client = caller.peer, .path = path, .reason = reason});
}

void Gateway::crowded(admin::Transport door, std::size_t places) {
  emit(events::AdminCrowded{.door = door == admin::Transport::kTcp ? "http" : "socket", .limit = places});
}

admin::StatusSnapshot Gateway::status() const {
  admin::StatusSnapshot status;
  status.version = kVersion;
  status.node = config_->node.name;
  status.pid = ::getpid();
  status.uptime = loop_.now() - started_at_;
  status.shards = static_cast<std::uint32_t>(shards_.size());
  status.config_file = config_file_;
  status.config_generation = generation_;
  status.last_event = events_.last_sequence();
  status.readiness = readiness();
  if (admin_ != nullptr) status.admin = admin_->status();
  status.descriptors = {descriptors_.limit, descriptors_.needed, descriptors_.for_clients, accept_budget_.used()};
  status.log_lines_lost = log_.lost_total();
  for (const config::Service& service : config_->services) {
    const auto running = services_.find(service.name);
    if (running != services_.end()) status.services.push_back(describe(running->second));
  }
  if (desk_ != nullptr) desk_->describe(status);
  return status;
}

admin::ServiceStatus Gateway::describe(const RunningService& running) const {
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
  for (const auto& [key, listener] : listeners_->of_service(service.name)) {
    status.listeners.push_back({key, protocol.has_routes ? route_name(listener.listen.mysql.route) : "", listener.open, listener.reason});
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
    if (seen.checked_at) server.check_age = loop_.now() - *seen.checked_at;
    server.lag = seen.lag;
    server.weight = seen.weight;
    server.effective_weight = seen.effective_weight;
    server.version = seen.version;
    server.counters = service::sum_up_server(counters, seen.slot);
  }
  status.totals = service::sum_up(counters);
  return status;
}

}  // namespace hf::app
