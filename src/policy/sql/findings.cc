#include "policy/sql/findings.h"

#include <string_view>

namespace hf::policy::sql {
namespace {

bool starts_blind(ByteView name, std::string_view lower) { return equals_blind(name.substr(0, lower.size()), lower); }
bool ends_blind(ByteView name, std::string_view lower) {
  return name.size() >= lower.size() && equals_blind(name.substr(name.size() - lower.size()), lower);
}

/// Tables of the system schemas that show the server's own sessions and counters, and what it counts or guesses of its
/// tables.
bool is_live_table(ByteView table) {
  constexpr std::string_view kLive[] = {"processlist",      "profiling",
                                        "user_variables",   "metadata_lock_info",
                                        "query_cache_info", "query_response_time",
                                        "optimizer_trace",  "temp_tables_info",
                                        "slave_status",     "replica_host_status",
                                        "tables",           "partitions",
                                        "statistics",       "events"};
  for (const std::string_view name : kLive) {
    if (equals_blind(table, name)) return true;
  }
  return ends_blind(table, "_status") || ends_blind(table, "_variables") || ends_blind(table, "_statistics") ||
         starts_blind(table, "innodb_") || starts_blind(table, "thread_pool") || starts_blind(table, "wsrep_");
}

/// Functions with a FROM of their own.
bool takes_from(ByteView function) {
  for (const std::string_view name :
       {"trim", "extract", "substring", "substr", "mid", "trim_oracle", "substr_oracle"}) {
    if (equals_blind(function, name)) return true;
  }
  return false;
}

}  // namespace

/// (SELECT 'value'): the server puts the value in its place. Anything else is a SELECT at work.
void Findings::see_inside_select(const Token& token) {
  const bool value =
      token.is_literal() || token.kind == TokenKind::kUserVariable || token.kind == TokenKind::kSystemVariable;
  const bool plain = inside_select_ == InsideSelect::kBegun ? value : token.is(')');
  works_ = works_ || !plain;
  inside_select_ = plain && value ? InsideSelect::kValue : InsideSelect::kNothing;
}

void Findings::see(const Cursor& cursor) {
  const Token& token = cursor.now();
  if (inside_select_ != InsideSelect::kNothing) see_inside_select(token);
  if (behind_from_) {
    names_table_ = names_table_ || token.kind != TokenKind::kWord || !equals_blind(cursor.text(token), "dual");
    behind_from_ = false;
  }
  if (pending_write_) {
    if (!token.is('(')) refuse(Reason::kWrite);
    pending_write_ = false;
  }
  if (token.op != '\0') {  // signs first: they are every other token
    if (token.op == '(') {
      see_open(cursor);
      ++depth_;
      if (takes_from(cursor.text(cursor.before().token))) open_call_ |= depth_bit();
    } else if (token.op == ')' && depth_ > 0) {
      open_with_ &= ~depth_bit();
      open_call_ &= ~depth_bit();
      --depth_;
    } else if (token.op == ',' && cursor.before2().info.word == Word::kLimit) {
      add(effect::kOffset);
    } else if (token.op == ',' && mode_ == Mode::kWrite && depth_ == 0 && !assigns_) {
      counts_ = true;  // UPDATE a, b SET …
    }
  } else if (cursor.is_name()) {
    if (cursor.word() != Word::kNone) {
      see_word(cursor);
    } else if (cursor.before().token.is('.')) {
      see_qualified_name(cursor);
    }
  } else if (token.kind == TokenKind::kUserVariable) {
    if (sees_expressions()) refuse(Reason::kUserVariable, effect::kUserVariable);
  } else if (token.kind == TokenKind::kSystemVariable) {
    see_variable(cursor.bare_name(token));
  }
}

void Findings::see_word(const Cursor& cursor) {
  const Word before = cursor.before().info.word;
  switch (cursor.word()) {
    case Word::kSelect:
    case Word::kValues:
    case Word::kValue:
    case Word::kSet:
    case Word::kTable:
      counts_ = counts_ || (cursor.word() == Word::kSelect && mode_ != Mode::kAccounts);
      if (cursor.word() == Word::kSelect) inside_select_ = InsideSelect::kBegun;
      assigns_ = assigns_ || cursor.word() == Word::kSet;
      open_with_ &= ~depth_bit();
      if (mode_ == Mode::kNames && cursor.word() != Word::kTable) mode_ = Mode::kWrite;
      if (mode_ == Mode::kSchema && cursor.word() == Word::kSelect) mode_ = Mode::kWrite;
      return;
    case Word::kWith:
      if (cursor.before().token.is('(')) open_with_ |= depth_bit();
      return;
    case Word::kInto:
      if (mode_ == Mode::kRead) refuse(Reason::kInto);
      return;
    case Word::kOutfile:
    case Word::kDumpfile:
      if (before == Word::kInto) refuse(Reason::kInto, effect::kIntoOutfile);
      return;
    case Word::kUpdate:
      if (before == Word::kFor) {
        refuse(Reason::kLockingRead, effect::kLocking);
      } else if (mode_ == Mode::kRead) {
        refuse(Reason::kWrite);
      }
      return;
    case Word::kShare:
      if (before == Word::kFor) refuse(Reason::kLockingRead, effect::kLocking);
      return;
    case Word::kLock:
      if (sees_expressions()) refuse(Reason::kLockingRead, effect::kLocking);
      return;
    case Word::kDelete:
      if (mode_ == Mode::kRead) refuse(Reason::kWrite);
      return;
    case Word::kInsert:
    case Word::kReplace:
      if (mode_ == Mode::kRead) pending_write_ = true;
      return;
    case Word::kFor: {
      const Word before2 = cursor.before2().info.word;
      if (before == Word::kValue && (before2 == Word::kNext || before2 == Word::kPrevious)) {
        refuse(Reason::kSequence, effect::kSequence);
      }
      return;
    }
    case Word::kJoin:
    case Word::kUsing: counts_ = counts_ || mode_ == Mode::kWrite; return;
    case Word::kFrom:  // DELETE a FROM a, b …; words before it that are no names are DELETE's own
      counts_ = counts_ || (mode_ == Mode::kWrite && depth_ == 0 && before != Word::kDelete &&
                            cursor.before().info.call != Call::kNone);
      counts_ = counts_ || (mode_ == Mode::kWrite && cursor.before().token.is('*'));
      behind_from_ = (open_call_ & depth_bit()) == 0;
      return;
    case Word::kSqlCalcFoundRows: add(effect::kFoundRows); return;
    case Word::kTies:  // FETCH … WITH TIES
    case Word::kOffset: add(effect::kOffset); return;
    case Word::kUnion:
    case Word::kLimit:
      (cursor.word() == Word::kUnion ? unites_ : limits_) = true;
      if (unites_ && limits_) add(effect::kOffset);
      return;
    default: return;
  }
}

/// A name after '.': what stands before the dot may be a system schema, a variable's scope or (Oracle mode) a sequence.
void Findings::see_qualified_name(const Cursor& cursor) {
  const Cursor::Seen& owner = cursor.before2();
  const ByteView name = cursor.bare_name(cursor.now());
  if (owner.token.kind == TokenKind::kSystemVariable) {
    if (equals_blind(cursor.bare_name(owner.token), "global")) doubt(Reason::kServerLocal);
    see_variable(name);
    return;
  }
  if (equals_blind(name, "nextval") || equals_blind(name, "currval")) {
    refuse(Reason::kSequence, effect::kSequence);
    return;
  }
  Word schema = owner.info.word;
  if (schema == Word::kNone && owner.token.kind != TokenKind::kQuotedName) return;
  if (owner.token.kind == TokenKind::kQuotedName) schema = find_word(cursor.bare_name(owner.token)).word;
  if (schema == Word::kMysql) doubt(Reason::kServerLocal);
  const bool live = schema == Word::kPerformanceSchema || (schema == Word::kInformationSchema && is_live_table(name));
  if (live) doubt(Reason::kServerLocal);
  if (live && ends_blind(name, "_variables")) add(effect::kReadsTracking);
}

/// At '(': is it a call, and of what?
void Findings::see_open(const Cursor& cursor) {
  const Cursor::Seen& before = cursor.before();
  if (before.info.call == Call::kNone || mode_ == Mode::kNames || !sees_expressions()) return;
  Call call = before.info.call;
  const bool bare = before.token.kind == TokenKind::kWord && !cursor.before2().token.is('.');
  if (bare && before.info.word == Word::kNone) call = find_call(cursor.text(before.token));
  if (call == Call::kUnknown && names_columns(cursor)) return;
  see_call(call, cursor.now().glued, cursor.context());
}

/// Whether the unknown name before '(' is no call: "… AS name (columns)", "WITH name (columns)", "= ANY (".
bool Findings::names_columns(const Cursor& cursor) const {
  const Cursor::Seen& before2 = cursor.before2();
  if (before2.info.word == Word::kAs) return true;
  if ((open_with_ & depth_bit()) != 0) {
    return before2.token.is(',') || before2.info.word == Word::kWith || before2.info.word == Word::kRecursive;
  }
  const ByteView name = cursor.text(cursor.before().token);
  const char op = before2.token.kind == TokenKind::kOperator ? before2.token.first : '\0';
  const bool quantified = op == '=' || op == '<' || op == '>' || op == '!';
  if (quantified && (equals_blind(name, "any") || equals_blind(name, "some"))) return true;
  // AS OF (SELECT …) of system-versioned tables; COLUMNS (…) within JSON_TABLE follows a literal.
  return equals_blind(name, "columns") && before2.token.is_literal();
}

void Findings::see_call(Call call, bool glued, const Context& context) {
  switch (call) {
    case Call::kNone:
    case Call::kRead: return;
    case Call::kReadGlued:
      if (glued || context.ignore_space) return;
      break;
    case Call::kReadMariaDb:
      if (context.flavor == Flavor::kMariaDb) return;
      break;
    case Call::kReadMySql:
      if (context.flavor == Flavor::kMySql) return;
      break;
    case Call::kSequence: refuse(Reason::kSequence, effect::kSequence); return;
    case Call::kUserLock: refuse(Reason::kUserLock, effect::kUserLock); return;
    case Call::kLastInsertId: refuse(Reason::kLastInsertId, effect::kReadsLastInsertId); return;
    case Call::kDiagnostics: refuse(Reason::kDiagnostics, effect::kReadsDiagnostics); return;
    case Call::kConnectionId: refuse(Reason::kConnectionId, effect::kConnectionId); return;
    case Call::kServerLocal: doubt(Reason::kServerLocal); return;
    case Call::kUnknown: break;
  }
  doubt(Reason::kUnknownFunction, effect::kUnknownState);
}

void Findings::see_variable(ByteView name) {
  add(effect::kReadsVariable);
  switch (find_variable(name)) {
    case Variable::kLastInsertId: refuse(Reason::kLastInsertId, effect::kReadsLastInsertId); return;
    case Variable::kDiagnostics: refuse(Reason::kDiagnostics, effect::kReadsDiagnostics); return;
    case Variable::kConnectionId: refuse(Reason::kConnectionId, effect::kConnectionId); return;
    case Variable::kOther:
    case Variable::kServerLocal: doubt(Reason::kServerLocal); return;
    case Variable::kTracking: add(effect::kReadsTracking); return;
    case Variable::kShared:
    case Variable::kReplayable:
    case Variable::kScope: return;
  }
}

}  // namespace hf::policy::sql
