#include "proto/arp/icmpv6.h"

#include "proto/vrrp/internet_checksum.h"
#include "proto/vrrp/ip_header.h"

namespace hf::proto::arp {
namespace {

using vrrp::append_be;
using vrrp::InternetChecksum;
using vrrp::load_be;

constexpr std::uint8_t kIcmpv6 = 58;
constexpr std::uint8_t kHopLimit = 255;
constexpr std::size_t kFixedSize = 24;
constexpr std::size_t kChecksumOffset = 2;
constexpr std::size_t kOptionUnit = 8;

Error refused(const char* what, const char* why) {
  return Error{ErrorCode::kProtocol, std::string(what) + " refused: " + why};
}

/// The reason why it is not valid; nullptr: it is.
const char* fault(const vrrp::IpPacket& ip, std::uint8_t type) {
  const ByteView message = ip.payload;
  if (ip.header.source.is_v4()) return "not IPv6";
  if (ip.header.protocol != kIcmpv6) return "not ICMPv6";
  if (message.size() < kFixedSize) return "too short";
  if (byte_at(message, 0) != type || byte_at(message, 1) != 0) return "another type";
  if (ip.header.ttl != kHopLimit) return "hop limit is not 255";
  InternetChecksum sum;
  sum.add_pseudo_header(ip.header.source, ip.header.destination, kIcmpv6, message.size()).add(message);
  return sum.result() == 0 ? nullptr : "bad checksum";
}

/// As fault().
const char* read_options(ByteView options, Icmpv6Neighbour& into) {
  while (!options.empty()) {
    if (options.size() < 2) return "half an option";
    const std::size_t size = std::size_t{byte_at(options, 1)} * kOptionUnit;
    if (size == 0 || size > options.size()) return "an option of wrong length";
    const bool is_mac = byte_at(options, 0) == into.option && size == kOptionUnit;
    if (is_mac && !into.link_address) into.link_address = load_mac(options, 2);
    options.remove_prefix(size);
  }
  return nullptr;
}

}  // namespace

Result<std::string> seal_icmpv6(const Icmpv6Way& way, const Icmpv6Neighbour& neighbour) {
  std::string message;
  append_be(message, neighbour.type, 1);
  append_be(message, 0, 3);  // code, checksum
  append_be(message, neighbour.flags, 4);
  message.append(neighbour.target.bytes());
  if (neighbour.link_address) {
    append_be(message, neighbour.option, 1);
    append_be(message, 1, 1);
    append_mac(message, *neighbour.link_address);
  }
  InternetChecksum sum;
  sum.add_pseudo_header(way.source, way.destination, kIcmpv6, message.size()).add(message);
  vrrp::store_be16(message, kChecksumOffset, sum.result());
  const Result<std::string> packet = vrrp::encode_ip(
      {.source = way.source, .destination = way.destination, .protocol = kIcmpv6, .ttl = kHopLimit}, message);
  if (!packet.ok()) return packet.error();
  return encode_ethernet({way.ethernet_destination, way.ethernet_source, kEtherTypeIpv6, *packet});
}

Result<OpenedIcmpv6> open_icmpv6(ByteView frame, std::uint8_t type, std::uint8_t option, const char* what) {
  const Result<EthernetFrame> ethernet = decode_ethernet(frame);
  if (!ethernet.ok()) return ethernet.error();
  if (ethernet->ether_type != kEtherTypeIpv6) return refused(what, "another EtherType");
  const Result<vrrp::IpPacket> ip = vrrp::decode_ip(ethernet->payload);
  if (!ip.ok()) return ip.error();
  if (const char* why = fault(*ip, type)) return refused(what, why);

  OpenedIcmpv6 out;
  out.way = {ethernet->destination, ethernet->source, ip->header.source, ip->header.destination};
  out.message.type = type;
  out.message.option = option;
  out.message.flags = static_cast<std::uint32_t>(load_be(ip->payload, 4, 4));
  out.message.target = *IpAddress::from_bytes(ip->payload.substr(8, 16));
  if (out.message.target.is_multicast()) return refused(what, "the target is a group");
  if (const char* why = read_options(ip->payload.substr(kFixedSize), out.message)) return refused(what, why);
  return out;
}

}  // namespace hf::proto::arp
