#include "notify/notifier.h"

#include <algorithm>

#include "upstream/resolve.h"
#include "notify/delivery.h"
#include "notify/events.h"
#include "notify/fifo.h"
#include "notify/http_post.h"
#include "notify/mail.h"

namespace hf::notify {

using runtime::Task;

namespace {

constexpr Nanos kFirstPause = 1s;
constexpr unsigned kMostDoublings = 6;

std::string target_text(const config::Notify& notify) {
  switch (notify.kind) {
    case config::NotifyKind::kFifo: return "pipe " + notify.path;
    case config::NotifyKind::kSocket: return "socket " + notify.path;
    case config::NotifyKind::kSmtp: return "mail server " + notify.server.to_string();
    case config::NotifyKind::kWebhook: break;
  }
  return "web hook " + notify.server.to_string();  // without its path, which may hold a secret
}

Result<net::Address> address_of(const config::Notify& notify) {
  if (notify.kind == config::NotifyKind::kFifo) return net::Address{};
  if (notify.kind == config::NotifyKind::kSocket) return net::Address::from_unix_path(notify.path);
  return upstream::resolve(notify.server);
}

bool wants(const config::Notify& notify, const std::string& vip) {
  return notify.vips.empty() || std::find(notify.vips.begin(), notify.vips.end(), vip) != notify.vips.end();
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
  Result<net::Address> address;
  std::unique_ptr<Fifo> fifo;  // kFifo
  std::deque<VipChange> waiting;
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
    return std::none_of(vips.begin(), vips.end(), [&entry](const config::Vip& vip) { return vip.name == entry.first; }) &&
           entry.second.queue->idle();
  });
  for (const config::Vip& vip : vips) {
    VipScripts& scripts = scripts_[vip.name];
    scripts.vip = vip;
    if (scripts.queue != nullptr) continue;
    scripts.queue = std::make_unique<ScriptQueue>(
        loop_, ports_.run_script,
        [this, name = vip.name](const std::string& script, const std::string& why) { failed(name, "script " + script, why); });
  }
  std::vector<std::shared_ptr<Receiver>> old = std::exchange(receivers_, {});
  for (const config::Notify& notify : notifies) {
    const auto same = std::find_if(old.begin(), old.end(), [&notify](const auto& one) { return one->notify == notify; });
    const bool keep = same != old.end() && (*same)->address.ok();
    receivers_.push_back(keep ? *same : make_receiver(notify));
    if (keep) old.erase(same);
  }
  for (const std::shared_ptr<Receiver>& gone : old) gone->waiting.clear();
}

std::shared_ptr<Notifier::Receiver> Notifier::make_receiver(const config::Notify& notify) {
  auto receiver = std::make_shared<Receiver>(Receiver{.notify = notify,
                                                      .text = target_text(notify),
                                                      .address = address_of(notify),
                                                      .fifo = nullptr,
                                                      .waiting = {},
                                                      .working = false});
  if (notify.kind == config::NotifyKind::kFifo) receiver->fifo = std::make_unique<Fifo>(notify.path);
  if (!receiver->address.ok()) failed("", receiver->text, receiver->address.error().context);
  return receiver;
}

void Notifier::changed(VipChange change) {
  if (change.node.empty()) change.node = node_;
  run_scripts(change);
  for (const std::shared_ptr<Receiver>& receiver : receivers_) {
    if (wants(receiver->notify, change.vip)) tell(receiver, change);
  }
}

void Notifier::run_scripts(const VipChange& change) {
  const auto at = scripts_.find(change.vip);
  if (at == scripts_.end()) return;
  const config::Vip& vip = at->second.vip;
  for (const config::Script* script : {state_script(vip, change.state), &vip.on_change}) {
    if (script == nullptr || script->id.empty()) continue;
    at->second.queue->push(script_call(script->id, change), script->timeout);
  }
}

void Notifier::tell(const std::shared_ptr<Receiver>& receiver, const VipChange& change) {
  if (receiver->fifo != nullptr) {
    const Result<void> written = receiver->fifo->write(json_line(change));
    if (!written.ok()) failed(change.vip, receiver->text, written.error().context);
    return;
  }
  receiver->waiting.push_back(change);
  if (receiver->waiting.size() > kMostWaiting) {
    failed(receiver->waiting.front().vip, receiver->text, "too many wait: dropped");
    receiver->waiting.pop_front();
  }
  if (receiver->working) return;
  receiver->working = true;
  scope_.spawn("notify", work, this, receiver);
}

Task<void> Notifier::work(Notifier* self, std::shared_ptr<Receiver> receiver) {
  while (!receiver->waiting.empty()) {
    const VipChange change = std::move(receiver->waiting.front());
    receiver->waiting.pop_front();
    const Result<void> delivered = co_await deliver(self, receiver.get(), &change);
    if (!delivered.ok()) self->failed(change.vip, receiver->text, delivered.error().context);
    if (!delivered.ok() && delivered.error().code == ErrorCode::kCancelled) break;
  }
  receiver->working = false;
}

Task<Result<void>> Notifier::deliver(Notifier* self, Receiver* receiver, const VipChange* change) {
  for (std::uint32_t tried = 0;; ++tried) {
    while (self->at_once_ >= kMostAtOnce) {
      Result<void> free = co_await self->slot_free_.wait(Deadline::never());
      HF_CO_RETURN_IF_ERROR(free);
    }
    ++self->at_once_;
    Result<void> done = co_await attempt(self, receiver, change);
    --self->at_once_;
    self->slot_free_.notify_one();
    const bool final_word = done.ok() || done.error().code == ErrorCode::kAccessDenied || done.error().code == ErrorCode::kCancelled;
    if (final_word || tried >= receiver->notify.retries) co_return done;
    Result<void> slept = co_await runtime::sleep_until(self->loop_.deadline_in(pause_after(tried)));
    HF_CO_RETURN_IF_ERROR(slept);
  }
}

Task<Result<void>> Notifier::attempt(Notifier* self, Receiver* receiver, const VipChange* change) {
  const config::Notify& notify = receiver->notify;
  if (!receiver->address.ok()) co_return Error{ErrorCode::kAccessDenied, receiver->address.error().context};
  const Deadline deadline = self->loop_.deadline_in(notify.timeout);
  if (notify.kind == config::NotifyKind::kSmtp) {
    Letter letter = compose(*change, notify.from, notify.to);
    Result<void> mailed = co_await deliver_mail(&self->loop_, *receiver->address, std::move(letter), deadline);
    co_return mailed;
  }
  if (notify.kind == config::NotifyKind::kSocket) {
    std::string line = json_line(*change);
    Result<void> written = co_await deliver_line(&self->loop_, *receiver->address, std::move(line), deadline);
    co_return written;
  }
  HttpPost post;
  post.host = notify.server.to_string();
  post.path = notify.url_path;
  post.token = notify.token;
  post.body = json_line(*change);
  std::string request = render(post);
  Result<void> posted = co_await deliver_post(&self->loop_, *receiver->address, std::move(request), deadline);
  co_return posted;
}

bool Notifier::idle() const {
  return scope_.empty() && std::all_of(scripts_.begin(), scripts_.end(), [](const auto& one) { return one.second.queue->idle(); });
}

Task<Result<void>> Notifier::close(Deadline deadline) {
  Result<void> closed = co_await scope_.close(deadline);
  co_return closed;
}

void Notifier::failed(const std::string& vip, const std::string& target, const std::string& reason) {
  ports_.event(events::NotifyFailed{.vip = vip, .target = target, .reason = reason});
}

}  // namespace hf::notify
