// The ICMPv6 Neighbour Advertisement, from the Ethernet header on: what ARP's gratuitous frames are for IPv4.
//
// Owner: plain values. Thread: any.
// Source: RFC 4861 4.4, 7.1.2, 7.2.6; RFC 5798 8.2.2.
// Invariants:
//   1. decode_neighbour(encode_neighbour(x)) == x.
//   2. decode_neighbour takes any bytes, and accepts only what RFC 4861 7.1.2 calls valid: hop limit 255, right
//      checksum, code 0, target not multicast, options of length > 0, not solicited when sent to a group.
#pragma once

#include <optional>
#include <string>

#include "base/bytes.h"
#include "base/result.h"
#include "proto/arp/ethernet.h"
#include "base/ip_address.h"

namespace hf::proto::arp {

inline constexpr IpAddress kAllNodesV6 = IpAddress::v6({0xFF02, 0, 0, 0, 0, 0, 0, 1});
inline constexpr MacAddress kAllNodesMac = {0x33, 0x33, 0x00, 0x00, 0x00, 0x01};

struct NeighbourAdvertisement {
  MacAddress ethernet_destination{};
  MacAddress ethernet_source{};
  IpAddress source{};
  IpAddress destination{};
  IpAddress target{};  // the address that is talked about
  bool router = false;
  bool solicited = false;
  bool override_cached = false;              // O: replaces what a neighbour has cached
  std::optional<MacAddress> link_address{};  // target link-layer address option

  friend bool operator==(const NeighbourAdvertisement&, const NeighbourAdvertisement&) = default;
};

enum class RouterFlag : bool { kHost, kRouter };  // as the interface forwards or not

/// "This address is mine now", to all nodes: override set, not solicited, our MAC as option, sent from `address`.
NeighbourAdvertisement unsolicited_advertisement(const MacAddress& own_mac, const IpAddress& address,
                                                 RouterFlag router);

/// kInvalidArgument unless all three addresses are IPv6.
Result<std::string> encode_neighbour(const NeighbourAdvertisement& advertisement);
/// kProtocol for all else. Options other than the MAC are skipped.
Result<NeighbourAdvertisement> decode_neighbour(ByteView frame);

/// The MAC that claims `address` by this advertisement; nullopt: about another address, or our own frame. Without a
/// link address option the frame's source stands for it.
std::optional<MacAddress> claimant(const NeighbourAdvertisement& advertisement, const IpAddress& address,
                                   const MacAddress& own_mac);

}  // namespace hf::proto::arp
