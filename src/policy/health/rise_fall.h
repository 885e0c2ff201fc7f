// RiseFall: from single check results to "up" or "down", with hysteresis: `fall` failures in a row take a server down,
// `rise` successes in a row bring it back.
//
//                 first success                     fall failures in a row, or one immediate
//        unknown ───────────────► up ◄─────────────────────────────────────────────► down
//           └──────────────────── first failure ───────────────────────────────────►  │
//                                  ▲          rise successes in a row, or one immediate │
//                                  └────────────────────────────────────────────────────┘
//
// Owner: the prober of one server. Thread: the owner's only.
// Invariants:
//   1. Once known, never unknown again.
//   2. A live connection's failure counts as one failure, at most once between two check results: a burst of clients
//      that fail in one instant is one piece of evidence, not many.
//   3. A success forgets all failures and the other way round.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string_view>

namespace hf::policy::health {

enum class Health : std::uint8_t { kUnknown, kUp, kDown };

constexpr std::string_view to_string(Health health) {
  switch (health) {
    case Health::kUp: return "up";
    case Health::kDown: return "down";
    case Health::kUnknown: break;
  }
  return "unknown";
}

enum class CheckOutcome : std::uint8_t { kSuccess, kFailure };

/// kCounted goes through rise and fall; kImmediate decides at once (a server that says it is shutting down, an
/// operator's word).
enum class Evidence : std::uint8_t { kCounted, kImmediate };

class RiseFall {
 public:
  struct Step {
    bool changed = false;     // health() is not what it was
    bool probe_soon = false;  // in doubt: check again without waiting for the interval
  };

  /// `rise` and `fall` of 0 are taken as 1.
  RiseFall(std::uint32_t rise, std::uint32_t fall) { reconfigure(rise, fall); }

  /// A check has ended.
  Step step(CheckOutcome outcome, Evidence evidence = Evidence::kCounted) {
    live_failure_counted_ = false;
    return outcome == CheckOutcome::kSuccess ? succeed(evidence) : fail(evidence);
  }

  /// A connection for a client failed to be made, or broke while the server owed an answer.
  Step live_failure() {
    if (live_failure_counted_ || health_ == Health::kDown) return Step{};
    live_failure_counted_ = true;
    Step step = fail(Evidence::kCounted);
    step.probe_soon = true;
    return step;
  }

  /// New limits from a reload; health and counts stay.
  void reconfigure(std::uint32_t rise, std::uint32_t fall) {
    rise_ = std::max(rise, 1U);
    fall_ = std::max(fall, 1U);
  }

  Health health() const { return health_; }
  /// Up, but the latest evidence speaks against it.
  bool suspected() const { return health_ == Health::kUp && failures_ > 0; }
  std::uint32_t failures() const { return failures_; }
  std::uint32_t successes() const { return successes_; }

 private:
  Step succeed(Evidence evidence) {
    failures_ = 0;
    if (health_ == Health::kUp) return Step{};
    successes_ = std::min(successes_ + 1, rise_);
    const bool decided = health_ == Health::kUnknown || evidence == Evidence::kImmediate || successes_ >= rise_;
    return decided ? become(Health::kUp) : Step{.changed = false, .probe_soon = true};
  }

  Step fail(Evidence evidence) {
    successes_ = 0;
    if (health_ == Health::kDown) return Step{};
    failures_ = std::min(failures_ + 1, fall_);
    const bool decided = health_ == Health::kUnknown || evidence == Evidence::kImmediate || failures_ >= fall_;
    return decided ? become(Health::kDown) : Step{.changed = false, .probe_soon = true};
  }

  Step become(Health health) {
    health_ = health;
    failures_ = 0;
    successes_ = 0;
    return Step{.changed = true, .probe_soon = false};
  }

  std::uint32_t rise_ = 1;
  std::uint32_t fall_ = 1;
  std::uint32_t failures_ = 0;   // in a row, while up
  std::uint32_t successes_ = 0;  // in a row, while down
  Health health_ = Health::kUnknown;
  bool live_failure_counted_ = false;
};

}  // namespace hf::policy::health
