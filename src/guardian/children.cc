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
      options_(std::move(options)),
      listener_(std::move(listener)),
      watch_(settings.gateway_silence, settings.gateway_kill),
      watch_timer_([this] { look_at_gateway(); }),
      gateway_timer_([this] { restart_gateway(); }),
      steward_timer_([this] { restart_steward(); }) {}

Result<void> Children::start() {
  HF_RETURN_IF_ERROR(start_steward());
  return start_gateway();
}

Result<void> Children::start_child(Child& child, const char* role, std::vector<int> fds) {
  const ChildProcess::Options options{
      options_.program, {"holdfast", "run", "--config", options_.config_file, "--role", role}, fds};
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

Result<int> Children::connect(Child& child, void (Children::*receive)(Message)) {
  const Result<std::pair<int, int>> talk = Channel::make_pair();
  if (!talk.ok()) return talk.error();
  Channel::Listener listener;
  listener.on_message = [this, receive](Message message) { (this->*receive)(std::move(message)); };
  listener.on_closed = [] {};  // its end is seen by its pidfd
  listener.on_malformed = [this](const Error& error) {
    listener_.news(hf::events::BugSurvived{.where = "guardian", .what = error.context});
  };
  child.channel = std::make_unique<Channel>(loop_, talk->first, std::move(listener));
  return talk->second;
}

Result<void> Children::start_gateway() {
  const Result<int> talk = connect(gateway_, &Children::receive_from_gateway);
  if (!talk.ok()) return talk.error();
  const Result<int> ports = open_port_broker();
  if (!ports.ok()) {
    ::close(*talk);
    return ports.error();
  }
  HF_RETURN_IF_ERROR(start_child(gateway_, "gateway", {*talk, *ports}));
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

Result<void> Children::start_steward() {
  const Result<int> talk = connect(steward_, &Children::receive_from_steward);
  if (!talk.ok()) return talk.error();
  HF_RETURN_IF_ERROR(start_child(steward_, "steward", {*talk}));
  return steward_.channel->send(LoadSettings{});  // it runs only scripts that it has read itself
}

void Children::gateway_ended(const std::string& how) {
  const pid_t pid = gateway_.process == nullptr ? 0 : gateway_.process->pid();
  const bool began = watch_.was_ready() || gateway_restarts_ > 0;
  watch_.ended(how);
  listener_.condition(watch_.condition());
  gateway_.process.reset();
  gateway_.channel.reset();
  port_broker_.reset();
  watch_timer_.disarm();
  if (ending_) return listener_.ended();
  listener_.news(events::GatewayDied{.pid = pid, .reason = how, .vips = listener_.held()});
  if (!began) return listener_.cannot_start();
  loop_.arm(gateway_timer_, loop_.now() + gateway_.backoff.next_delay(loop_.now()));
}

void Children::restart_gateway() {
  ++gateway_restarts_;
  const Result<void> started = start_gateway();
  if (!started.ok()) return gateway_ended(started.error().context);
  listener_.news(events::GatewayRestarted{.pid = gateway_.process->pid(), .attempt = gateway_restarts_});
}

void Children::steward_ended(const std::string& how) {
  steward_.process.reset();
  steward_.channel.reset();
  if (ending_) return listener_.ended();
  listener_.news(events::StewardRestarted{.reason = how});
  loop_.arm(steward_timer_, loop_.now() + steward_.backoff.next_delay(loop_.now()));
}

void Children::restart_steward() {
  const Result<void> started = start_steward();
  if (!started.ok()) steward_ended(started.error().context);
}

void Children::look_at_gateway() {
  const TimePoint now = loop_.now();
  switch (watch_.look(now)) {
    case GatewayWatch::Verdict::kSame: break;
    case GatewayWatch::Verdict::kRecovered: listener_.condition(watch_.condition()); break;
    case GatewayWatch::Verdict::kBecameStuck:
      listener_.condition(watch_.condition());
      listener_.news(events::GatewayStuck{.pid = gateway_.process->pid(), .silence = watch_.silent_for(now)});
      break;
    case GatewayWatch::Verdict::kKill: signal(gateway_, SIGKILL); break;
  }
  const Deadline next = watch_.next_look(now);
  if (!next.is_never()) loop_.arm(watch_timer_, std::max(next.at, now + 1ms));
}

void Children::forward_signal(int number) {
  if (watch_.was_ready() && gateway_runs()) return signal(gateway_, number);
  if (std::find(kept_signals_.begin(), kept_signals_.end(), number) == kept_signals_.end()) {
    kept_signals_.push_back(number);
  }
}

void Children::signal(Child& child, int number) {
  if (child.process == nullptr) return;
  const Result<void> sent = child.process->kill(number);
  (void)sent;  // it has ended: its pidfd says so next
}

void Children::keep_ended() {
  ending_ = true;
  gateway_timer_.disarm();
  steward_timer_.disarm();
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
  for (const int number : std::exchange(kept_signals_, {})) signal(gateway_, number);
}

void Children::on(RunScript request) {
  const std::uint64_t id = request.id;
  Result<void> sent{ErrorCode::kUnreachable, "the steward is being restarted"};
  if (steward_.channel != nullptr) sent = steward_.channel->send(std::move(request));
  if (sent.ok()) return;
  const Result<void> answered = gateway_.channel->send(ScriptDone{id, false, false, 0, sent.error().context});
  (void)answered;
}

void Children::load_settings() {
  if (steward_.channel == nullptr) return;  // the next one reads the file as it starts
  const Result<void> asked = steward_.channel->send(LoadSettings{});
  if (!asked.ok()) listener_.news(events::VipSettingsRejected{.reason = asked.error().context});
}

void Children::receive_from_steward(Message message) {
  auto* done = std::get_if<ScriptDone>(&message);
  if (done == nullptr) return listener_.from_steward(std::move(message));
  if (gateway_.channel == nullptr) return;
  const Result<void> sent = gateway_.channel->send(std::move(*done));
  (void)sent;  // the gateway has a time-out of its own
}

}  // namespace hf::guardian
