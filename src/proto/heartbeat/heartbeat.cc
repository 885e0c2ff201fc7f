#include "proto/heartbeat/heartbeat.h"

#include <sodium.h>

#include <algorithm>

#include "proto/vrrp/internet_checksum.h"

namespace hf::proto::heartbeat {
namespace {

using vrrp::append_be;
using vrrp::load_be;

constexpr ByteView kMagic = "HFHB\x01";
constexpr std::size_t kFlagsOffset = 5;
constexpr std::size_t kRouterIdOffset = 6;
constexpr std::size_t kPriorityOffset = 7;
constexpr std::size_t kIntervalOffset = 8;
constexpr std::size_t kBootIdOffset = 16;
constexpr std::size_t kSequenceOffset = 24;
constexpr std::size_t kFamilyOffset = 32;
constexpr std::size_t kCountOffset = 33;
constexpr std::size_t kZeroOffset = 34;
constexpr std::size_t kFixedSize = 36;
constexpr std::size_t kProofSize = crypto_auth_hmacsha256_BYTES;
constexpr std::uint8_t kMasterFlag = 1;

const unsigned char* raw(ByteView bytes) { return reinterpret_cast<const unsigned char*>(bytes.data()); }

using Proof = std::array<unsigned char, kProofSize>;

Proof prove(ByteView message, ByteView key) {
  static_assert(crypto_auth_hmacsha256_KEYBYTES == crypto_hash_sha256_BYTES);
  std::array<unsigned char, crypto_hash_sha256_BYTES> hashed{};  // any length becomes the one
  crypto_hash_sha256(hashed.data(), raw(key), key.size());
  Proof out{};
  crypto_auth_hmacsha256(out.data(), raw(message), message.size(), hashed.data());
  sodium_memzero(hashed.data(), hashed.size());
  return out;
}

Error unwritable(const char* why) { return Error{ErrorCode::kInvalidArgument, std::string("heartbeat: ") + why}; }

bool is_possible(Nanos interval) { return interval > Nanos::zero() && interval <= kLongestInterval; }

/// What `family` and count say that the whole datagram is long; 0: nothing sensible.
std::size_t stated_size(ByteView datagram) {
  const std::uint8_t family = byte_at(datagram, kFamilyOffset);
  if (family != 4 && family != 6) return 0;
  const std::size_t size = family == 4 ? 4 : 16;
  return kFixedSize + size * (1 + std::size_t{byte_at(datagram, kCountOffset)}) + kProofSize;
}

}  // namespace

Result<std::string> encode(const Heartbeat& heartbeat, ByteView key) {
  const IpFamily family = heartbeat.source.family();
  if (heartbeat.router_id == 0) return unwritable("router id 0");
  if (!is_possible(heartbeat.interval)) return unwritable("an interval that cannot be");
  if (heartbeat.addresses.size() > kMostAddresses) return unwritable("more than 255 addresses");
  for (const IpAddress& address : heartbeat.addresses) {
    if (address.family() != family) return unwritable("an address of another family than the source");
  }
  std::string out(kMagic);
  append_be(out, heartbeat.master ? kMasterFlag : 0, 1);
  append_be(out, heartbeat.router_id, 1);
  append_be(out, heartbeat.priority, 1);
  append_be(out, static_cast<std::uint64_t>(heartbeat.interval.count()), 8);
  append_be(out, heartbeat.boot_id, 8);
  append_be(out, heartbeat.sequence, 8);
  append_be(out, family == IpFamily::kIpv4 ? 4 : 6, 1);
  append_be(out, heartbeat.addresses.size(), 1);
  append_be(out, 0, 2);
  out.append(heartbeat.source.bytes());
  for (const IpAddress& address : heartbeat.addresses) out.append(address.bytes());
  const Proof proof = prove(out, key);
  return out.append(reinterpret_cast<const char*>(proof.data()), proof.size());
}

std::string_view to_string(Refusal refusal) { return refusal == Refusal::kKey ? "key" : "malformed"; }

std::variant<Heartbeat, Refusal> decode(ByteView datagram, ByteView key) {
  if (!claimed_router_id(datagram) || datagram.size() != stated_size(datagram)) return Refusal::kMalformed;
  const ByteView message = datagram.substr(0, datagram.size() - kProofSize);
  const Proof proof = prove(message, key);
  if (sodium_memcmp(proof.data(), raw(datagram) + message.size(), proof.size()) != 0) return Refusal::kKey;

  const std::uint8_t flags = byte_at(message, kFlagsOffset);
  const std::uint64_t interval = load_be(message, kIntervalOffset, 8);
  if ((flags & ~kMasterFlag) != 0 || load_be(message, kZeroOffset, 2) != 0) return Refusal::kMalformed;
  if (interval == 0 || interval > static_cast<std::uint64_t>(Nanos(kLongestInterval).count())) {
    return Refusal::kMalformed;
  }
  Heartbeat out{.router_id = byte_at(message, kRouterIdOffset),
                .priority = byte_at(message, kPriorityOffset),
                .master = (flags & kMasterFlag) != 0,
                .interval = Nanos{static_cast<std::int64_t>(interval)},
                .boot_id = load_be(message, kBootIdOffset, 8),
                .sequence = load_be(message, kSequenceOffset, 8)};
  const std::size_t size = byte_at(message, kFamilyOffset) == 4 ? 4 : 16;
  out.source = *IpAddress::from_bytes(message.substr(kFixedSize, size));
  for (std::size_t at = kFixedSize + size; at < message.size(); at += size) {
    out.addresses.push_back(*IpAddress::from_bytes(message.substr(at, size)));
  }
  return out;
}

std::optional<std::uint8_t> claimed_router_id(ByteView datagram) {
  if (datagram.size() < kFixedSize + kProofSize || !datagram.starts_with(kMagic)) return std::nullopt;
  const std::uint8_t id = byte_at(datagram, kRouterIdOffset);
  return id == 0 ? std::nullopt : std::optional(id);
}

bool ReplayWindow::accept(const Heartbeat& heartbeat) {
  Source& source = find_or_add(heartbeat.source);
  const auto life = std::find_if(source.lives.begin(), source.lives.end(),
                                 [&](const Life& one) { return one.boot_id == heartbeat.boot_id; });
  if (life == source.lives.end()) {
    if (source.lives.size() > kMostOldLives) source.lives.erase(source.lives.begin());
    source.lives.push_back({heartbeat.boot_id, heartbeat.sequence});
  } else {
    if (heartbeat.sequence <= life->highest) return false;
    life->highest = heartbeat.sequence;
    std::rotate(life, life + 1, source.lives.end());
  }
  source.heard = ++count_;
  return true;
}

ReplayWindow::Source& ReplayWindow::find_or_add(const IpAddress& address) {
  const auto found =
      std::find_if(sources_.begin(), sources_.end(), [&](const Source& one) { return one.address == address; });
  if (found != sources_.end()) return *found;
  if (sources_.size() == kMostSources) {
    sources_.erase(std::min_element(sources_.begin(), sources_.end(),
                                    [](const Source& a, const Source& b) { return a.heard < b.heard; }));
  }
  sources_.push_back(Source{.address = address});
  return sources_.back();
}

}  // namespace hf::proto::heartbeat
