// The compiled configuration: what the operator wants, as values. Immutable once built; shared as shared_ptr<const Config>.
//
// Owner: the control thread publishes it, shards hold it. Thread: any.
// Invariants:
//   1. Every value is inside its documented range; cross references are resolved; secrets are read.
//   2. Names are unique: services in the file, servers in a service, accounts in a service.
//   3. Nothing observed (health, roles) is ever stored here.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/time.h"

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

struct Node {
  std::string name;
  std::uint32_t shards = 0;  // resolved: at least 1
  std::string state_dir;
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
  friend bool operator==(const Config&, const Config&) = default;
};

using ConfigPtr = std::shared_ptr<const Config>;

}  // namespace hf::config
