// What is told of notices.
//
// Owner: constant tables, plain values. Thread: any. Invariants: those of base/event.h.
#pragma once

#include "base/event.h"

namespace hf::notify::events {

struct NotifyFailed {
  EventText vip, target, reason;
  OptionalEventText notice;

  static constexpr EventWords kWords{
      .id = EventId::kNotifyFailed,
      .name = "notify_failed",
      .level = EventLevel::kError,
      .meaning =
          "Somebody who was to be told of an event or of a virtual address's change was not, in spite of the retries: "
          "a script, a pipe, a socket, a mail server or a web hook. What the notice was about is not concerned. "
          "`notice` is the number of the event that was not told, and is left out where it was a change of `vip`, or "
          "none. Other receivers that want to know are told of this one, but not of one about this event itself.",
      .action = "Follow `reason`; tell the receiver of the present state yourself if it acts on what it is told.",
  };
  static constexpr EventMember<NotifyFailed> kFields[] = {{"vip", &NotifyFailed::vip},
                                                          {"target", &NotifyFailed::target},
                                                          {"reason", &NotifyFailed::reason},
                                                          {"notice", &NotifyFailed::notice}};
};

inline constexpr auto kAll = kEventTypes<NotifyFailed>;

}  // namespace hf::notify::events
