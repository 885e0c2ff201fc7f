#include "guardian/children.h"

#include <algorithm>
#include <csignal>
#include <utility>

#include <unistd.h>

#include "base/events.h"
#include "guardian/events.h"

namespace hf::guardian {

Children::Children(runtime::EventLoop& loop, Options options, const Settings& settings, Listener listener)
    : loop_(loop),
      listener_(std::move(listener)),
      gateway_(loop, {options.program, options.config_file, "gateway"}, gateway_listener()),
      steward_(loop, {options.program, options.config_file}, steward_listener()),
      watch_(settings.gateway_silence, settings.gateway_kill),
      watch_timer_([this] { look_at_gateway(); }),
      gateway_timer_([this] { restart_gateway(); }) {}

RoleProcess::Listener Children::gateway_listener() {
  return {[this](Message message) { receive_from_gateway(std::move(message)); },
          [this](const Error& error) { malformed(error); }, [this](const std::string& how) { gateway_ended(how); }};
}

StewardKeeper::Listener Children::steward_listener() {
  return {[this](Message message) { receive_from_steward(std::move(message)); },
          [this](const Error& error) { malformed(error); }, [this](const std::string& how) { steward_ended(how); }};
}

void Children::malformed(const Error& error) {
  listener_.news(hf::events::BugSurvived{.where = "guardian", .what = error.context});
}

Result<void> Children::start() {
  HF_RETURN_IF_ERROR(steward_.start());
  return start_gateway();
}

Result<void> Children::start_gateway() {
  const Result<int> ports = open_port_broker();
  if (!ports.ok()) return ports.error();
  HF_RETURN_IF_ERROR(gateway_.start({*ports}));
  watch_.started(loop_.now());
  loop_.arm(watch_timer_, watch_.next_look(loop_.now()).at);
  listener_.condition(watch_.condition());
  return {};
}

/// The gateway's end.
Result<int> Children::open_port_broker() {
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

void Children::gateway_ended(const std::string& how) {
  const pid_t pid = gateway_.pid();
  const bool began = watch_.was_ready() || gateway_restarts_ > 0;
  watch_.ended(how);
  listener_.condition(watch_.condition());
  gateway_.forget();
  port_broker_.reset();
  watch_timer_.disarm();
  if (ending_) return listener_.ended();
  listener_.news(events::GatewayDied{.pid = pid, .reason = how, .vips = listener_.held()});
  if (!began) return listener_.cannot_start();
  loop_.arm(gateway_timer_, loop_.now() + gateway_.next_delay());
}

void Children::restart_gateway() {
  ++gateway_restarts_;
  const Result<void> started = start_gateway();
  if (!started.ok()) return gateway_ended(started.error().context);
  listener_.news(events::GatewayRestarted{.pid = gateway_.pid(), .attempt = gateway_restarts_});
}

void Children::steward_ended(const std::string& how) {
  if (ending_) return listener_.ended();
  listener_.news(events::StewardRestarted{.reason = how});
}

void Children::look_at_gateway() {
  const TimePoint now = loop_.now();
  switch (watch_.look(now)) {
    case GatewayWatch::Verdict::kSame: break;
    case GatewayWatch::Verdict::kRecovered: listener_.condition(watch_.condition()); break;
    case GatewayWatch::Verdict::kBecameStuck:
      listener_.condition(watch_.condition());
      listener_.news(events::GatewayStuck{.pid = gateway_.pid(), .silence = watch_.silent_for(now)});
      break;
    case GatewayWatch::Verdict::kKill: gateway_.signal(SIGKILL); break;
  }
  const Deadline next = watch_.next_look(now);
  if (!next.is_never()) loop_.arm(watch_timer_, std::max(next.at, now + 1ms));
}

void Children::forward_signal(int number) {
  if (watch_.was_ready() && gateway_runs()) return gateway_.signal(number);
  if (std::find(kept_signals_.begin(), kept_signals_.end(), number) == kept_signals_.end()) {
    kept_signals_.push_back(number);
  }
}

void Children::keep_ended() {
  ending_ = true;
  gateway_timer_.disarm();
  steward_.keep_ended();
}

// ── what they say ──

void Children::receive_from_gateway(Message message) {
  if (const auto* beat = std::get_if<Beat>(&message)) {
    watch_.beat(*beat, loop_.now());
    return look_at_gateway();
  }
  if (const auto* ready = std::get_if<GatewayReady>(&message)) return on(*ready);
  if (auto* request = std::get_if<RunScript>(&message)) return on(std::move(*request));
  if (std::holds_alternative<SettingsChanged>(message)) return load_settings();
  listener_.from_gateway(std::move(message));
}

void Children::on(const GatewayReady& ready) {
  const bool first = ready.ready && !watch_.was_ready();
  watch_.ready(ready.ready);
  watch_.beat({}, loop_.now());
  listener_.condition(watch_.condition());
  look_at_gateway();
  if (!first) return;
  if (gateway_restarts_ > 0) load_settings();  // this life of the gateway has read the file as it is now
  for (const int number : std::exchange(kept_signals_, {})) gateway_.signal(number);
}

void Children::on(RunScript request) {
  const std::uint64_t id = request.id;
  const Result<void> sent = steward_.send(std::move(request));
  if (sent.ok()) return;
  const Result<void> answered = gateway_.channel()->send(ScriptDone{id, false, false, 0, sent.error().context});
  (void)answered;
}

void Children::load_settings() {
  const Result<void> asked = steward_.load_settings();
  if (!asked.ok()) listener_.news(events::VipSettingsRejected{.reason = asked.error().context});
}

void Children::receive_from_steward(Message message) {
  auto* done = std::get_if<ScriptDone>(&message);
  if (done == nullptr) return listener_.from_steward(std::move(message));
  if (gateway_.channel() == nullptr) return;
  const Result<void> sent = gateway_.channel()->send(std::move(*done));
  (void)sent;  // the gateway has a time-out of its own
}

}  // namespace hf::guardian
