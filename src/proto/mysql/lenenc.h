// The fields inside a packet: fixed integers, length-encoded integers and strings, strings ended by a zero byte.
//
// Owner: a Reader lives on the stack of a decoder and lends out views of the payload it was given. Thread: any.
// Source: MySQL internals "Basic Data Types".
// Invariants:
//   1. A Reader never looks past its payload. The first read that does not fit makes it fail for good: every later read
//      gives zero or an empty view, so a decoder reads all its fields and asks ok() once.
//   2. Views handed out point into the payload and live as long as it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "base/bytes.h"

namespace hf::proto::mysql {

class Reader {
 public:
  explicit Reader(ByteView payload) : payload_(payload) {}

  bool ok() const { return ok_; }
  bool at_end() const { return position_ == payload_.size(); }
  std::size_t remaining() const { return payload_.size() - position_; }
  std::size_t position() const { return position_; }
  void fail();

  /// A little-endian integer of 1 to 8 bytes.
  std::uint64_t integer(std::size_t width) {
    if (remaining() < width) {
      fail();
      return 0;
    }
    const std::uint64_t value = load_le(payload_, position_, width);
    position_ += width;
    return value;
  }
  std::uint8_t u8() { return static_cast<std::uint8_t>(integer(1)); }
  std::uint16_t u16() { return static_cast<std::uint16_t>(integer(2)); }
  std::uint32_t u32() { return static_cast<std::uint32_t>(integer(4)); }
  std::uint64_t u64() { return integer(8); }

  /// A length-encoded integer. 0xFB (NULL) and 0xFF (ERR) are no integers and fail.
  std::uint64_t lenenc();
  /// A length-encoded string.
  ByteView lenenc_string();
  /// Up to the next zero byte, which must be there and is skipped.
  ByteView nul_string();
  /// Up to the next zero byte or the end: for the last field, where some clients leave the zero out.
  ByteView nul_or_rest();
  ByteView bytes(std::uint64_t count);
  ByteView rest() { return bytes(remaining()); }
  void skip(std::uint64_t count) { bytes(count); }

  /// The next byte without taking it; 0 at the end.
  std::uint8_t peek() const { return at_end() ? std::uint8_t{0} : byte_at(payload_, position_); }

 private:
  ByteView payload_;
  std::size_t position_ = 0;
  bool ok_ = true;
};

void append_lenenc(std::string& out, std::uint64_t value);
void append_lenenc_string(std::string& out, ByteView value);
/// `value` up to its first zero byte, if it has one, and a zero byte.
void append_nul_string(std::string& out, ByteView value);

}  // namespace hf::proto::mysql
