// What a configuration is read with: the machine, and the events that this program tells of.
//
// Thread: any.
#pragma once

#include "config/parse.h"

namespace hf::app {

config::LoadContext load_context();

/// What `check` asks of this machine beside that. Asks the user database, which may block. What cannot be found out
/// counts as there.
config::Machine this_machine();

}  // namespace hf::app
