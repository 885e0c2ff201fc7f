// Arbiters: asks, every interval, the things outside that a node must reach to become or stay master. What that comes
// to is decided in policy/vrrp/quorum.h.
//
// Owner: a RouterSockets. Thread: that of its loop.
// Invariants:
//   1. Before its first answer a target counts as not reached.
//   2. A target is lost after `fall` unanswered questions in a row and found again with the first answer.
//   3. One question per target at a time: the next after `interval`, or when the one at hand was answered or given up.
//   4. `changed` must not destroy the Arbiters.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "policy/vrrp/quorum.h"
#include "proto/arp/ethernet.h"
#include "runtime/event_loop.h"
#include "vip/report.h"
#include "vip/settings.h"

namespace hf::vip::router {

class Arbiters {
 public:
  struct Options {
    ArbiterSettings settings{};
    std::string interface{};
    std::uint32_t interface_index = 0;
    proto::arp::MacAddress mac{};
    IpAddress own_address{};  // questions to its family come from it; unspecified: the kernel chooses
  };
  /// `changed` is called when a target was lost or found.
  /// ARP (for IPv6: neighbour solicitation) asks on `interface_index`; the others go where the routes lead, from
  /// own_address. kAccessDenied: ARP and ICMP need CAP_NET_RAW.
  static Result<std::unique_ptr<Arbiters>> open(runtime::EventLoop& loop, Options options,
                                                std::function<void()> changed);
  Arbiters(const Arbiters&) = delete;
  Arbiters& operator=(const Arbiters&) = delete;
  ~Arbiters();

  /// Without peer_alive.
  policy::vrrp::Contacts contacts() const;
  std::vector<ArbiterReport> report() const;

 private:
  class Target;
  void target_changed();
  Arbiters(runtime::EventLoop& loop, Options options, std::function<void()> changed);

  runtime::EventLoop& loop_;
  Options options_;
  std::function<void()> changed_;
  std::vector<std::unique_ptr<Target>> targets_;
};

}  // namespace hf::vip::router
