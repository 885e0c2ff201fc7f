#include "proto/arp/neighbour_solicitation.h"

#include "proto/arp/icmpv6.h"

namespace hf::proto::arp {
namespace {

constexpr const char* kWhat = "neighbour solicitation";
constexpr std::uint8_t kOptionSourceLinkAddress = 1;
constexpr IpAddress kUnspecifiedV6 = IpAddress::v6({});

Error refused(const char* why) { return Error{ErrorCode::kProtocol, std::string(kWhat) + " refused: " + why}; }

bool is_solicited_node_group(const IpAddress& address) {
  return address.bytes().starts_with(ByteView("\xFF\x02\0\0\0\0\0\0\0\0\0\x01\xFF", 13));
}

}  // namespace

IpAddress solicited_node_group(const IpAddress& address) {
  HF_CHECK(!address.is_v4());
  const ByteView bytes = address.bytes();
  const auto high = static_cast<std::uint16_t>(0xFF00 | byte_at(bytes, 13));
  const auto low = static_cast<std::uint16_t>(byte_at(bytes, 14) << 8 | byte_at(bytes, 15));
  return IpAddress::v6({0xFF02, 0, 0, 0, 0, 1, high, low});
}

MacAddress solicited_node_mac(const IpAddress& address) {
  HF_CHECK(!address.is_v4());
  const ByteView bytes = address.bytes();
  return {0x33, 0x33, 0xFF, byte_at(bytes, 13), byte_at(bytes, 14), byte_at(bytes, 15)};
}

NeighbourSolicitation dad_probe(const MacAddress& own_mac, const IpAddress& address) {
  return NeighbourSolicitation{.ethernet_destination = solicited_node_mac(address),
                               .ethernet_source = own_mac,
                               .source = kUnspecifiedV6,
                               .destination = solicited_node_group(address),
                               .target = address};
}

NeighbourSolicitation solicitation(const MacAddress& own_mac, const IpAddress& source, const IpAddress& target) {
  return NeighbourSolicitation{.ethernet_destination = solicited_node_mac(target),
                               .ethernet_source = own_mac,
                               .source = source,
                               .destination = solicited_node_group(target),
                               .target = target,
                               .link_address = own_mac};
}

Result<std::string> encode_solicitation(const NeighbourSolicitation& solicitation) {
  if (solicitation.source.is_v4() || solicitation.destination.is_v4() || solicitation.target.is_v4()) {
    return Error{ErrorCode::kInvalidArgument, "neighbour solicitations are for IPv6; IPv4 takes ARP"};
  }
  return seal_icmpv6({.ethernet_destination = solicitation.ethernet_destination,
                      .ethernet_source = solicitation.ethernet_source,
                      .source = solicitation.source,
                      .destination = solicitation.destination},
                     {.type = kNeighbourSolicitationType,
                      .target = solicitation.target,
                      .option = kOptionSourceLinkAddress,
                      .link_address = solicitation.link_address});
}

Result<NeighbourSolicitation> decode_solicitation(ByteView frame) {
  const Result<OpenedIcmpv6> opened = open_icmpv6(frame, kNeighbourSolicitationType, kOptionSourceLinkAddress, kWhat);
  if (!opened.ok()) return opened.error();
  NeighbourSolicitation out{.ethernet_destination = opened->way.ethernet_destination,
                            .ethernet_source = opened->way.ethernet_source,
                            .source = opened->way.source,
                            .destination = opened->way.destination,
                            .target = opened->message.target,
                            .link_address = opened->message.link_address};
  if (!out.source.is_unspecified()) return out;
  if (!is_solicited_node_group(out.destination)) return refused("from :: to no solicited-node group");
  if (out.link_address) return refused("from :: with a link address");
  return out;
}

std::optional<Claimant> claimant(const NeighbourSolicitation& solicitation, const IpAddress& address,
                                 const MacAddress& own_mac) {
  if (!solicitation.source.is_unspecified() || solicitation.target != address) return std::nullopt;
  if (solicitation.ethernet_source == own_mac) return std::nullopt;
  return Claimant{Claim::kProbes, solicitation.ethernet_source};
}

}  // namespace hf::proto::arp
