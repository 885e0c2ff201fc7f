// What only shows when the whole file is read: names used twice, listeners that collide, services that cannot work.
//
// Thread: any (pure function).
// Invariants:
//   1. Fields that drew a complaint while reading hold their defaults and draw no second one here.
#pragma once

#include "config/reader.h"

namespace hf::config {

/// Adds its complaints to result.errors and result.warnings.
void validate(ReadResult& result);

}  // namespace hf::config
