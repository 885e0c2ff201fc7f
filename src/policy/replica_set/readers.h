// judge_reader(): may this server serve reads, and if not, what is its fault.
//
// A replica serves reads when it is up, not drained, has a weight, replicates (directly or through servers whose
// replication runs) from the anchor, and its lag is known and small enough. The anchor is the primary, or the former
// one while there is none. Two cases in which the servers do not tell the lag:
//   - The replica's connection to its source is down and being retried. Then its lag is what it last was plus the time
//     since: it cannot be worse than that.
//   - The anchor is down or suspected, so nothing is written through us. Its replicas do not age against anything:
//     those that were readers, and those that have all it was last seen with, stay readers until a new primary is
//     known.
//
// Thread: any (pure).
// Invariants:
//   1. `reason` is never empty.
//   2. kLag is the only fault that a "best of the bad" choice may overlook.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "base/time.h"
#include "policy/replica_set/view.h"

namespace hf::policy::replica_set {

enum class ReaderFault : std::uint8_t {
  kNone,
  kNotAvailable,  // drained, weight 0, unchecked, down or not observed
  kNotReplica,    // not a replica of the anchor
  kThreads,       // it or a server between it and the anchor does not replicate
  kLag,           // behind too far, or nobody knows how far
};

/// What is remembered of a server from step to step, for this decision.
struct ReaderMemory {
  bool was_reader = false;         // by its own merit
  bool lag_out = false;            // out for its lag, and not yet below half of the limit
  std::optional<Nanos> known_lag;  // the latest lag over the whole chain that was told
  TimePoint known_at;              // when
};

struct ReaderJudgement {
  ReaderFault fault = ReaderFault::kNone;
  std::optional<Nanos> lag;  // as told, or as reckoned
  bool lag_is_told = false;
  std::string reason;
};

/// The server whose data counts: the primary, else the former primary, else the one server that is down (or unknown)
/// and that everybody who is up follows; else nothing.
std::optional<std::size_t> find_anchor(const SetView& view, std::optional<std::size_t> primary,
                                       std::optional<std::size_t> former);

/// Server i replicates from the anchor, directly or through others, whether or not its replication runs.
bool replicates_from(const SetView& view, std::size_t i, std::size_t anchor);

/// `i` is not the primary.
ReaderJudgement judge_reader(const SetView& view, std::size_t i, std::optional<std::size_t> anchor,
                             const ReaderMemory& memory, TimePoint now);

}  // namespace hf::policy::replica_set
