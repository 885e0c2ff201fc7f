#include "topology/mysql/account_reader.h"

#include <span>

#include "proto/mysql/handshake.h"

namespace hf::topology::mysql {

namespace {

/// Errors: those of the connection, and any for the accounts themselves.
runtime::Task<Result<AccountRows>> read_table(check::MysqlCheck& probe, AccountTableKind kind, std::string query,
                                              Deadline deadline) {
  Result<proto::mysql::TextResult> rows = co_await probe.ask(std::move(query), deadline);
  const bool unread = kind != AccountTableKind::kAccounts && !rows.ok() && rows.error().code == ErrorCode::kRefused;
  if (unread) co_return AccountRows{kind, {}, true};
  HF_CO_RETURN_IF_ERROR(rows);
  co_return AccountRows{kind, std::move(*rows), false};
}

}  // namespace

runtime::Task<Result<std::vector<AccountRows>>> read_accounts(check::MysqlCheck& probe, Deadline deadline) {
  const std::span<const AccountTable> tables = proto::mysql::is_mariadb(probe.greeting().version)
                                                   ? std::span<const AccountTable>(kMariaDbAccountTables)
                                                   : std::span<const AccountTable>(kMySqlAccountTables);
  std::vector<AccountRows> read;
  for (const AccountTable& table : tables) {
    Result<AccountRows> rows = co_await read_table(probe, table.kind, std::string(table.query), deadline);
    HF_CO_RETURN_IF_ERROR(rows);
    read.push_back(std::move(*rows));
  }
  const std::vector<std::string> names = shared_names(read.front().rows);
  if (names.empty()) co_return std::move(read);
  for (const AccountTable& table : kLiveRightsTables) {
    Result<AccountRows> rows = co_await read_table(probe, table.kind, live_rights_query(table, names), deadline);
    HF_CO_RETURN_IF_ERROR(rows);
    read.push_back(std::move(*rows));
  }
  co_return std::move(read);
}

}  // namespace hf::topology::mysql
