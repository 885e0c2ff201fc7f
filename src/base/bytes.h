// Bytes: views of them, and a buffer that hands out its front and grows at its back.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace hf {

/// Bytes that somebody else owns. Not text: may hold any value, including zero.
using ByteView = std::string_view;

inline std::uint8_t byte_at(ByteView bytes, std::size_t i) { return static_cast<std::uint8_t>(bytes[i]); }

/// Little-endian integers, as MySQL and others put them on the wire. `width` is 1 to 8 bytes and must be there.
inline std::uint64_t load_le(ByteView bytes, std::size_t offset, std::size_t width) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < width; ++i) value |= std::uint64_t{byte_at(bytes, offset + i)} << (8 * i);
  return value;
}
inline void append_le(std::string& out, std::uint64_t value, std::size_t width) {
  for (std::size_t i = 0; i < width; ++i) out.push_back(static_cast<char>(value >> (8 * i)));
}

}  // namespace hf
