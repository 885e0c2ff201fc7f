// An IPv4 or IPv6 address as it stands in packets: a value without port, zone or socket. Shared by vrrp/, arp/ and
// netlink/.
//
// Owner: plain values. Thread: any.
// Invariants:
//   1. bytes() is in network order, 4 or 16 of them; the bytes behind an IPv4 address are zero, so == compares values.
//   2. The order within a family is the one VRRP breaks ties by: unsigned, the first byte counts most (RFC 5798 6.4.3).
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "base/bytes.h"

namespace hf {

enum class IpFamily : std::uint8_t { kIpv4, kIpv6 };

/// Bytes of an address on the wire: 4 or 16.
constexpr std::size_t address_size(IpFamily family) { return family == IpFamily::kIpv4 ? 4 : 16; }

class IpAddress {
 public:
  /// 0.0.0.0
  constexpr IpAddress() = default;

  static constexpr IpAddress v4(std::uint8_t a, std::uint8_t b, std::uint8_t c, std::uint8_t d) {
    IpAddress address;
    address.octets_ = {a, b, c, d};
    return address;
  }
  /// Eight groups as one writes them: fe80::1 is {0xfe80, 0, 0, 0, 0, 0, 0, 1}.
  static constexpr IpAddress v6(const std::array<std::uint16_t, 8>& groups) {
    IpAddress address;
    address.family_ = IpFamily::kIpv6;
    for (std::size_t i = 0; i < 8; ++i) {
      address.octets_[2 * i] = static_cast<std::uint8_t>(groups[i] >> 8);
      address.octets_[2 * i + 1] = static_cast<std::uint8_t>(groups[i] & 0xFF);
    }
    return address;
  }
  /// `bytes` in network order. nullopt unless there are 4 or 16.
  static std::optional<IpAddress> from_bytes(ByteView bytes);

  constexpr IpFamily family() const { return family_; }
  constexpr bool is_v4() const { return family_ == IpFamily::kIpv4; }
  /// A view into this object.
  ByteView bytes() const { return {reinterpret_cast<const char*>(octets_.data()), address_size(family_)}; }

  /// 0.0.0.0 or ::
  bool is_unspecified() const;
  /// 224.0.0.0/4 or ff00::/8
  bool is_multicast() const;
  /// 169.254.0.0/16 or fe80::/10
  bool is_link_local() const;

  /// "198.18.0.1", "fe80::1" (RFC 5952).
  std::string to_string() const;

  friend constexpr auto operator<=>(const IpAddress&, const IpAddress&) = default;

 private:
  IpFamily family_ = IpFamily::kIpv4;
  std::array<std::uint8_t, 16> octets_{};
};

}  // namespace hf
