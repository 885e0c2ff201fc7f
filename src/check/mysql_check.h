// MysqlCheck: looks at one MySQL or MariaDB server through the monitor account: is it there, what is its role, how far
// is it. Keeps its connection between looks, and answers the watcher's other questions on it.
//
// Owner: the service's watcher. Thread: the control thread's.
// Invariant: a look ends by its deadline; after an error the next look connects anew.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "check/checker.h"
#include "policy/replica_set/observation.h"
#include "upstream/mysql/connection.h"

namespace hf::check {

/// What only a look at the handshake tells, for our own greeting to clients.
struct ServerGreeting {
  std::string version;
  proto::mysql::Capabilities capabilities = 0;
  std::uint8_t charset = 0;
  proto::mysql::StatusFlags status = 0;  // of the monitor's own login: the server's globals show in it
  friend bool operator==(const ServerGreeting&, const ServerGreeting&) = default;
};

class MysqlCheck final : public Checker {
 public:
  MysqlCheck(runtime::EventLoop& loop, const net::Address& address, upstream::mysql::Credentials monitor)
      : loop_(loop), address_(address), monitor_(std::move(monitor)) {}

  /// Errors: those of upstream::mysql::connect, kOverload for a server that has no connection left (1040); kProtocol
  /// for a reply that makes no sense; kRefused for a query that the server refused (missing privileges).
  runtime::Task<Result<void>> look(Deadline deadline) override;
  void rest() override { connection_.reset(); }

  /// A query of the watcher's on the same connection, not while a look runs. Connects where it has to. Errors as those
  /// of look; kRefused is the server's word on this query alone.
  runtime::Task<Result<proto::mysql::TextResult>> ask(std::string sql, Deadline deadline);

  /// The latest look that succeeded; nothing before the first.
  const std::optional<policy::replica_set::ServerObservation>& observation() const { return observation_; }
  const ServerGreeting& greeting() const { return greeting_; }
  /// The account of the next login. A look under way ends as it would have; the next one logs in anew. Returns whether
  /// this is another account than before: otherwise nothing changes.
  bool set_monitor(upstream::mysql::Credentials monitor);

 private:
  runtime::Task<Result<void>> ensure_connected(Deadline deadline);
  runtime::Task<Result<proto::mysql::TextResult>> ask_here(std::string sql, Deadline deadline);
  runtime::Task<Result<policy::replica_set::ServerObservation>> observe(Deadline deadline);

  runtime::EventLoop& loop_;
  net::Address address_;
  upstream::mysql::Credentials monitor_;
  std::uint64_t monitor_version_ = 1;     // rises with every other account
  std::uint64_t connection_version_ = 0;  // the account that the connection is logged in with
  upstream::mysql::ConnectionPtr connection_;
  ServerGreeting greeting_;
  std::optional<policy::replica_set::ServerObservation> observation_;
};

}  // namespace hf::check
