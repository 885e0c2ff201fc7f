// [log]: where events go.
//
// Owner: plain values. Thread: any (the function is pure).
#pragma once

#include <cstdint>
#include <string>

#include "config/file/forward.h"

namespace hf::config::section {

enum class LogFormat : std::uint8_t { kText, kJson };
enum class LogLevel : std::uint8_t { kDebug, kInfo, kWarning, kError };

struct Log {
  std::string file;  // empty: standard error
  LogFormat format = LogFormat::kText;
  LogLevel level = LogLevel::kInfo;
  friend bool operator==(const Log&, const Log&) = default;
};

std::span<const file::Key> keys_of_log();

}  // namespace hf::config::section
