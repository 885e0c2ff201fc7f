#include "proto/vrrp/authentication_header.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <limits>
#include <optional>

#include "proto/vrrp/internet_checksum.h"
#include "proto/vrrp/ip_header.h"

namespace hf::proto::vrrp {
namespace {

constexpr std::size_t kIndexOffset = 4;
constexpr std::size_t kSequenceOffset = 8;
constexpr std::size_t kDigestOffset = 12;
constexpr std::size_t kDigestSize = 12;  // of HMAC-MD5's 16 bytes
constexpr std::size_t kMd5Size = 16;
constexpr std::uint8_t kLengthInWords = 4;  // RFC 2402 2.2: of the whole header, less 2

using Digest = std::array<char, kDigestSize>;

/// `packet` is whole, its IP header `header_size` long. nullopt: OpenSSL has no MD5.
std::optional<Digest> digest_of(ByteView packet, std::size_t header_size, bool multicast, ByteView password) {
  std::string covered(packet);
  covered[1] = 0;                              // TOS
  std::fill_n(covered.begin() + 6, 2, '\0');   // fragments
  std::fill_n(covered.begin() + 10, 2, '\0');  // header checksum
  if (!multicast) covered[8] = 0;              // TTL
  const auto digest_at = static_cast<std::ptrdiff_t>(header_size + kDigestOffset);
  std::fill_n(covered.begin() + digest_at, kDigestSize, '\0');

  const Auth key = password_auth(password);
  std::array<unsigned char, kMd5Size> whole{};
  std::size_t size = 0;
  const auto* bytes = reinterpret_cast<const unsigned char*>(covered.data());
  const unsigned char* made = EVP_Q_mac(nullptr, "HMAC", nullptr, "MD5", nullptr, key.data.data(), key.data.size(),
                                        bytes, covered.size(), whole.data(), whole.size(), &size);
  if (made == nullptr || size != whole.size()) return std::nullopt;
  Digest out{};
  std::copy_n(whole.begin(), out.size(), out.begin());
  return out;
}

/// Never 0: that would have the kernel choose one, and the digest would not cover it.
std::uint16_t identification(std::uint32_t sequence) { return static_cast<std::uint16_t>(sequence % 0xFFFF + 1); }

}  // namespace

Result<std::string> encode_authenticated(const Advertisement& advertisement, const Route& route, ByteView password,
                                         std::uint32_t sequence) {
  if (advertisement.version != Version::kV2 || advertisement.auth != Auth{.type = AuthType::kAuthenticationHeader}) {
    return Error{ErrorCode::kInvalidArgument,
                 "VRRP advertisement: the authentication header takes version 2, authentication type 2 without data"};
  }
  const Result<std::string> message = encode(advertisement, route);
  if (!message.ok()) return message.error();
  std::string payload;
  append_be(payload, kProtocol, 1);
  append_be(payload, kLengthInWords, 1);
  append_be(payload, 0, 2);
  payload.append(route.source.bytes());
  append_be(payload, sequence, 4);
  payload.append(kDigestSize, '\0').append(*message);
  const IpHeader header{.source = route.source,
                        .destination = route.destination,
                        .protocol = kAuthenticationHeaderProtocol,
                        .ttl = kRequiredTtl,
                        .traffic_class = kTrafficClass,
                        .identification = identification(sequence)};
  Result<std::string> packet = encode_ip(header, payload);
  if (!packet.ok()) return packet;
  const std::size_t header_size = packet->size() - payload.size();
  const auto digest = digest_of(*packet, header_size, route.destination.is_multicast(), password);
  if (!digest) {
    return Error{ErrorCode::kUnsupported,
                 "VRRP authentication header: HMAC-MD5 is not to be had from OpenSSL (FIPS mode?)"};
  }
  std::copy(digest->begin(), digest->end(), packet->begin() + static_cast<std::ptrdiff_t>(header_size + kDigestOffset));
  return packet;
}

std::variant<Authenticated, Refused> decode_authenticated(ByteView packet, ByteView password,
                                                          const ReceiveRules& rules) {
  const Result<IpPacket> ip = decode_ip(packet);
  if (!ip.ok() || !ip->header.source.is_v4() || ip->header.protocol != kAuthenticationHeaderProtocol) {
    return Refused{.reason = Refusal::kIpHeader};
  }
  const ByteView payload = ip->payload;
  if (payload.size() < kAuthenticationHeaderSize) return Refused{.reason = Refusal::kLength};
  const ByteView message = payload.substr(kAuthenticationHeaderSize);
  Refused refused;
  if (message.size() >= 2) refused.vrid = byte_at(message, 1);
  const auto because = [&refused](Refusal reason) {
    refused.reason = reason;
    return refused;
  };
  if (byte_at(payload, 0) != kProtocol || byte_at(payload, 1) != kLengthInWords) return because(Refusal::kAhHeader);

  const auto header_size = static_cast<std::size_t>(payload.data() - packet.data());
  const ByteView whole = packet.substr(0, header_size + payload.size());  // without padding
  const auto digest = digest_of(whole, header_size, ip->header.destination.is_multicast(), password);
  const bool fits = digest && CRYPTO_memcmp(digest->data(), payload.data() + kDigestOffset, digest->size()) == 0;
  if (!fits) return because(Refusal::kAhDigest);
  if (payload.substr(kIndexOffset, 4) != ip->header.source.bytes()) return because(Refusal::kAhHeader);

  const Arrival arrival{ip->header.source, ip->header.destination, ip->header.ttl};
  Decoded decoded = decode(message, arrival, rules);
  if (const auto* inner = std::get_if<Refused>(&decoded)) return *inner;
  const auto sequence = static_cast<std::uint32_t>(load_be(payload, kSequenceOffset, 4));
  return Authenticated{std::get<Received>(std::move(decoded)), sequence};
}

SequenceCounter::SequenceCounter(std::uint32_t floor)
    : floor_(std::min(floor, std::numeric_limits<std::uint32_t>::max() - 1)) {}

void SequenceCounter::advance() {
  const bool used_up = current_ == std::numeric_limits<std::uint32_t>::max();
  current_ = std::max(used_up ? 0 : current_, floor_) + 1;
}

bool SequenceCounter::accept(std::uint32_t sequence) {
  if (sequence <= current_) return false;
  current_ = sequence;
  return true;
}

}  // namespace hf::proto::vrrp
