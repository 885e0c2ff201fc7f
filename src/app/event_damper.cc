#include "app/event_damper.h"

namespace hf::app {

namespace {
constexpr Nanos kInterval = 1s;

bool is_counted(const Event& event) {
  const EventType* type = find_event(event.id);
  return type != nullptr && (" " + std::string(type->fields) + " ").find(" count ") != std::string::npos;
}
}  // namespace

bool EventDamper::admit(Event& event) {
  if (!is_counted(event)) return true;
  std::string key = std::to_string(static_cast<unsigned>(event.id));
  for (const std::string_view field : {"service", "server"}) key += "/" + std::string(event.field(field));
  if (places_.size() >= kMostPlaces) places_.clear();
  const auto [it, added] = places_.try_emplace(std::move(key), Place{event.at, 0});
  if (added) return true;
  Place& place = it->second;
  if (event.at - place.reported_at < kInterval) {
    ++place.held_back;
    return false;
  }
  if (place.held_back > 0) event.fields.push_back({"count", std::to_string(place.held_back + 1)});
  place = {event.at, 0};
  return true;
}

}  // namespace hf::app
