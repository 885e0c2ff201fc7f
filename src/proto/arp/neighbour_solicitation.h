// The ICMPv6 Neighbour Solicitation, from the Ethernet header on: "who has this address?". Sent from :: it is the probe
// of duplicate address detection, what RFC 5227's probe is for IPv4.
//
// Owner: plain values. Thread: any.
// Source: RFC 4861 4.3, 7.1.1; RFC 4862 5.4.2; RFC 4291 2.7.1; RFC 2464 7.
// Invariants:
//   1. decode_solicitation(encode_solicitation(x)) == x.
//   2. decode_solicitation takes any bytes, and accepts only what RFC 4861 7.1.1 calls valid: what open_icmpv6 holds
//      to, and from :: only to a solicited-node group and without a link address.
#pragma once

#include <optional>
#include <string>

#include "base/bytes.h"
#include "base/result.h"
#include "proto/arp/arp_frame.h"
#include "proto/arp/ethernet.h"
#include "base/ip_address.h"

namespace hf::proto::arp {

/// ff02::1:ffXX:XXXX and 33:33:ff:XX:XX:XX: where the holder of an IPv6 address listens for questions about it.
IpAddress solicited_node_group(const IpAddress& address);
MacAddress solicited_node_mac(const IpAddress& address);

struct NeighbourSolicitation {
  MacAddress ethernet_destination{};
  MacAddress ethernet_source{};
  IpAddress source{};  // ::: duplicate address detection
  IpAddress destination{};
  IpAddress target{};                        // the address that is asked for
  std::optional<MacAddress> link_address{};  // of the sender; not from ::

  friend bool operator==(const NeighbourSolicitation&, const NeighbourSolicitation&) = default;
};

/// RFC 4862 5.4.2: "does anybody have this address?"; the holder answers to all nodes. `address` is IPv6.
NeighbourSolicitation dad_probe(const MacAddress& own_mac, const IpAddress& address);
/// RFC 4861 7.2.2: `source` asks for `target`; the holder answers to `source`. Both are IPv6.
NeighbourSolicitation solicitation(const MacAddress& own_mac, const IpAddress& source, const IpAddress& target);

/// kInvalidArgument unless all three addresses are IPv6.
Result<std::string> encode_solicitation(const NeighbourSolicitation& solicitation);
/// kProtocol for all else. Options other than the MAC are skipped.
Result<NeighbourSolicitation> decode_solicitation(ByteView frame);

/// Who else wants to take `address`: the sender of a DAD probe for it. nullopt: an ordinary question, about another
/// address, or our own frame.
std::optional<Claimant> claimant(const NeighbourSolicitation& solicitation, const IpAddress& address,
                                 const MacAddress& own_mac);

}  // namespace hf::proto::arp
