#include "base/event_log.h"

#include <algorithm>
#include <utility>

#include "base/assert.h"

namespace hf {

std::uint64_t EventLog::append(Event event) {
  HF_ASSERT(unknown_field(event).empty());
  if (events_.size() == capacity_) events_.pop_front();
  events_.push_back(LoggedEvent{++last_, std::move(event)});
  return last_;
}

EventPage EventLog::since(std::uint64_t since, std::size_t limit) const {
  if (since > last_) since = 0;
  EventPage page;
  page.next = since;
  if (events_.empty()) return page;
  const std::uint64_t oldest = events_.front().sequence;
  std::size_t skip = 0;
  if (since >= oldest) {
    skip = static_cast<std::size_t>(since - oldest + 1);
  } else {
    page.missed = oldest - since - 1;
  }
  const std::size_t count = std::min(limit, events_.size() - skip);
  const auto first = events_.begin() + static_cast<std::ptrdiff_t>(skip);
  page.events.assign(first, first + static_cast<std::ptrdiff_t>(count));
  if (!page.events.empty()) page.next = page.events.back().sequence;
  return page;
}

}  // namespace hf
