#include "proto/vrrp/ip_header.h"

#include "proto/vrrp/internet_checksum.h"

namespace hf::proto::vrrp {
namespace {

constexpr std::size_t kMostPayload = 65'000;
constexpr std::uint64_t kFragmentBits = 0x3FFF;  // "more fragments" and the offset; "do not fragment" may be set

Error refused(const char* why) { return Error{ErrorCode::kProtocol, std::string("IP packet refused: ") + why}; }

std::uint8_t small(ByteView bytes, std::size_t offset) { return byte_at(bytes, offset); }

Result<IpPacket> decode_ipv4(ByteView packet) {
  if (packet.size() < kIpv4HeaderSize) return refused("shorter than an IPv4 header");
  const std::size_t header_size = std::size_t{byte_at(packet, 0) & 0x0FU} * 4;
  const std::size_t total = load_be(packet, 2, 2);
  if (header_size < kIpv4HeaderSize || header_size > packet.size()) return refused("wrong header length");
  if (total < header_size || total > packet.size()) return refused("wrong total length");
  if (InternetChecksum().add(packet.substr(0, header_size)).result() != 0) return refused("bad header checksum");
  if ((load_be(packet, 6, 2) & kFragmentBits) != 0) return refused("a fragment");

  IpPacket out;
  out.header.source = *IpAddress::from_bytes(packet.substr(12, 4));
  out.header.destination = *IpAddress::from_bytes(packet.substr(16, 4));
  out.header.protocol = small(packet, 9);
  out.header.ttl = small(packet, 8);
  out.header.traffic_class = small(packet, 1);
  out.header.identification = static_cast<std::uint16_t>(load_be(packet, 4, 2));
  out.payload = packet.substr(header_size, total - header_size);
  return out;
}

Result<IpPacket> decode_ipv6(ByteView packet) {
  if (packet.size() < kIpv6HeaderSize) return refused("shorter than an IPv6 header");
  const std::size_t length = load_be(packet, 4, 2);
  if (length > packet.size() - kIpv6HeaderSize) return refused("wrong payload length");

  IpPacket out;
  out.header.source = *IpAddress::from_bytes(packet.substr(8, 16));
  out.header.destination = *IpAddress::from_bytes(packet.substr(24, 16));
  out.header.protocol = small(packet, 6);
  out.header.ttl = small(packet, 7);
  out.header.traffic_class = static_cast<std::uint8_t>(load_be(packet, 0, 2) >> 4 & 0xFF);
  out.payload = packet.substr(kIpv6HeaderSize, length);
  return out;
}

std::string encode_ipv4(const IpHeader& header, ByteView payload) {
  std::string out;
  append_be(out, 0x45, 1);
  append_be(out, header.traffic_class, 1);
  append_be(out, kIpv4HeaderSize + payload.size(), 2);
  append_be(out, header.identification, 2);
  append_be(out, 0, 2);
  append_be(out, header.ttl, 1);
  append_be(out, header.protocol, 1);
  append_be(out, 0, 2);
  out.append(header.source.bytes()).append(header.destination.bytes());
  store_be16(out, 10, InternetChecksum().add(out).result());
  return out.append(payload);
}

std::string encode_ipv6(const IpHeader& header, ByteView payload) {
  std::string out;
  append_be(out, 6ULL << 28 | std::uint64_t{header.traffic_class} << 20, 4);
  append_be(out, payload.size(), 2);
  append_be(out, header.protocol, 1);
  append_be(out, header.ttl, 1);
  out.append(header.source.bytes()).append(header.destination.bytes());
  return out.append(payload);
}

}  // namespace

Result<std::string> encode_ip(const IpHeader& header, ByteView payload) {
  if (header.source.family() != header.destination.family()) {
    return Error{ErrorCode::kInvalidArgument, "IP packet: source and destination are of different families"};
  }
  if (payload.size() > kMostPayload) return Error{ErrorCode::kInvalidArgument, "IP packet: payload too long"};
  return header.source.is_v4() ? encode_ipv4(header, payload) : encode_ipv6(header, payload);
}

Result<IpPacket> decode_ip(ByteView packet) {
  if (packet.empty()) return refused("empty");
  switch (byte_at(packet, 0) >> 4) {
    case 4: return decode_ipv4(packet);
    case 6: return decode_ipv6(packet);
    default: return refused("neither IPv4 nor IPv6");
  }
}

}  // namespace hf::proto::vrrp
