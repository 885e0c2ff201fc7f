#include "app/own_steward.h"

#include <csignal>
#include <utility>

#include "base/events.h"
#include "config/needs.h"
#include "guardian/events.h"

namespace hf::app {

using runtime::Task;

OwnSteward::OwnSteward(runtime::EventLoop& loop, guardian::StewardKeeper::Options options,
                       std::function<void(Event)> emit)
    : emit_(std::move(emit)), scripts_(loop), keeper_(loop, std::move(options), listener()), gone_(loop) {}

guardian::StewardKeeper::Listener OwnSteward::listener() {
  guardian::StewardKeeper::Listener listener;
  // a file that it could not read is told by the scripts that it does not know
  listener.message = [this](const guardian::Message& message) {
    if (const auto* done = std::get_if<guardian::ScriptDone>(&message)) scripts_.answered(*done);
  };
  listener.malformed = [this](const Error& error) {
    emit_(hf::events::BugSurvived{.where = "steward", .what = error.context});
  };
  listener.ended = [this](const std::string& how) { ended(how); };
  return listener;
}

void OwnSteward::ended(const std::string& how) {
  scripts_.give_up_all("the steward has ended: " + how);
  if (closing_) {
    gone_.notify_all();
    return;
  }
  emit_(guardian::events::StewardRestarted{.reason = how});
}

void OwnSteward::configure(const config::Config& config) {
  if (wanted_) {
    const Result<void> asked = keeper_.load_settings();
    (void)asked;  // one that takes nothing in runs nothing either, which each script tells
    return;
  }
  wanted_ = config::needs_of(config).programs;
  if (wanted_) keeper_.bring_up();
}

void OwnSteward::run_script(vip::ScriptCall call, Nanos timeout, vip::ScriptAnswer answer) {
  scripts_.ask(std::move(call), timeout, std::move(answer),
               [this](const guardian::RunScript& request) { return keeper_.send(request); });
}

Task<void> OwnSteward::close(OwnSteward* self, Deadline deadline) {
  self->closing_ = true;
  self->keeper_.keep_ended();
  self->keeper_.signal(SIGTERM);
  while (self->keeper_.runs()) {
    const Result<void> waited = co_await self->gone_.wait(deadline);
    if (!waited.ok()) co_return;
  }
}

}  // namespace hf::app
