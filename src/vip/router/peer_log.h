// PeerLog: what one virtual router heard and said, path by path, and what it refused to hear. Pure.
//
// Owner: a VirtualRouter. Thread: any.
// Invariants:
//   1. Path 0 is the VRRP interface, path 1 + i the router's i-th heartbeat path.
//   2. refused() says "tell" at most once per reason in kTellAgain, with the count since.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "vip/report.h"

namespace hf::vip::router {

class PeerLog {
 public:
  static constexpr Nanos kTellAgain = 60s;

  void set_paths(std::vector<std::string> names);
  void sent(std::size_t path, bool well);
  void heard(std::size_t path, TimePoint now);
  /// nullopt: told lately. Otherwise how many there were since the last time.
  std::optional<std::uint64_t> refused(std::string_view reason, TimePoint now);

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
