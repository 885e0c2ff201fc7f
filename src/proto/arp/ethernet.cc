#include "proto/arp/ethernet.h"

#include "proto/vrrp/internet_checksum.h"

namespace hf::proto::arp {
namespace {

constexpr std::size_t kHeaderSize = 14;
constexpr std::string_view kHexDigits = "0123456789abcdef";

}  // namespace

std::string to_string(const MacAddress& mac) {
  std::string out;
  for (const std::uint8_t octet : mac) {
    if (!out.empty()) out.push_back(':');
    out.push_back(kHexDigits[octet >> 4]);
    out.push_back(kHexDigits[octet & 0x0F]);
  }
  return out;
}

MacAddress load_mac(ByteView bytes, std::size_t offset) {
  MacAddress mac{};
  for (std::size_t i = 0; i < mac.size(); ++i) mac[i] = byte_at(bytes, offset + i);
  return mac;
}

void append_mac(std::string& out, const MacAddress& mac) {
  for (const std::uint8_t octet : mac) out.push_back(static_cast<char>(octet));
}

std::string encode_ethernet(const EthernetFrame& frame) {
  std::string out;
  append_mac(out, frame.destination);
  append_mac(out, frame.source);
  vrrp::append_be(out, frame.ether_type, 2);
  return out.append(frame.payload);
}

Result<EthernetFrame> decode_ethernet(ByteView frame) {
  if (frame.size() < kHeaderSize) return Error{ErrorCode::kProtocol, "Ethernet frame shorter than its header"};
  return EthernetFrame{.destination = load_mac(frame, 0),
                       .source = load_mac(frame, 6),
                       .ether_type = static_cast<std::uint16_t>(vrrp::load_be(frame, 12, 2)),
                       .payload = frame.substr(kHeaderSize)};
}

}  // namespace hf::proto::arp
