// What a file names that is not there on the machine that it is checked on.
//
// Thread: any (asks the machine through what it is given).
// Invariants:
//   1. Warnings only: a file is checked on other machines, too, and what is missing may come later.
//   2. Interfaces are looked for only where a table keyed by node name has this node: the file is meant for it.
//   3. What several keys name is told of once, where it stands first.
#pragma once

#include "config/config.h"
#include "config/file/load_context.h"
#include "config/file/reader.h"

namespace hf::config {

/// Adds its complaints to result.warnings.
void check_machine(const Config& config, const file::Machine& machine, file::ReadResult& result);

}  // namespace hf::config
