#include "guardian/guardian_link.h"

#include <optional>
#include <utility>
#include <vector>

namespace hf::guardian {

GuardianLink::GuardianLink(runtime::EventLoop& loop, int fd, Listener listener)
    : loop_(loop),
      listener_(std::move(listener)),
      channel_(loop, fd,
               Channel::Listener{[this](Message message) { receive(std::move(message)); }, [this] { lost(); },
                                 [](const Error&) {}}),
      beat_timer_([this] { beat(); }) {
  loop_.arm(beat_timer_, loop_.now());
}

void GuardianLink::beat() {
  give_up_late_scripts();
  if (!connected()) return;
  const Result<void> sent = channel_.send(Beat{listener_.stalled()});
  (void)sent;  // a guardian that takes nothing in sees us as stuck, which is what it is to know
  loop_.arm(beat_timer_, loop_.now() + kBeatInterval);
}

void GuardianLink::ready(bool ready) {
  const Result<void> sent = channel_.send(GatewayReady{ready});
  (void)sent;  // only fails when the guardian is gone, which lost() tells
}

void GuardianLink::verdicts(const Verdicts& verdicts) {
  const Result<void> sent = channel_.send(verdicts);
  (void)sent;
}

void GuardianLink::settings_changed() {
  const Result<void> sent = channel_.send(SettingsChanged{});
  (void)sent;
}

Result<std::uint64_t> GuardianLink::command(std::string router, policy::vrrp::OperatorCommand command) {
  const std::uint64_t id = next_id_++;
  Result<void> sent = channel_.send(VipCommand{id, std::move(router), command});
  if (!sent.ok()) return std::move(sent).error();
  return id;
}

void GuardianLink::run_script(RunScript request, Nanos timeout, ScriptAnswer answer) {
  request.id = next_id_++;
  Result<void> sent{ErrorCode::kOverload, "too many scripts wait for their end"};
  if (scripts_.size() < kMostScripts) sent = channel_.send(request);
  if (!sent.ok()) {
    loop_.post([answer = std::move(answer), done = ScriptDone{request.id, false, false, 0, sent.error().context}] {
      answer(done);
    });
    return;
  }
  scripts_.emplace(request.id, Waiting{loop_.deadline_in(timeout + kScriptSlack), std::move(answer)});
}

void GuardianLink::receive(Message message) {
  if (const auto* report = std::get_if<Report>(&message)) return listener_.report(*report);
  if (const auto* leave = std::get_if<AddressesLeave>(&message)) return listener_.addresses_leave(*leave);
  if (const auto* done = std::get_if<CommandDone>(&message)) return listener_.command_done(*done);
  if (const auto* ended = std::get_if<ScriptDone>(&message)) {
    const auto waiting = scripts_.extract(ended->id);
    if (!waiting.empty()) waiting.mapped().answer(*ended);
    return;
  }
  std::optional<News> news = news_in(std::move(message));
  if (news) listener_.news(*std::move(news));
}

void GuardianLink::give_up_late_scripts() {
  std::vector<std::pair<std::uint64_t, ScriptAnswer>> late;
  for (auto& [id, waiting] : scripts_) {
    if (waiting.deadline.passed(loop_.now())) late.emplace_back(id, std::move(waiting.answer));
  }
  for (auto& [id, answer] : late) {
    scripts_.erase(id);
    answer(ScriptDone{id, false, true, 0, "nobody told of its end"});
  }
}

void GuardianLink::lost() {
  std::map<std::uint64_t, Waiting> all;
  std::swap(all, scripts_);
  for (auto& [id, waiting] : all) waiting.answer(ScriptDone{id, false, false, 0, "the guardian is gone"});
  listener_.lost();
}

}  // namespace hf::guardian
