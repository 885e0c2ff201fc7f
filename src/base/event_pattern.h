// Patterns of event numbers, as an operator writes them: "HF-2002", or "HF-2xxx", where x is any digit.
//
// Thread: any (pure functions).
#pragma once

#include <string_view>

#include "base/event.h"

namespace hf {

/// Whether it is "HF-" and four places, each a digit or x.
bool is_event_pattern(std::string_view text);

/// Whether the event's number is one of the pattern's. Nothing matches what is no pattern.
bool matches_event(std::string_view pattern, EventId id);

}  // namespace hf
