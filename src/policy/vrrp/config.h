// Config: one virtual router on one node, and the timer rules of VRRP version 2 (RFC 3768) and 3 (RFC 5798, RFC 9568).
//
// Owner: the machine's owner; it changes with Reconfigured only (input.h). Thread: any (plain values).
// Invariants:
//   1. A Config that validate() accepts never makes step() misbehave, whatever the inputs.
//   2. The defaults are level 1 of docs/vip.md (probe, lease, re-announcing); strict_rfc() takes a Config back to the
//      RFCs.
#pragma once

#include <cstdint>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "base/ip_address.h"

namespace hf::policy::vrrp {

inline constexpr std::uint8_t kReleasePriority = 0;    // in an advertisement: "I give the addresses up"
inline constexpr std::uint8_t kHighestPriority = 254;  // of a node that is not the address owner
inline constexpr std::uint8_t kOwnerPriority = 255;    // the addresses are the node's own, always
inline constexpr Nanos kDefendInterval = 10s;          // RFC 5227 DEFEND_INTERVAL
inline constexpr Nanos kHandOverSlack = 50ms;          // how late a release may arrive and a backup may act on it

enum class ProtocolVersion : std::uint8_t { kV2 = 2, kV3 = 3 };

/// What to do when somebody still answers for the addresses although no master is heard.
enum class OnProbeAnswer : std::uint8_t {
  kWait,       // never take an address that somebody answers for; ask again and again
  kTakeAfter,  // take it when it was answered for conflict_patience: for peers that leave an address behind
};

/// What a master does when somebody else claims its addresses (RFC 5227 2.4).
enum class OnHeldConflict : std::uint8_t {
  kDefend,   // 2.4 (c): announce again, once in kDefendInterval, and keep them
  kRelease,  // 2.4 (b): defend once; on a second conflict within kDefendInterval give them up for conflict_hold
};

struct Damping {
  Nanos window = 60s;  // two forced losses within it are flapping
  Nanos base = 5s;     // no preempting for so long after the second, doubled by each further one; 0: no damping
  Nanos limit = 300s;

  friend bool operator==(const Damping&, const Damping&) = default;
};

struct Config {
  ProtocolVersion version = ProtocolVersion::kV3;
  std::uint8_t priority = 100;       // 1 to 254, or 255 for the address owner
  std::vector<IpAddress> addresses;  // the virtual ones, 1 to 255
  Nanos advert_interval = 1s;        // v3: 10 ms to 40.95 s in steps of 10 ms; v2: 1 s to 255 s in whole seconds
  bool preempt = true;
  Nanos preempt_delay{0};      // how long a master of lower priority is left alone once it was heard
  Nanos start_delay{0};        // listen for so long before the first take-over
  bool strict = false;         // v2: drop adverts whose interval or addresses differ, as RFC 3768 7.1 has it
  bool answer_lower = true;    // a master answers a lower master's advert with its own and announces again
  bool advertise_loss = true;  // a master that yields to a better one tells it so by one last advert
  bool check_stall = true;     // after a freeze yield or listen anew first, then act
  bool hand_over = true;       // at a planned release keep the addresses until the successor is heard

  Nanos lease = 2s;                // valid_lft of the addresses in the kernel, whole seconds there
  Nanos refresh_interval = 500ms;  // at most half the lease

  Nanos probe_wait = 20ms;    // RFC 5227 probe before taking over: wait so long for an answer; 0: no probe
  Nanos probe_again = 100ms;  // after an answer ask again in one advert interval, but not sooner than this
  OnProbeAnswer on_probe_answer = OnProbeAnswer::kWait;
  Nanos conflict_patience = 30s;  // for kTakeAfter
  OnHeldConflict on_held_conflict = OnHeldConflict::kDefend;
  Nanos conflict_hold = 30s;  // for kRelease: no take-over for so long

  std::uint8_t announce_repeats = 5;
  Nanos announce_delay = 5s;     // a second burst so long after the first; 0: none
  Nanos announce_refresh = 10s;  // and one every so often for ever; 0: none
  Damping damping;

  friend bool operator==(const Config&, const Config&) = default;
};

/// Every error in words fit for the operator; the first one found.
Result<void> validate(const Config& config);

/// The same virtual router by the letter of RFC 5798 / RFC 3768: no probe, no extra adverts, no stall check, no
/// hand-over.
Config strict_rfc(Config config);

/// Skew_Time. v3: (256 - priority) x master interval / 256 (RFC 5798 6.1). v2: (256 - priority) / 256 s (RFC 3768 6.1).
Nanos skew_time(ProtocolVersion version, std::uint8_t priority, Nanos master_interval);
/// Master_Down_Interval: 3 x master interval + Skew_Time.
Nanos master_down_interval(ProtocolVersion version, std::uint8_t priority, Nanos master_interval);

/// How long a node that hands over keeps the addresses at most: Skew_Time of the lowest backup (one interval in v3, 1 s
/// in v2) and 1% for clocks, the probe of a backup that makes one, kHandOverSlack.
Nanos hand_over_limit(const Config& config);

/// The bound of docs/vip.md: two nodes that hear each other, at most `losses` adverts in a row lost between them, do
/// not both hold the addresses for longer, unless both hand over: then hand_over_limit(). `drift_ppm`: how much slower
/// than true time a node's clock may run; `late`: how late a node may run its timers; `delay`: the longest one-way
/// delay.
Nanos double_hold_bound(Nanos advert_interval, unsigned losses, unsigned drift_ppm, Nanos late, Nanos delay);

}  // namespace hf::policy::vrrp
