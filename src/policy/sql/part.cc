#include "policy/sql/part.h"

namespace hf::policy::sql {

Statement Part::classify() {
  bool parenthesised = false;
  while (cursor_.now().is('(')) {
    parenthesised = true;
    findings_.see(cursor_);
    if (!cursor_.advance()) break;
  }
  const Word first = cursor_.word();
  if (parenthesised && first != Word::kSelect && first != Word::kWith && first != Word::kValues &&
      first != Word::kTable) {
    unknown();
  } else {
    dispatch();
  }
  return finish();
}

void Part::dispatch() {
  switch (const Word first = cursor_.word(); first) {
    case Word::kSelect: return read(Kind::kSelect);
    case Word::kWith: return with();
    case Word::kValues: return read(Kind::kValues);
    case Word::kTable: return read(Kind::kTable);
    case Word::kInsert: return write(Kind::kInsert, Findings::Mode::kNames);
    case Word::kReplace: return write(Kind::kReplace, Findings::Mode::kNames);
    case Word::kUpdate: return write(Kind::kUpdate, Findings::Mode::kWrite);
    case Word::kDelete: return write(Kind::kDelete, Findings::Mode::kWrite);
    case Word::kSet: return set();
    case Word::kUse: return use();
    case Word::kBegin: return begin();
    case Word::kStart: return start_transaction();
    case Word::kCommit: return end_transaction(Kind::kCommit);
    case Word::kRollback: return end_transaction(Kind::kRollback);
    case Word::kSavepoint:
    case Word::kRelease: return primary(Kind::kSavepoint, Reason::kTransaction);
    case Word::kXa: return xa();
    case Word::kKill: return kill();
    case Word::kShow: return show();
    case Word::kExplain:
    case Word::kDescribe:
    case Word::kDesc: return explain();
    case Word::kAnalyze: return analyze();
    case Word::kHelp: return read(Kind::kHelp);
    case Word::kChecksum: return read(Kind::kChecksum);
    case Word::kCall: return primary(Kind::kCall, Reason::kCall, effect::kUnknownState);
    case Word::kDo: return primary(Kind::kDo, Reason::kWrite);
    case Word::kLock: return lock();
    case Word::kUnlock: return unlock();
    case Word::kPrepare: return prepare();
    case Word::kDeallocate: return primary(Kind::kDeallocate, Reason::kPreparedText, effect::kPreparedText);
    case Word::kExecute: return execute();
    case Word::kHandler: return primary(Kind::kHandler, Reason::kHandler, effect::kHandlerOpen);
    case Word::kLoad: return load();
    case Word::kFlush: return flush();
    case Word::kCreate:
    case Word::kAlter: return create();
    case Word::kDrop: return drop();
    default: return dispatch_administration(first);
  }
}

void Part::dispatch_administration(Word first) {
  switch (first) {
    case Word::kRename:
    case Word::kTruncate:
    case Word::kCheck:
    case Word::kRepair:
    case Word::kOptimize:
    case Word::kCache:
    case Word::kImport: return schema_change();
    case Word::kGrant:
    case Word::kRevoke: return grant();
    case Word::kInstall:
    case Word::kUninstall: findings_.add(effect::kUnknownState); return schema_change();
    case Word::kReset:
    case Word::kChange:
    case Word::kStop: return primary(Kind::kUnknown, Reason::kAdministration, effect::kImplicitCommit);
    case Word::kPurge:
    case Word::kShutdown:
    case Word::kRestart:
    case Word::kClone: return primary(Kind::kUnknown, Reason::kAdministration);
    case Word::kBackup:
      return primary(Kind::kLockTables, Reason::kTableLock,
                     effect::kLockTables | effect::kImplicitCommit | effect::kUnknownState);
    case Word::kGet: return primary(Kind::kDiagnostics, Reason::kDiagnostics, effect::kReadsDiagnostics);
    default: return unknown();
  }
}

void Part::read(Kind kind) {
  out_.kind = kind;
  base_ = Route::kReader;
  base_reason_ = Reason::kRead;
  findings_.see_rest(cursor_);
}

/// WITH …: the keyword of a writing main statement is a refusal wherever it stands.
void Part::with() {
  findings_.begin_with();
  read(Kind::kWith);
}

void Part::write(Kind kind, Findings::Mode mode) {
  findings_.set_mode(mode);
  primary(kind, Reason::kWrite);
}

/// The primary for sure; the rest is looked at for its effects only.
void Part::primary(Kind kind, Reason reason, std::uint32_t effects) {
  out_.kind = kind;
  findings_.refuse(reason, effects);
  findings_.see_rest(cursor_);
}

void Part::unknown() { primary(Kind::kUnknown, Reason::kUnknownStatement, effect::kUnknownState); }

/// As MariaDB 10.11 does, tried for each.
bool Part::is_tableless() const {
  switch (out_.kind) {
    case Kind::kSelect:
    case Kind::kWith:
    case Kind::kValues:
    case Kind::kDo: return !findings_.names_table();
    case Kind::kSet: return !findings_.names_table() && (findings_.doubted_effects() & effect::kUnknownState) == 0;
    case Kind::kExplain: return !findings_.names_table() && findings_.refusal() != Reason::kWrite;
    case Kind::kShow:
    case Kind::kFlush:
    case Kind::kPrepare:
    case Kind::kExecute:
    case Kind::kDdl: return tableless_;
    case Kind::kEmpty:
    case Kind::kHelp:
    case Kind::kUse:
    case Kind::kBegin:
    case Kind::kCommit:
    case Kind::kRollback:
    case Kind::kSavepoint:
    case Kind::kXa:
    case Kind::kKill:
    case Kind::kUnlockTables:
    case Kind::kDeallocate:
    case Kind::kDiagnostics: return true;
    default: return false;
  }
}

Statement Part::finish() const {
  Statement out = out_;
  out.effects |= findings_.effects() | findings_.doubted_effects();
  if (findings_.refused()) {
    out.route = Route::kPrimary;
    out.reason = findings_.refusal();
  } else if (findings_.doubted()) {
    out.route = Route::kPrimary;
    out.reason = findings_.doubt();
    if (cursor_.lexer().hint() == Hint::kReplica && base_ == Route::kReader) {
      out.route = Route::kReader;
      out.reason = Reason::kReadDespiteDoubt;
      out.effects &= ~findings_.doubted_effects();
    }
  } else {
    out.route = base_;
    out.reason = base_reason_;
  }
  const bool plain_value = out.kind == Kind::kSet && !findings_.selects_at_work();  // SET x = (SELECT 'value')
  out.counts = findings_.counts() && !plain_value;
  out.tableless = is_tableless();
  if (computed_ && !out.has(effect::kUnknownState)) out.effects |= effect::kComputedValue | effect::kUnknownState;
  return out;
}

}  // namespace hf::policy::sql
