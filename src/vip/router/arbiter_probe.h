// ArbiterProbe: asks one thing outside whether it is there, by ARP, ICMP echo, TCP connect or a UDP datagram.
//
// Owner: a target of Arbiters. Thread: that of its loop.
// Invariants:
//   1. `answered` is called at most once per question, maybe before ask() returns, never after give_up().
//   2. A refusal is an answer: who refuses lives. Silence and "unreachable" are none.
//   3. It keeps no time.
#pragma once

#include <functional>
#include <memory>

#include "base/result.h"
#include "proto/arp/ethernet.h"
#include "runtime/event_loop.h"
#include "vip/settings.h"

namespace hf::vip::router {

class ArbiterProbe {
 public:
  /// Where questions start.
  struct From {
    std::uint32_t interface_index = 0;
    proto::arp::MacAddress mac{};
    IpAddress address{};
  };

  static Result<std::unique_ptr<ArbiterProbe>> make(runtime::EventLoop& loop, const ArbiterTarget& target,
                                                    const From& from, std::function<void()> answered);
  virtual ~ArbiterProbe() = default;

  /// An error is a question that nobody will answer.
  virtual Result<void> ask() = 0;
  virtual void give_up() = 0;
};

}  // namespace hf::vip::router
