// Readings: what a MySQL service reads from a server beside the looks: the accounts and the global variables. From the
// primary, or from the first server that answers before there is one; at intervals, and at once when somebody asks.
//
// Owner: the Judge. Thread: the control thread's.
// Invariants:
//   1. One reading of a kind at a time, on the connection of that server's check, between two looks.
//   2. Whoever asks is answered by a reading that began after the question, or by what is known when nobody can be read
//      from.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "check/mysql_check.h"
#include "topology/judge.h"
#include "topology/mysql/account_book.h"
#include "topology/mysql/read_rounds.h"
#include "upstream/mysql/view.h"

namespace hf::topology::mysql {

/// The server's check, which is of the MySQL judge's kind.
inline check::MysqlCheck& check_of(const WatchedServer& server) {
  return static_cast<check::MysqlCheck&>(*server.checker);
}

class Readings {
 public:
  explicit Readings(Bench& bench) : bench_(bench) {}
  Readings(const Readings&) = delete;
  Readings& operator=(const Readings&) = delete;

  void configure() { accounts_.configure(bench_.service().mysql); }
  void read_accounts_anew() { accounts_read_at_.reset(); }
  /// There is another primary, or none.
  void read_from(std::optional<upstream::ServerSlot> primary);
  void fill(upstream::mysql::View& view) const;
  /// The globals have been read, or there is nobody to read from.
  bool ready() const { return defaults_read_at_ || source() == nullptr; }

  void refresh_accounts(upstream::Refresh& asked);
  void refresh_defaults(upstream::Refresh& asked);
  runtime::Task<void> read(WatchedServer* server);
  Deadline next(const WatchedServer& server) const;
  void settle();

 private:
  WatchedServer* source() const;
  bool accounts_due() const;
  bool defaults_due() const;
  runtime::Task<bool> read_accounts(WatchedServer* server);
  runtime::Task<bool> read_defaults(WatchedServer* server);
  void take_accounts(const WatchedServer& server, const Result<std::vector<AccountRows>>& read);
  void take_defaults(upstream::mysql::SessionDefaults defaults);

  Bench& bench_;
  std::optional<upstream::ServerSlot> primary_;
  AccountBook accounts_;
  ReadRounds accounts_rounds_;
  std::optional<TimePoint> accounts_read_at_;
  std::string accounts_refusal_;  // why they could not be read the last time
  ReadRounds defaults_rounds_;
  std::optional<TimePoint> defaults_read_at_;
  upstream::mysql::SessionDefaultsPtr defaults_ = std::make_shared<const upstream::mysql::SessionDefaults>();
  std::map<std::string, std::uint64_t> defaults_ids_;  // by digest
};

}  // namespace hf::topology::mysql
