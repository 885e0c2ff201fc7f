// Accounts as the servers keep them, for services with users_from = "servers": from mysql.global_priv (MariaDB) or mysql.user
// (MySQL) to what can prove a client's identity.
//
// Thread: any (pure functions).
#pragma once

#include <map>
#include <string>
#include <vector>

#include "proto/mysql/text_result.h"
#include "upstream/mysql_accounts.h"

namespace hf::topology {

inline constexpr std::string_view kMariaDbAccountsQuery = "SELECT User, Host, Priv FROM mysql.global_priv ORDER BY User, Host";
inline constexpr std::string_view kMySqlAccountsQuery =
    "SELECT User, Host, plugin, authentication_string, account_locked FROM mysql.user ORDER BY User, Host";

/// One account per row that names a user. An account whose secret cannot serve two purposes at once (prove the client to us, and
/// us to the servers) is kept with `unusable` saying why. Ids are left 0.
std::vector<upstream::MysqlAccount> parse_accounts(const proto::mysql::TextResult& rows);

}  // namespace hf::topology
