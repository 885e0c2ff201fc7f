// COM_QUERY: a statement as text.
#include <algorithm>
#include <array>

#include "policy/session/route.h"
#include "service/mysql/handlers/handlers.h"
#include "service/mysql/holdings.h"
#include "service/mysql/run.h"
#include "service/mysql/shard_state.h"
#include "service/shard.h"

namespace hf::service::mysql {

namespace sql = policy::sql;
namespace effect = policy::sql::effect;
namespace tie = policy::session::tie;
using runtime::Task;

namespace {

constexpr std::size_t kMostLookedAt = 1024 * 1024;  // of a text, for questions that only short ones ask

/// A statement that may change accounts, or what they may do.
bool changes_accounts(const sql::Statement& statement, ByteView text) {
  const bool may = statement.kind == sql::Kind::kDdl || statement.kind == sql::Kind::kFlush || statement.kind == sql::Kind::kMulti || statement.has(effect::kRole);
  if (!may || text.size() > kMostLookedAt) return false;
  constexpr std::array<ByteView, 6> kWords = {"user", "grant", "revoke", "password", "privileges", "role"};
  return std::any_of(kWords.begin(), kWords.end(), [&](ByteView word) { return mentions(text, word); });
}

}  // namespace

Task<bool> on_query(Session& session) {
  const ByteView text = session.client().argument();
  Request request;
  request.verdict = session.classify(text);
  const sql::Statement& statement = request.verdict;
  const bool kills_ours = statement.kind == sql::Kind::kKill && statement.kill_target == sql::KillTarget::kNumber &&
                          ShardState::is_ours(statement.kill_id) && statement.kill_scope != sql::KillScope::kQueryId;
  if (kills_ours) {
    co_return co_await on_kill(session, statement.kill_id, statement.kill_scope == sql::KillScope::kQuery ? KillWhat::kQuery : KillWhat::kConnection);
  }
  Holdings& holdings = session.holdings();
  const bool wants_list = statement.has(effect::kReadsDiagnostics) || (statement.kind == sql::Kind::kSelect && statement.tableless);
  if (wants_list && holdings.has(tie::kDiagnostics) && policy::session::may_pin(statement)) co_await move_diagnostics_to_primary(session);
  // Changes of accounts and globals that pass by are looked at on the servers at once.
  ServiceShard& service = session.service();
  const bool accounts = changes_accounts(statement, text);
  const bool globals = statement.has(effect::kSetsGlobal);
  if (accounts || globals) service.shared().changes_underway.fetch_add(1, std::memory_order_relaxed);
  const bool go_on = co_await run(session, std::move(request));
  if (accounts) service.shared().accounts_changed(service.control().refresh_accounts(service.name()));
  if (globals) service.shared().defaults_changed(service.control().refresh_defaults(service.name()));
  if (accounts || globals) service.shared().changes_underway.fetch_sub(1, std::memory_order_relaxed);
  co_return go_on;
}

}  // namespace hf::service::mysql
