// IPv4 and IPv6 headers, as far as somebody needs them who keeps a raw socket: IPv4 raw sockets hand the header over
// with each packet, packet sockets want it for both families.
//
// Owner: plain values; IpPacket::payload is a loan from the bytes that were decoded. Thread: any.
// Source: RFC 791, RFC 8200.
// Invariants:
//   1. decode_ip(encode_ip(header, payload)) == {header, payload}.
//   2. Bytes behind the length that the header states are Ethernet padding and left out.
//   3. Fragments, IPv4 options with a wrong length and IPv6 extension headers are refused: no advertisement has them.
#pragma once

#include <cstdint>
#include <string>

#include "base/bytes.h"
#include "base/result.h"
#include "base/ip_address.h"

namespace hf::proto::vrrp {

inline constexpr std::size_t kIpv4HeaderSize = 20;  // without options
inline constexpr std::size_t kIpv6HeaderSize = 40;

struct IpHeader {
  IpAddress source{};
  IpAddress destination{};
  std::uint8_t protocol = 0;         // IPv6: next header
  std::uint8_t ttl = 255;            // IPv6: hop limit
  std::uint8_t traffic_class = 0;    // IPv4: TOS
  std::uint16_t identification = 0;  // IPv4 only
  friend bool operator==(const IpHeader&, const IpHeader&) = default;
};

struct IpPacket {
  IpHeader header{};
  ByteView payload{};
};

/// Header and payload. kInvalidArgument where the families differ or the payload is over 65,000 bytes.
Result<std::string> encode_ip(const IpHeader& header, ByteView payload);

/// kProtocol for anything that is not one whole packet. The IPv4 header's checksum is verified.
Result<IpPacket> decode_ip(ByteView packet);

}  // namespace hf::proto::vrrp
