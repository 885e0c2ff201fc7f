#include "proto/arp/neighbour_advertisement.h"

#include "proto/arp/icmpv6.h"

namespace hf::proto::arp {
namespace {

constexpr const char* kWhat = "neighbour advertisement";
constexpr std::uint32_t kRouterBit = 0x8000'0000;
constexpr std::uint32_t kSolicitedBit = 0x4000'0000;
constexpr std::uint32_t kOverrideBit = 0x2000'0000;
constexpr std::uint8_t kOptionTargetLinkAddress = 2;

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
  const std::uint32_t flags = (advertisement.router ? kRouterBit : 0U) |
                              (advertisement.solicited ? kSolicitedBit : 0U) |
                              (advertisement.override_cached ? kOverrideBit : 0U);
  return seal_icmpv6({.ethernet_destination = advertisement.ethernet_destination,
                      .ethernet_source = advertisement.ethernet_source,
                      .source = advertisement.source,
                      .destination = advertisement.destination},
                     {.type = kNeighbourAdvertisementType,
                      .flags = flags,
                      .target = advertisement.target,
                      .option = kOptionTargetLinkAddress,
                      .link_address = advertisement.link_address});
}

Result<NeighbourAdvertisement> decode_neighbour(ByteView frame) {
  const Result<OpenedIcmpv6> opened = open_icmpv6(frame, kNeighbourAdvertisementType, kOptionTargetLinkAddress, kWhat);
  if (!opened.ok()) return opened.error();
  const std::uint32_t flags = opened->message.flags;
  NeighbourAdvertisement out{.ethernet_destination = opened->way.ethernet_destination,
                             .ethernet_source = opened->way.ethernet_source,
                             .source = opened->way.source,
                             .destination = opened->way.destination,
                             .target = opened->message.target,
                             .router = (flags & kRouterBit) != 0,
                             .solicited = (flags & kSolicitedBit) != 0,
                             .override_cached = (flags & kOverrideBit) != 0,
                             .link_address = opened->message.link_address};
  if (out.solicited && out.destination.is_multicast()) {
    return Error{ErrorCode::kProtocol, std::string(kWhat) + " refused: solicited, but sent to a group"};
  }
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
