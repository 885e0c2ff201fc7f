// For the tests of vrrp/, arp/ and netlink/ only: bytes from hex digits, damaged copies of them.
//
// Owner: the test. Thread: any.
// Invariants:
//   1. Copies are exact allocations of their own, so that a sanitizer sees the first byte read outside.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "base/bytes.h"

namespace hf::proto::vrrp::testing {

/// Blanks are allowed between the digits.
inline std::string unhex(ByteView text) {
  std::string out;
  int high = -1;
  for (const char c : text) {
    if (c == ' ' || c == '\n') continue;
    const int value = c <= '9' ? c - '0' : (c | 32) - 'a' + 10;
    if (high >= 0) out.push_back(static_cast<char>(high * 16 + value));
    high = high < 0 ? value : -1;
  }
  return out;
}

/// Calls `check(bytes)` with every shorter beginning of `whole`, each alone in a heap block of exactly its size.
template <typename Check>
void for_every_truncation(ByteView whole, Check check) {
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const auto copy = std::make_unique<char[]>(size);
    whole.copy(copy.get(), size);
    check(ByteView(copy.get(), size));
  }
}

/// Calls `check(bytes, offset)` with every byte of `whole` in turn changed to each other value.
template <typename Check>
void for_every_changed_byte(ByteView whole, Check check) {
  std::string copy(whole);
  for (std::size_t offset = 0; offset < copy.size(); ++offset) {
    const char before = copy[offset];
    for (int value = 0; value < 256; ++value) {
      if (static_cast<char>(value) == before) continue;
      copy[offset] = static_cast<char>(value);
      check(ByteView(copy), offset);
    }
    copy[offset] = before;
  }
}

}  // namespace hf::proto::vrrp::testing
