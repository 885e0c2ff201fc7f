#include "proto/netlink/link.h"

#include <algorithm>

namespace hf::proto::netlink {
namespace {

constexpr std::size_t kBodySize = 16;  // struct ifinfomsg
constexpr std::uint8_t kFamilyUnspecified = 0;
constexpr std::uint16_t kAttributeMac = 1;
constexpr std::uint16_t kAttributeName = 3;
constexpr std::uint16_t kAttributeMtu = 4;
constexpr std::uint16_t kAttributeState = 16;
constexpr std::size_t kMostName = 15;

Error malformed(const char* what) { return Error{ErrorCode::kProtocol, std::string("netlink link: ") + what}; }

Result<void> read_attribute(const Attribute& attribute, Link& into) {
  const ByteView value = attribute.value;
  switch (attribute.type) {
    case kAttributeMac:
      if (value.size() != 6) return {};  // tunnels and others have addresses of other sizes
      into.mac.emplace();
      std::transform(value.begin(), value.end(), into.mac->begin(),
                     [](char c) { return static_cast<std::uint8_t>(c); });
      return {};
    case kAttributeName: {
      const ByteView name = value.substr(0, value.find('\0'));
      if (name.empty() || name.size() > kMostName) return malformed("a name of wrong length");
      into.name.assign(name);
      return {};
    }
    case kAttributeMtu:
      if (value.size() < 4) return malformed("an MTU of wrong length");
      into.mtu = load_native<std::uint32_t>(value, 0);
      return {};
    case kAttributeState:
      if (value.empty()) return malformed("a state of wrong length");
      into.state = static_cast<OperationalState>(byte_at(value, 0));
      return {};
    default: return {};
  }
}

}  // namespace

std::string list_links(std::uint32_t sequence) {
  MessageWriter writer(kGetLink, kFlagRequest | kFlagDump, sequence);
  writer.body(std::string(kBodySize, '\0'));
  return std::move(writer).take();
}

Result<Link> decode_link(const Message& message) {
  if (message.type != kNewLink && message.type != kDelLink) return malformed("another message");
  if (message.body.size() < kBodySize) return malformed("too short");
  if (byte_at(message.body, 0) != kFamilyUnspecified) {
    return Error{ErrorCode::kUnsupported, "netlink link: about a bridge port or the like"};
  }
  Link out;
  out.hardware_type = load_native<std::uint16_t>(message.body, 2);
  out.index = load_native<std::uint32_t>(message.body, 4);
  out.flags = load_native<std::uint32_t>(message.body, 8);
  Attributes attributes(message.body.substr(kBodySize));
  while (const auto attribute = attributes.next()) HF_RETURN_IF_ERROR(read_attribute(*attribute, out));
  if (attributes.malformed()) return malformed("an attribute of wrong length");
  if (out.index == 0 || out.index > 0x7FFF'FFFF) return malformed("no index in it");
  if (out.name.empty()) return malformed("no name in it");
  return out;
}

}  // namespace hf::proto::netlink
