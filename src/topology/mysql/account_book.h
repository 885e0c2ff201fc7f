// AccountBook: the accounts of one MySQL service, those of its file and those that the servers have, each with its id.
//
// Owner: the service's watcher. Thread: the control thread's.
// Invariants:
//   1. An id names an account as it is: user, host pattern, secret, and all else that a login caches. While none of it
//      changes the id stays; any change gives an id that was never there before, so that nobody who logs in after it
//      shares a connection with whoever did before.
//   2. An account of the file hides those of the same name on the servers. Its id changes with theirs, where they are
//      known.
//   3. accounts() is another object after anything has changed, and the same until then.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "config/config.h"
#include "topology/mysql/account_loader.h"
#include "upstream/mysql/accounts.h"

namespace hf::topology::mysql {

class AccountBook {
 public:
  AccountBook();

  /// The file's accounts, and whether those of the servers may log in as well.
  void configure(const config::Mysql& settings);
  /// What a server has; the first of the tables are its accounts. Returns whether that is anything new.
  bool take(const std::vector<AccountRows>& tables);
  /// The servers' accounts come from somewhere else from now on.
  void forget_servers();

  const std::shared_ptr<const upstream::mysql::Accounts>& accounts() const { return accounts_; }
  bool knows_servers() const { return !servers_digest_.empty(); }
  /// Those of the servers that nobody can log in with, new since the last question.
  std::vector<const upstream::mysql::Account*> newly_unusable();

 private:
  struct Known {
    std::string digest;  // empty: gone
    std::uint32_t id = 0;
  };
  using Key = std::pair<std::string, std::string>;  // user and host pattern; the file's have none

  void mark_doubles(const AccountDigests& digests);
  std::uint32_t id_of(const Key& key, const std::string& digest);
  upstream::mysql::Account listed(const config::Account& account);
  void assemble();

  std::vector<config::Account> listed_;
  bool from_servers_ = false;
  std::vector<upstream::mysql::Account> servers_;
  std::map<Key, std::string> digests_;  // of servers_
  std::string servers_digest_;          // of all the tables; empty: not read
  std::map<Key, Known> known_;          // every account there ever was
  std::uint32_t ids_ = 0;
  std::map<Key, std::string> told_unusable_;
  std::shared_ptr<const upstream::mysql::Accounts> accounts_;
};

}  // namespace hf::topology::mysql
