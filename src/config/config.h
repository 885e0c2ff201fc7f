// The compiled configuration: what the operator wants, as values. Immutable once built; shared as shared_ptr<const Config>.
//
// Owner: the control thread publishes it, shards hold it. Thread: any.
// Invariants:
//   1. Every value is inside its documented range; cross references are resolved; secrets are read.
//   2. Names are unique: services and VIPs in the file, servers in a service, accounts in a service.
//   3. Nothing observed (health, roles) is ever stored here.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "base/ip_address.h"

namespace hf::config {

/// A TCP address ("127.0.0.1:3306", "[::1]:3306", "db1.example:3306") or a Unix socket path.
struct Endpoint {
  std::string host;        // without brackets; empty for a Unix socket
  std::uint16_t port = 0;  // 0 asks the kernel for a free one (listeners only)
  std::string unix_path;   // set for Unix sockets only

  bool is_unix() const { return !unix_path.empty(); }
  std::string to_string() const;
  friend bool operator==(const Endpoint&, const Endpoint&) = default;
};

/// An address range, "198.18.0.0/15" or "::1/128" or a single address.
struct Network {
  bool is_v6 = false;
  std::uint8_t bits[16] = {};
  int prefix_length = 0;
  std::string text;
  friend bool operator==(const Network&, const Network&) = default;
};

enum class Protocol : std::uint8_t { kTcp,
                                     kMysql };
enum class ListenRoute : std::uint8_t { kSplit,
                                        kRead,
                                        kWrite };
enum class Balance : std::uint8_t { kLeastConnections,
                                    kRoundRobin };
enum class ReadYourWrites : std::uint8_t { kOff,
                                           kSession,
                                           kService };

struct Listen {
  Endpoint endpoint;
  ListenRoute route = ListenRoute::kSplit;
  friend bool operator==(const Listen&, const Listen&) = default;
};

/// A login. `password` is the clear text read from password_file or password_env; it is never printed.
struct Account {
  std::string user;
  std::string password;
  friend bool operator==(const Account&, const Account&) = default;
};

struct Server {
  std::string name;
  Endpoint address;
  std::uint32_t weight = 1;  // 0: takes no new work, keeps being checked
  friend bool operator==(const Server&, const Server&) = default;
};

struct Check {
  Nanos interval = 1s;
  Nanos timeout = 1s;
  std::uint32_t rise = 2;
  std::uint32_t fall = 3;
  friend bool operator==(const Check&, const Check&) = default;
};

struct Mysql {
  Account monitor;
  std::vector<Account> users;
  bool users_from_servers = false;
  ReadYourWrites read_your_writes = ReadYourWrites::kOff;
  Nanos max_replica_lag = 2s;
  std::uint32_t max_server_connections = 100;  // per server, all shards together
  Nanos hold_timeout = 10s;                    // how long a statement waits for a primary or for a free connection
  bool reads_fallback_to_primary = true;
  Nanos pool_idle_timeout = 60s;               // an unused server connection is closed after this
  Nanos max_connection_age = 5min;             // an older server connection is lent to nobody else; 0: no limit
  Nanos slow_start = 0s;                       // a server that came back takes its full share only after this
  friend bool operator==(const Mysql&, const Mysql&) = default;
};

struct Service {
  std::string name;
  Protocol protocol = Protocol::kTcp;
  std::vector<Listen> listen;
  Balance balance = Balance::kLeastConnections;
  std::vector<Network> allow;            // empty: everybody
  std::uint32_t max_connections = 10000; // clients, all shards together
  Nanos connect_timeout = 3s;            // towards a server
  Nanos client_timeout = 8h;             // idle client (MySQL: as wait_timeout)
  Nanos server_timeout = 0s;             // longest silence of a server inside a reply; 0: none
  Check check;
  std::vector<Server> servers;
  Mysql mysql;                           // meaningful when protocol is kMysql
  friend bool operator==(const Service&, const Service&) = default;
};

/// What a tracked thing counts while it is bad: points on the priority, or the release of the addresses.
struct Weight {
  bool release = true;
  int points = 0;  // -253 to 253; meaningful when not release
  friend bool operator==(const Weight&, const Weight&) = default;
};

/// A program to run. Never through a shell unless `shell` says so.
struct Script {
  std::string id;                    // unique in the file: "db/track/2", "db/on_master"; empty: no script
  std::vector<std::string> command;  // program and arguments; with a shell: "/bin/sh", "-c", text
  std::string user;                  // resolved: never empty
  Nanos timeout = 5s;                // then it and its process group are killed
  friend bool operator==(const Script&, const Script&) = default;
};

struct VipAddress {
  IpAddress address;
  std::uint8_t prefix_length = 32;
  std::string interface;  // empty: the VIP's
  std::string label;      // empty: none
  std::string scope = "global";  // "global", "site", "link", "host"
  friend bool operator==(const VipAddress&, const VipAddress&) = default;
};

/// A further way on which the nodes hear each other.
struct HeartbeatPath {
  std::string interface;
  std::uint16_t port = 694;
  std::vector<IpAddress> peers;
  friend bool operator==(const HeartbeatPath&, const HeartbeatPath&) = default;
};

enum class ArbiterKind : std::uint8_t { kArp,
                                        kIcmp,
                                        kTcp,
                                        kUdp };
struct Arbiter {
  ArbiterKind kind = ArbiterKind::kArp;
  IpAddress address;
  std::uint16_t port = 0;  // kTcp and kUdp
  friend bool operator==(const Arbiter&, const Arbiter&) = default;
};

enum class TrackKind : std::uint8_t { kService,
                                      kInterface,
                                      kScript,
                                      kProcess,
                                      kFile };
/// What of a service must be usable.
enum class ServiceNeeds : std::uint8_t { kAny,       // at least `at_least` servers may serve
                                         kPrimary,   // mysql: a writable primary
                                         kReaders }; // mysql: at least `at_least` servers serve reads

struct Track {
  TrackKind kind = TrackKind::kService;
  std::string target;           // service, interface, process name, or file path
  Script script;                // kScript
  Weight weight;
  ServiceNeeds needs = ServiceNeeds::kAny;
  std::uint32_t at_least = 1;   // kService: servers; kProcess: processes of that name
  Nanos interval = 1s;          // kScript, kProcess, kFile
  std::uint32_t rise = 1;       // kScript: good results in a row
  std::uint32_t fall = 1;       // kScript: bad results in a row
  friend bool operator==(const Track&, const Track&) = default;
};

enum class VrrpAuth : std::uint8_t { kNone,
                                     kPassword,
                                     kHeader };

struct Vip {
  std::string name;
  std::string interface;
  std::vector<VipAddress> addresses;     // of one family
  std::uint8_t router_id = 0;            // VRID, 1 to 255
  std::uint8_t priority = 100;           // 1 to 254; 255: the address owner
  std::uint8_t version = 3;              // 2 or 3
  Nanos advert_interval{0};              // resolved: 100ms in version 3, 1s in version 2 where not written
  bool preempt = false;
  Nanos preempt_delay{0};
  Nanos start_delay{0};
  bool accept = true;
  bool strict = false;                   // version 2: drop adverts as RFC 3768 7.1 has it
  VrrpAuth auth = VrrpAuth::kNone;
  std::string auth_password;             // kHeader: the key
  bool checksum_pseudo_header = true;    // version 3 over IPv4
  std::optional<IpAddress> source;
  std::vector<IpAddress> peers;          // unicast; empty: multicast
  std::optional<IpAddress> multicast_group;
  std::uint8_t least_ttl = 255;          // of unicast adverts
  bool virtual_mac = false;
  Nanos lease = 1s;                      // whole seconds
  Nanos probe_wait = 20ms;
  bool take_answered = false;            // on_probe_answer = "take-after"
  Nanos conflict_patience = 30s;
  bool release_on_conflict = false;      // on_conflict = "release"
  std::uint32_t announce_repeats = 5;
  Nanos announce_delay = 5s;
  Nanos announce_refresh = 10s;
  std::vector<HeartbeatPath> heartbeats;
  std::string heartbeat_key;             // the secret itself; empty: not authenticated
  std::vector<Arbiter> arbiters;
  std::uint32_t arbiters_needed = 1;
  Nanos arbiter_interval = 100ms;
  Nanos arbiter_timeout = 100ms;
  std::uint32_t arbiter_fall = 3;
  std::vector<Track> tracks;
  Weight gateway_weight;                 // while the gateway is dead, stuck or not ready
  std::string sync_group;                // empty: none
  Script on_master, on_backup, on_fault, on_stop, on_change;
  friend bool operator==(const Vip&, const Vip&) = default;
};

enum class NotifyKind : std::uint8_t { kFifo,
                                       kSocket,
                                       kSmtp,
                                       kWebhook };

/// Somebody who is told of every transition of a VIP.
struct Notify {
  NotifyKind kind = NotifyKind::kFifo;
  std::string path;                 // kFifo, kSocket (a Unix stream socket that listens)
  Endpoint server;                  // kSmtp, kWebhook
  std::string url_path;             // kWebhook: "/hook?x=1"
  std::string url;                  // kWebhook: as written
  std::string token;                // kWebhook: sent as bearer token; empty: none
  std::string from;                 // kSmtp
  std::vector<std::string> to;      // kSmtp
  std::vector<std::string> vips;    // empty: all
  Nanos timeout = 10s;              // of one attempt
  std::uint32_t retries = 3;        // attempts after the first
  friend bool operator==(const Notify&, const Notify&) = default;
};

struct Node {
  std::string name;
  std::uint32_t shards = 0;  // resolved: at least 1
  std::string state_dir;
  std::string user = "holdfast";    // whom the gateway becomes when it is started as root with VIPs
  Nanos gateway_silence = 1s;       // the gateway counts as stuck when it was not heard for so long
  Nanos gateway_kill = 10s;         // and is killed when it was stuck for so long
  std::uint32_t realtime_priority = 20;  // of the guardian, SCHED_RR 1 to 50; 0: none
  friend bool operator==(const Node&, const Node&) = default;
};

struct Admin {
  Endpoint http;             // host empty: off
  Endpoint socket;           // Unix socket for the CLI; path empty: off
  std::string token;         // bearer token; empty: none
  Account account;           // basic authentication; user empty: none
  friend bool operator==(const Admin&, const Admin&) = default;
};

enum class LogFormat : std::uint8_t { kText,
                                      kJson };
enum class LogLevel : std::uint8_t { kDebug,
                                     kInfo,
                                     kWarning,
                                     kError };

struct Log {
  std::string file;          // empty: standard error
  LogFormat format = LogFormat::kText;
  LogLevel level = LogLevel::kInfo;
  friend bool operator==(const Log&, const Log&) = default;
};

struct Config {
  Node node;
  Admin admin;
  Log log;
  std::vector<Service> services;
  std::vector<Vip> vips;
  std::vector<Notify> notifies;
  friend bool operator==(const Config&, const Config&) = default;
};

using ConfigPtr = std::shared_ptr<const Config>;

}  // namespace hf::config
