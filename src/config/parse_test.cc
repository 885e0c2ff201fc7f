#include "config/parse.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <filesystem>
#include <fstream>

#include "base/limits.h"
#include "config/file/load_context_fake.h"

namespace hf::config {
namespace {

using file::FakeMachine;

constexpr const char* kFile = "/etc/holdfast/holdfast.toml";

/// A good file to which a test adds what it is about: `top` first, `service` inside the service.
std::string with(const std::string& top, const std::string& service = "") {
  return top + R"(
[[service]]
name = "web"
protocol = "tcp"
listen = ["127.0.0.1:8080"]
)" + service +
         R"(
[[service.server]]
address = "10.0.0.1:80"
)";
}

class ParseTest : public testing::Test {
 protected:
  ConfigPtr load(const std::string& text) {
    result_ = load_text(text, kFile, machine_.context());
    EXPECT_EQ(to_string(result_), "");
    return result_.config ? result_.config : std::make_shared<const Config>();
  }
  FakeMachine machine_;
  LoadResult result_;
};

TEST_F(ParseTest, TheSmallestFileTakesEveryDefaultOfTheConfig) {
  Config expected;
  expected.node = {"gw-a", 2, "/var/lib/holdfast"};
  expected.admin.http = {"127.0.0.1", 9400, {}};
  expected.admin.socket = {{}, 0, "/run/holdfast/admin.sock"};
  Service service;  // whatever is not said here is config.h's default
  service.name = "web";
  service.listen = {{{"127.0.0.1", 8080, {}}, {ListenRoute::kSplit}}};
  service.servers = {{"10.0.0.1:80", {"10.0.0.1", 80, {}}, 1}};
  expected.services = {service};
  EXPECT_EQ(*load(with("")), expected);
}

// The contract's own example, without the parts that this version does not have.
TEST_F(ParseTest, TheContractsExampleLoads) {
  const ConfigPtr config = load(R"(
[node]
name  = "gw-a"
shards = 2
state_dir = "/var/lib/holdfast"
[admin]
http   = "127.0.0.1:9400"
socket = "/run/holdfast/admin.sock"
[[service]]
name     = "orders"
protocol = "mysql"
listen   = [
  "127.0.0.1:3306",
  { address = "127.0.0.1:3307", route = "read" },
  { address = "127.0.0.1:3308", route = "write" },
  { unix = "/run/holdfast/orders.sock" },
]
balance = "least-connections"
allow   = ["127.0.0.0/8"]
  [service.mysql]
  monitor = { user = "holdfast", password_file = "/etc/holdfast/monitor.password" }
  users   = [ { name = "app", password_file = "/etc/holdfast/app.password" } ]
  read_your_writes = "off"
  max_replica_lag  = "2s"
  max_server_connections = 100
  [service.check]
  interval = "1s"
  timeout  = "1s"
  rise = 2
  fall = 3
  [[service.server]]
  name = "db1"
  address = "127.0.0.1:13306"
  weight = 1
[cluster]
coordination = "none"
)");
  ASSERT_EQ(config->services.size(), 1U);
  const Service& orders = config->services[0];
  ASSERT_EQ(orders.listen.size(), 4U);
  EXPECT_EQ(orders.listen[1].mysql.route, ListenRoute::kRead);
  EXPECT_EQ(orders.listen[2].mysql.route, ListenRoute::kWrite);
  EXPECT_EQ(orders.listen[3].endpoint.unix_path, "/run/holdfast/orders.sock");
  EXPECT_EQ(orders.allow.at(0).prefix_length, 8);
  EXPECT_EQ(orders.mysql.monitor, (Account{"holdfast", "watch"})) << "the newline at the end is not part of the secret";
  EXPECT_EQ(orders.mysql.users.at(0), (Account{"app", "tiger"}));
  EXPECT_EQ(orders.servers.at(0).name, "db1");
}

constexpr const char* kEverySetting = R"(
[log]
file = "events.log"
format = "json"
level = "error"
[admin]
http = "[::1]:0"
socket = "off"
token_env = "REPORT_PASSWORD"
account = { user = "ops", password_file = "app.password" }
[[service]]
name = "orders"
protocol = "mysql"
listen = "[::1]:3306"
balance = "round-robin"
max_connections = 7
connect_timeout = "1ms"
client_timeout = "1d"
server_timeout = "30s"
resolve_interval = "7s"
[service.check]
interval = "200ms"
timeout = "100ms"
rise = 4
fall = 5
[service.mysql]
monitor = { user = "m", password_file = "monitor.password" }
users_from = "servers"
max_replica_lag = "5s"
max_server_connections = 3
hold_timeout = "0s"
reads_fallback = "none"
pool_idle_timeout = "5m"
max_connection_age = "90s"
slow_start = "20s"
[[service.server]]
name = "a"
address = "db1.example:3306"
weight = 0
[[service.server]]
name = "b"
address = "[fd00::1]:3306"
weight = 1000
)";

TEST_F(ParseTest, EverySettingLandsInItsField) {
  const ConfigPtr config = load(kEverySetting);
  EXPECT_EQ(config->log, (Log{"/etc/holdfast/events.log", LogFormat::kJson, LogLevel::kError}));
  EXPECT_EQ(config->admin.http, (Endpoint{"::1", 0, {}}));
  EXPECT_EQ(config->admin.socket, Endpoint{});
  EXPECT_EQ(config->admin.token, "lion");
  EXPECT_EQ(config->admin.account, (Account{"ops", "tiger"}));
  const Service& service = config->services.at(0);
  EXPECT_EQ(service.balance, Balance::kRoundRobin);
  EXPECT_EQ(service.max_connections, 7U);
  EXPECT_EQ(service.connect_timeout, 1ms);
  EXPECT_EQ(service.client_timeout, 24h);
  EXPECT_EQ(service.server_timeout, 30s);
  EXPECT_EQ(service.resolve_interval, 7s);
  EXPECT_EQ(service.check, (Check{200ms, 100ms, 4, 5}));
  EXPECT_EQ(service.mysql, (Mysql{{"m", "watch"}, {}, true, ReadYourWrites::kOff, 5s, 3, 0s, false, 5min, 90s, 20s}));
  EXPECT_EQ(service.servers.at(0), (Server{"a", {"db1.example", 3306, {}}, 0}));
  EXPECT_EQ(service.servers.at(1), (Server{"b", {"fd00::1", 3306, {}}, 1000}));
}

TEST_F(ParseTest, AMachineOfManyProcessorsGetsNoMoreShardsThanThereIsRoomFor) {
  LoadContext context = machine_.context();
  context.shards = 96;
  const LoadResult loaded = load_text(
      "[[service]]\nname = \"a\"\nprotocol = \"tcp\"\nlisten = [\"127.0.0.1:1\"]\nserver = [{ address = \"10.0.0.1:1\" "
      "}]\n",
      "hf.toml", context);
  ASSERT_TRUE(loaded.ok()) << to_string(loaded);
  EXPECT_EQ(loaded.config->node.shards, kMostShards);
}

TEST_F(ParseTest, ValuesKeyedByNodeNameAreChosenByTheNodesName) {
  const std::string text = with(R"(
[node]
shards = { gw-a = 3, gw-b = 5 }
[admin]
http = { gw-a = "127.0.0.1:1", gw-b = "off" }
account = { gw-a = { user = "a", password_file = "app.password" }, gw-b = { user = "b", password_file = "only-there" } }
)",
                                "[service.check]\nrise = 1");
  const ConfigPtr a = load(text);
  EXPECT_EQ(a->node.shards, 3U);
  EXPECT_EQ(a->admin.http.port, 1);
  EXPECT_EQ(a->admin.account.user, "a") << "secrets of other nodes are not read";

  LoadContext context = machine_.context();
  context.node_name = "gw-b";
  machine_.files["/etc/holdfast/only-there"] = {"x", false};
  const LoadResult b = load_text(text, kFile, context);
  ASSERT_TRUE(b.ok()) << to_string(b);
  EXPECT_EQ(b.config->node.name, "gw-b");
  EXPECT_EQ(b.config->node.shards, 5U);
  EXPECT_EQ(b.config->admin.http, Endpoint{});
}

TEST_F(ParseTest, AListenListMayDifferPerNodeAsAWholeOrInAnAddress) {
  const std::string tail = "\n[[service.server]]\naddress = \"10.0.0.1:80\"\n";
  const std::string head = "[[service]]\nname = \"web\"\nprotocol = \"tcp\"\nlisten = ";
  const ConfigPtr whole = load(head + R"({ gw-a = ["10.0.0.2:80", "10.0.0.2:81"], gw-b = "10.0.0.3:80" })" + tail);
  ASSERT_EQ(whole->services.at(0).listen.size(), 2U);
  EXPECT_EQ(whole->services[0].listen[1].endpoint.port, 81);
  const ConfigPtr part =
      load(head + R"([ "127.0.0.1:80", { address = { gw-a = "10.0.0.2:80", gw-b = "10.0.0.3:80" } } ])" + tail);
  EXPECT_EQ(part->services.at(0).listen.at(1).endpoint.host, "10.0.0.2");
}

TEST_F(ParseTest, TheNodesNameIsOverriddenThenWrittenThenTheHostName) {
  EXPECT_EQ(load(with(""))->node.name, "gw-a");
  EXPECT_EQ(load(with("[node]\nname = \"gw-x\""))->node.name, "gw-x");
  LoadContext context = machine_.context();
  context.node_name = "gw-y";
  EXPECT_EQ(load_text(with("[node]\nname = \"gw-x\""), kFile, context).config->node.name, "gw-y");
}

TEST_F(ParseTest, AnAdminBeyondTheLoopbackIsFineWithALogin) {
  EXPECT_EQ(load(with("[admin]\nhttp = \"0.0.0.0:9400\"\ntoken_env = \"REPORT_PASSWORD\""))->admin.token, "lion");
}

TEST_F(ParseTest, ASecretThatEverybodyCanReadIsAWarning) {
  machine_.files["/etc/holdfast/app.password"].readable_by_others = true;
  const LoadResult result = load_text(with("[admin]\ntoken_file = \"app.password\"\n"), kFile, machine_.context());
  EXPECT_TRUE(result.ok());
  EXPECT_EQ(to_string(result),
            "warning: /etc/holdfast/holdfast.toml:2:14: token_file = \"/etc/holdfast/app.password\", every user of "
            "this machine can read it, take that away with chmod o-r\n");
}

TEST_F(ParseTest, AContextWithoutFunctionsHasNothingToGive) {
  const LoadResult result = load_text(
      with("[admin]\ntoken_file = \"a\"\naccount = { user = \"x\", password_env = \"Y\" }\n"), kFile, LoadContext{});
  EXPECT_EQ(result.errors.size(), 2U) << to_string(result);
}

TEST(LoadFileTest, ReadsAFileAndItsSecretsFromItsFolder) {
  std::string folder = (std::filesystem::temp_directory_path() / "holdfast-config-XXXXXX").string();
  ASSERT_NE(mkdtemp(folder.data()), nullptr);
  std::ofstream(folder + "/token") << "open sesame\n";
  std::filesystem::permissions(folder + "/token", std::filesystem::perms::owner_read);
  std::ofstream(folder + "/holdfast.toml") << with("[admin]\ntoken_file = \"token\"\n");
  const LoadResult result = load_file(folder + "/holdfast.toml", system_context());
  EXPECT_EQ(to_string(result), "");
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result.config->admin.token, "open sesame");

  const LoadResult none = load_file(folder + "/none.toml", system_context());
  ASSERT_EQ(none.errors.size(), 1U);
  EXPECT_EQ(to_string(none.errors[0]), folder +
                                           "/none.toml:1:1: the file cannot be read, open: No such file or directory, "
                                           "correct the path or its permissions");
  std::filesystem::remove_all(folder);
}

TEST(LoadFileTest, AFolderOrAHugeTextIsAnErrorNotATrap) {
  EXPECT_EQ(load_file("/", LoadContext{}).errors.size(), 1U);
  EXPECT_EQ(load_text(std::string((1U << 20) + 1, '#'), kFile, LoadContext{}).errors.at(0).what,
            "the file is too large");
}

}  // namespace
}  // namespace hf::config
