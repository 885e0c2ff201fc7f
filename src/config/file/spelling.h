// The nearest known name to one that is not known, for "did you mean".
//
// Thread: any (pure functions).
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace hf::config::file {

/// Levenshtein distance: insertions, removals, replacements. Texts beyond 64 bytes are cut there.
std::size_t edit_distance(std::string_view a, std::string_view b);

/// The nearest candidate that is near enough to be a slip of the finger (a third of the name, at least 2 edits); else
/// "".
std::string_view nearest(std::string_view name, std::span<const std::string_view> candidates);

}  // namespace hf::config::file
