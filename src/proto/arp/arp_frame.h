// ARP for IPv4 on Ethernet, frame and all: telling a network who has an address now, asking whether somebody else has
// it, and reading from others' ARP who claims it.
//
// Owner: plain values. Thread: any.
// Source: RFC 826; RFC 5227 (probe, announcement, conflict); RFC 5798 8.1.2 and keepalived for the gratuitous forms.
// Invariants:
//   1. decode_arp(encode_arp(x)) == x where x's IP addresses are IPv4 (encode_arp refuses others).
//   2. decode_arp takes any bytes, tolerates Ethernet padding behind the message and nothing else.
//   3. A frame that we sent ourselves and hear again claims nothing.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/bytes.h"
#include "base/result.h"
#include "proto/arp/ethernet.h"
#include "base/ip_address.h"

namespace hf::proto::arp {

enum class Operation : std::uint16_t { kRequest = 1, kReply = 2 };

struct ArpFrame {
  MacAddress ethernet_destination{};
  MacAddress ethernet_source{};
  Operation operation = Operation::kRequest;
  MacAddress sender_mac{};
  IpAddress sender_ip{};
  MacAddress target_mac{};
  IpAddress target_ip{};

  friend bool operator==(const ArpFrame&, const ArpFrame&) = default;
};

/// "This address is mine now", broadcast. The request is what switches and hosts heed most widely and what keepalived
/// sends (target MAC all ones); the reply reaches those few that update from replies only.
ArpFrame gratuitous_request(const MacAddress& own_mac, const IpAddress& address);
ArpFrame gratuitous_reply(const MacAddress& own_mac, const IpAddress& address);

/// RFC 5227 2.1.1: "does anybody have this address?" without a sender address, so that no cache is touched.
ArpFrame probe(const MacAddress& own_mac, const IpAddress& address);
/// RFC 5227 2.3: as a gratuitous request, but with target MAC zero.
ArpFrame announcement(const MacAddress& own_mac, const IpAddress& address);

/// kInvalidArgument unless both IP addresses are IPv4.
Result<std::string> encode_arp(const ArpFrame& frame);
/// kProtocol: not ARP, not Ethernet and IPv4, too short, an operation other than the two.
Result<ArpFrame> decode_arp(ByteView frame);

enum class Claim : std::uint8_t {
  kHolds,   // sends from the address: RFC 5227 2.4, a conflict if it is ours
  kProbes,  // asks whether it is free, in order to take it: RFC 5227 2.1.1, a conflict while we probe, too
};
struct Claimant {
  Claim claim = Claim::kHolds;
  MacAddress mac{};  // the sender's, as ARP says; the frame's own source may be a switch's or a bond's

  friend bool operator==(const Claimant&, const Claimant&) = default;
};

/// Who else claims `address` by this frame; nullopt: nobody, or it is our own frame (`own_mac`).
std::optional<Claimant> claimant(const ArpFrame& frame, const IpAddress& address, const MacAddress& own_mac);

}  // namespace hf::proto::arp
