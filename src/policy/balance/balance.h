// Balance: which of several servers takes the next piece of work. The hot path of every read: no allocation, no lock.
//
//   WeightedRoundRobin  smooth: with weights 5,1,1 the order is a a b a c a a, not a a a a a b c
//   LeastConnections    fewest in flight per weight; equals take turns by weight (smoothly, as above)
//
// Owner: one picker per shard and group of servers. Thread: the owner's only.
// Invariants:
//   1. A candidate of weight 0, and one in `tried`, is never picked.
//   2. With fixed candidates every server is within one turn of its fair share at any time (WeightedRoundRobin).
//   3. Candidates are identified by `index` (below kMostServers), so the span may be rebuilt, reordered or shortened.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "base/limits.h"

namespace hf::policy::balance {

/// A set of server indexes: those a statement has tried already.
class ServerSet {
 public:
  void insert(std::uint32_t index) {
    if (index < kMostServers) words_[index / 64] |= std::uint64_t{1} << (index % 64);
  }
  bool contains(std::uint32_t index) const {
    return index < kMostServers && (words_[index / 64] >> (index % 64) & 1U) != 0;
  }
  void clear() { words_ = {}; }

 private:
  std::array<std::uint64_t, kMostServers / 64> words_{};
};

struct Candidate {
  std::uint32_t index = 0;      // of the server in its service
  std::uint32_t weight = 1;     // any unit, the same for all; at most 2^31
  std::uint32_t in_flight = 0;  // requests or connections this shard has open there
};

class WeightedRoundRobin {
 public:
  /// The index of the server to use; nothing when no candidate may be used.
  std::optional<std::uint32_t> pick(std::span<const Candidate> candidates, const ServerSet& tried = {});

 private:
  std::array<std::int64_t, kMostServers> credit_{};
};

class LeastConnections {
 public:
  /// As above.
  std::optional<std::uint32_t> pick(std::span<const Candidate> candidates, const ServerSet& tried = {});

 private:
  std::array<std::int64_t, kMostServers> credit_{};
};

}  // namespace hf::policy::balance
