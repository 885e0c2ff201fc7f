#include "app/gateway.h"

#include <csignal>

#include <sys/random.h>
#include <unistd.h>

#include "app/events.h"
#include "app/load_context.h"
#include "app/version.h"
#include "config/diff.h"
#include "config/scripts.h"
#include "runtime/epoll_poller.h"

namespace hf::app {

using runtime::Task;

namespace {

constexpr Nanos kFirstLook = 2s;       // how long listeners wait for the first round of checks
constexpr Nanos kStopPatience = 10s;   // for sessions in the middle of something
constexpr Nanos kStallLimit = 500ms;   // a turn of a shard that takes longer is an event
constexpr Nanos kTurnPatience = 25s;   // for the reloads before; the command line waits half a minute for its own
constexpr Nanos kLogPatience = 200ms;  // what a reload waits for its log file, to tell of an error
constexpr Nanos kLogGlance = 5ms;
constexpr Nanos kNewsPatience = 5s;     // for scripts and receivers to hear of the last news
constexpr Nanos kStewardPatience = 2s;  // for the steward to end what it runs and itself

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

Gateway::Gateway(std::string config_file, config::ConfigPtr config, std::optional<GuardianSockets> guardian,
                 Spawning spawning)
    : loop_(std::make_unique<runtime::EpollPoller>()),
      life_{.config_file = std::move(config_file), .config = std::move(config), .began = loop_.now()},
      journal_(loop_, [this](const Event& event) { notifier_.told(event); }),
      guardian_(guardian),
      spawning_(spawning),
      configuring_(loop_),
      resolver_(loop_),
      names_({loop_,
              [this](std::string name, Deadline deadline) { return resolver_.resolve(std::move(name), deadline); },
              [this](Event event) { journal_.emit(std::move(event)); },
              [this](const std::string& name, const upstream::AddressBook& book) {
                return services_.follow(life_.config, name, book);
              },
              seed()}),
      notifier_(loop_, {[this](vip::ScriptCall call, vip::ScriptAnswer answer) {
                          run_script(std::move(call), std::move(answer));
                        },
                        [this](config::Endpoint endpoint, Deadline deadline) {
                          return Names::address_of(&names_, std::move(endpoint), deadline);
                        },
                        [this](Event event) { journal_.emit(std::move(event)); }}),
      scope_(loop_),
      services_({scope_, shards_, [this](Event event) { journal_.emit(std::move(event)); },
                 [this](const std::string& name) {
                   if (desk_ != nullptr) desk_->service_changed(name);
                 }}),
      listeners_({loop_, shards_, guardian ? guardian->broker : -1,
                  [this](Event event) { journal_.emit(std::move(event)); },
                  [this](const std::string& name) {
                    const Services::Running* running = services_.find(name);
                    return running == nullptr ? nullptr : running->shared;
                  }}),
      console_({loop_, life_, journal_, services_, listeners_, descriptors_, shards_, admin_, desk_,
                [this](admin::Caller caller) { return reload(this, std::move(caller)); }}) {}

Gateway::~Gateway() {
  if (guardian_) ::close(guardian_->broker);
}

int Gateway::run() {
  const Result<void> logging = journal_.open(life_.config->log, Log::kStartPatience);
  if (!logging.ok() && logging.error().code != ErrorCode::kTimeout) {
    say("holdfast: " + logging.error().context);
    return 1;
  }
  if (!logging.ok()) tell_log_failed(logging.error());
  if (spawning_ == Spawning::kAllowed) {
    const auto emit = [this](Event event) { journal_.emit(std::move(event)); };
    steward_ =
        std::make_unique<OwnSteward>(loop_, guardian::StewardKeeper::Options{.config_file = life_.config_file}, emit);
    steward_->configure(*life_.config);
  }
  notifier_.configure(life_.config->vips, life_.config->notifies, life_.config->node.name);
  descriptors_.own = open_descriptors();
  share_out_descriptors();
  signals_.emplace(loop_, [this](int number) { on_signal(number); });
  for (std::uint32_t id = 0; id < life_.config->node.shards; ++id) {
    shards_.push_back(std::make_unique<service::Shard>(id, services_.control(descriptors_.budget), seed()));
  }
  std::vector<service::Shard*> peers;
  for (const auto& shard : shards_) peers.push_back(shard.get());
  for (const auto& shard : shards_) shard->set_peers(peers);
  for (const auto& shard : shards_) shard->start();
  meet_guardian();
  scope_.spawn("housekeeping", keep_house, this);
  scope_.spawn("start", start, this);
  loop_.run();
  for (const auto& shard : shards_) shard->stop();
  journal_.close(Log::kClosePatience);
  return life_.exit_code;
}

Task<void> Gateway::start(Gateway* self) {
  std::size_t servers = 0;
  for (const config::Service& service : self->life_.config->services) servers += service.servers.size();
  self->journal_.emit(events::ConfigLoaded{
      .file = self->life_.config_file, .services = self->life_.config->services.size(), .servers = servers});
  std::vector<std::string> problems = co_await open_everything(self);
  if (self->life_.stopping) co_return;
  if (!problems.empty()) {
    for (const std::string& problem : problems) say("holdfast: " + problem);
    self->life_.exit_code = 1;
    self->on_signal(SIGTERM);
    co_return;
  }
  co_await serve_when_ready(self);
  if (self->life_.stopping) co_return;
  self->life_.started = true;
  self->journal_.emit(events::Started{.version = kVersion,
                                      .pid = ::getpid(),
                                      .shards = self->shards_.size(),
                                      .services = self->services_.all().size()});
  if (self->desk_ != nullptr) self->desk_->ready(true);
  notify_systemd("READY=1");
}

/// Services, admin interface, listeners. Returns what stands in the way.
Task<std::vector<std::string>> Gateway::open_everything(Gateway* self) {
  std::vector<std::string> problems;
  const Result<runtime::Turns::Turn> turn = co_await turn_to_configure(self);
  if (!turn.ok()) co_return problems;  // a stop, before anything was begun
  const config::ConfigPtr config = self->life_.config;
  const Names::Found found = co_await Names::look_up(&self->names_, config);
  if (self->life_.stopping) co_return problems;
  const upstream::AddressBook addresses = self->names_.book(found);
  problems = self->services_.objections(*config, addresses);
  if (!problems.empty()) co_return problems;
  self->names_.adopt(*config, found);
  problems = self->services_.apply(config, {}, addresses);
  if (self->guardian_) co_await Listeners::wait_for_addresses(&self->listeners_, config);
  if (self->life_.stopping) co_return problems;
  self->admin_ = std::make_unique<AdminServer>(self->loop_, self->console_, config->admin);
  if (problems.empty()) {
    const Result<void> opened = self->admin_->open();
    if (!opened.ok()) problems.push_back("admin interface: " + opened.error().context);
  }
  if (problems.empty()) problems = self->listeners_.apply(*config);
  co_return problems;
}

/// Lets the first round of checks come in, so that clients are greeted with the servers' version and globals, and
/// nothing is held in vain.
Task<void> Gateway::serve_when_ready(Gateway* self) {
  const Deadline patience = self->loop_.deadline_in(kFirstLook);
  const auto is_ready = [&](const std::string& name) {
    const Services::Running* running = self->services_.find(name);
    return running == nullptr || running->watcher->ready() || patience.passed(self->loop_.now());
  };
  while (!self->listeners_.serve(is_ready)) {
    const Result<void> slept = co_await runtime::sleep_until(self->loop_.deadline_in(5ms));
    if (!slept.ok()) co_return;
  }
}

Task<void> Gateway::keep_house(Gateway* self) {
  std::vector<std::int64_t> reported(self->shards_.size(), 0);
  for (;;) {
    const Result<void> slept = co_await runtime::sleep_until(self->loop_.deadline_in(100ms));
    if (!slept.ok()) co_return;
    self->journal_.tell_the_rest(self->loop_.now());
    self->notifier_.tell_the_rest(self->loop_.now());
    for (std::size_t i = 0; i < self->shards_.size(); ++i) {
      const std::int64_t since = self->shards_[i]->loop().busy_since();
      if (since == 0 || since == reported[i]) continue;
      const Nanos busy{self->loop_.now().nanos - since};
      if (busy < kStallLimit) continue;
      reported[i] = since;
      self->journal_.emit(events::LoopStalled{.shard = i, .duration = busy});
    }
  }
}

/// By whoever runs programs for this gateway; the guardian's steward, or its own.
void Gateway::run_script(vip::ScriptCall call, vip::ScriptAnswer answer) {
  const config::Script* script = config::find_script(*life_.config, call.script);
  const Nanos timeout = script == nullptr ? Nanos{0} : script->timeout;
  if (desk_ != nullptr) return desk_->link().run_script(std::move(call), timeout, std::move(answer));
  if (steward_ != nullptr) return steward_->run_script(std::move(call), timeout, std::move(answer));
  answer(vip::ScriptDone{
      .started = false,
      .output = "there is no steward: holdfast was started as root with a file that named no program; start it anew"});
}

/// What clients may have of the descriptors, so that servers and the admin interface always find one.
void Gateway::share_out_descriptors() {
  const DescriptorPlan& plan = descriptors_.plan =
      plan_descriptors(*life_.config, raise_descriptor_limit(), descriptors_.own);
  descriptors_.budget.set_limit(plan.for_clients);
  if (plan.needed <= plan.limit) return;
  journal_.emit(events::DescriptorsScarce{.limit = plan.limit, .needed = plan.needed, .clients = plan.for_clients});
}

void Gateway::on_signal(int number) {
  if (number == SIGUSR1) {
    if (life_.stopping) return journal_.ask(life_.config->log);
    return scope_.spawn("reopen log", reopen_log, this);
  }
  if (number == SIGHUP) {
    if (std::exchange(hangup_waits_, true)) return;  // the one that waits reads the file as it is then
    return scope_.spawn("reload", reload_on_signal, this);
  }
  if (life_.stopping) return;
  life_.stopping = true;
  configuring_.close();
  scope_.spawn("stop", stop, this);
}

/// By the log's writer, which a file system may hold up: kTimeout, and it is opened when that lets go.
Task<Result<void>> Gateway::open_log(Gateway* self, config::Log settings) {
  self->journal_.ask(settings);
  const Deadline patience = self->loop_.deadline_in(kLogPatience);
  for (;;) {
    const std::optional<Result<void>> opened = self->journal_.opened();
    if (opened) co_return *opened;
    if (patience.passed(self->loop_.now())) {
      co_return Error{ErrorCode::kTimeout, "log file " + settings.file + " is not open yet: its file system hangs"};
    }
    Result<void> slept = co_await runtime::sleep_until(self->loop_.deadline_in(kLogGlance));
    HF_CO_RETURN_IF_ERROR(slept);
  }
}

Task<void> Gateway::reopen_log(Gateway* self) {
  const config::ConfigPtr config = self->life_.config;
  const Result<void> reopened = co_await open_log(self, config->log);
  if (reopened.ok()) {
    self->journal_.emit(events::LogReopened{.file = config->log.file});
  } else {
    self->tell_log_failed(reopened.error());
  }
}

void Gateway::tell_log_failed(const Error& error) {
  if (error.code == ErrorCode::kCancelled) return;  // nobody knows what came of it
  journal_.emit(events::LogFailed{.file = life_.config->log.file, .reason = error.context});
}

Task<void> Gateway::stop(Gateway* self) {
  if (!self->guardian_) notify_systemd("STOPPING=1");  // else it may be this process alone, which is started anew then
  if (self->desk_ != nullptr) self->desk_->ready(false);
  const TimePoint began = self->loop_.now();
  self->journal_.emit(events::Stopping{.reason = "signal", .clients = self->services_.clients()});
  self->listeners_.close();  // at once: a next gateway may open its own while our clients finish
  const Result<void> names = co_await self->names_.close(self->loop_.deadline_in(1s));
  (void)names;  // look-ups end at once
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
  co_await Services::close(&self->services_, self->loop_.deadline_in(5s));
  const Result<void> told = co_await self->notifier_.finish(self->loop_.deadline_in(kNewsPatience));
  (void)told;  // what is left is cut off with the process
  if (self->steward_ != nullptr) {
    co_await OwnSteward::close(self->steward_.get(), self->loop_.deadline_in(kStewardPatience));
  }
  if (self->admin_ != nullptr) {
    const Result<void> closed = co_await self->admin_->close(self->loop_.deadline_in(2s));
    (void)closed;
  }
  self->scope_.cancel();
  self->journal_.tell_the_rest(self->loop_.now() + 1s);
  self->journal_.emit(events::Stopped{.duration = self->loop_.now() - began});
  self->loop_.stop();
}

Task<Result<runtime::Turns::Turn>> Gateway::turn_to_configure(Gateway* self) {
  Result<runtime::Turns::Turn> turn =
      co_await runtime::Turns::take(&self->configuring_, self->loop_.deadline_in(kTurnPatience));
  if (turn.ok()) co_return turn;
  // nothing opens any more
  if (self->life_.stopping) co_return Error{ErrorCode::kUnreachable, "the gateway is stopping"};
  co_return Error{turn.error().code, "the reloads before this one have not ended: " + turn.error().context};
}

Task<void> Gateway::reload_on_signal(Gateway* self) {
  const Result<runtime::Turns::Turn> turn = co_await turn_to_configure(self);
  self->hangup_waits_ = false;
  if (!turn.ok()) co_return;
  const Result<admin::ReloadOutcome> outcome = co_await read_and_apply(self, admin::Caller{"SIGHUP", ""});
  (void)outcome;  // reported as an event
}

Task<Result<admin::ReloadOutcome>> Gateway::reload(Gateway* self, admin::Caller caller) {
  const Result<runtime::Turns::Turn> turn = co_await turn_to_configure(self);
  HF_CO_RETURN_IF_ERROR(turn);
  Result<admin::ReloadOutcome> outcome = co_await read_and_apply(self, std::move(caller));
  co_return outcome;
}

Task<Result<admin::ReloadOutcome>> Gateway::read_and_apply(Gateway* self, admin::Caller caller) {
  config::LoadContext context = load_context();
  const config::LoadResult loaded = config::load_file(self->life_.config_file, context);
  if (!loaded.ok()) {
    admin::ReloadOutcome outcome;
    for (const config::Diagnostic& error : loaded.errors) outcome.errors.push_back(config::to_string(error));
    self->journal_.emit(events::ConfigRejected{
        .file = self->life_.config_file, .errors = outcome.errors.size(), .first = outcome.errors.front()});
    co_return outcome;
  }
  const Names::Found found = co_await Names::look_up(&self->names_, loaded.config);
  const runtime::TaskContext& task = co_await runtime::this_context();
  if (task.cancelled) co_return Error{ErrorCode::kCancelled, "whoever asked for the reload is gone"};
  if (self->life_.stopping) co_return Error{ErrorCode::kUnreachable, "the gateway is stopping"};
  admin::ReloadOutcome outcome = self->apply(loaded.config, found);
  if (!outcome.accepted) {
    self->journal_.emit(events::ConfigRejected{
        .file = self->life_.config_file, .errors = outcome.errors.size(), .first = joined(outcome.errors)});
    co_return outcome;
  }
  const Result<void> logging = co_await open_log(self, loaded.config->log);
  if (!logging.ok()) {
    outcome.changes.insert(outcome.changes.begin(), "failed: " + logging.error().context);
    self->tell_log_failed(logging.error());
  }
  self->journal_.emit(events::AdminCommand{.command = "reload", .client = caller.peer});
  self->journal_.emit(events::ConfigReloaded{.file = self->life_.config_file, .changes = joined(outcome.changes)});
  if (!outcome.needs_restart.empty()) {
    self->journal_.emit(
        events::ConfigNeedsRestart{.file = self->life_.config_file, .what = joined(outcome.needs_restart)});
  }
  co_return outcome;
}

admin::ReloadOutcome Gateway::apply(const config::ConfigPtr& next, const Names::Found& found) {
  admin::ReloadOutcome outcome;
  const config::ConfigDiff changes = config::diff(*life_.config, *next);
  const upstream::AddressBook addresses = names_.book(found);
  outcome.errors = services_.objections(*next, addresses);  // first: what cannot be resolved rejects the whole
  if (!outcome.errors.empty()) return outcome;
  names_.adopt(*next, found);
  life_.config = next;
  ++life_.generation;
  share_out_descriptors();
  for (const std::string& problem : services_.apply(next, changes.services.removed, addresses)) {
    outcome.changes.push_back("failed: " + problem);
  }
  for (const std::string& problem : listeners_.apply(*next)) outcome.changes.push_back("failed: " + problem);
  scope_.spawn("serve when ready", serve_when_ready, this);
  if (admin_ != nullptr) admin_->apply(next->admin);
  // first: it is to know the programs that are asked for from now on
  if (steward_ != nullptr) steward_->configure(*next);
  notifier_.configure(next->vips, next->notifies, next->node.name);
  if (desk_ != nullptr) desk_->reloaded(next);
  outcome.accepted = true;
  for (std::string& line : config::describe(changes)) outcome.changes.push_back(std::move(line));
  outcome.needs_restart = changes.needs_restart;
  return outcome;
}

}  // namespace hf::app
