// The keys of a schema for people: a section per table, a row per key, and what is not there yet.
//
// Thread: any (pure function).
// Invariants:
//   1. Every key is in it once.
#pragma once

#include <string>

#include "config/file/schema.h"

namespace hf::config::file {

/// Markdown, beginning with an empty line.
std::string describe(const Schema& schema);

}  // namespace hf::config::file
