// The reference of the file, rendered from the schema: what docs/config.md holds.
//
// Thread: any (pure functions).
// Invariants:
//   1. Every key of the schema is in it once. docs/config.md in the tree equals it (a test compares).
//   2. The example loads without error or warning, given its secret files.
#pragma once

#include <string>
#include <string_view>

namespace hf::config {

/// The whole of docs/config.md: `holdfast check --print-reference > docs/config.md`.
std::string render_reference();

/// A complete, commented configuration file.
std::string_view example_file();

}  // namespace hf::config
