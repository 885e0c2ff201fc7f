// COM_QUERY: a statement as text.
#include "policy/session/route.h"
#include "service/mysql/answerable.h"
#include "service/mysql/changes_underway.h"
#include "service/mysql/handlers/handlers.h"
#include "service/mysql/holdings.h"
#include "service/mysql/run.h"

namespace hf::service::mysql::handlers {

namespace sql = policy::sql;
namespace effect = policy::sql::effect;
namespace tie = policy::session::tie;
using runtime::Task;

Task<bool> on_query(Session& session) {
  const ByteView text = session.client().argument();
  Request request;
  request.verdict = session.classify(text);
  const sql::Statement& statement = request.verdict;
  const std::optional<KillOrder> kill = kill_of_ours(statement);
  if (kill) co_return co_await on_kill(session, *kill);
  Holdings& holdings = session.holdings();
  const bool wants_list =
      statement.has(effect::kReadsDiagnostics) || (statement.kind == sql::Kind::kSelect && statement.tableless);
  if (wants_list && holdings.has(tie::kDiagnostics) && policy::session::may_pin(statement)) {
    co_await move_diagnostics_to_primary(session);
  }
  const ChangesUnderway changes(session, statement, text);
  const bool go_on = co_await run(session, std::move(request));
  co_return go_on;
}

}  // namespace hf::service::mysql::handlers
