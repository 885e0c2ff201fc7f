// MysqlProbe: looks at one MySQL or MariaDB server through the monitor account: is it there, what is its role, how far is it.
// Keeps its connection between looks.
//
// Owner: the service's watcher. Thread: the control thread's.
// Invariant: a look ends by its deadline; after an error the next look connects anew.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "policy/replica_set/observation.h"
#include "upstream/mysql_connection.h"

namespace hf::upstream {

/// What only a look at the handshake tells, for our own greeting to clients.
struct ServerGreeting {
  std::string version;
  proto::mysql::Capabilities capabilities = 0;
  std::uint8_t charset = 0;
  proto::mysql::StatusFlags status = 0;  // of the monitor's own login: the server's globals show in it
  friend bool operator==(const ServerGreeting&, const ServerGreeting&) = default;
};

/// By the version in the greeting.
bool is_mariadb(std::string_view version);

class MysqlProbe {
 public:
  MysqlProbe(runtime::EventLoop& loop, const net::Address& address, MysqlCredentials monitor)
      : loop_(loop), address_(address), monitor_(std::move(monitor)) {}

  /// One look. Errors: those of connect_mysql; kProtocol for a reply that makes no sense; kRefused for a query that the server
  /// refused (missing privileges), in its words.
  runtime::Task<Result<policy::ServerObservation>> look(Deadline deadline);
  /// A query of the watcher's on the same connection, not while a look runs. Connects where it has to. Errors as those of
  /// look; kRefused is the server's word on this query alone.
  runtime::Task<Result<proto::mysql::TextResult>> ask(std::string sql, Deadline deadline);

  const ServerGreeting& greeting() const { return greeting_; }
  /// The account of the next login. A look under way ends as it would have; the next one logs in anew. Returns whether this is
  /// another account than before: otherwise nothing changes.
  bool set_monitor(MysqlCredentials monitor);
  /// Closes the connection. Not while a look or a query runs.
  void disconnect() { connection_.reset(); }

 private:
  runtime::Task<Result<void>> ensure_connected(Deadline deadline);
  runtime::Task<Result<proto::mysql::TextResult>> ask_here(std::string sql, Deadline deadline);
  runtime::Task<Result<policy::ServerObservation>> observe(Deadline deadline);

  runtime::EventLoop& loop_;
  net::Address address_;
  MysqlCredentials monitor_;
  std::uint64_t monitor_version_ = 1;     // rises with every other account
  std::uint64_t connection_version_ = 0;  // the account that the connection is logged in with
  MysqlConnectionPtr connection_;
  ServerGreeting greeting_;
};

}  // namespace hf::upstream
