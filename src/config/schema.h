// The sections that a file may have, and all their keys: reading, unknown keys, differences, printing and
// docs/config.md come from it.
//
// Owner: nobody (a constant). Thread: any.
// Invariants:
//   1. Every row of section/ is in it.
#pragma once

#include "config/config.h"
#include "config/file/schema.h"

namespace hf::config {

const file::Schema& schema();

}  // namespace hf::config
