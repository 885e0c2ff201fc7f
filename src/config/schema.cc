#include "config/schema.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <string>
#include <vector>

#include "base/limits.h"
#include "config/vip_schema.h"

// clang-format off: tables read better in columns

namespace hf::config {

namespace {

constexpr std::int64_t ns(Nanos duration) { return duration.count(); }
constexpr Nanos kDay = 24h;

// In the order of the enums in config.h: a choice is stored as its index.
constexpr std::string_view kProtocols[] = {"tcp", "mysql"};
constexpr std::string_view kLaterProtocols[] = {"redis"};
constexpr std::string_view kRoutes[] = {"split", "read", "write"};
constexpr std::string_view kBalances[] = {"least-connections", "round-robin"};
constexpr std::string_view kReadYourWrites[] = {"off"};
constexpr std::string_view kLaterReadYourWrites[] = {"session", "service"};
constexpr std::string_view kFallbacks[] = {"none", "primary"};
constexpr std::string_view kUsersFrom[] = {"servers"};
constexpr std::string_view kLogFormats[] = {"text", "json"};
constexpr std::string_view kLogLevels[] = {"debug", "info", "warning", "error"};
constexpr std::string_view kCoordinations[] = {"none"};
constexpr std::string_view kLaterCoordinations[] = {"database", "etcd"};

constexpr std::uint32_t u32(const ParsedValue& v) { return static_cast<std::uint32_t>(v.number); }

constexpr Key kSchema[] = {
    // ---- [node] ----
    {.path = "node", .kind = Kind::kTable, .doc = "This machine.", .implicit = true},
    {.path = "node.name", .kind = Kind::kName, .doc = "The name of this node, which chooses its entry where a value is a table keyed by node name.",
     .fallback_note = "the host name", .store = [](Target& t, const ParsedValue& v) { t.config->node.name = v.text; }},
    {.path = "node.shards", .kind = Kind::kCount, .doc = "How many threads carry traffic.",
     .fallback_note = "the CPUs available to the process", .min = 1, .max = kMostShards, .per_node = true,
     .store = [](Target& t, const ParsedValue& v) { t.config->node.shards = u32(v); }},
    {.path = "node.state_dir", .kind = Kind::kPath, .doc = "The folder for what must survive a restart.",
     .fallback = "\"/var/lib/holdfast\"", .per_node = true,
     .store = [](Target& t, const ParsedValue& v) { t.config->node.state_dir = v.text; }},
    {.path = "node.user", .kind = Kind::kName, .doc = "Whom the part that serves clients becomes when holdfast is started as root with VIPs; also runs their scripts.",
     .fallback = "\"holdfast\"", .per_node = true, .store = [](Target& t, const ParsedValue& v) { t.config->node.user = v.text; }},
    {.path = "node.gateway_silence", .kind = Kind::kDuration,
     .doc = "After so long without a sign of life the part that serves clients counts as stuck: gateway_weight of every VIP applies.",
     .fallback = "\"1s\"", .min = ns(200ms), .max = ns(1min),
     .store = [](Target& t, const ParsedValue& v) { t.config->node.gateway_silence = v.duration; }},
    {.path = "node.gateway_kill", .kind = Kind::kDuration, .doc = "After being stuck for so long it is killed and started anew.",
     .fallback = "\"10s\"", .min = ns(1s), .max = ns(1h),
     .store = [](Target& t, const ParsedValue& v) { t.config->node.gateway_kill = v.duration; }},
    {.path = "node.realtime_priority", .kind = Kind::kCount, .doc = "The real-time priority (SCHED_RR) of the part that holds the VIPs; 0 asks for none.",
     .fallback = "20", .min = 0, .max = 50, .per_node = true,
     .store = [](Target& t, const ParsedValue& v) { t.config->node.realtime_priority = u32(v); }},

    // ---- [admin] ----
    {.path = "admin", .kind = Kind::kTable, .doc = "How operators and monitoring reach this node.", .implicit = true},
    {.path = "admin.http", .kind = Kind::kListenAddress,
     .doc = "Where the JSON API and /metrics listen. Without a token or an account it only shows, and must stay on the loopback; \"off\" closes it.",
     .fallback = "\"127.0.0.1:9400\"", .per_node = true, .may_be_off = true,
     .store = [](Target& t, const ParsedValue& v) { t.config->admin.http = v.endpoint; }},
    {.path = "admin.socket", .kind = Kind::kSocketPath, .doc = "The Unix socket of the command line, mode 0600: for root, the gateway's user, and whom you let write to the file; \"off\" closes it.",
     .fallback = "\"/run/holdfast/admin.sock\"", .per_node = true, .may_be_off = true,
     .store = [](Target& t, const ParsedValue& v) { t.config->admin.socket = v.endpoint; }},
    {.path = "admin.token_file", .kind = Kind::kSecretFile, .doc = "A file that holds the bearer token of the HTTP interface.",
     .group = "token", .per_node = true, .store = [](Target& t, const ParsedValue& v) { t.config->admin.token = v.text; }},
    {.path = "admin.token_env", .kind = Kind::kSecretVariable, .doc = "An environment variable that holds the bearer token.",
     .group = "token", .per_node = true, .store = [](Target& t, const ParsedValue& v) { t.config->admin.token = v.text; }},
    {.path = "admin.token", .kind = Kind::kRefused, .doc = "token_file or token_env"},
    {.path = "admin.account", .kind = Kind::kTable, .doc = "The login of the HTTP interface (basic authentication).", .per_node = true,
     .shape = "(account)", .enter = [](Target& t) { t.account = &t.config->admin.account; }},
    {.path = "admin.mysql", .kind = Kind::kLater, .doc = "Admin SQL."},

    // ---- [log] ----
    {.path = "log", .kind = Kind::kTable, .doc = "Where events go.", .implicit = true},
    {.path = "log.file", .kind = Kind::kPath, .doc = "The file that events are appended to.", .fallback_note = "standard error", .per_node = true,
     .store = [](Target& t, const ParsedValue& v) { t.config->log.file = v.text; }},
    {.path = "log.format", .kind = Kind::kChoice, .doc = "One line of text or one JSON object per event.", .fallback = "\"text\"",
     .choices = kLogFormats, .store = [](Target& t, const ParsedValue& v) { t.config->log.format = static_cast<LogFormat>(v.choice); }},
    {.path = "log.level", .kind = Kind::kChoice, .doc = "The least serious event that is written.", .fallback = "\"info\"",
     .choices = kLogLevels, .store = [](Target& t, const ParsedValue& v) { t.config->log.level = static_cast<LogLevel>(v.choice); }},

    // ---- [[service]] ----
    {.path = "service", .kind = Kind::kTableList, .doc = "Something that clients reach at one address. A file needs a service or a VIP at least.",
     .enter = [](Target& t) { t.service = &t.config->services.emplace_back(); }},
    {.path = "service.name", .kind = Kind::kName, .doc = "The name, unique in the file; a reload keeps the state of a service by it.", .required = true,
     .store = [](Target& t, const ParsedValue& v) { t.service->name = v.text; }},
    {.path = "service.protocol", .kind = Kind::kChoice, .doc = "What the clients speak.", .choices = kProtocols,
     .later_choices = kLaterProtocols, .required = true,
     .store = [](Target& t, const ParsedValue& v) { t.service->protocol = static_cast<Protocol>(v.choice); }},
    {.path = "service.listen", .kind = Kind::kTableList,
     .doc = "Where clients connect: \"host:port\", { address = \"host:port\", route = \"read\" } or { unix = \"/path\" }.", .required = true,
     .per_node = true, .shorthand = "address", .enter = [](Target& t) { t.listen = &t.service->listen.emplace_back(); }},
    {.path = "service.listen.address", .kind = Kind::kListenAddress,
     .doc = "An address of this machine in numbers and a port; port 0 takes a free one.", .required = true, .group = "endpoint", .per_node = true,
     .store = [](Target& t, const ParsedValue& v) { t.listen->endpoint = v.endpoint; }},
    {.path = "service.listen.unix", .kind = Kind::kSocketPath, .doc = "A Unix socket.", .required = true, .group = "endpoint", .per_node = true,
     .store = [](Target& t, const ParsedValue& v) { t.listen->endpoint = v.endpoint; }},
    {.path = "service.listen.route", .kind = Kind::kChoice, .doc = "mysql only: split reads from writes, readers only, or the primary only.",
     .fallback = "\"split\"", .choices = kRoutes,
     .store = [](Target& t, const ParsedValue& v) { t.listen->route = static_cast<ListenRoute>(v.choice); }},
    {.path = "service.balance", .kind = Kind::kChoice, .doc = "How a server is chosen among those that may serve.",
     .fallback = "\"least-connections\"", .choices = kBalances,
     .store = [](Target& t, const ParsedValue& v) { t.service->balance = static_cast<Balance>(v.choice); }},
    {.path = "service.allow", .kind = Kind::kNetworks, .doc = "The client networks that are let in; an empty list lets everybody in.",
     .fallback = "[]", .store = [](Target& t, const ParsedValue& v) { t.service->allow = v.networks; }},
    {.path = "service.max_connections", .kind = Kind::kCount, .doc = "The most clients at a time, all shards together.",
     .fallback = "10000", .min = 1, .max = 1'000'000,
     .store = [](Target& t, const ParsedValue& v) { t.service->max_connections = u32(v); }},
    {.path = "service.connect_timeout", .kind = Kind::kDuration, .doc = "How long connecting to a server may take.",
     .fallback = "\"3s\"", .min = ns(1ms), .max = ns(5min),
     .store = [](Target& t, const ParsedValue& v) { t.service->connect_timeout = v.duration; }},
    {.path = "service.client_timeout", .kind = Kind::kDuration, .doc = "How long a client may be idle before it is disconnected.",
     .fallback = "\"8h\"", .min = ns(1s), .max = ns(365 * kDay),
     .store = [](Target& t, const ParsedValue& v) { t.service->client_timeout = v.duration; }},
    {.path = "service.server_timeout", .kind = Kind::kDuration, .doc = "The longest silence of a server inside a reply; \"0s\" sets no limit.",
     .fallback = "\"0s\"", .min = 0, .max = ns(kDay),
     .store = [](Target& t, const ParsedValue& v) { t.service->server_timeout = v.duration; }},

    // ---- [service.check] ----
    {.path = "service.check", .kind = Kind::kTable, .doc = "How servers are checked.", .implicit = true},
    {.path = "service.check.interval", .kind = Kind::kDuration, .doc = "The time between two checks of a server.",
     .fallback = "\"1s\"", .min = ns(10ms), .max = ns(1h),
     .store = [](Target& t, const ParsedValue& v) { t.service->check.interval = v.duration; }},
    {.path = "service.check.timeout", .kind = Kind::kDuration, .doc = "How long one check may take before it counts as failed.",
     .fallback = "\"1s\"", .min = ns(10ms), .max = ns(1h),
     .store = [](Target& t, const ParsedValue& v) { t.service->check.timeout = v.duration; }},
    {.path = "service.check.rise", .kind = Kind::kCount, .doc = "How many good checks in a row bring a server back.",
     .fallback = "2", .min = 1, .max = 100, .store = [](Target& t, const ParsedValue& v) { t.service->check.rise = u32(v); }},
    {.path = "service.check.fall", .kind = Kind::kCount, .doc = "How many failed checks in a row take a server out.",
     .fallback = "3", .min = 1, .max = 100, .store = [](Target& t, const ParsedValue& v) { t.service->check.fall = u32(v); }},

    // ---- [service.mysql] ----
    {.path = "service.mysql", .kind = Kind::kTable, .doc = "What only services with protocol = \"mysql\" have.", .implicit = true},
    {.path = "service.mysql.monitor", .kind = Kind::kTable, .doc = "The account that checks log in with; a mysql service needs it.",
     .shape = "(account)", .enter = [](Target& t) { t.account = &t.service->mysql.monitor; }},
    {.path = "service.mysql.users", .kind = Kind::kTableList, .doc = "The accounts that clients may log in with; a mysql service needs users or users_from.",
     .shape = "(account)", .enter = [](Target& t) { t.account = &t.service->mysql.users.emplace_back(); }},
    {.path = "service.mysql.users_from", .kind = Kind::kChoice, .doc = "Takes the accounts from the servers, besides those in users.", .choices = kUsersFrom,
     .store = [](Target& t, const ParsedValue&) { t.service->mysql.users_from_servers = true; }},
    {.path = "service.mysql.read_your_writes", .kind = Kind::kChoice, .doc = "Whether a read sees the writes that were acknowledged before it.",
     .fallback = "\"off\"", .choices = kReadYourWrites, .later_choices = kLaterReadYourWrites,
     .store = [](Target& t, const ParsedValue& v) { t.service->mysql.read_your_writes = static_cast<ReadYourWrites>(v.choice); }},
    {.path = "service.mysql.max_replica_lag", .kind = Kind::kDuration, .doc = "A replica further behind its primary than this gets no reads.",
     .fallback = "\"2s\"", .min = ns(1ms), .max = ns(kDay),
     .store = [](Target& t, const ParsedValue& v) { t.service->mysql.max_replica_lag = v.duration; }},
    {.path = "service.mysql.max_server_connections", .kind = Kind::kCount, .doc = "The most connections to one server, all shards together. A KILL may add one for each shard while it lasts.",
     .fallback = "100", .min = 1, .max = 100'000,
     .store = [](Target& t, const ParsedValue& v) { t.service->mysql.max_server_connections = u32(v); }},
    {.path = "service.mysql.hold_timeout", .kind = Kind::kDuration, .doc = "How long a statement waits for a primary or for a free connection.",
     .fallback = "\"10s\"", .min = 0, .max = ns(1h),
     .store = [](Target& t, const ParsedValue& v) { t.service->mysql.hold_timeout = v.duration; }},
    {.path = "service.mysql.reads_fallback", .kind = Kind::kChoice, .doc = "Where reads go when no replica may serve them.",
     .fallback = "\"primary\"", .choices = kFallbacks,
     .store = [](Target& t, const ParsedValue& v) { t.service->mysql.reads_fallback_to_primary = v.choice == 1; }},
    {.path = "service.mysql.pool_idle_timeout", .kind = Kind::kDuration, .doc = "How long an unused server connection is kept.",
     .fallback = "\"1m\"", .min = ns(1s), .max = ns(kDay),
     .store = [](Target& t, const ParsedValue& v) { t.service->mysql.pool_idle_timeout = v.duration; }},
    {.path = "service.mysql.max_connection_age", .kind = Kind::kDuration,
     .doc = "A server connection older than this is lent to no other session: its rights are those of its login. \"0s\" sets no limit.",
     .fallback = "\"5m\"", .min = 0, .max = ns(365 * kDay),
     .store = [](Target& t, const ParsedValue& v) { t.service->mysql.max_connection_age = v.duration; }},
    {.path = "service.mysql.slow_start", .kind = Kind::kDuration, .doc = "How long a server that came back takes to reach its full share.",
     .fallback = "\"0s\"", .min = 0, .max = ns(1h),
     .store = [](Target& t, const ParsedValue& v) { t.service->mysql.slow_start = v.duration; }},

    // ---- [[service.server]] ----
    {.path = "service.server", .kind = Kind::kTableList, .doc = "A server behind the service.", .required = true,
     .enter = [](Target& t) { t.server = &t.service->servers.emplace_back(); }},
    {.path = "service.server.name", .kind = Kind::kName, .doc = "The name, unique in the service; a reload keeps the state of a server by it.",
     .fallback_note = "the address", .store = [](Target& t, const ParsedValue& v) { t.server->name = v.text; }},
    {.path = "service.server.address", .kind = Kind::kServerAddress, .doc = "Where the server listens.", .required = true,
     .store = [](Target& t, const ParsedValue& v) { t.server->address = v.endpoint; }},
    {.path = "service.server.weight", .kind = Kind::kCount, .doc = "Its share relative to the others; 0 takes no new work but is still checked.",
     .fallback = "1", .min = 0, .max = 1000, .store = [](Target& t, const ParsedValue& v) { t.server->weight = u32(v); }},
    {.path = "service.server.slots", .kind = Kind::kLater, .doc = "The slots of a Redis server."},
    {.path = "service.redis", .kind = Kind::kLater, .doc = "What only Redis services have."},
    {.path = "service.topology", .kind = Kind::kLater, .doc = "Who is primary, and promotion."},

    // ---- a shape: monitor, users and admin.account are accounts ----
    {.path = "(account)", .kind = Kind::kTable, .doc = "A login: monitor, each of users, and admin.account."},
    {.path = "(account).user", .kind = Kind::kText, .doc = "The user name.", .required = true, .group = "user",
     .store = [](Target& t, const ParsedValue& v) { t.account->user = v.text; }},
    {.path = "(account).name", .kind = Kind::kText, .doc = "The same, as it reads well in a list of users.", .required = true, .group = "user",
     .store = [](Target& t, const ParsedValue& v) { t.account->user = v.text; }},
    {.path = "(account).password_file", .kind = Kind::kSecretFile, .doc = "A file that holds the password.", .required = true, .group = "password",
     .store = [](Target& t, const ParsedValue& v) { t.account->password = v.text; }},
    {.path = "(account).password_env", .kind = Kind::kSecretVariable, .doc = "An environment variable that holds the password.",
     .required = true, .group = "password", .store = [](Target& t, const ParsedValue& v) { t.account->password = v.text; }},
    {.path = "(account).password", .kind = Kind::kRefused, .doc = "password_file or password_env"},

    // ---- the rest of the design ----
    {.path = "cluster", .kind = Kind::kTable, .doc = "What the nodes agree through."},
    {.path = "cluster.coordination", .kind = Kind::kChoice, .doc = "How the nodes are coordinated.", .fallback = "\"none\"",
     .choices = kCoordinations, .later_choices = kLaterCoordinations},
    {.path = "virtual_server", .kind = Kind::kLater, .doc = "Forwarding in the kernel."},
};

}  // namespace

std::span<const Key> schema() {
  static const std::vector<Key> keys = [] {
    std::vector<Key> all(std::begin(kSchema), std::end(kSchema));
    all.insert(all.end(), vip_schema().begin(), vip_schema().end());
    return all;
  }();
  return keys;
}

std::vector<const Key*> children_of(const Key* table) {
  std::string prefix;
  if (table != nullptr) prefix = fmt::format("{}.", table->shape.empty() ? table->path : table->shape);
  std::vector<const Key*> children;
  for (const Key& key : schema()) {
    const bool below = key.path.starts_with(prefix) && key.path.find('.', prefix.size()) == std::string_view::npos;
    if (below && !(prefix.empty() && key.path.starts_with('('))) children.push_back(&key);
  }
  return children;
}

std::string kind_in_words(const Key& key) {
  switch (key.kind) {
    case Kind::kTable: return "table";
    case Kind::kTableList: return key.shorthand.empty() ? "list of tables" : "list of texts or tables";
    case Kind::kName: return "name";
    case Kind::kText: return "text";
    case Kind::kCount: return "whole number";
    case Kind::kFlag: return "true or false";
    case Kind::kDuration: return "duration";
    case Kind::kSize: return "size";
    case Kind::kChoice: return fmt::format("one of {}", fmt::join(key.choices, ", "));
    case Kind::kServerAddress: return "host:port";
    case Kind::kListenAddress: return "address:port";
    case Kind::kSocketPath: return "socket path";
    case Kind::kPath: return "path";
    case Kind::kNetworks: return "list of networks";
    case Kind::kInterface: return "interface";
    case Kind::kIp: return "address in numbers";
    case Kind::kIps: return "list of addresses in numbers";
    case Kind::kHostAddress: return "address/prefix";
    case Kind::kNumericAddress: return "address:port in numbers";
    case Kind::kUrl: return "http URL";
    case Kind::kWeight: return "\"release\" or a whole number";
    case Kind::kCommand: return "program and arguments";
    case Kind::kNames: return "list of names";
    case Kind::kTexts: return "list of texts";
    case Kind::kSecretFile: return "path of a secret file";
    case Kind::kSecretVariable: return "name of a variable";
    case Kind::kRefused: return "refused";
    case Kind::kLater: return "not available";
  }
  return {};
}

}  // namespace hf::config
