// Version 2 behind an IPsec authentication header, as keepalived's `auth_type AH` speaks it: IP, AH, advertisement.
//
// Owner: plain values. Thread: any.
// Source: RFC 2338 5.3.6 type 2, RFC 2402 (HMAC-MD5-96 of RFC 2403); facts about keepalived 2.2.7 measured.
//
// Layout behind the IP header: 0 next header 112   1 length 4   2 zero (2)   4 SPI (4): the source address
//   8 sequence (4)   12 digest (12)   24 the message: authentication type 2, its data zero
//
// Invariants:
//   1. The digest covers the whole packet, but not what routers may change: TOS, fragment bits, header checksum, and
//      the TTL of what is not multicast. The identification is covered, so it is written and never 0 (the kernel
//      replaces 0).
//   2. decode_authenticated takes any bytes, looks at nothing but their shape before the digest fits, and compares it
//      in constant time.
//   3. The key is the first 8 bytes of the password, as keepalived has it.
#pragma once

#include <cstdint>
#include <string>
#include <variant>

#include "base/bytes.h"
#include "base/result.h"
#include "proto/vrrp/advertisement.h"

namespace hf::proto::vrrp {

inline constexpr std::uint8_t kAuthenticationHeaderProtocol = 51;  // IANA, RFC 2402
inline constexpr std::size_t kAuthenticationHeaderSize = 24;

/// From the IP header on, for IP_HDRINCL. kInvalidArgument: what encode() refuses, version 3, another auth than type 2
/// without data. kUnsupported: this machine's OpenSSL has no MD5.
Result<std::string> encode_authenticated(const Advertisement& advertisement, const Route& route, ByteView password,
                                         std::uint32_t sequence);

struct Authenticated {
  Received received{};
  std::uint32_t sequence = 0;  // to be judged by the one SequenceCounter of the virtual router

  friend bool operator==(const Authenticated&, const Authenticated&) = default;
};

/// From the IP header on, as an IPv4 raw socket delivers it.
std::variant<Authenticated, Refused> decode_authenticated(ByteView packet, ByteView password,
                                                          const ReceiveRules& rules = {});

/// Tells replayed packets by their number, as keepalived does: one count for what a virtual router sends and hears, and
/// only a higher number is accepted. The node that takes over goes on from where the last master was.
///
/// A node that starts anew accepts the first number it hears, whatever it is: a replay can cheat it until it hears the
/// live master, as it can cheat keepalived. Its own numbers begin above `floor` (the time in seconds: at one advert a
/// second above those of its earlier life). Where they do not, or where keepalived begins at 1 again, the peer refuses
/// it, takes over by its timer, and is heard: from then on both count from the same number.
class SequenceCounter {
 public:
  explicit SequenceCounter(std::uint32_t floor = 0);

  /// The number of the next advertisement, whoever gets it: several peers get the same. After the highest number it
  /// begins again above the floor.
  void advance();
  std::uint32_t current() const { return current_; }
  /// Whether the number is higher than all before; it is the current one then. Only for numbers whose digest fits.
  bool accept(std::uint32_t sequence);

 private:
  std::uint32_t floor_;
  std::uint32_t current_ = 0;
};

}  // namespace hf::proto::vrrp
