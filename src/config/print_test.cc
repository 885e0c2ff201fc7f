#include "config/print.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>
#include <string>

#include "config/describe.h"
#include "config/diff.h"
#include "config/file/load_context_fake.h"
#include "config/parse.h"

namespace hf::config {
namespace {

using file::FakeMachine;

constexpr const char* kFile = "/etc/holdfast/holdfast.toml";

ConfigPtr loaded(std::string_view text) {
  FakeMachine machine;
  LoadResult result = load_text(text, kFile, machine.context());
  EXPECT_TRUE(result.ok()) << to_string(result);
  return result.config ? result.config : std::make_shared<const Config>();
}

/// Printed, after a look that loading it again changes nothing.
std::string printed(std::string_view text) {
  const ConfigPtr config = loaded(text);
  const std::string out = print_toml(*config);
  EXPECT_EQ(*loaded(out), *config) << out;
  EXPECT_EQ(print_toml(*loaded(out)), out);
  return out;
}

TEST(PrintTest, AFileIsPrintedAsOneWouldWriteIt) {
  EXPECT_EQ(printed(R"toml(
[log]
level = "info"
[[service]]
name = "orders"
protocol = "mysql"
listen = ["127.0.0.1:3306", { route = "read", address = "127.0.0.1:3307" }, { unix = "a b.sock" }]
allow = ["10.0.0.0/8", "::1"]
client_timeout = "90m"
connect_timeout = "1500ms"
check = { rise = 2, fall = 4 }
[service.mysql]
users = [ { name = "app", password_file = "app.password" }, { user = "report", password_env = "REPORT_PASSWORD" } ]
monitor = { user = "m\"x", password_file = "/etc/holdfast/monitor.password" }
pool_idle_timeout = "60s"
max_connection_age = "3600s"
[[service.server]]
address = "db1.example:3306"
[[service.server]]
name = "b"
address = "[fd00:0::1]:3306"
weight = 0
)toml"),
            R"toml([node]
name = "gw-a"
shards = 2

[[service]]
name = "orders"
protocol = "mysql"
listen = [
  "127.0.0.1:3306",
  { address = "127.0.0.1:3307", route = "read" },
  { unix = "/etc/holdfast/a b.sock" },
]
allow = ["10.0.0.0/8", "::1/128"]
connect_timeout = "1500ms"
client_timeout = "90m"

[service.check]
fall = 4

[service.mysql]
monitor = { user = "m\"x", password_file = "/etc/holdfast/monitor.password" }
users = [
  { user = "app", password_file = "/etc/holdfast/app.password" },
  { user = "report", password_env = "REPORT_PASSWORD" },
]
max_connection_age = "1h"

[[service.server]]
address = "db1.example:3306"

[[service.server]]
name = "b"
address = "[fd00::1]:3306"
weight = 0
)toml");
}

TEST(PrintTest, AVipIsPrintedWithWhatItsDefaultsCameTo) {
  EXPECT_EQ(printed(R"toml(
[[vip]]
name = "db"
interface = { gw-a = "eth1", gw-b = "ens3" }
addresses = ["198.18.0.100/24", { address = "198.18.0.101", label = "eth1:1" }]
router_id = 51
version = 2
auth = { type = "ah", password_env = "REPORT_PASSWORD" }
announce = { refresh = "0s" }
heartbeat = [ { interface = "eth2", peers = ["198.18.1.2"] } ]
heartbeat_key_file = "heartbeat.key"
arbiters = [ { tcp = "198.18.0.9:22" } ]
track = [ { script = "/c 'two words'", timeout = "300ms" }, { script = "/a | b", shell = true },
          { file = "down", weight = -2 } ]
on_master = "/n m | tee x"
on_stop = "/n s"
notify_shell = true
notify_user = "ops"
[[notify]]
webhook = "http://host/\\x"
token_file = "app.password"
)toml"),
            R"toml([node]
name = "gw-a"
shards = 2

[[vip]]
name = "db"
interface = "eth1"
addresses = ["198.18.0.100/24", { address = "198.18.0.101/32", label = "eth1:1" }]
router_id = 51
version = 2
advert_interval = "1s"
peers = []
heartbeat_key_file = "/etc/holdfast/heartbeat.key"
on_master = "/n m | tee x"
on_stop = "/n s"
notify_user = "ops"
notify_shell = true

[vip.auth]
type = "ah"
password_env = "REPORT_PASSWORD"

[vip.announce]
refresh = "0s"

[[vip.heartbeat]]
interface = "eth2"
peers = ["198.18.1.2"]

[[vip.arbiters]]
tcp = "198.18.0.9:22"

[[vip.track]]
script = "/c 'two words'"
weight = "release"
timeout = "300ms"
user = "holdfast"

[[vip.track]]
script = "/a | b"
weight = "release"
timeout = "1s"
user = "holdfast"
shell = true

[[vip.track]]
file = "/etc/holdfast/down"
weight = -2

[[notify]]
webhook = "http://host/\\x"
token_file = "/etc/holdfast/app.password"
)toml");
}

TEST(PrintTest, WhatIsOffAndWhatIsEmptyStaysSo) {
  EXPECT_EQ(printed("vip = []\n[admin]\nhttp = \"off\"\nsocket = \"off\"\n"),
            "service = []\n\n[node]\nname = \"gw-a\"\nshards = 2\n\n[admin]\nhttp = \"off\"\nsocket = \"off\"\n");
}

TEST(PrintTest, TheFilesInTheTreeComeBackAsTheyAre) {
  printed(example_file());
  std::ifstream file(HF_SOURCE_DIR "/packaging/holdfast.toml");
  std::stringstream text;
  text << file.rdbuf();
  printed(text.str());
}

TEST(PrintTest, AUrlThatIsASecretIsPrintedByItsPlace) {
  FakeMachine machine;
  machine.files["/etc/holdfast/hook.url"] = {"http://host:81/hook?token=hunter2\n", false};
  machine.environment["HOOK"] = "http://[fd00::1]/services/hunter3";
  const LoadResult result =
      load_text("service = []\n[[notify]]\nwebhook_file = \"hook.url\"\n[[notify]]\nwebhook_env = \"HOOK\"\n", kFile,
                machine.context());
  ASSERT_TRUE(result.ok()) << to_string(result);
  EXPECT_EQ(result.config->notifies.at(0).url_path, "/hook?token=hunter2");
  EXPECT_EQ(result.config->notifies.at(1).server.host, "fd00::1");
  const std::string text = print_toml(*result.config);
  EXPECT_EQ(text.find("hunter"), std::string::npos) << text;
  EXPECT_NE(text.find("[[notify]]\nwebhook_file = \"/etc/holdfast/hook.url\"\n\n[[notify]]\nwebhook_env = \"HOOK\"\n"),
            std::string::npos)
      << text;
  const LoadResult again = load_text(text, kFile, machine.context());
  ASSERT_TRUE(again.ok()) << to_string(again);
  EXPECT_EQ(*again.config, *result.config);
  for (const std::string& line : describe(diff(Config{}, *result.config))) {
    EXPECT_EQ(line.find("hunter"), std::string::npos) << line;
  }
}

TEST(PrintTest, ASecretThatCameFromNowhereIsLeftOut) {
  Config config = *loaded(example_file());
  config.admin.token = "hunter2";
  config.services[0].mysql.users[0] = {"app", "hunter3", {}};
  const std::string text = print_toml(config);
  EXPECT_EQ(text.find("hunter"), std::string::npos) << text;
  EXPECT_NE(text.find("{ user = \"app\" }"), std::string::npos) << text;
}

TEST(PrintTest, TheSameSecretFromAnotherPlaceIsNoChange) {
  const std::string text(example_file());
  FakeMachine machine;
  machine.files["/elsewhere/app"] = {"tiger", false};
  std::string moved = text;
  moved.replace(moved.find("/etc/holdfast/app.password"), sizeof "/etc/holdfast/app.password" - 1, "/elsewhere/app");
  const LoadResult before = load_text(text, kFile, machine.context());
  const LoadResult after = load_text(moved, kFile, machine.context());
  ASSERT_TRUE(before.ok() && after.ok()) << to_string(after);
  EXPECT_EQ(*before.config, *after.config);
  EXPECT_TRUE(diff(*before.config, *after.config).empty());
  EXPECT_NE(print_toml(*after.config).find("password_file = \"/elsewhere/app\""), std::string::npos);
}

}  // namespace
}  // namespace hf::config
