#include "proto/arp/arp_frame.h"

#include "proto/vrrp/internet_checksum.h"

namespace hf::proto::arp {
namespace {

using vrrp::append_be;
using vrrp::load_be;

constexpr std::size_t kMessageSize = 28;
constexpr std::uint64_t kHardwareEthernet = 1;
// Hardware type Ethernet, protocol type IPv4, 6 and 4 bytes of address: all in front of the operation.
constexpr std::uint64_t kFixedFields = kHardwareEthernet << 32 | std::uint64_t{kEtherTypeIpv4} << 16 | 0x0604;

Error refused(const char* why) { return Error{ErrorCode::kProtocol, std::string("ARP frame refused: ") + why}; }

ArpFrame broadcast(const MacAddress& own_mac, Operation operation, const IpAddress& sender,
                   const MacAddress& target_mac, const IpAddress& target) {
  return ArpFrame{.ethernet_destination = kBroadcastMac,
                  .ethernet_source = own_mac,
                  .operation = operation,
                  .sender_mac = own_mac,
                  .sender_ip = sender,
                  .target_mac = target_mac,
                  .target_ip = target};
}

}  // namespace

ArpFrame gratuitous_request(const MacAddress& own_mac, const IpAddress& address) {
  return broadcast(own_mac, Operation::kRequest, address, kBroadcastMac, address);
}
ArpFrame gratuitous_reply(const MacAddress& own_mac, const IpAddress& address) {
  return broadcast(own_mac, Operation::kReply, address, kBroadcastMac, address);
}
ArpFrame probe(const MacAddress& own_mac, const IpAddress& address) {
  return broadcast(own_mac, Operation::kRequest, IpAddress{}, kZeroMac, address);
}
ArpFrame announcement(const MacAddress& own_mac, const IpAddress& address) {
  return broadcast(own_mac, Operation::kRequest, address, kZeroMac, address);
}

Result<std::string> encode_arp(const ArpFrame& frame) {
  if (!frame.sender_ip.is_v4() || !frame.target_ip.is_v4()) {
    return Error{ErrorCode::kInvalidArgument, "ARP is for IPv4; IPv6 takes a neighbour advertisement"};
  }
  std::string message;
  append_be(message, kFixedFields, 6);
  append_be(message, static_cast<std::uint16_t>(frame.operation), 2);
  append_mac(message, frame.sender_mac);
  message.append(frame.sender_ip.bytes());
  append_mac(message, frame.target_mac);
  message.append(frame.target_ip.bytes());
  return encode_ethernet({frame.ethernet_destination, frame.ethernet_source, kEtherTypeArp, message});
}

Result<ArpFrame> decode_arp(ByteView bytes) {
  const Result<EthernetFrame> ethernet = decode_ethernet(bytes);
  if (!ethernet.ok()) return ethernet.error();
  if (ethernet->ether_type != kEtherTypeArp) return refused("another EtherType");
  const ByteView message = ethernet->payload;
  if (message.size() < kMessageSize) return refused("too short");
  if (load_be(message, 0, 6) != kFixedFields) return refused("not for IPv4 on Ethernet");
  const auto operation = static_cast<Operation>(load_be(message, 6, 2));
  if (operation != Operation::kRequest && operation != Operation::kReply) return refused("neither request nor reply");
  return ArpFrame{.ethernet_destination = ethernet->destination,
                  .ethernet_source = ethernet->source,
                  .operation = operation,
                  .sender_mac = load_mac(message, 8),
                  .sender_ip = *IpAddress::from_bytes(message.substr(14, 4)),
                  .target_mac = load_mac(message, 18),
                  .target_ip = *IpAddress::from_bytes(message.substr(24, 4))};
}

std::optional<Claimant> claimant(const ArpFrame& frame, const IpAddress& address, const MacAddress& own_mac) {
  if (frame.sender_mac == own_mac) return std::nullopt;
  if (frame.sender_ip == address) return Claimant{Claim::kHolds, frame.sender_mac};
  const bool is_probe = frame.operation == Operation::kRequest && frame.sender_ip.is_unspecified();
  if (is_probe && frame.target_ip == address) return Claimant{Claim::kProbes, frame.sender_mac};
  return std::nullopt;
}

}  // namespace hf::proto::arp
