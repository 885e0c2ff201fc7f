// Statement: what the classifier says about one SQL text: its kind, where it may run and why, and what it does to the
// session.
//
// Owner: whoever holds it (a value of 24 bytes). Thread: any.
// Invariants:
//   1. route == kReader only if nothing in the text writes, locks, needs the primary's own state, or is unknown to us.
//   2. Any doubt gives kPrimary, and `reason` names the first one. Doubt about what stays behind in the session gives
//      kUnknownState.
//   3. kComputedValue implies kUnknownState, and says that the value of replayable variables is the only thing unknown.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>

#include "base/bytes.h"

// clang-format off: tables read better in columns

namespace hf::policy::sql {

enum class Kind : std::uint8_t {
  kEmpty,      // blanks, comments or ';' only
  kSelect, kWith, kValues, kTable,
  kShow, kExplain, kDescribe, kHelp, kChecksum,
  kInsert, kReplace, kUpdate, kDelete,
  kSet, kUse, kDo, kCall,
  kBegin, kCommit, kRollback, kSavepoint, kXa,   // ROLLBACK TO and RELEASE SAVEPOINT are kSavepoint: the transaction goes on
  kKill, kFlush, kAnalyze, kDdl,                 // kDdl: also GRANT, OPTIMIZE, REPAIR, CHECK TABLE, CREATE PROCEDURE …
  kLockTables, kUnlockTables, kHandler, kLoadData,
  kPrepare, kExecute, kDeallocate,
  kDiagnostics,                                  // GET DIAGNOSTICS
  kMulti,                                        // several statements in one text
  kUnknown,
};

enum class Route : std::uint8_t {
  kReader,   // may run on a replica
  kPrimary,  // the primary, or the connection the session is pinned to
  kAny,      // touches no data and its state is tracked: USE, SET of replayable session variables, empty
};

enum class Hint : std::uint8_t { kNone, kPrimary, kReplica };

/// Bits of Statement::effects.
namespace effect {
inline constexpr std::uint32_t kUserVariable = 1U << 0;        // any @x, read or written
inline constexpr std::uint32_t kTemporaryTable = 1U << 1;      // CREATE/DROP TEMPORARY
inline constexpr std::uint32_t kLockTables = 1U << 2;          // LOCK TABLES, FLUSH … WITH READ LOCK, BACKUP STAGE/LOCK
inline constexpr std::uint32_t kUserLock = 1U << 3;            // GET_LOCK and its family, releases too
inline constexpr std::uint32_t kPreparedText = 1U << 4;        // PREPARE, EXECUTE, DEALLOCATE as SQL text
inline constexpr std::uint32_t kHandlerOpen = 1U << 5;         // HANDLER …
inline constexpr std::uint32_t kUnknownState = 1U << 6;        // the session may now hold state that nobody can replay
inline constexpr std::uint32_t kConnectionId = 1U << 7;        // CONNECTION_ID(), pseudo_thread_id
inline constexpr std::uint32_t kReadsLastInsertId = 1U << 8;   // LAST_INSERT_ID(), @@last_insert_id, @@identity
inline constexpr std::uint32_t kReadsDiagnostics = 1U << 9;    // SHOW WARNINGS, FOUND_ROWS(), @@warning_count …: wants the
                                                               // connection of the session's previous statement
inline constexpr std::uint32_t kFoundRows = 1U << 10;          // SQL_CALC_FOUND_ROWS
inline constexpr std::uint32_t kNextTransaction = 1U << 11;    // SET TRANSACTION without a scope
inline constexpr std::uint32_t kSetsVariable = 1U << 12;       // sets replayable session variables (read them with SetList)
inline constexpr std::uint32_t kSetsGlobal = 1U << 13;         // SET GLOBAL/PERSIST
inline constexpr std::uint32_t kMultiStatement = 1U << 14;
inline constexpr std::uint32_t kBeginReadOnly = 1U << 15;      // START TRANSACTION READ ONLY; comes with kBegin
inline constexpr std::uint32_t kBegin = 1U << 16;              // a transaction is open afterwards; also … AND CHAIN
inline constexpr std::uint32_t kLocking = 1U << 17;            // FOR UPDATE, FOR SHARE, LOCK IN SHARE MODE
inline constexpr std::uint32_t kIntoOutfile = 1U << 18;        // INTO OUTFILE/DUMPFILE
inline constexpr std::uint32_t kLocalInfile = 1U << 19;        // LOAD DATA LOCAL
inline constexpr std::uint32_t kImplicitCommit = 1U << 20;
inline constexpr std::uint32_t kUnterminated = 1U << 21;       // a string, name or comment is not closed
inline constexpr std::uint32_t kChangesSchema = 1U << 22;      // USE
inline constexpr std::uint32_t kReadsVariable = 1U << 23;      // @@x: harmless, since session variables are replayed
inline constexpr std::uint32_t kComputedValue = 1U << 24;      // SET x = expression: learn the value from the server's session
                                                               // tracking, then kUnknownState may be dropped; else pin
inline constexpr std::uint32_t kVersionedComment = 1U << 25;   // holds /*!50700+ … */: runs on some servers only
inline constexpr std::uint32_t kOffset = 1U << 26;             // LIMIT a,b, OFFSET, UNION … LIMIT: FOUND_ROWS() is not the rows sent
inline constexpr std::uint32_t kSetsCharset = 1U << 27;        // SET NAMES and its like: the collation is not reported
inline constexpr std::uint32_t kReadsTracking = 1U << 28;      // session_track_*, which are our own on servers, are read, or set
                                                               // (then with kSetsVariable): what is set there is not reported
inline constexpr std::uint32_t kSetStatement = 1U << 29;       // SET STATEMENT … FOR: what is reported is over by then
inline constexpr std::uint32_t kSequence = 1U << 30;           // NEXTVAL, LASTVAL …: LASTVAL lives on one connection
inline constexpr std::uint32_t kRole = 1U << 31;               // SET ROLE and odd forms of SET: outlives a reset of the connection
}  // namespace effect

/// Why a statement was routed as it was. Order matters to nobody.
enum class Reason : std::uint8_t {
  kRead, kReadDespiteDoubt, kEmpty, kReplayable,
  kWrite, kSchemaChange, kLockingRead, kInto, kSequence, kUnknownFunction, kUserVariable, kUserLock, kLastInsertId, kDiagnostics,
  kConnectionId, kServerLocal, kTransaction, kReadOnlyTransaction, kTableLock, kPreparedText, kHandler, kCall, kAdministration,
  kUnreplayableSet, kComputedSet, kGlobalSet, kNextTransaction, kMultiStatement, kUnterminated, kOddBytes, kUnsafeCharset,
  kVersionedComment, kUnknownStatement, kHintPrimary,
};

/// What COMMIT and ROLLBACK do to the connection: nothing, what completion_type says, or its end.
enum class Release : std::uint8_t { kNo, kBySetting, kYes };

enum class KillScope : std::uint8_t { kNone, kConnection, kQuery, kQueryId, kUser };
/// How KILL names its target: a number we read (kill_id), a placeholder alone, or something we did not read (an expression, a user).
enum class KillTarget : std::uint8_t { kNone, kNumber, kPlaceholder, kOther };

struct Statement {
  Kind kind = Kind::kUnknown;
  Route route = Route::kPrimary;
  Hint hint = Hint::kNone;
  Reason reason = Reason::kUnknownStatement;
  std::uint32_t effects = 0;
  std::uint64_t kill_id = 0;
  std::uint32_t name_offset = 0;  // USE: where the schema's name stands in the text, without quotes
  std::uint16_t name_length = 0;
  KillScope kill_scope = KillScope::kNone;
  KillTarget kill_target : 4 = KillTarget::kNone;
  bool kill_soft : 1 = false;
  Release release : 2 = Release::kNo;
  bool unreported : 1 = false;    // sets @@x without a scope, which MariaDB's session tracking passes over: its value must be asked for
  bool counts : 1 = false;        // no SELECT itself, but has one in it, or several tables: may change FOUND_ROWS()
  bool ends_branch : 1 = false;   // XA COMMIT, XA ROLLBACK
  bool tableless : 1 = false;     // opens no table: a server leaves the list of warnings as it is

  bool has(std::uint32_t bits) const { return (effects & bits) != 0; }
  friend bool operator==(const Statement&, const Statement&) = default;
};
static_assert(std::is_trivially_copyable_v<Statement> && sizeof(Statement) <= 32);

/// Whether the statement may change FOUND_ROWS(): whatever may hold a SELECT.
bool may_count(const Statement& statement);

/// The schema that USE names, with doubled quotes undone. Empty if `statement` is no USE of this text.
std::string used_schema(const Statement& statement, ByteView sql);

/// Short lower-case words: "select", "primary", "replica".
std::string_view to_string(Kind kind);
std::string_view to_string(Route route);
std::string_view to_string(Hint hint);
/// A full sentence for people.
std::string_view to_string(Reason reason);
/// The name of a single bit, as "user-variable"; empty for anything else.
std::string_view effect_name(std::uint32_t bit);

}  // namespace hf::policy::sql
