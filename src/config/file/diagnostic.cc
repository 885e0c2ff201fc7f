#include "config/file/diagnostic.h"

#include <fmt/format.h>

namespace hf::config::file {

namespace {
constexpr std::size_t kLongestQuote = 64;
}

std::string to_string(const Diagnostic& d) {
  return fmt::format("{}:{}:{}: {}, {}, {}", d.file, d.line, d.column, d.what, d.why, d.remedy);
}

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text.substr(0, kLongestQuote)) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f) {
      out += fmt::format("\\x{:02x}", byte);
    } else {
      out.push_back(c);
    }
  }
  out += text.size() > kLongestQuote ? "…\"" : "\"";
  return out;
}

}  // namespace hf::config::file
