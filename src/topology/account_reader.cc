#include "topology/account_reader.h"

#include <span>

namespace hf::topology {

runtime::Task<Result<std::vector<AccountRows>>> read_accounts(upstream::MysqlProbe& probe, Deadline deadline) {
  const std::span<const AccountTable> tables = upstream::is_mariadb(probe.greeting().version) ? std::span<const AccountTable>(kMariaDbAccountTables)
                                                                                              : std::span<const AccountTable>(kMySqlAccountTables);
  std::vector<AccountRows> read;
  for (const AccountTable& table : tables) {
    Result<proto::mysql::TextResult> rows = co_await probe.ask(std::string(table.query), deadline);
    const bool may_be_left_out = table.kind != AccountTableKind::kAccounts && !rows.ok() && rows.error().code == ErrorCode::kRefused;
    if (may_be_left_out) continue;
    HF_CO_RETURN_IF_ERROR(rows);
    read.push_back({table.kind, std::move(*rows)});
  }
  co_return std::move(read);
}

}  // namespace hf::topology
