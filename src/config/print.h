// A configuration as the file that would give it: for `holdfast check --print-config`, and for what writes files for
// operators.
//
// Thread: any (pure function).
// Invariants:
//   1. Loading the text on the same machine gives a Config that equals this one, if every text in it could stand in a
//      file: UTF-8 without control characters, at most 4096 bytes.
//   2. It is this node's: what was keyed by node name is one value. Relative paths have become whole ones.
//   3. Defaults are left out. No secret appears: password_file and password_env say where it was read, webhook_file and
//      webhook_env where a URL was.
#pragma once

#include <string>

#include "config/config.h"

namespace hf::config {

std::string print_toml(const Config& config);

}  // namespace hf::config
