// Accounts as the servers keep them: from mysql.global_priv (MariaDB) or mysql.user (MySQL) to what can prove a
// client's identity, and from these and the tables of roles and schema rights to a digest of all that a login caches.
//
// Thread: any (pure functions).
#pragma once

#include <map>
#include <string>
#include <vector>

#include "proto/mysql/text_result.h"
#include "upstream/mysql/accounts.h"

namespace hf::topology::mysql {

/// What a table's rows say. Every query gives columns User and Host: whose row it is.
enum class AccountTableKind : std::uint8_t {
  kAccounts,  // secrets, global rights, limits, the default role
  kRoles,     // column Role: granted to User
  kRights,    // any other column counts as it is
  // rights that no login caches, of accounts of one name: they are compared
  kLive
};

struct AccountTable {
  AccountTableKind kind;
  std::string_view query;
};

/// In the order in which they are read: the accounts first, which must be readable. Rows come in an order of their own.
inline constexpr AccountTable kMariaDbAccountTables[] = {
    {AccountTableKind::kAccounts, "SELECT User, Host, Priv FROM mysql.global_priv ORDER BY User, Host"},
    {AccountTableKind::kRoles,
     "SELECT User, Host, Role, Admin_option FROM mysql.roles_mapping ORDER BY User, Host, Role"},
    {AccountTableKind::kRights, "SELECT * FROM mysql.db ORDER BY User, Host, Db"},
};
inline constexpr AccountTable kMySqlAccountTables[] = {
    {AccountTableKind::kAccounts, "SELECT * FROM mysql.user ORDER BY User, Host"},
    {AccountTableKind::kRoles,
     "SELECT TO_USER AS User, TO_HOST AS Host, FROM_USER AS Role, FROM_HOST, WITH_ADMIN_OPTION FROM mysql.role_edges "
     "ORDER BY 1, 2, 3, 4"},
    {AccountTableKind::kRights,
     "SELECT USER AS User, HOST AS Host, DEFAULT_ROLE_USER, DEFAULT_ROLE_HOST FROM mysql.default_roles ORDER BY 1, 2, "
     "3, 4"},
    {AccountTableKind::kRights,
     "SELECT USER AS User, HOST AS Host, PRIV, WITH_GRANT_OPTION FROM mysql.global_grants ORDER BY 1, 2, 3"},
    {AccountTableKind::kRights, "SELECT * FROM mysql.db ORDER BY User, Host, Db"},
};

/// Read behind them, where accounts share a name: their rows only (see live_rights_query()).
inline constexpr AccountTable kLiveRightsTables[] = {
    {AccountTableKind::kLive, "SELECT User, Host, Db, Table_name, Table_priv, Column_priv FROM mysql.tables_priv"},
    {AccountTableKind::kLive, "SELECT User, Host, Db, Table_name, Column_name, Column_priv FROM mysql.columns_priv"},
    {AccountTableKind::kLive, "SELECT User, Host, Db, Routine_name, Routine_type, Proc_priv FROM mysql.procs_priv"},
    {AccountTableKind::kLive, "SELECT User, Host, Proxied_user, Proxied_host, With_grant FROM mysql.proxies_priv"},
};

struct AccountRows {
  AccountTableKind kind;
  proto::mysql::TextResult rows;
  bool unread = false;  // the monitor account may not
};

/// One account per row that names a user. An account whose secret cannot serve two purposes at once (prove the client
/// to us, and us to the servers) is kept with `unusable` saying why. Ids are left 0.
std::vector<upstream::mysql::Account> parse_accounts(const proto::mysql::TextResult& rows);

/// The names that several accounts have, sorted.
std::vector<std::string> shared_names(const proto::mysql::TextResult& accounts);
/// The table's rows of these names.
std::string live_rights_query(const AccountTable& table, const std::vector<std::string>& names);

/// Tells for each account whether anything that a login caches has changed.
class AccountDigests {
 public:
  /// `tables` must outlive this. Those that could not be read have no rows.
  explicit AccountDigests(const std::vector<AccountRows>& tables);

  /// 32 bytes over the account's own row, its roles and theirs with their global rows, PUBLIC's, and the schema rights
  /// of all of them and of nobody in particular. Schema rights count by user name: the server applies those of any host
  /// pattern that matches.
  std::string of(const std::string& user, const std::string& host) const;

  /// What the account may do, whoever proves to be it, and how: rights, limits, what is asked of a connection, roles.
  /// Text to compare;
  /// empty: not all of it could be read.
  std::string rights_of(const std::string& user, const std::string& host) const;

 private:
  using RowNumbers = std::vector<std::size_t>;
  void add_rows(std::string& content, std::size_t table, const std::string& user, const std::string* host) const;
  std::vector<std::string> roles_of(const std::string& user, const std::string& host) const;

  const std::vector<AccountRows>& tables_;
  std::vector<std::map<std::string, RowNumbers, std::less<>>> by_user_;  // per table
};

/// 32 bytes; not to be guessed back.
std::string digest_of(std::string_view content);

}  // namespace hf::topology::mysql
