// Address: an IPv4 or IPv6 address as the VRRP machine needs it: equal or not, and which of two is greater.
//
// Owner: whoever holds it. Thread: any (plain values).
// Invariants:
//   1. Order is that of the bytes in network order, unsigned, as RFC 5798 6.4.3 compares source addresses.
//   2. An IPv4 address is its IPv4-mapped form; the two families never meet in one virtual router.
#pragma once

#include <array>
#include <compare>
#include <cstdint>

namespace hf::policy::vrrp {

struct Address {
  std::array<std::uint8_t, 16> bytes{};  // network order

  static constexpr Address ipv4(std::uint8_t a, std::uint8_t b, std::uint8_t c, std::uint8_t d) {
    return Address{{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, a, b, c, d}};
  }
  friend auto operator<=>(const Address&, const Address&) = default;
};

}  // namespace hf::policy::vrrp
