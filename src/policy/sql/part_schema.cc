// Part: statements that change the schema, and stored programs.
#include "policy/sql/part.h"

namespace hf::policy::sql {
namespace {

/// CREATE OR REPLACE DEFINER = `user` @ `host` SQL SECURITY … : the object's kind comes within so many tokens.
constexpr int kPrefixTokens = 14;

bool is_program(Word word) {
  return word == Word::kProcedure || word == Word::kFunction || word == Word::kTrigger || word == Word::kEvent || word == Word::kPackage;
}

}  // namespace

/// CREATE and ALTER.
void Part::create() {
  bool temporary = false;
  for (int i = 0; i < kPrefixTokens && cursor_.advance(); ++i) {
    const Word word = cursor_.word();
    if (is_program(word)) return stored_program();
    if (word == Word::kTable || word == Word::kIndex || word == Word::kUser) break;
    if (word == Word::kTemporary && (i == 0 || cursor_.before().info.word == Word::kReplace)) temporary = true;
    if (cursor_.now().is('(')) break;
  }
  if (!temporary) return schema_change();
  findings_.set_mode(Findings::Mode::kSchema);
  primary(Kind::kDdl, Reason::kSchemaChange, effect::kTemporaryTable);
}

void Part::drop() {
  cursor_.advance();
  if (cursor_.word() == Word::kPrepare) return primary(Kind::kDeallocate, Reason::kPreparedText, effect::kPreparedText);
  if (cursor_.word() != Word::kTemporary) return schema_change();
  findings_.set_mode(Findings::Mode::kSchema);
  primary(Kind::kDdl, Reason::kSchemaChange);  // a session that has one is pinned already
}

void Part::schema_change() {
  findings_.set_mode(Findings::Mode::kSchema);
  primary(Kind::kDdl, Reason::kSchemaChange, effect::kImplicitCommit);
}

/// CREATE PROCEDURE and its like: one statement, ';' and all. Its end is where BEGIN/CASE and END are even; if they never are, what
/// follows may be more statements, and we do not know what they do.
void Part::stored_program() {
  out_.kind = Kind::kDdl;
  findings_.refuse(Reason::kSchemaChange, effect::kImplicitCommit);
  int open = 0;
  while (cursor_.advance_over()) {
    if (cursor_.now().is(';')) {
      if (open <= 0) break;
      continue;
    }
    const Word before = cursor_.before().info.word;
    switch (cursor_.word()) {
      case Word::kBegin: ++open; break;
      case Word::kEnd: --open; break;
      case Word::kCase: open += before == Word::kEnd ? 0 : 1; break;
      case Word::kIf:
      case Word::kLoop:
      case Word::kWhile:
      case Word::kRepeat:
      case Word::kFor: open += before == Word::kEnd ? 1 : 0; break;  // END IF closes what was never counted
      default: break;
    }
  }
  if (open != 0) findings_.add(effect::kUnknownState);
}

/// A program without a name: runs to the end of the text.
void Part::block() {
  out_.kind = Kind::kUnknown;
  findings_.refuse(Reason::kUnknownStatement, effect::kUnknownState | effect::kImplicitCommit);
  do findings_.see(cursor_);
  while (cursor_.advance_over());
  findings_.see_end();
}

}  // namespace hf::policy::sql
