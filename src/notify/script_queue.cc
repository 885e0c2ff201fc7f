#include "notify/script_queue.h"

#include "notify/one_line.h"

namespace hf::notify {
namespace {

constexpr std::size_t kMostQuoted = 200;

std::string failure(const vip::ScriptDone& done) {
  const std::string output = done.output.empty() ? "" : ": " + one_line(done.output, kMostQuoted);
  if (!done.started) return "could not be started" + output;
  if (done.timed_out) return "did not end in time" + output;
  return done.exit_code == 0 ? "" : "exit code " + std::to_string(done.exit_code) + output;
}

}  // namespace

ScriptQueue::ScriptQueue(runtime::EventLoop& loop, vip::ScriptPort run)
    : loop_(loop), run_(std::move(run)), self_(std::make_shared<ScriptQueue*>(this)) {}

void ScriptQueue::push(vip::ScriptCall call, Nanos timeout, Failed failed) {
  waiting_.push_back(Entry{std::move(call), timeout, std::move(failed)});
  if (waiting_.size() > kMostWaiting) {
    const Failed dropped = std::move(waiting_.front().failed);
    waiting_.pop_front();
    dropped("too many wait: dropped");
  }
  // starts in a turn of its own: answers that come at once cannot pile up
  if (!running_) loop_.arm(*this, loop_.now());
}

void ScriptQueue::on_timer() {
  if (!running_) return next();
  ended(number_, vip::ScriptDone{.started = false, .output = "no answer from the process that runs scripts"});
}

void ScriptQueue::next() {
  if (waiting_.empty()) return;
  Entry entry = std::move(waiting_.front());
  waiting_.pop_front();
  running_ = true;
  failed_ = std::move(entry.failed);
  const std::uint64_t number = ++number_;
  loop_.arm(*this, loop_.now() + entry.timeout + vip::kScriptAnswerGrace);
  run_(std::move(entry.call), [number, weak = std::weak_ptr(self_)](const vip::ScriptDone& done) {
    const std::shared_ptr<ScriptQueue*> self = weak.lock();
    if (self != nullptr) (*self)->ended(number, done);
  });
}

void ScriptQueue::ended(std::uint64_t number, const vip::ScriptDone& done) {
  if (!running_ || number != number_) return;
  running_ = false;
  loop_.arm(*this, loop_.now());
  const std::string reason = failure(done);
  const Failed failed = std::move(failed_);
  if (!reason.empty()) failed(reason);
}

}  // namespace hf::notify
