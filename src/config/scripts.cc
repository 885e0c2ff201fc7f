#include "config/scripts.h"

#include <algorithm>

namespace hf::config {

std::vector<const Script*> all_scripts(const Config& config) {
  std::vector<const Script*> all;
  const auto add = [&all](const Script& script) {
    if (!script.id.empty()) all.push_back(&script);
  };
  for (const Vip& vip : config.vips) {
    for (const Track& track : vip.tracks) add(track.script);
    for (const Script* script : {&vip.on_master, &vip.on_backup, &vip.on_fault, &vip.on_stop, &vip.on_change}) {
      add(*script);
    }
  }
  for (const Notify& notify : config.notifies) add(notify.command);
  return all;
}

const Script* find_script(const Config& config, std::string_view id) {
  const std::vector<const Script*> all = all_scripts(config);
  const auto found = std::ranges::find(all, id, &Script::id);
  return found == all.end() ? nullptr : *found;
}

}  // namespace hf::config
