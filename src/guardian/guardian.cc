#include "guardian/guardian.h"

#include <algorithm>
#include <csignal>
#include <utility>

#include <sys/random.h>
#include <unistd.h>

#include "base/events.h"
#include "guardian/events.h"
#include "runtime/wall_clock.h"

namespace hf::guardian {

namespace {

constexpr std::size_t kKeptNews = 1024;   // while there is no gateway to take them
constexpr Nanos kReportGap = 20ms;          // changes in quick succession make one report
constexpr Nanos kTick = 1s;
constexpr Nanos kHandOverPatience = 5s;     // for all routers to be at rest
constexpr Nanos kGatewayPatience = 25s;     // its own is 10 s for sessions, and some more to close
constexpr std::size_t kFullReports = 12;
constexpr std::size_t kMostReasons = 200;

/// Both would use the same name, adverts or addresses.
bool in_the_way(const vip::RouterSettings& leaving, const vip::RouterSettings& arriving) {
  if (leaving.name == arriving.name) return true;
  if (leaving.interface == arriving.interface && leaving.router_id == arriving.router_id) return true;
  return std::any_of(leaving.addresses.begin(), leaving.addresses.end(), [&](const vip::VirtualAddress& address) {
    return std::any_of(arriving.addresses.begin(), arriving.addresses.end(), [&](const vip::VirtualAddress& each) { return each.address == address.address; });
  });
}

std::uint64_t random_id() {
  std::uint64_t value = 0;
  HF_CHECK(::getrandom(&value, sizeof value, 0) == static_cast<ssize_t>(sizeof value));
  return value;
}

}  // namespace

Guardian::Guardian(runtime::EventLoop& loop, Options options, Settings settings)
    : loop_(loop),
      options_(std::move(options)),
      settings_(std::move(settings)),
      boot_id_(random_id()),
      watch_(settings_.gateway_silence, settings_.gateway_kill),
      interfaces_timer_([this] { interfaces_changed(); }),
      watch_timer_([this] { look_at_gateway(); }),
      gateway_timer_([this] { restart_gateway(); }),
      steward_timer_([this] {
        const Result<void> started = start_steward();
        if (!started.ok()) steward_ended(started.error().context);
      }),
      report_timer_([this] { send_report(); }),
      tick_timer_([this] {
        longest_delay_ = std::max(longest_delay_, loop_.now() - tick_due_);
        send_report();
        tick_due_ = loop_.now() + kTick;
        loop_.arm(tick_timer_, tick_due_);
      }),
      stop_timer_([this] { advance_stop(); }),
      after_timer_([this] { after_steps(); }) {}

/// The routers first: taking their addresses off may have to be told.
Guardian::~Guardian() {
  groups_.clear();
  leaving_.clear();
  routers_.clear();
}

Result<void> Guardian::start() {
  vip::router::RouteSocket::Listener listener;
  const auto look_soon = [this] { loop_.arm(interfaces_timer_, loop_.now()); };  // in this turn, once for all changes of it
  listener.link = [look_soon](const proto::netlink::Link&, vip::router::Change) { look_soon(); };
  listener.address = [look_soon](const proto::netlink::InterfaceAddress&, vip::router::Change) { look_soon(); };
  Result<std::unique_ptr<vip::router::RouteSocket>> routes = vip::router::RouteSocket::open(loop_, std::move(listener));
  if (!routes.ok()) return std::move(routes).error();
  routes_ = std::move(*routes);
  HF_RETURN_IF_ERROR(start_steward());
  HF_RETURN_IF_ERROR(start_gateway());
  emit(events::GuardianStarted{.pid = ::getpid(), .vips = settings_.routers.size(), .realtime = options_.standing.realtime, .locked = options_.standing.memory_locked});
  for (const auto& [what, reason] : options_.standing.degradations) emit(events::GuardianDegraded{.what = what, .reason = reason});
  for (const vip::RouterSettings& router : settings_.routers) add_router(router);
  regroup();
  for (const auto& router : routers_) router->start();
  tick_due_ = loop_.now() + kTick;
  loop_.arm(tick_timer_, tick_due_);
  return {};
}

// ── children ──

Result<void> Guardian::start_child(Child& child, const char* role, std::vector<int> fds) {
  const ChildProcess::Options options{options_.program, {"holdfast", "run", "--config", options_.config_file, "--role", role}, fds};
  const bool is_gateway = &child == &gateway_;
  Result<std::unique_ptr<ChildProcess>> started = ChildProcess::start(loop_, options, [this, is_gateway](int status) {
    is_gateway ? gateway_ended(describe_exit(status)) : steward_ended(describe_exit(status));
  });
  for (const int fd : fds) ::close(fd);
  if (!started.ok()) return std::move(started).error();
  child.process = std::move(*started);
  child.backoff.started(loop_.now());
  return {};
}

Result<void> Guardian::start_gateway() {
  const Result<std::pair<int, int>> talk = Channel::make_pair();
  if (!talk.ok()) return talk.error();
  Channel::Listener listener;
  listener.on_message = [this](Message message) { from_gateway(std::move(message)); };
  listener.on_closed = [] {};  // its end is seen by its pidfd
  listener.on_malformed = [this](const Error& error) { emit(hf::events::BugSurvived{.where = "guardian", .what = error.context}); };
  gateway_.channel = std::make_unique<Channel>(loop_, talk->first, std::move(listener));
  const Result<int> ports = open_port_broker();
  if (!ports.ok()) {
    ::close(talk->second);
    return ports.error();
  }
  HF_RETURN_IF_ERROR(start_child(gateway_, "gateway", {talk->second, *ports}));
  watch_.started(loop_.now());
  loop_.arm(watch_timer_, watch_.next_look(loop_.now()).at);
  tell_routers();
  flush_news();
  return {};
}

/// The gateway's end.
Result<int> Guardian::open_port_broker() {
  const Result<std::pair<int, int>> ends = make_bind_sockets();
  if (!ends.ok()) return ends.error();
  Result<std::unique_ptr<PortBroker>> broker = PortBroker::open(loop_, ends->first);
  if (!broker.ok()) {
    ::close(ends->second);
    return std::move(broker).error();
  }
  port_broker_ = std::move(*broker);
  return ends->second;
}

Result<void> Guardian::start_steward() {
  const Result<std::pair<int, int>> talk = Channel::make_pair();
  if (!talk.ok()) return talk.error();
  Channel::Listener listener;
  listener.on_message = [this](Message message) { from_steward(std::move(message)); };
  listener.on_closed = [] {};
  listener.on_malformed = [this](const Error& error) { emit(hf::events::BugSurvived{.where = "guardian", .what = error.context}); };
  steward_.channel = std::make_unique<Channel>(loop_, talk->first, std::move(listener));
  HF_RETURN_IF_ERROR(start_child(steward_, "steward", {talk->second}));
  return steward_.channel->send(LoadSettings{});  // it runs only scripts that it has read itself
}

void Guardian::gateway_ended(const std::string& how) {
  const pid_t pid = gateway_.process == nullptr ? 0 : gateway_.process->pid();
  const bool began = watch_.was_ready() || gateway_restarts_ > 0;
  watch_.ended(how);
  tell_routers();
  gateway_.process.reset();
  gateway_.channel.reset();
  port_broker_.reset();
  watch_timer_.disarm();
  if (stopping_) return advance_stop();
  std::string held;
  for (const auto& router : routers_) held += (held.empty() ? "" : " ") + router->settings().name;
  emit(events::GatewayDied{.pid = pid, .reason = how, .vips = held});
  if (!began) {  // it cannot even start: say so to whoever started us
    exit_code_ = 1;
    return stop();
  }
  loop_.arm(gateway_timer_, loop_.now() + gateway_.backoff.next_delay(loop_.now()));
}

void Guardian::restart_gateway() {
  if (stopping_) return;
  ++gateway_restarts_;
  const Result<void> started = start_gateway();
  if (!started.ok()) return gateway_ended(started.error().context);
  emit(events::GatewayRestarted{.pid = gateway_.process->pid(), .attempt = gateway_restarts_});
}

void Guardian::steward_ended(const std::string& how) {
  steward_.process.reset();
  steward_.channel.reset();
  if (stopping_) return advance_stop();
  emit(events::StewardRestarted{.reason = how});
  loop_.arm(steward_timer_, loop_.now() + steward_.backoff.next_delay(loop_.now()));
}

void Guardian::look_at_gateway() {
  const TimePoint now = loop_.now();
  switch (watch_.look(now)) {
    case GatewayWatch::Verdict::kSame: break;
    case GatewayWatch::Verdict::kRecovered:
      tell_routers();
      flush_news();
      break;
    case GatewayWatch::Verdict::kBecameStuck:
      tell_routers();
      emit(events::GatewayStuck{.pid = gateway_.process->pid(), .silence = watch_.silent_for(now)});
      break;
    case GatewayWatch::Verdict::kKill: signal_child(gateway_, SIGKILL); break;
  }
  const Deadline next = watch_.next_look(now);
  if (!next.is_never()) loop_.arm(watch_timer_, std::max(next.at, now + 1ms));
}

void Guardian::tell_routers() {
  const vip::GatewayCondition condition = watch_.condition();
  for (const auto& router : routers_) router->set_gateway(condition);
  report_soon();
}

/// One that starts does not listen for signals yet, and would die of them.
void Guardian::forward_signal(int number) {
  if (watch_.was_ready() && gateway_.process != nullptr) return signal_child(gateway_, number);
  if (std::find(kept_signals_.begin(), kept_signals_.end(), number) == kept_signals_.end()) kept_signals_.push_back(number);
}

void Guardian::signal_child(Child& child, int number) {
  if (child.process == nullptr) return;
  const Result<void> sent = child.process->kill(number);
  (void)sent;  // it has ended: its pidfd says so next
}

// ── messages ──

void Guardian::from_gateway(Message message) {
  if (const auto* beat = std::get_if<Beat>(&message)) {
    watch_.beat(*beat, loop_.now());
    return look_at_gateway();
  }
  if (const auto* ready = std::get_if<GatewayReady>(&message)) return on(*ready);
  if (const auto* verdicts = std::get_if<Verdicts>(&message)) {
    verdicts_ = *verdicts;
    for (const auto& router : routers_) judge(*router);
    return;
  }
  if (const auto* command = std::get_if<VipCommand>(&message)) return on(*command);
  if (auto* request = std::get_if<RunScript>(&message)) return on(std::move(*request));
  if (std::holds_alternative<SettingsChanged>(message)) load_settings();
}

void Guardian::on(const GatewayReady& ready) {
  const bool first = ready.ready && !watch_.was_ready();
  watch_.ready(ready.ready);
  watch_.beat({}, loop_.now());
  tell_routers();
  look_at_gateway();
  if (!first) return;
  flush_news();
  if (gateway_restarts_ > 0) load_settings();  // this life of the gateway has read the file as it is now
  for (const int number : std::exchange(kept_signals_, {})) signal_child(gateway_, number);
}

void Guardian::load_settings() {
  if (steward_.channel == nullptr) return;  // the next one reads the file as it starts
  const Result<void> asked = steward_.channel->send(LoadSettings{});
  if (!asked.ok()) emit(events::VipSettingsRejected{.reason = asked.error().context});
}

/// The gateway tells what it tracks when that changes, and may have done so before there was this router.
void Guardian::judge(vip::router::VirtualRouter& router) {
  const auto verdict = std::find_if(verdicts_.verdicts.begin(), verdicts_.verdicts.end(),
                                    [&](const Verdict& each) { return each.router == router.settings().name; });
  if (verdict != verdicts_.verdicts.end()) router.set_verdict(*verdict);
}

void Guardian::on(const VipCommand& command) {
  CommandDone done;
  done.id = command.id;
  vip::router::VirtualRouter* router = find(command.router);
  done.done = router != nullptr;
  done.text = router != nullptr ? router->command(command.command) : "there is no VIP '" + command.router + "'";
  const Result<void> sent = gateway_.channel->send(done);
  (void)sent;  // who asked gives up by himself
  report_soon();
}

void Guardian::on(RunScript request) {
  const std::uint64_t id = request.id;
  Result<void> sent{ErrorCode::kUnreachable, "the steward is being restarted"};
  if (steward_.channel != nullptr) sent = steward_.channel->send(std::move(request));
  if (sent.ok()) return;
  const Result<void> answered = gateway_.channel->send(ScriptDone{id, false, false, 0, sent.error().context});
  (void)answered;
}

void Guardian::from_steward(Message message) {
  if (auto* done = std::get_if<ScriptDone>(&message)) {
    if (gateway_.channel == nullptr) return;
    const Result<void> sent = gateway_.channel->send(std::move(*done));
    (void)sent;  // the gateway has a time-out of its own
    return;
  }
  if (auto* loaded = std::get_if<SettingsLoaded>(&message)) return apply(std::move(loaded->settings));
  if (const auto* failed = std::get_if<SettingsFailed>(&message)) {
    emit(events::VipSettingsRejected{.reason = failed->reason.substr(0, kMostReasons)});
  }
}

// ── virtual routers ──

void Guardian::add_router(const vip::RouterSettings& settings) {
  vip::router::VirtualRouter::Surroundings around{loop_, *routes_, heartbeat_ports_, boot_id_, [this](News news) { emit(std::move(news)); },
                                                  [this](vip::router::VirtualRouter& router) { tell_leaving(router); },
                                                  [this](vip::router::VirtualRouter& router) { stepped(router); }};
  routers_.push_back(std::make_unique<vip::router::VirtualRouter>(std::move(around), settings, watch_.condition()));
  judge(*routers_.back());
}

void Guardian::tell_leaving(const vip::router::VirtualRouter& router) {
  if (gateway_.channel == nullptr) return;
  const Result<void> sent = gateway_.channel->send(AddressesLeave{router.settings().name});
  (void)sent;  // its clients find out by themselves, later
}

void Guardian::apply(Settings next) {
  if (stopping_) return;
  watch_.set_limits(next.gateway_silence, next.gateway_kill);
  arriving_.clear();  // what still waits is in `next`, or is not wanted any more
  std::string changes;
  const auto note = [&](std::string_view what, const std::string& name) { changes += (changes.empty() ? "" : ", ") + std::string(what) + " " + name; };
  for (auto it = routers_.begin(); it != routers_.end();) {
    const std::string name = (*it)->settings().name;
    const auto wanted = std::find_if(next.routers.begin(), next.routers.end(), [&](const vip::RouterSettings& each) { return each.name == name; });
    if (wanted != next.routers.end() && (*it)->can_become(*wanted)) {
      if ((*it)->become_if_changed(*wanted)) note("changed", name);
      next.routers.erase(wanted);
      ++it;
      continue;
    }
    note(wanted == next.routers.end() ? "removed" : "restarted", name);
    std::unique_ptr<vip::router::VirtualRouter> going = std::move(*it);
    it = routers_.erase(it);
    leaving_.push_back(std::move(going));
  }
  for (const vip::RouterSettings& fresh : next.routers) {
    const bool same_name_leaves = std::any_of(leaving_.begin(), leaving_.end(), [&](const auto& each) { return each->settings().name == fresh.name; });
    if (!same_name_leaves) note("added", fresh.name);
    arriving_.push_back(fresh);
  }
  regroup();
  const std::size_t stops = leaving_.size();
  for (std::size_t i = 0; i < stops; ++i) leaving_[i]->stop();
  loop_.arm(after_timer_, loop_.now());
  if (!changes.empty()) emit(events::VipSettingsApplied{.changes = changes});
  report_soon();
}

/// A group whose members stay goes on as it is; one that has gained or lost some begins with what its members are now.
void Guardian::regroup() {
  std::vector<std::unique_ptr<Group>> before;
  std::swap(before, groups_);
  unsettled_.clear();
  for (const auto& router : routers_) {
    const std::string& name = router->settings().sync_group;
    if (name.empty()) continue;
    const auto there = std::find_if(groups_.begin(), groups_.end(), [&](const auto& each) { return each->name == name; });
    Group& group = there != groups_.end() ? **there : *groups_.emplace_back(std::make_unique<Group>(Group{name, {}, policy::vrrp::SyncGroup(0)}));
    group.members.push_back(router.get());
  }
  for (const auto& group : groups_) {
    const auto same = std::find_if(before.begin(), before.end(), [&](const auto& each) { return each->members == group->members; });
    if (same != before.end()) {
      group->machine = std::move((*same)->machine);
      continue;
    }
    std::vector<policy::vrrp::MemberStatus> states;
    std::vector<bool> faulted;
    for (const vip::router::VirtualRouter* member : group->members) {
      states.push_back(member->member_status());
      faulted.push_back(member->has_group_fault());
    }
    group->machine = policy::vrrp::SyncGroup(std::move(states), std::move(faulted));
    unsettled_.insert(unsettled_.end(), group->members.begin(), group->members.end());
  }
  settle();
}

void Guardian::interfaces_changed() {
  for (const auto& router : routers_) router->interfaces_changed();
  for (const auto& router : leaving_) router->interfaces_changed();
}

void Guardian::stepped(vip::router::VirtualRouter& router) {
  unsettled_.push_back(&router);
  report_soon();
  settle();
  if (stopping_ || !leaving_.empty()) loop_.arm(after_timer_, loop_.now());  // not from within a step
}

void Guardian::settle() {
  if (std::exchange(settling_, true)) return;
  settle_groups();
  settling_ = false;
}

void Guardian::settle_groups() {
  while (!unsettled_.empty()) {
    vip::router::VirtualRouter* router = unsettled_.front();
    unsettled_.pop_front();
    for (const auto& group : groups_) {
      const auto member = std::find(group->members.begin(), group->members.end(), router);
      if (member == group->members.end()) continue;
      const auto number = static_cast<std::size_t>(member - group->members.begin());
      const std::vector<policy::vrrp::MemberOrder> orders = group->machine.observe(number, router->member_status());
      for (const policy::vrrp::MemberOrder& order : orders) group->members[order.member]->order(order.order);
    }
  }
}

vip::router::VirtualRouter* Guardian::find(std::string_view name) {
  for (const auto& router : routers_) {
    if (router->settings().name == name) return router.get();
  }
  return nullptr;
}

// ── stopping ──

void Guardian::stop() {
  if (std::exchange(stopping_, true)) return;
  gateway_timer_.disarm();
  steward_timer_.disarm();
  stop_deadline_ = loop_.deadline_in(kHandOverPatience);
  loop_.arm(stop_timer_, stop_deadline_.at);
  for (const auto& router : routers_) router->stop();
  advance_stop();
}

/// Routers that were on their way out are gone, those that waited for it come in, a stop goes on.
void Guardian::after_steps() {
  const auto rests = [](const std::unique_ptr<vip::router::VirtualRouter>& router) { return router->at_rest(); };
  std::erase_if(leaving_, rests);
  if (stopping_) return advance_stop();
  std::vector<vip::RouterSettings> fresh;
  std::swap(fresh, arriving_);
  for (vip::RouterSettings& each : fresh) {
    if (std::any_of(leaving_.begin(), leaving_.end(), [&](const auto& router) { return in_the_way(router->settings(), each); })) {
      arriving_.push_back(std::move(each));
      continue;
    }
    add_router(each);
    regroup();
    routers_.back()->start();
  }
}

void Guardian::advance_stop() {
  const bool late = stop_deadline_.passed(loop_.now());
  const bool handed_over = leaving_.empty() && std::all_of(routers_.begin(), routers_.end(), [](const auto& router) { return router->at_rest(); });
  if (!children_told_to_end_) {
    if (!handed_over && !late) return;
    children_told_to_end_ = true;
    signal_child(gateway_, SIGTERM);
    stop_deadline_ = loop_.deadline_in(kGatewayPatience);
    loop_.arm(stop_timer_, stop_deadline_.at);
  } else if (late) {
    signal_child(gateway_, SIGKILL);
    signal_child(steward_, SIGKILL);
  }
  if (gateway_.process != nullptr) return;
  if (steward_.process == nullptr) return loop_.stop();
  signal_child(steward_, SIGTERM);  // not before: the gateway's last scripts run there
}

// ── what the gateway is told ──

void Guardian::emit(News news) {
  if (auto* event = std::get_if<Event>(&news)) event->wall_micros = runtime::wall_micros();
  if (news_.size() == kKeptNews) news_.pop_front();
  news_.push_back(std::move(news));
  flush_news();
}

void Guardian::flush_news() {
  while (!news_.empty() && gateway_.channel != nullptr && watch_.was_ready() && !watch_.stuck()) {
    const Result<void> sent = gateway_.channel->send(message_of(news_.front()));
    const bool later = !sent.ok() && (sent.error().code == ErrorCode::kOverload || sent.error().code == ErrorCode::kClosed);
    if (later) return;
    news_.pop_front();  // also one that can never be sent: those behind it can
  }
}

std::vector<Event> Guardian::untold_events() const {
  std::vector<Event> events;
  for (const News& news : news_) events.push_back(vip::event_of(news));
  return events;
}

void Guardian::report_soon() {
  if (!report_timer_.armed()) loop_.arm(report_timer_, loop_.now() + kReportGap);
}

void Guardian::send_report() {
  flush_news();
  if (gateway_.channel == nullptr || gateway_.channel->queued() > 0) return;  // the next one tells the same, newer
  Report report;
  report.guardian_pid = ::getpid();
  report.steward_pid = steward_.process == nullptr ? 0 : steward_.process->pid();
  report.realtime = options_.standing.realtime;
  report.memory_locked = options_.standing.memory_locked;
  report.gateway_restarts = gateway_restarts_;
  report.longest_delay = longest_delay_;
  for (const auto& router : routers_) report.routers.push_back(router->report());
  if (report.routers.size() > kFullReports) {  // what fits into a message
    for (RouterReport& router : report.routers) {
      if (router.transitions.size() > 2) router.transitions.erase(router.transitions.begin(), router.transitions.end() - 2);
    }
  }
  const Result<void> sent = gateway_.channel->send(report);
  (void)sent;
}

}  // namespace hf::guardian
