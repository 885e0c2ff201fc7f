// elect(): which server is the primary, from facts alone. It follows what is; promotions are made elsewhere.
//
// The rules, in order:
//   1. A primary that is up (suspected counts as up) and writable keeps the office while anybody replicates from it.
//   2. A server appointed by a promotion gets it, when it is up and writable.
//   3. A primary without followers keeps it, too, unless exactly one other candidate has followers.
//   4. Nobody is elected before every server that is not drained has been checked once.
//   5. Exactly one candidate with followers is elected. Of several, the only one that is not drained; else none.
//   6. A single candidate without followers is elected when nothing speaks against it: no other server that is up
//      replicates from elsewhere, and it has all transactions that the former primary was last seen with. A candidate
//      is up, writable, and does not replicate from another server of the set (except in a ring whose other half is up
//      and read-only). A drained server does not speak against a candidate: draining is how an operator overrules 4, 5
//      and 6.
//
// Thread: any (pure).
// Invariants:
//   1. The elected server is up and writable.
//   2. `reason` is never empty.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "policy/replica_set/view.h"

namespace hf::policy::replica_set {

struct Incumbents {
  std::optional<std::size_t> current;    // the primary until now
  std::optional<std::size_t> former;     // the latest primary there was (the same as current when there is one)
  std::optional<std::size_t> appointed;  // by a promotion
};

struct Election {
  std::optional<std::size_t> primary;
  std::string reason;
  std::vector<std::size_t> rivals;  // further candidates: writable servers that must not be
};

Election elect(const SetView& view, const Incumbents& incumbents);

}  // namespace hf::policy::replica_set
