#include "service/mysql/settle.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdlib>

#include "policy/sql/lexer.h"
#include "policy/sql/set_list.h"
#include "policy/sql/shape_cache.h"
#include "service/mysql/handlers/handlers.h"
#include "service/mysql/holdings.h"
#include "service/mysql/lend.h"
#include "service/mysql/run.h"
#include "service/mysql/shard_state.h"
#include "service/mysql/start.h"

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

std::string lower(ByteView text) {
  std::string out(text);
  for (char& c : out) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return out;
}

/// A command that leaves counts and lists as they are.
sql::Statement nothing_asked() {
  sql::Statement statement;
  statement.kind = sql::Kind::kEmpty;
  statement.effects = effect::kReadsDiagnostics;
  statement.tableless = true;
  return statement;
}

bool executes(const Request& request) { return request.command == Command::kStmtExecute || request.command == Command::kStmtBulkExecute; }

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
  if (gone) upstream::close_statement(connection, *gone);
}

/// A reply to a command on a prepared statement: ids and cursors.
void take_prepared(Session& session, Connection& connection, const Request& request, const Reply& reply) {
  PreparedStatement& statement = *request.prepared;
  if (request.command == Command::kStmtPrepare) {
    // A user variable is there, without a value, from the prepare of what assigns it (or reads it: the two are not told apart).
    if (statement.verdict.has(effect::kUserVariable)) connection.facts.stains |= policy::session::stain::kState;
    if (reply.facts.failed) return;
    statement.made = true;
    statement.parameters = reply.parameters;
    const std::optional<std::uint32_t> gone = connection.facts.prepared.add(statement.meaning, reply.statement_id);
    if (gone) upstream::close_statement(connection, *gone);
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
    // The server has it still, or refuses it until the client resets it: we keep the data and send it again; the copy is everybody's and
    // starts anew.
    const std::optional<std::uint32_t> gone = connection.facts.prepared.erase(statement.meaning);
    if (gone) upstream::close_statement(connection, *gone);
  } else {
    session.prepared().drop_long_data(statement);
  }
}

/// A question of ours changes FOUND_ROWS(): asked for before, where only this connection knows it.
Task<void> keep_found_rows(Session& session, Connection* connection) {
  policy::session::SessionFacts& facts = session.facts();
  connection->facts.found_rows.reset();
  if (facts.found_rows.on != connection->facts.serial) co_return;
  Result<proto::mysql::TextResult> asked =
      co_await upstream::query(*connection, "SELECT FOUND_ROWS() LIMIT 1", session.loop().deadline_in(session.service().config().connect_timeout));
  if (!asked.ok() || asked->error || asked->rows.size() != 1 || asked->rows[0].size() != 1) {
    facts.found_rows = {1, 0};
    facts.lost |= policy::session::lost::kFoundRows;
    co_return;
  }
  facts.found_rows = {std::strtoull(narrow(asked->rows[0][0].value_or("0")).c_str(), nullptr, 10), 0};
}

/// The client's read once more, unseen. Errors: the connection is lost, or the client.
Task<Result<Reply>> repeat_unseen(Session& session, Connection* connection, const Request* request) {
  const upstream::ServerSlot slot = connection->slot;
  const std::uint32_t thread = connection->thread_id;
  Reply reply = co_await exchange(session, connection, request, {}, ReplySink::kNobody);
  if (reply.end == Reply::End::kComplete) {
    session.service().counters().reads_repeated.add();
    co_return std::move(reply);
  }
  if (session.running().client_left) {
    const Result<void> killed = co_await kill_thread(session, slot, thread, KillWhat::kConnection, nullptr);
    (void)killed;  // its end is all the same to a client that has left
  }
  co_return reply.failure.value_or(Error{ErrorCode::kClosed, "the read was not run again"});
}

/// Whether a read that failed may be run once more, unseen: it has done nothing, did not take long, and fails again for the same reason.
bool may_run_again(const Request& request, const Reply& reply) {
  constexpr Nanos kQuick = 100ms;
  constexpr std::array<std::uint16_t, 5> kOfTheMoment = {1205, 1213, 1317, 1969, 3024};  // locks, KILL, limits of time
  const bool whole = request.command == Command::kQuery ||
                     (request.command == Command::kStmtExecute && request.prepared->cursor_on == 0 && request.prepared->long_data.empty());
  const bool idle = request.verdict.route == sql::Route::kReader && !request.verdict.has(effect::kUserVariable | effect::kUnknownState);
  const bool again = std::find(kOfTheMoment.begin(), kOfTheMoment.end(), reply.facts.error_code) == kOfTheMoment.end();
  return whole && idle && again && reply.lasted <= kQuick;
}

/// What a read that failed has counted, if it has. Where the connection's count is what it was, the read is run again with another count
/// there, which it leaves or not. (An XA branch that is prepared would not say.)
Task<void> ask_doubted_count(Session& session, Connection* connection, const Request* request, const Reply* reply, policy::session::DoubtedCount doubt) {
  policy::session::SessionFacts& facts = session.facts();
  co_await keep_found_rows(session, connection);
  const std::uint64_t there = facts.found_rows.value;
  if (policy::session::settle_count(facts, doubt, there) || !may_run_again(*request, *reply)) co_return;
  std::uint64_t other = 1;  // that of the question
  if (there == other) {
    other = 2;
    std::vector<policy::session::Step> steps;
    steps.push_back({policy::session::Step::Kind::kStatement, policy::session::count_statement(other)});
    const Result<void> made = co_await upstream::run_steps(*connection, std::move(steps), nullptr, session.loop().deadline_in(session.service().config().connect_timeout));
    if (!made.ok()) co_return connection->stream->abort(made.error());
  }
  const Result<Reply> again = co_await repeat_unseen(session, connection, request);
  if (!again.ok() || again->facts.error_code != reply->facts.error_code) co_return;
  facts.found_rows = {0, connection->facts.serial};
  co_await keep_found_rows(session, connection);
  (void)policy::session::settle_count(facts, {doubt.own, other}, facts.found_rows.value);
}

/// After a SET of session_track_*, which turns our own tracking off before anything was told, or of @@x, of which nothing is told: asks for
/// all that it may have set.
Task<void> learn_tracking(Session& session, Connection* connection, const Request* request) {
  const ByteView text = text_of(session, *request);
  std::string names;
  for (const std::string& name : policy::session::names_to_ask(session.facts(), request->verdict, text, session.sql_context())) {
    names += (names.empty() ? "'" : ",'") + name + "'";
  }
  const Deadline deadline = session.loop().deadline_in(session.service().config().connect_timeout);
  ReplyFacts told;
  const auto ask = [&told](const Result<proto::mysql::TextResult>& shown) {
    if (!shown.ok() || shown->error) return false;
    for (const auto& row : shown->rows) {
      if (row.size() >= 2 && row[0]) told.variables.emplace_back(narrow(*row[0]), narrow(row[1].value_or("")));
    }
    return true;
  };
  // A SHOW ends after sql_select_limit rows, too, and that may be what was set.
  const Result<proto::mysql::TextResult> limit = co_await upstream::query(*connection, "SELECT 'sql_select_limit',@@session.sql_select_limit LIMIT 1", deadline);
  bool answered = ask(limit);
  const std::string lifted = told.variables.size() == 1 ? without_select_limit(told.variables[0].second) : std::string();
  const std::string others = "SHOW SESSION VARIABLES WHERE Variable_name<>'sql_select_limit' AND Variable_name IN (" + names + ")";
  if (answered) answered = ask(co_await upstream::query(*connection, lifted + others, deadline));
  if (!answered) {
    connection->stream->abort({ErrorCode::kReset, "the session's variables could not be read"});
    co_return;
  }
  const bool wished = request->verdict.has(effect::kReadsTracking);  // else the tracking that is shown is our own
  const auto learn_told = wished ? policy::session::learn_wish : policy::session::learn_values;
  learn_told(session.facts(), connection->facts, told, session.service().mysql().settings());
}

enum class Names : std::uint8_t { kNone,
                                  kPlain,
                                  kCollate };

/// Whether the SET names the character set of results, in whatever way: their collation is that set's own again.
bool sets_results(Session& session, const Request& request) {
  sql::SetList list(text_of(session, request), session.sql_context());
  while (const std::optional<sql::Assignment> each = list.next()) {
    const bool both = each->target == sql::Assignment::Target::kNames || each->target == sql::Assignment::Target::kCharacterSet;
    if (both || lower(each->name) == "character_set_results") return true;
  }
  return !list.ok();
}

/// SET NAMES x, SET NAMES x COLLATE y, or anything else.
Names names_of(Session& session, const Request& request) {
  if (request.verdict.kind != sql::Kind::kSet) return Names::kNone;
  sql::SetList list(text_of(session, request), session.sql_context());
  const std::optional<sql::Assignment> only = list.next();
  if (!only || only->target != sql::Assignment::Target::kNames || only->form != sql::Assignment::Form::kPlain) return Names::kNone;
  if (list.next() || !list.ok() || lower(only->value) == "default") return Names::kNone;
  return mentions(only->value, "collate") ? Names::kCollate : Names::kPlain;
}

/// Asks for the collation that SET NAMES and its like do not report.
Task<void> learn_collation(Session& session, Connection* connection, const Request* request, const Reply* reply) {
  ShardState& shard = session.service().mysql();
  policy::session::SessionFacts& facts = session.facts();
  const ByteView charset = facts.settings == nullptr ? ByteView() : facts.settings->variable("character_set_connection");
  const Names names = reply->facts.failed ? Names::kNone : names_of(session, *request);
  const bool plain = names == Names::kPlain;
  std::string& usual = shard.default_collation(std::string(charset));
  ReplyFacts learnt;
  if (!reply->facts.failed && sets_results(session, *request)) learnt.variables.emplace_back(policy::session::kNamesCollation, "");
  if (plain && !usual.empty()) {
    learnt.variables.emplace_back("collation_connection", usual);
  } else {
    Result<proto::mysql::TextResult> asked = co_await upstream::query(
        *connection, "SELECT @@character_set_client,@@character_set_connection,@@character_set_results,@@collation_connection,@@character_set_server,@@collation_server LIMIT 1",
        session.loop().deadline_in(session.service().config().connect_timeout));
    if (!asked.ok() || asked->error || asked->rows.size() != 1 || asked->rows[0].size() != 6) {
      connection->stream->abort({ErrorCode::kReset, "the session's collation could not be read"});
      co_return;
    }
    constexpr std::array<const char*, 6> kNames = {"character_set_client", "character_set_connection", "character_set_results",
                                                   "collation_connection", "character_set_server", "collation_server"};
    for (std::size_t i = 0; i < kNames.size(); ++i) learnt.variables.emplace_back(kNames[i], narrow(asked->rows[0][i].value_or("")));
    const std::string collation = narrow(asked->rows[0][3].value_or(""));
    if (plain) usual = collation;
    if (names == Names::kCollate) learnt.variables.emplace_back(policy::session::kNamesCollation, collation);
  }
  policy::session::learn_values(facts, connection->facts, learnt, shard.settings());
}

/// What the server had not told yet.
struct Flushed {
  bool named = false;  // variables, a schema: the session has them by now
  bool any = false;    // something has changed, with a name or without
};

/// What the server has not told yet comes out with the next OK that has a change to tell: that the tracking of changes is switched off, which
/// is none that this tracking itself would tell.
Task<Flushed> flush_changes(Session& session, Connection* connection) {
  constexpr int kMostInterrupted = 20;
  Request request;
  request.text = "SET @@session.session_track_state_change=0";
  const bool tracking = connection->facts.tracking;
  Reply reply = co_await exchange(session, connection, &request, {}, ReplySink::kNobody);
  for (int round = 0; reply.facts.failed && reply.facts.error_code == proto::mysql::kErQueryInterrupted && round < kMostInterrupted; ++round) {
    reply = co_await exchange(session, connection, &request, {}, ReplySink::kNobody);  // a KILL QUERY that was meant for the client's statement
  }
  Result<void> told{};
  if (reply.end != Reply::End::kComplete || reply.facts.failed) told = Error{ErrorCode::kReset, "the session's changes could not be read"};
  if (told.ok()) {
    policy::session::learn_values(session.facts(), connection->facts, reply.facts, session.service().mysql().settings());
    const Deadline deadline = session.loop().deadline_in(session.service().config().connect_timeout);
    const Result<proto::mysql::TextResult> on = co_await upstream::query(*connection, "SET @@session.session_track_state_change=1", deadline);
    if (!on.ok() || on->error) told = Error{ErrorCode::kReset, "the session's changes could not be tracked again"};
    connection->facts.tracking = tracking;
  }
  if (!told.ok()) {
    connection->stream->abort(told.error());
    co_return Flushed{};
  }
  co_return Flushed{reply.facts.schema.has_value() || reply.facts.variables.size() > 1, reply.facts.state_changed};
}

/// The procedure's whole name, "schema.name". Empty: it is not plain to see.
std::string called_name(Session& session, const Request& request) {
  sql::Lexer lexer(text_of(session, request), session.sql_context());
  if (lower(lexer.text(lexer.next())) != "call") return {};
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
  const bool plain = (end.is('(') || end.is(';') || end.kind == sql::TokenKind::kEnd) && !lexer.odd() && !lexer.versioned() && !lexer.unterminated();
  if (!plain) return {};
  if (count == 2) return parts[0] + "." + parts[1];
  const policy::session::SettingsPtr& settings = request.prepared != nullptr ? request.prepared->meaning.parsed_under : session.facts().settings;
  return settings == nullptr || settings->schema().empty() ? std::string() : settings->schema() + "." + parts[0];
}

/// A CALL of a procedure that is not there, rather than of one that calls such a one: nothing has happened.
bool calls_nobody(Session& session, const Request& request, const Reply& reply) {
  constexpr std::uint16_t kErNoSuchRoutine = 1305;
  constexpr ByteView kBefore = "PROCEDURE ";
  constexpr ByteView kBehind = " does not exist";
  if (request.verdict.kind != sql::Kind::kCall || !reply.facts.failed || reply.facts.error_code != kErNoSuchRoutine) return false;
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
  session.holdings().pinned_by = policy::sql::shape_text(text_of(session, request).substr(0, kMostShaped), session.sql_context(), kMostShown);
}

/// After a SET of ours behind rows, ROW_COUNT() and FOUND_ROWS() are made those of the rows again.
Task<void> count_again(Session& session, Connection* connection) {
  const policy::session::Remembered& found = session.facts().found_rows;
  if (!found.known() || found.value > policy::session::kMostCounted) co_return;
  std::vector<policy::session::Step> steps;
  steps.push_back({policy::session::Step::Kind::kStatement, policy::session::count_statement(found.value)});
  const Result<void> done = co_await upstream::run_steps(*connection, std::move(steps), nullptr, session.loop().deadline_in(session.service().config().connect_timeout));
  if (!done.ok()) connection->stream->abort(done.error());
  connection->facts.found_rows = found.value;
}

/// A prepare has done nothing: its errors and warnings are the session's all the same. What it seems to have changed is put back already
/// (the variables of SET STATEMENT), and the server tells of that with its next OK.
Task<void> settle_prepare(Session& session, ConnectionPtr connection, const Reply* reply, std::uint32_t ties) {
  ReplyFacts told = reply->facts;
  told.state_changed = false;
  if (reply->pending_change && !connection->facts.wish_shown) {
    co_await flush_changes(session, connection.get());
    if (session.facts().last_had_rows) session.holdings().last.row_count = -1;
  }
  if (told.failed) remember_row_count(session, -1);
  if (told.failed || told.warnings > 0) session.holdings().last.list.reset();
  const Learnt learnt =
      policy::session::learn(session.facts(), connection->facts, nothing_asked(), told, ties, session.service().mysql().settings());
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
  connection.schema_entered = session.identity().began_at = session.service().mysql().next_moment();
}

bool asks(const Learnt& learnt) { return learnt.ask_collation || learnt.ask_tracking; }

/// What a SET has set and not told.
Task<void> ask_besides(Session& session, Connection* connection, const Request* request, const Reply* reply, Learnt learnt) {
  co_await keep_found_rows(session, connection);
  if (learnt.ask_tracking) co_await remember_list(session, connection);  // SHOW VARIABLES has a list of its own
  if (learnt.ask_tracking) co_await learn_tracking(session, connection, request);
  if (learnt.ask_collation) co_await learn_collation(session, connection, request, reply);
}

/// What the reply taught, and what the server was asked for besides.
Task<Learnt> learn_all(Session& session, Connection* connection, const Request* request, Reply* reply, std::uint32_t ties) {
  ReplyFacts& told = reply->facts;
  // An EOF says that something has changed, not what: a schema or a variable has a name, which may be all there is to it.
  // Our own setting of the client's wish is such a change, too.
  bool flushed = false;
  if (reply->pending_change && connection->facts.wish_shown) {
    told.state_changed = false;
  } else if (reply->pending_change) {
    const Flushed changes = co_await flush_changes(session, connection);
    told.state_changed = !changes.named || !policy::session::explained_by_name(request->verdict);
    flushed = true;
  }
  sql::Statement verdict = request->verdict;
  if (calls_nobody(session, *request, *reply)) {
    verdict.kind = sql::Kind::kDdl;
    verdict.effects &= ~effect::kUnknownState;
  }
  Learnt learnt = policy::session::learn(session.facts(), connection->facts, verdict, told, ties, session.service().mysql().settings());
  if (!session.prepared().any_cursor()) learnt.ties &= ~tie::kCursor;
  if (session.identity().proxied) learnt.ties |= tie::kLogin;
  if (learnt.doubted_count && !connection->facts.in_xa) co_await ask_doubted_count(session, connection, request, reply, *learnt.doubted_count);
  if (learnt.unsettled) {
    const Flushed changes = co_await flush_changes(session, connection);
    const bool nameless = changes.any && !(changes.named && policy::session::explained_by_name(request->verdict));
    if (nameless) policy::session::learn_nameless(connection->facts, learnt);
  }
  const bool is_statement = request->command != Command::kStatistics;  // a text that is neither OK nor rows
  if (is_statement) policy::session::pass_on(&session.holdings().last, request->verdict, told, flushed || learnt.unsettled || asks(learnt));
  // The rows of a statement without a table leave the list of warnings as it was: it must not be lost by counting.
  if (flushed && told.result_set && !told.failed && !session.facts().has_list) co_await count_again(session, connection);
  if (asks(learnt)) co_await ask_besides(session, connection, request, reply, learnt);
  co_return learnt;
}

/// A read has left something on a replica that nobody can move: it is repeated on the primary, unseen, and the session stays there.
Task<ConnectionPtr> repeat_on_primary(Session& session, const Request* request, Learnt* learnt) {
  const bool execution = request->command == Command::kStmtExecute && request->prepared->cursor_on == 0;
  if (request->command != Command::kQuery && !execution) co_return nullptr;
  Trial trial;
  trial.hold = session.hold_deadline();
  trial.without_schema = wants_no_schema(session, *request);
  const policy::session::Needs needs = policy::session::needs_of(request->verdict);
  Result<ConnectionPtr> primary = trial.without_schema ? co_await borrow(session, policy::session::Place::kPrimary, &trial)
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

/// What only a connection knows that the session leaves: its last insert id, and FOUND_ROWS().
Task<void> ask_for_counts(Session& session, Connection* connection) {
  policy::session::SessionFacts& facts = session.facts();
  co_await keep_found_rows(session, connection);
  if (facts.insert_id.on != connection->facts.serial) co_return;
  const Result<proto::mysql::TextResult> asked =
      co_await upstream::query(*connection, "SELECT LAST_INSERT_ID() LIMIT 1", session.loop().deadline_in(session.service().config().connect_timeout));
  const bool told = asked.ok() && !asked->error && asked->rows.size() == 1 && asked->rows[0].size() == 1;
  facts.insert_id = {told ? std::strtoull(narrow(asked->rows[0][0].value_or("0")).c_str(), nullptr, 10) : 0, 0};
  if (!told) facts.lost |= policy::session::lost::kInsertId;
}

/// A read or a SET of a session that is not tied to a replica has left something there that pins.
bool has_strayed(Session& session, const Connection& connection, const Request& request, const Learnt& learnt, std::uint32_t ties) {
  return learnt.pin != PinReason::kNone && (ties & tie::kHard) == 0 && session.door() == policy::session::Door::kSplit && !session.on_primary(connection) &&
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
  if (holdings.soft() && session.service().server(holdings.held->slot).pool.wanted()) co_await release_soft(session);
  co_return true;
}

}  // namespace

bool releases(Session& session, const sql::Statement& statement) {
  if (statement.release != sql::Release::kBySetting) return statement.release == sql::Release::kYes;
  return session.facts().settings != nullptr && session.facts().settings->variable("completion_type") == "RELEASE";
}

Task<bool> settle(Session& session, ConnectionPtr connection, const Request* request, Reply* reply, std::uint32_t ties) {
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
