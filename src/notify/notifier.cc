#include "notify/notifier.h"

#include <algorithm>

#include "base/event_pattern.h"
#include "notify/delivery.h"
#include "notify/events.h"
#include "notify/fifo.h"
#include "notify/http_post.h"
#include "runtime/wall_clock.h"

namespace hf::notify {

using runtime::Task;

namespace {

constexpr Nanos kFirstPause = 1s;
constexpr unsigned kMostDoublings = 6;

std::string place_text(const config::Notify& notify) {
  switch (notify.kind) {
    case config::NotifyKind::kFifo: return "pipe " + notify.path;
    case config::NotifyKind::kSocket: return "socket " + notify.path;
    case config::NotifyKind::kSmtp: return "mail server " + notify.server.to_string();
    case config::NotifyKind::kCommand: return "command " + notify.command.command.front();
    case config::NotifyKind::kWebhook: break;
  }
  return "web hook " + notify.server.to_string();  // without its path, which may hold a secret
}

std::string target_text(const config::Notify& notify) {
  return notify.name.empty() ? place_text(notify) : notify.name + " (" + place_text(notify) + ")";
}

bool wants_changes_of(const config::Notify& notify, const std::string& vip) {
  if (config::tells_events(notify)) return false;
  return notify.vips.empty() || std::find(notify.vips.begin(), notify.vips.end(), vip) != notify.vips.end();
}

bool wants(const config::Notify& notify, const EventType& type) {
  if (notify.level && type.level >= *notify.level) return true;
  return std::any_of(notify.events.begin(), notify.events.end(),
                     [&type](const std::string& pattern) { return matches_event(pattern, type.id); });
}

const config::Script* state_script(const config::Vip& vip, const std::string& state) {
  if (state == "MASTER") return &vip.on_master;
  if (state == "BACKUP") return &vip.on_backup;
  if (state == "FAULT") return &vip.on_fault;
  return state == "STOP" ? &vip.on_stop : nullptr;
}

Nanos pause_after(std::uint32_t attempt) {
  return std::min(kFirstPause * (std::int64_t{1} << std::min(attempt, kMostDoublings)), Notifier::kLongestPause);
}

}  // namespace

/// Somebody who is told, and what waits for him.
struct Notifier::Receiver {
  config::Notify notify;
  std::string text;
  std::unique_ptr<Fifo> fifo;            // kFifo
  std::unique_ptr<ScriptQueue> command;  // kCommand
  EventDamper damper{kQuiet};
  std::deque<Notice> waiting;  // of all others
  bool working = false;
};

struct Notifier::VipScripts {
  config::Vip vip;
  std::unique_ptr<ScriptQueue> queue;
};

Notifier::Notifier(runtime::EventLoop& loop, Ports ports)
    : loop_(loop), ports_(std::move(ports)), slot_free_(loop), scope_(loop) {}

Notifier::~Notifier() = default;

void Notifier::configure(const std::vector<config::Vip>& vips, const std::vector<config::Notify>& notifies,
                         const std::string& node) {
  node_ = node;
  std::erase_if(scripts_, [&vips](const auto& entry) {
    return std::none_of(vips.begin(), vips.end(),
                        [&entry](const config::Vip& vip) { return vip.name == entry.first; }) &&
           entry.second.queue->idle();
  });
  for (const config::Vip& vip : vips) {
    VipScripts& scripts = scripts_[vip.name];
    scripts.vip = vip;
    if (scripts.queue != nullptr) continue;
    scripts.queue = std::make_unique<ScriptQueue>(loop_, ports_.run_script);
  }
  std::vector<std::shared_ptr<Receiver>> old = std::exchange(receivers_, {});
  for (const config::Notify& notify : notifies) {
    const auto same =
        std::find_if(old.begin(), old.end(), [&notify](const auto& one) { return one->notify == notify; });
    const bool keep = same != old.end();
    receivers_.push_back(keep ? *same : make_receiver(notify));
    if (keep) old.erase(same);
  }
  for (const std::shared_ptr<Receiver>& gone : old) gone->waiting.clear();
}

std::shared_ptr<Notifier::Receiver> Notifier::make_receiver(const config::Notify& notify) {
  auto receiver = std::make_shared<Receiver>(Receiver{.notify = notify,
                                                      .text = target_text(notify),
                                                      .fifo = nullptr,
                                                      .command = nullptr,
                                                      .waiting = {},
                                                      .working = false});
  if (notify.kind == config::NotifyKind::kFifo) receiver->fifo = std::make_unique<Fifo>(notify.path);
  if (notify.kind == config::NotifyKind::kCommand) {
    receiver->command = std::make_unique<ScriptQueue>(loop_, ports_.run_script);
  }
  return receiver;
}

// ── what is to be told ──

void Notifier::changed(VipChange change) {
  if (closed_) return;
  if (change.node.empty()) change.node = node_;
  run_scripts(change);
  for (const std::shared_ptr<Receiver>& receiver : receivers_) {
    if (wants_changes_of(receiver->notify, change.vip)) tell(receiver, change);
  }
}

void Notifier::told(const Event& event) {
  if (event.id() == EventId::kNotifyFailed) return;  // report() has told of it whom it may
  for (const std::shared_ptr<Receiver>& receiver : receivers_) tell_of_event(receiver, event);
}

void Notifier::tell_of_event(const std::shared_ptr<Receiver>& receiver, const Event& event) {
  if (closed_ || !wants(receiver->notify, *event.type)) return;
  EventNotice notice{event, node_, 0};
  if (!receiver->damper.admit(notice.event)) return;
  notice.sequence = ++notices_;
  tell(receiver, std::move(notice));
}

void Notifier::tell_the_rest(TimePoint now) {
  if (closed_) return;
  for (const std::shared_ptr<Receiver>& receiver : receivers_) {
    for (Event& event : receiver->damper.due(now)) tell(receiver, EventNotice{std::move(event), node_, ++notices_});
  }
}

void Notifier::run_scripts(const VipChange& change) {
  const auto at = scripts_.find(change.vip);
  if (at == scripts_.end()) return;
  const config::Vip& vip = at->second.vip;
  for (const config::Script* script : {state_script(vip, change.state), &vip.on_change}) {
    if (script == nullptr || script->id.empty()) continue;
    at->second.queue->push(script_call(script->id, change), script->timeout,
                           [this, vip = change.vip, target = "script " + script->id](const std::string& why) {
                             report(events::NotifyFailed{.vip = vip, .target = target, .reason = why, .notice = {}},
                                    nullptr);
                           });
  }
}

void Notifier::tell(const std::shared_ptr<Receiver>& receiver, Notice notice) {
  if (receiver->fifo != nullptr) return write_to_pipe(*receiver, notice);
  if (receiver->command != nullptr) return run_command(*receiver, notice);
  send(receiver, std::move(notice));
}

void Notifier::write_to_pipe(Receiver& receiver, const Notice& notice) {
  const Result<void> written = receiver.fifo->write(json_line(notice));
  if (!written.ok()) failed(receiver, notice, written.error().context);
}

void Notifier::run_command(Receiver& receiver, const Notice& notice) {
  const config::Script& script = receiver.notify.command;
  receiver.command->push(script_call(script.id, notice), script.timeout,
                         [this, &receiver, notice](const std::string& why) { failed(receiver, notice, why); });
}

// ── over the network ──

void Notifier::send(const std::shared_ptr<Receiver>& receiver, Notice notice) {
  receiver->waiting.push_back(std::move(notice));
  if (receiver->waiting.size() > kMostWaiting) {
    const Notice dropped = std::move(receiver->waiting.front());
    receiver->waiting.pop_front();
    failed(*receiver, dropped, "too many wait: dropped");
  }
  if (receiver->working) return;
  receiver->working = true;
  scope_.spawn("notify", work, this, receiver);
}

Task<void> Notifier::work(Notifier* self, std::shared_ptr<Receiver> receiver) {
  while (!receiver->waiting.empty()) {
    const Notice notice = std::move(receiver->waiting.front());
    receiver->waiting.pop_front();
    const Result<void> delivered = co_await deliver(self, receiver.get(), &notice);
    if (!delivered.ok()) self->failed(*receiver, notice, delivered.error().context);
    if (!delivered.ok() && delivered.error().code == ErrorCode::kCancelled) break;
  }
  receiver->working = false;
}

Task<Result<void>> Notifier::deliver(Notifier* self, Receiver* receiver, const Notice* notice) {
  for (std::uint32_t tried = 0;; ++tried) {
    while (self->at_once_ >= kMostAtOnce) {
      Result<void> free = co_await self->slot_free_.wait(Deadline::never());
      HF_CO_RETURN_IF_ERROR(free);
    }
    ++self->at_once_;
    Result<void> done = co_await attempt(self, receiver, notice);
    --self->at_once_;
    self->slot_free_.notify_one();
    const bool final_word =
        done.ok() || done.error().code == ErrorCode::kAccessDenied || done.error().code == ErrorCode::kCancelled;
    if (final_word || tried >= receiver->notify.retries) co_return done;
    Result<void> slept = co_await runtime::sleep_until(self->loop_.deadline_in(pause_after(tried)));
    HF_CO_RETURN_IF_ERROR(slept);
  }
}

Task<Result<void>> Notifier::attempt(Notifier* self, Receiver* receiver, const Notice* notice) {
  const config::Notify& notify = receiver->notify;
  const Deadline deadline = self->loop_.deadline_in(notify.timeout);
  if (notify.kind == config::NotifyKind::kSocket) {
    Result<net::Address> path = net::Address::from_unix_path(notify.path);
    HF_CO_RETURN_IF_ERROR(path);
    std::string line = json_line(*notice);
    Result<void> written = co_await deliver_line(&self->loop_, *path, std::move(line), deadline);
    co_return written;
  }
  Result<net::Address> address = co_await self->ports_.look_up(notify.server, deadline);
  HF_CO_RETURN_IF_ERROR(address);
  if (notify.kind == config::NotifyKind::kSmtp) {
    Letter letter = compose(*notice, notify.from, notify.to);
    Result<void> mailed = co_await deliver_mail(&self->loop_, *address, std::move(letter), deadline);
    co_return mailed;
  }
  HttpPost post;
  post.host = notify.server.to_string();
  post.path = notify.url_path;
  post.token = notify.token;
  post.body = json_line(*notice);
  std::string request = render(post);
  Result<void> posted = co_await deliver_post(&self->loop_, *address, std::move(request), deadline);
  co_return posted;
}

// ── the end, and failures ──

bool Notifier::idle() const {
  return scope_.empty() &&
         std::all_of(scripts_.begin(), scripts_.end(), [](const auto& one) { return one.second.queue->idle(); }) &&
         std::all_of(receivers_.begin(), receivers_.end(),
                     [](const auto& one) { return one->command == nullptr || one->command->idle(); });
}

Task<Result<void>> Notifier::close(Deadline deadline) {
  closed_ = true;
  Result<void> closed = co_await scope_.close(deadline);
  co_return closed;
}

Task<Result<void>> Notifier::finish(Deadline deadline) {
  tell_the_rest(loop_.now() + kQuiet.second);
  while (!idle() && !deadline.passed(loop_.now())) {
    const Result<void> slept = co_await runtime::sleep_until(loop_.deadline_in(10ms));
    if (!slept.ok()) break;
  }
  Result<void> closed = co_await close(loop_.deadline_in(1s));
  co_return closed;
}

void Notifier::failed(const Receiver& receiver, const Notice& notice, const std::string& reason) {
  if (const auto* change = std::get_if<VipChange>(&notice)) {
    return report(events::NotifyFailed{.vip = change->vip, .target = receiver.text, .reason = reason, .notice = {}},
                  &receiver);
  }
  const EventId id = std::get<EventNotice>(notice).event.id();
  events::NotifyFailed failure{.vip = "", .target = receiver.text, .reason = reason, .notice = event_number(id)};
  if (id == EventId::kNotifyFailed) return ports_.event(std::move(failure));
  report(std::move(failure), &receiver);
}

/// For the log, and for the receivers but the one that could not be told.
void Notifier::report(Event failure, const Receiver* of) {
  failure.at = loop_.now();
  failure.wall_micros = runtime::wall_micros();
  bound_values(failure);
  ports_.event(failure);
  for (const std::shared_ptr<Receiver>& receiver : receivers_) {
    if (receiver.get() != of) tell_of_event(receiver, failure);
  }
}

}  // namespace hf::notify
