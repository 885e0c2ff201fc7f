#include "config/vip_defaults.h"

#include <fmt/format.h>

#include <string>
#include <utility>

#include "config/command_line.h"
#include "config/findings.h"

namespace hf::config {

namespace {

/// Where a script stands in the file, and which key would give it to a shell.
struct ScriptPlace {
  std::string place;
  std::string_view shell_key;
};

class VipFiller : private Findings {
 public:
  explicit VipFiller(ReadResult& result) : Findings(result), config_(result.config) {}

  void run() {
    for (std::size_t i = 0; i < config_.vips.size(); ++i) fill_in(config_.vips[i], fmt::format("vip[{}]", i));
  }

 private:
  void fill_in(Vip& vip, const std::string& place) {
    if (!written(place + ".advert_interval")) vip.advert_interval = vip.version == 2 ? Nanos(1s) : Nanos(100ms);
    for (std::size_t i = 0; i < vip.tracks.size(); ++i) {
      Track& track = vip.tracks[i];
      const std::string where = fmt::format("{}.track[{}]", place, i);
      if (!written(where + ".timeout")) track.script.timeout = track.interval;
      finish(track.script, fmt::format("{}/track/{}", vip.name, i), {where + ".script", "shell"});
    }
    const std::pair<std::string_view, Script*> scripts[] = {
        {"on_master", &vip.on_master}, {"on_backup", &vip.on_backup}, {"on_fault", &vip.on_fault}, {"on_stop", &vip.on_stop}, {"on_change", &vip.on_change}};
    for (const auto& [key, script] : scripts) {
      finish(*script, fmt::format("{}/{}", vip.name, key), {fmt::format("{}.{}", place, key), "notify_shell"});
    }
  }

  void finish(Script& script, std::string id, const ScriptPlace& at_place) {
    if (script.command.empty()) {
      script = Script{};
      return;
    }
    script.id = std::move(id);
    if (script.user.empty()) script.user = config_.node.user;
    const bool is_text = script.command.size() == 1;  // otherwise it went to a shell while it was read
    if (is_text) split(script, at_place);
  }

  void split(Script& script, const ScriptPlace& at_place) {
    const std::string_view key = std::string_view(at_place.place).substr(at_place.place.rfind('.') + 1);
    const std::string what = fmt::format("{} = {}", key, quoted(script.command.front()));
    Result<std::vector<std::string>> words = split_command(script.command.front());
    if (!words.ok()) {
      const bool shell_would_help = words.error().code == ErrorCode::kUnsupported;
      const std::string remedy = shell_would_help ? fmt::format("write {} = true, or put it in single quotes", at_place.shell_key) : "correct the line";
      return error(at(at_place.place), what, words.error().context, remedy);
    }
    if (!words->front().starts_with('/')) {
      return error(at(at_place.place), what, "a program is named by its whole path", "write it from the / on");
    }
    script.command = *std::move(words);
  }

  Config& config_;
};

}  // namespace

void fill_in_vips(ReadResult& result) { VipFiller(result).run(); }

}  // namespace hf::config
