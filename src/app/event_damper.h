// EventDamper: events that a busy moment can repeat thousands of times (refused clients, retried reads) are let through once a
// second per kind and place; the next one let through carries how many there were.
//
// Owner: the gateway. Thread: the control thread's.
// Invariants: 1. Only events whose catalogue entry has a `count` field are damped. 2. The memory is bounded.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>

#include "base/event.h"

namespace hf::app {

class EventDamper {
 public:
  /// Whether to report the event. Adds `count` when others were held back before it. `event.at` must be set.
  bool admit(Event& event);

 private:
  static constexpr std::size_t kMostPlaces = 1024;
  struct Place {
    TimePoint reported_at;
    std::uint64_t held_back = 0;
  };
  std::unordered_map<std::string, Place> places_;
};

}  // namespace hf::app
