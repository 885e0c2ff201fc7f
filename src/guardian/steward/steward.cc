#include "guardian/steward/steward.h"

#include <filesystem>
#include <variant>

#include <unistd.h>

#include "config/scripts.h"
#include "guardian/steward/script_security.h"
#include "vip/settings_from_config.h"

namespace hf::guardian::steward {
namespace {

constexpr std::size_t kLongestReason = 16 * 1024;  // well below kLongestMessage

std::string all_errors(const config::LoadResult& loaded) {
  std::string text;
  for (const config::Diagnostic& error : loaded.errors) {
    if (!text.empty()) text += '\n';
    text += config::to_string(error);
  }
  if (text.size() > kLongestReason) text.resize(kLongestReason);
  return text;
}

/// What a script sees as $1 is the first argument of the request, with a shell too: that takes the word after the text
/// as its own name.
std::vector<std::string> command_line(const config::Script& script, const std::vector<std::string>& arguments) {
  std::vector<std::string> words = script.command;
  if (words.size() == 3 && words[1] == "-c") words.push_back(script.id);
  words.insert(words.end(), arguments.begin(), arguments.end());
  return words;
}

/// Where the file is, for the check of who may change it: the command line may name it relative to where we were
/// started.
std::string absolute(const std::string& path) {
  std::error_code error;
  const std::filesystem::path whole = std::filesystem::absolute(path, error);
  return error ? path : whole.string();
}

}  // namespace

Steward::Steward(runtime::EventLoop& loop, std::string config_file, Load load, Send send)
    : config_file_(std::move(config_file)), load_(std::move(load)), send_(std::move(send)), runner_(loop) {}

void Steward::receive(const Message& message) {
  if (std::holds_alternative<LoadSettings>(message)) load_settings();
  if (const auto* request = std::get_if<RunScript>(&message)) run(*request);
}

void Steward::load_settings() {
  const config::LoadResult loaded = load_();
  if (!loaded.ok()) return answer(SettingsFailed{all_errors(loaded)});
  config_ = loaded.config;
  look_users_up();
  const Result<void> sent = send_(SettingsLoaded{vip::settings_from(*config_)});
  if (!sent.ok()) answer(SettingsFailed{"the settings cannot be handed over: " + sent.error().context});
}

/// A user who is missing is told when a script is to run as him: the addresses need not wait for a notify script.
void Steward::look_users_up() {
  users_.clear();
  for (const config::Script* script : config::all_scripts(*config_)) {
    if (!users_.contains(script->user)) users_.emplace(script->user, user_of(*script));
  }
}

/// Of a script that is the gateway's user's: without root the gateway is whoever started it, whatever node.user says.
Result<ScriptUser> Steward::user_of(const config::Script& script) const {
  if (::geteuid() != 0 && script.user == config_->node.user) return own_user();
  return find_user(script.user);
}

void Steward::run(const RunScript& request) {
  const Result<void> started = start(request);
  if (started.ok()) return;
  answer(ScriptDone{.id = request.id, .started = false, .output = started.error().context});
}

Result<void> Steward::start(const RunScript& request) {
  if (config_ == nullptr) return Error{ErrorCode::kNotFound, "no configuration is loaded"};
  const config::Script* script = config::find_script(*config_, request.script);
  if (script == nullptr) return Error{ErrorCode::kNotFound, "the configuration has no script of that id"};
  HF_RETURN_IF_ERROR(check_request(request.arguments, request.environment));
  const Result<ScriptUser>& user = users_.at(script->user);
  if (!user.ok()) return user.error();
  if (user->uid == 0) {
    const Result<void> safe = only_root_may_change(absolute(config_file_));
    if (!safe.ok()) return Error{safe.error().code, "not run as root: the configuration: " + safe.error().context};
  }
  ScriptRun run{.command = command_line(*script, request.arguments),
                .user = *user,
                .environment = request.environment,
                .timeout = script->timeout};
  return runner_.start(std::move(run), [this, id = request.id](ScriptOutcome outcome) {
    answer(ScriptDone{.id = id,
                      .started = outcome.started,
                      .timed_out = outcome.timed_out,
                      .exit_code = outcome.exit_code,
                      .output = std::move(outcome.output)});
  });
}

void Steward::answer(const Message& message) {
  const Result<void> sent = send_(message);
  static_cast<void>(sent.ok());  // invariant 1: with the guardian gone there is nobody to tell
}

}  // namespace hf::guardian::steward
