// ICMPv6's neighbour messages, from the Ethernet header to the checksum: what advertisement and solicitation share.
//
// Owner: plain values; views are loans from the frame that was decoded. Thread: any.
// Source: RFC 4861 4.3, 4.4, 4.6.1, 7.1.
// Invariants:
//   1. open_icmpv6 takes any bytes, and accepts only hop limit 255, code 0, a right checksum and 24 bytes at least.
//   2. Options are walked with their bounds; of several link addresses the first counts.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/bytes.h"
#include "base/result.h"
#include "proto/arp/ethernet.h"
#include "base/ip_address.h"

namespace hf::proto::arp {

inline constexpr std::uint8_t kNeighbourSolicitationType = 135;
inline constexpr std::uint8_t kNeighbourAdvertisementType = 136;

/// Who sends a neighbour message to whom.
struct Icmpv6Way {
  MacAddress ethernet_destination{};
  MacAddress ethernet_source{};
  IpAddress source{};
  IpAddress destination{};
};

/// A neighbour message's fields: type, one word of flags, target, and the one option that counts.
struct Icmpv6Neighbour {
  std::uint8_t type = 0;
  std::uint32_t flags = 0;
  IpAddress target{};
  std::uint8_t option = 0;  // of the link address: 1 source, 2 target
  std::optional<MacAddress> link_address{};
};

/// The whole frame. All addresses are IPv6.
Result<std::string> seal_icmpv6(const Icmpv6Way& way, const Icmpv6Neighbour& message);

struct OpenedIcmpv6 {
  Icmpv6Way way{};
  Icmpv6Neighbour message{};
};
/// `type`: the one that is expected, `option`: the one to read. kProtocol for all else; `what` begins the reason.
Result<OpenedIcmpv6> open_icmpv6(ByteView frame, std::uint8_t type, std::uint8_t option, const char* what);

}  // namespace hf::proto::arp
