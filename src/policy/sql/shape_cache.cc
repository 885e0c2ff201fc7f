#include "policy/sql/shape_cache.h"

#include <algorithm>
#include <bit>

#include "policy/sql/name_table.h"
#include "policy/sql/words.h"

namespace hf::policy::sql {
namespace {

constexpr std::size_t kMinShapes = 64;
constexpr std::size_t kMaxShapes = std::size_t{1} << 20;

/// Two lanes of multiply-and-fold under a secret key.
class Hasher {
 public:
  explicit Hasher(const ShapeKey& key) : key_(key), high_(key.b), low_(key.a) {}

  void add(std::uint64_t x, std::uint64_t y, std::uint64_t tag) {
    high_ = fold(high_ ^ x ^ key_.a, y ^ tag ^ 0xA0761D6478BD642FULL) + std::rotl(high_, 23);
    low_ = fold(low_ ^ y ^ key_.b, x ^ std::rotl(tag, 32) ^ 0xE7037ED1A0B428DBULL) + std::rotl(low_, 41);
  }

  /// Any number of bytes, letters folded to lower case if `blind`.
  void add_bytes(ByteView bytes, std::uint64_t tag, std::uint64_t mask) {
    std::size_t i = 0;
    for (; i + 16 < bytes.size(); i += 16) {
      add(NameEnds::load(bytes.data() + i, 8) | mask, NameEnds::load(bytes.data() + i + 8, 8) | mask, tag);
    }
    const NameEnds ends = raw_ends(bytes.substr(i));
    add(ends.head | mask, ends.tail | mask, tag ^ (std::uint64_t{bytes.size()} << 16));
  }

  ShapeHash hash() const {
    return {fold(high_ ^ key_.b, 0x8EBC6AF09C88C6E3ULL), fold(low_ ^ key_.a, 0x589965CC75374CC3ULL)};
  }

 private:
  /// All bytes of up to 16.
  static NameEnds raw_ends(ByteView bytes) {
    const std::size_t n = bytes.size();
    const char* p = bytes.data();
    if (n >= 8) return {NameEnds::load(p, 8), NameEnds::load(p + n - 8, 8)};
    if (n >= 4) return {NameEnds::load(p, 4), NameEnds::load(p + n - 4, 4)};
    if (n == 0) return {};
    const auto byte = [p](std::size_t i) { return std::uint64_t{static_cast<std::uint8_t>(p[i])}; };
    return {byte(0) | (byte(n / 2) << 8) | (byte(n - 1) << 16), 0};
  }

  static std::uint64_t fold(std::uint64_t a, std::uint64_t b) {
    __extension__ using Wide = unsigned __int128;
    const Wide product = Wide{a} * b;
    return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
  }

  ShapeKey key_;
  std::uint64_t high_;
  std::uint64_t low_;
};

std::uint64_t context_bits(const Context& context) {
  return std::uint64_t{static_cast<std::uint8_t>(context.charset)} |
         (std::uint64_t{static_cast<std::uint8_t>(context.flavor)} << 8) | (context.ansi_quotes ? 1ULL << 16 : 0) |
         (context.no_backslash_escapes ? 1ULL << 17 : 0) | (context.ignore_space ? 1ULL << 18 : 0);
}

constexpr std::uint64_t kLiteralTag = 0xFF;

void add_token(Hasher& hasher, const Lexer& lexer, const Token& token) {
  std::uint64_t tag = static_cast<std::uint8_t>(token.kind) + 1ULL;
  if (token.is_literal()) return hasher.add(0, 0, kLiteralTag);
  if (token.glued && token.is('(')) tag |= 0x80;
  const bool blind = token.kind == TokenKind::kWord || token.kind == TokenKind::kSystemVariable;
  hasher.add_bytes(lexer.text(token), tag, blind ? NameEnds::kFold : 0);
}

/// Gives a text's tokens with every ", literal" after a literal left out, but for LIMIT 1, 2: that is no list.
class ShapeWalk {
 public:
  explicit ShapeWalk(Lexer& lexer) : lexer_(lexer) {}

  /// The next token of the shape; `repeated()` tells whether literals were left out before it.
  Token next() {
    repeated_ = false;
    if (has_held_) {
      has_held_ = false;
      last_literal_ = held_.is_literal();
      after_limit_ = false;
      return held_;
    }
    Token token = lexer_.next();
    while (last_literal_ && token.is(',')) {
      const Token after = lexer_.next();
      if (!after.is_literal()) {
        held_ = after;
        has_held_ = true;
        break;
      }
      repeated_ = true;
      token = lexer_.next();
    }
    last_literal_ = token.is_literal() && !after_limit_;
    after_limit_ = token.kind == TokenKind::kWord && is_limit(lexer_.text(token));
    return token;
  }
  bool repeated() const { return repeated_; }

 private:
  static bool is_limit(ByteView word) {
    constexpr NameEnds kLimit = NameEnds::of("limit");
    return word.size() == 5 && NameEnds::of(word) == kLimit;
  }

  Lexer& lexer_;
  Token held_;
  bool has_held_ = false;
  bool last_literal_ = false;
  bool after_limit_ = false;
  bool repeated_ = false;
};

void append_token(std::string& out, const Lexer& lexer, const Token& token) {
  if (token.is_literal()) {
    out.push_back('?');
    return;
  }
  const ByteView text = lexer.text(token);
  if (token.kind != TokenKind::kWord) {
    out.append(text);
    return;
  }
  for (const char c : text) out.push_back(c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c);
}

bool wants_space(const Lexer& lexer, const Token& before, const Token& token) {
  if (before.kind == TokenKind::kEnd || before.is('(') || before.is('.')) return false;
  if (token.is(',') || token.is(';') || token.is(')') || token.is('.')) return false;
  if (!token.is('(')) return true;
  if (before.kind == TokenKind::kQuotedName) return false;
  if (before.kind != TokenKind::kWord) return true;
  const WordInfo info = find_word(lexer.text(before));
  const Call call = info.word == Word::kNone ? find_call(lexer.text(before)) : info.call;
  return call == Call::kNone || info.word == Word::kValues;
}

}  // namespace

Shape shape_of(ByteView sql, const Context& context, const ShapeKey& key) {
  Lexer lexer(sql, context);
  ShapeWalk walk(lexer);
  Hasher hasher(key);
  Shape shape;
  bool first = true;
  bool ended = false;
  for (Token token = walk.next(); token.kind != TokenKind::kEnd; token = walk.next()) {
    if (first && token.kind == TokenKind::kWord) {
      const Word word = find_word(lexer.text(token)).word;
      if (word == Word::kSet || word == Word::kUse || word == Word::kKill || word == Word::kPrepare ||
          word == Word::kExecute) {
        return shape;
      }
    }
    if (ended && !token.is(';')) return shape;  // several statements
    if (token.is(';')) ended = true;
    first = false;
    add_token(hasher, lexer, token);
  }
  hasher.add(context_bits(context), static_cast<std::uint8_t>(lexer.hint()), 0x100);
  shape.hash = hasher.hash();
  shape.cacheable = !lexer.odd() && !lexer.unterminated() && !lexer.executable();
  return shape;
}

std::string shape_text(ByteView sql, const Context& context, std::size_t limit) {
  Lexer lexer(sql, context);
  ShapeWalk walk(lexer);
  std::string out;
  Token before;
  for (Token token = walk.next(); out.size() <= limit; token = walk.next()) {
    if (walk.repeated()) out.append(", ...");
    if (token.kind == TokenKind::kEnd) break;
    if (wants_space(lexer, before, token)) out.push_back(' ');
    append_token(out, lexer, token);
    before = token;
  }
  while (!out.empty() && (out.back() == ';' || out.back() == ' ')) out.pop_back();
  if (out.size() <= limit) return out;
  constexpr std::string_view kCut = "...";
  out.resize(limit > kCut.size() ? limit - kCut.size() : 0);
  out.append(kCut.substr(0, limit));
  return out;
}

ShapeCache::ShapeCache(std::size_t shapes, Random& random)
    : sets_(std::bit_ceil(std::clamp(shapes, kMinShapes, kMaxShapes)) / kWays), key_{random.next(), random.next()} {}

Statement ShapeCache::lookup_or_classify(ByteView sql, const Context& context) {
  const Shape shape = shape_of(sql, context, key_);
  if (!shape.cacheable) {
    ++uncacheable_;
    return classify(sql, context);
  }
  Set& set = sets_[shape.hash.low & (sets_.size() - 1)];
  for (const Entry& entry : set.entries) {
    if (entry.used && entry.hash == shape.hash) {
      ++hits_;
      return entry.statement;
    }
  }
  ++misses_;
  const Statement statement = classify(sql, context);
  set.entries[set.oldest] = Entry{shape.hash, statement, true};
  set.oldest = static_cast<std::uint8_t>((set.oldest + 1U) % kWays);
  return statement;
}

}  // namespace hf::policy::sql
