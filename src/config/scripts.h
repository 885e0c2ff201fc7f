// Every script of a configuration, by its id.
//
// Thread: any (pure functions).
// Invariants:
//   1. Ids are unique in a Config that loaded: "<vip>/track/<index in the file>", "<vip>/on_master", "notify/<index>";
//      no name of a VIP holds a slash.
#pragma once

#include <string_view>
#include <vector>

#include "config/config.h"

namespace hf::config {

/// Those that are there, inside `config`.
std::vector<const Script*> all_scripts(const Config& config);

/// The script with this id, inside `config`; nullptr where there is none.
const Script* find_script(const Config& config, std::string_view id);

}  // namespace hf::config
