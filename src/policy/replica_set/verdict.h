// ReplicaSetVerdict: who is the primary and who may serve reads, with a reason for everything. What shards route by.
//
// Owner: published by the control thread as shared_ptr<const ReplicaSetVerdict>. Thread: any (immutable once
// published). Invariants:
//   1. An epoch names at most one primary; it grows with every change of `primary`, also to and from none.
//   2. Every `reason` is a non-empty text fit for an operator, a client's error and an event.
//   3. reader_eligible if and only if effective_weight > 0.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"

namespace hf::policy::replica_set {

enum class Role : std::uint8_t {
  kUnknown,         // never observed
  kPrimary,         // takes the writes
  kFormerPrimary,   // was the primary, nobody has followed it in that office yet
  kReplica,         // replicates, directly or through others, from the primary (or the former one)
  kForeignReplica,  // replicates from somewhere else
  kStandalone,      // read-only and does not replicate
  kRival,           // writable and does not replicate, but is not the primary: gets no work
};

std::string_view to_string(Role role);

/// The unit of effective_weight: a configured weight of 1 at full share.
inline constexpr std::uint32_t kWeightUnit = 100;

struct ServerVerdict {
  Role role = Role::kUnknown;
  bool reader_eligible = false;
  std::uint32_t effective_weight = 0;  // share of reads: configured weight times kWeightUnit, less during slow start
  std::optional<Nanos> lag;            // behind the primary, summed over a chain of replicas; nothing when not known
  std::string reason;
};

struct ReplicaSetVerdict {
  std::uint64_t epoch = 0;
  std::optional<std::size_t> primary;  // index into the service's servers
  bool primary_suspected = false;      // its latest check failed, it is not yet given up; nobody acts on it yet
  bool reads_on_primary = false;       // no replica can serve reads, the primary does
  std::string reason;                  // why this primary, or why none
  std::vector<ServerVerdict> servers;  // one per server of the configuration, in its order

  std::size_t readers() const {
    std::size_t count = 0;
    for (const ServerVerdict& each : servers) count += each.reader_eligible ? 1U : 0U;
    return count;
  }
};

}  // namespace hf::policy::replica_set
