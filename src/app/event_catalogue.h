// The catalogue of events: what the rooms may tell of, all together, and its rendering as docs/events.md.
//
// Owner: constant tables. Thread: any.
// Invariant: a number that is used twice does not compile; that every number has its entry, and the document is the
// rendering, is tested.
#pragma once

#include <string>

#include "base/event.h"

namespace hf::app {

/// By rising number.
EventTypes event_catalogue();

/// The catalogue as Markdown: the text of docs/events.md (`holdfast check --print-events`).
std::string render_event_docs();

}  // namespace hf::app
