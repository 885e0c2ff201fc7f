#include "proto/arp/neighbour_advertisement.h"

#include "proto/vrrp/internet_checksum.h"
#include "proto/vrrp/ip_header.h"

namespace hf::proto::arp {
namespace {

using vrrp::append_be;
using vrrp::InternetChecksum;
using vrrp::load_be;

constexpr std::uint8_t kIcmpv6 = 58;
constexpr std::uint8_t kTypeNeighbourAdvertisement = 136;
constexpr std::uint8_t kHopLimit = 255;
constexpr std::size_t kFixedSize = 24;
constexpr std::size_t kChecksumOffset = 2;
constexpr std::uint8_t kRouterBit = 0x80;
constexpr std::uint8_t kSolicitedBit = 0x40;
constexpr std::uint8_t kOverrideBit = 0x20;
constexpr std::uint8_t kOptionTargetLinkAddress = 2;
constexpr std::size_t kOptionUnit = 8;

Error refused(const char* why) {
  return Error{ErrorCode::kProtocol, std::string("neighbour advertisement refused: ") + why};
}

Result<void> read_options(ByteView options, NeighbourAdvertisement& into) {
  while (!options.empty()) {
    if (options.size() < 2) return refused("half an option");
    const std::size_t size = std::size_t{byte_at(options, 1)} * kOptionUnit;
    if (size == 0 || size > options.size()) return refused("an option of wrong length");
    const bool is_mac = byte_at(options, 0) == kOptionTargetLinkAddress && size == kOptionUnit;
    if (is_mac && !into.link_address) into.link_address = load_mac(options, 2);
    options.remove_prefix(size);
  }
  return {};
}

Result<void> check_valid(const vrrp::IpPacket& ip) {
  const ByteView message = ip.payload;
  if (ip.header.source.is_v4()) return refused("not IPv6");
  if (ip.header.protocol != kIcmpv6) return refused("not ICMPv6");
  if (message.size() < kFixedSize) return refused("too short");
  if (byte_at(message, 0) != kTypeNeighbourAdvertisement || byte_at(message, 1) != 0) return refused("another type");
  if (ip.header.ttl != kHopLimit) return refused("hop limit is not 255");
  InternetChecksum sum;
  sum.add_pseudo_header(ip.header.source, ip.header.destination, kIcmpv6, message.size()).add(message);
  if (sum.result() != 0) return refused("bad checksum");
  return {};
}

}  // namespace

NeighbourAdvertisement unsolicited_advertisement(const MacAddress& own_mac, const IpAddress& address,
                                                 RouterFlag router) {
  return NeighbourAdvertisement{.ethernet_destination = kAllNodesMac,
                                .ethernet_source = own_mac,
                                .source = address,
                                .destination = kAllNodesV6,
                                .target = address,
                                .router = router == RouterFlag::kRouter,
                                .override_cached = true,
                                .link_address = own_mac};
}

Result<std::string> encode_neighbour(const NeighbourAdvertisement& advertisement) {
  if (advertisement.source.is_v4() || advertisement.destination.is_v4() || advertisement.target.is_v4()) {
    return Error{ErrorCode::kInvalidArgument, "neighbour advertisements are for IPv6; IPv4 takes ARP"};
  }
  const unsigned flags = (advertisement.router ? kRouterBit : 0U) | (advertisement.solicited ? kSolicitedBit : 0U) |
                         (advertisement.override_cached ? kOverrideBit : 0U);
  std::string message;
  append_be(message, kTypeNeighbourAdvertisement, 1);
  append_be(message, 0, 3);  // code, checksum
  append_be(message, std::uint64_t{flags} << 24, 4);
  message.append(advertisement.target.bytes());
  if (advertisement.link_address) {
    append_be(message, kOptionTargetLinkAddress, 1);
    append_be(message, 1, 1);
    append_mac(message, *advertisement.link_address);
  }
  InternetChecksum sum;
  sum.add_pseudo_header(advertisement.source, advertisement.destination, kIcmpv6, message.size()).add(message);
  vrrp::store_be16(message, kChecksumOffset, sum.result());
  const Result<std::string> packet = vrrp::encode_ip(
      {.source = advertisement.source, .destination = advertisement.destination, .protocol = kIcmpv6, .ttl = kHopLimit},
      message);
  if (!packet.ok()) return packet.error();
  return encode_ethernet({advertisement.ethernet_destination, advertisement.ethernet_source, kEtherTypeIpv6, *packet});
}

Result<NeighbourAdvertisement> decode_neighbour(ByteView frame) {
  const Result<EthernetFrame> ethernet = decode_ethernet(frame);
  if (!ethernet.ok()) return ethernet.error();
  if (ethernet->ether_type != kEtherTypeIpv6) return refused("another EtherType");
  const Result<vrrp::IpPacket> ip = vrrp::decode_ip(ethernet->payload);
  if (!ip.ok()) return ip.error();
  HF_RETURN_IF_ERROR(check_valid(*ip));

  const std::uint8_t flags = byte_at(ip->payload, 4);
  NeighbourAdvertisement out{.ethernet_destination = ethernet->destination,
                             .ethernet_source = ethernet->source,
                             .source = ip->header.source,
                             .destination = ip->header.destination,
                             .target = *IpAddress::from_bytes(ip->payload.substr(8, 16)),
                             .router = (flags & kRouterBit) != 0,
                             .solicited = (flags & kSolicitedBit) != 0,
                             .override_cached = (flags & kOverrideBit) != 0};
  if (out.target.is_multicast()) return refused("the target is a group");
  if (out.solicited && out.destination.is_multicast()) return refused("solicited, but sent to a group");
  HF_RETURN_IF_ERROR(read_options(ip->payload.substr(kFixedSize), out));
  return out;
}

std::optional<MacAddress> claimant(const NeighbourAdvertisement& advertisement, const IpAddress& address,
                                   const MacAddress& own_mac) {
  if (advertisement.target != address) return std::nullopt;
  const MacAddress mac = advertisement.link_address.value_or(advertisement.ethernet_source);
  if (mac == own_mac) return std::nullopt;
  return mac;
}

}  // namespace hf::proto::arp
