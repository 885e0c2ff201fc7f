#include "notify/vip_change.h"

#include <gtest/gtest.h>

#include "notify/http_post.h"
#include "notify/mail.h"
#include "notify/one_line.h"

namespace hf::notify {
namespace {

VipChange change() {
  return VipChange{.vip = "db",
                   .state = "MASTER",
                   .previous = "BACKUP",
                   .reason = "no advert for 365 ms",
                   .priority = 100,
                   .node = "gw-a",
                   .addresses = {"198.18.0.100/24", "198.18.0.101/24"},
                   .wall_micros = 1'700'000'000'123'456,
                   .sequence = 7};
}

constexpr char kHostileBytes[] = "x\r\nBcc: a@b\0\"}\n.\r\n\x1b[0m\xff";
const std::string kHostile(kHostileBytes, sizeof kHostileBytes - 1);

TEST(VipChange, AsJson) {
  EXPECT_EQ(json_line(change()),
            R"({"time":"2023-11-14T22:13:20.123456Z","node":"gw-a","vip":"db","state":"MASTER","previous":"BACKUP",)"
            R"("reason":"no advert for 365 ms","priority":100,"addresses":["198.18.0.100/24",)"
            R"("198.18.0.101/24"],"sequence":7})"
            "\n");
}

TEST(VipChange, OfWhatTheGuardianTells) {
  using policy::vrrp::Mode;
  const vip::RouterTransition taken{
      .router = "db",
      .router_id = 51,
      .interface = "eth1",
      .transition = {1'700'000'000'123'456, Mode::kBackup, Mode::kMaster, "no advert for 365 ms"},
      .priority = 100};
  VipChange expected = change();
  expected.node = {};
  expected.addresses = {};
  expected.sequence = 0;
  EXPECT_EQ(change_of(taken), expected);
  const VipChange stopped =
      change_of(vip::RouterTransition{.transition = {.from = Mode::kFault, .to = Mode::kInitialize}});
  EXPECT_EQ(stopped.state, "STOP");
  EXPECT_EQ(stopped.previous, "FAULT");
  const VipChange first =
      change_of(vip::RouterTransition{.transition = {.from = Mode::kInitialize, .to = Mode::kBackup}});
  EXPECT_EQ(first.state, "BACKUP");
  EXPECT_EQ(first.previous, "INITIALIZE");
  const VipChange conflict =
      change_of(vip::AddressConflict{5, "db", IpAddress::v4(198, 18, 0, 100), {2, 0, 0, 0, 0xAB, 1}});
  EXPECT_EQ(conflict.state, "CONFLICT");
  EXPECT_EQ(conflict.previous, "");
  EXPECT_EQ(conflict.reason, "198.18.0.100 is claimed by 02:00:00:00:ab:01");
  EXPECT_EQ(conflict.priority, 0);
  EXPECT_EQ(conflict.wall_micros, 5);
  EXPECT_EQ(change_of(vip::DuplicateMaster{5, "db", IpAddress::v4(198, 18, 0, 2)}).reason,
            "another master is heard: 198.18.0.2");
}

TEST(VipChange, HostileAndHugeValuesStayOneBoundedLine) {
  VipChange hostile = change();
  hostile.vip = hostile.node = hostile.state = hostile.previous = hostile.reason = kHostile;
  const std::string line = json_line(hostile);
  EXPECT_EQ(line.find('\n'), line.size() - 1);
  EXPECT_EQ(line.find('\r'), std::string::npos);
  EXPECT_EQ(line.find('\0'), std::string::npos);
  hostile.vip = hostile.node = hostile.state = hostile.previous = hostile.reason = std::string(100'000, '\x01');
  hostile.addresses.assign(1000, std::string(1000, '\x02'));
  EXPECT_LE(json_line(hostile).size(), kLongestLine);
}

TEST(VipChange, AsAScriptsArgumentsAndEnvironment) {
  const vip::ScriptCall call = script_call("db/on_master", change());
  EXPECT_EQ(call.script, "db/on_master");
  EXPECT_EQ(call.arguments, (std::vector<std::string>{"INSTANCE", "db", "MASTER", "100"}));
  EXPECT_EQ(call.environment,
            (std::vector<std::string>{"HOLDFAST_VIP=db", "HOLDFAST_STATE=MASTER", "HOLDFAST_PREVIOUS=BACKUP",
                                      "HOLDFAST_REASON=no advert for 365 ms", "HOLDFAST_PRIORITY=100",
                                      "HOLDFAST_NODE=gw-a", "HOLDFAST_ADDRESSES=198.18.0.100/24 198.18.0.101/24"}));
}

TEST(Mail, ALetter) {
  const Letter letter = compose(change(), "holdfast@example.org", {"a@example.org", "b@example.org"});
  EXPECT_EQ(letter.greeting, "gw-a");
  EXPECT_EQ(letter.text,
            "Date: Tue, 14 Nov 2023 22:13:20 +0000\r\n"
            "From: <holdfast@example.org>\r\n"
            "To: <a@example.org>,\r\n <b@example.org>\r\n"
            "Subject: [holdfast] gw-a: db is MASTER\r\n"
            "Message-ID: <1700000000123456.7.db@gw-a>\r\n"
            "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=us-ascii\r\nAuto-Submitted: auto-generated\r\n"
            "\r\n"
            "db is MASTER on gw-a.\r\n\r\n"
            "Before: BACKUP\r\nReason: no advert for 365 ms\r\nPriority: 100\r\nSequence: 7\r\n"
            "Address: 198.18.0.100/24\r\nAddress: 198.18.0.101/24\r\n");
  EXPECT_EQ(mail_date(0), "Thu, 1 Jan 1970 00:00:00 +0000");
  EXPECT_EQ(mail_date(1'709'210'096'000'000), "Thu, 29 Feb 2024 12:34:56 +0000");
}

TEST(Mail, NoValueEndsItsHeaderOrItsAddress) {
  VipChange hostile = change();
  hostile.vip = hostile.node = hostile.state = hostile.reason = hostile.previous = kHostile;
  hostile.addresses = {kHostile};
  const Letter letter = compose(hostile, "a@b>\r\nDATA\r\n", {"c d<>@e\r\nRCPT TO:<x@y>"});
  EXPECT_EQ(letter.text.find("\r\nBcc:"), std::string::npos);
  EXPECT_EQ(letter.text.find('\0'), std::string::npos);
  EXPECT_EQ(letter.text.find("\r\n."), std::string::npos);
  EXPECT_EQ(letter.from, "a@bDATA");
  EXPECT_EQ(letter.to.at(0), "cd@eRCPTTO:x@y");
  for (const char c : letter.text) EXPECT_LT(static_cast<unsigned char>(c), 0x80);
  std::size_t begin = 0;
  for (std::size_t end; (end = letter.text.find("\r\n", begin)) != std::string::npos; begin = end + 2) {
    EXPECT_LE(end - begin, 998U);
  }
}

TEST(HttpPost, Renders) {
  EXPECT_EQ(render({.host = "hooks.example:8080", .path = "/hook?x=1", .token = "secret", .body = "{}\n"}),
            "POST /hook?x=1 HTTP/1.1\r\nHost: hooks.example:8080\r\nUser-Agent: holdfast\r\nConnection: close\r\n"
            "Content-Type: application/json\r\nAuthorization: Bearer secret\r\nContent-Length: 3\r\n\r\n{}\n");
  const std::string hostile =
      render({.host = "h\r\nX: y", .path = "hook HTTP/1.1\r\nX: y\r\n\r\n", .token = "t\r\nX: y", .body = ""});
  EXPECT_EQ(hostile.find("\r\nX: y"), std::string::npos);
  EXPECT_EQ(hostile.find("POST /hookHTTP/1.1X:y HTTP/1.1\r\n"), 0U);
  EXPECT_EQ(render({.host = "h", .path = "", .token = "", .body = ""}).find("Authorization"), std::string::npos);
}

TEST(HttpStatusReader, ReadsAStatusInAnyPieces) {
  const std::string answer = "HTTP/1.1 100 Continue\r\nA: b\r\n\r\nHTTP/1.1 204 No Content\r\n";
  HttpStatusReader reader;
  for (std::size_t i = 0; i + 1 < answer.size(); ++i) {
    const Result<std::optional<int>> status = reader.receive(answer.substr(i, 1));
    ASSERT_TRUE(status.ok());
    ASSERT_FALSE(status->has_value()) << i;
  }
  EXPECT_EQ(reader.receive("\n").value(), 204);
  EXPECT_EQ(HttpStatusReader{}.receive(answer).value(), 204);
  EXPECT_EQ(HttpStatusReader{}.receive("HTTP/1.0 503 \r\n").value(), 503);
}

TEST(HttpStatusReader, RefusesWhatIsNotHttpOrDoesNotEnd) {
  for (const std::string text :
       {"220 smtp\r\n", "HTTP/2 200\r\n", "HTTP/1.1 2x0 \r\n", "HTTP/1.1 999 x\r\n", "HTTP/1.1 099 x\r\n", "\r\n"}) {
    EXPECT_FALSE(HttpStatusReader{}.receive(text).ok()) << text;
  }
  EXPECT_FALSE(HttpStatusReader{}.receive(std::string(2000, 'x')).ok());
  EXPECT_FALSE(HttpStatusReader{}.receive("HTTP/1.1 100 Continue\r\n" + std::string(20000, 'x')).ok());
  std::string interim;
  for (int i = 0; i < 2000; ++i) interim += "HTTP/1.1 100 Continue\r\n\r\n";
  EXPECT_FALSE(HttpStatusReader{}.receive(interim).ok());
}

}  // namespace
}  // namespace hf::notify
