#include "guardian/guardian_link.h"

#include <optional>
#include <utility>

namespace hf::guardian {

GuardianLink::GuardianLink(runtime::EventLoop& loop, int fd, Listener listener)
    : loop_(loop),
      listener_(std::move(listener)),
      channel_(loop, fd,
               Channel::Listener{[this](Message message) { receive(std::move(message)); }, [this] { lost(); },
                                 [](const Error&) {}}),
      scripts_(loop),
      beat_timer_([this] { beat(); }) {
  loop_.arm(beat_timer_, loop_.now());
}

void GuardianLink::beat() {
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
  const std::uint64_t id = next_order_++;
  Result<void> sent = channel_.send(VipCommand{id, std::move(router), command});
  if (!sent.ok()) return std::move(sent).error();
  return id;
}

void GuardianLink::run_script(vip::ScriptCall call, Nanos timeout, vip::ScriptAnswer answer) {
  scripts_.ask(std::move(call), timeout, std::move(answer),
               [this](const RunScript& request) { return channel_.send(request); });
}

void GuardianLink::receive(Message message) {
  if (const auto* report = std::get_if<Report>(&message)) return listener_.report(*report);
  if (const auto* leave = std::get_if<AddressesLeave>(&message)) return listener_.addresses_leave(*leave);
  if (const auto* done = std::get_if<CommandDone>(&message)) return listener_.command_done(*done);
  if (const auto* ended = std::get_if<ScriptDone>(&message)) return scripts_.answered(*ended);
  std::optional<News> news = news_in(std::move(message));
  if (news) listener_.news(*std::move(news));
}

void GuardianLink::lost() {
  scripts_.give_up_all("the guardian is gone");
  listener_.lost();
}

}  // namespace hf::guardian
