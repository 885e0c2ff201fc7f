// EventNotice: one event, in the forms in which others than the log are told of it. Pure. docs/notices.md has them for
// operators.
//
// Owner: plain values. Thread: any.
// Invariants:
//   1. Whatever bytes the values hold: the JSON is one line of at most kLongestLine bytes, valid UTF-8; words and
//      variables for scripts hold no control byte, and are what the steward takes.
#pragma once

#include <cstdint>
#include <string>

#include "base/event.h"
#include "vip/script_port.h"

namespace hf::notify {

struct EventNotice {
  Event event;
  std::string node{};
  std::uint64_t sequence = 0;  // rises with each notice of this life of the gateway
};

/// {"time":"...","level":"error","id":"HF-2002","event":"server_down","node":"...","sequence":7,"service":"orders",...}
/// and a newline: the event's fields behind, as the log has them. Long values are cut where the line would be too long.
std::string json_line(const EventNotice& notice);

/// "EVENT", number, name, level; and as HOLDFAST_ variables these, time, node and, as HOLDFAST_FIELD_SERVICE, the
/// event's fields.
vip::ScriptCall script_call(const std::string& script, const EventNotice& notice);

}  // namespace hf::notify
