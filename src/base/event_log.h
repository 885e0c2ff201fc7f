// EventLog: the latest events in a ring of fixed capacity, each with a number that only grows. Feeds the admin API.
//
// Owner: the control thread. Thread: the owner's only.
// Invariants:
//   1. Sequence numbers start at 1 and rise by 1 with every event appended.
//   2. At most `capacity` events are kept; the oldest go first.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <vector>

#include "base/event.h"

namespace hf {

struct LoggedEvent {
  std::uint64_t sequence = 0;
  Event event;
};

/// What a reader that has seen everything up to some sequence gets next.
struct EventPage {
  std::vector<LoggedEvent> events;  // oldest first
  std::uint64_t next = 0;           // pass this as `since` next time
  std::uint64_t missed = 0;         // events after `since` that the ring had already dropped
};

class EventLog {
 public:
  /// `capacity` of 0 is taken as 1.
  explicit EventLog(std::size_t capacity) : capacity_(capacity == 0 ? 1 : capacity) {}

  /// Keeps the event and returns its sequence number.
  std::uint64_t append(Event event);

  /// The oldest `limit` events whose sequence is greater than `since`. A `since` from the future (a reader that
  /// outlived a restart) starts again from the beginning.
  EventPage since(std::uint64_t since, std::size_t limit) const;

  std::uint64_t last_sequence() const { return last_; }
  std::size_t size() const { return events_.size(); }

 private:
  std::size_t capacity_;
  std::uint64_t last_ = 0;
  std::deque<LoggedEvent> events_;
};

}  // namespace hf
