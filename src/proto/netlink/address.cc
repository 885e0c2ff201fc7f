#include "proto/netlink/address.h"

namespace hf::proto::netlink {
namespace {

constexpr std::uint8_t kFamilyUnspecified = 0;
constexpr std::uint8_t kFamilyIpv4 = 2;   // AF_INET
constexpr std::uint8_t kFamilyIpv6 = 10;  // AF_INET6
constexpr std::size_t kBodySize = 8;      // struct ifaddrmsg
constexpr std::uint16_t kAttributeAddress = 1;
constexpr std::uint16_t kAttributeLocal = 2;
constexpr std::uint16_t kAttributeLabel = 3;
constexpr std::uint16_t kAttributeBroadcast = 4;
constexpr std::uint16_t kAttributeCacheInfo = 6;
constexpr std::uint16_t kAttributeFlags = 8;
constexpr std::size_t kCacheInfoSize = 16;
constexpr std::size_t kMostLabel = 15;
constexpr std::uint32_t kForever = 0xFFFF'FFFF;

std::uint8_t family_number(IpFamily family) { return family == IpFamily::kIpv4 ? kFamilyIpv4 : kFamilyIpv6; }

Error unwritable(const char* why) {
  return Error{ErrorCode::kInvalidArgument, std::string("interface address: ") + why};
}
Error malformed(const char* what) { return Error{ErrorCode::kProtocol, std::string("netlink address: ") + what}; }

Result<void> check_which(const InterfaceAddress& address) {
  const IpFamily family = address.address.family();
  if (address.interface_index == 0) return unwritable("no interface");
  if (address.prefix_length > address_size(family) * 8) return unwritable("prefix is longer than the address");
  if (address.peer && address.peer->family() != family) return unwritable("peer is of another family");
  if (address.peer == address.address) return unwritable("its own peer");
  if (address.label.size() > kMostLabel) return unwritable("label is longer than 15 bytes");
  if (address.label.find('\0') != std::string::npos) return unwritable("a zero byte in the label");
  if (!address.label.empty() && family != IpFamily::kIpv4) return unwritable("only IPv4 addresses have labels");
  return {};
}

Result<void> check_addable(const InterfaceAddress& address) {
  HF_RETURN_IF_ERROR(check_which(address));
  if (address.broadcast && !(address.broadcast->is_v4() && address.address.is_v4())) {
    return unwritable("only IPv4 addresses have a broadcast address");
  }
  if (!address.lifetime) return {};
  const Lifetime& lifetime = *address.lifetime;
  if (lifetime.valid < Seconds{1} || lifetime.valid >= Seconds{kForever}) return unwritable("lifetime out of range");
  if (lifetime.preferred < Seconds{0} || lifetime.preferred > lifetime.valid) {
    return unwritable("preferred longer than valid");
  }
  return {};
}

std::string body(std::uint8_t family, const InterfaceAddress& address) {
  std::string out;
  out.push_back(static_cast<char>(family));
  out.push_back(static_cast<char>(address.prefix_length));
  out.push_back(static_cast<char>(address.flags & 0xFF));
  out.push_back(static_cast<char>(address.scope));
  append_native(out, address.interface_index);
  return out;
}

void append_which(MessageWriter& writer, const InterfaceAddress& address) {
  writer.body(body(family_number(address.address.family()), address));
  writer.attribute(kAttributeLocal, address.address.bytes());
  writer.attribute(kAttributeAddress, address.peer.value_or(address.address).bytes());
  if (!address.label.empty()) {
    writer.attribute(kAttributeLabel, ByteView(address.label.c_str(), address.label.size() + 1));
  }
}

std::string cache_info(const Lifetime& lifetime) {
  std::string out;
  append_native(out, static_cast<std::uint32_t>(lifetime.preferred.count()));
  append_native(out, static_cast<std::uint32_t>(lifetime.valid.count()));
  out.resize(kCacheInfoSize, '\0');
  return out;
}

/// What the attributes of one message said, before it is put together.
struct Parts {
  std::optional<IpAddress> local{};
  std::optional<IpAddress> address{};
};

Result<void> read_ip(std::optional<IpAddress>& into, ByteView value, IpFamily family) {
  const auto ip = IpAddress::from_bytes(value);
  if (!ip || ip->family() != family) return malformed("an address of wrong length");
  into = ip;
  return {};
}

Result<void> read_lifetime(InterfaceAddress& into, ByteView value) {
  if (value.size() < kCacheInfoSize) return malformed("a lifetime of wrong length");
  const auto preferred = load_native<std::uint32_t>(value, 0);
  const auto valid = load_native<std::uint32_t>(value, 4);
  if (valid != kForever) into.lifetime = Lifetime{Seconds{valid}, Seconds{preferred}};
  return {};
}

Result<void> read_attribute(const Attribute& attribute, IpFamily family, Parts& parts, InterfaceAddress& into) {
  switch (attribute.type) {
    case kAttributeLocal: return read_ip(parts.local, attribute.value, family);
    case kAttributeAddress: return read_ip(parts.address, attribute.value, family);
    case kAttributeBroadcast: return read_ip(into.broadcast, attribute.value, family);
    case kAttributeCacheInfo: return read_lifetime(into, attribute.value);
    case kAttributeLabel: {
      const ByteView label = attribute.value.substr(0, attribute.value.find('\0'));
      if (label.size() > kMostLabel) return malformed("a label too long");
      into.label.assign(label);
      return {};
    }
    case kAttributeFlags:
      if (attribute.value.size() < 4) return malformed("flags of wrong length");
      into.flags = load_native<std::uint32_t>(attribute.value, 0);
      return {};
    default: return {};
  }
}

}  // namespace

Result<std::string> add_address(const InterfaceAddress& address, IfPresent if_present, std::uint32_t sequence) {
  HF_RETURN_IF_ERROR(check_addable(address));
  const MessageFlags mode = if_present == IfPresent::kReplace ? kFlagReplace : kFlagExclusive;
  MessageWriter writer(kNewAddress, static_cast<MessageFlags>(kFlagRequest | kFlagAck | kFlagCreate | mode), sequence);
  append_which(writer, address);
  writer.attribute(kAttributeFlags, address.flags);
  if (address.broadcast) writer.attribute(kAttributeBroadcast, address.broadcast->bytes());
  if (address.lifetime) writer.attribute(kAttributeCacheInfo, ByteView(cache_info(*address.lifetime)));
  return std::move(writer).take();
}

Result<std::string> remove_address(const InterfaceAddress& address, std::uint32_t sequence) {
  HF_RETURN_IF_ERROR(check_which(address));
  MessageWriter writer(kDelAddress, kFlagRequest | kFlagAck, sequence);
  append_which(writer, address);
  return std::move(writer).take();
}

std::string list_addresses(std::optional<IpFamily> family, std::uint32_t sequence) {
  MessageWriter writer(kGetAddress, kFlagRequest | kFlagDump, sequence);
  writer.body(body(family ? family_number(*family) : kFamilyUnspecified, InterfaceAddress{.prefix_length = 0}));
  return std::move(writer).take();
}

Result<InterfaceAddress> decode_address(const Message& message) {
  if (message.type != kNewAddress && message.type != kDelAddress) return malformed("another message");
  if (message.body.size() < kBodySize) return malformed("too short");
  const std::uint8_t number = byte_at(message.body, 0);
  if (number != kFamilyIpv4 && number != kFamilyIpv6) {
    return Error{ErrorCode::kUnsupported, "netlink address: neither IPv4 nor IPv6"};
  }
  const IpFamily family = number == kFamilyIpv4 ? IpFamily::kIpv4 : IpFamily::kIpv6;

  InterfaceAddress out;
  out.prefix_length = byte_at(message.body, 1);
  out.flags = byte_at(message.body, 2);
  out.scope = static_cast<Scope>(byte_at(message.body, 3));
  out.interface_index = load_native<std::uint32_t>(message.body, 4);
  if (out.prefix_length > address_size(family) * 8) return malformed("prefix is longer than the address");

  Parts parts;
  Attributes attributes(message.body.substr(kBodySize));
  while (const auto attribute = attributes.next()) {
    HF_RETURN_IF_ERROR(read_attribute(*attribute, family, parts, out));
  }
  if (attributes.malformed()) return malformed("an attribute of wrong length");
  const std::optional<IpAddress> own = parts.local ? parts.local : parts.address;
  if (!own) return malformed("no address in it");
  out.address = *own;
  if (parts.address && parts.address != own) out.peer = parts.address;
  return out;
}

}  // namespace hf::proto::netlink
