// RouterHistory: what became of one virtual router: its transitions and counts, whom it heard as master, who claimed
// its addresses. Pure.
//
// Owner: a VirtualRouter. Thread: any.
// Invariants:
//   1. The latest kKeptTransitions are kept, oldest first; the counts are of all.
//   2. A master that was heard counts as alive until its time is over, or it releases.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>

#include "base/ip_address.h"
#include "base/time.h"
#include "vip/news.h"
#include "vip/report.h"
#include "vip/router/neighbour_socket.h"

namespace hf::vip::router {

class RouterHistory {
 public:
  static constexpr std::size_t kKeptTransitions = 16;

  struct Master {
    IpAddress address{};
    std::uint8_t priority = 0;
  };

  explicit RouterHistory(std::int64_t wall_micros) : since_wall_micros_(wall_micros) {}

  void moved(Transition transition);
  /// Only after moved().
  const Transition& latest() const { return transitions_.back(); }

  /// As a master: an advertisement, on any path. `until`: it counts as alive; priority 0 is a release.
  void heard(const IpAddress& source, std::uint8_t priority, TimePoint until);
  std::optional<Master> live_master(TimePoint now) const;
  /// Whom heard() named last.
  const IpAddress& last_peer() const { return last_peer_; }

  /// Somebody else has an address of ours.
  void claimed(const NeighbourSocket::Claim& claim) { last_claim_ = claim; }
  /// And this node is master.
  void conflicted() { ++conflicts_total_; }
  const NeighbourSocket::Claim& last_claim() const { return last_claim_; }

  /// Fills in what it knows: since when and why in this mode, the latest transitions, the counts.
  void add_to(RouterReport& report) const;

 private:
  struct HeardMaster {
    Master master;
    TimePoint until;
  };

  std::deque<Transition> transitions_;
  std::int64_t since_wall_micros_;
  std::uint64_t transitions_total_ = 0;
  std::uint64_t became_master_total_ = 0;
  std::uint64_t conflicts_total_ = 0;
  NeighbourSocket::Claim last_claim_;
  IpAddress last_peer_;
  std::optional<HeardMaster> heard_master_;  // whatever our mode
};

}  // namespace hf::vip::router
