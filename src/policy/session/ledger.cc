#include "policy/session/ledger.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "policy/session/route.h"
#include "policy/sql/set_list.h"

namespace hf::policy::session {

namespace effect = sql::effect;
using sql::Kind;

namespace {

constexpr std::uint16_t kErUnknownStatementHandler = 1243;
constexpr std::array<std::uint16_t, 27> kNotExecuted = {1044, 1045, 1046, 1049, 1054, 1060, 1064, 1065, 1066,
                                                        1102, 1103, 1109, 1115, 1142, 1143, 1146, 1149, 1193,
                                                        1227, 1231, 1232, 1273, 1305, 1290, 1347, 1370, 1959};
/// Errors that a SELECT which runs no routine gives before it counts anything.
constexpr std::array<std::uint16_t, 15> kNotCounted = {1052, 1111, 1176, 1191, 1222, 1241, 1250, 1253,
                                                       1267, 1426, 1582, 4078, 4089, 4091, 4124};

/// Effects that tie a session to its connection for good, and their names for people.
struct Pin {
  std::uint32_t effect;
  PinReason reason;
};
constexpr std::array<Pin, 8> kPins = {{{effect::kUserVariable, PinReason::kUserVariable},
                                       {effect::kTemporaryTable, PinReason::kTemporaryTable},
                                       {effect::kUserLock, PinReason::kUserLock},
                                       {effect::kPreparedText, PinReason::kPreparedText},
                                       {effect::kHandlerOpen, PinReason::kHandler},
                                       {effect::kConnectionId, PinReason::kConnectionId},
                                       {effect::kSequence, PinReason::kSequence},
                                       {effect::kUnknownState, PinReason::kUnknownState}}};

}  // namespace

bool is_program(const sql::Statement& statement) {
  return statement.kind == Kind::kCall || statement.kind == Kind::kExecute || statement.kind == Kind::kMulti ||
         statement.kind == Kind::kUnknown || statement.has(effect::kMultiStatement) ||
         (statement.has(effect::kUnknownState) && !statement.has(effect::kComputedValue));
}

namespace {

/// XA START, SET ROLE, SET profiling: the state that they leave is no program's.
bool runs_nothing(const sql::Statement& statement) {
  return (statement.kind == Kind::kSet || statement.kind == Kind::kXa) &&
         !statement.has(effect::kMultiStatement | effect::kUserVariable | effect::kSetsVariable);
}

bool selects(const sql::Statement& statement) {
  return statement.kind == Kind::kSelect || statement.kind == Kind::kWith || statement.kind == Kind::kValues ||
         statement.kind == Kind::kTable;
}

bool changes_rows(const sql::Statement& statement) {
  return statement.kind == Kind::kInsert || statement.kind == Kind::kReplace || statement.kind == Kind::kUpdate ||
         statement.kind == Kind::kDelete || statement.kind == Kind::kLoadData;
}

/// ANALYZE INSERT runs it; EXPLAIN INSERT is taken for the same.
bool explains_write(const sql::Statement& statement) {
  return statement.kind == Kind::kExplain && statement.reason == sql::Reason::kWrite;
}

/// Somebody else's list of warnings is on the connection, and the statement would leave it there.
bool shows_another_list(const SessionFacts& session, const ConnectionFacts& connection, const Needs& needs) {
  return needs.empty_list && !connection.in_xa && connection.has_list && session.diagnostics_on != connection.serial;
}

/// What tracking_assignments() gives these variables.
bool is_ours(ByteView name, ByteView value) {
  if (name == "session_track_system_variables") return value == "*";
  if (name == "session_track_transaction_info") return value == "OFF";
  return value == "ON" || value == "1";
}

/// BEGIN NOT ATOMIC … END: an error says nothing of what came before it.
bool is_block(const sql::Statement& statement) {
  return statement.kind == Kind::kUnknown && statement.has(effect::kUnknownState) &&
         statement.has(effect::kImplicitCommit);
}

/// What fails may have run functions and triggers before, whatever its error: stored code may signal any. Only what
/// opens no table, where views and triggers are, and calls nothing unknown has run none.
bool may_have_run(const sql::Statement& statement) {
  if (statement.kind == Kind::kSet && !statement.has(effect::kMultiStatement)) return !statement.tableless;
  if (is_program(statement)) return statement.kind != Kind::kXa;
  switch (statement.kind) {
    case Kind::kBegin:
    case Kind::kCommit:
    case Kind::kRollback:
    case Kind::kSavepoint:
    case Kind::kXa:
    case Kind::kUse:
    case Kind::kLockTables:
    case Kind::kUnlockTables:
    case Kind::kPrepare:
    case Kind::kFlush:
    case Kind::kKill: return false;
    default: return !statement.tableless;
  }
}

/// What says of an XA statement that there is no such branch, or that it does not fit the state: XAER_NOTA, INVAL,
/// RMFAIL, OUTSIDE, DUPID.
bool names_no_branch(std::uint16_t error_code) {
  constexpr std::array<std::uint16_t, 5> kCodes = {1397, 1398, 1399, 1400, 1440};
  return std::find(kCodes.begin(), kCodes.end(), error_code) != kCodes.end();
}

/// The statement did nothing at all. `pinned`: statements may have been prepared by name; then what EXECUTE reports may
/// be theirs.
bool without_effect(const sql::Statement& statement, const ReplyFacts& reply, bool pinned) {
  if (!reply.failed || statement.has(effect::kMultiStatement) || statement.kind == Kind::kCall || is_block(statement)) {
    return false;
  }
  if (statement.kind == Kind::kExecute) {
    return !pinned && statement.has(effect::kPreparedText) && reply.error_code == kErUnknownStatementHandler;
  }
  return not_executed(reply.error_code) || (statement.kind == Kind::kXa && names_no_branch(reply.error_code));
}

/// DROP TEMPORARY TABLE: a session that has one is pinned already.
bool drops_temporary(const sql::Statement& statement) {
  return statement.kind == Kind::kDdl &&
         !statement.has(effect::kImplicitCommit | effect::kTemporaryTable | effect::kUnknownState);
}

/// Whether the statement may have set LAST_INSERT_ID().
bool may_set_insert_id(const sql::Statement& statement, const ReplyFacts& reply) {
  if (is_program(statement)) return true;
  if (statement.has(effect::kReadsLastInsertId)) return true;  // LAST_INSERT_ID(expression)
  if (explains_write(statement)) return true;
  if (statement.kind == Kind::kLoadData) return reply.failed || reply.affected_rows > 0;
  // CREATE TABLE … SELECT
  if (statement.kind == Kind::kDdl) return reply.failed || reply.affected_rows > 0 || reply.insert_id > 0;
  if (statement.kind != Kind::kInsert && statement.kind != Kind::kReplace) return false;
  // A lone OK without an id has set none; an id in it may be one that the client gave, and rows (RETURNING) tell
  // nothing.
  return reply.failed || reply.result_set || reply.insert_id > 0;
}

PinReason pin_of(const sql::Statement& statement, const ReplyFacts& reply, bool value_learnt) {
  const bool single = !statement.has(effect::kMultiStatement);
  for (const Pin& pin : kPins) {
    if (!statement.has(pin.effect)) continue;
    if (reply.failed && single &&
        (pin.effect & (effect::kTemporaryTable | effect::kPreparedText | effect::kHandlerOpen)) != 0) {
      continue;
    }
    if (value_learnt && pin.effect == effect::kUnknownState) continue;
    return pin.reason;
  }
  return PinReason::kNone;
}

struct Changes {
  bool any = false;
  bool tied = false;         // a variable that makes sense on one connection only
  bool close = false;        // … and that a reset would not take away
  bool sets_others = false;  // … unseen: their values are to be asked for
};

using Named = std::pair<std::string, std::string>;

/// Takes a report in, and what is known to have come with it.
void take_reported(Settings& settings, const std::vector<const Named*>& reported) {
  for (const Named* each : reported) settings.set_variable(each->first, each->second);
  for (const Follower& follower : followers()) {
    const auto report_of = [&reported](ByteView name) {
      return std::find_if(reported.begin(), reported.end(), [name](const Named* each) { return each->first == name; });
    };
    const auto setter = report_of(follower.setter);
    if (setter == reported.end() || report_of(follower.name) != reported.end()) continue;
    const std::optional<ByteView> value = value_of_follower(follower.setter, (*setter)->second);
    if (value) settings.set_variable(follower.name, *value);
  }
}

/// Whether a variable that this one sets has to be asked for.
bool sets_another(ByteView name) {
  return std::any_of(followers().begin(), followers().end(),
                     [name](const Follower& each) { return each.setter == name && !value_of_follower(name, {}); });
}

/// `before` with what the reply named. Null stays null on a connection: what it has besides is not known.
SettingsPtr changed(const SettingsPtr& before, const std::optional<std::string>& schema,
                    const std::vector<const Named*>& settings, SettingsTable& table) {
  Settings next = before == nullptr ? Settings() : *before;
  if (schema) next.set_schema(*schema);
  take_reported(next, settings);
  if (before != nullptr && next == *before) return before;
  return table.intern(std::move(next));
}

/// Variables and schema that the reply named.
Changes take_changes(SessionFacts& session, ConnectionFacts& connection, const sql::Statement& statement,
                     const ReplyFacts& reply, SettingsTable& table) {
  Changes changes;
  std::vector<const Named*> settings;
  for (const Named& each : reply.variables) {
    switch (kind_of_variable(each.first)) {
      case VariableKind::kMoment: continue;
      case VariableKind::kTracking: connection.tracking = false; break;
      case VariableKind::kTied:
        changes.tied = true;
        if (each.first.starts_with("profiling")) changes.close = true;
        break;
      case VariableKind::kSetting:
        // SET STATEMENT: a value that lasted for the statement only. The true one comes later.
        if (statement.has(effect::kSetStatement)) break;
        settings.push_back(&each);
        changes.tied = changes.tied || policy::session::ties(each.first, each.second);
        break;
    }
    changes.any = true;
    changes.sets_others = changes.sets_others || sets_another(each.first);
  }
  changes.any = changes.any || reply.schema.has_value();
  if (!reply.schema && settings.empty()) return changes;
  // The two differ where the server would not give the connection all that the session has (a schema that is gone).
  const bool equal = connection.settings == session.settings;
  session.settings = changed(session.settings, reply.schema, settings, table);
  if (equal) {
    connection.settings = session.settings;
  } else if (connection.settings != nullptr) {
    connection.settings = changed(connection.settings, reply.schema, settings, table);
  }
  return changes;
}

/// What SET TRANSACTION has set is over with the next transaction: one that ends, or a statement that was one. A
/// statement without a table is none. (A view that names no table either is taken for one.) UNLOCK TABLES ends none
/// where no table is locked.
bool uses_up_transaction(const SessionFacts& session, const sql::Statement& statement, const ReplyFacts& reply,
                         std::uint32_t ties, bool was_open) {
  if (reply.failed || session.status.in_transaction) return false;
  if (statement.kind == Kind::kUnlockTables && (ties & tie::kTableLock) == 0) return false;
  if (was_open || statement.kind == Kind::kCommit || statement.kind == Kind::kRollback) return true;
  return changes_rows(statement) || statement.has(effect::kImplicitCommit) ||
         (selects(statement) && !statement.tableless);
}

std::uint32_t transaction_ties(const SessionFacts& session, const sql::Statement& statement, const ReplyFacts& reply,
                               std::uint32_t ties, bool was_open) {
  const bool failed_whole = reply.failed && !statement.has(effect::kMultiStatement);
  const bool used_up = uses_up_transaction(session, statement, reply, ties, was_open);
  if (statement.has(effect::kLockTables) && !failed_whole) ties |= tie::kTableLock;
  if (statement.kind == Kind::kUnlockTables && !reply.failed) ties &= ~tie::kTableLock;
  if (statement.has(effect::kNextTransaction) && !failed_whole) {
    ties |= tie::kNextTransaction;
  } else if (used_up) {
    ties &= ~tie::kNextTransaction;
  }
  // After an error the server does not say whether a transaction is open: believe so until it does. A prepare says
  // nothing of it either.
  const bool believed = !reply.status && (ties & tie::kTransaction) != 0;
  const bool maybe_open =
      believed || (reply.failed && (!session.status.autocommit || statement.has(effect::kMultiStatement)));
  // With autocommit off a transaction lasts until it is ended: with its first savepoint it has begun, before the server
  // says so.
  const bool ends = session.status.autocommit || statement.kind == Kind::kCommit || statement.kind == Kind::kRollback ||
                    statement.has(effect::kImplicitCommit);
  const bool begun =
      !ends && ((ties & tie::kTransaction) != 0 || (statement.kind == Kind::kSavepoint && !reply.failed));
  ties = session.status.in_transaction || maybe_open || begun ? ties | tie::kTransaction : ties & ~tie::kTransaction;
  return reply.cursor_open ? ties | tie::kCursor : ties;
}

void learn_counts(SessionFacts& session, ConnectionFacts& connection, const sql::Statement& statement,
                  const ReplyFacts& reply, bool nothing_done) {
  const bool plain = statement.kind == Kind::kSelect || statement.kind == Kind::kWith;
  if (statement.kind == Kind::kEmpty && statement.has(effect::kReadsDiagnostics)) return;  // not even a statement
  if (!left_row_count(statement, reply)) session.last_had_rows = reply.result_set || reply.failed;
  // SELECT FOUND_ROWS() is a SELECT, and the next one gives 1; SHOW WARNINGS is not counted.
  if (statement.has(effect::kReadsDiagnostics) && statement.kind == Kind::kShow) return;
  const bool refused = reply.failed && plain && !is_program(statement) &&
                       std::find(kNotCounted.begin(), kNotCounted.end(), reply.error_code) != kNotCounted.end();
  if (nothing_done || refused || leaves_found_rows(statement)) return;
  session.lost &= static_cast<std::uint8_t>(~lost::kFoundRows);
  const bool limited = session.settings != nullptr && session.settings->reading().limits_selects;
  const bool as_sent =
      plain && !limited && !reply.failed && !reply.cursor_open && !is_program(statement) &&
      !statement.has(effect::kFoundRows | effect::kOffset | effect::kIntoOutfile | effect::kUserVariable);
  if (as_sent) {
    session.found_rows = {reply.rows, 0};
    connection.found_rows = reply.rows;
  } else {
    session.found_rows = {0, connection.serial};
    connection.found_rows.reset();
  }
}

/// FOUND_ROWS() is made to be the session's, unless that would cost it its own list of warnings, or the server more
/// than it is worth: the rows of count_statement() are made one by one. Then it is 1, and never another client's.
std::optional<std::uint64_t> wanted_count(const SessionFacts& session, const ConnectionFacts& connection,
                                          const Needs& needs) {
  const bool own_list = needs.own_list && session.diagnostics_on == connection.serial && session.has_list;
  // An XA branch that is prepared lets nothing be read.
  if (!needs.found_rows || !session.found_rows.known() || own_list || connection.in_xa) return std::nullopt;
  return session.found_rows.value <= kMostCounted ? session.found_rows.value : 1;
}

/// The count that has to be made there, which also takes a list of warnings away.
std::optional<std::uint64_t> count_to_make(const SessionFacts& session, const ConnectionFacts& connection,
                                           const Needs& needs) {
  const std::optional<std::uint64_t> wanted = wanted_count(session, connection, needs);
  if (shows_another_list(session, connection, needs)) return wanted.value_or(1);
  const bool there = connection.found_rows == session.found_rows.value || connection.found_rows == wanted;
  return there ? std::nullopt : wanted;
}

/// What LAST_INSERT_ID() is to be on the connection, where it is something else. A view may show it to any statement:
/// what a session made is never there for another one. (That a view sees 0 instead of the session's own, where nothing
/// tells of it, costs less than a step for each read.)
std::optional<std::uint64_t> insert_id_to_set(const SessionFacts& session, const ConnectionFacts& connection,
                                              const Needs& needs) {
  const Remembered& own = session.insert_id;
  if (own.on == connection.serial) return std::nullopt;  // it is there, and nowhere else
  const bool read = needs.insert_id && own.known();
  if (connection.insert_id == own.value || (connection.insert_id == 0 && !read)) return std::nullopt;
  return own.value;
}

/// Counts and the list of warnings: on which connection they are now, and whether they hold it.
void learn_diagnostics(SessionFacts& session, ConnectionFacts& connection, const sql::Statement& statement,
                       const ReplyFacts& reply, bool nothing_done, Learnt& learnt) {
  const bool stays = is_program(statement) || leaves_list(statement);
  if (reply.failed || !stays) session.lost &= static_cast<std::uint8_t>(~lost::kList);
  const bool list_kept = (learnt.ties & tie::kDiagnostics) != 0 && !reply.failed && reply.warnings == 0 && stays;
  const DoubtedCount before{session.found_rows.value, connection.found_rows};
  const bool agreed = !session.found_rows.known() || before.there == before.own;
  learn_counts(session, connection, statement, reply, nothing_done);
  const bool began = reply.rows > 0;  // what has sent rows has counted them
  if (reply.failed && !began && !agreed && session.found_rows.on == connection.serial) learnt.doubted_count = before;
  const bool counted = session.found_rows.on == connection.serial || (!reply.failed && reply.affected_rows > 0);
  if (reply.failed || reply.warnings > 0 || counted) {
    learnt.ties |= tie::kDiagnostics;
    session.diagnostics_on = connection.serial;
    if (!stays) session.has_list = false;
    session.has_list = session.has_list || reply.failed || reply.warnings > 0;
  } else if (!list_kept) {
    learnt.ties &= ~tie::kDiagnostics;
    session.diagnostics_on = 0;
    session.has_list = false;
  }
  connection.has_list = reply.failed || reply.warnings > 0 || (connection.has_list && stays);
}

void take_status(SessionFacts& session, const sql::Statement& statement, const Status& status) {
  const Status before = session.status;
  session.status = status;
  // Its settings are over by now, though the status word still shows them.
  if (statement.has(effect::kSetStatement)) {
    session.status.ansi_quotes = before.ansi_quotes;
    session.status.no_backslash_escapes = before.no_backslash_escapes;
  }
}

}  // namespace

bool explained_by_name(const sql::Statement& statement) {
  return !is_program(statement) &&
         (statement.has(effect::kSetStatement) || (!changes_rows(statement) && !selects(statement)));
}

bool left_row_count(const sql::Statement& statement, const ReplyFacts& reply) {
  return statement.kind == Kind::kDiagnostics && !reply.failed;
}

bool leaves_list(const sql::Statement& statement) {
  // what it runs has been looked into
  const bool read = statement.kind == Kind::kMulti || statement.kind == Kind::kExecute;
  return statement.tableless && (runs_nothing(statement) || read || !is_program(statement));
}

bool leaves_found_rows(const sql::Statement& statement) {
  if (statement.has(effect::kVersionedComment)) return false;  // its kind is that of one reading
  if (runs_nothing(statement)) return !sql::may_count(statement);
  const bool known_parts = statement.kind == Kind::kMulti && !statement.has(effect::kUnknownState);
  return (known_parts || !is_program(statement)) && !sql::may_count(statement);
}

bool not_executed(std::uint16_t error_code) {
  return std::find(kNotExecuted.begin(), kNotExecuted.end(), error_code) != kNotExecuted.end();
}

ByteView tracking_assignments() {
  return "@@session.session_track_system_variables='*',@@session.session_track_state_change=1,@@session.session_track_"
         "schema=1,"
         "@@session.session_track_transaction_info='OFF'";  // else every read inside a transaction is a change
}

std::string count_statement(std::uint64_t rows) {
  if (rows == 1) return "SELECT 1 FROM (SELECT 1) counted LIMIT 1";
  // A table that every server has and that needs no default schema; three of it side by side are rows enough.
  return "SELECT SQL_CALC_FOUND_ROWS 1 FROM (SELECT 1 FROM information_schema.COLLATIONS a, "
         "information_schema.COLLATIONS b,"
         " information_schema.COLLATIONS c LIMIT " +
         std::to_string(rows) + ") counted LIMIT 1";
}

Needs needs_of(const sql::Statement& statement) {
  Needs needs;
  const bool may_insert = changes_rows(statement) || statement.kind == Kind::kDdl || explains_write(statement);
  needs.insert_id = statement.has(effect::kReadsLastInsertId) || is_program(statement) || may_insert;
  needs.tracking = statement.has(effect::kReadsTracking);
  needs.found_rows = !selects(statement) && !leaves_found_rows(statement) && !statement.has(effect::kReadsDiagnostics);
  needs.own_list = leaves_list(statement);
  needs.empty_list = !changes_rows(statement) || is_program(statement) || statement.has(effect::kVersionedComment);
  needs.quiet = shows_last(statement) && !statement.has(effect::kUnknownState);
  return needs;
}

namespace {

/// Whether a server reads the name as it is meant, in UTF-8: COM_INIT_DB's is in the connection's character_set_client.
bool reads_name(const Settings* connection, ByteView name) {
  if (std::all_of(name.begin(), name.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; })) return true;
  return connection != nullptr && connection->variable("character_set_client").starts_with("utf8");
}

constexpr ByteView kLanguage = "lc_messages";

bool differs(const Settings& connection, const Settings& wanted, ByteView name) {
  return wanted.has_variable(name) && connection.variable(name) != wanted.variable(name);
}

/// The settings of a connection that was made to read names in UTF-8.
Settings reading_names(const Settings& connection) {
  Settings settings = connection;
  settings.set_variable("character_set_client", "utf8mb4");
  if (settings.has_variable(kNamesCollation)) settings.set_variable(kNamesCollation, "");
  return settings;
}

}  // namespace

std::vector<Step> before(const SessionFacts& session, const ConnectionFacts& connection, const Needs& needs,
                         bool fresh_rights) {
  std::vector<Step> steps;
  if (session.settings == nullptr) return steps;
  const Settings& wanted = *session.settings;
  const bool unknown = connection.settings == nullptr;
  const bool fits = same(connection.settings, session.settings);
  if (needs.multi_statements != connection.multi_statements) {
    steps.push_back({Step::Kind::kOption, std::string(1, needs.multi_statements ? '\0' : '\1') + '\0'});
  }
  const bool enter =
      !wanted.schema().empty() && (fresh_rights || unknown || connection.settings->schema() != wanted.schema() ||
                                   (connection.settings->has_schema_charset() && !wanted.has_schema_charset()));
  const bool translated = enter && !reads_name(connection.settings.get(), wanted.schema());
  // which the refusal of a schema would show
  const bool speaks_otherwise = enter && !unknown && differs(*connection.settings, wanted, kLanguage);
  if (translated || speaks_otherwise) {
    std::string first = translated ? "SET character_set_client=utf8mb4" : "SET ";
    if (speaks_otherwise) {
      first += (translated ? ",@@session." : "@@session.") + std::string(kLanguage) + "=" +
               literal(kLanguage, wanted.variable(kLanguage));
    }
    steps.push_back({Step::Kind::kStatement, std::move(first)});
  }
  if (enter) steps.push_back({Step::Kind::kSchema, wanted.schema()});
  const std::optional<std::uint64_t> count = count_to_make(session, connection, needs);
  if (count) steps.push_back({Step::Kind::kStatement, count_statement(*count)});
  std::string more;
  if (needs.tracking) {
    more = session.tracking.assignments();
  } else if (!needs.quiet && (!connection.tracking || connection.wish_shown)) {
    more = tracking_assignments();
  }
  // entering the schema sets what the session has otherwise
  const bool charset_lost = enter && wanted.has_schema_charset();
  if (!fits || translated || charset_lost || !more.empty()) {
    std::optional<Settings> there;
    if (translated && connection.settings != nullptr) there = reading_names(*connection.settings);
    if (charset_lost && connection.settings != nullptr) {
      if (!there) there = *connection.settings;
      there->set_schema(wanted.schema());
    }
    std::string set = set_statement(there ? &*there : connection.settings.get(), wanted, more);
    if (!set.empty()) steps.push_back({Step::Kind::kStatement, std::move(set)});
  }
  if (const auto id = insert_id_to_set(session, connection, needs)) {
    steps.push_back({Step::Kind::kStatement, "SET @@session.last_insert_id=" + std::to_string(*id)});
  }
  return steps;
}

void restored(const SessionFacts& session, ConnectionFacts& connection, const Needs& needs) {
  connection.settings = session.settings;
  connection.multi_statements = needs.multi_statements;
  if (const auto count = count_to_make(session, connection, needs)) {
    connection.has_list = false;
    connection.found_rows = count;
  }
  if (!needs.quiet || needs.tracking) {
    connection.tracking = !needs.tracking;
    connection.wish_shown = needs.tracking;
  }
  if (const auto id = insert_id_to_set(session, connection, needs)) connection.insert_id = id;
}

void left_warnings(ConnectionFacts& connection) { connection.has_list = true; }

std::vector<Step> reset_steps(const Settings& start) {
  std::vector<Step> steps;
  steps.push_back({Step::Kind::kReset, {}});
  steps.push_back({Step::Kind::kStatement, set_statement(nullptr, start, tracking_assignments())});
  // FOUND_ROWS() and warnings survive a reset, and the SET may warn
  steps.push_back({Step::Kind::kStatement, count_statement(1)});
  return steps;
}

void reset(ConnectionFacts& connection, SettingsPtr start) {
  connection.settings = std::move(start);
  connection.stains = 0;
  connection.tracking = true;
  connection.wish_shown = false;
  connection.insert_id = 0;
  connection.found_rows = 1;
  connection.has_list = false;
  connection.prepared.clear();
}

Learnt learn(SessionFacts& session, ConnectionFacts& connection, const sql::Statement& statement,
             const ReplyFacts& reply, std::uint32_t ties, SettingsTable& table) {
  Learnt learnt;
  const bool nothing_done = without_effect(statement, reply, (ties & tie::kPinned) != 0);
  const bool was_open = session.status.in_transaction;
  if (reply.status) take_status(session, statement, *reply.status);
  const Changes changes = take_changes(session, connection, statement, reply, table);
  const bool sets_tracking = statement.has(effect::kReadsTracking) && statement.has(effect::kSetsVariable);
  learnt.ask_tracking = (sets_tracking || statement.unreported || changes.sets_others) && !nothing_done;
  learnt.unsettled = reply.failed && may_have_run(statement);
  learnt.ask_collation = statement.has(effect::kSetsCharset) && !nothing_done;

  const bool value_learnt = statement.has(effect::kComputedValue) && (changes.any || learnt.ask_tracking);
  PinReason pin = nothing_done ? PinReason::kNone : pin_of(statement, reply, value_learnt);
  // Its code may have failed, behind what the statement did itself: nobody tells of these.
  const bool untold_done = nothing_done && learnt.unsettled && statement.has(effect::kUserLock | effect::kSequence);
  if (untold_done) pin = statement.has(effect::kUserLock) ? PinReason::kUserLock : PinReason::kSequence;
  // The nameless mark comes with every named change of a SET or USE as well; only without one does it say something.
  const bool explained = (changes.any || learnt.ask_tracking) && explained_by_name(statement);
  const bool nameless = reply.state_changed && !explained && !drops_temporary(statement);
  if (pin == PinReason::kNone && nameless) pin = PinReason::kUnnamedChange;
  if (pin == PinReason::kNone && changes.tied) pin = PinReason::kVariable;
  if (statement.kind == Kind::kXa && !nothing_done) {
    pin = PinReason::kXa;
    connection.must_close = true;
    connection.in_xa = reply.failed || !statement.ends_branch;
  }
  const bool untold = statement.unreported && statement.has(effect::kUnknownState);  // profiling may be among it
  if (changes.close || (untold && !nothing_done) || (statement.has(effect::kRole) && !nothing_done)) {
    connection.must_close = connection.outlives_reset = true;
  }
  // With the client's own tracking in force the server may keep a change to itself.
  const bool blind = statement.has(effect::kReadsTracking) && !sets_tracking &&
                     !(selects(statement) && statement.tableless) && statement.kind != Kind::kShow;
  if (blind && !nothing_done) connection.stains |= stain::kOdd;

  const bool sets_id = !nothing_done && may_set_insert_id(statement, reply);
  // `id IS NULL` finds the latest id once only, and what is left of that nobody can give to another connection.
  const bool null_is_id = sets_id && session.settings != nullptr && session.settings->reading().null_is_last_id;
  if (pin == PinReason::kNone && null_is_id) pin = PinReason::kVariable;
  ties = transaction_ties(session, statement, reply, ties, was_open);
  if (pin != PinReason::kNone) {
    if ((ties & tie::kPinned) == 0) learnt.pin = pin;
    ties |= tie::kPinned;
    connection.stains |= stain::kState;
  }
  if ((ties & (tie::kTableLock | tie::kNextTransaction | tie::kCursor)) != 0) connection.stains |= stain::kState;
  if (learnt.unsettled) connection.stains |= stain::kOdd;

  if (sets_id) {
    session.insert_id = {0, connection.serial};
    session.lost &= static_cast<std::uint8_t>(~lost::kInsertId);
    connection.insert_id.reset();
    ties |= tie::kInsertId;
  }

  learnt.ties = ties;
  learn_diagnostics(session, connection, statement, reply, nothing_done, learnt);
  return learnt;
}

void learn_nameless(ConnectionFacts& connection, Learnt& learnt) {
  if ((learnt.ties & tie::kPinned) == 0) learnt.pin = PinReason::kUnnamedChange;
  learnt.ties |= tie::kPinned;
  connection.stains |= stain::kState;
}

bool settle_count(SessionFacts& session, const DoubtedCount& doubt, std::uint64_t there_now) {
  const bool counted = doubt.there && there_now != *doubt.there;
  session.found_rows = {counted ? there_now : doubt.own, 0};
  return counted || there_now == doubt.own;
}

void learn_values(SessionFacts& session, ConnectionFacts& connection, const ReplyFacts& told, SettingsTable& table) {
  const bool tracking = connection.tracking;
  take_changes(session, connection, sql::Statement{}, told, table);
  connection.tracking = tracking;
  for (const auto& [name, value] : told.variables) {
    if (!connection.wish_shown && kind_of_variable(name) == VariableKind::kTracking && !is_ours(name, value)) {
      connection.tracking = false;
    }
  }
}

std::vector<std::string> names_to_ask(const SessionFacts& session, const sql::Statement& statement, ByteView sql,
                                      const sql::Context& context) {
  std::vector<std::string> names = {"session_track_system_variables", "session_track_schema",
                                    "session_track_state_change", "session_track_transaction_info"};
  if (session.settings == nullptr) return names;
  sql::SetList list(sql, context);
  bool all_known = true;
  while (const auto assignment = list.next()) {
    if (assignment->target == sql::Assignment::Target::kGlobal ||
        assignment->target == sql::Assignment::Target::kUserVariable) {
      continue;
    }
    std::string name(assignment->name);
    for (char& c : name) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    if (kind_of_variable(name) == VariableKind::kTracking) continue;
    const bool variable = assignment->target == sql::Assignment::Target::kSession;
    // NAMES, TRANSACTION and other spellings are not
    all_known = all_known && variable && session.settings->has_variable(name);
    if (variable) names.push_back(std::move(name));
  }
  const bool listed = statement.kind == Kind::kSet && list.ok() && all_known;
  if (!listed) {
    for (const auto& entry : session.settings->variables()) names.push_back(entry.first);
  }
  for (const Follower& each : followers()) {
    const auto has = [&names](ByteView name) { return std::find(names.begin(), names.end(), name) != names.end(); };
    if (has(each.setter) && !has(each.name)) names.emplace_back(each.name);
  }
  return names;
}

void learn_wish(SessionFacts& session, ConnectionFacts& connection, const ReplyFacts& told, SettingsTable& table) {
  for (const auto& [name, value] : told.variables) session.tracking.set(name, value);
  take_changes(session, connection, sql::Statement{}, told, table);
}

std::uint8_t asks_for_lost(const SessionFacts& session, const sql::Statement& statement, bool found_rows) {
  std::uint8_t asked = statement.has(effect::kReadsLastInsertId) ? lost::kInsertId : 0;
  if (statement.has(effect::kReadsDiagnostics)) asked |= found_rows ? lost::kFoundRows : lost::kList;
  return session.lost & asked;
}

void forget_connection(SessionFacts& session, ConnectionSerial serial) {
  if (session.insert_id.on == serial) session.insert_id = {0, 0};
  if (session.found_rows.on == serial) session.found_rows = {1, 0};
  if (session.diagnostics_on == serial) session.diagnostics_on = 0;
}

}  // namespace hf::policy::session
