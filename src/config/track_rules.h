// Rules about what a VIP tracks: keys that fit the kind, services that are there, and weights that can move the addresses at all.
//
// Thread: any (pure function).
#pragma once

#include "config/reader.h"

namespace hf::config {

/// Adds its complaints to result.errors and result.warnings.
void check_tracks(ReadResult& result);

}  // namespace hf::config
