// The heartbeat: what a node tells its peers on ways other than VRRP, one UDP datagram each. Whoever has the key can
// tell who wrote it and that nobody changed it.
//
//   0 "HFHB"   4 version 1   5 flags (1: master)   6 router id   7 priority   8 interval, ns (8)   16 boot id (8)
//   24 sequence (8)   32 family 4 or 6   33 count   34 zero (2)   36 source   .. count addresses   .. HMAC-SHA256 (32)
//
// Owner: plain values. Thread: any.
// Source: our own; RFC 2104 with SHA-256, RFC 6479 for the idea of a replay window. Integers are big-endian.
// Invariants:
//   1. decode(encode(x, key), key) == x.
//   2. decode takes any bytes, and looks at nothing but length and magic before the HMAC fits. Keys may be of any
//      length; an empty one makes the HMAC a checksum.
//   3. A datagram is kLongestHeartbeat bytes at most.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "base/time.h"
#include "base/ip_address.h"

namespace hf::proto::heartbeat {

inline constexpr std::size_t kMostAddresses = 255;
inline constexpr std::size_t kLongestHeartbeat = 36 + 16 + kMostAddresses * 16 + 32;
inline constexpr Nanos kLongestInterval = 255s;  // what VRRP version 2 can say

struct Heartbeat {
  std::uint8_t router_id = 1;
  std::uint8_t priority = 0;  // 0: "I release"
  bool master = false;        // false: a backup that only says that it lives
  Nanos interval = 1s;        // of the sender's advertisements
  IpAddress source{};         // the sender's address on the VRRP interface, not on this path
  std::vector<IpAddress> addresses{};
  std::uint64_t boot_id = 0;   // of the sender's life
  std::uint64_t sequence = 0;  // rises within a life

  friend bool operator==(const Heartbeat&, const Heartbeat&) = default;
};

/// kInvalidArgument: router id 0, an interval that is not over 0 and at most kLongestInterval, over 255 addresses, or
/// addresses of another family than the source.
Result<std::string> encode(const Heartbeat& heartbeat, ByteView key);

enum class Refusal : std::uint8_t {
  kMalformed,  // no heartbeat of this version, whatever the key
  kKey,        // written with another key, or changed on its way
};
/// "malformed", "key": stable words for metrics.
std::string_view to_string(Refusal refusal);

std::variant<Heartbeat, Refusal> decode(ByteView datagram, ByteView key);

/// The router id that a datagram claims, not verified; nullopt: no heartbeat. For whoever serves several routers.
std::optional<std::uint8_t> claimed_router_id(ByteView datagram);

/// Tells new heartbeats from old ones that somebody sends again.
///
/// Of each source it remembers the present life (boot id) and kMostOldLives earlier ones, with the highest sequence of
/// each; what is not higher is old. A life that it never saw, or has forgotten, is taken for a new one: a sender that
/// restarted must be heard at once. So whoever recorded such a life can play it once, forwards, but never so that the
/// true sender is refused.
class ReplayWindow {
 public:
  static constexpr std::size_t kMostSources = 16;  // of more, the one unheard for longest is forgotten
  static constexpr std::size_t kMostOldLives = 8;

  /// For a heartbeat that decode accepted. false: old, drop it.
  bool accept(const Heartbeat& heartbeat);

 private:
  struct Life {
    std::uint64_t boot_id = 0;
    std::uint64_t highest = 0;
  };
  struct Source {
    IpAddress address{};
    std::uint64_t heard = 0;    // by our own count
    std::vector<Life> lives{};  // the one heard last is the last
  };
  Source& find_or_add(const IpAddress& address);

  std::vector<Source> sources_;
  std::uint64_t count_ = 0;
};

}  // namespace hf::proto::heartbeat
