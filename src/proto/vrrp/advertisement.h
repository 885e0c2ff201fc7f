// The one VRRP message: an advertisement, version 2 or 3, over IPv4 or IPv6.
//
// Owner: plain values. Thread: any.
// Source: RFC 3768 (v2; RFC 2338 for its passwords), RFC 5798 and RFC 9568 (v3); facts about keepalived 2.2.7 measured.
// Invariants:
//   1. decode(encode(x)) is x, with the way it travelled; encode refuses what cannot be written.
//   2. decode takes any bytes: an advertisement or a reason, never a read outside of what it was given.
//   3. An accepted advertisement has vrid 1-255, interval > 0, addresses of the source's family; at least one in v3.
//   4. decode does not judge what the receiver's configuration decides: password (see check_auth), interval, address
//      list, priority, whether vrid is ours.
//   5. A v3 interval is 1-4095 cs; a v2 interval is 1-255 whole seconds.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <ratio>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "base/time.h"
#include "base/ip_address.h"

namespace hf::proto::vrrp {

using Centis = std::chrono::duration<std::int64_t, std::centi>;

inline constexpr std::uint8_t kProtocol = 112;       // IANA, RFC 5798 5.1.1.4
inline constexpr std::uint8_t kRequiredTtl = 255;    // RFC 5798 5.1.1.3: proof that no router was between
inline constexpr std::uint8_t kTrafficClass = 0xC0;  // internetwork control, as keepalived and FRR send it
inline constexpr IpAddress kGroupV4 = IpAddress::v4(224, 0, 0, 18);
inline constexpr IpAddress kGroupV6 = IpAddress::v6({0xFF02, 0, 0, 0, 0, 0, 0, 0x12});
inline constexpr std::uint8_t kPriorityResign = 0;   // "I stop": the backups take over after their skew
inline constexpr std::uint8_t kPriorityOwner = 255;  // the addresses are the router's own
inline constexpr std::size_t kMostAddresses = 255;
inline constexpr Centis kLongestInterval{4095};  // v3
inline constexpr Seconds kLongestIntervalV2{255};
/// Bytes of the longest advertisement: v3, 255 IPv6 addresses.
inline constexpr std::size_t kLongestMessage = 8 + kMostAddresses * 16;

/// 00:00:5e:00:01:vrid (IPv4) or 00:00:5e:00:02:vrid (IPv6), RFC 5798 7.3.
std::array<std::uint8_t, 6> virtual_mac(IpFamily family, std::uint8_t vrid);

enum class Version : std::uint8_t { kV2 = 2, kV3 = 3 };

/// A peer's byte may be cast to it without check: values outside the list are legal and unnamed.
enum class AuthType : std::uint8_t { kNone = 0, kPassword = 1, kAuthenticationHeader = 2 };

/// v2's authentication: 8 bytes that any listener can read, so it finds wrong configurations, not attackers.
struct Auth {
  AuthType type = AuthType::kNone;
  std::array<char, 8> data{};

  friend bool operator==(const Auth&, const Auth&) = default;
};
/// RFC 2338 5.3.10: padded with zeros. Bytes past the eighth are cut off, as keepalived does.
Auth password_auth(ByteView password);

struct Advertisement {
  Version version = Version::kV3;
  std::uint8_t vrid = 1;
  std::uint8_t priority = 100;
  Centis interval{100};
  std::vector<IpAddress> addresses{};  // v3 over IPv6: the first is link-local (RFC 5798 5.2.9); not enforced here
  Auth auth{};                         // v2 only

  friend bool operator==(const Advertisement&, const Advertisement&) = default;
};

/// v3 over IPv4 comes in two dialects. RFC 5798 as keepalived, FRR and tcpdump read it sums a pseudo header, RFC 9568,
/// Cisco, Juniper and Arista do not. keepalived before 2.2.8 (Debian 12) and FRR before 8.5 know only the first.
/// v2 never has a pseudo header, IPv6 always.
enum class ChecksumDialect : std::uint8_t { kPseudoHeader, kPlain };

/// Where a message goes; both of one family. IPv6: source is the interface's link-local address.
struct Route {
  IpAddress source{};
  IpAddress destination{};
};

/// Of a whole IP packet, which must not be fragmented; without an authentication header.
std::size_t packet_size(Version version, IpFamily family, std::size_t addresses);

/// The VRRP message, without IP header. kInvalidArgument: families mixed, an interval or a number of addresses that
/// the version cannot say, vrid 0, authentication in v3, v2 over IPv6.
Result<std::string> encode(const Advertisement& advertisement, const Route& route,
                           ChecksumDialect dialect = ChecksumDialect::kPseudoHeader);

/// The same behind an IP header (TTL 255, protocol 112, traffic class 0xC0): for IP_HDRINCL or a packet socket.
Result<std::string> encode_packet(const Advertisement& advertisement, const Route& route,
                                  ChecksumDialect dialect = ChecksumDialect::kPseudoHeader);

enum class Refusal : std::uint8_t {
  kIpHeader,  // not one whole, unfragmented IP packet of protocol 112
  kTtl,       // may come from another network
  kVersion,   // neither 2 nor 3, or 2 over IPv6
  kType,      // not an advertisement
  kLength,    // too short, or not a whole number of addresses
  kCount,     // the count of addresses and the length contradict each other, or v3 without any
  kCarp,      // a CARP message: same protocol number and first byte, no concern of ours
  kChecksum,
  kVrid,        // 0
  kInterval,    // 0
  kAuthType,    // check_auth: another kind of authentication than ours
  kAuthData,    // check_auth: another password
  kAhHeader,    // authentication_header.h: not as VRRP has it, or not its sender's
  kAhDigest,    // authentication_header.h: another password, or changed on the way
  kAhSequence,  // SequenceCounter: its number, or a later one, was used before
};
inline constexpr std::size_t kRefusals = 15;

/// A word for metrics ("checksum"), stable.
std::string_view to_string(Refusal refusal);
/// A sentence for the operator, with the likely cause.
std::string_view explain(Refusal refusal);

/// Why a message was dropped, and whose it was as far as it could be read: a live peer whom we must refuse is news.
struct Refused {
  Refusal reason = Refusal::kLength;
  std::optional<std::uint8_t> vrid{};  // as claimed; not verified

  friend bool operator==(const Refused&, const Refused&) = default;
};

struct Received {
  Advertisement advertisement{};
  IpAddress source{};
  IpAddress destination{};
  ChecksumDialect dialect = ChecksumDialect::kPseudoHeader;  // of v3 over IPv4; else as the standard has it

  friend bool operator==(const Received&, const Received&) = default;
};

using Decoded = std::variant<Received, Refused>;

/// What the IP header or the control messages of the socket told. ttl: IPv6 hop limit.
struct Arrival {
  IpAddress source{};
  IpAddress destination{};
  std::uint8_t ttl = 0;
};

enum class AcceptDialect : std::uint8_t { kEither, kPseudoHeaderOnly, kPlainOnly };

struct ReceiveRules {
  std::uint8_t least_ttl = kRequiredTtl;  // lower only for unicast peers behind a router
  AcceptDialect dialect = AcceptDialect::kEither;
};

/// `message`: exactly the payload of the IP packet, without Ethernet padding.
Decoded decode(ByteView message, const Arrival& arrival, const ReceiveRules& rules = {});

/// From the IP header on, as an IPv4 raw socket delivers it (or a packet socket, both families).
Decoded decode_packet(ByteView packet, const ReceiveRules& rules = {});

/// RFC 2338 7.1: type and data must be ours. v3 has no authentication: fits when kNone is expected.
/// nullopt: fits. Type 2 says nothing by itself: whoever expects it lets in only what authentication_header.h let
/// through.
std::optional<Refusal> check_auth(const Advertisement& advertisement, const Auth& expected);

}  // namespace hf::proto::vrrp
