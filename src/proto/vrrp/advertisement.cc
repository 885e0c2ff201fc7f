#include "proto/vrrp/advertisement.h"

#include <algorithm>

#include "proto/vrrp/internet_checksum.h"
#include "proto/vrrp/ip_header.h"

namespace hf::proto::vrrp {
namespace {

constexpr std::size_t kHeaderSize = 8;
constexpr std::size_t kChecksumOffset = 6;
constexpr std::size_t kAuthSize = 8;  // v2, always there
constexpr std::uint8_t kTypeAdvertisement = 1;
constexpr std::uint64_t kIntervalMask = 0x0FFF;  // v3: the upper four bits are reserved
constexpr std::size_t kCarpSize = 36;
constexpr std::uint8_t kCarpAuthWords = 7;  // stands where VRRP counts addresses

std::uint16_t checksum(ByteView message, Version version, const Route& route, ChecksumDialect dialect) {
  InternetChecksum sum;
  const bool v3 = version == Version::kV3;
  if (v3 && (!route.source.is_v4() || dialect == ChecksumDialect::kPseudoHeader)) {
    sum.add_pseudo_header(route.source, route.destination, kProtocol, message.size());
  }
  return sum.add(message).result();
}

Error unwritable(std::string_view why) {
  return Error{ErrorCode::kInvalidArgument, std::string("VRRP advertisement: ").append(why)};
}

Result<void> check_interval(const Advertisement& advertisement) {
  const Centis interval = advertisement.interval;
  if (advertisement.version == Version::kV3) {
    if (interval < Centis{1} || interval > kLongestInterval) {
      return unwritable("interval is not within 10 ms to 40.95 s");
    }
    return {};
  }
  if (interval < Seconds{1} || interval > kLongestIntervalV2 || interval % Seconds{1} != Centis{0}) {
    return unwritable("version 2 takes an interval of 1 to 255 whole seconds; use version 3 for others");
  }
  return {};
}

Result<void> check_writable(const Advertisement& advertisement, const Route& route) {
  const IpFamily family = route.source.family();
  if (route.destination.family() != family) return unwritable("source and destination are of different families");
  if (advertisement.vrid == 0) return unwritable("router id 0 does not exist, take 1 to 255");
  if (advertisement.addresses.size() > kMostAddresses) return unwritable("more than 255 addresses");
  const auto foreign = [family](const IpAddress& address) { return address.family() != family; };
  if (std::any_of(advertisement.addresses.begin(), advertisement.addresses.end(), foreign)) {
    return unwritable("an address of the other family; IPv4 and IPv6 are separate instances");
  }
  switch (advertisement.version) {
    case Version::kV2:
      if (family != IpFamily::kIpv4) return unwritable("version 2 knows no IPv6; use version 3");
      break;
    case Version::kV3:
      if (advertisement.addresses.empty()) return unwritable("version 3 needs at least one address");
      if (advertisement.auth != Auth{}) return unwritable("version 3 has no authentication");
      break;
    default: return unwritable("version is neither 2 nor 3");
  }
  return check_interval(advertisement);
}

/// Length, count, CARP: whether the fields that follow may be read at all.
std::optional<Refusal> check_shape(ByteView message, Version version, IpFamily family) {
  const std::size_t count = byte_at(message, 3);
  const bool v2 = version == Version::kV2;
  if (v2 && message.size() == kCarpSize && count == kCarpAuthWords) return Refusal::kCarp;
  const std::size_t fixed = kHeaderSize + (v2 ? kAuthSize : 0);
  if (message.size() < fixed) return Refusal::kLength;
  const std::size_t rest = message.size() - fixed;
  if (rest % address_size(family) != 0) return Refusal::kLength;
  if (rest / address_size(family) != count) return Refusal::kCount;
  if (!v2 && count == 0) return Refusal::kCount;
  return std::nullopt;
}

/// The dialect in which the checksum is right; nullopt: in none that the rules allow.
std::optional<ChecksumDialect> right_dialect(ByteView message, Version version, const Route& route,
                                             AcceptDialect accept) {
  for (const ChecksumDialect dialect : {ChecksumDialect::kPseudoHeader, ChecksumDialect::kPlain}) {
    const bool matters = version == Version::kV3 && route.source.is_v4();
    if (matters && dialect == ChecksumDialect::kPlain && accept == AcceptDialect::kPseudoHeaderOnly) continue;
    if (matters && dialect == ChecksumDialect::kPseudoHeader && accept == AcceptDialect::kPlainOnly) continue;
    if (checksum(message, version, route, dialect) != 0) continue;
    return version == Version::kV2 ? ChecksumDialect::kPlain : dialect;
  }
  return std::nullopt;
}

Advertisement read_fields(ByteView message, Version version, IpFamily family) {
  Advertisement out;
  out.version = version;
  out.vrid = byte_at(message, 1);
  out.priority = byte_at(message, 2);
  const std::size_t count = byte_at(message, 3);
  const std::size_t size = address_size(family);
  out.addresses.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    out.addresses.push_back(*IpAddress::from_bytes(message.substr(kHeaderSize + i * size, size)));
  }
  if (version == Version::kV3) {
    out.interval = Centis{static_cast<std::int64_t>(load_be(message, 4, 2) & kIntervalMask)};
    return out;
  }
  out.auth.type = static_cast<AuthType>(byte_at(message, 4));
  out.interval = Seconds{byte_at(message, 5)};
  const ByteView data = message.substr(message.size() - kAuthSize);
  std::copy(data.begin(), data.end(), out.auth.data.begin());
  return out;
}

}  // namespace

std::array<std::uint8_t, 6> virtual_mac(IpFamily family, std::uint8_t vrid) {
  return {0x00, 0x00, 0x5E, 0x00, static_cast<std::uint8_t>(family == IpFamily::kIpv4 ? 1 : 2), vrid};
}

Auth password_auth(ByteView password) {
  Auth auth{.type = AuthType::kPassword};
  const std::size_t size = std::min(password.size(), auth.data.size());
  std::copy_n(password.begin(), size, auth.data.begin());
  return auth;
}

std::size_t packet_size(Version version, IpFamily family, std::size_t addresses) {
  const bool v4 = family == IpFamily::kIpv4;
  return (v4 ? kIpv4HeaderSize : kIpv6HeaderSize) + kHeaderSize + addresses * (v4 ? 4 : 16) +
         (version == Version::kV2 ? kAuthSize : 0);
}

Result<std::string> encode(const Advertisement& advertisement, const Route& route, ChecksumDialect dialect) {
  HF_RETURN_IF_ERROR(check_writable(advertisement, route));
  std::string out;
  const auto version = static_cast<std::uint8_t>(advertisement.version);
  append_be(out, std::uint64_t{version} << 4 | kTypeAdvertisement, 1);
  append_be(out, advertisement.vrid, 1);
  append_be(out, advertisement.priority, 1);
  append_be(out, advertisement.addresses.size(), 1);
  if (advertisement.version == Version::kV2) {
    append_be(out, static_cast<std::uint8_t>(advertisement.auth.type), 1);
    append_be(out, static_cast<std::uint64_t>(std::chrono::duration_cast<Seconds>(advertisement.interval).count()), 1);
  } else {
    append_be(out, static_cast<std::uint64_t>(advertisement.interval.count()), 2);
  }
  append_be(out, 0, 2);
  for (const IpAddress& address : advertisement.addresses) out.append(address.bytes());
  if (advertisement.version == Version::kV2) out.append(advertisement.auth.data.data(), advertisement.auth.data.size());
  store_be16(out, kChecksumOffset, checksum(out, advertisement.version, route, dialect));
  return out;
}

Result<std::string> encode_packet(const Advertisement& advertisement, const Route& route, ChecksumDialect dialect) {
  const Result<std::string> message = encode(advertisement, route, dialect);
  if (!message.ok()) return message.error();
  return encode_ip(IpHeader{.source = route.source,
                            .destination = route.destination,
                            .protocol = kProtocol,
                            .ttl = kRequiredTtl,
                            .traffic_class = kTrafficClass},
                   *message);
}

Decoded decode(ByteView message, const Arrival& arrival, const ReceiveRules& rules) {
  Refused refused;
  if (message.size() >= 2) refused.vrid = byte_at(message, 1);
  const auto because = [&refused](Refusal reason) {
    refused.reason = reason;
    return refused;
  };
  const Route route{arrival.source, arrival.destination};
  if (route.source.family() != route.destination.family()) return because(Refusal::kIpHeader);
  if (arrival.ttl < rules.least_ttl) return because(Refusal::kTtl);
  if (message.size() < kHeaderSize) return because(Refusal::kLength);

  const IpFamily family = route.source.family();
  const unsigned number = byte_at(message, 0) >> 4;
  if (number != 3 && (number != 2 || family == IpFamily::kIpv6)) return because(Refusal::kVersion);
  if ((byte_at(message, 0) & 0x0F) != kTypeAdvertisement) return because(Refusal::kType);
  const Version version = number == 2 ? Version::kV2 : Version::kV3;
  if (const auto reason = check_shape(message, version, family)) return because(*reason);
  const auto dialect = right_dialect(message, version, route, rules.dialect);
  if (!dialect) return because(Refusal::kChecksum);

  Received out{read_fields(message, version, family), route.source, route.destination, *dialect};
  if (out.advertisement.vrid == 0) return because(Refusal::kVrid);
  if (out.advertisement.interval == Centis{0}) return because(Refusal::kInterval);
  return out;
}

Decoded decode_packet(ByteView packet, const ReceiveRules& rules) {
  const Result<IpPacket> ip = decode_ip(packet);
  if (!ip.ok() || ip->header.protocol != kProtocol) return Refused{.reason = Refusal::kIpHeader};
  return decode(ip->payload, Arrival{ip->header.source, ip->header.destination, ip->header.ttl}, rules);
}

std::optional<Refusal> check_auth(const Advertisement& advertisement, const Auth& expected) {
  if (advertisement.auth.type != expected.type) return Refusal::kAuthType;
  switch (expected.type) {
    case AuthType::kNone: return std::nullopt;  // RFC 3768 5.3.10: whatever the data says, it is ignored
    case AuthType::kPassword:
      if (advertisement.auth.data != expected.data) return Refusal::kAuthData;
      return std::nullopt;
    case AuthType::kAuthenticationHeader: return std::nullopt;  // RFC 2338 5.3.6: the data means nothing
  }
  return Refusal::kAuthType;
}

}  // namespace hf::proto::vrrp
