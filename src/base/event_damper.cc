#include "base/event_damper.h"

#include <algorithm>
#include <charconv>
#include <utility>

namespace hf {

namespace {

/// Events that are not counted share one place per kind.
std::string place_of(const Event& event) {
  const EventType& type = *event.type;
  std::string place = std::to_string(static_cast<unsigned>(type.id));
  if (!type.damped()) return place;
  for (const std::string_view field : {"service", "server", "vip", "shard"}) {
    place += "/" + std::string(event.field(field));
  }
  if (type.damping == EventDamping::kRepeatsByReason) place += "/" + std::string(event.field("reason"));
  return place;
}

/// How many the event stands for; whoever made it may have held some back already.
std::uint64_t take_count(Event& event) {
  const auto field = std::ranges::find(event.fields, kCountField, &EventField::name);
  if (field == event.fields.end()) return 1;
  std::uint64_t count = 1;
  const std::string& text = field->value;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  event.fields.erase(field);
  return error == std::errc{} && count > 0 ? count : 1;
}

void give_count(Event& event, std::uint64_t count) {
  if (count > 1) event.fields.push_back({kCountField, std::to_string(count)});
}

}  // namespace

bool EventDamper::admit(Event& event) {
  if (event.type->damping == EventDamping::kNothing) return true;
  const std::uint64_t count = take_count(event);
  if (places_.size() >= kMostPlaces) places_.clear();
  Place& place = places_.try_emplace(place_of(event), Place{event.at, 0, 0, std::nullopt}).first->second;
  if (event.at - place.since >= limits_.second) {
    place.since = event.at;
    place.reported = 0;
  }
  if (place.reported >= (event.type->damped() ? 1 : limits_.most)) {
    place.held_back += count;
    place.last = event;
    return false;
  }
  ++place.reported;
  give_count(event, std::exchange(place.held_back, 0) + count);
  return true;
}

std::vector<Event> EventDamper::due(TimePoint now) {
  std::vector<Event> events;
  for (auto& [name, place] : places_) {
    if (place.held_back == 0 || now - place.since < limits_.second) continue;
    give_count(*place.last, std::exchange(place.held_back, 0));
    events.push_back(std::move(*place.last));
    place.since = now;
    place.reported = 1;
  }
  std::ranges::sort(events, {}, &Event::at);
  return events;
}

}  // namespace hf
