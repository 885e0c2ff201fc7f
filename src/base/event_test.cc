#include "base/event.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <set>
#include <sstream>

#include "base/event_log.h"

namespace hf {
namespace {

TEST(EventCatalogue, RisesByNumberAndNamesAreUnique) {
  std::set<std::string_view> names;
  int last = 0;
  for (const EventType& type : event_catalogue()) {
    EXPECT_GT(static_cast<int>(type.id), last) << type.name;
    last = static_cast<int>(type.id);
    EXPECT_TRUE(names.insert(type.name).second) << type.name;
    EXPECT_EQ(find_event(type.id), &type);
  }
}

TEST(EventCatalogue, EveryEntryHasFieldsAndAParagraphOfWholeSentences) {
  for (const EventType& type : event_catalogue()) {
    EXPECT_FALSE(type.fields.empty()) << type.name;
    EXPECT_EQ(type.fields.find("  "), std::string_view::npos) << type.name;
    EXPECT_NE(type.fields.back(), ' ') << type.name;
    ASSERT_GT(type.meaning.size(), 20U) << type.name;
    ASSERT_FALSE(type.action.empty()) << type.name;
    EXPECT_EQ(type.meaning.back(), '.') << type.name;
    EXPECT_EQ(type.action.back(), '.') << type.name;
  }
}

/// The enumerators as event.h spells them: a new one without a row in the catalogue fails here.
TEST(EventCatalogue, HoldsEveryEnumerator) {
  std::ifstream header(std::string(HF_SOURCE_DIR) + "/src/base/event.h");
  ASSERT_TRUE(header.is_open());
  std::size_t enumerators = 0;
  bool inside = false;
  for (std::string line; std::getline(header, line);) {
    if (line.find("enum class EventId") != std::string::npos) inside = true;
    if (inside && line.find("};") != std::string::npos) break;
    const std::size_t equals = line.find(" = ");
    if (!inside || equals == std::string::npos) continue;
    ++enumerators;
    const auto number = static_cast<std::uint16_t>(std::stoi(line.substr(equals + 3)));
    EXPECT_NE(find_event(EventId{number}), nullptr) << line;
  }
  EXPECT_EQ(enumerators, event_catalogue().size());
}

TEST(EventCatalogue, DocumentEqualsItsRendering) {
  const std::string path = std::string(HF_SOURCE_DIR) + "/docs/events.md";
  if (std::getenv("HF_WRITE_DOCS") != nullptr) std::ofstream(path) << render_event_docs();
  std::ifstream file(path);
  ASSERT_TRUE(file.is_open()) << path;
  std::stringstream text;
  text << file.rdbuf();
  EXPECT_EQ(text.str(), render_event_docs()) << "run base_test with HF_WRITE_DOCS=1";
}

TEST(Event, RendersAsOneLineOfKeysAndValues) {
  const Event event{
      EventId::kServerUp, {}, 1'700'000'000'123'456, {{"service", "orders"}, {"reason", "login and query ok"}}};
  EXPECT_EQ(render_text(event),
            "2023-11-14T22:13:20.123456Z info HF-2001 server_up service=orders reason=\"login and query ok\"");
}

TEST(Event, RendersAsJson) {
  const Event event{EventId::kServerDown, {}, 0, {{"service", "orders"}, {"reason", "said \"no\"\n"}}};
  EXPECT_EQ(render_json(event),
            R"({"time":"1970-01-01T00:00:00.000000Z","level":"error","id":"HF-2002","event":"server_down",)"
            R"("service":"orders","reason":"said \"no\"\n"})");
}

TEST(Event, HostileValuesStayOnOneLineAndValidUtf8) {
  const Event event{EventId::kClientRefusedLogin,
                    {},
                    0,
                    {{"user", std::string("a\r\n\x1b[31m\xff\xc3(\xe2\x82", 13)}, {"reason", ""}}};
  const std::string text = render_text(event);
  EXPECT_EQ(text.find('\n'), std::string::npos);
  EXPECT_EQ(text.find('\r'), std::string::npos);
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
  EXPECT_NE(text.find("\xEF\xBF\xBD\xEF\xBF\xBD("), std::string::npos);
  EXPECT_NE(text.find("reason=\"\""), std::string::npos);
  std::string json;
  append_json_string(json, "\xed\xa0\x80\xf5\xc0\x80ok\xe2\x82\xac");
  EXPECT_EQ(json.find('\xed'), std::string::npos) << "surrogates are not UTF-8";
  EXPECT_NE(json.find("ok\xe2\x82\xac\""), std::string::npos);
}

/// One line to every viewer, and nothing that a terminal obeys: C1 controls (NEL among them), separators, changes of direction.
TEST(Event, WhatAViewerMayTakeForSomethingElseIsEscaped) {
  const std::pair<const char*, const char*> cases[] = {
      {"\u0085", "\\u0085"}, {"\u0080", "\\u0080"}, {"\u009b31m", "\\u009b31m"}, {"\u009f", "\\u009f"}, {"\u2028", "\\u2028"}, {"\u2029", "\\u2029"}, {"\u202e", "\\u202e"}, {"\u2066", "\\u2066"}, {"\u2069", "\\u2069"}, {"\u200f", "\\u200f"}, {"\u061c", "\\u061c"}, {"\x1b", "\\u001b"}, {"\x7f", "\\u007f"}, {"\n", "\\n"}, {"\r", "\\u000d"}};
  for (const auto& [raw, shown] : cases) {
    const Event event{EventId::kClientRefusedLogin, {}, 0, {{"user", std::string("a") + raw + "b"}}};
    const std::string expected = std::string("a") + shown + "b\"";
    EXPECT_TRUE(render_text(event).ends_with(expected)) << render_text(event);
    EXPECT_NE(render_json(event).find(expected), std::string::npos) << render_json(event);
  }
  for (const char* kept : {"\u00a0", "\u00e4", "\u2027", "\u2030", "\u20ac", "\u65e5\u672c", "\U0001F600"}) {
    const Event event{EventId::kClientRefusedLogin, {}, 0, {{"user", kept}}};
    EXPECT_NE(render_text(event).find(kept), std::string::npos) << kept;
  }
}

TEST(Event, PrintableTextKeepsItsLinesAndObeysNobody) {
  EXPECT_EQ(printable("db1 \"up\"\nreason: \x1b[2J\u009b2J \xff"), "db1 \"up\"\nreason: \\u001b[2J\\u009b2J \xEF\xBF\xBD");
}

TEST(Event, LongValuesAreCutAtACharacterAndSayHowLongTheyWere) {
  Event event{EventId::kAdminRefused, {}, 0, {{"path", "/" + std::string(14000, 'A')}, {"client", std::string(kMostValueBytes, 'c')}}};
  bound_values(event);
  EXPECT_EQ(event.field("path"), "/" + std::string(kMostValueBytes - 1, 'A') + "\u2026 (14001 bytes)");
  EXPECT_EQ(event.field("client"), std::string(kMostValueBytes, 'c'));
  for (std::size_t lead = 0; lead < 4; ++lead) {
    std::string value(kMostValueBytes - lead, 'x');
    for (int i = 0; i < 10; ++i) value += "\U0001F600";
    Event wide{EventId::kAdminRefused, {}, 0, {{"path", value}}};
    bound_values(wide);
    const std::string shown = render_text(wide);
    EXPECT_EQ(shown.find("\xEF\xBF\xBD"), std::string::npos) << shown;
    EXPECT_LT(wide.field("path").size(), kMostValueBytes + 30);
  }
  Event broken{EventId::kAdminRefused, {}, 0, {{"path", std::string(2000, '\x80')}}};
  bound_values(broken);
  EXPECT_LT(broken.field("path").size(), kMostValueBytes + 30);
}

TEST(Event, KnowsWhichFieldsBelongToIt) {
  EXPECT_EQ(unknown_field(Event{EventId::kServerUp, {}, 0, {{"server", "db1"}, {"count", "3"}}}), "") << "any event may have been held back";
  EXPECT_EQ(unknown_field(Event{EventId::kServerUp, {}, 0, {{"server", "db1"}, {"colour", "red"}}}), "colour");
  EXPECT_EQ(unknown_field(Event{EventId::kServerUp, {}, 0, {{"server", "db1"}}}), "");
  EXPECT_EQ(unknown_field(Event{EventId::kServerUp, {}, 0, {{"serv", "db1"}}}), "serv");
}

Event numbered(int n) { return Event{EventId::kStopping, TimePoint{n}, 0, {{"clients", std::to_string(n)}}}; }

TEST(EventLog, HandsOutPagesInOrder) {
  EventLog log(10);
  for (int i = 1; i <= 5; ++i) EXPECT_EQ(log.append(numbered(i)), static_cast<std::uint64_t>(i));
  const EventPage first = log.since(0, 3);
  ASSERT_EQ(first.events.size(), 3U);
  EXPECT_EQ(first.events[0].sequence, 1U);
  EXPECT_EQ(first.next, 3U);
  const EventPage second = log.since(first.next, 3);
  ASSERT_EQ(second.events.size(), 2U);
  EXPECT_EQ(second.events[1].event.field("clients"), "5");
  EXPECT_TRUE(log.since(second.next, 3).events.empty());
  EXPECT_EQ(log.since(second.next, 3).next, 5U);
}

TEST(EventLog, DropsTheOldestAndSaysHowManyWereMissed) {
  EventLog log(3);
  for (int i = 1; i <= 10; ++i) log.append(numbered(i));
  EXPECT_EQ(log.size(), 3U);
  const EventPage page = log.since(2, 100);
  EXPECT_EQ(page.missed, 5U);
  ASSERT_EQ(page.events.size(), 3U);
  EXPECT_EQ(page.events[0].sequence, 8U);
  EXPECT_EQ(log.since(7, 100).missed, 0U);
}

TEST(EventLog, AReaderFromBeforeARestartStartsAgain) {
  EventLog log(3);
  log.append(numbered(1));
  const EventPage page = log.since(400, 10);
  EXPECT_EQ(page.events.size(), 1U);
  EXPECT_EQ(page.next, 1U);
}

}  // namespace
}  // namespace hf
