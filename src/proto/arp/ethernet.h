// Ethernet II framing around ARP and ICMPv6.
//
// Owner: plain values; EthernetFrame::payload is a loan from the bytes that were decoded. Thread: any.
// Source: RFC 894; IANA "IEEE 802 Numbers".
// Invariants:
//   1. No VLAN tag: a packet socket hands frames over without theirs; a tag that is still there is an EtherType of its
//      own.
//   2. Frames are not padded to 60 bytes; the driver does that. Padding of received ones stays in the payload.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "base/bytes.h"
#include "base/result.h"

namespace hf::proto::arp {

using MacAddress = std::array<std::uint8_t, 6>;

inline constexpr MacAddress kBroadcastMac = {0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF};
inline constexpr MacAddress kZeroMac = {};
inline constexpr std::uint16_t kEtherTypeIpv4 = 0x0800;
inline constexpr std::uint16_t kEtherTypeArp = 0x0806;
inline constexpr std::uint16_t kEtherTypeIpv6 = 0x86DD;

/// "02:00:00:00:00:01"
std::string to_string(const MacAddress& mac);
/// The six bytes at `offset`, which must be there.
MacAddress load_mac(ByteView bytes, std::size_t offset);
void append_mac(std::string& out, const MacAddress& mac);

struct EthernetFrame {
  MacAddress destination{};
  MacAddress source{};
  std::uint16_t ether_type = 0;
  ByteView payload{};
};

std::string encode_ethernet(const EthernetFrame& frame);
/// kProtocol below 14 bytes.
Result<EthernetFrame> decode_ethernet(ByteView frame);

}  // namespace hf::proto::arp
