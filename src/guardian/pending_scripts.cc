#include "guardian/pending_scripts.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace hf::guardian {

PendingScripts::PendingScripts(runtime::EventLoop& loop) : loop_(loop), timer_([this] { give_up_late(); }) {}

void PendingScripts::ask(vip::ScriptCall call, Nanos timeout, vip::ScriptAnswer answer, const Send& send) {
  const RunScript request{next_id_++, std::move(call.script), std::move(call.arguments), std::move(call.environment)};
  Result<void> sent{ErrorCode::kOverload, "too many scripts wait for their end"};
  if (waiting_.size() < kMost) sent = send(request);
  if (!sent.ok()) {
    loop_.post([answer = std::move(answer), done = ScriptDone{request.id, false, false, 0, sent.error().context}] {
      answer(done);
    });
    return;
  }
  waiting_.emplace(request.id, Waiting{loop_.deadline_in(timeout + kSlack), std::move(answer)});
  watch_next();
}

void PendingScripts::answered(const ScriptDone& done) {
  const auto waiting = waiting_.extract(done.id);
  if (!waiting.empty()) waiting.mapped().answer(done);
}

void PendingScripts::give_up_all(const std::string& reason) {
  std::map<std::uint64_t, Waiting> all;
  std::swap(all, waiting_);
  for (const auto& [id, waiting] : all) waiting.answer(ScriptDone{id, false, false, 0, reason});
}

void PendingScripts::give_up_late() {
  std::vector<std::pair<std::uint64_t, vip::ScriptAnswer>> late;
  for (auto& [id, waiting] : waiting_) {
    if (waiting.deadline.passed(loop_.now())) late.emplace_back(id, std::move(waiting.answer));
  }
  for (const auto& [id, answer] : late) waiting_.erase(id);
  watch_next();
  for (const auto& [id, answer] : late) answer(ScriptDone{id, false, true, 0, "nobody told of its end"});
}

void PendingScripts::watch_next() {
  timer_.disarm();
  const auto next = std::ranges::min_element(waiting_, {}, [](const auto& each) { return each.second.deadline.at; });
  if (next != waiting_.end()) loop_.arm(timer_, next->second.deadline.at);
}

}  // namespace hf::guardian
