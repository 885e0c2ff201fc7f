// Part: statements that change the schema, and stored programs.
#include "policy/sql/part.h"

namespace hf::policy::sql {
namespace {

/// CREATE OR REPLACE DEFINER = `user` @ `host` SQL SECURITY … : the object's kind comes within so many tokens.
constexpr int kPrefixTokens = 14;

bool is_program(Word word) {
  return word == Word::kProcedure || word == Word::kFunction || word == Word::kTrigger || word == Word::kEvent ||
         word == Word::kPackage;
}

/// Whose CREATE, ALTER, DROP open no table. (CREATE TRIGGER does, DROP TRIGGER does not.)
bool is_no_table(Word word, ByteView text) {
  if (word == Word::kUser || word == Word::kProcedure || word == Word::kFunction || word == Word::kEvent ||
      word == Word::kPackage) {
    return true;
  }
  return equals_blind(text, "database") || equals_blind(text, "schema") || equals_blind(text, "role") ||
         equals_blind(text, "server");
}

}  // namespace

/// CREATE and ALTER.
void Part::create() {
  bool temporary = false;
  for (int i = 0; i < kPrefixTokens && cursor_.advance(); ++i) {
    const Word word = cursor_.word();
    const bool named_here = i == 0 || cursor_.before().info.word == Word::kReplace;
    if (is_program(word) || named_here) tableless_ = is_no_table(word, cursor_.text(cursor_.now()));
    if (is_program(word)) return stored_program();
    if (word == Word::kTable || word == Word::kIndex || word == Word::kUser) break;
    if (word == Word::kTemporary && named_here) temporary = true;
    if (cursor_.now().is('(')) break;
  }
  if (!temporary) return schema_change();
  findings_.set_mode(Findings::Mode::kSchema);
  primary(Kind::kDdl, Reason::kSchemaChange, effect::kTemporaryTable);
}

void Part::drop() {
  cursor_.advance();
  tableless_ = cursor_.word() == Word::kTrigger || is_no_table(cursor_.word(), cursor_.text(cursor_.now()));
  if (cursor_.word() == Word::kPrepare) return primary(Kind::kDeallocate, Reason::kPreparedText, effect::kPreparedText);
  if (cursor_.word() != Word::kTemporary) return schema_change();
  findings_.set_mode(Findings::Mode::kSchema);
  primary(Kind::kDdl, Reason::kSchemaChange);  // a session that has one is pinned already
}

/// Rights to single tables and routines are looked up there; those to whole schemas, roles and PROXY are not.
void Part::grant() {
  findings_.set_mode(Findings::Mode::kAccounts);
  out_.kind = Kind::kDdl;
  findings_.refuse(Reason::kSchemaChange, effect::kImplicitCommit);
  bool on = false;
  bool whole = false;
  while (cursor_.advance()) {
    const bool proxy = equals_blind(cursor_.text(cursor_.before().token), "proxy");
    if (equals_blind(cursor_.text(cursor_.now()), "on") && !proxy) on = true;
    const bool star = on && cursor_.now().is('*');
    whole = whole || star;
    findings_.see(cursor_);
  }
  findings_.see_end();
  tableless_ = !on || whole;
}

void Part::schema_change() {
  findings_.set_mode(Findings::Mode::kSchema);
  primary(Kind::kDdl, Reason::kSchemaChange, effect::kImplicitCommit);
}

/// CREATE PROCEDURE and its like: one statement, ';' and all. Its end is where BEGIN/CASE and END are even; if they
/// never are, what follows may be more statements, and we do not know what they do.
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
