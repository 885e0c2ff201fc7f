// A program and its arguments from one text, and back: split at blanks with a shell's quotes, and nothing else of a
// shell.
//
// Thread: any (pure functions).
// Invariants:
//   1. What a shell would do more than split (pipes, variables, patterns, …) is refused, never passed on as plain text:
//      keepalived 2 passes it on, so that "[ -f /x ] && exit 1" fails for ever without a word.
//   2. split_command(join_command(words)) gives the words again, if there is one at least.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace hf::config::file {

/// '…' keeps everything, "…" and \x keep what a shell would keep. At least one word. kInvalidArgument with the reason
/// in words; kUnsupported where only a shell could run it.
Result<std::vector<std::string>> split_command(std::string_view text);

/// The words with the quotes that they need.
std::string join_command(const std::vector<std::string>& words);

}  // namespace hf::config::file
