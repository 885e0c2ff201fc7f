#include "policy/sql/lexer.h"

#include <cstring>
#include <limits>

#include "policy/sql/byte_classes.h"

namespace hf::policy::sql {
namespace {

constexpr unsigned kCommentClasses =
    1U << static_cast<unsigned>(Class::kSlash) | 1U << static_cast<unsigned>(Class::kDash) |
    1U << static_cast<unsigned>(Class::kHash) | 1U << static_cast<unsigned>(Class::kStar);

bool is_digit(std::uint8_t c) { return c >= '0' && c <= '9'; }

bool is_hex_digit(std::uint8_t c) { return is_digit(c) || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f'); }

bool is_multibyte(Charset charset) {
  return charset == Charset::kGbk || charset == Charset::kGb18030 || charset == Charset::kSjis ||
         charset == Charset::kBig5;
}

bool in(std::uint8_t c, std::uint8_t low, std::uint8_t high) { return c >= low && c <= high; }

/// Whether `lead` and `trail` are one two-byte character, by each charset's own table.
bool is_pair(Charset charset, std::uint8_t lead, std::uint8_t trail) {
  switch (charset) {
    case Charset::kGbk:
    case Charset::kGb18030: return in(lead, 0x81, 0xFE) && (in(trail, 0x40, 0x7E) || in(trail, 0x80, 0xFE));
    case Charset::kSjis:
      return (in(lead, 0x81, 0x9F) || in(lead, 0xE0, 0xFC)) && (in(trail, 0x40, 0x7E) || in(trail, 0x80, 0xFC));
    case Charset::kBig5: return in(lead, 0xA1, 0xF9) && (in(trail, 0x40, 0x7E) || in(trail, 0xA1, 0xFE));
    case Charset::kUtf8:
    case Charset::kSingleByte:
    case Charset::kUnsafe: return false;
  }
  return false;
}

/// Versions below this are executed by MariaDB 10 and MySQL 5.7 and all later ones.
constexpr std::uint32_t kFirstDisputedVersion = 50700;

std::string_view trim_blanks(std::string_view s) {
  while (!s.empty() && class_of(s.front()) == Class::kBlank) s.remove_prefix(1);
  while (!s.empty() && class_of(s.back()) == Class::kBlank) s.remove_suffix(1);
  return s;
}

struct CharsetName {
  std::string_view name;
  Charset charset;
};
constexpr CharsetName kCharsetNames[] = {
    {"utf8mb4", Charset::kUtf8},
    {"utf8mb3", Charset::kUtf8},
    {"utf8", Charset::kUtf8},
    {"ascii", Charset::kUtf8},
    {"gbk", Charset::kGbk},
    {"gb18030", Charset::kGb18030},
    {"sjis", Charset::kSjis},
    {"cp932", Charset::kSjis},
    {"big5", Charset::kBig5},
    {"latin1", Charset::kSingleByte},
    {"latin2", Charset::kSingleByte},
    {"latin5", Charset::kSingleByte},
    {"latin7", Charset::kSingleByte},
    {"binary", Charset::kSingleByte},
    {"cp1250", Charset::kSingleByte},
    {"cp1251", Charset::kSingleByte},
    {"cp1256", Charset::kSingleByte},
    {"cp1257", Charset::kSingleByte},
    {"cp850", Charset::kSingleByte},
    {"cp852", Charset::kSingleByte},
    {"cp866", Charset::kSingleByte},
    {"dec8", Charset::kSingleByte},
    {"hp8", Charset::kSingleByte},
    {"koi8r", Charset::kSingleByte},
    {"koi8u", Charset::kSingleByte},
    {"swe7", Charset::kUnsafe},
    {"hebrew", Charset::kSingleByte},
    {"greek", Charset::kSingleByte},
    {"armscii8", Charset::kSingleByte},
    {"geostd8", Charset::kSingleByte},
    {"keybcs2", Charset::kSingleByte},
    {"macce", Charset::kSingleByte},
    {"macroman", Charset::kSingleByte},
    {"tis620", Charset::kSingleByte},
    {"ujis", Charset::kSingleByte},
    {"eucjpms", Charset::kSingleByte},
    {"euckr", Charset::kSingleByte},
    {"gb2312", Charset::kSingleByte},
};

}  // namespace

Charset charset_from_name(std::string_view name) {
  const std::string_view base = name.substr(0, name.find('_'));
  for (const CharsetName& known : kCharsetNames) {
    if (equals_blind(base, known.name)) return known.charset;
  }
  return Charset::kUnsafe;
}

Lexer::Lexer(ByteView text, const Context& context, VersionedComments versioned)
    : text_(text.data()), size_(text.size()), context_(context), versioned_mode_(versioned) {
  if (size_ >= std::numeric_limits<std::uint32_t>::max()) {
    size_ = 0;
    unterminated_ = odd_ = true;
  }
  if (context.charset != Charset::kUnsafe) return;
  for (const char c : text) {
    if (class_of(c) == Class::kHigh) odd_ = true;
  }
}

ByteView Lexer::bare_name(const Token& token) const {
  ByteView name = text(token);
  while (!name.empty() && name.front() == '@') name.remove_prefix(1);
  if (token.kind == TokenKind::kWord || name.empty()) return name;
  const Class quote = class_of(name.front());
  if (quote != Class::kBacktick && quote != Class::kQuote) return name;
  const bool closed = name.size() >= 2 && name.back() == name.front();
  return name.substr(1, name.size() - (closed ? 2 : 1));
}

Token Lexer::next_slowly() {
  const std::size_t last_end = position_;
  skip_gap();
  const std::size_t i = position_;
  gap_ = i != last_end;
  if (i >= size_) return finish(TokenKind::kEnd, i, i);
  const char first = text_[i];
  switch (class_of(first)) {
    case Class::kLetter:
      if (at(i + 1) == '\'' && std::memchr("nNxXbB", first, 6) != nullptr) {
        return finish(TokenKind::kString, i, scan_string(i + 1));
      }
      if (first == '$') odd_ = true;  // MySQL 8 reads $tag$ … $tag$ as a string
      return finish(TokenKind::kWord, i, scan_word(i));
    case Class::kHigh: return finish(TokenKind::kWord, i, scan_word_high(i));
    case Class::kDigit: {
      TokenKind kind = TokenKind::kNumber;
      const std::size_t end = scan_number(i, kind);
      return finish(kind, i, end);
    }
    case Class::kDot: {
      const bool after_name = i == last_end && (last_kind_ == TokenKind::kWord || last_kind_ == TokenKind::kQuotedName);
      TokenKind kind = TokenKind::kNumber;
      if (after_name || !is_digit(at(i + 1))) return finish(TokenKind::kOperator, i, i + 1);
      const std::size_t end = scan_number(i, kind);
      return finish(kind, i, end);
    }
    case Class::kQuote:
      if (first == '"' && context_.ansi_quotes) return finish(TokenKind::kQuotedName, i, scan_quoted(i));
      return finish(TokenKind::kString, i, scan_string(i));
    case Class::kBacktick: return finish(TokenKind::kQuotedName, i, scan_quoted(i));
    case Class::kAt:
      return finish(at(i + 1) == '@' ? TokenKind::kSystemVariable : TokenKind::kUserVariable, i, scan_at(i));
    case Class::kQuestion: return finish(TokenKind::kPlaceholder, i, i + 1);
    case Class::kBackslash:
      if (at(i + 1) == 'N') return finish(TokenKind::kNumber, i, i + 2);
      return finish(TokenKind::kOperator, i, i + 1);
    case Class::kNul: odd_ = true; [[fallthrough]];
    default: return finish(TokenKind::kOperator, i, scan_operator(i));
  }
}

void Lexer::skip_gap() {
  while (position_ < size_) {
    const Class c = class_of(text_[position_]);
    if (c == Class::kBlank) {
      ++position_;
    } else if ((kCommentClasses >> static_cast<unsigned>(c) & 1) == 0 || !skip_comment()) {
      return;
    }
  }
  if (in_executable_) unterminated_ = true;
}

/// Skips a comment, or the frame of an executable one. False: it is an operator.
bool Lexer::skip_comment() {
  switch (text_[position_]) {
    case '#': skip_line(); return true;
    case '-': {
      if (at(position_ + 1) != '-') return false;
      const std::uint8_t after = at(position_ + 2);  // 0 at the end: a comment too
      if (after >= 0x80 && context_.charset != Charset::kUtf8) odd_ = true;
      if (after > ' ' && after != 0x7F) return false;
      skip_line();
      return true;
    }
    case '*':
      if (!in_executable_ || at(position_ + 1) != '/') return false;
      in_executable_ = false;
      position_ += 2;
      return true;
    default:
      if (at(position_ + 1) != '*') return false;
      if (at(position_ + 2) == '!' || (at(position_ + 2) == 'M' && at(position_ + 3) == '!')) {
        open_executable();
      } else {
        skip_block(position_ + 2);
      }
      return true;
  }
}

void Lexer::skip_line() {
  const void* newline = std::memchr(text_ + position_, '\n', size_ - position_);
  const std::size_t end =
      newline == nullptr ? size_ : static_cast<std::size_t>(static_cast<const char*>(newline) - text_);
  if (std::memchr(text_ + position_, '\0', end - position_) != nullptr) odd_ = true;  // ends the comment for the server
  position_ = end;
}

void Lexer::skip_block(std::size_t content) {
  const ByteView all(text_, size_);
  const std::size_t end = all.find("*/", content);
  if (end == ByteView::npos) {
    unterminated_ = true;
    position_ = size_;
    return;
  }
  if (tokens_ < 2) note_hint(all.substr(content, end - content));
  position_ = end + 2;
}

/// At "/*!" or "/*M!". Its content becomes SQL, unless it is disputed and we are to skip such.
void Lexer::open_executable() {
  const bool mariadb_only = text_[position_ + 2] == 'M';
  std::size_t p = position_ + (mariadb_only ? 4 : 3);
  std::size_t digits = 0;
  std::uint32_t version = 0;
  while (digits < 6 && is_digit(at(p + digits))) version = version * 10 + (at(p + digits++) - std::uint32_t{'0'});
  if (digits < 5) {
    version = 0;
    digits = 0;
  } else if (digits == 6 && version < 100000) {
    digits = 5;  // "/*!0…": no such version, servers differ
    odd_ = true;
  }
  p += digits;
  executable_ = true;
  if (in_executable_) odd_ = true;  // nested: servers differ on where the outer one ends
  const bool disputed = mariadb_only || version >= kFirstDisputedVersion;
  if (disputed) versioned_ = true;
  if (disputed && versioned_mode_ == VersionedComments::kSkip) {
    skip_versioned(p);
    return;
  }
  in_executable_ = true;
  position_ = p;
}

/// A server that does not execute the comment skips it, with comments inside it, one level deep.
void Lexer::skip_versioned(std::size_t content) {
  bool inner = false;
  for (std::size_t i = content; i + 1 < size_; ++i) {
    if (text_[i] == '/' && text_[i + 1] == '*' && !inner) {
      inner = true;
      ++i;
    } else if (text_[i] == '*' && text_[i + 1] == '/') {
      ++i;
      if (!inner) {
        position_ = i + 1;
        return;
      }
      inner = false;
    }
  }
  unterminated_ = true;
  position_ = size_;
}

void Lexer::note_hint(ByteView comment) {
  std::string_view text = trim_blanks(comment);
  if (equals_blind(text, "master")) {
    hint_ = Hint::kPrimary;
    return;
  }
  if (!equals_blind(text.substr(0, 8), "holdfast")) return;
  text = trim_blanks(text.substr(8));
  if (text.empty() || text.front() != ':') return;
  text = trim_blanks(text.substr(1));
  if (equals_blind(text, "primary")) hint_ = Hint::kPrimary;
  if (equals_blind(text, "replica") && hint_ != Hint::kPrimary) hint_ = Hint::kReplica;
}

/// Of the character that begins with the high byte at `at`, as the server counts in this charset; 1 if it is not a
/// whole one.
std::size_t Lexer::character_length(std::size_t i) const {
  if (is_pair(context_.charset, at(i), at(i + 1))) return 2;
  if (context_.charset == Charset::kGb18030 && in(at(i), 0x81, 0xFE) && is_digit(at(i + 1)) &&
      in(at(i + 2), 0x81, 0xFE) && is_digit(at(i + 3))) {
    return 4;
  }
  return 1;
}

std::size_t Lexer::scan_word(std::size_t i) {
  i = static_cast<std::size_t>(skip_word(text_ + i, text_ + size_) - text_);
  return at(i) >= 0x80 ? scan_word_high(i) : i;
}

/// The rest of a word, from a high byte on.
std::size_t Lexer::scan_word_high(std::size_t i) {
  while (i < size_) {
    const std::uint8_t c = at(i);
    if (is_word_byte(c)) {
      ++i;
    } else if (c >= 0x80) {
      const std::size_t length = character_length(i);
      // In these charsets a lone high byte may be a blank, a sign or a letter: the server knows, we do not.
      if (length == 1 && context_.charset != Charset::kUtf8) odd_ = true;
      i += length;
    } else {
      break;
    }
  }
  return i;
}

std::size_t Lexer::scan_digits(std::size_t i) const {
  while (is_digit(at(i))) ++i;
  return i;
}

/// At a digit, or at a dot before a digit. The servers' own rules decide where a number ends: "1e5into" is 1e5 and
/// INTO, "1into" a name, "1.5into" 1.5 and INTO.
std::size_t Lexer::scan_number(std::size_t i, TokenKind& kind) {
  const std::size_t begin = i;
  i = scan_digits(i);
  if (i == begin + 1 && text_[begin] == '0' && (at(i) == 'x' || at(i) == 'b')) {
    const bool hex = at(i) == 'x';
    std::size_t end = i + 1;
    while (hex ? is_hex_digit(at(end)) : (at(end) == '0' || at(end) == '1')) ++end;
    if (end > i + 1 && !is_word_byte(at(end)) && at(end) < 0x80) return end;
    kind = TokenKind::kWord;
    return scan_word(i);
  }
  if (at(i) == '.') {
    i = scan_digits(i + 1);
    if ((at(i) | 0x20) != 'e') return i;
    std::size_t exponent = i + 1;
    if (at(exponent) == '+' || at(exponent) == '-') ++exponent;
    if (!is_digit(at(exponent))) {
      odd_ = true;  // "1.5e": servers stumble here in their own ways
      return i;
    }
    return scan_digits(exponent);
  }
  if ((at(i) | 0x20) == 'e' && is_digit(at(i + 1))) return scan_digits(i + 1);
  if ((at(i) | 0x20) == 'e' && (at(i + 1) == '+' || at(i + 1) == '-') && is_digit(at(i + 2))) return scan_digits(i + 2);
  if (!is_word_byte(at(i)) && at(i) < 0x80) return i;
  kind = TokenKind::kWord;
  return scan_word(i);
}

/// At the opening quote; doubled quotes stay inside.
std::size_t Lexer::scan_string(std::size_t i) {
  const char quote = text_[i++];
  const char escape = context_.no_backslash_escapes ? quote : '\\';
  const bool multibyte = is_multibyte(context_.charset);
  while (i < size_) {
    i = static_cast<std::size_t>(skip_to(text_ + i, text_ + size_, quote, escape, multibyte) - text_);
    if (i >= size_) break;
    const char c = text_[i];
    if (c == quote) {
      if (at(i + 1) != static_cast<std::uint8_t>(quote)) return i + 1;
      i += 2;
    } else {
      i += c == escape ? 2 : character_length(i);
    }
  }
  unterminated_ = true;
  return size_;
}

/// At the opening quote of a name: no escapes, doubled quotes stay inside, no zero byte allowed.
std::size_t Lexer::scan_quoted(std::size_t i) {
  const char quote = text_[i++];
  const bool multibyte = is_multibyte(context_.charset);
  while (i < size_) {
    i = static_cast<std::size_t>(skip_to(text_ + i, text_ + size_, quote, '\0', multibyte) - text_);
    if (i >= size_) break;
    const char c = text_[i];
    if (c == quote) {
      if (at(i + 1) != static_cast<std::uint8_t>(quote)) return i + 1;
      i += 2;
    } else if (c == '\0') {
      odd_ = true;
      ++i;
    } else {
      i += character_length(i);
    }
  }
  unterminated_ = true;
  return size_;
}

/// At '@'. A user variable's name may hold dots; a system variable's first name may not.
std::size_t Lexer::scan_at(std::size_t i) {
  const bool system = at(i + 1) == '@';
  i += system ? 2 : 1;
  if (i >= size_) return size_;
  if (text_[i] == '`') return scan_quoted(i);
  if (text_[i] == '"' && context_.ansi_quotes) return scan_quoted(i);
  if (!system && class_of(text_[i]) == Class::kQuote) return scan_string(i);
  while (is_word_byte(at(i)) || at(i) >= 0x80 || (!system && at(i) == '.')) {
    if (at(i) >= 0x80 && context_.charset != Charset::kUtf8) odd_ = true;
    ++i;
  }
  return i;
}

std::size_t Lexer::scan_operator(std::size_t i) const {
  const std::uint8_t c = at(i);
  const std::uint8_t d = at(i + 1);
  switch (c) {
    case '<':
      if (d == '=' && at(i + 2) == '>') return i + 3;
      return i + (d == '=' || d == '>' || d == '<' ? 2 : 1);
    case '>': return i + (d == '=' || d == '>' ? 2 : 1);
    case '!':
    case ':': return i + (d == '=' ? 2 : 1);
    case '|': return i + (d == '|' ? 2 : 1);
    case '&': return i + (d == '&' ? 2 : 1);
    case '-':
      if (d != '>') return i + 1;
      return i + (at(i + 2) == '>' ? 3 : 2);
    default: return i + 1;
  }
}

}  // namespace hf::policy::sql
