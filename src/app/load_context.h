// What a configuration is read with: the machine, and the events that this program tells of.
//
// Thread: any.
#pragma once

#include "config/parse.h"

namespace hf::app {

config::LoadContext load_context();

}  // namespace hf::app
