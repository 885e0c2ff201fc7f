#include "policy/sql/classifier.h"

#include <algorithm>

#include "policy/sql/cursor.h"
#include "policy/sql/part.h"

namespace hf::policy::sql {
namespace {

struct Pass {
  Statement statement;
  bool odd = false;
  bool versioned = false;
};

/// For sure: it runs nothing that was not seen, either. What a SET leaves may be unknown all the same.
bool opens_no_table(const Statement& part) {
  return part.tableless && (part.kind == Kind::kMulti || part.kind == Kind::kSet || !part.has(effect::kUnknownState));
}

/// Adds a part to what came before it.
void merge_part(Statement& sum, const Statement& part) {
  // UPDATE …; SELECT ROW_COUNT() asks about a statement of its own.
  const bool asks_before =
      sum.has(effect::kReadsDiagnostics) || (part.has(effect::kReadsDiagnostics) && opens_no_table(sum));
  std::uint32_t effects = sum.effects | part.effects | effect::kMultiStatement;
  effects &= ~(effect::kComputedValue | effect::kReadsDiagnostics);
  if (asks_before) effects |= effect::kReadsDiagnostics;
  const bool unreported = sum.unreported || part.unreported;
  if (unreported) effects |= effect::kUnknownState;  // what to ask for is read off a single SET
  const Hint hint = sum.hint;
  // that must be the session's own
  const bool counts = may_count(sum) || may_count(part) || part.has(effect::kReadsDiagnostics);
  const Release release = std::max(sum.release, part.release);
  const bool tableless = opens_no_table(sum) && opens_no_table(part);
  sum = Statement{};
  sum.counts = counts;
  sum.tableless = tableless;
  sum.unreported = unreported;
  sum.release = release;
  sum.kind = Kind::kMulti;
  sum.reason = Reason::kMultiStatement;
  sum.effects = effects;
  sum.hint = hint;
}

Statement empty_statement() {
  Statement out;
  out.kind = Kind::kEmpty;
  out.tableless = true;
  out.route = Route::kAny;
  out.reason = Reason::kEmpty;
  return out;
}

Pass run_pass(ByteView sql, const Context& context, VersionedComments versioned) {
  Cursor cursor(sql, context, versioned);
  Pass pass;
  pass.statement = empty_statement();
  bool first = true;
  while (cursor.start_part()) {
    const Statement part = Part(cursor).classify();
    if (first) {
      pass.statement = part;
    } else {
      merge_part(pass.statement, part);
    }
    first = false;
  }
  const Lexer& lexer = cursor.lexer();
  pass.statement.hint = lexer.hint();
  pass.odd = lexer.odd();
  pass.versioned = lexer.versioned();
  if (lexer.unterminated()) {
    pass.statement.effects |= effect::kUnterminated;
    pass.statement.reason = Reason::kUnterminated;
    pass.statement.route = Route::kPrimary;
  }
  return pass;
}

/// Some servers run the comment's content, some do not: trust only what both readings agree on.
Statement merge_readings(const Statement& with, const Statement& without) {
  Statement out = with;
  out.effects |= without.effects | effect::kVersionedComment;
  out.unreported = with.unreported || without.unreported;
  out.tableless = with.tableless && without.tableless;
  const bool both_read = with.route == Route::kReader && without.route == Route::kReader;
  if (!both_read && with.route != Route::kPrimary) {
    out.route = Route::kPrimary;
    out.reason = Reason::kVersionedComment;
  }
  out.effects &= ~effect::kComputedValue;
  if (out.has(effect::kSetsVariable | effect::kChangesSchema)) out.effects |= effect::kUnknownState;
  return out;
}

}  // namespace

Statement classify(ByteView sql, const Context& context) {
  const Pass pass = run_pass(sql, context, VersionedComments::kExecute);
  Statement out = pass.statement;
  if (pass.versioned) out = merge_readings(out, run_pass(sql, context, VersionedComments::kSkip).statement);
  if (pass.odd) {
    if (out.route != Route::kPrimary) {
      out.reason = context.charset == Charset::kUnsafe ? Reason::kUnsafeCharset : Reason::kOddBytes;
    }
    out.route = Route::kPrimary;
    out.effects |= effect::kUnknownState;
    out.effects &= ~effect::kComputedValue;
    out.tableless = out.tableless && out.kind != Kind::kMulti;
  }
  if (out.hint == Hint::kPrimary && out.route == Route::kReader) {
    out.route = Route::kPrimary;
    out.reason = Reason::kHintPrimary;
  }
  return out;
}

}  // namespace hf::policy::sql
