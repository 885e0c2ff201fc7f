#include "policy/sql/statement.h"

namespace hf::policy::sql {

bool may_count(const Statement& statement) {
  switch (statement.kind) {
    case Kind::kSelect:
    case Kind::kWith:
    case Kind::kTable:
    case Kind::kShow:  // some do, some do not
    case Kind::kExplain:
    case Kind::kDescribe:
    case Kind::kCall:
    case Kind::kExecute:
    case Kind::kUnknown: return true;
    default: return statement.counts;
  }
}

std::string used_schema(const Statement& statement, ByteView sql) {
  std::string out;
  if (statement.kind != Kind::kUse || statement.name_offset > sql.size()) return out;
  const ByteView name = sql.substr(statement.name_offset, statement.name_length);
  const char quote = statement.name_offset > 0 ? sql[statement.name_offset - 1] : '\0';
  out.reserve(name.size());
  for (std::size_t i = 0; i < name.size(); ++i) {
    out.push_back(name[i]);
    if ((quote == '`' || quote == '"') && name[i] == quote && i + 1 < name.size() && name[i + 1] == quote) ++i;
  }
  return out;
}

std::string_view to_string(Kind kind) {
  switch (kind) {
    case Kind::kEmpty: return "empty";
    case Kind::kSelect: return "select";
    case Kind::kWith: return "with";
    case Kind::kValues: return "values";
    case Kind::kTable: return "table";
    case Kind::kShow: return "show";
    case Kind::kExplain: return "explain";
    case Kind::kDescribe: return "describe";
    case Kind::kHelp: return "help";
    case Kind::kChecksum: return "checksum";
    case Kind::kInsert: return "insert";
    case Kind::kReplace: return "replace";
    case Kind::kUpdate: return "update";
    case Kind::kDelete: return "delete";
    case Kind::kSet: return "set";
    case Kind::kUse: return "use";
    case Kind::kDo: return "do";
    case Kind::kCall: return "call";
    case Kind::kBegin: return "begin";
    case Kind::kCommit: return "commit";
    case Kind::kRollback: return "rollback";
    case Kind::kSavepoint: return "savepoint";
    case Kind::kXa: return "xa";
    case Kind::kKill: return "kill";
    case Kind::kFlush: return "flush";
    case Kind::kAnalyze: return "analyze";
    case Kind::kDdl: return "ddl";
    case Kind::kLockTables: return "lock-tables";
    case Kind::kUnlockTables: return "unlock-tables";
    case Kind::kHandler: return "handler";
    case Kind::kLoadData: return "load-data";
    case Kind::kPrepare: return "prepare";
    case Kind::kExecute: return "execute";
    case Kind::kDeallocate: return "deallocate";
    case Kind::kDiagnostics: return "diagnostics";
    case Kind::kMulti: return "multi";
    case Kind::kUnknown: return "unknown";
  }
  return "unknown";
}

std::string_view to_string(Route route) {
  switch (route) {
    case Route::kReader: return "reader";
    case Route::kPrimary: return "primary";
    case Route::kAny: return "any";
  }
  return "primary";
}

std::string_view to_string(Hint hint) {
  switch (hint) {
    case Hint::kNone: return "none";
    case Hint::kPrimary: return "primary";
    case Hint::kReplica: return "replica";
  }
  return "none";
}

std::string_view to_string(Reason reason) {
  switch (reason) {
    case Reason::kRead: return "It only reads, so a replica may answer.";
    case Reason::kReadDespiteDoubt: return "We could not be sure that it only reads, but its replica hint says so.";
    case Reason::kEmpty: return "There is no statement in the text.";
    case Reason::kReplayable: return "It sets session state that we keep track of and repeat on any server.";
    case Reason::kWrite: return "It writes, and only the primary takes writes.";
    case Reason::kSchemaChange: return "It changes or maintains the schema, accounts or tables.";
    case Reason::kLockingRead: return "It locks what it reads (FOR UPDATE, FOR SHARE, LOCK IN SHARE MODE).";
    case Reason::kInto: return "It stores its result (INTO a variable or a file).";
    case Reason::kSequence: return "It uses a sequence.";
    case Reason::kUnknownFunction:
      return "It calls a function that is not a known read-only built-in, so it may write.";
    case Reason::kUserVariable: return "It uses a user variable (@name), which lives on one server connection.";
    case Reason::kUserLock:
      return "It uses a named lock (GET_LOCK and its family), which lives on one server connection.";
    case Reason::kLastInsertId: return "It reads the last insert id, which lives on the connection that inserted.";
    case Reason::kDiagnostics:
      return "It asks about the statement before it, which only that statement's connection knows.";
    case Reason::kConnectionId: return "It asks for or sets the connection id.";
    case Reason::kServerLocal: return "It shows the state of one server, and the primary's is meant.";
    case Reason::kTransaction: return "It begins, ends or divides a transaction that may write.";
    case Reason::kReadOnlyTransaction: return "It begins a read-only transaction, which a replica may serve.";
    case Reason::kTableLock: return "It locks or unlocks tables.";
    case Reason::kPreparedText: return "It prepares or runs a statement by name, which lives on one server connection.";
    case Reason::kHandler: return "It uses HANDLER, which lives on one server connection.";
    case Reason::kCall: return "It calls a stored procedure, which may do anything.";
    case Reason::kAdministration: return "It administers the server.";
    case Reason::kUnreplayableSet: return "It sets something that we cannot repeat on another connection.";
    case Reason::kComputedSet: return "It sets a session variable to a computed value, which only the server knows.";
    case Reason::kGlobalSet: return "It sets a global variable.";
    case Reason::kNextTransaction: return "It sets the characteristics of the next transaction.";
    case Reason::kMultiStatement: return "It is several statements in one text.";
    case Reason::kUnterminated: return "A string, name or comment in it is not closed.";
    case Reason::kOddBytes: return "It holds bytes that servers may read in different ways.";
    case Reason::kUnsafeCharset: return "We do not know how its character set marks strings.";
    case Reason::kVersionedComment: return "It holds a comment that only some server versions execute.";
    case Reason::kUnknownStatement: return "We do not know this kind of statement.";
    case Reason::kHintPrimary: return "Its hint asks for the primary.";
  }
  return "We do not know this kind of statement.";
}

std::string_view effect_name(std::uint32_t bit) {
  switch (bit) {
    case effect::kUserVariable: return "user-variable";
    case effect::kTemporaryTable: return "temporary-table";
    case effect::kLockTables: return "lock-tables";
    case effect::kUserLock: return "user-lock";
    case effect::kPreparedText: return "prepared-text";
    case effect::kHandlerOpen: return "handler-open";
    case effect::kUnknownState: return "unknown-state";
    case effect::kConnectionId: return "connection-id";
    case effect::kReadsLastInsertId: return "reads-last-insert-id";
    case effect::kReadsDiagnostics: return "reads-diagnostics";
    case effect::kFoundRows: return "found-rows";
    case effect::kNextTransaction: return "next-transaction";
    case effect::kSetsVariable: return "sets-variable";
    case effect::kSetsGlobal: return "sets-global";
    case effect::kMultiStatement: return "multi-statement";
    case effect::kBeginReadOnly: return "begin-read-only";
    case effect::kBegin: return "begin";
    case effect::kLocking: return "locking";
    case effect::kIntoOutfile: return "into-outfile";
    case effect::kLocalInfile: return "local-infile";
    case effect::kImplicitCommit: return "implicit-commit";
    case effect::kUnterminated: return "unterminated";
    case effect::kChangesSchema: return "changes-schema";
    case effect::kReadsVariable: return "reads-variable";
    case effect::kComputedValue: return "computed-value";
    case effect::kVersionedComment: return "versioned-comment";
    case effect::kOffset: return "offset";
    case effect::kSetsCharset: return "sets-charset";
    case effect::kReadsTracking: return "reads-tracking";
    case effect::kSetStatement: return "set-statement";
    case effect::kSequence: return "sequence";
    case effect::kRole: return "role";
    default: return {};
  }
}

}  // namespace hf::policy::sql
