// Part: statements that change the session: SET, USE, transactions, locks, KILL, prepared text, LOAD DATA.
#include <charconv>
#include <limits>

#include "policy/sql/classifier.h"
#include "policy/sql/name_table.h"
#include "policy/sql/part.h"

namespace hf::policy::sql {
namespace {

/// sql_auto_is_null makes "WHERE id IS NULL" read the last insert id, which lives on one connection: only switching it
/// off is replayable.
bool switches_off(ByteView value) {
  for (const std::string_view off : {"0", "off", "false", "'0'", "'off'"}) {
    if (equals_blind(value, off)) return true;
  }
  return false;
}

constexpr std::string_view kAutoIsNull = "sql_auto_is_null";

/// character_set_… and collation_…: setting one changes another, which the server does not report.
bool names_charset(ByteView name) {
  const auto begins = [&](std::string_view lower) { return equals_blind(name.substr(0, lower.size()), lower); };
  return begins("character_set_") || begins("collation_");
}

/// What SET TRANSACTION sets.
bool is_characteristic(ByteView name) {
  return equals_blind(name, "tx_isolation") || equals_blind(name, "tx_read_only") ||
         equals_blind(name, "transaction_isolation") || equals_blind(name, "transaction_read_only");
}

}  // namespace

void Part::set() {
  out_.kind = Kind::kSet;
  base_ = Route::kAny;
  base_reason_ = Reason::kReplayable;
  if (!cursor_.advance()) return set_odd_form();
  if (cursor_.word() == Word::kStatement) return set_statement();
  AssignmentReader reader;
  while (const auto assignment = reader.next(cursor_, findings_)) judge(*assignment);
  if (!reader.ok()) set_odd_form();
}

/// SET ROLE, SET PASSWORD FOR, SET RESOURCE GROUP, and whatever else is no assignment.
void Part::set_odd_form() {
  findings_.set_mode(Findings::Mode::kAccounts);
  primary(Kind::kSet, Reason::kUnreplayableSet, effect::kUnknownState | effect::kRole);
}

void Part::judge(const Assignment& assignment) {
  using Target = Assignment::Target;
  // DEFAULT is the global value, and the primary's is meant.
  if (equals_blind(assignment.value, "default")) findings_.refuse(Reason::kServerLocal);
  if (assignment.unscoped) out_.unreported = true;
  switch (assignment.target) {
    case Target::kSession: judge_session_variable(assignment); return;
    case Target::kGlobal: findings_.refuse(Reason::kGlobalSet, effect::kSetsGlobal); return;
    case Target::kUserVariable: findings_.refuse(Reason::kUserVariable, effect::kUserVariable); return;
    case Target::kNames:
    case Target::kCharacterSet:
      if (assignment.form != Assignment::Form::kPlain) {
        findings_.refuse(Reason::kUnreplayableSet, effect::kUnknownState);
      }
      findings_.add(effect::kSetsVariable | effect::kSetsCharset);
      return;
    case Target::kTransaction: findings_.add(effect::kSetsVariable); return;
    case Target::kNextTransaction: findings_.refuse(Reason::kNextTransaction, effect::kNextTransaction); return;
    case Target::kOther: findings_.refuse(Reason::kUnreplayableSet, effect::kUnknownState); return;
  }
}

void Part::judge_session_variable(const Assignment& assignment) {
  // SET PASSWORD = … is no variable but the session's account, as SET PASSWORD FOR is.
  if (equals_blind(assignment.name, "password")) {
    return findings_.refuse(Reason::kUnreplayableSet, effect::kUnknownState | effect::kRole);
  }
  // SET @@tx_read_only without a scope is SET TRANSACTION: of the next one.
  if (assignment.unscoped && is_characteristic(assignment.name)) {
    return findings_.refuse(Reason::kNextTransaction, effect::kNextTransaction);
  }
  const Variable variable = find_variable(assignment.name);
  if (variable == Variable::kConnectionId) findings_.add(effect::kConnectionId);
  const bool tracking = variable == Variable::kTracking;
  const bool auto_is_null =
      NameEnds::of(assignment.name) == NameEnds::of(kAutoIsNull) && assignment.name.size() == kAutoIsNull.size();
  if ((variable != Variable::kReplayable && !tracking) || (auto_is_null && !switches_off(assignment.value))) {
    findings_.refuse(Reason::kUnreplayableSet, effect::kUnknownState);
    return;
  }
  findings_.add(effect::kSetsVariable);
  if (tracking) findings_.add(effect::kReadsTracking);
  if (names_charset(assignment.name)) findings_.add(effect::kSetsCharset);
  if (assignment.form == Assignment::Form::kUnknown) findings_.refuse(Reason::kUnreplayableSet, effect::kUnknownState);
  if (assignment.form == Assignment::Form::kComputed) {
    findings_.refuse(Reason::kComputedSet);
    computed_ = true;
  }
}

/// SET STATEMENT x = y, … FOR statement: the settings last for that statement only, so its own verdict holds if they
/// are tame.
void Part::set_statement() {
  findings_.add(effect::kSetStatement);
  std::uint32_t depth = 0;
  while (cursor_.advance()) {
    const Token& token = cursor_.now();
    if (token.is('(')) ++depth;
    if (token.is(')') && depth > 0) --depth;
    if (depth == 0 && cursor_.word() == Word::kFor) break;
    findings_.see(cursor_);
    const bool target = token.is('=') && cursor_.before().token.kind == TokenKind::kWord;
    if (target && find_variable(cursor_.text(cursor_.before().token)) != Variable::kReplayable) {
      findings_.refuse(Reason::kUnreplayableSet);
    }
  }
  findings_.see_end();
  if (cursor_.at_end() || !cursor_.advance() || cursor_.word() == Word::kSet) return unknown();
  base_ = Route::kPrimary;
  dispatch();
  if (base_ == Route::kAny) findings_.refuse(Reason::kUnreplayableSet, effect::kUnknownState);
}

void Part::use() {
  if (!cursor_.advance() || !cursor_.is_name()) return unknown();
  const Token name = cursor_.now();
  const ByteView bare = cursor_.bare_name(name);
  if (cursor_.advance() || bare.size() > std::numeric_limits<std::uint16_t>::max()) { return unknown(); }
  const std::uint32_t quote = name.kind == TokenKind::kQuotedName ? 1 : 0;
  out_.kind = Kind::kUse;
  out_.name_offset = name.begin + quote;
  out_.name_length = static_cast<std::uint16_t>(bare.size());
  base_ = Route::kAny;
  base_reason_ = Reason::kReplayable;
  findings_.add(effect::kChangesSchema);
}

/// BEGIN [WORK] is a transaction; BEGIN NOT ATOMIC … END, or BEGIN … END in Oracle mode, a program.
void Part::begin() {
  if (cursor_.advance()) {
    if (cursor_.word() != Word::kWork) return block();
    if (cursor_.advance()) return block();
  }
  out_.kind = Kind::kBegin;
  findings_.refuse(Reason::kTransaction, effect::kBegin);
}

void Part::start_transaction() {
  if (!cursor_.advance() || cursor_.word() != Word::kTransaction) {
    return primary(Kind::kUnknown, Reason::kAdministration, effect::kImplicitCommit);
  }
  bool read_only = false;
  while (cursor_.advance()) {
    if (cursor_.word() == Word::kOnly && cursor_.before().info.word == Word::kRead) read_only = true;
  }
  out_.kind = Kind::kBegin;
  findings_.add(effect::kBegin);
  if (!read_only) return findings_.refuse(Reason::kTransaction);
  findings_.add(effect::kBeginReadOnly);
  base_ = Route::kReader;
  base_reason_ = Reason::kReadOnlyTransaction;
}

/// COMMIT and ROLLBACK. ROLLBACK TO leaves the transaction open; AND CHAIN opens the next one.
void Part::end_transaction(Kind kind) {
  out_.kind = kind;
  findings_.refuse(Reason::kTransaction);
  out_.release = Release::kBySetting;
  while (cursor_.advance()) {
    const Word before = cursor_.before().info.word;
    if (cursor_.word() == Word::kTo) out_.kind = Kind::kSavepoint;
    if (cursor_.word() == Word::kChain && before == Word::kAnd) findings_.add(effect::kBegin);
    if (cursor_.word() == Word::kRelease) out_.release = before == Word::kNo ? Release::kNo : Release::kYes;
  }
  if (out_.kind == Kind::kSavepoint) out_.release = Release::kNo;
}

void Part::xa() {
  std::uint32_t effects = 0;
  cursor_.advance();
  if (cursor_.word() == Word::kStart || cursor_.word() == Word::kBegin) {
    effects = effect::kBegin | effect::kUnknownState;
  }
  out_.ends_branch = cursor_.word() == Word::kCommit || cursor_.word() == Word::kRollback;
  primary(Kind::kXa, Reason::kTransaction, effects);
}

/// KILL [HARD | SOFT] [CONNECTION | QUERY [ID] | USER] target
void Part::kill() {
  out_.kill_scope = KillScope::kConnection;
  out_.kill_target = KillTarget::kOther;
  bool more = cursor_.advance();
  if (more && (cursor_.word() == Word::kHard || cursor_.word() == Word::kSoft)) {
    out_.kill_soft = cursor_.word() == Word::kSoft;
    more = cursor_.advance();
  }
  if (more &&
      (cursor_.word() == Word::kConnection || cursor_.word() == Word::kQuery || cursor_.word() == Word::kUser)) {
    if (cursor_.word() == Word::kQuery) out_.kill_scope = KillScope::kQuery;
    if (cursor_.word() == Word::kUser) out_.kill_scope = KillScope::kUser;
    more = cursor_.advance();
  }
  if (more && out_.kill_scope == KillScope::kQuery && cursor_.word() == Word::kId) {
    out_.kill_scope = KillScope::kQueryId;
    more = cursor_.advance();
  }
  if (!more) return unknown();
  const Token target = cursor_.now();
  const ByteView digits = cursor_.text(target);
  if (out_.kill_scope == KillScope::kUser) findings_.set_mode(Findings::Mode::kAccounts);
  if (out_.kill_scope != KillScope::kUser) findings_.see(cursor_);
  primary(Kind::kKill, Reason::kAdministration);
  const bool alone = cursor_.before().token.begin == target.begin;
  if (target.kind == TokenKind::kPlaceholder && alone && out_.kill_scope != KillScope::kUser) {
    out_.kill_target = KillTarget::kPlaceholder;
  }
  if (target.kind != TokenKind::kNumber || !alone) return;
  std::uint64_t id = 0;
  const auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), id);
  if (parsed.ec != std::errc{} || parsed.ptr != digits.data() + digits.size()) return;
  out_.kill_target = KillTarget::kNumber;
  out_.kill_id = id;
}

void Part::lock() {
  findings_.set_mode(Findings::Mode::kSchema);
  cursor_.advance();
  const std::uint32_t instance = cursor_.word() == Word::kInstance ? effect::kUnknownState : effect::kImplicitCommit;
  primary(Kind::kLockTables, Reason::kTableLock, effect::kLockTables | instance);
}

void Part::unlock() { primary(Kind::kUnlockTables, Reason::kTableLock, effect::kImplicitCommit); }

void Part::flush() {
  out_.kind = Kind::kFlush;
  findings_.refuse(Reason::kAdministration, effect::kImplicitCommit);
  tableless_ = true;
  while (cursor_.advance()) {
    const Word before = cursor_.before().info.word;
    const bool names_table = (before == Word::kTable || before == Word::kTables) && cursor_.word() != Word::kWith &&
                             cursor_.word() != Word::kFor;
    if (names_table) tableless_ = false;
    const bool read_lock = cursor_.word() == Word::kLock && before == Word::kRead;
    const bool for_export = cursor_.word() == Word::kExport && before == Word::kFor;
    if (read_lock || for_export) findings_.add(effect::kLockTables);
  }
}

namespace {

/// The statement in a string literal without escapes; that of no literal is unknown.
Statement held_in(ByteView literal, const Context& context) {
  Statement unknown;
  unknown.effects = effect::kUnknownState;
  if (literal.size() < 2 || literal.front() != literal.back()) return unknown;
  const char quotes[] = {literal.front(), '\\'};
  const ByteView text = literal.substr(1, literal.size() - 2);
  return text.find_first_of(ByteView(quotes, sizeof quotes)) == ByteView::npos ? sql::classify(text, context) : unknown;
}

bool opens_no_table(const Statement& held) { return held.tableless && !held.has(effect::kUnknownState); }

}  // namespace

/// The tables of the statement in it are opened then and there.
void Part::prepare() {
  out_.kind = Kind::kPrepare;
  findings_.refuse(Reason::kPreparedText, effect::kPreparedText);
  tableless_ = opens_no_table(held_in(see_literal_behind(Word::kFrom), cursor_.context()));
}

/// EXECUTE runs a text that we did not see, EXECUTE IMMEDIATE perhaps one that is there to be read.
void Part::execute() {
  out_.kind = Kind::kExecute;
  cursor_.advance();
  const bool immediate = cursor_.word() == Word::kImmediate;
  findings_.refuse(Reason::kPreparedText, effect::kUnknownState | (immediate ? 0 : effect::kPreparedText));
  findings_.see(cursor_);
  const Statement held = held_in(see_literal_behind(Word::kImmediate), cursor_.context());
  findings_.add(held.effects & effect::kReadsDiagnostics);
  tableless_ = opens_no_table(held);
}

/// Sees the rest; the string literal behind `before` if it is the last there is, else nothing.
ByteView Part::see_literal_behind(Word before) {
  ByteView literal;
  while (cursor_.advance()) {
    findings_.see(cursor_);
    const bool begins = cursor_.now().kind == TokenKind::kString && cursor_.before().info.word == before;
    literal = begins ? cursor_.text(cursor_.now()) : ByteView();
  }
  findings_.see_end();
  return literal;
}

void Part::load() {
  cursor_.advance();
  if (cursor_.word() == Word::kIndex) return schema_change();
  out_.kind = Kind::kLoadData;
  findings_.refuse(Reason::kWrite);
  findings_.set_mode(Findings::Mode::kNames);
  while (cursor_.advance()) {
    findings_.see(cursor_);
    if (cursor_.word() == Word::kInfile && cursor_.before().info.word == Word::kLocal) {
      findings_.add(effect::kLocalInfile);
    }
  }
  findings_.see_end();
}

}  // namespace hf::policy::sql
