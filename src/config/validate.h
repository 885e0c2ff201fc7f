// What only shows when the whole file is read: the rules of every section, and those between sections.
//
// Thread: any (pure function).
// Invariants:
//   1. Fields that drew a complaint while reading hold their defaults and draw no second one here.
#pragma once

#include "base/event.h"
#include "config/config.h"
#include "config/file/reader.h"

namespace hf::config {

/// Adds its complaints to result.errors and result.warnings.
/// `events`: those that there are (file/load_context.h).
void validate(const Config& config, EventTypes events, file::ReadResult& result);

}  // namespace hf::config
