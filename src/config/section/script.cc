#include "config/section/script.h"

#include <fmt/format.h>

#include <utility>

#include "config/file/command_line.h"
#include "config/file/findings.h"

namespace hf::config::section {

namespace {

constexpr std::string_view kShell = "/bin/sh";
constexpr std::string_view kShellOption = "-c";

void split(Script& script, const ScriptPlace& at_place, file::ReadResult& result) {
  file::Findings found(result);
  const std::string_view key = std::string_view(at_place.place).substr(at_place.place.rfind('.') + 1);
  const std::string what = fmt::format("{} = {}", key, file::quoted(script.command.front()));
  Result<std::vector<std::string>> words = file::split_command(script.command.front());
  if (!words.ok()) {
    const bool shell_would_help = words.error().code == ErrorCode::kUnsupported;
    const std::string remedy = shell_would_help
                                   ? fmt::format("write {} = true, or put it in single quotes", at_place.shell_key)
                                   : "correct the line";
    return found.error(found.at(at_place.place), what, words.error().context, remedy);
  }
  if (!words->front().starts_with('/')) {
    return found.error(found.at(at_place.place), what, "a program is named by its whole path",
                       "write it from the / on");
  }
  script.command = *std::move(words);
}

}  // namespace

void hand_to_shell(Script& script) {
  if (!script.command.empty()) {
    script.command = {std::string(kShell), std::string(kShellOption), script.command.front()};
  }
}

bool runs_in_shell(const Script& script) {
  const std::vector<std::string>& words = script.command;
  return words.size() == 3 && words[0] == kShell && words[1] == kShellOption && !words[2].empty();
}

std::string shell_text(const Script& script) { return script.command.back(); }

std::string command_line(const Script& script) { return file::join_command(script.command); }

void fill_in(Script& script, std::string id, const std::string& user, const ScriptPlace& at, file::ReadResult& result) {
  if (script.command.empty()) {
    script = Script{};
    return;
  }
  script.id = std::move(id);
  if (script.user.empty()) script.user = user;
  const bool is_text = script.command.size() == 1;  // otherwise it went to a shell while it was read
  if (is_text) split(script, at, result);
}

}  // namespace hf::config::section
