// Lexer: cuts a statement into tokens as the MySQL and MariaDB servers do, one pass, no allocation, any bytes.
//
// Owner: a caller's stack frame; it borrows the text. Thread: any (no shared state).
// Invariants:
//   1. Tokens come in order, do not overlap, lie inside the text, and each is at least one byte long; between them are
//      only blanks, comments, and the frames of executable comments.
//   2. Where servers disagree, or a byte's meaning depends on something we do not know, odd() or versioned() is set:
//      the caller must then not trust what it saw. A quote is never misread within a charset that Context names
//      correctly.
//   3. Time is linear in the text. Of a text of 4 GiB or more nothing is read, and unterminated() says so.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/bytes.h"
#include "policy/sql/byte_classes.h"
#include "policy/sql/statement.h"

namespace hf::policy::sql {

/// What the connection's character_set_client means for finding quotes.
enum class Charset : std::uint8_t {
  kUtf8,  // utf8mb3, utf8mb4, ascii
  // latin1, cp1251 …, and ujis, eucjpms, gb2312, euckr: no byte of theirs is a quote or backslash, but a high byte may
  // be a blank or a sign to the server, so outside quotes it makes the text odd
  kSingleByte,
  kGbk,
  kGb18030,
  kSjis,  // and cp932
  kBig5,
  kUnsafe,  // unknown: any high byte makes the text odd
};

/// From the server's name of a charset or collation ("gbk", "gbk_chinese_ci"); kUnsafe if not known.
Charset charset_from_name(std::string_view name);

/// Whose built-in functions count. With kUnknown only those that both have.
enum class Flavor : std::uint8_t { kUnknown, kMariaDb, kMySql };

/// The session settings that change what the same bytes mean.
struct Context {
  Charset charset = Charset::kUtf8;
  Flavor flavor = Flavor::kUnknown;
  bool ansi_quotes = false;           // sql_mode ANSI_QUOTES (also part of ANSI, ORACLE, DB2, MSSQL …)
  bool no_backslash_escapes = false;  // sql_mode NO_BACKSLASH_ESCAPES
  bool ignore_space = false;          // sql_mode IGNORE_SPACE (also part of ANSI, ORACLE …)

  friend bool operator==(const Context&, const Context&) = default;
};

enum class TokenKind : std::uint8_t {
  kEnd,
  kWord,            // unquoted identifier or keyword
  kQuotedName,      // `x`, and "x" with ansi_quotes
  kString,          // '…', "…", N'…', x'…', b'…'; a charset introducer is a word before it
  kNumber,          // also \N
  kUserVariable,    // @x @'x' @`x` @"x"
  kSystemVariable,  // @@x @@`x`: the first name only; a scope's ".name" follows as tokens of its own
  kPlaceholder,     // ?
  kOperator,        // everything else; multi-byte ones in one token
};

/// 12 bytes, so that it travels in registers.
struct Token {
  std::uint32_t begin = 0;
  std::uint32_t end = 0;
  TokenKind kind = TokenKind::kEnd;
  char first = '\0';   // its first byte
  char op = '\0';      // the same if it is a one-byte operator, else 0
  bool glued = false;  // nothing stands between it and the token before

  bool is(char one_byte_operator) const { return op == one_byte_operator; }
  bool is_literal() const {
    return kind == TokenKind::kString || kind == TokenKind::kNumber || kind == TokenKind::kPlaceholder;
  }
};

/// What to do with comments that only some servers execute (/*!50700 … */ and later, /*M! … */). Those that every
/// server we speak to executes (/*! … */, /*!40101 … */) are always SQL.
enum class VersionedComments : std::uint8_t { kExecute, kSkip };

class Lexer {
 public:
  explicit Lexer(ByteView text, const Context& context, VersionedComments versioned = VersionedComments::kExecute);

  /// The next token; kEnd (an empty token at the end of the text) for ever after the last.
  Token next() {
    // Nine of ten tokens are a plain word or a one-byte sign, after at most one blank.
    std::size_t begin = position_;
    if (begin < size_ && text_[begin] == ' ') ++begin;
    if (begin < size_) {
      const Class c = class_of(text_[begin]);
      const bool dot = c == Class::kDot && begin + 1 < size_ && class_of(text_[begin + 1]) != Class::kDigit;
      if (c == Class::kSingle || dot) return finish(TokenKind::kOperator, begin, begin + 1);
      if (c == Class::kLetter && text_[begin] != '$') {
        const char* const end = skip_word(text_ + begin, text_ + size_);
        const auto length = static_cast<std::size_t>(end - text_);
        if (length < size_ && *end != '\'' && static_cast<std::uint8_t>(*end) < 0x80) {
          return finish(TokenKind::kWord, begin, length);
        }
      }
    }
    return next_slowly();
  }

  ByteView text(const Token& token) const { return {text_ + token.begin, token.end - token.begin}; }
  /// A name without its quotes or leading @ signs; doubled quotes stay doubled.
  ByteView bare_name(const Token& token) const;

  /// True once a string, quoted name or comment ran into the end of the text.
  bool unterminated() const { return unterminated_; }
  /// True once bytes were seen that servers reject or read differently than we can know.
  bool odd() const { return odd_; }
  /// True once a comment was seen that only some servers execute.
  bool versioned() const { return versioned_; }
  /// True once any executable comment was seen.
  bool executable() const { return executable_; }
  /// From comments before the second token: /* holdfast: primary */, /* holdfast: replica */, /*master*/. Primary wins.
  Hint hint() const { return hint_; }

 private:
  Token next_slowly();
  /// The token [begin, end).
  Token finish(TokenKind kind, std::size_t begin, std::size_t end) {
    Token token;
    token.begin = static_cast<std::uint32_t>(begin);
    token.end = static_cast<std::uint32_t>(end);
    token.kind = kind;
    token.first = begin < size_ ? text_[begin] : '\0';
    token.op = kind == TokenKind::kOperator && end == begin + 1 ? token.first : '\0';
    token.glued = begin == position_ && !gap_;
    gap_ = false;
    position_ = end;
    last_kind_ = kind;
    ++tokens_;
    return token;
  }
  void skip_gap();
  bool skip_comment();
  void skip_line();
  void skip_block(std::size_t content);
  void open_executable();
  void skip_versioned(std::size_t content);
  void note_hint(ByteView comment);
  std::size_t character_length(std::size_t at) const;
  std::size_t scan_word(std::size_t at);
  std::size_t scan_word_high(std::size_t at);
  std::size_t scan_number(std::size_t at, TokenKind& kind);
  std::size_t scan_digits(std::size_t at) const;
  std::size_t scan_string(std::size_t at);
  std::size_t scan_quoted(std::size_t at);
  std::size_t scan_at(std::size_t at);
  std::size_t scan_operator(std::size_t at) const;
  std::uint8_t at(std::size_t i) const { return i < size_ ? static_cast<std::uint8_t>(text_[i]) : std::uint8_t{0}; }

  const char* text_;
  std::size_t size_;
  std::size_t position_ = 0;
  Context context_;
  VersionedComments versioned_mode_;
  TokenKind last_kind_ = TokenKind::kEnd;
  std::uint32_t tokens_ = 0;  // how many so far
  bool gap_ = false;          // position_ was moved over a blank or comment since the last token
  bool in_executable_ = false;
  bool unterminated_ = false;
  bool odd_ = false;
  bool versioned_ = false;
  bool executable_ = false;
  Hint hint_ = Hint::kNone;
};

}  // namespace hf::policy::sql
