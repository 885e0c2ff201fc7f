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
constexpr std::uint16_t kAttributeParent = 5;     // IFLA_LINK
constexpr std::uint16_t kAttributeLinkInfo = 18;  // IFLA_LINKINFO, nested:
constexpr std::uint16_t kInfoKind = 1;
constexpr std::uint16_t kInfoData = 2;  // nested:
constexpr std::uint16_t kMacvlanMode = 1;
constexpr std::uint16_t kNested = 0x8000;
constexpr std::size_t kMostName = 15;
constexpr std::size_t kMostKind = 31;
constexpr std::string_view kMacvlanKind = "macvlan";

Error malformed(const char* what) { return Error{ErrorCode::kProtocol, std::string("netlink link: ") + what}; }

/// struct ifinfomsg for one interface.
std::string body(std::uint32_t index, LinkFlags flags, LinkFlags changed) {
  std::string out(4, '\0');  // family unspecified, padding, hardware type
  append_native(out, index);
  append_native(out, flags);
  append_native(out, changed);
  return out;
}

std::string one_attribute(std::uint16_t type, ByteView value) {
  std::string out;
  append_native(out, static_cast<std::uint16_t>(4 + value.size()));
  append_native(out, type);
  out.append(value);
  out.resize((out.size() + 3) & ~std::size_t{3}, '\0');
  return out;
}

std::string native(std::uint32_t value) {
  std::string out;
  append_native(out, value);
  return out;
}

/// The name goes into paths below /proc/sys as well.
bool is_plain_name(ByteView name) {
  if (name.empty() || name.size() > kMostName || name == "." || name == "..") return false;
  return std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
           c == '-';
  });
}

Result<void> read_info(ByteView info, Link& into) {
  Attributes attributes(info);
  while (const auto attribute = attributes.next()) {
    if (attribute->type != kInfoKind) continue;
    const ByteView kind = attribute->value.substr(0, attribute->value.find('\0'));
    if (kind.size() > kMostKind) return malformed("a kind too long");
    into.kind.assign(kind);
  }
  if (attributes.malformed()) return malformed("an attribute of wrong length");
  return {};
}

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
    case kAttributeParent:
      if (value.size() < 4) return malformed("a parent of wrong length");
      into.parent = load_native<std::uint32_t>(value, 0);
      return {};
    case kAttributeLinkInfo: return read_info(value, into);
    case kAttributeState:
      if (value.empty()) return malformed("a state of wrong length");
      into.state = static_cast<OperationalState>(byte_at(value, 0));
      return {};
    default: return {};
  }
}

}  // namespace

std::string_view why_it_cannot_carry(const Link* link) {
  if (link == nullptr) return "it is not there";
  if ((link->flags & kLinkUp) == 0) return "it is set down";
  return link->can_carry() ? "" : "it has no carrier";
}

std::string list_links(std::uint32_t sequence) {
  MessageWriter writer(kGetLink, kFlagRequest | kFlagDump, sequence);
  writer.body(std::string(kBodySize, '\0'));
  return std::move(writer).take();
}

Result<std::string> add_macvlan(const Macvlan& macvlan, std::uint32_t sequence) {
  if (macvlan.parent == 0) return Error{ErrorCode::kInvalidArgument, "macvlan: no parent"};
  if (!is_plain_name(macvlan.name)) return Error{ErrorCode::kInvalidArgument, "macvlan: not a name for an interface"};
  const auto* mac = reinterpret_cast<const char*>(macvlan.mac.data());
  const std::string mode = one_attribute(kMacvlanMode, native(static_cast<std::uint32_t>(macvlan.mode)));
  const std::string info = one_attribute(kInfoKind, kMacvlanKind) + one_attribute(kInfoData | kNested, mode);
  MessageWriter writer(kNewLink, kFlagRequest | kFlagAck | kFlagCreate | kFlagExclusive, sequence);
  writer.body(body(0, 0, 0));
  writer.attribute(kAttributeMac, ByteView(mac, macvlan.mac.size()));
  writer.attribute(kAttributeName, ByteView(macvlan.name.c_str(), macvlan.name.size() + 1));
  writer.attribute(kAttributeParent, macvlan.parent);
  writer.attribute(kAttributeLinkInfo | kNested, ByteView(info));
  return std::move(writer).take();
}

std::string switch_link(std::uint32_t index, LinkSwitch to, std::uint32_t sequence) {
  MessageWriter writer(kNewLink, kFlagRequest | kFlagAck, sequence);
  writer.body(body(index, to == LinkSwitch::kOn ? kLinkUp : 0, kLinkUp));
  return std::move(writer).take();
}

std::string remove_link(std::uint32_t index, std::uint32_t sequence) {
  MessageWriter writer(kDelLink, kFlagRequest | kFlagAck, sequence);
  writer.body(body(index, 0, 0));
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
