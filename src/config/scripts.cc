#include "config/scripts.h"

namespace hf::config {

const Script* find_script(const Config& config, std::string_view id) {
  if (id.empty()) return nullptr;  // the id of a script that is not there
  for (const Vip& vip : config.vips) {
    for (const Track& track : vip.tracks) {
      if (track.script.id == id) return &track.script;
    }
    for (const Script* script : {&vip.on_master, &vip.on_backup, &vip.on_fault, &vip.on_stop, &vip.on_change}) {
      if (script->id == id) return script;
    }
  }
  return nullptr;
}

}  // namespace hf::config
