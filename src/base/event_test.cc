#include "base/event.h"

#include <gtest/gtest.h>

#include <string>
#include <type_traits>
#include <vector>

#include "base/event_log.h"

namespace hf {
namespace {

struct ServerUp {
  EventText service;
  OptionalEventText server{};
  EventText reason;

  static constexpr EventWords kWords{.id = EventId::kServerUp,
                                     .name = "server_up",
                                     .level = EventLevel::kInfo,
                                     .meaning = "It is up.",
                                     .action = "Nothing."};
  static constexpr EventMember<ServerUp> kFields[] = {
      {"service", &ServerUp::service}, {"server", &ServerUp::server}, {"reason", &ServerUp::reason}};
};

struct LoginRefused {
  EventText user;

  static constexpr EventWords kWords{
      .id = EventId::kClientRefusedLogin,
      .name = "client_refused_login",
      .level = EventLevel::kWarning,
      .damping = EventDamping::kRepeats,
      .meaning = "It is refused.",
      .action = "Nothing.",
  };
  static constexpr EventMember<LoginRefused> kFields[] = {{"user", &LoginRefused::user}};
};

struct AdminRefused {
  EventText client, path;

  static constexpr EventWords kWords{.id = EventId::kAdminRefused,
                                     .name = "admin_refused",
                                     .level = EventLevel::kError,
                                     .meaning = "It is refused.",
                                     .action = "Nothing."};
  static constexpr EventMember<AdminRefused> kFields[] = {{"client", &AdminRefused::client},
                                                          {"path", &AdminRefused::path}};
};

/// Has a member that is no field.
struct Undocumented {
  EventText client, path;

  static constexpr EventWords kWords = AdminRefused::kWords;
  static constexpr EventMember<Undocumented> kFields[] = {{"client", &Undocumented::client}};
};

/// Documents a member twice, and another one not at all.
struct Twice {
  EventText client, path;

  static constexpr EventWords kWords = AdminRefused::kWords;
  static constexpr EventMember<Twice> kFields[] = {{"client", &Twice::client}, {"path", &Twice::client}};
};

static_assert(members_are_fields<ServerUp>() && members_are_fields<AdminRefused>());
static_assert(!members_are_fields<Undocumented>() && !members_are_fields<Twice>());
static_assert(!std::is_default_constructible_v<ServerUp> && !std::is_default_constructible_v<Event>,
              "an event says what it is, and its fields");
static_assert(std::is_convertible_v<ServerUp, Event> && !std::is_convertible_v<EventType, Event> &&
              !std::is_convertible_v<int, Event>);

TEST(EventStruct, SendsItsFieldsInTheirOrderAndLeavesOutWhatWasNotGiven) {
  const Event whole = ServerUp{.service = "orders", .server = "db1", .reason = "ok"};
  EXPECT_EQ(whole.fields, (std::vector<EventField>{{"service", "orders"}, {"server", "db1"}, {"reason", "ok"}}));
  const Event part = ServerUp{.service = "orders", .reason = "ok"};
  EXPECT_EQ(part.fields, (std::vector<EventField>{{"service", "orders"}, {"reason", "ok"}}));
  EXPECT_EQ(part.type, &kEventType<ServerUp>);
  EXPECT_EQ(part.id(), EventId::kServerUp);
  EXPECT_EQ(event_title(*part.type), "HF-2001 server_up");
}

TEST(EventStruct, MayStandForMany) {
  const Event event = counted(17, LoginRefused{.user = "bob"});
  EXPECT_TRUE(event.type->damped());
  EXPECT_EQ(event.fields, (std::vector<EventField>{{"user", "bob"}, {"count", "17"}}));
  EXPECT_EQ(unknown_field(event), "");
}

TEST(EventTypes, AreFoundByNumber) {
  constexpr auto kAll = kEventTypes<ServerUp, LoginRefused>;
  EXPECT_EQ(find_event(kAll, EventId::kClientRefusedLogin), &kEventType<LoginRefused>);
  EXPECT_EQ(find_event(kAll, EventId::kAdminRefused), nullptr);
}

TEST(Event, RendersAsOneLineOfKeysAndValues) {
  Event event = ServerUp{.service = "orders", .reason = "login and query ok"};
  event.wall_micros = 1'700'000'000'123'456;
  EXPECT_EQ(render_text(event),
            "2023-11-14T22:13:20.123456Z info HF-2001 server_up service=orders reason=\"login and query ok\"");
}

TEST(Event, RendersAsJson) {
  const Event event = ServerUp{.service = "orders", .reason = "said \"no\"\n"};
  EXPECT_EQ(render_json(event),
            R"({"time":"1970-01-01T00:00:00.000000Z","level":"info","id":"HF-2001","event":"server_up",)"
            R"("service":"orders","reason":"said \"no\"\n"})");
}

TEST(Event, HostileValuesStayOnOneLineAndValidUtf8) {
  const Event event = ServerUp{.service = std::string("a\r\n\x1b[31m\xff\xc3(\xe2\x82", 13), .reason = ""};
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

/// One line to every viewer, and nothing that a terminal obeys: C1 controls (NEL among them), separators, changes of
/// direction.
TEST(Event, WhatAViewerMayTakeForSomethingElseIsEscaped) {
  const std::pair<const char*, const char*> cases[] = {
      {"\u0085", "\\u0085"}, {"\u0080", "\\u0080"}, {"\u009b31m", "\\u009b31m"},
      {"\u009f", "\\u009f"}, {"\u2028", "\\u2028"}, {"\u2029", "\\u2029"},
      {"\u202e", "\\u202e"}, {"\u2066", "\\u2066"}, {"\u2069", "\\u2069"},
      {"\u200f", "\\u200f"}, {"\u061c", "\\u061c"}, {"\x1b", "\\u001b"},
      {"\x7f", "\\u007f"},   {"\n", "\\n"},         {"\r", "\\u000d"}};
  for (const auto& [raw, shown] : cases) {
    const Event event = LoginRefused{.user = std::string("a") + raw + "b"};
    const std::string expected = std::string("a") + shown + "b\"";
    EXPECT_TRUE(render_text(event).ends_with(expected)) << render_text(event);
    EXPECT_NE(render_json(event).find(expected), std::string::npos) << render_json(event);
  }
  for (const char* kept : {"\u00a0", "\u00e4", "\u2027", "\u2030", "\u20ac", "\u65e5\u672c", "\U0001F600"}) {
    const Event event = LoginRefused{.user = kept};
    EXPECT_NE(render_text(event).find(kept), std::string::npos) << kept;
  }
}

TEST(Event, PrintableTextKeepsItsLinesAndObeysNobody) {
  EXPECT_EQ(printable("db1 \"up\"\nreason: \x1b[2J\u009b2J \xff"),
            "db1 \"up\"\nreason: \\u001b[2J\\u009b2J \xEF\xBF\xBD");
}

TEST(Event, LongValuesAreCutAtACharacterAndSayHowLongTheyWere) {
  Event event = AdminRefused{.client = std::string(kMostValueBytes, 'c'), .path = "/" + std::string(14000, 'A')};
  bound_values(event);
  EXPECT_EQ(event.field("path"), "/" + std::string(kMostValueBytes - 1, 'A') + "\u2026 (14001 bytes)");
  EXPECT_EQ(event.field("client"), std::string(kMostValueBytes, 'c'));
  for (std::size_t lead = 0; lead < 4; ++lead) {
    std::string value(kMostValueBytes - lead, 'x');
    for (int i = 0; i < 10; ++i) value += "\U0001F600";
    Event wide = AdminRefused{.client = "", .path = value};
    bound_values(wide);
    const std::string shown = render_text(wide);
    EXPECT_EQ(shown.find("\xEF\xBF\xBD"), std::string::npos) << shown;
    EXPECT_LT(wide.field("path").size(), kMostValueBytes + 30);
  }
  Event broken = AdminRefused{.client = "", .path = std::string(2000, '\x80')};
  bound_values(broken);
  EXPECT_LT(broken.field("path").size(), kMostValueBytes + 30);
}

TEST(Event, KnowsWhichFieldsBelongToIt) {
  Event event = ServerUp{.service = "orders", .server = "db1", .reason = "ok"};
  EXPECT_EQ(unknown_field(event), "");
  event.fields.push_back({"count", "3"});
  EXPECT_EQ(unknown_field(event), "") << "any event may have been held back";
  for (const std::string_view wrong : {"colour", "serv", "", "service server"}) {
    event.fields.back().name = wrong;
    EXPECT_EQ(find_field(*event.type, wrong), "");
    EXPECT_EQ(unknown_field(event), wrong);
  }
}

TEST(Event, NamesItsFieldsWithTheConstantsOfItsType) {
  const std::string elsewhere = "reason";
  EXPECT_EQ(find_field(kEventType<ServerUp>, elsewhere).data(), kFieldNames<ServerUp>[2].data());
}

Event numbered(int n) { return LoginRefused{.user = "user " + std::to_string(n)}; }

TEST(EventLog, HandsOutPagesInOrder) {
  EventLog log(10);
  for (int i = 1; i <= 5; ++i) EXPECT_EQ(log.append(numbered(i)), static_cast<std::uint64_t>(i));
  const EventPage first = log.since(0, 3);
  ASSERT_EQ(first.events.size(), 3U);
  EXPECT_EQ(first.events[0].sequence, 1U);
  EXPECT_EQ(first.next, 3U);
  const EventPage second = log.since(first.next, 3);
  ASSERT_EQ(second.events.size(), 2U);
  EXPECT_EQ(second.events[1].event.field("user"), "user 5");
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
