#include "app/event_catalogue.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <set>
#include <sstream>
#include <string>
#include <type_traits>

#include "app/events.h"
#include "service/events.h"

namespace hf::app {
namespace {

/// Whether an event may be told with its service alone.
template <class E>
concept NeedsNoMoreThanService = requires { E{.service = "orders"}; };
static_assert(NeedsNoMoreThanService<service::events::AcceptResumed>);
static_assert(!NeedsNoMoreThanService<service::events::AcceptPaused>, "no event without its reason");
static_assert(!std::is_default_constructible_v<service::events::AcceptPaused> &&
              !std::is_default_constructible_v<events::VipCommand>);

TEST(EventCatalogue, RisesByNumberAndNamesAreUnique) {
  std::set<std::string_view> names;
  int last = 0;
  for (const EventType* type : event_catalogue()) {
    EXPECT_GT(static_cast<int>(type->id), last) << type->name;
    last = static_cast<int>(type->id);
    EXPECT_TRUE(names.insert(type->name).second) << type->name;
  }
}

TEST(EventCatalogue, EveryEntryHasFieldsAndAParagraphOfWholeSentences) {
  for (const EventType* type : event_catalogue()) {
    EXPECT_FALSE(type->fields.empty()) << type->name;
    for (const std::string_view field : type->fields) {
      EXPECT_FALSE(field.empty() || field.find(' ') != std::string_view::npos) << type->name;
    }
    EXPECT_FALSE(type->damped() && std::ranges::find(type->fields, kCountField) != type->fields.end())
        << type->name << " is counted twice";
    ASSERT_GT(type->meaning.size(), 20U) << type->name;
    ASSERT_FALSE(type->action.empty()) << type->name;
    EXPECT_EQ(type->meaning.back(), '.') << type->name;
    EXPECT_EQ(type->action.back(), '.') << type->name;
    EXPECT_EQ(type->meaning.find("  "), std::string_view::npos) << type->name;
    EXPECT_EQ(type->action.find("  "), std::string_view::npos) << type->name;
  }
}

/// The enumerators as event.h spells them: a new one without an entry fails here, and so does an event that is in no
/// room's list.
TEST(EventCatalogue, HoldsEveryEnumerator) {
  std::ifstream header(std::string(HF_SOURCE_DIR) + "/src/base/event.h");
  ASSERT_TRUE(header.is_open());
  std::size_t enumerators = 0;
  bool inside = false;
  for (std::string line; std::getline(header, line);) {
    if (line.starts_with("enum class EventId")) inside = true;
    if (inside && line.find("};") != std::string::npos) break;
    const std::size_t equals = line.find(" = ");
    if (!inside || equals == std::string::npos) continue;
    ++enumerators;
    const auto number = static_cast<std::uint16_t>(std::stoi(line.substr(equals + 3)));
    EXPECT_NE(find_event(event_catalogue(), EventId{number}), nullptr) << line;
  }
  EXPECT_EQ(enumerators, event_catalogue().size());
}

/// A notice has these beside the event's fields (notify/event_notice.h).
TEST(EventCatalogue, NoFieldHasTheNameOfWhatEveryNoticeHas) {
  for (const EventType* type : event_catalogue()) {
    for (const std::string_view taken : {"time", "level", "id", "event", "node", "sequence"}) {
      EXPECT_EQ(std::ranges::find(type->fields, taken), type->fields.end()) << type->name;
    }
    EXPECT_LE(type->fields.size(), 10U) << type->name << ": with its count more than a script is told";
  }
}

TEST(EventCatalogue, DocumentEqualsItsRendering) {
  const std::string path = std::string(HF_SOURCE_DIR) + "/docs/events.md";
  if (std::getenv("HF_WRITE_DOCS") != nullptr) std::ofstream(path) << render_event_docs();
  std::ifstream file(path);
  ASSERT_TRUE(file.is_open()) << path;
  std::stringstream text;
  text << file.rdbuf();
  EXPECT_EQ(text.str(), render_event_docs()) << "run app_test with HF_WRITE_DOCS=1";
}

/// What scripts have read since there are events.
TEST(EventCatalogue, AnEventIsTheLineThatItWas) {
  EXPECT_EQ(render_text(service::events::AcceptPaused{.service = "orders", .reason = "too many open files"}),
            "1970-01-01T00:00:00.000000Z warning HF-4003 accept_paused service=orders reason=\"too many open files\"");
  EXPECT_EQ(
      render_text(service::events::ClientRefusedOverload{.service = "orders", .client = "198.18.0.7", .limit = 100U}),
      "1970-01-01T00:00:00.000000Z error HF-3011 client_refused_overload service=orders client=198.18.0.7 limit=100");
  EXPECT_EQ(
      render_text(events::AdminCommand{.command = "drain", .service = "orders", .server = "db1", .client = "socket"}),
      "1970-01-01T00:00:00.000000Z info HF-1040 admin_command command=drain service=orders server=db1 client=socket");
  EXPECT_EQ(render_text(events::Stopped{.duration = Nanos{1'234'567'890}}),
            "1970-01-01T00:00:00.000000Z info HF-1003 stopped duration=1234ms");
  EXPECT_EQ(render_json(events::AdminCommand{.command = "reload", .client = "SIGHUP"}),
            R"({"time":"1970-01-01T00:00:00.000000Z","level":"info","id":"HF-1040","event":"admin_command",)"
            R"("command":"reload","client":"SIGHUP"})");
}

}  // namespace
}  // namespace hf::app
