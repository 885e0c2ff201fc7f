// What a VIP's fields become after reading: the defaults that depend on other keys, and the scripts as words with ids.
//
// Owner: load_text. Thread: any (pure function).
// Invariants:
//   1. Afterwards a script that is written has an id, a user and either words or an error; one that is not equals Script{}.
#pragma once

#include "config/reader.h"

namespace hf::config {

/// Adds to result.errors where a command cannot be split.
void fill_in_vips(ReadResult& result);

}  // namespace hf::config
