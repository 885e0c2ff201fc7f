// EventDamper: whatever a client, a peer or a busy moment can repeat thousands of times (refused clients, retried
// reads) is let through once a second per kind and place; what was held back is not lost: the next one let through
// carries how many there were, and when none comes, due() gives the last of them. The log has one, and each receiver of
// notices, with a longer second.
//
// Owner: the gateway. Thread: the control thread's.
// Invariants:
//   1. Events whose type says so (EventDamping) are damped so; all others when a kind comes more than Limits::most
//      times in a second, except the audit trail (commands), of which none is ever held back.
//   2. A place is named by the configuration (service, server, vip, shard) and, for pins, by their reason, never by a
//      peer; the memory is bounded all the same.
//   3. The last event of a burst is reported, by the first due() after its second.
//   "A second" is Limits::second.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/event.h"

namespace hf {

class EventDamper {
 public:
  struct Limits {
    Nanos second = 1s;
    std::uint32_t most = 100;  // of one kind, where the kind is not damped
  };

  EventDamper() : EventDamper(Limits{}) {}
  explicit EventDamper(const Limits& limits) : limits_(limits) {}

  /// Whether to report the event. Adds `count` when others were held back before it. `event.at` must be set.
  bool admit(Event& event);
  /// The last event of every place that has held some back for a second, with `count`. They are to be reported as they
  /// are.
  std::vector<Event> due(TimePoint now);

 private:
  static constexpr std::size_t kMostPlaces = 4096;
  struct Place {
    TimePoint since;             // when its second began
    std::uint32_t reported = 0;  // in that second
    std::uint64_t held_back = 0;
    std::optional<Event> last;  // of those held back
  };
  Limits limits_;
  std::unordered_map<std::string, Place> places_;
};

}  // namespace hf
