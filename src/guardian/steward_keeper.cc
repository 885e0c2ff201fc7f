#include "guardian/steward_keeper.h"

#include <utility>

namespace hf::guardian {

StewardKeeper::StewardKeeper(runtime::EventLoop& loop, Options options, Listener listener)
    : loop_(loop),
      listener_(std::move(listener)),
      process_(loop, {std::move(options.program), std::move(options.config_file), "steward"},
               {[this](Message message) { listener_.message(std::move(message)); },
                [this](Error error) { listener_.malformed(std::move(error)); },
                [this](const std::string& how) { ended(how); }}),
      timer_([this] { bring_up(); }) {}

Result<void> StewardKeeper::start() {
  HF_RETURN_IF_ERROR(process_.start());
  return load_settings();
}

void StewardKeeper::bring_up() {
  const Result<void> started = start();
  if (!started.ok()) ended(started.error().context);
}

Result<void> StewardKeeper::load_settings() {
  if (process_.channel() == nullptr) return {};
  return process_.channel()->send(LoadSettings{});
}

Result<void> StewardKeeper::send(const Message& message) {
  if (process_.channel() == nullptr) return Error{ErrorCode::kUnreachable, "the steward is being restarted"};
  return process_.channel()->send(message);
}

void StewardKeeper::ended(const std::string& how) {
  process_.forget();
  listener_.ended(how);
  if (!ending_) loop_.arm(timer_, loop_.now() + process_.next_delay());
}

void StewardKeeper::keep_ended() {
  ending_ = true;
  timer_.disarm();
}

}  // namespace hf::guardian
