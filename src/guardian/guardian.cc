#include "guardian/guardian.h"

#include <algorithm>
#include <csignal>
#include <optional>
#include <utility>

#include <unistd.h>

#include "guardian/events.h"

namespace hf::guardian {

namespace {

constexpr Nanos kTick = 1s;
constexpr Nanos kClaimPatience = 500ms;  // a process that runs may have been told to end, or killed, just now
constexpr Nanos kClaimRetry = 20ms;
constexpr Nanos kHandOverPatience = 5s;  // for all routers to be at rest
constexpr Nanos kGatewayPatience = 25s;  // its own is 10 s for sessions, and some more to close
constexpr std::size_t kMostReasons = 200;

}  // namespace

Guardian::Guardian(runtime::EventLoop& loop, Options options, Settings settings)
    : loop_(loop),
      standing_(std::move(options.standing)),
      settings_(std::move(settings)),
      outbox_(loop, outbox_ports()),
      children_(loop, {std::move(options.program), std::move(options.config_file)}, settings_, children_listener()),
      routers_(loop, std::move(options.orders), routers_listener()),
      tick_timer_([this] { tick(); }),
      stop_timer_([this] { advance_stop(); }),
      claim_timer_([this] { claim(); }) {}

// ── who tells whom ──

Outbox::Ports Guardian::outbox_ports() {
  return {.gateway = [this] { return children_.gateway(); },
          .reads = [this] { return children_.gateway_reads(); },
          .report = [this] { return report(); }};
}

Children::Listener Guardian::children_listener() {
  Children::Listener listener;
  listener.condition = [this](const vip::GatewayCondition& condition) {
    routers_.set_gateway(condition);
    outbox_.report_soon();
    outbox_.flush();
  };
  listener.from_gateway = [this](const Message& message) { from_gateway(message); };
  listener.from_steward = [this](Message message) { from_steward(std::move(message)); };
  listener.news = [this](News news) { outbox_.tell(std::move(news)); };
  listener.held = [this] { return routers_.names(); };
  listener.cannot_start = [this] {  // say so to whoever started us
    give_up("");
  };
  listener.ended = [this] { advance_stop(); };
  return listener;
}

Routers::Listener Guardian::routers_listener() {
  Routers::Listener listener;
  listener.news = [this](News news) { outbox_.tell(std::move(news)); };
  // else its clients find out by themselves, later
  listener.leaving = [this](const std::string& router) { outbox_.send(AddressesLeave{router}); };
  listener.changed = [this] { outbox_.report_soon(); };
  listener.at_rest = [this] { advance_stop(); };
  return listener;
}

// ── start ──

Result<void> Guardian::start() {
  HF_RETURN_IF_ERROR(routers_.open());
  patience_ = loop_.deadline_in(kClaimPatience);
  loop_.arm(claim_timer_, loop_.now());
  return {};
}

void Guardian::claim() {
  const Result<void> claimed = routers_.claim(settings_.routers);
  if (claimed.ok()) return begin();
  const bool runs = claimed.error().code == ErrorCode::kRefused;
  if (runs && patience_.passed(loop_.now())) return give_up(claimed.error().context);
  loop_.arm(claim_timer_, loop_.now() + kClaimRetry);
}

void Guardian::give_up(const std::string& why) {
  failure_ = why;
  stop();
}

void Guardian::begin() {
  const Result<void> children = children_.start();
  if (!children.ok()) return give_up(children.error().context);
  outbox_.tell(events::GuardianStarted{.pid = ::getpid(),
                                       .vips = settings_.routers.size(),
                                       .realtime = standing_.realtime,
                                       .locked = standing_.memory_locked});
  for (const auto& [what, reason] : standing_.degradations) {
    outbox_.tell(events::GuardianDegraded{.what = what, .reason = reason});
  }
  routers_.start(settings_.routers);
  tick_due_ = loop_.now() + kTick;
  loop_.arm(tick_timer_, tick_due_);
}

void Guardian::tick() {
  longest_delay_ = std::max(longest_delay_, loop_.now() - tick_due_);
  outbox_.report();
  routers_.tidy();
  tick_due_ = loop_.now() + kTick;
  loop_.arm(tick_timer_, tick_due_);
}

// ── messages ──

void Guardian::from_gateway(const Message& message) {
  if (const auto* verdicts = std::get_if<Verdicts>(&message)) return routers_.set_verdicts(*verdicts);
  if (const auto* order = std::get_if<VipCommand>(&message)) command(*order);
}

void Guardian::command(const VipCommand& command) {
  CommandDone done;
  done.id = command.id;
  const std::optional<std::string> outcome = routers_.command(command.router, command.command);
  done.done = outcome.has_value();
  done.text = outcome ? *outcome : "there is no VIP '" + command.router + "'";
  outbox_.send(done);  // who asked gives up by himself
  outbox_.report_soon();
}

void Guardian::from_steward(Message message) {
  if (auto* loaded = std::get_if<SettingsLoaded>(&message)) return apply(std::move(loaded->settings));
  if (const auto* failed = std::get_if<SettingsFailed>(&message)) {
    outbox_.tell(events::VipSettingsRejected{.reason = failed->reason.substr(0, kMostReasons)});
  }
}

void Guardian::apply(Settings next) {
  if (stopping_) return;
  children_.set_limits(next);
  const std::string changes = routers_.apply(std::move(next.routers));
  if (!changes.empty()) outbox_.tell(events::VipSettingsApplied{.changes = changes});
  outbox_.report_soon();
}

// ── stopping ──

void Guardian::stop() {
  if (std::exchange(stopping_, true)) return;
  claim_timer_.disarm();
  children_.keep_ended();
  patience_ = loop_.deadline_in(kHandOverPatience);
  loop_.arm(stop_timer_, patience_.at);
  routers_.stop();
  advance_stop();
}

void Guardian::advance_stop() {
  const bool late = patience_.passed(loop_.now());
  if (!children_told_to_end_) {
    if (!routers_.at_rest() && !late) return;
    children_told_to_end_ = true;
    children_.signal_gateway(SIGTERM);
    patience_ = loop_.deadline_in(kGatewayPatience);
    loop_.arm(stop_timer_, patience_.at);
  } else if (late) {
    children_.signal_gateway(SIGKILL);
    children_.signal_steward(SIGKILL);
  }
  if (children_.gateway_runs()) return;
  if (!children_.steward_runs()) return loop_.stop();
  children_.signal_steward(SIGTERM);  // not before: the gateway's last scripts run there
}

// ── the report ──

Report Guardian::report() {
  Report report;
  report.guardian_pid = ::getpid();
  report.steward_pid = children_.steward_pid();
  report.realtime = standing_.realtime;
  report.memory_locked = standing_.memory_locked;
  report.gateway_restarts = children_.gateway_restarts();
  report.longest_delay = longest_delay_;
  report.routers = routers_.reports();
  report.orders = routers_.orders();
  return report;
}

}  // namespace hf::guardian
