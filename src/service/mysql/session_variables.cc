#include "service/mysql/session_variables.h"

#include "upstream/mysql/connection.h"

namespace hf::service::mysql {

using runtime::Task;

namespace {

constexpr ByteView kNoLimit = "18446744073709551615";

Result<void> take(const proto::mysql::TextResult& shown, SessionVariables& into) {
  if (shown.error) {
    return Error{ErrorCode::kRefused, "the session's variables could not be read: " + shown.error->message};
  }
  for (const auto& row : shown.rows) {
    if (row.size() >= 2 && row[0]) into.emplace_back(narrow(*row[0]), narrow(row[1].value_or("")));
  }
  return {};
}

}  // namespace

std::string narrow(std::string text) {
  std::erase(text, '\0');
  return text;
}

Task<Result<SessionVariables>> read_session_variables(upstream::mysql::Connection* connection, std::string names,
                                                      Deadline deadline) {
  SessionVariables variables;
  const Result<proto::mysql::TextResult> limit = co_await upstream::mysql::query(
      *connection, "SELECT 'sql_select_limit',@@session.sql_select_limit LIMIT 1", deadline);
  if (!limit.ok()) co_return limit.error();
  Result<void> taken = take(*limit, variables);
  HF_CO_RETURN_IF_ERROR(taken);
  const bool limited = variables.size() == 1 && variables[0].second != kNoLimit;
  const std::string lifted =
      limited ? "SET STATEMENT sql_select_limit=" + std::string(kNoLimit) + " FOR " : std::string();
  const Result<proto::mysql::TextResult> others = co_await upstream::mysql::query(
      *connection,
      lifted + "SHOW SESSION VARIABLES WHERE Variable_name<>'sql_select_limit' AND Variable_name IN (" + names + ")",
      deadline);
  if (!others.ok()) co_return others.error();
  taken = take(*others, variables);
  HF_CO_RETURN_IF_ERROR(taken);
  co_return variables;
}

}  // namespace hf::service::mysql
