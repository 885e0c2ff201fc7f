// COM_STMT_*: statements of the binary protocol.
#include "service/mysql/prepared.h"

#include "proto/mysql/response.h"
#include "service/mysql/changes_underway.h"
#include "service/mysql/handlers/handlers.h"
#include "service/mysql/holdings.h"
#include "service/mysql/lend.h"
#include "service/mysql/run.h"

namespace hf::service::mysql::handlers {

namespace wire = proto::mysql;
namespace sql = policy::sql;
namespace effect = policy::sql::effect;
namespace tie = policy::session::tie;
using policy::session::Place;
using runtime::Task;
using wire::Command;

namespace {

constexpr std::size_t kShortestExecute = 4 + 1 + 4;  // the statement's id, flags, an iteration count
constexpr std::size_t kShortestBulkExecute = 4 + 2;
constexpr std::uint16_t kErNoCursor = 1421;
constexpr std::uint16_t kErTooManyPrepared = 1461;

PreparedStatement* addressed_statement(Session& session, ByteView caller) {
  const auto id = static_cast<std::uint32_t>(leading_number(session.client().argument(), 4));
  PreparedStatement* statement = session.prepared().find(id);
  if (statement == nullptr) session.client().send_error(wire::unknown_statement(id, caller));
  return statement;
}

/// COM_STMT_EXECUTE asks for a cursor.
bool wants_cursor(const std::string& request) { return request.size() > 5 && (byte_at(request, 5) & 0x07) != 0; }

}  // namespace

Task<bool> on_prepare(Session& session) {
  if (session.prepared().size() >= session.identity().defaults->max_prepared_stmt_count) {
    session.client().send_error({kErTooManyPrepared, "42000",
                                 "Can't create more than max_prepared_stmt_count statements (current value: " +
                                     std::to_string(session.identity().defaults->max_prepared_stmt_count) + ")"});
    co_return true;
  }
  const std::size_t most =
      std::max<std::size_t>(PreparedStatements::kMostText, session.identity().defaults->max_allowed_packet);
  if (session.prepared().text_bytes() + session.client().argument().size() > most) {
    session.client().send_error(wire::own_error("Holdfast keeps at most " + std::to_string(most) +
                                                " bytes of the texts that a session has prepared"));
    co_return true;
  }
  if (session.facts().settings == nullptr) {  // what it is parsed under must be known
    Trial trial;
    trial.hold = session.hold_deadline();
    Result<ConnectionPtr> any = co_await borrow_fit(session, Place::kPrimary, {}, &trial);
    if (!any.ok()) {
      session.client().send_error(trial.refusal.code != 0 ? trial.refusal : wire::own_error(any.error().context));
      co_return any.error().code != ErrorCode::kCancelled;
    }
    give_back(session, std::move(*any));
  }
  std::string text(session.client().argument());
  Request request;
  request.command = Command::kStmtPrepare;
  const sql::Statement verdict = session.classify(text);
  request.prepared = &session.prepared().add({std::move(text), session.facts().settings}, verdict);
  // It does nothing where it is prepared: on the kind of server that will execute it, but it ties nothing.
  request.verdict.kind = sql::Kind::kSelect;
  request.verdict.tableless = true;
  request.verdict.route = verdict.route == sql::Route::kReader ? sql::Route::kReader : sql::Route::kPrimary;
  // its columns are as wide as the client's own wish is long
  request.verdict.effects = verdict.effects & effect::kReadsTracking;
  const std::uint32_t id = request.prepared->id;
  const bool go_on = co_await run(session, std::move(request));
  PreparedStatement* made = session.prepared().find(id);
  if (made != nullptr && !made->made) session.prepared().erase(id);
  co_return go_on;
}

Task<bool> on_execute(Session& session, Command command) {
  if (session.client().argument().size() <
      (command == Command::kStmtExecute ? kShortestExecute : kShortestBulkExecute)) {
    session.client().send_error(wire::malformed_packet());
    co_return true;
  }
  PreparedStatement* statement = addressed_statement(
      session, command == Command::kStmtExecute ? "mysqld_stmt_execute" : "mysqld_stmt_bulk_execute");
  if (statement == nullptr) co_return true;
  if (!statement->long_data_refused.empty()) {
    session.client().send_error(wire::own_error(statement->long_data_refused));
    co_return true;
  }
  const bool may_kill = statement->verdict.kind == sql::Kind::kKill && command == Command::kStmtExecute;
  const std::optional<KillOrder> kill =
      may_kill ? kill_of_ours(statement->verdict, number_bound(session.client().request(), *statement)) : std::nullopt;
  if (kill) co_return co_await on_kill(session, *kill);
  Request request;
  request.command = command;
  request.verdict = statement->verdict;
  request.prepared = statement;
  // A cursor ties the session to where it is: there it must be able to write.
  if (command == Command::kStmtExecute && wants_cursor(session.client().request()) &&
      session.door() == policy::session::Door::kSplit) {
    request.place = Place::kPrimary;
  }
  const ChangesUnderway changes(session, statement->verdict, *statement->meaning.text);
  const bool go_on = co_await run(session, std::move(request));
  co_return go_on;
}

Task<bool> on_fetch(Session& session) {
  PreparedStatement* statement = addressed_statement(session, "mysqld_stmt_fetch");
  if (statement == nullptr) co_return true;
  const Holdings& holdings = session.holdings();
  if (statement->cursor_on == 0 || holdings.held == nullptr || holdings.held->facts.serial != statement->cursor_on) {
    session.client().send_error(
        {kErNoCursor, "HY000", "The statement (" + std::to_string(statement->id) + ") has no open cursor"});
    co_return true;
  }
  Request request;
  request.command = Command::kStmtFetch;
  request.prepared = statement;
  request.verdict.kind = sql::Kind::kEmpty;
  request.verdict.effects = effect::kReadsDiagnostics;  // its rows are counted already
  request.verdict.tableless = true;
  const bool go_on = co_await run(session, std::move(request));
  co_return go_on;
}

/// Where the server has something of the statement, it is told; where only we have, we answer.
Task<bool> on_statement_reset(Session& session) {
  PreparedStatement* statement = addressed_statement(session, "mysqld_stmt_reset");
  if (statement == nullptr) co_return true;
  session.prepared().drop_long_data(*statement);
  const Holdings& holdings = session.holdings();
  if (statement->cursor_on == 0 || holdings.held == nullptr || holdings.held->facts.serial != statement->cursor_on) {
    statement->cursor_on = 0;
    remember_row_count(session, 0);
    session.client().send_ok(session.status_flags());
    co_return true;
  }
  Request request;
  request.command = Command::kStmtReset;
  request.prepared = statement;
  request.verdict.kind = sql::Kind::kEmpty;
  const bool go_on = co_await run(session, std::move(request));
  co_return go_on;
}

/// No reply: errors show at the execution. The pieces are kept and sent with it, to whichever connection runs it.
void on_long_data(Session& session) {
  const std::string& request = session.client().request();
  if (request.size() < 7) return;
  PreparedStatement* statement = session.prepared().find(static_cast<std::uint32_t>(load_le(request, 1, 4)));
  if (statement == nullptr || !statement->long_data_refused.empty()) return;
  session.prepared().add_long_data(*statement, request, session.identity().defaults->max_allowed_packet);
}

void on_statement_close(Session& session) {
  const std::string& request = session.client().request();
  if (request.size() < 5) return;
  PreparedStatement* statement = session.prepared().find(static_cast<std::uint32_t>(load_le(request, 1, 4)));
  if (statement == nullptr) return;
  Holdings& holdings = session.holdings();
  if (statement->cursor_on != 0 && holdings.held != nullptr && holdings.held->facts.serial == statement->cursor_on) {
    const std::optional<std::uint32_t> copy = holdings.held->facts.prepared.erase(statement->meaning, statement->id);
    if (copy) upstream::mysql::close_statement(*holdings.held, *copy);  // and its cursor with it
  }
  session.prepared().erase(statement->id);
  if (session.prepared().any_cursor() || !holdings.has(tie::kCursor)) return;
  holdings.ties &= ~tie::kCursor;
  if (holdings.ties == 0) give_up_held(session);
}

}  // namespace hf::service::mysql::handlers
