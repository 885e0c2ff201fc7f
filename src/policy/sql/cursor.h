// Cursor: walks over the tokens of one text, with the two before at hand, part by part (parts end at ';').
//
// Owner: a caller's stack frame; it borrows the text. Thread: any.
// Invariants:
//   1. now() is kEnd or ';' exactly when the part is over; then advance() stays there until start_part().
//   2. A word right after '.' is a name, never a keyword, as for the servers.
#pragma once

#include <array>
#include <cstddef>

#include "base/bytes.h"
#include "policy/sql/lexer.h"
#include "policy/sql/words.h"

namespace hf::policy::sql {

class Cursor {
 public:
  struct Seen {
    Token token;
    WordInfo info{Word::kNone, Call::kNone};  // of a keyword; of other names {kNone, kUnknown}; else {kNone, kNone}
  };

  Cursor(ByteView sql, const Context& context, VersionedComments versioned)
      : lexer_(sql, context, versioned), context_(context) {}

  /// To the first token of the next part, past any number of ';'. False: there is none.
  bool start_part() {
    do step();
    while (now().is(';'));
    seen_[(position_ - 1) % kKept] = seen_[(position_ - 2) % kKept] = Seen{};
    return now().kind != TokenKind::kEnd;
  }
  /// To the part's next token. False: the part is over.
  bool advance() {
    if (at_end()) return false;
    step();
    return !at_end();
  }
  /// To the next token whatever it is, over ';' too. False: the text is over.
  bool advance_over() {
    step();
    return now().kind != TokenKind::kEnd;
  }
  bool at_end() const { return at_end_; }

  const Token& now() const { return seen_[position_ % kKept].token; }
  Word word() const { return seen_[position_ % kKept].info.word; }
  bool is_name() const { return now().kind == TokenKind::kWord || now().kind == TokenKind::kQuotedName; }
  const Seen& before() const { return seen_[(position_ - 1) % kKept]; }
  const Seen& before2() const { return seen_[(position_ - 2) % kKept]; }

  ByteView text(const Token& token) const { return lexer_.text(token); }
  ByteView bare_name(const Token& token) const { return lexer_.bare_name(token); }
  const Lexer& lexer() const { return lexer_; }
  const Context& context() const { return context_; }

 private:
  void step() {
    ++position_;
    const Token token = lexer_.next();
    WordInfo info{Word::kNone, Call::kNone};
    if (token.kind == TokenKind::kWord) {
      info = before().token.is('.') ? WordInfo{} : find_word(lexer_.text(token));
    } else if (token.kind == TokenKind::kQuotedName) {
      info = WordInfo{};
    }
    at_end_ = token.kind == TokenKind::kEnd || token.is(';');
    seen_[position_ % kKept] = Seen{token, info};
  }

  static constexpr std::size_t kKept = 4;  // a ring: copying tokens along costs more than reading them

  Lexer lexer_;
  Context context_;
  std::size_t position_ = 2;
  bool at_end_ = false;
  std::array<Seen, kKept> seen_{};
};

}  // namespace hf::policy::sql
