#include "policy/sql/set_list.h"

namespace hf::policy::sql {
namespace {

bool is_equals(const Token& token, ByteView text) {
  return token.is('=') || (token.kind == TokenKind::kOperator && text == ":=");
}

bool is_global_word(Word word) { return word == Word::kGlobal || word == Word::kPersist || word == Word::kPersistOnly; }
bool is_scope_word(Word word) { return is_global_word(word) || word == Word::kSession || word == Word::kLocal; }

}  // namespace

std::optional<Assignment> AssignmentReader::next(Cursor& cursor, Findings& findings) {
  if (!ok_ || (cursor.at_end() && !first_)) return std::nullopt;
  if (!first_) {
    if (!cursor.now().is(',') || !cursor.advance()) return fail();
  }
  first_ = false;
  if (cursor.at_end() || !read_scope(cursor)) return fail();
  if (cursor.word() == Word::kTransaction) return read_transaction(cursor);

  Assignment out;
  if (!read_target(cursor, out)) return fail();
  read_value(cursor, findings, out);
  if (out.value.empty()) return fail();
  return out;
}

bool AssignmentReader::read_scope(Cursor& cursor) {
  scoped_ = is_scope_word(cursor.word());
  if (!scoped_) return true;
  scope_ = is_global_word(cursor.word()) ? Scope::kGlobal : Scope::kSession;
  return cursor.advance();
}

/// Up to and with '=' (or NAMES, CHARACTER SET); leaves the cursor on the value's first token.
bool AssignmentReader::read_target(Cursor& cursor, Assignment& out) {
  const Token token = cursor.now();
  const Word word = cursor.word();
  out.target = target();
  out.name = cursor.bare_name(token);
  if (token.kind == TokenKind::kUserVariable) {
    out.target = Assignment::Target::kUserVariable;
  } else if (token.kind != TokenKind::kSystemVariable && !cursor.is_name()) {
    return false;
  }
  if (!cursor.advance()) return false;

  out.unscoped = token.kind == TokenKind::kSystemVariable && !cursor.now().is('.');
  if (word == Word::kNames || word == Word::kCharset) {
    out.target = word == Word::kNames ? Assignment::Target::kNames : Assignment::Target::kCharacterSet;
    out.name = {};
    return true;
  }
  if (word == Word::kCharacter) {
    out.target = Assignment::Target::kCharacterSet;
    out.name = {};
    return cursor.word() == Word::kSet && cursor.advance();
  }
  if (cursor.now().is('.')) {
    if (!cursor.advance() || !cursor.is_name()) return false;
    const Word owner = token.kind == TokenKind::kSystemVariable ? find_word(out.name).word : Word::kNone;
    out.target = Assignment::Target::kOther;
    if (is_scope_word(owner)) {
      out.target = is_global_word(owner) ? Assignment::Target::kGlobal : Assignment::Target::kSession;
    }
    out.name = cursor.bare_name(cursor.now());
    if (!cursor.advance()) return false;
  }
  return is_equals(cursor.now(), cursor.text(cursor.now())) && cursor.advance();
}

/// Up to the next ',' outside parentheses.
void AssignmentReader::read_value(Cursor& cursor, Findings& findings, Assignment& out) {
  using Form = Assignment::Form;
  if (cursor.at_end()) return;
  const Token first = cursor.now();
  Token last = first;
  std::uint32_t tokens = 0;
  std::uint32_t depth = 0;
  bool plain = true;
  bool unknown = false;
  const bool charset = out.target == Assignment::Target::kNames || out.target == Assignment::Target::kCharacterSet;
  do {
    const Token& token = cursor.now();
    if (depth == 0 && token.is(',')) break;
    if (token.is('(')) ++depth;
    if (token.is(')') && depth > 0) --depth;
    findings.see(cursor);
    const bool is_word = cursor.is_name();
    const bool literal = token.kind == TokenKind::kString || token.kind == TokenKind::kNumber;
    const bool sign = token.is('-') || token.is('+');
    const bool collate = charset && cursor.word() == Word::kCollate;
    const bool after_sign = tokens == 1 && (cursor.before().token.is('-') || cursor.before().token.is('+'));
    const bool after_introducer = tokens == 1 && token.kind == TokenKind::kString && first.first == '_';
    const bool after_collate = charset && cursor.before().info.word == Word::kCollate;
    if (!(literal || is_word || (sign && tokens == 0) || collate)) plain = false;
    if (tokens > 0 &&
        !(after_introducer || after_collate || collate || (after_sign && token.kind == TokenKind::kNumber))) {
      plain = false;
    }
    if (token.kind == TokenKind::kUserVariable) unknown = true;
    last = token;
    ++tokens;
  } while (cursor.advance());
  findings.see_end();
  if (last.is('+') || last.is('-') || depth != 0) plain = false;
  const ByteView head = cursor.text(first);
  out.value = ByteView(head.data(), std::size_t{last.end} - first.begin);
  if (unknown || findings.doubted_effects() != 0) {
    out.form = Form::kUnknown;
  } else {
    out.form = plain ? Form::kPlain : Form::kComputed;
  }
}

/// On TRANSACTION: the rest of the statement is its characteristics.
Assignment AssignmentReader::read_transaction(Cursor& cursor) {
  Assignment out;
  out.target = Assignment::Target::kNextTransaction;
  if (scoped_) out.target = scope_ == Scope::kGlobal ? Assignment::Target::kGlobal : Assignment::Target::kTransaction;
  if (!cursor.advance()) {
    ok_ = false;
    return out;
  }
  const Token first = cursor.now();
  Token last = first;
  do {
    if (cursor.now().kind != TokenKind::kWord && !cursor.now().is(',')) ok_ = false;
    last = cursor.now();
  } while (cursor.advance());
  out.value = ByteView(cursor.text(first).data(), std::size_t{last.end} - first.begin);
  return out;
}

SetList::SetList(ByteView sql, const Context& context) : cursor_(sql, context, VersionedComments::kExecute) {
  if (!cursor_.start_part() || cursor_.word() != Word::kSet) return;
  cursor_.advance();
  is_set_ = true;
}

std::optional<Assignment> SetList::next() {
  if (!is_set_) return std::nullopt;
  return reader_.next(cursor_, findings_);
}

}  // namespace hf::policy::sql
