// What a file asks for that an ordinary user who runs it may not do.
//
// Thread: any (pure function).
#pragma once

#include "config/config.h"
#include "config/file/load_context.h"
#include "config/file/reader.h"

namespace hf::config {

/// Adds its complaints to result.errors, or to result.warnings, as the runner says.
void check_rights(const Config& config, const file::Runner& runner, file::ReadResult& result);

}  // namespace hf::config
