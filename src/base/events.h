// What any room may have to tell.
//
// Owner: constant tables, plain values. Thread: any. Invariants: those of base/event.h.
#pragma once

#include "base/event.h"

namespace hf::events {

struct BugSurvived {
  EventText where, what;

  static constexpr EventWords kWords{
      .id = EventId::kBugSurvived,
      .name = "bug_survived",
      .level = EventLevel::kError,
      .damping = EventDamping::kRepeats,
      .meaning = "The program found itself in a state it holds impossible and took the safe way out.",
      .action = "Please report it with the lines of the log around it.",
  };
  static constexpr EventMember<BugSurvived> kFields[] = {{"where", &BugSurvived::where}, {"what", &BugSurvived::what}};
};

inline constexpr auto kAll = kEventTypes<BugSurvived>;

}  // namespace hf::events
