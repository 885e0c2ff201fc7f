#include "notify/event_notice.h"

#include <gtest/gtest.h>

#include "notify/mail.h"
#include "notify/one_line.h"

namespace hf::notify {
namespace {

struct ServerGone {
  EventText service, server, reason;
  static constexpr EventWords kWords{.id = EventId::kServerDown,
                                     .name = "server_gone",
                                     .level = EventLevel::kError,
                                     .meaning =
                                         "The server does not answer any more, and whoever was connected to it has "
                                         "been told so by an error of the kind that a client tries again.",
                                     .action = "Look at it."};
  static constexpr EventMember<ServerGone> kFields[] = {
      {"service", &ServerGone::service}, {"server", &ServerGone::server}, {"reason", &ServerGone::reason}};
};

EventNotice notice(const std::string& reason = "connection refused") {
  EventNotice made{
      .event = ServerGone{.service = "orders", .server = "db1", .reason = reason}, .node = "gw-a", .sequence = 7};
  made.event.wall_micros = 1'700'000'000'123'456;
  return made;
}

constexpr char kHostileBytes[] = "x\r\nBcc: a@b\0\"}\n.\r\n\x1b[0m\xff";
const std::string kHostile(kHostileBytes, sizeof kHostileBytes - 1);

TEST(EventNotice, AsJson) {
  EXPECT_EQ(
      json_line(notice()),
      R"({"time":"2023-11-14T22:13:20.123456Z","level":"error","id":"HF-2002","event":"server_gone","node":"gw-a",)"
      R"("sequence":7,"service":"orders","server":"db1","reason":"connection refused"})"
      "\n");
}

TEST(EventNotice, HostileAndHugeValuesStayOneBoundedLine) {
  const std::string line = json_line(notice(kHostile));
  EXPECT_EQ(line.find('\n'), line.size() - 1);
  EXPECT_EQ(line.find('\0'), std::string::npos);
  EventNotice huge = notice(std::string(100'000, '\x01'));
  huge.node = std::string(100'000, '\x02');
  for (int i = 0; i < 20; ++i) huge.event.fields.push_back({"reason", std::string(500, '\x01')});
  EXPECT_LE(json_line(huge).size(), kLongestLine);
}

TEST(EventNotice, AsAScriptsArgumentsAndEnvironment) {
  const vip::ScriptCall call = script_call("notify/0", notice());
  EXPECT_EQ(call.script, "notify/0");
  EXPECT_EQ(call.arguments, (std::vector<std::string>{"EVENT", "HF-2002", "server_gone", "error"}));
  EXPECT_EQ(call.environment,
            (std::vector<std::string>{"HOLDFAST_EVENT=HF-2002", "HOLDFAST_NAME=server_gone", "HOLDFAST_LEVEL=error",
                                      "HOLDFAST_TIME=2023-11-14T22:13:20.123456Z", "HOLDFAST_NODE=gw-a",
                                      "HOLDFAST_FIELD_SERVICE=orders", "HOLDFAST_FIELD_SERVER=db1",
                                      "HOLDFAST_FIELD_REASON=connection refused"}));
}

TEST(EventNotice, AsALetter) {
  const Letter letter = compose(notice(), "holdfast@example.org", {"a@example.org"});
  EXPECT_EQ(letter.text,
            "Date: Tue, 14 Nov 2023 22:13:20 +0000\r\n"
            "From: <holdfast@example.org>\r\n"
            "To: <a@example.org>\r\n"
            "Subject: [holdfast] gw-a: HF-2002 server_gone orders db1\r\n"
            "Message-ID: <1700000000123456.7.servergone@gw-a>\r\n"
            "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=us-ascii\r\nAuto-Submitted: auto-generated\r\n"
            "\r\n"
            "HF-2002 server_gone on gw-a: error.\r\n\r\n"
            "service: orders\r\nserver: db1\r\nreason: connection refused\r\nTime: "
            "2023-11-14T22:13:20.123456Z\r\nSequence: 7\r\n\r\n"
            "The server does not answer any more, and whoever was connected to it has\r\n"
            "been told so by an error of the kind that a client tries again.\r\n\r\n"
            "What to do: Look at it.\r\n");
  const Letter hostile = compose(notice(kHostile), "a@b", {"c@d"});
  EXPECT_EQ(hostile.text.find("\r\nBcc:"), std::string::npos);
  EXPECT_EQ(hostile.text.find("\r\n."), std::string::npos);
  for (const char c : hostile.text) EXPECT_LT(static_cast<unsigned char>(c), 0x80);
}

}  // namespace
}  // namespace hf::notify
