// GtidPosition: MariaDB's global transaction ids as a position, one per replication domain ("0-1-105,1-2-7" is
// domain-server-sequence). Answers one question: does a server have everything that another had?
//
// Thread: any (plain values).
// Invariants:
//   1. Sorted by domain, each domain once.
//   2. Text from a server may be hostile: anything but a well-formed position of at most kMaxDomains is refused.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace hf::policy::replica_set {

struct Gtid {
  std::uint32_t domain = 0;
  std::uint32_t server = 0;
  std::uint64_t sequence = 0;
  friend bool operator==(const Gtid&, const Gtid&) = default;
};

class GtidPosition {
 public:
  static constexpr std::size_t kMaxDomains = 1024;

  /// The empty text is the empty position (nothing was ever written). Nothing when the text is not a position. Of a
  /// domain that appears twice (gtid_binlog_state does that) the highest sequence counts.
  static std::optional<GtidPosition> parse(std::string_view text);

  /// True when every domain of `other` is here with at least its sequence.
  bool contains(const GtidPosition& other) const;

  const std::vector<Gtid>& gtids() const { return gtids_; }

 private:
  std::vector<Gtid> gtids_;
};

}  // namespace hf::policy::replica_set
