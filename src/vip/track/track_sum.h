// What all tracked things of one VIP come to: points on its priority, or the release of its addresses. Pure.
//
// Owner: the Tracker. Thread: any.
// Invariants:
//   1. points is the sum of what is bad, -kMostPoints to kMostPoints; what is good counts nothing.
//   2. One bad thing with weight release is enough to release.
//   3. What is not known yet counts as good for points. With weight release it counts as bad: a node does not take an
//      address before its check has said yes. Except where the VIP was configured before this thing was added to it:
//      adding a check to a master that serves must not make it give up.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "config/config.h"
#include "vip/verdict.h"

namespace hf::vip::track {

inline constexpr std::int32_t kMostPoints = 253;  // between the lowest priority of a node, 1, and the highest, 254

enum class Unknown : std::uint8_t {
  kWaits,  // until it is known the addresses are not taken
  kPasses
};

struct TrackResult {
  bool known = false;
  bool bad = false;
  std::int32_t factor = 1;  // of the points while bad: a file's number
  std::string reason{};

  friend bool operator==(const TrackResult&, const TrackResult&) = default;
};

/// One tracked thing as it stands.
struct TrackState {
  std::string track{};  // "service orders"
  config::Weight weight{};
  Unknown unknown = Unknown::kWaits;
  TrackResult result{};
};

bool releases(const TrackState& state);
/// 0 while it is good, unknown, or releases.
std::int32_t points(const TrackState& state);

Verdict sum(const std::string& router, std::span<const TrackState> states);

/// "service orders", "interface eth2", "script check_db", "process mysqld", "file /etc/x": for people.
std::string track_text(const config::Track& track);
/// "release", "-20".
std::string weight_text(const config::Weight& weight);

}  // namespace hf::vip::track
