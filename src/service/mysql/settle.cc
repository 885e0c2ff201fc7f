#include "service/mysql/settle.h"

#include <array>

#include "policy/sql/lexer.h"
#include "policy/sql/shape_cache.h"
#include "service/mysql/holdings.h"
#include "service/mysql/lend.h"
#include "service/mysql/shard_state.h"
#include "service/mysql/unreported.h"

namespace hf::service::mysql {

namespace sql = policy::sql;
namespace effect = policy::sql::effect;
namespace tie = policy::session::tie;
using policy::session::Learnt;
using policy::session::PinReason;
using policy::session::ReplyFacts;
using proto::mysql::Command;
using runtime::Task;

namespace {

constexpr std::size_t kMostShown = 200;  // of a statement that pinned, for people
constexpr std::size_t kMostShaped = 4096;

/// A command that leaves counts and lists as they are.
sql::Statement nothing_asked() {
  sql::Statement statement;
  statement.kind = sql::Kind::kEmpty;
  statement.effects = effect::kReadsDiagnostics;
  statement.tableless = true;
  return statement;
}

bool executes(const Request& request) {
  return request.command == Command::kStmtExecute || request.command == Command::kStmtBulkExecute;
}

/// Whether the statement has an open cursor on the connection after this.
bool has_cursor(const Connection& connection, const Request& request, const Reply& reply) {
  const bool before = request.prepared->cursor_on == connection.facts.serial;
  if (reply.facts.failed) return before && executes(request) && reply.kept != Kept::kNothing;
  if (request.command == Command::kStmtBulkExecute) return before;
  return request.command != Command::kStmtReset && reply.facts.cursor_open;
}

/// The copy with a cursor is the statement's alone until that is closed.
void take_cursor(Session& session, Connection& connection, const Request& request, const Reply& reply) {
  PreparedStatement& statement = *request.prepared;
  policy::session::PreparedCache& copies = connection.facts.prepared;
  const bool open = has_cursor(connection, request, reply);
  statement.cursor_on = open ? connection.facts.serial : 0;
  if (open) {
    copies.bind(statement.meaning, statement.id);
    return;
  }
  if (request.command == Command::kStmtFetch) {
    // With its last row the server forgets the long data that has come meanwhile; what it refused it goes on refusing.
    const policy::session::PreparedCache::Copy* copy = statement.copy_in(copies);
    const bool refused = copy != nullptr && copy->long_data > 0;
    if (!refused) session.prepared().drop_long_data(statement);
  }
  const std::optional<std::uint32_t> gone = copies.unbind(statement.id);
  if (gone) upstream::mysql::close_statement(connection, *gone);
}

/// A reply to a command on a prepared statement: ids and cursors.
void take_prepared(Session& session, Connection& connection, const Request& request, const Reply& reply) {
  PreparedStatement& statement = *request.prepared;
  if (request.command == Command::kStmtPrepare) {
    // A user variable is there, without a value, from the prepare of what assigns it (or reads it: the two are not told
    // apart).
    if (statement.verdict.has(effect::kUserVariable)) connection.facts.stains |= policy::session::stain::kState;
    if (reply.facts.failed) return;
    statement.made = true;
    statement.parameters = reply.parameters;
    const std::optional<std::uint32_t> gone = connection.facts.prepared.add(statement.meaning, reply.statement_id);
    if (gone) upstream::mysql::close_statement(connection, *gone);
    return;
  }
  take_cursor(session, connection, request, reply);
}

/// Long data is for one execution, wherever that was repeated.
void end_long_data(Session& session, Connection& connection, const Request& request) {
  if (!executes(request)) return;
  PreparedStatement& statement = *request.prepared;
  if (statement.long_data.empty()) return;
  const policy::session::PreparedCache::Copy* copy = statement.copy_in(connection.facts.prepared);
  if (copy != nullptr && copy->long_data > 0) {
    if (statement.cursor_on == connection.facts.serial) return;  // the copy is nobody else's
    // The server has it still, or refuses it until the client resets it: we keep the data and send it again; the copy
    // is everybody's and starts anew.
    const std::optional<std::uint32_t> gone = connection.facts.prepared.erase(statement.meaning);
    if (gone) upstream::mysql::close_statement(connection, *gone);
  } else {
    session.prepared().drop_long_data(statement);
  }
}

/// The procedure's whole name, "schema.name". Empty: it is not plain to see.
std::string called_name(Session& session, const Request& request) {
  sql::Lexer lexer(text_of(session, request), session.sql_context());
  lexer.next();  // CALL
  std::array<std::string, 2> parts;
  std::size_t count = 0;
  sql::Token end;
  do {
    const sql::Token name = lexer.next();
    const bool is_name = name.kind == sql::TokenKind::kWord || name.kind == sql::TokenKind::kQuotedName;
    if (!is_name || count == parts.size()) return {};
    parts[count++] = std::string(lexer.bare_name(name));
    end = lexer.next();
  } while (end.is('.'));
  const bool plain = (end.is('(') || end.is(';') || end.kind == sql::TokenKind::kEnd) && !lexer.odd() &&
                     !lexer.versioned() && !lexer.unterminated();
  if (!plain) return {};
  if (count == 2) return parts[0] + "." + parts[1];
  const policy::session::SettingsPtr& settings =
      request.prepared != nullptr ? request.prepared->meaning.parsed_under : session.facts().settings;
  return settings == nullptr || settings->schema().empty() ? std::string() : settings->schema() + "." + parts[0];
}

/// A CALL of a procedure that is not there, rather than of one that calls such a one: nothing has happened.
bool calls_nobody(Session& session, const Request& request, const Reply& reply) {
  constexpr std::uint16_t kErNoSuchRoutine = 1305;
  constexpr ByteView kBefore = "PROCEDURE ";
  constexpr ByteView kBehind = " does not exist";
  if (request.verdict.kind != sql::Kind::kCall || !reply.facts.failed || reply.facts.error_code != kErNoSuchRoutine) {
    return false;
  }
  ByteView said = reply.refusal.message;
  if (!said.starts_with(kBefore) || !said.ends_with(kBehind)) return false;
  said = said.substr(kBefore.size(), said.size() - kBefore.size() - kBehind.size());
  return said == called_name(session, request);
}

/// The shape of the statement, or the name of another command: its bytes may be anything, a password for one.
void remember_pin(Session& session, const Request& request) {
  if (request.command != Command::kQuery && request.prepared == nullptr) {
    session.holdings().pinned_by = to_string(request.command);
    return;
  }
  session.holdings().pinned_by =
      policy::sql::shape_text(text_of(session, request).substr(0, kMostShaped), session.sql_context(), kMostShown);
}

/// A prepare has done nothing: its errors and warnings are the session's all the same. What it seems to have changed is
/// put back already (the variables of SET STATEMENT), and the server tells of that with its next OK.
Task<void> settle_prepare(Session& session, ConnectionPtr connection, const Reply* reply, std::uint32_t ties) {
  ReplyFacts told = reply->facts;
  told.state_changed = false;
  if (reply->pending_change && !connection->facts.wish_shown) {
    co_await flush_changes(session, connection.get());
    if (session.facts().last_had_rows) session.holdings().last.row_count = -1;
  }
  if (told.failed) remember_row_count(session, -1);
  if (told.failed || told.warnings > 0) session.holdings().last.list.reset();
  const Learnt learnt = policy::session::learn(session.facts(), connection->facts, nothing_asked(), told, ties,
                                               session.shard_state().settings());
  if (learnt.ties == 0) {
    give_back(session, std::move(connection));
  } else {
    co_await hold(session, std::move(connection), learnt.ties, PinReason::kNone);
  }
}

/// With USE a session takes its rights in the schema as they are by now, wherever it runs.
void enter_anew(Session& session, Connection& connection, const Request& request, const Reply& reply) {
  const bool enters = request.command == Command::kInitDb || request.verdict.kind == sql::Kind::kUse;
  if (!enters || reply.facts.failed) return;
  connection.schema_entered = session.identity().began_at = session.shard_state().next_moment();
}

bool asks(const Learnt& learnt) { return learnt.ask_collation || learnt.ask_tracking; }

/// What the server marked without a name: every named change of a SET or USE has the mark, too.
bool is_nameless(const Flushed& changes, const sql::Statement& statement) {
  return changes.any && !(changes.named && policy::session::explained_by_name(statement));
}

/// What the reply taught, and what the server was asked for besides.
Task<Learnt> learn_all(Session& session, Connection* connection, const Request* request, Reply* reply,
                       std::uint32_t ties) {
  ReplyFacts& told = reply->facts;
  // An EOF says that something has changed, not what: a schema or a variable has a name, which may be all there is to
  // it (a write that has rows has a GTID). Our own setting of the client's wish is such a change, too.
  bool flushed = false;
  if (reply->pending_change && connection->facts.wish_shown) {
    told.state_changed = false;
  } else if (reply->pending_change) {
    told.state_changed = is_nameless(co_await flush_changes(session, connection), request->verdict);
    flushed = true;
  }
  sql::Statement verdict = request->verdict;
  if (calls_nobody(session, *request, *reply)) {
    verdict.kind = sql::Kind::kDdl;
    verdict.effects &= ~effect::kUnknownState;
  }
  Learnt learnt =
      policy::session::learn(session.facts(), connection->facts, verdict, told, ties, session.shard_state().settings());
  if (!session.prepared().any_cursor()) learnt.ties &= ~tie::kCursor;
  if (session.identity().proxied) learnt.ties |= tie::kLogin;
  if (learnt.doubted_count && !connection->facts.in_xa) {
    co_await ask_doubted_count(session, connection, request, reply, *learnt.doubted_count);
  }
  if (learnt.unsettled) {
    const Flushed changes = co_await flush_changes(session, connection);
    if (is_nameless(changes, request->verdict)) policy::session::learn_nameless(connection->facts, learnt);
  }
  const bool is_statement = request->command != Command::kStatistics;  // a text that is neither OK nor rows
  if (is_statement) {
    policy::session::pass_on(&session.holdings().last, request->verdict, told,
                             flushed || learnt.unsettled || asks(learnt));
  }
  // The rows of a statement without a table leave the list of warnings as it was: it must not be lost by counting.
  if (flushed && told.result_set && !told.failed && !session.facts().has_list) {
    co_await count_again(session, connection);
  }
  if (asks(learnt)) co_await ask_for_settings(session, connection, request, reply, learnt);
  co_return learnt;
}

/// A read has left something on a replica that nobody can move: it is repeated on the primary, unseen, and the session
/// stays there.
Task<ConnectionPtr> repeat_on_primary(Session& session, const Request* request, Learnt* learnt) {
  const bool execution = request->command == Command::kStmtExecute && request->prepared->cursor_on == 0;
  if (request->command != Command::kQuery && !execution) co_return nullptr;
  Trial trial;
  trial.hold = session.hold_deadline();
  trial.without_schema = wants_no_schema(session, *request);
  const policy::session::Needs needs = policy::session::needs_of(request->verdict);
  Result<ConnectionPtr> primary = trial.without_schema
                                      ? co_await borrow(session, policy::session::Place::kPrimary, &trial)
                                      : co_await borrow_fit(session, policy::session::Place::kPrimary, needs, &trial);
  if (!primary.ok()) co_return nullptr;
  Result<void> fits{};
  if (execution) fits = co_await ensure_copy(session, primary->get(), request, &trial);
  if (fits.ok() && trial.without_schema) fits = co_await restore(session, primary->get(), needs, &trial);
  if (!fits.ok()) co_return nullptr;
  const std::string untold = session.client().untold_changes();  // the first run's; the client is told once
  Result<Reply> reply = co_await repeat_unseen(session, primary->get(), request);
  if (reply.ok()) *learnt = co_await learn_all(session, primary->get(), request, &*reply, 0);
  session.client().untold_changes() = untold;
  if (!reply.ok()) co_return nullptr;
  co_return std::move(*primary);
}

/// A read or a SET of a session that is not tied to a replica has left something there that pins.
bool has_strayed(Session& session, const Connection& connection, const Request& request, const Learnt& learnt,
                 std::uint32_t ties) {
  return learnt.pin != PinReason::kNone && (ties & tie::kHard) == 0 &&
         session.door() == policy::session::Door::kSplit && !session.on_primary(connection) &&
         request.verdict.route != sql::Route::kPrimary;
}

/// Nothing ties the connection to the session.
void let_go(Session& session, ConnectionPtr connection) {
  if (!connection->usable()) return policy::session::forget_connection(session.facts(), connection->facts.serial);
  if (session.holdings().held == nullptr) session.holdings().last_text = std::string();
  give_back(session, std::move(connection));
}

/// The connection stays for what `learnt.ties` says. False: the session is over.
Task<bool> keep(Session& session, ConnectionPtr connection, const Request* request, const Learnt* learnt) {
  Holdings& holdings = session.holdings();
  const bool leaves_list = (learnt->ties & tie::kDiagnostics) != 0 && !request->verdict.has(effect::kReadsDiagnostics);
  if (leaves_list && !request->text) {
    // Only a read may ever be repeated (move_diagnostics_to_primary).
    const bool repeatable = request->command == Command::kQuery && request->verdict.route == sql::Route::kReader;
    holdings.last_text = repeatable ? std::string(session.client().argument()) : std::string();
  }
  if (!connection->usable()) {
    policy::session::forget_connection(session.facts(), connection->facts.serial);
    co_return (learnt->ties & tie::kHard) == 0 || session.client().broken();
  }
  if (learnt->pin != PinReason::kNone && holdings.pin == PinReason::kNone) remember_pin(session, *request);
  co_await hold(session, std::move(connection), learnt->ties, learnt->pin);
  // What is kept for convenience is better given back at once where somebody waits for it.
  if (holdings.soft() && session.frontend().pool(holdings.held->slot).wanted()) co_await release_soft(session);
  co_return true;
}

}  // namespace

bool releases(Session& session, const sql::Statement& statement) {
  if (statement.release != sql::Release::kBySetting) return statement.release == sql::Release::kYes;
  return session.facts().settings != nullptr && session.facts().settings->variable("completion_type") == "RELEASE";
}

Task<bool> settle(Session& session, ConnectionPtr connection, const Request* request, Reply* reply,
                  std::uint32_t ties) {
  if (request->prepared != nullptr) take_prepared(session, *connection, *request, *reply);
  if (request->command == Command::kStmtPrepare) {
    co_await settle_prepare(session, std::move(connection), reply, ties);
    co_return true;
  }
  if (!reply->facts.failed && releases(session, request->verdict)) {
    connection->facts.must_close = true;
    co_return false;
  }
  enter_anew(session, *connection, *request, *reply);
  Learnt learnt = co_await learn_all(session, connection.get(), request, reply, ties);
  if (has_strayed(session, *connection, *request, learnt, ties)) {
    if (policy::session::leaves_list(request->verdict)) co_await remember_list(session, connection.get());
    co_await ask_for_counts(session, connection.get());
    Learnt there;
    ConnectionPtr primary = co_await repeat_on_primary(session, request, &there);
    if (primary != nullptr) {
      give_back(session, std::move(connection));
      connection = std::move(primary);
      learnt = there;
    }  // else it stays where it is: reads are right, and a write gets the replica's honest error
  }
  if (request->prepared != nullptr) end_long_data(session, *connection, *request);
  if (learnt.ties == 0) {
    let_go(session, std::move(connection));
    co_return true;
  }
  co_return co_await keep(session, std::move(connection), request, &learnt);
}

}  // namespace hf::service::mysql
