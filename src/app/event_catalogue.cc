#include "app/event_catalogue.h"

#include <algorithm>
#include <array>
#include <cstddef>

#include "app/events.h"
#include "base/events.h"
#include "guardian/events.h"
#include "notify/events.h"
#include "policy/replica_set/events.h"
#include "service/events.h"
#include "service/mysql/events.h"
#include "topology/events.h"
#include "topology/mysql/events.h"
#include "vip/events.h"

namespace hf::app {

namespace {

constexpr EventId id_of(const EventType* type) { return type->id; }

template <std::size_t... N>
consteval auto joined(const std::array<const EventType*, N>&... rooms) {
  std::array<const EventType*, (N + ...)> all{};
  auto end = all.begin();
  ((end = std::ranges::copy(rooms, end).out), ...);
  std::ranges::sort(all, {}, id_of);
  return all;
}

constexpr auto kCatalogue =
    joined(hf::events::kAll, policy::replica_set::events::kAll, service::events::kAll, service::mysql::events::kAll,
           topology::events::kAll, topology::mysql::events::kAll, vip::events::kOfRouters, vip::events::kOfTracks,
           guardian::events::kAll, notify::events::kAll, events::kAll);
static_assert(std::ranges::adjacent_find(kCatalogue, {}, id_of) == kCatalogue.end(), "two events have the same number");

void append_fields(std::string& out, const EventType& type) {
  const char* between = "";
  for (const std::string_view name : type.fields) {
    out += between;
    out += "`" + std::string(name) + "`";
    between = ", ";
  }
  if (type.damped()) out += ", `" + std::string(kCountField) + "`";
}

}  // namespace

EventTypes event_catalogue() { return kCatalogue; }

std::string render_event_docs() {
  std::string out =
      "# Events\n\n"
      "Every event has a number, a name, a level and named fields. Numbers and names never change their meaning, so "
      "scripts\n"
      "may rely on them. A field is always there, unless its event says when it is left out. This page is rendered "
      "from the `events.h`\n"
      "of the rooms, which `src/app/event_catalogue.cc` joins; `app_test` fails when the two differ.\n\n"
      "What a client, a peer or a busy moment can repeat is reported once a second for each service, server or "
      "virtual\n"
      "address, and then once more when it has ended; every other event at most a hundred times a second. `count` "
      "tells\n"
      "how many there were since the last one reported. Values longer than 500 bytes are cut and say how long they "
      "were.\n";
  for (const EventType* type : event_catalogue()) {
    out += "\n## " + event_title(*type) + "\n\n";
    out += "Level: " + std::string(to_string(type->level)) + ". Fields: ";
    append_fields(out, *type);
    out += ".\n\n" + std::string(type->meaning) + "\n\nWhat to do: " + std::string(type->action) + "\n";
  }
  return out;
}

}  // namespace hf::app
