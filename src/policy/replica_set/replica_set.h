// ReplicaSet: from observations of the servers of one MySQL service to a verdict on roles, and the events that go with
// it. The rules are in election.h (the primary) and readers.h (the readers); this is their memory between steps.
//
// Owner: the control thread, one per service. Thread: the owner's only. Pure: time comes in with each step.
// Invariants:
//   1. At most one primary per epoch; the primary was seen writable and is not given up as down.
//   2. While the primary is up, writable and followed, no other server is made primary.
//   3. A replica over max_replica_lag serves reads only when no better server could (no eligible replica, and no
//      primary or reads_fallback_to_primary off): then the least lagging one does.
//   4. The same inputs in the same order give the same verdicts.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/event.h"
#include "base/time.h"
#include "policy/replica_set/observation.h"
#include "policy/replica_set/readers.h"
#include "policy/replica_set/verdict.h"
#include "policy/replica_set/view.h"

namespace hf::policy::replica_set {

struct Election;

struct ReplicaSetInput {
  std::span<const ServerInput> servers;  // one per server of the configuration, in its order
  std::optional<std::size_t> appointed;  // the server that a promotion has made the primary
  TimePoint now;                         // never goes back
};

class ReplicaSet {
 public:
  struct Outcome {
    ReplicaSetVerdict verdict;
    std::vector<Event> events;  // wall_micros is left 0 for the event log's owner
  };

  explicit ReplicaSet(ReplicaSetConfig config);

  /// A new configuration from a reload. Servers of the same name keep all that is remembered of them.
  void reconfigure(ReplicaSetConfig config);

  /// One turn: after every check result, on every drain or resume, and at least once a second during a slow start.
  Outcome step(const ReplicaSetInput& input);

  const ReplicaSetConfig& config() const { return config_; }
  std::uint64_t epoch() const { return epoch_; }

 private:
  struct Memory {
    std::optional<ServerObservation> last;
    Role role = Role::kUnknown;
    ReaderMemory reader;
    std::optional<bool> replicates;  // both threads, as last reported
    bool lag_reported = false;       // replica_lag_out was the latest word on its lag
    bool was_away = false;           // was up once, then down or drained: starts slowly
    bool was_up = false;
    std::optional<TimePoint> started_at;  // slow start began
  };
  struct Step;

  SetView look(const ReplicaSetInput& input);
  void settle_primary(Step& step, const ReplicaSetInput& input);
  void settle_readers(Step& step);
  void settle_best_of_the_bad(Step& step);
  void settle_former_primary_reads(Step& step);
  void settle_primary_reads(Step& step);
  void settle_roles(Step& step);
  std::uint32_t weigh(Step& step, std::size_t i);
  void report_primary(Step& step, const Election& election, bool changed);
  void report_rivals(Step& step, const Election& election);
  void report_replica(Step& step, std::size_t i, const ReaderJudgement& judgement);
  void report_readers(Step& step);

  ReplicaSetConfig config_;
  std::vector<Memory> memory_;
  std::optional<std::size_t> current_;
  std::optional<std::size_t> former_;  // the latest primary there was
  std::string removed_primary_;        // the primary's name, when a reload took it out
  std::uint64_t epoch_ = 0;
  std::string reported_rivals_;
  std::string reported_absence_;
  std::optional<bool> had_readers_;
};

}  // namespace hf::policy::replica_set
