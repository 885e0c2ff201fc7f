// Words: the keywords and built-in functions that the classifier knows. Two tables: every word is looked up among the
// keywords, but only those before a parenthesis among the functions.
//
// Owner: static constant data. Thread: any.
// Invariants:
//   1. A function is Call::kRead* only if it neither writes, nor locks, nor reads what only the primary or the
//      session's own connection knows. Whatever is not in the table is Call::kUnknown.
#pragma once

#include <array>
#include <cstdint>

#include "base/bytes.h"

// clang-format off: tables read better in columns

namespace hf::policy::sql {

/// Keywords that decide something. kNone: all the rest.
enum class Word : std::uint8_t {
  kNone,
  // first words
  kSelect, kWith, kValues, kValue, kTable, kInsert, kReplace, kUpdate, kDelete, kSet, kUse, kBegin, kStart, kCommit, kRollback,
  kSavepoint, kRelease, kXa, kKill, kShow, kExplain, kDescribe, kDesc, kAnalyze, kCall, kCreate, kAlter, kDrop, kRename, kTruncate,
  kGrant, kRevoke, kLock, kUnlock, kPrepare, kExecute, kDeallocate, kLoad, kHandler, kDo, kFlush, kHelp, kChecksum, kCheck, kRepair,
  kOptimize, kCache, kPurge, kReset, kChange, kStop, kShutdown, kInstall, kUninstall, kBinlog, kBackup, kSignal, kResignal, kGet,
  kClone, kImport, kRestart,
  // inside expressions and reads
  kAs, kOf, kInto, kOutfile, kDumpfile, kFor, kShare, kNext, kPrevious, kRecursive, kSqlCalcFoundRows, kLimit, kOffset, kTies, kUnion, kFrom, kJoin, kUsing,
  kInformationSchema, kPerformanceSchema, kMysql,
  // SET
  kGlobal, kSession, kLocal, kPersist, kPersistOnly, kNames, kCharacter, kCharset, kTransaction, kStatement, kCollate,
  // transactions, KILL, DDL and the like
  kWork, kAnd, kChain, kNo, kTo, kRead, kOnly, kHard, kSoft, kConnection, kQuery, kId, kUser, kTemporary, kTables, kSlave, kReplica,
  kProcedure, kFunction, kTrigger, kEvent, kPackage, kEnd, kCase, kIf, kLoop, kWhile, kRepeat, kImmediate, kInfile, kExport, kInstance,
  // EXPLAIN and SHOW
  kExtended, kPartitions, kFormat, kFull, kAll, kCount, kWarnings, kErrors, kProfile, kProfiles, kStatus, kDatabases, kSchemas,
  kColumns, kFields, kIndex, kIndexes, kKeys, kVariables, kCollation, kGrants, kPrivileges, kEngines, kStorage, kPlugins, kTriggers,
  kEvents, kAuthors, kContributors, kLocales, kCode, kBody,
};

/// What "word (" means.
enum class Call : std::uint8_t {
  kNone,          // no call: a keyword that may stand before a parenthesis
  kRead,          // a built-in function that only reads
  kReadMariaDb,   // the same, native in MariaDB only
  kReadMySql,     // the same, native in MySQL only
  kReadGlued,     // as kRead, but with a blank before the parenthesis it names a stored function (unless IGNORE_SPACE)
  kSequence, kUserLock, kLastInsertId, kDiagnostics, kConnectionId, kServerLocal,
  kUnknown,
};

struct WordInfo {
  Word word = Word::kNone;
  Call call = Call::kUnknown;
};

/// For each first letter (its low 5 bits), the lengths that keywords have, as bits: most names in a statement fail here already.
extern const std::array<std::uint32_t, 32> kKeywordLengths;

WordInfo find_keyword(ByteView word);

/// Keywords that decide something, case-blind; any other word is {kNone, kUnknown}.
inline WordInfo find_word(ByteView word) {
  if (word.empty() || word.size() > 31 || (kKeywordLengths[byte_at(word, 0) & 31] >> word.size() & 1) == 0) return WordInfo{};
  return find_keyword(word);
}

/// What "word (" means for a word that find_word() does not know.
Call find_call(ByteView word);

/// What a system variable is to us.
enum class Variable : std::uint8_t {
  kOther,         // a server's own, or unknown: the primary's is meant; its SET is not replayable
  kReplayable,    // session variable whose SET can be repeated on another connection
  kScope,         // not a variable: global, session, local, persist, persist_only
  kLastInsertId, kDiagnostics, kConnectionId,
  kServerLocal,   // a server's own in a way that clients act on (read_only, gtid_…)
  kTracking,      // session_track_*: the client's wish; on servers it is ours
  kShared,        // fine to read anywhere, not for a session to set (version …)
};

Variable find_variable(ByteView name);

}  // namespace hf::policy::sql
