#include "policy/session/route.h"

namespace hf::policy::session {

namespace effect = sql::effect;
using sql::Kind;

namespace {

constexpr std::uint32_t kPinningEffects = effect::kUserVariable | effect::kTemporaryTable | effect::kUserLock |
                                          effect::kPreparedText | effect::kHandlerOpen | effect::kUnknownState |
                                          effect::kConnectionId | effect::kSequence | effect::kRole;

/// It leaves the list of warnings as it is, so it had better run where that is.
bool reads_no_table(const sql::Statement& statement) {
  return statement.tableless && statement.route == sql::Route::kReader && statement.kind != Kind::kBegin;
}

}  // namespace

bool shows_last(const sql::Statement& statement) {
  if (!statement.has(effect::kReadsDiagnostics)) return false;
  switch (statement.kind) {
    case Kind::kSelect:
    case Kind::kValues:
    case Kind::kWith:
    case Kind::kShow:
    case Kind::kDiagnostics: return true;
    default: return false;
  }
}

bool asks_about_last(const sql::Statement& statement) {
  // WITH may end in a write, GET DIAGNOSTICS sets variables.
  const bool does_more =
      statement.kind == Kind::kWith || statement.kind == Kind::kDiagnostics ||
      statement.has(kPinningEffects | effect::kLocking | effect::kIntoOutfile | effect::kMultiStatement);
  return shows_last(statement) && !does_more;
}

bool acts_on_last(const sql::Statement& statement) {
  return statement.has(effect::kReadsDiagnostics) && statement.kind != Kind::kEmpty && !asks_about_last(statement);
}

bool may_pin(const sql::Statement& statement) { return statement.has(kPinningEffects); }

bool refused_by_replicas(const sql::Statement& statement) {
  if (statement.route != sql::Route::kPrimary) return false;
  switch (statement.kind) {
    case Kind::kInsert:
    case Kind::kReplace:
    case Kind::kUpdate:
    case Kind::kDelete:
    case Kind::kLoadData:
    case Kind::kAnalyze:
    case Kind::kXa:
    case Kind::kMulti:
    case Kind::kUnknown: return true;
    case Kind::kDdl: return !statement.has(effect::kTemporaryTable);
    case Kind::kWith:
      if (statement.reason == sql::Reason::kWrite) return true;
      [[fallthrough]];
    default:
      return statement.has(effect::kSetsGlobal | effect::kSequence) ||
             (statement.has(effect::kUnknownState) && !statement.has(effect::kComputedValue));
  }
}

bool leaves_read_only_transaction(const sql::Statement& statement, const RouteFacts& facts) {
  const bool on_replica = facts.holds && (facts.ties & tie::kHard) == tie::kTransaction && !facts.held_is_primary &&
                          facts.status.read_only_transaction;
  // UNLOCK TABLES commits where tables are locked, and none are inside a transaction that was begun as read-only.
  const bool commits = statement.route == sql::Route::kPrimary && statement.has(effect::kImplicitCommit) &&
                       statement.kind != Kind::kUnlockTables;
  // XA START is refused inside one, and what AND CHAIN begins is read-only too
  const bool begins = statement.kind == Kind::kBegin;
  const bool ends_it = begins || statement.kind == Kind::kLockTables || commits;
  return on_replica && ends_it && facts.door == Door::kSplit;
}

Routed route(const sql::Statement& statement, const RouteFacts& facts) {
  const bool reads = statement.route != sql::Route::kPrimary;
  if (facts.holds && (facts.ties & tie::kHard) != 0) return {Place::kHeld, false, false};
  Routed routed;
  routed.repeatable = reads && !statement.has(effect::kBegin) && facts.status.autocommit;
  routed.reroutable = facts.door != Door::kRead;
  const bool has_list = facts.holds && (facts.ties & tie::kDiagnostics) != 0;
  const bool wants_list = asks_about_last(statement) || (!may_pin(statement) && reads_no_table(statement));
  if (has_list && wants_list) return {Place::kHeld, routed.repeatable, false};
  // A `read` address has no one place for LAST_INSERT_ID(): it is where the session has it.
  const bool has_id = facts.holds && (facts.ties & tie::kInsertId) != 0;
  if (has_id && facts.door == Door::kRead && statement.has(effect::kReadsLastInsertId)) {
    return {Place::kHeld, false, false};
  }
  // What the session keeps must learn what it sets.
  if (facts.holds && statement.route == sql::Route::kAny) return {Place::kHeld, routed.repeatable, routed.reroutable};
  const bool may_leave_primary = facts.status.autocommit || statement.has(effect::kBeginReadOnly);
  switch (facts.door) {
    case Door::kRead: routed.place = Place::kReader; break;
    case Door::kWrite: routed.place = Place::kPrimary; break;
    case Door::kSplit: routed.place = reads && may_leave_primary ? Place::kReader : Place::kPrimary; break;
  }
  return routed;
}

}  // namespace hf::policy::session
