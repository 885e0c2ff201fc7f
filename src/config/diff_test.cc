#include "config/diff.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "config/file/load_context_fake.h"
#include "config/parse.h"
#include "config/schema.h"
#include "config/file/units.h"

namespace hf::config {
namespace {

using file::FakeMachine;
using file::format_duration;
using file::Key;
using file::Kind;

using testing::ElementsAre;
using testing::IsEmpty;

Config base() {
  Config config;
  config.node = {"gw-a", 2, "/var/lib/holdfast"};
  config.admin.http = {"127.0.0.1", 9400, {}};
  config.admin.socket = {{}, 0, "/run/a.sock"};
  Service service;
  service.name = "orders";
  service.protocol = Protocol::kMysql;
  service.listen = {{{"127.0.0.1", 3306, {}}, {ListenRoute::kSplit}}, {{"127.0.0.1", 3307, {}}, {ListenRoute::kRead}}};
  service.servers = {{"db1", {"10.0.0.1", 3306, {}}, 1}, {"db2", {"10.0.0.2", 3306, {}}, 1}};
  service.mysql.users = {{"app", "tiger"}};
  config.services = {service};
  return config;
}

TEST(DiffTest, NothingChangedIsEmpty) {
  EXPECT_TRUE(diff(base(), base()).empty());
  EXPECT_THAT(describe(diff(base(), base())), IsEmpty());
}

TEST(DiffTest, ServicesComeAndGoByName) {
  Config after = base();
  after.services[0].name = "stock";
  const ConfigDiff changes = diff(base(), after);
  EXPECT_THAT(changes.services.added, ElementsAre("stock"));
  EXPECT_THAT(changes.services.removed, ElementsAre("orders"));
  EXPECT_THAT(changes.services.changed, IsEmpty());
  EXPECT_THAT(changes.service_changes, IsEmpty());
}

TEST(DiffTest, AServiceThatSpeaksAnotherProtocolIsAnotherService) {
  Config after = base();
  after.services[0].protocol = Protocol::kTcp;
  const ConfigDiff changes = diff(base(), after);
  EXPECT_THAT(changes.services.added, ElementsAre("orders"));
  EXPECT_THAT(changes.services.removed, ElementsAre("orders"));
}

TEST(DiffTest, ServersListenersAndUsersAreComparedByIdentity) {
  Config after = base();
  Service& service = after.services[0];
  service.servers = {{"db3", {"10.0.0.3", 3306, {}}, 1}, {"db1", {"10.0.0.1", 3306, {}}, 5}};
  service.listen = {{{"127.0.0.1", 3306, {}}, {ListenRoute::kWrite}}, {{"::1", 3306, {}}, {ListenRoute::kSplit}}};
  service.mysql.users = {{"app", "lion"}, {"report", "x"}};
  const ConfigDiff changes = diff(base(), after);
  ASSERT_EQ(changes.service_changes.size(), 1U);
  const ServiceDiff& in = changes.service_changes[0];
  EXPECT_EQ(in.name, "orders");
  EXPECT_THAT(in.servers.added, ElementsAre("db3"));
  EXPECT_THAT(in.servers.removed, ElementsAre("db2"));
  EXPECT_THAT(in.servers.changed, ElementsAre("db1"));
  EXPECT_THAT(in.listeners.added, ElementsAre("[::1]:3306"));
  EXPECT_THAT(in.listeners.removed, ElementsAre("127.0.0.1:3307"));
  EXPECT_THAT(in.listeners.changed, ElementsAre("127.0.0.1:3306"));
  EXPECT_THAT(in.users.added, ElementsAre("report"));
  EXPECT_THAT(in.users.changed, ElementsAre("app"));
  EXPECT_THAT(in.settings, IsEmpty());
  for (const std::string& line : describe(changes)) EXPECT_EQ(line.find("lion"), std::string::npos) << line;
}

TEST(DiffTest, ANewOrderAloneIsAChangeToo) {
  Config after = base();
  std::swap(after.services[0].servers[0], after.services[0].servers[1]);
  const ConfigDiff changes = diff(base(), after);
  ASSERT_EQ(changes.service_changes.size(), 1U);
  EXPECT_THAT(changes.service_changes[0].settings, ElementsAre("order"));
}

TEST(DiffTest, WhatNeedsARestartIsNamedInWords) {
  Config after = base();
  after.node.shards = 4;
  after.admin.http = {};
  after.admin.token = "secret";
  after.log.level = LogLevel::kDebug;
  const ConfigDiff changes = diff(base(), after);
  EXPECT_THAT(changes.needs_restart,
              ElementsAre("node.shards changed from 2 to 4", "admin.http changed from 127.0.0.1:9400 to off"));
  EXPECT_THAT(changes.settings, ElementsAre("admin.token", "log.level"));
  EXPECT_THAT(describe(changes), ElementsAre("admin.token changed", "log.level changed",
                                             "node.shards changed from 2 to 4 (takes a restart)",
                                             "admin.http changed from 127.0.0.1:9400 to off (takes a restart)"));
}

Vip some_vip(const std::string& name) {
  Vip vip;
  vip.name = name;
  vip.interface = "eth1";
  vip.addresses = {{IpAddress::v4(198, 18, 0, 100), 24, "", "", "global"}};
  vip.router_id = 51;
  return vip;
}

TEST(DiffTest, VipsAreComparedByName) {
  Config before = base();
  before.vips = {some_vip("db"), some_vip("web"), some_vip("old")};
  Config after = before;
  after.vips = {some_vip("new"), some_vip("db"), some_vip("web")};
  after.vips[1].priority = 90;
  after.vips[1].announce_delay = 1s;
  after.vips[1].auth_password = "hunter2";
  const ConfigDiff changes = diff(before, after);
  EXPECT_THAT(changes.vips.added, ElementsAre("new"));
  EXPECT_THAT(changes.vips.removed, ElementsAre("old"));
  EXPECT_THAT(changes.vips.changed, ElementsAre("db"));
  ASSERT_EQ(changes.vip_changes.size(), 1U);
  EXPECT_EQ(changes.vip_changes[0].name, "db");
  EXPECT_THAT(changes.vip_changes[0].settings, ElementsAre("priority", "auth", "announce.delay"));
  EXPECT_THAT(describe(changes), ElementsAre("vip new added", "vip old removed", "vip db: priority changed",
                                             "vip db: auth changed", "vip db: announce.delay changed"));
}

TEST(DiffTest, TheFirstVipTakesARestartBecauseNobodyIsThereToHoldIt) {
  Config after = base();
  after.vips = {some_vip("db")};
  EXPECT_THAT(describe(diff(base(), after)),
              ElementsAre("vip db added", "vip: the first one needs the process that holds it (takes a restart)"));
  EXPECT_THAT(diff(after, base()).needs_restart, IsEmpty());
}

TEST(DiffTest, TheFirstPortOfRootsAndTheFirstProgramTakeARestart) {
  Config low = base();
  low.services.at(0).listen.at(0).endpoint.port = 443;
  EXPECT_THAT(diff(base(), low).needs_restart,
              ElementsAre("listen: the first port below 1024 needs the process that opens it"));
  Config told = base();
  Notify command;
  command.kind = NotifyKind::kCommand;
  command.command.command = {"/bin/true"};
  command.command.id = "notify/1";
  told.notifies = {command};
  EXPECT_THAT(diff(base(), told).needs_restart,
              ElementsAre("command: the first program needs the process that runs it"));
  EXPECT_THAT(diff(low, told).needs_restart, IsEmpty()) << "somebody is there";
}

TEST(DiffTest, WhoIsToldIsComparedByReceiver) {
  Config before = base();
  Notify fifo;
  fifo.path = "/run/a";
  Notify mail;
  mail.kind = NotifyKind::kSmtp;
  mail.server = {"127.0.0.1", 25, {}};
  Notify hook;
  hook.kind = NotifyKind::kWebhook;
  hook.url = "http://a/b";
  Notify secret_hook;
  secret_hook.kind = NotifyKind::kWebhook;
  secret_hook.server = {"c", 80, {}};
  secret_hook.url = "http://c/hunter2?token=hunter2";
  secret_hook.url_from.variable = "HOOK";
  before.notifies = {fifo, mail, mail};
  Config after = before;
  after.notifies[2].to = {"b@example.org"};
  after.notifies[0] = hook;
  after.notifies.push_back(secret_hook);
  const ConfigDiff changes = diff(before, after);
  EXPECT_THAT(changes.notifies.added, ElementsAre("webhook http://a/b", "webhook c:80"));
  EXPECT_THAT(changes.notifies.removed, ElementsAre("fifo /run/a"));
  EXPECT_THAT(changes.notifies.changed, ElementsAre("smtp 127.0.0.1:25 (2)"));
  EXPECT_THAT(describe(changes), ElementsAre("notify webhook http://a/b added", "notify webhook c:80 added",
                                             "notify fifo /run/a removed", "notify smtp 127.0.0.1:25 (2) changed"));
}

TEST(DiffTest, TheOrderOfVipsAndReceiversAloneIsAChangeToo) {
  Config before = base();
  before.vips = {some_vip("a"), some_vip("b")};
  Config after = before;
  std::swap(after.vips[0], after.vips[1]);
  EXPECT_THAT(diff(before, after).settings, ElementsAre("the order in the file"));
}

TEST(DiffTest, WhatTheGuardianNeedsTakesARestartAndItsTimesDoNot) {
  Config after = base();
  after.node.user = "carol";
  after.node.realtime_priority = 0;
  after.node.gateway_silence = 2s;
  after.node.gateway_kill = 20s;
  const ConfigDiff changes = diff(base(), after);
  EXPECT_THAT(changes.needs_restart,
              ElementsAre("node.user changed from holdfast to carol", "node.realtime_priority changed from 20 to 0"));
  EXPECT_THAT(changes.settings, ElementsAre("node.gateway_silence", "node.gateway_kill"));
}

/// A value of the key that is not its default, in TOML; empty where there is none.
std::string other_value(const Key& key) {
  switch (key.kind) {
    case Kind::kCount: return fmt::format("{}", key.max);
    case Kind::kDuration: return fmt::format("\"{}\"", format_duration(Nanos{key.max}));
    case Kind::kFlag: return key.fallback == "true" ? "false" : "true";
    case Kind::kNetworks: return "[\"10.0.0.0/8\"]";
    case Kind::kIp: return key.leaf() == "source" ? "\"198.18.0.1\"" : "\"224.0.0.19\"";
    case Kind::kIps: return "[\"198.18.0.2\"]";
    case Kind::kWeight: return "-20";
    case Kind::kCommand: return "\"/bin/true\"";
    case Kind::kChoice:
      for (const std::string_view choice : key.choices) {
        if (fmt::format("\"{}\"", choice) != key.fallback) return fmt::format("\"{}\"", choice);
      }
      return {};
    default: return {};
  }
}

ConfigPtr loaded(const std::string& service_keys, const std::string& mysql_keys, const std::string& check_keys) {
  FakeMachine machine;
  const std::string text = fmt::format(R"(
[[service]]
name = "orders"
protocol = "mysql"
listen = "127.0.0.1:3306"
{}
[service.mysql]
monitor = {{ user = "m", password_file = "monitor.password" }}
users = [ {{ name = "app", password_file = "app.password" }} ]
{}
[service.check]
{}
[[service.server]]
address = "127.0.0.1:13306"
)",
                                       service_keys, mysql_keys, check_keys);
  LoadResult result = load_text(text, "/etc/holdfast/holdfast.toml", machine.context());
  EXPECT_EQ(to_string(result), "");
  return result.config;
}

TEST(DiffTest, EverySettingOfAServiceInTheSchemaIsNamedWhenItChanges) {
  const ConfigPtr before = loaded("", "", "");
  int tried = 0;
  for (const Key& key : schema()) {
    const std::string parent(key.path.substr(0, key.path.size() - key.leaf().size()));
    const std::string value = other_value(key);
    const bool plain = parent == "service." || parent == "service.mysql." || parent == "service.check.";
    if (!plain || value.empty() || key.required) continue;
    const std::string line = fmt::format("{} = {}", key.leaf(), value);
    const ConfigPtr after = loaded(parent == "service." ? line : "", parent == "service.mysql." ? line : "",
                                   parent == "service.check." ? line : "");
    ASSERT_TRUE(after) << key.path;
    const ConfigDiff changes = diff(*before, *after);
    ASSERT_EQ(changes.service_changes.size(), 1U) << key.path;
    EXPECT_THAT(changes.service_changes[0].settings, ElementsAre(std::string(key.path.substr(sizeof "service." - 1))));
    ++tried;
  }
  EXPECT_GE(tried, 17);
}

/// The settings of a VIP that differ when `keys` are written.
std::vector<std::string> vip_settings_changed_by(const std::string& keys) {
  FakeMachine machine;
  const auto load = [&machine](const std::string& more) {
    const std::string text =
        "service = [ { name = \"web\", protocol = \"tcp\", listen = \"127.0.0.1:80\", server = [ { address = "
        "\"10.0.0.1:80\" } ] } ]\n"
        "[[vip]]\nname = \"db\"\ninterface = \"eth1\"\naddresses = [\"198.18.0.100/24\"]\nrouter_id = 51\n" +
        more;
    LoadResult result = load_text(text, "/etc/holdfast/holdfast.toml", machine.context());
    EXPECT_TRUE(result.ok()) << to_string(result);
    return result.config;
  };
  const ConfigPtr before = load("");
  const ConfigPtr after = load(keys);
  if (!before || !after) return {};
  const ConfigDiff changes = diff(*before, *after);
  return changes.vip_changes.size() == 1 ? changes.vip_changes[0].settings : std::vector<std::string>{};
}

TEST(DiffTest, EverySettingOfAVipInTheSchemaIsNamedWhenItChanges) {
  const std::map<std::string_view, std::string> company = {
      // what a key cannot be without
      {"advert_interval", "advert_interval = \"200ms\""},
      {"lease", "lease = \"2s\""},
      {"version", "version = 2\nadvert_interval = \"1s\""},
      {"preempt_delay", "preempt_delay = \"1s\"\npreempt = true"},
      {"strict", "strict = true\nversion = 2"},
      {"least_ttl", "least_ttl = 64\npeers = [\"198.18.0.2\"]"},
      {"arbiters_needed", "arbiters_needed = 2\narbiters = [ { icmp = \"198.18.0.8\" }, { icmp = \"198.18.0.9\" } ]"},
      {"priority", "priority = 7"},
      {"router_id", ""},
      {"accept", ""},  // has one value
      {"notify_shell", ""},
      {"notify_timeout", ""}};
  int tried = 0;
  for (const Key& key : schema()) {
    const std::string parent(key.path.substr(0, key.path.size() - key.leaf().size()));
    if (parent != "vip." && parent != "vip.announce.") continue;
    const auto special = company.find(key.leaf());
    const std::string value = other_value(key);
    if (key.required || value.empty() || (special != company.end() && special->second.empty())) continue;
    const std::string line = parent == "vip." ? fmt::format("{} = {}", key.leaf(), value)
                                              : fmt::format("announce = {{ {} = {} }}", key.leaf(), value);
    const std::string name(key.path.substr(sizeof "vip." - 1));
    EXPECT_THAT(vip_settings_changed_by(special == company.end() ? line : special->second), testing::Contains(name))
        << key.path;
    ++tried;
  }
  EXPECT_GE(tried, 31);
  EXPECT_THAT(vip_settings_changed_by("track = [ { interface = \"eth1\" } ]"), ElementsAre("track"));
  EXPECT_THAT(vip_settings_changed_by("sync_group = \"a\""), ElementsAre("sync_group"));
  EXPECT_THAT(vip_settings_changed_by("on_stop = \"/n\"\nnotify_timeout = \"1s\""), ElementsAre("on_stop"));
  EXPECT_THAT(vip_settings_changed_by("heartbeat = [ { interface = \"eth1\", peers = [\"198.18.0.2\"] } "
                                      "]\nheartbeat_key_env = \"REPORT_PASSWORD\""),
              ElementsAre("heartbeat", "heartbeat_key"));
}

}  // namespace
}  // namespace hf::config
