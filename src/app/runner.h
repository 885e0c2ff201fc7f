// Who is to run a file, for `check` and `run` to tell what he has no right to: asked of the machine, not assumed.
//
// Thread: any; asks the system's user database, which may block.
#pragma once

#include <optional>
#include <string>

#include "base/result.h"
#include "config/parse.h"

namespace hf::app {

/// Whoever this process is. Nothing: root.
std::optional<config::Runner> present_runner();

/// The user of this name, who must have every right that the file asks for. Nothing: root. kNotFound: there is none.
Result<std::optional<config::Runner>> runner_named(const std::string& name);

}  // namespace hf::app
