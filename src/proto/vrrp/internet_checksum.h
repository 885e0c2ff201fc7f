// The Internet checksum (RFC 1071) and the pseudo headers that go in front of it, big-endian integers along with it.
// Shared by vrrp/ and arp/.
//
// Owner: plain values. Thread: any.
// Invariants:
//   1. Parts added one after another count as if each began at an even offset: only the last may have an odd length.
//   2. A message that carries its own right checksum sums up to zero: result() == 0.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "base/bytes.h"
#include "base/ip_address.h"

namespace hf::proto::vrrp {

/// Big-endian integers, as IP puts them on the wire. `width` is 1 to 8 bytes and must be there.
inline std::uint64_t load_be(ByteView bytes, std::size_t offset, std::size_t width) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < width; ++i) value = value << 8 | byte_at(bytes, offset + i);
  return value;
}
inline void append_be(std::string& out, std::uint64_t value, std::size_t width) {
  for (std::size_t i = width; i > 0; --i) out.push_back(static_cast<char>(value >> (8 * (i - 1))));
}
/// Overwrites two bytes that are there.
inline void store_be16(std::string& out, std::size_t offset, std::uint16_t value) {
  out[offset] = static_cast<char>(value >> 8);
  out[offset + 1] = static_cast<char>(value & 0xFF);
}

class InternetChecksum {
 public:
  InternetChecksum& add(ByteView bytes) {
    for (std::size_t i = 0; i < bytes.size(); ++i) sum_ += std::uint64_t{byte_at(bytes, i)} << (i % 2 == 0 ? 8 : 0);
    return *this;
  }
  /// The pseudo header of RFC 768 (IPv4) or RFC 8200 8.1 (IPv6), by the family of `source`. `length`: of the payload.
  InternetChecksum& add_pseudo_header(const IpAddress& source, const IpAddress& destination, std::uint8_t protocol,
                                      std::size_t length) {
    add(source.bytes()).add(destination.bytes());
    sum_ += protocol;
    sum_ += length;
    return *this;
  }
  /// In host order, ready to be stored big-endian.
  std::uint16_t result() const {
    std::uint64_t folded = sum_;
    while (folded > 0xFFFF) folded = (folded & 0xFFFF) + (folded >> 16);
    return static_cast<std::uint16_t>(~folded & 0xFFFF);
  }

 private:
  std::uint64_t sum_ = 0;
};

}  // namespace hf::proto::vrrp
