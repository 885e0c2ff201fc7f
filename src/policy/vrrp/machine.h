// The VRRP state machine of one virtual router: step(config, state, now, input) -> the next state and what to do.
//
//                 Start                          Stop: from every mode, a master hands over
//   Initialize ───────────► Backup ◄─────────────┐
//        │                  │    ▲ better master,│ stalled, yield
//        │ priority 255     │    └───────────────┤
//        └──────────────┐   │ Master_Down_Timer, │
//                       ▼   ▼ probe unanswered   │
//                       Master ──────────────────┘
//                 fault │   any mode: interface down, tracked release, operator, sync group, address conflict
//                       ▼
//                     Fault ── no fault left ──► Backup
//
// A planned release (Stop, operator, sync group, a tracked release while the service still answers) is a hand-over:
// priority 0 at once, the mode changes at once, but the addresses stay until the successor is heard, the limit is over
// (hand_over_limit), the interface is down, or this node slept past its time. It goes on beside any mode but Master.
//
// Owner: the guardian, one State per virtual router. Thread: the owner's only. Pure: time comes in with each step.
// Invariants:
//   1. Addresses are added on entering Master (or stay, if they are being handed over) and held only while holding():
//      in Master and during a hand-over. Any other way out of Master removes them before anything else is said.
//   2. A master that did not run for three of its advert intervals, or for its lease, yields before anything else: the
//      others may have taken over (check_stall).
//   3. A fault, not a low priority, is what always gives the addresses up: priorities only choose among healthy nodes.
//   4. The same inputs in the same order give the same actions.
//   5. An advertisement heard on any path keeps a backup quiet and settles a duplicate. One that has no address in
//      common with ours is of another virtual router with the same id, and is not obeyed.
//   6. A node that hands over sends no advertisement with a priority above 0 and announces nothing, unless it is master
//      again.
//   7. A member of a sync group (GroupStanding) whose time has come wants to take over and says so; SyncOrder::kTake
//      makes it. Only where nobody at all is heard for its addresses and the others still do not want to after another
//      Master_Down_Interval, it takes them alone.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/time.h"
#include "policy/vrrp/action.h"
#include "policy/vrrp/config.h"
#include "policy/vrrp/input.h"

namespace hf::policy::vrrp {

/// The faults that hold now; any of them means Fault.
struct Faults {
  bool interface_down = false;
  bool track_release = false;
  bool operator_release = false;
  bool sync_group = false;
  bool conflict = false;

  /// A fault of this node's own, not one handed on by its group.
  bool own() const { return interface_down || track_release || operator_release || conflict; }
  bool any() const { return own() || sync_group; }
};

/// Moves that came in quick succession.
struct Tally {
  std::optional<TimePoint> last;
  unsigned count = 0;
};

/// Deadline::never() where not running.
struct Timers {
  Deadline master_down;
  Deadline probe;
  Deadline advert;
  Deadline refresh;
  Deadline announce;
  Deadline conflict_end;   // the conflict fault is over
  Deadline hand_over_end;  // running while handing over
};

struct State {
  Mode mode = Mode::kInitialize;
  bool running = false;
  IpAddress own_address;
  Faults faults;
  int weight_sum = 0;
  bool preferred = false;
  bool serving = true;  // somebody answers at the addresses on this node
  bool cannot_send = false;
  Timers timers;
  Deadline armed;           // what the last kSetTimer asked for
  TimePoint started_until;  // the end of start_delay

  // as a backup
  Nanos master_interval{0};         // Master_Adver_Interval
  std::optional<IpAddress> master;  // whom this backup listens to
  std::uint8_t master_priority = 0;
  Deadline learnt_until{TimePoint{0}};      // a master heard in Fault counts as alive until
  std::optional<TimePoint> lower_since;     // a master of lower priority is heard since
  Deadline rival_alive{TimePoint{0}};       // a master of lower or equal priority, heard last, counts as alive until
  TimePoint heard_at;                       // the master's last advert
  std::optional<TimePoint> answered_since;  // probes are answered since
  Reason take_reason = Reason::kMasterDown;
  bool released_to_us = false;  // the master last heard released, nobody was heard since: no probe
  bool listened_again = false;

  // in a sync group
  std::optional<GroupStanding> group;
  bool wants = false;                   // as a backup: to take over with the others
  std::optional<TimePoint> tied_since;  // as a master: another of equal priority is heard since
  Deadline tied_until{TimePoint{0}};    // and counts as alive until

  // as a master, and while handing over
  TimePoint last_advert;
  TimePoint last_refresh;
  TimePoint last_announce;
  bool second_burst_due = false;
  Deadline last_word_until{TimePoint{0}};  // of the master that was preempted: that it advertises is no duplicate
  std::optional<TimePoint> last_conflict;

  std::array<Deadline, kReasonCount> warned;  // when each reason was last given in a kWarn; never: not yet

  // damping
  Tally losses;  // by fault or stall
  Tally flips;   // from and to another master that lives
  TimePoint damped_until;
};

struct Step {
  State state;
  std::vector<Action> actions;
};

/// `now` never goes back from one step to the next. `config` has passed validate(); it is that of the step before,
/// unless `input` is Reconfigured.
Step step(const Config& config, State state, TimePoint now, const Input& input);

/// Of the router alone: its priority and the tracked weights within 1 to 254; 255 stays.
std::uint8_t own_priority(const Config& config, const State& state);
/// What this node advertises now: own_priority(), 254 when preferred, the group's in a sync group.
std::uint8_t effective_priority(const Config& config, const State& state);

/// An advertisement with these addresses is of another virtual router: none of them is ours.
bool is_of_another_router(const Config& config, const std::vector<IpAddress>& addresses);

/// A backup that hears a master which is not above it, and is not damped: told to, it takes over at once.
bool hears_rival(const State& state, TimePoint now);
/// A backup that has waited long enough: with the next Timer it probes, or takes over, or wants to.
bool would_take(const State& state, TimePoint now);
/// Not master any more, but the addresses are still here for the successor to take over.
bool handing_over(const State& state);
/// The addresses are on this node: Master, or handing over. After Stop the owner may end once this is false.
bool holding(const State& state);
/// The faults that hold now, the gravest first; to_string() has the words.
std::vector<Reason> fault_reasons(const State& state);

}  // namespace hf::policy::vrrp
