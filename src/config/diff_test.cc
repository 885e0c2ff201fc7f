#include "config/diff.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/load_context_fake.h"
#include "config/parse.h"
#include "config/schema.h"
#include "config/units.h"

namespace hf::config {
namespace {

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
  service.listen = {{{"127.0.0.1", 3306, {}}, ListenRoute::kSplit}, {{"127.0.0.1", 3307, {}}, ListenRoute::kRead}};
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
  service.listen = {{{"127.0.0.1", 3306, {}}, ListenRoute::kWrite}, {{"::1", 3306, {}}, ListenRoute::kSplit}};
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
  EXPECT_THAT(changes.needs_restart, ElementsAre("node.shards changed from 2 to 4", "admin.http changed from 127.0.0.1:9400 to off"));
  EXPECT_THAT(changes.settings, ElementsAre("admin.token", "log.level"));
  EXPECT_THAT(describe(changes), ElementsAre("admin.token changed", "log.level changed", "node.shards changed from 2 to 4 (takes a restart)",
                                             "admin.http changed from 127.0.0.1:9400 to off (takes a restart)"));
}

/// A value of the key that is not its default, in TOML; empty where there is none.
std::string other_value(const Key& key) {
  switch (key.kind) {
    case Kind::kCount: return fmt::format("{}", key.max);
    case Kind::kDuration: return fmt::format("\"{}\"", format_duration(Nanos{key.max}));
    case Kind::kFlag: return key.fallback == "true" ? "false" : "true";
    case Kind::kNetworks: return "[\"10.0.0.0/8\"]";
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
    const ConfigPtr after = loaded(parent == "service." ? line : "", parent == "service.mysql." ? line : "", parent == "service.check." ? line : "");
    ASSERT_TRUE(after) << key.path;
    const ConfigDiff changes = diff(*before, *after);
    ASSERT_EQ(changes.service_changes.size(), 1U) << key.path;
    EXPECT_THAT(changes.service_changes[0].settings, ElementsAre(std::string(key.path.substr(sizeof "service." - 1))));
    ++tried;
  }
  EXPECT_GE(tried, 17);
}

}  // namespace
}  // namespace hf::config
