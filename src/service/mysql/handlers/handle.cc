#include "service/mysql/handlers/handlers.h"

namespace hf::service::mysql::handlers {

using proto::mysql::Command;
using runtime::Task;

std::uint64_t leading_number(ByteView argument, std::size_t width) {
  const ByteView digits = argument.substr(0, width);
  return load_le(digits, 0, digits.size());
}

Task<bool> handle(Session& session, Command command) {
  switch (command) {
    case Command::kPing: co_return co_await on_ping(session);
    case Command::kQuery: co_return co_await on_query(session);
    case Command::kStmtPrepare: co_return co_await on_prepare(session);
    case Command::kStmtExecute:
    case Command::kStmtBulkExecute: co_return co_await on_execute(session, command);
    case Command::kStmtFetch: co_return co_await on_fetch(session);
    case Command::kStmtReset: co_return co_await on_statement_reset(session);
    case Command::kStmtSendLongData: on_long_data(session); co_return true;
    case Command::kStmtClose: on_statement_close(session); co_return true;
    case Command::kResetConnection: co_return co_await on_reset_connection(session);
    case Command::kChangeUser: co_return co_await on_change_user(session);
    case Command::kSetOption: co_return co_await on_set_option(session);
    case Command::kProcessKill: co_return co_await on_process_kill(session);
    case Command::kBinlogDump:
    case Command::kBinlogDumpGtid:
    case Command::kTableDump: co_return co_await on_binlog_dump(session);
    default: co_return co_await on_other(session, command);
  }
}

}  // namespace hf::service::mysql::handlers
