// The SQLSTATE that a server gives an error or a warning by its code.
//
// Pure. Thread: any.
#pragma once

#include <cstdint>

#include "base/bytes.h"

namespace hf {

/// "HY000" for codes without one of their own, "45000" for those that only a SIGNAL has.
ByteView sqlstate_of(std::uint16_t code);

}  // namespace hf
