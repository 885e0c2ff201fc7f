// PeerLog: what one virtual router heard and said, path by path, what is wrong with a path, and what it refused to
// hear. Pure.
//
// Owner: a VirtualRouter. Thread: any.
// Invariants:
//   1. Path 0 is the VRRP interface, path 1 + i the router's i-th heartbeat path.
//   2. Functions that say something of a path return whether its problem() is another one now.
//   3. refused() says "tell" at most once per reason in kTellAgain, with the count since.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "vip/report.h"

namespace hf::vip::router {

class PeerLog {
 public:
  static constexpr Nanos kTellAgain = 60s;

  static constexpr unsigned kFailuresInARow = 3;  // until a path counts as one on which nothing can be sent

  void set_paths(std::vector<std::string> names);
  bool sent(std::size_t path, const Result<void>& outcome);
  /// What can be seen of the path without sending: "it has no carrier"; "": nothing is wrong.
  bool found(std::size_t path, std::string_view problem);
  void heard(std::size_t path, TimePoint now);
  /// nullopt: told lately. Otherwise how many there were since the last time.
  std::optional<std::uint64_t> refused(std::string_view reason, TimePoint now);

  /// Why nothing can be said on the path: as found, or the kernel's word for the latest kFailuresInARow sends; "": it
  /// works, as far as this node can know.
  std::string problem(std::size_t path) const;
  const std::string& name(std::size_t path) const { return paths_.at(path).name; }
  /// Every path has a problem: nothing that this node says arrives anywhere.
  bool cannot_send() const;

  /// The latest message on any heartbeat path.
  std::optional<TimePoint> heard_on_heartbeats() const;
  std::vector<PathReport> paths(TimePoint now) const;
  std::vector<RefusedCount> refusals() const;

 private:
  struct Path {
    std::string name;
    std::optional<TimePoint> heard_at;
    std::uint64_t sent = 0;
    std::uint64_t received = 0;
    std::uint64_t send_failures = 0;
    unsigned failures_in_a_row = 0;
    std::string failure{};  // the latest one's word
    std::string found{};
    std::string problem() const;
  };
  struct Refusals {
    std::uint64_t total = 0;
    std::uint64_t untold = 0;
    std::optional<TimePoint> told_at;
  };

  std::vector<Path> paths_;
  std::map<std::string, Refusals, std::less<>> refusals_;
};

}  // namespace hf::vip::router
