// Good files with [[vip]] and [[notify]]: every key lands in its field, defaults are config.h's.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/file/load_context_fake.h"
#include "config/parse.h"
#include "config/scripts.h"
#include "policy/vrrp/config.h"

namespace hf::config::section {
namespace {

using file::FakeMachine;

using testing::ElementsAre;

constexpr const char* kFile = "/etc/holdfast/holdfast.toml";

/// A mysql service "orders" with two servers and a tcp service "web", and then the test's own text.
std::string with(const std::string& text) {
  return R"(
[[service]]
name = "orders"
protocol = "mysql"
listen = "127.0.0.1:3306"
mysql = { monitor = { user = "m", password_file = "monitor.password" }, users_from = "servers" }
server = [ { address = "10.0.0.1:3306" }, { address = "10.0.0.2:3306" } ]
[[service]]
name = "web"
protocol = "tcp"
listen = "127.0.0.1:80"
server = [ { address = "10.0.0.1:80" } ]
)" + text;
}

std::string vip(const std::string& keys) {
  return with("[[vip]]\nname = \"db\"\ninterface = \"eth1\"\naddresses = [\"198.18.0.100/24\"]\nrouter_id = 51\n" +
              keys);
}

IpAddress v4(std::uint8_t c, std::uint8_t d) { return IpAddress::v4(198, 18, c, d); }

class VipParseTest : public testing::Test {
 protected:
  ConfigPtr load(const std::string& text, const std::string& node = "gw-a") {
    LoadContext context = machine_.context();
    context.node_name = node;
    result_ = load_text(text, kFile, context);
    EXPECT_TRUE(result_.errors.empty()) << to_string(result_);
    return result_.config ? result_.config : std::make_shared<const Config>();
  }
  Vip load_vip(const std::string& keys, const std::string& node = "gw-a") {
    const ConfigPtr config = load(vip(keys), node);
    return config->vips.empty() ? Vip{} : config->vips[0];
  }
  FakeMachine machine_;
  LoadResult result_;
};

TEST_F(VipParseTest, TheSmallestVipTakesEveryDefaultOfTheConfig) {
  Vip expected;  // whatever is not said here is config.h's default
  expected.name = "db";
  expected.interface = "eth1";
  expected.addresses = {{v4(0, 100), 24, "", "", "global"}};
  expected.router_id = 51;
  expected.advert_interval = 100ms;
  const ConfigPtr config = load(vip(""));
  ASSERT_EQ(config->vips.size(), 1U);
  EXPECT_EQ(config->vips[0], expected);
  EXPECT_EQ(config->node, (Node{"gw-a", 2, "/var/lib/holdfast", "holdfast", 1s, 10s, 20}));
  EXPECT_EQ(to_string(result_), "");
}

TEST_F(VipParseTest, EverySettingLandsInItsField) {
  const Vip vip = load_vip(R"(
priority = { gw-a = 110, gw-b = 100 }
advert_interval = "250ms"
preempt = true
preempt_delay = "1s"
start_delay = "2s"
accept = true
checksum = "plain"
source = { gw-a = "198.18.0.1", gw-b = "198.18.0.2" }
peers = { gw-a = ["198.18.0.2"], gw-b = ["198.18.0.1"] }
least_ttl = 64
virtual_mac = true
lease = "3s"
probe_wait = "30ms"
on_probe_answer = "take-after"
conflict_patience = "40s"
on_conflict = "release"
announce = { repeats = 6, delay = "7s", refresh = "0s" }
arbiters_needed = 2
arbiter_interval = "150ms"
arbiter_timeout = "120ms"
arbiter_fall = 4
gateway_weight = -200
arbiters = [ { arp = "198.18.0.254" }, { icmp = "fe80::1" }, { tcp = "198.18.0.9:22" }, { udp = "[fd00::9]:53" } ]
)");
  EXPECT_EQ(to_string(result_), "");
  EXPECT_EQ(vip.priority, 110);
  EXPECT_EQ(vip.advert_interval, 250ms);
  EXPECT_TRUE(vip.preempt);
  EXPECT_EQ(vip.preempt_delay, 1s);
  EXPECT_EQ(vip.start_delay, 2s);
  EXPECT_TRUE(vip.accept);
  EXPECT_FALSE(vip.checksum_pseudo_header);
  EXPECT_EQ(vip.source, v4(0, 1));
  EXPECT_THAT(vip.peers, ElementsAre(v4(0, 2)));
  EXPECT_EQ(vip.least_ttl, 64);
  EXPECT_TRUE(vip.virtual_mac);
  EXPECT_EQ(vip.lease, 3s);
  EXPECT_EQ(vip.probe_wait, 30ms);
  EXPECT_TRUE(vip.take_answered);
  EXPECT_EQ(vip.conflict_patience, 40s);
  EXPECT_TRUE(vip.release_on_conflict);
  EXPECT_EQ(vip.announce_repeats, 6U);
  EXPECT_EQ(vip.announce_delay, 7s);
  EXPECT_EQ(vip.announce_refresh, 0s);
  EXPECT_EQ(vip.arbiters_needed, 2U);
  EXPECT_EQ(vip.arbiter_interval, 150ms);
  EXPECT_EQ(vip.arbiter_timeout, 120ms);
  EXPECT_EQ(vip.arbiter_fall, 4U);
  EXPECT_EQ(vip.gateway_weight, (Weight{false, -200}));
  EXPECT_THAT(vip.arbiters, ElementsAre(Arbiter{ArbiterKind::kArp, v4(0, 254), 0},
                                        Arbiter{ArbiterKind::kIcmp, IpAddress::v6({0xfe80, 0, 0, 0, 0, 0, 0, 1}), 0},
                                        Arbiter{ArbiterKind::kTcp, v4(0, 9), 22},
                                        Arbiter{ArbiterKind::kUdp, IpAddress::v6({0xfd00, 0, 0, 0, 0, 0, 0, 9}), 53}));
}

TEST_F(VipParseTest, AddressesAreTextsOrTables) {
  const ConfigPtr config = load(with(R"([[vip]]
name = "db"
interface = { gw-a = "eth1", gw-b = "ens3" }
router_id = 1
multicast_group = "224.0.0.19"
addresses = [ "198.18.0.100",
{address="198.18.1.101/24",interface={gw-a="eth2",gw-b="ens4"},label={gw-a="eth2:1",gw-b="ens4:1"},scope="link"} ]
)"),
                                "gw-b");
  const Vip& vip = config->vips.at(0);
  EXPECT_EQ(vip.interface, "ens3");
  EXPECT_THAT(vip.addresses, ElementsAre(VipAddress{v4(0, 100), 32, "", "", "global"},
                                         VipAddress{v4(1, 101), 24, "ens4", "ens4:1", "link"}));
  EXPECT_EQ(vip.multicast_group, IpAddress::v4(224, 0, 0, 19));
}

TEST_F(VipParseTest, VersionTwoCountsInSecondsAndHasAPassword) {
  const Vip vip =
      load_vip("version = 2\nstrict = true\nauth = { type = \"pass\", password_file = \"app.password\" }\n");
  EXPECT_EQ(vip.version, 2);
  EXPECT_EQ(vip.advert_interval, 1s) << "the default of version 2";
  EXPECT_TRUE(vip.strict);
  EXPECT_EQ(vip.auth, VrrpAuth::kPassword);
  EXPECT_EQ(vip.auth_password, "tiger");
  EXPECT_EQ(load_vip("version = 2\nadvert_interval = \"3s\"\n").advert_interval, 3s);
}

TEST_F(VipParseTest, AnAuthenticationHeaderTakesThePasswordAsItsKey) {
  for (const char* auth :
       {R"({ type = "ah", password_file = "app.password" })", R"({ password_file = "app.password", type = "ah" })"}) {
    const Vip vip = load_vip(std::string("version = 2\nauth = ") + auth + "\n");
    EXPECT_EQ(vip.auth, VrrpAuth::kHeader);
    EXPECT_EQ(vip.auth_password, "tiger");
  }
  EXPECT_EQ(to_string(result_), "");
}

TEST_F(VipParseTest, AVipOverIpv6BeginsWithALinkLocalAddress) {
  const ConfigPtr config =
      load(with("[[vip]]\nname = \"six\"\ninterface = \"eth1\"\naddresses = [\"fe80::100/64\", "
                "\"2001:db8::100/64\"]\nrouter_id = 1\n"));
  EXPECT_EQ(to_string(result_), "");
  EXPECT_EQ(config->vips.at(0).addresses.at(1).address.to_string(), "2001:db8::100");
  EXPECT_EQ(config->vips[0].addresses[1].prefix_length, 64);
}

TEST_F(VipParseTest, HeartbeatsMayDifferPerNodeAsAWholeOrInTheirPeers) {
  const std::string key = "heartbeat_key_env = \"REPORT_PASSWORD\"\n";
  const Vip part = load_vip(
      key + R"(heartbeat = [ { interface = "eth2", peers = { gw-a = ["198.18.1.2"], gw-b = ["198.18.1.1"] } } ])",
      "gw-b");
  EXPECT_THAT(part.heartbeats, ElementsAre(HeartbeatPath{"eth2", 694, {v4(1, 1)}}));
  EXPECT_EQ(part.heartbeat_key, "lion");
  const Vip whole = load_vip(
      key + R"(heartbeat = { gw-a = [ { interface = "eth2", peers = ["198.18.1.2"], port = 7000 } ], gw-b = [] })");
  EXPECT_THAT(whole.heartbeats, ElementsAre(HeartbeatPath{"eth2", 7000, {v4(1, 2)}}));
}

TEST_F(VipParseTest, TracksOfEveryKind) {
  const Vip vip = load_vip(R"(preempt = true
track = [
  { service = "orders" },
  { service = "orders", needs = "primary" },
  { service = "orders", needs = "readers", at_least = 2, weight = -30 },
  { interface = "eth2", weight = -20 },
  { script = "/etc/holdfast/check.sh 'a b' c", weight = 5, interval = "2s", rise = 2, fall = 3, user = "nobody" },
  { script = "/bin/test -f /x && exit 1", shell = true, timeout = "300ms" },
  { process = "nginx", at_least = 2, interval = "500ms" },
  { file = "down", weight = -2 },
])");
  EXPECT_EQ(to_string(result_), "");
  ASSERT_EQ(vip.tracks.size(), 8U);
  EXPECT_EQ(vip.tracks[0], (Track{.kind = TrackKind::kService, .target = "orders", .script = {}, .weight = {true, 0}}));
  EXPECT_EQ(vip.tracks[1].needs, ServiceNeeds::kPrimary);
  EXPECT_EQ(vip.tracks[2], (Track{TrackKind::kService, "orders", {}, {false, -30}, ServiceNeeds::kReaders, 2}));
  EXPECT_EQ(vip.tracks[3], (Track{TrackKind::kInterface, "eth2", {}, {false, -20}}));
  EXPECT_EQ(vip.tracks[4], (Track{TrackKind::kScript,
                                  "",
                                  {"db/track/4", {"/etc/holdfast/check.sh", "a b", "c"}, "nobody", 2s},
                                  {false, 5},
                                  ServiceNeeds::kAny,
                                  1,
                                  2s,
                                  2,
                                  3}))
      << "the timeout is the interval where it is not written";
  EXPECT_EQ(vip.tracks[5].script,
            (Script{"db/track/5", {"/bin/sh", "-c", "/bin/test -f /x && exit 1"}, "holdfast", 300ms}));
  EXPECT_EQ(vip.tracks[6], (Track{TrackKind::kProcess, "nginx", {}, {true, 0}, ServiceNeeds::kAny, 2, 500ms}));
  EXPECT_EQ(vip.tracks[7], (Track{TrackKind::kFile, "/etc/holdfast/down", {}, {false, -2}}))
      << "relative to the file's folder";
}

TEST_F(VipParseTest, ListsMayBeWrittenAsTablesOfTheirOwn) {
  const Vip vip = load_vip(R"(heartbeat_key_env = "REPORT_PASSWORD"
[[vip.track]]
interface = "eth1"
[[vip.track]]
process = "nginx"
[[vip.heartbeat]]
interface = "eth2"
peers = ["198.18.1.2"]
[[vip.arbiters]]
icmp = "198.18.0.9"
[vip.priority]
gw-a = 7
)");
  EXPECT_EQ(vip.tracks.size(), 2U);
  EXPECT_EQ(vip.heartbeats.size(), 1U);
  EXPECT_EQ(vip.arbiters.size(), 1U);
  EXPECT_EQ(vip.priority, 7);
}

TEST_F(VipParseTest, ScriptsAreFoundByTheirIds) {
  const std::string keys = R"(track = [ { interface = "eth2" }, { script = "/bin/true" } ]
on_master = "/n m"
on_backup = "/n b"
on_fault = "/n f"
on_stop = "/n s"
on_change = "/n"
notify_user = "ops"
notify_timeout = "7s"
)";
  const ConfigPtr config = load("[node]\nuser = \"carol\"\n" + vip(keys));
  const Script* check = find_script(*config, "db/track/1");
  ASSERT_NE(check, nullptr);
  EXPECT_EQ(*check, (Script{"db/track/1", {"/bin/true"}, "carol", 1s}));
  const Script* on_master = find_script(*config, "db/on_master");
  ASSERT_NE(on_master, nullptr);
  EXPECT_EQ(*on_master, (Script{"db/on_master", {"/n", "m"}, "ops", 7s}));
  for (const char* id : {"db/on_backup", "db/on_fault", "db/on_stop", "db/on_change"}) {
    EXPECT_NE(find_script(*config, id), nullptr) << id;
  }
  for (const char* id : {"", "db/track/0", "db/track/2", "db/on_", "two/on_master"}) {
    EXPECT_EQ(find_script(*config, id), nullptr) << id;
  }
}

TEST_F(VipParseTest, AScriptThatIsNotThereIsEmptyWhateverElseIsSaid) {
  const Vip vip =
      load_vip("notify_user = \"ops\"\nnotify_timeout = \"7s\"\nnotify_shell = true\non_master = \"/n | m\"\n");
  EXPECT_EQ(vip.on_master, (Script{"db/on_master", {"/bin/sh", "-c", "/n | m"}, "ops", 7s}));
  EXPECT_EQ(vip.on_backup, Script{});
}

TEST_F(VipParseTest, ReceiversOfEveryKind) {
  machine_.files["/etc/holdfast/hook.url"] = {"http://[fd00::1]:8080/hook?x=1\n", false};
  machine_.environment["HOOK"] = "http://host:81?x";
  const ConfigPtr config = load(vip(R"(
[[notify]]
fifo = "vip.fifo"
vips = ["db"]
[[notify]]
socket = "/run/x.sock"
timeout = "2s"
retries = 0
[[notify]]
smtp = "mail.example:25"
from = "a@example.org"
to = ["b@example.org", "c@example.org"]
[[notify]]
webhook_file = "hook.url"
token_file = "app.password"
[[notify]]
webhook = "http://host"
[[notify]]
webhook_env = "HOOK"
)"));
  EXPECT_EQ(to_string(result_), "");
  ASSERT_EQ(config->notifies.size(), 6U);
  const std::vector<Notify>& n = config->notifies;
  Notify fifo;
  fifo.path = "/etc/holdfast/vip.fifo";
  fifo.vips = {"db"};
  EXPECT_EQ(n[0], fifo);
  EXPECT_EQ(n[1].kind, NotifyKind::kSocket);
  EXPECT_EQ(n[1].path, "/run/x.sock");
  EXPECT_EQ(n[1].timeout, 2s);
  EXPECT_EQ(n[1].retries, 0U);
  EXPECT_EQ(n[2].kind, NotifyKind::kSmtp);
  EXPECT_EQ(n[2].server, (Endpoint{"mail.example", 25, {}}));
  EXPECT_EQ(n[2].from, "a@example.org");
  EXPECT_THAT(n[2].to, ElementsAre("b@example.org", "c@example.org"));
  EXPECT_EQ(n[3].kind, NotifyKind::kWebhook);
  EXPECT_EQ(n[3].server, (Endpoint{"fd00::1", 8080, {}}));
  EXPECT_EQ(n[3].url, "http://[fd00::1]:8080/hook?x=1");
  EXPECT_EQ(n[3].url_path, "/hook?x=1");
  EXPECT_EQ(n[3].token, "tiger");
  EXPECT_EQ(n[4].server.port, 80);
  EXPECT_EQ(n[4].url_path, "/");
  EXPECT_EQ(n[5].url_path, "/?x");
}

TEST_F(VipParseTest, ReceiversOfEvents) {
  const ConfigPtr config = load(vip(R"(
[[notify]]
name = "pager"
webhook = "http://host"
events = ["HF-2002", "HF-60xx"]
level = "error"
[[notify]]
fifo = "/run/all"
level = "info"
[[notify]]
command = "/bin/page 'the team'"
events = ["HF-6xxx"]
user = "ops"
timeout = "3s"
[[notify]]
command = "page | tee"
shell = true
)"));
  EXPECT_EQ(to_string(result_), "");
  ASSERT_EQ(config->notifies.size(), 4U);
  const std::vector<Notify>& n = config->notifies;
  EXPECT_EQ(n[0].name, "pager");
  EXPECT_THAT(n[0].events, ElementsAre("HF-2002", "HF-60xx"));
  EXPECT_EQ(n[0].level, EventLevel::kError);
  EXPECT_EQ(n[0].command, Script{});
  EXPECT_TRUE(tells_events(n[0]));
  EXPECT_EQ(n[1].level, EventLevel::kInfo);
  EXPECT_TRUE(tells_events(n[1]));
  EXPECT_EQ(n[2].kind, NotifyKind::kCommand);
  EXPECT_EQ(n[2].command, (Script{"notify/2", {"/bin/page", "the team"}, "ops", 3s}));
  EXPECT_EQ(n[3].command, (Script{"notify/3", {"/bin/sh", "-c", "page | tee"}, "holdfast", 10s}));
  EXPECT_FALSE(tells_events(n[3]));
  EXPECT_EQ(find_script(*config, "notify/2"), &n[2].command);
}

TEST_F(VipParseTest, TheSameRouterIdIsFineOnAnotherInterfaceOrFamily) {
  const std::string more = R"(
[[vip]]
name = "six"
interface = "eth1"
addresses = ["fe80::100/64"]
router_id = 51
[[vip]]
name = "other"
interface = "eth2"
addresses = ["198.18.1.100/24"]
router_id = 51
)";
  EXPECT_EQ(load(vip(more))->vips.size(), 3U);
  EXPECT_EQ(to_string(result_), "");
}

TEST_F(VipParseTest, WeightsThatCanMoveTheAddressesDrawNoWarning) {
  const char* const cases[] = {
      "preempt = true\npriority = { gw-a = 110, gw-b = 100 }\ntrack = [ { interface = \"eth2\", weight = -10 } ]\n",
      R"(preempt = true
priority = { gw-a = 110, gw-b = 100 }
track = [ { interface = "eth2", weight = -6 } ]
gateway_weight = -5
)",
      "preempt = true\npriority = { gw-a = 110, gw-b = 100 }\ntrack = [ { interface = \"eth2\" } ]\n",
      "preempt = true\npriority = { gw-a = 110, gw-b = 100 }\ntrack = [ { file = \"/x\", weight = -1 } ]\n",
      "preempt = true\npriority = { gw-a = 110 }\ntrack = [ { interface = \"eth2\", weight = -1 } ]\n",
      "priority = 255\ntrack = [ { interface = \"eth2\", weight = -1 } ]\n",
  };
  for (const char* keys : cases) {
    load_vip(keys);
    EXPECT_EQ(to_string(result_), "") << keys;
  }
}

/// The numbers that policy::vrrp::validate looks at, with the longest refresh that a lease allows.
policy::vrrp::Config machine_of(const Vip& vip) {
  policy::vrrp::Config config;
  config.version = vip.version == 2 ? policy::vrrp::ProtocolVersion::kV2 : policy::vrrp::ProtocolVersion::kV3;
  config.priority = vip.priority;
  config.addresses.resize(vip.addresses.size());
  config.advert_interval = vip.advert_interval;
  config.preempt_delay = vip.preempt_delay;
  config.start_delay = vip.start_delay;
  config.lease = vip.lease;
  config.refresh_interval = vip.lease / 2;
  config.probe_wait = vip.probe_wait;
  config.conflict_patience = vip.conflict_patience;
  config.announce_delay = vip.announce_delay;
  config.announce_refresh = vip.announce_refresh;
  return config;
}

TEST_F(VipParseTest, WhatTheFileMaySayTheMachineTakesAndNothingLess) {
  for (const int version : {2, 3}) {
    for (const char* interval : {"10ms", "15ms", "100ms", "1s", "1500ms", "40950ms", "40960ms", "255s"}) {
      LoadContext context = machine_.context();
      const LoadResult result =
          load_text(vip(fmt::format("version = {}\nadvert_interval = \"{}\"\n", version, interval)), kFile, context);
      Vip tried;
      tried.version = static_cast<std::uint8_t>(version);
      tried.addresses = {{v4(0, 100), 24, "", "", "global"}};
      for (const auto& [text, value] : std::initializer_list<std::pair<std::string_view, Nanos>>{{"10ms", 10ms},
                                                                                                 {"15ms", 15ms},
                                                                                                 {"100ms", 100ms},
                                                                                                 {"1s", 1s},
                                                                                                 {"1500ms", 1500ms},
                                                                                                 {"40950ms", 40950ms},
                                                                                                 {"40960ms", 40960ms},
                                                                                                 {"255s", 255s}}) {
        if (text == interval) tried.advert_interval = value;
      }
      EXPECT_EQ(result.ok(), policy::vrrp::validate(machine_of(tried)).ok()) << version << " " << interval;
    }
  }
  const Vip longest = load_vip(
      "preempt = true\npreempt_delay = \"1h\"\nstart_delay = \"1h\"\nlease = \"60s\"\nprobe_wait = "
      "\"1s\"\nconflict_patience = \"1h\"\n"
      "announce = { delay = \"1h\", refresh = \"1d\" }\npriority = 255\n");
  EXPECT_TRUE(policy::vrrp::validate(machine_of(longest)).ok());
}

}  // namespace
}  // namespace hf::config::section
