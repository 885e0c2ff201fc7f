// Bad files and the exact words that an operator gets for them. The words are part of the interface: change them on
// purpose.
#include <gtest/gtest.h>

#include "config/file/load_context_fake.h"
#include "config/parse.h"

// clang-format off: tables read better in columns

namespace hf::config {
namespace {

using file::FakeMachine;

std::string complaints(const std::string& text) {
  FakeMachine machine;
  const LoadResult result = load_text(text, "hf.toml", machine.context());
  EXPECT_EQ(result.ok(), result.errors.empty());
  return to_string(result);
}

/// A good tcp service with one more line of its own (line 5), one in its server (line 8), and more after that (from line 9).
std::string tcp(const std::string& line, const std::string& server_line = "", const std::string& more = "") {
  return "[[service]]\nname = \"web\"\nprotocol = \"tcp\"\nlisten = [\"127.0.0.1:8080\"]\n" + line +
         "\n[[service.server]]\naddress = \"10.0.0.1:80\"\n" + server_line + "\n" + more;
}

/// A mysql service without accounts, with one line in [service.mysql] (line 6).
std::string mysql(const std::string& line) {
  return "[[service]]\nname = \"db\"\nprotocol = \"mysql\"\nlisten = [\"127.0.0.1:3306\"]\n[service.mysql]\n" + line +
         "\n[[service.server]]\naddress = \"10.0.0.1:3306\"\n";
}

struct Case {
  std::string text;
  std::string expected;  // without the file's name, one line
};

class BadFile : public testing::TestWithParam<Case> {};

TEST_P(BadFile, IsToldExactly) { EXPECT_EQ(complaints(GetParam().text), "hf.toml:" + GetParam().expected + "\n") << GetParam().text; }

INSTANTIATE_TEST_SUITE_P(Names, BadFile, testing::Values(
    Case{"", "1:1: [[service]] is missing, the file needs a service or a VIP at least, add [[service]] or [[vip]]"},
    Case{"x = ", "1:5: this is not TOML, Error while parsing key-value pair: encountered end-of-file, correct this line, the rest was not looked at"},
    Case{tcp("max_conections = 5"), R"(5:1: unknown key "max_conections", [[service]] has no such key, did you mean "max_connections"?)"},
    Case{tcp("hold_timeout = \"1s\""), R"(5:1: unknown key "hold_timeout", [[service]] has no such key, hold_timeout belongs in [service.mysql])"},
    Case{tcp("[service.check]\nfrobnicate = 1"), R"(6:1: unknown key "frobnicate", [service.check] has no such key, the keys are interval, timeout, rise, fall)"},
    Case{tcp("") + "[servces]\n", R"(9:2: unknown key "servces", the file has no such key, did you mean "service"?)"},
    Case{tcp("", "", "[[service]]\nname = \"web\"\nprotocol = \"tcp\"\nlisten = \"127.0.0.1:1\"\nserver = [{ address = \"10.0.0.1:1\" }]\n"),
         R"(10:8: service "web" is there twice, the first one is at line 2, give each a name of its own)"},
    Case{tcp("", "name = \"a\"", "[[service.server]]\nname = \"a\"\naddress = \"10.0.0.2:80\"\n"),
         R"(10:8: server "a" is there twice, the first one is at line 8, give each a name of its own)"},
    Case{tcp("", "name = \"a b\""),
         R"(8:8: name = "a b", a name has at most 64 letters, digits, dots, dashes and underscores, write for example name = "orders")"}));

INSTANTIATE_TEST_SUITE_P(Values, BadFile, testing::Values(
    Case{tcp("connect_timeout = 5"), R"(5:19: connect_timeout = 5, a duration needs a unit, write "5s" or "5ms")"},
    Case{tcp("connect_timeout = 1.5"), R"(5:19: connect_timeout = 1.5, a duration needs a unit, write "5s" or "5ms")"},
    Case{tcp("connect_timeout = \"5\""),
         R"(5:19: connect_timeout = "5", a duration needs a unit (ns, us, ms, s, m, h, d), write for example connect_timeout = "3s")"},
    Case{tcp("connect_timeout = \"1w\""),
         R"(5:19: connect_timeout = "1w", the units of a duration are ns, us, ms, s, m, h, d, write for example connect_timeout = "3s")"},
    Case{tcp("connect_timeout = \"1h\""), R"(5:19: connect_timeout = "1h", the range is 1ms to 5m, write for example connect_timeout = "3s")"},
    Case{tcp("connect_timeout = true"), R"(5:19: connect_timeout = true, a duration in quotes is expected, write for example connect_timeout = "3s")"},
    Case{tcp("max_connections = \"5\""),
         R"(5:19: max_connections = "5", a whole number without quotes is expected, write for example max_connections = 10000)"},
    Case{tcp("max_connections = -1"), "5:19: max_connections = -1, the range is 1 to 1000000, write for example max_connections = 10000"},
    Case{tcp("", "weight = 1001"), "8:10: weight = 1001, the range is 0 to 1000, write for example weight = 1"},
    Case{tcp("", "weight = 0"), R"(8:10: weight = 0 for every server, service "web" would serve nobody, give at least one server a weight of 1 or more)"},
    Case{tcp("balance = \"roundrobin\""), R"(5:11: balance = "roundrobin", the choice is least-connections, round-robin, did you mean "round-robin"?)"},
    Case{tcp("allow = \"10.0.0.0/8\""), R"(5:9: allow = "10.0.0.0/8", a list of networks is expected, write for example allow = ["10.0.0.0/8"])"},
    Case{tcp("allow = [\n\"10.0.0.1/8\"]"),
         R"(6:1: allow holds "10.0.0.1/8", the network of that size is 10.0.0.0/8, write for example allow = ["10.0.0.0/8"])"},
    Case{tcp("", "", "[node]\nstate_dir = \"\"\n"),
         R"(10:13: state_dir = "", it must not be empty, write for example state_dir = "/var/lib/holdfast")"},
    Case{tcp("", "", "[log]\nfile = \"a\\nb\"\n"),
         R"(10:8: file = "a\x0ab", it holds a control character, write for example file = "/etc/holdfast/file")"},
    Case{tcp("", "", "[[node]]\n"), "9:1: node is a list, one table is expected, write [node] or node = { … }"},
    Case{tcp("", "", "[admin]\nsocket = \"/" + std::string(107, 'x') + "\"\n"),
         "10:10: socket = \"/" + std::string(63, 'x') + "…\", the path of a Unix socket has at most 107 bytes, write a shorter path"}));

INSTANTIATE_TEST_SUITE_P(Addresses, BadFile, testing::Values(
    Case{tcp("", "", "[admin]\nhttp = \"localhost:1\"\n"),
         R"(10:8: http = "localhost:1", a listener needs an address in numbers, write "127.0.0.1:port", "0.0.0.0:port" or "[::]:port")"},
    Case{tcp("", "", "[admin]\nhttp = \"0.0.0.0:9400\"\n"),
         R"(10:8: admin.http = "0.0.0.0:9400", others can reach it and it has neither token nor account, add token_file or account to [admin] or listen on 127.0.0.1)"},
    Case{tcp("", "", "[admin]\nhttp = \"0.0.0.0:8080\"\ntoken_env = \"REPORT_PASSWORD\"\n"),
         R"(4:11: listener "127.0.0.1:8080" is taken, admin.http listens on "0.0.0.0:8080" already, choose another address or port)"},
    Case{tcp("", "", "[[service]]\nname = \"b\"\nprotocol = \"tcp\"\nlisten = \"127.0.0.1:8080\"\nserver = [{ address = \"10.0.0.1:1\" }]\n"),
         R"(12:10: listener "127.0.0.1:8080" is taken, service "web" listens there already, choose another address or port)"},
    Case{tcp("", "", "[[service.server]]\naddress = \"127.0.0.1:8080\"\n"),
         R"(10:11: server address "127.0.0.1:8080", the service itself listens there and would connect to itself, write the address of the real server)"},
    Case{tcp("", "", "[[service.server]]\naddress = \"localhost:8080\"\n"),
         R"(10:11: server address "localhost:8080", the service itself listens there and would connect to itself, write the address of the real server)"},
    Case{tcp("", "", "[[service.server]]\naddress = \"db1\"\n"), R"(10:11: address = "db1", the port is missing, write for example address = "10.0.0.1:3306")"},
    Case{tcp("", "", "[[service.server]]\naddress = \"fd00::1:80\"\n"),
         R"(10:11: address = "fd00::1:80", an IPv6 address needs brackets, write for example address = "10.0.0.1:3306")"},
    Case{tcp("", "", "[[service.server]]\naddress = \"db1:0\"\n"),
         R"(10:11: address = "db1:0", a server cannot listen at port 0, write for example address = "10.0.0.1:3306")"},
    Case{tcp("", "", "[[service.server]]\nname = \"b\"\n"), "9:1: address is missing, [[service.server]] needs it, add address = \"10.0.0.1:3306\""},
    Case{"[[service]]\nname = \"a\"\nprotocol = \"tcp\"\nlisten = []\nserver = [{ address = \"10.0.0.1:1\" }]\n",
         R"(4:10: listen is empty, at least one is needed, write listen = ["127.0.0.1:3306"])"},
    Case{"[[service]]\nname = \"a\"\nprotocol = \"tcp\"\nlisten = [{ route = \"split\" }]\nserver = [{ address = \"10.0.0.1:1\" }]\n",
         R"(4:11: address or unix is missing, [service.listen] needs one of them, add address = "127.0.0.1:3306")"},
    Case{"[[service]]\nname = \"a\"\nprotocol = \"tcp\"\nlisten = [{ address = \"127.0.0.1:1\", unix = \"/a\" }]\nserver = [{ address = \"10.0.0.1:1\" }]\n",
         R"(4:38: unix besides address, [service.listen] takes one of address or unix, remove one of them)"},
    Case{"[[service]]\nname = \"a\"\nprotocol = \"tcp\"\nlisten = [7]\nserver = [{ address = \"10.0.0.1:1\" }]\n",
         R"(4:11: listen holds 7, each element is a table, write listen = ["127.0.0.1:3306"])"},
    Case{"[[service]]\nname = \"a\"\nprotocol = \"tcp\"\nlisten = [{ address = \"127.0.0.1:1\", route = \"read\" }]\nserver = [{ address = \"10.0.0.1:1\" }]\n",
         R"(4:46: route in a tcp service, only mysql services tell reads from writes, remove it or write protocol = "mysql")"},
    Case{"[[service]]\nname = \"a\"\nprotocol = \"tcp\"\nlisten = [\"127.0.0.1:1\"]\n",
         "1:1: [[service.server]] is missing, [[service]] needs at least one, add [[service.server]]"},
    Case{"service = 5", "1:11: service is 5, a list is expected, write [[service]]"}));

INSTANTIATE_TEST_SUITE_P(Secrets, BadFile, testing::Values(
    Case{tcp("", "", "[admin]\ntoken = \"hunter2\"\n"),
         "10:1: token is in the clear, secrets come from a file or from the environment, use token_file or token_env"},
    Case{tcp("", "", "[admin]\naccount = { user = \"a\", password = \"hunter2\" }\n"),
         "10:25: password is in the clear, secrets come from a file or from the environment, use password_file or password_env"},
    Case{tcp("", "", "[admin]\naccount = { user = \"a\" }\n"),
         R"(10:11: password_file or password_env is missing, [admin.account] needs one of them, add password_file = "/etc/holdfast/file")"},
    Case{tcp("", "", "[admin]\ntoken_file = \"none\"\n"), R"(10:14: token_file = "none", there is no such file, create it or correct the path)"},
    Case{tcp("", "", "[admin]\ntoken_env = \"hunter2\"\n"),
         "10:13: token_env names a variable that is not set, the secret cannot be read, set it before the start"},
    Case{tcp("", "", "[admin]\ntoken_env = \"REPORT_PASSWORD\"\ntoken_file = \"/etc/holdfast/app.password\"\n"),
         "10:1: token_env besides token_file, [admin] takes one of token_file or token_env, remove one of them"},
    Case{mysql("users_from = \"servers\""),
         R"(5:1: monitor is missing, checks of the mysql service "db" log in with it, add monitor = { user = "…", password_file = "…" } to [service.mysql])"},
    Case{mysql("monitor = { user = \"m\", password_env = \"REPORT_PASSWORD\" }"),
         R"(5:1: users is missing, nobody could log in to service "db", add users = [ { name = "…", password_file = "…" } ] or users_from = "servers" to [service.mysql])"},
    Case{mysql("monitor = { user = \"m\", password_env = \"REPORT_PASSWORD\" }\nusers = [\n{ name = \"a\", password_env = \"REPORT_PASSWORD\" },\n"
               "{ user = \"a\", password_env = \"REPORT_PASSWORD\" }]"),
         R"(9:10: user "a" is there twice, the first one is at line 8, give each a name of its own)"},
    Case{tcp("[service.mysql]"), R"(5:1: [service.mysql] in a tcp service, only mysql services have it, remove it or write protocol = "mysql")"}));

INSTANTIATE_TEST_SUITE_P(PerNode, BadFile, testing::Values(
    Case{tcp("", "", "[node]\nshards = { gw-b = 2 }\n"),
         R"(10:1: shards has no value for this node, this node is "gw-a" and the table is keyed by node name, add gw-a = 1 or write one value for all nodes)"},
    Case{tcp("", "", "[node]\nshards = { gw-a = 2, gw-b = 0 }\n"), "10:29: shards = 0, the range is 1 to 64, write for example shards = 1"},
    Case{tcp("", "", "[node]\nshards = 65\n"), "10:10: shards = 65, the range is 1 to 64, write for example shards = 1"},
    Case{tcp("max_connections = { gw-a = 2 }"),
         "5:19: max_connections = a table, a whole number without quotes is expected, write for example max_connections = 10000"}));

INSTANTIATE_TEST_SUITE_P(Later, BadFile, testing::Values(
    Case{tcp("", "", "[[virtual_server]]\nname = \"x\"\n"), "9:3: virtual_server is in the file, not available in this version, remove it"},
    Case{tcp("", "", "[cluster]\ncoordination = \"etcd\"\n"), R"(10:16: coordination = "etcd", not available in this version, the choice is none)"},
    Case{tcp("[service.topology]\nfailover = \"manual\""), "5:10: service.topology is in the file, not available in this version, remove it"},
    Case{tcp("[service.redis]"), "5:10: service.redis is in the file, not available in this version, remove it"},
    Case{tcp("", "", "[admin]\nmysql = \"127.0.0.1:9401\"\n"), "10:1: admin.mysql is in the file, not available in this version, remove it"},
    Case{"[[service]]\nname = \"a\"\nprotocol = \"redis\"\nlisten = [\"127.0.0.1:1\"]\nserver = [{ address = \"10.0.0.1:1\" }]\n",
         R"(3:12: protocol = "redis", not available in this version, the choice is tcp, mysql)"},
    Case{mysql("users_from = \"servers\"\nmonitor = { user = \"m\", password_env = \"REPORT_PASSWORD\" }\nread_your_writes = \"session\""),
         R"(8:20: read_your_writes = "session", not available in this version, the choice is off)"}));

TEST(BadFiles, EverythingThatIsWrongIsToldAtOnceInTheOrderOfTheFile) {
  EXPECT_EQ(complaints(R"([node]
shard = 2
[service]
name = "a"
protocol = "mysql"
listen = ["0.0.0.0:33", "127.0.0.1:33", { address = "[::1]:5", route = "reed" }]
  [service.mysql]
  monitor = { user = "m", password = "x" }
  users = [ { name = "b", password_file = "nope" } ]
  [[service.server]]
  address = "[::1]:5"
  weight = 0
  [[service.server]]
  address = "[::1]:5"
  weight = "heavy"
)"),
            R"(hf.toml:2:1: unknown key "shard", [node] has no such key, did you mean "shards"?
hf.toml:3:1: service is a table, a list is expected, write [[service]]
hf.toml:6:25: listener "127.0.0.1:33" is taken, service "a" listens on "0.0.0.0:33" already, choose another address or port
hf.toml:6:72: route = "reed", the choice is split, read, write, did you mean "read"?
hf.toml:8:27: password is in the clear, secrets come from a file or from the environment, use password_file or password_env
hf.toml:9:43: password_file = "nope", there is no such file, create it or correct the path
hf.toml:11:13: server address "[::1]:5", the service itself listens there and would connect to itself, write the address of the real server
hf.toml:13:3: server "[::1]:5" is there twice, the first one is at line 10, give each a name of its own
hf.toml:14:13: server address "[::1]:5", the service itself listens there and would connect to itself, write the address of the real server
hf.toml:15:12: weight = "heavy", a whole number without quotes is expected, write for example weight = 1
)");
}

TEST(BadFiles, AServiceHasRoomForSoManyServers) {
  std::string others;
  const auto server = [](std::size_t i) { return "[[service.server]]\naddress = \"10.0." + std::to_string(i / 200) + "." + std::to_string(i % 200 + 1) + ":81\"\n"; };
  for (std::size_t i = 1; i < 256; ++i) others += server(i);
  EXPECT_EQ(complaints(tcp("", "", others)), "");
  others += server(256);
  EXPECT_EQ(complaints(tcp("", "", others)), "hf.toml:519:1: service \"web\" has 257 servers, a service has room for 256, make two services of it\n");
}

TEST(BadFiles, TheSameServerTwiceIsOnlyAWarning) {
  EXPECT_EQ(complaints(tcp("", "name = \"a\"", "[[service.server]]\nname = \"b\"\naddress = \"10.0.0.1:80\"\n")),
            "warning: hf.toml:11:11: server address \"10.0.0.1:80\" is there twice, the server gets the share of both entries, remove one of them\n");
}

}  // namespace
}  // namespace hf::config
