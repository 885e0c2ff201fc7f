// Part: statements that describe: SHOW, EXPLAIN, DESCRIBE, ANALYZE.
#include "policy/sql/part.h"

namespace hf::policy::sql {
namespace {

/// What a SHOW shows. A reader may answer what is the same everywhere; sessions, counters, logs, replication and what a
/// server counts or guesses of its tables (TABLE STATUS, INDEX) are its own, and the client means the primary's.
enum class Shown : std::uint8_t { kShared, kRoutine, kAccounts, kDiagnostics, kServerLocal };

Shown shown_by(Word word) {
  switch (word) {
    case Word::kTables:
    case Word::kColumns:
    case Word::kFields:
    case Word::kDatabases:
    case Word::kSchemas:
    case Word::kCharacter:
    case Word::kCharset:
    case Word::kCollation:
    case Word::kPrivileges:
    case Word::kEngines:
    case Word::kPlugins:
    case Word::kTriggers:
    case Word::kAuthors:
    case Word::kContributors:
    case Word::kLocales: return Shown::kShared;
    case Word::kCreate:
    case Word::kGrants: return Shown::kAccounts;
    case Word::kProcedure:
    case Word::kFunction:
    case Word::kPackage: return Shown::kRoutine;
    case Word::kWarnings:
    case Word::kErrors:
    case Word::kCount:
    case Word::kProfile:
    case Word::kProfiles: return Shown::kDiagnostics;
    default: return Shown::kServerLocal;
  }
}

/// SHOW of these opens no table of information_schema.
bool opens_no_table(Word word, ByteView text) {
  switch (word) {
    case Word::kGrants:
    case Word::kPrivileges:
    case Word::kAuthors:
    case Word::kContributors:
    case Word::kProfiles:
    case Word::kWarnings:
    case Word::kErrors:
    case Word::kSlave:
    case Word::kReplica:
    case Word::kBinlog:
    case Word::kAll: return true;  // ALL SLAVES STATUS
    default: break;
  }
  for (const std::string_view name : {"engine", "processlist", "master", "binary", "relaylog"}) {
    if (equals_blind(text, name)) return true;
  }
  return false;
}

bool is_show_modifier(Word word) {
  return word == Word::kFull || word == Word::kExtended || word == Word::kGlobal || word == Word::kSession ||
         word == Word::kLocal || word == Word::kStorage;
}

bool begins_read(Word word) {
  return word == Word::kSelect || word == Word::kWith || word == Word::kValues || word == Word::kTable;
}
bool begins_write(Word word) {
  return word == Word::kInsert || word == Word::kReplace || word == Word::kUpdate || word == Word::kDelete;
}

}  // namespace

void Part::show() {
  out_.kind = Kind::kShow;
  base_ = Route::kReader;
  base_reason_ = Reason::kRead;
  bool more = cursor_.advance();
  while (more && is_show_modifier(cursor_.word())) more = cursor_.advance();
  if (!more) return unknown();
  tableless_ = opens_no_table(cursor_.word(), cursor_.text(cursor_.now()));
  switch (shown_by(cursor_.word())) {
    case Shown::kShared: break;
    case Shown::kAccounts:
      findings_.set_mode(Findings::Mode::kAccounts);
      if (cursor_.word() == Word::kCreate && cursor_.advance()) {
        const bool table = cursor_.word() == Word::kTable || equals_blind(cursor_.text(cursor_.now()), "view") ||
                           equals_blind(cursor_.text(cursor_.now()), "sequence");
        tableless_ = !table;
        // the next generated id; whether it is enabled
        const bool differs = cursor_.word() == Word::kTable || cursor_.word() == Word::kEvent;
        if (differs) findings_.doubt(Reason::kServerLocal);
        findings_.see(cursor_);
      }
      break;
    case Shown::kRoutine:
      more = cursor_.advance();
      if (more && cursor_.word() == Word::kBody) more = cursor_.advance();
      if (!more || cursor_.word() != Word::kStatus) findings_.doubt(Reason::kServerLocal);
      break;
    case Shown::kDiagnostics:
      findings_.refuse(Reason::kDiagnostics, effect::kReadsDiagnostics);
      if (cursor_.word() == Word::kCount) out_.kind = Kind::kSelect;  // … of a variable, and counted as one
      break;
    case Shown::kServerLocal:
      if (cursor_.word() == Word::kVariables) findings_.add(effect::kReadsTracking);
      findings_.doubt(Reason::kServerLocal);
      break;
  }
  findings_.see_rest(cursor_);
}

/// EXPLAIN [EXTENDED | PARTITIONS | ANALYZE | FORMAT = x] statement, or DESCRIBE table.
void Part::explain() {
  base_ = Route::kReader;
  base_reason_ = Reason::kRead;
  if (!cursor_.advance()) return unknown();
  explained();
}

/// The cursor stands after the first word.
void Part::explained() {
  bool more = true;
  while (more && (cursor_.word() == Word::kExtended || cursor_.word() == Word::kPartitions ||
                  cursor_.word() == Word::kAnalyze)) {
    more = cursor_.advance();
  }
  if (more && cursor_.word() == Word::kFormat && cursor_.advance() && cursor_.now().is('=')) {
    more = cursor_.advance() && cursor_.advance();
  }
  out_.kind = Kind::kExplain;
  while (!cursor_.at_end() && cursor_.now().is('(')) {
    findings_.see(cursor_);
    cursor_.advance();
  }
  const Word word = cursor_.word();
  if (cursor_.at_end()) {
    out_.kind = Kind::kDescribe;
  } else if (begins_write(word)) {
    findings_.set_mode(word == Word::kInsert || word == Word::kReplace ? Findings::Mode::kNames
                                                                       : Findings::Mode::kWrite);
    findings_.refuse(Reason::kWrite);
  } else if (word == Word::kFor) {
    findings_.doubt(Reason::kServerLocal);  // FOR CONNECTION n
  } else if (word == Word::kWith) {
    findings_.begin_with();
  } else if (!begins_read(word)) {
    out_.kind = Kind::kDescribe;
    findings_.see(cursor_);
  }
  findings_.see_rest(cursor_);
}

/// ANALYZE TABLE writes statistics; ANALYZE [FORMAT = x] statement runs the statement.
void Part::analyze() {
  const bool more = cursor_.advance();
  const Word word = cursor_.word();
  const bool statement = more && (cursor_.now().is('(') || word == Word::kFormat || word == Word::kSelect ||
                                  word == Word::kWith || word == Word::kValues || begins_write(word));
  if (statement) {
    base_ = Route::kReader;
    base_reason_ = Reason::kRead;
    explained();
    if (out_.kind == Kind::kDescribe) findings_.refuse(Reason::kUnknownStatement);
    return;
  }
  schema_change();
  out_.kind = Kind::kAnalyze;
}

}  // namespace hf::policy::sql
