// The program's version, as it is shown everywhere.
#pragma once

namespace hf::app {

inline constexpr const char* kVersion = "0.1.0";

}  // namespace hf::app
