// Bytes as hexadecimal digits, and back.
//
// Thread: any (pure functions).
#pragma once

#include <optional>
#include <string>

#include "base/bytes.h"

namespace hf {

/// Two lower-case digits a byte.
std::string to_hex(ByteView bytes);
/// Of digits in either case; nothing: they are none, or an odd number.
std::optional<std::string> from_hex(ByteView digits);

}  // namespace hf
