#include "app/journal.h"

#include <utility>

#include "app/events.h"
#include "runtime/wall_clock.h"

namespace hf::app {

namespace {
constexpr std::size_t kKeptEvents = 10000;
}

Journal::Journal(runtime::EventLoop& loop, Told told) : loop_(loop), told_(std::move(told)), events_(kKeptEvents) {}

void Journal::emit(Event event) {
  HF_ASSERT(unknown_field(event).empty());
  event.at = loop_.now();
  if (event.wall_micros == 0) event.wall_micros = runtime::wall_micros();  // the guardian stamps its own
  bound_values(event);
  if (damper_.admit(event)) record(std::move(event));
}

void Journal::record(Event event) {
  tell_gap();
  log_.write(event);
  events_.append(event);
  told_(event);
}

/// A gap in the log is told of where it is: before the first line that is taken again.
void Journal::tell_gap() {
  LogWriter::Lost lost = log_.take_lost();
  if (lost.lines == 0) return;
  Event gap = events::LogLinesLost{.count = lost.lines, .reason = std::move(lost.reason)};
  gap.at = loop_.now();
  gap.wall_micros = runtime::wall_micros();
  record(std::move(gap));
}

/// While it lasts, for those who are told by other ways than the log.
void Journal::tell_trouble() {
  const std::string trouble = log_.trouble();
  if (trouble.empty() != troubled_) return;
  troubled_ = !troubled_;
  if (troubled_) emit(events::LogNotTaken{.file = log_.target(), .reason = trouble});
}

void Journal::tell_the_rest(TimePoint now) {
  for (Event& event : damper_.due(now)) record(std::move(event));
  tell_gap();
  tell_trouble();
}

}  // namespace hf::app
