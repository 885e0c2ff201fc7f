// What every form of a notice is held to: one line, of a bounded length. Pure.
//
// Thread: any.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace hf::notify {

/// Of a notice as JSON. It fits PIPE_BUF: a line is written to a pipe whole or not at all.
inline constexpr std::size_t kLongestLine = 4096;

/// At most `most` bytes, control bytes as blanks.
std::string one_line(std::string_view text, std::size_t most);

}  // namespace hf::notify
