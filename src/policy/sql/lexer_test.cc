// Tokens, and the places where bytes can be misread: quotes, escapes, charsets, numbers, comments.
#include "policy/sql/lexer.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "policy/sql/classifier.h"

namespace hf::policy::sql {
namespace {

std::vector<std::string> tokens(std::string_view sql, const Context& context = {}) {
  std::vector<std::string> out;
  Lexer lexer(sql, context);
  for (Token token = lexer.next(); token.kind != TokenKind::kEnd; token = lexer.next()) {
    constexpr std::string_view kLetters = ".WQSNUV?O";
    out.push_back(std::string(1, kLetters[static_cast<std::size_t>(token.kind)]) + ":" +
                  std::string(lexer.text(token)));
  }
  return out;
}
using Tokens = std::vector<std::string>;

TEST(Lexer, CutsWordsNamesAndSigns) {
  EXPECT_EQ(tokens("select `a``b`.c1$, t.2x"),
            (Tokens{"W:select", "Q:`a``b`", "O:.", "W:c1$", "O:,", "W:t", "O:.", "W:2x"}));
  EXPECT_EQ(tokens("a<=>b:=c!=d<>e||f&&g->>'x'->'y'<<1>>2"),
            (Tokens{"W:a",  "O:<=>", "W:b",   "O::=",  "W:c",  "O:!=",  "W:d",  "O:<>", "W:e",  "O:||", "W:f",
                    "O:&&", "W:g",   "O:->>", "S:'x'", "O:->", "S:'y'", "O:<<", "N:1",  "O:>>", "N:2"}));
  EXPECT_EQ(tokens("@a.b @`x` @'y' @@z @@global.v @@`w`"),
            (Tokens{"U:@a.b", "U:@`x`", "U:@'y'", "V:@@z", "V:@@global", "O:.", "W:v", "V:@@`w`"}));
}

TEST(Lexer, CutsStrings) {
  EXPECT_EQ(
      tokens("'a''b' 'c\\'d' \"e\"\"f\" N'g' n'h' x'41' B'01' _utf8'i'"),
      (Tokens{"S:'a''b'", "S:'c\\'d'", "S:\"e\"\"f\"", "S:N'g'", "S:n'h'", "S:x'41'", "S:B'01'", "W:_utf8", "S:'i'"}));
  EXPECT_EQ(tokens("'a\\' 'b'", Context{.no_backslash_escapes = true}), (Tokens{"S:'a\\'", "S:'b'"}));
  EXPECT_EQ(tokens("\"a\\\" \"b\"", Context{.ansi_quotes = true}), (Tokens{"Q:\"a\\\"", "Q:\"b\""}));
}

TEST(Lexer, EndsNumbersWhereTheServersDo) {
  EXPECT_EQ(tokens("1 1.5 .5 1e5 1e+5 1.e5 1.5e-3 0x1F 0b01 1a 1e 0x 0xg 1e5x 1.5x \\Nx"),
            (Tokens{"N:1", "N:1.5", "N:.5", "N:1e5", "N:1e+5", "N:1.e5", "N:1.5e-3", "N:0x1F", "N:0b01", "W:1a", "W:1e",
                    "W:0x", "W:0xg", "N:1e5", "W:x", "N:1.5", "W:x", "N:\\N", "W:x"}));
}

TEST(Lexer, SkipsComments) {
  EXPECT_EQ(tokens("a -- b\nc --d\n--\ne # f\ng /* h */ i/**/j --"),
            (Tokens{"W:a", "W:c", "O:-", "O:-", "W:d", "W:e", "W:g", "W:i", "W:j"}));
  EXPECT_EQ(tokens("a /*! b */ c /*!40100 d*/ e /*M! f */ /*+ g */ 2 * 3 / 4"),
            (Tokens{"W:a", "W:b", "W:c", "W:d", "W:e", "W:f", "N:2", "O:*", "N:3", "O:/", "N:4"}));
  EXPECT_EQ(tokens("/*! '*/' */ a"), (Tokens{"S:'*/'", "W:a"}));
  EXPECT_EQ(tokens("/*!501234 a*/"), (Tokens{"W:a"}));
}

TEST(Lexer, TellsWhetherTokensTouch) {
  Lexer lexer("a( b (c", {});
  lexer.next();
  EXPECT_TRUE(lexer.next().glued);
  EXPECT_FALSE(lexer.next().glued);
  EXPECT_FALSE(lexer.next().glued);
}

// A backslash or backtick as the second byte of a character is no escape and no quote; the same bytes in another
// charset are.
TEST(Lexer, KnowsTrailBytes) {
  struct Trap {
    Charset charset;
    std::string sql;
    bool closed;  // the string ends where the attacker does not want it to
  };
  const std::string tail = " OR f(1) -- ";
  const std::vector<Trap> traps = {
      {Charset::kGbk, "SELECT '\xBF\x5C'" + tail, true},
      {Charset::kUtf8, "SELECT '\xBF\x5C'" + tail, false},
      {Charset::kSingleByte, "SELECT '\xBF\x5C'" + tail, false},
      {Charset::kSjis, "SELECT '\x95\x5C'" + tail, true},
      {Charset::kSjis, "SELECT '\xB1\x5C'" + tail, false},
      {Charset::kBig5, "SELECT '\xA5\x5C'" + tail, true},
      {Charset::kBig5, "SELECT '\x81\x5C'" + tail, false},
      {Charset::kGb18030, "SELECT '\x81\x5C'" + tail, true},
      {Charset::kGb18030, "SELECT '\x81\x30\x81\x30'" + tail, true},
      {Charset::kGb18030, "SELECT '\x81\x30\x5C'" + tail, false},
      {Charset::kGbk, "SELECT '\\\xBF\x5C'" + tail, false},
      {Charset::kGbk, "SELECT '\xBF'" + tail, true},
      {Charset::kGbk, "SELECT '\xBF\xBF\x5C'" + tail, false},
  };
  for (const Trap& trap : traps) {
    const Context context{.charset = trap.charset};
    EXPECT_EQ(classify(trap.sql, context).has(effect::kUnterminated), !trap.closed) << trap.sql;
    EXPECT_EQ(classify(trap.sql, context).reason, trap.closed ? Reason::kUnknownFunction : Reason::kUnterminated)
        << trap.sql;
  }
}

TEST(Lexer, KnowsTrailBytesInNames) {
  // one gbk character, then the closing quote; else a doubled quote
  const std::string sql = "SELECT `\xBF\x60` FROM t";
  EXPECT_EQ(classify(sql, Context{.charset = Charset::kGbk}).route, Route::kReader);
  EXPECT_EQ(tokens(sql, Context{.charset = Charset::kGbk})[1], "Q:`\xBF\x60`");
  EXPECT_TRUE(classify("SELECT `\xBF`` FROM t", Context{}).has(effect::kUnterminated));
  EXPECT_EQ(tokens("\xBF\x7C\x41 b", Context{.charset = Charset::kGbk}), (Tokens{"W:\xBF\x7C\x41", "W:b"}));
}

TEST(Lexer, DoesNotTrustHighBytesOutsideQuotes) {
  // 0xA0 is a blank to a latin1 server: this is FOR UPDATE.
  const std::string sql = "SELECT * FROM t FOR\xA0UPDATE";
  EXPECT_EQ(classify(sql, Context{.charset = Charset::kSingleByte}).route, Route::kPrimary);
  EXPECT_EQ(classify(sql, Context{.charset = Charset::kSingleByte}).reason, Reason::kOddBytes);
  EXPECT_EQ(classify("SELECT * FROM t FOR\xA0 SHARE", Context{.charset = Charset::kGbk}).reason, Reason::kOddBytes);
  EXPECT_EQ(classify("SELECT '\xA0\xE9' FROM t", Context{.charset = Charset::kSingleByte}).route, Route::kReader);
  EXPECT_EQ(classify("SELECT stra\xC3\x9F"
                     "e FROM t",
                     Context{})
                .route,
            Route::kReader);
}

TEST(Lexer, DoesNotTrustAnUnknownCharset) {
  const Context context{.charset = Charset::kUnsafe};
  EXPECT_EQ(classify("SELECT 'abc'", context).route, Route::kReader);
  for (const char* sql : {"SELECT '\xE9'", "SELECT `\xE9`", "SELECT 1 /* \xE9 */", "SELECT \xE9"}) {
    EXPECT_EQ(classify(sql, context).reason, Reason::kUnsafeCharset) << sql;
    EXPECT_TRUE(classify(sql, context).has(effect::kUnknownState)) << sql;
  }
}

TEST(Lexer, DoesNotTrustBytesThatServersStumbleOver) {
  for (const std::string& sql :
       {std::string("SELECT 1\0", 9), std::string("SELECT `a\0b`", 12), std::string("SELECT 1 -- a\0b", 15),
        std::string("SELECT 1.5e"), std::string("SELECT $$f(1)$$")}) {
    EXPECT_EQ(classify(sql, {}).route, Route::kPrimary) << sql;
    EXPECT_TRUE(classify(sql, {}).has(effect::kUnknownState)) << sql;
  }
  EXPECT_EQ(classify(std::string("SELECT 'a\0b'", 12), {}).route, Route::kReader);
}

TEST(Lexer, FollowsTheSessionsQuotingRules) {
  const std::string sql = "SELECT 'a\\' OR f(1) -- '";
  EXPECT_EQ(classify(sql, {}).route, Route::kReader);
  EXPECT_EQ(classify(sql, Context{.no_backslash_escapes = true}).reason, Reason::kUnknownFunction);
  const std::string quoted = "SELECT \"a\\\" OR f(1) -- \"";
  EXPECT_EQ(classify(quoted, {}).route, Route::kReader);
  EXPECT_EQ(classify(quoted, Context{.ansi_quotes = true}).reason, Reason::kUnknownFunction);
}

TEST(Lexer, MapsCharsetAndCollationNames) {
  EXPECT_EQ(charset_from_name("utf8mb4_general_ci"), Charset::kUtf8);
  EXPECT_EQ(charset_from_name("GBK"), Charset::kGbk);
  EXPECT_EQ(charset_from_name("cp932_japanese_ci"), Charset::kSjis);
  EXPECT_EQ(charset_from_name("latin1"), Charset::kSingleByte);
  EXPECT_EQ(charset_from_name("gb18030"), Charset::kGb18030);
  EXPECT_EQ(charset_from_name("ucs2"), Charset::kUnsafe);
  EXPECT_EQ(charset_from_name(""), Charset::kUnsafe);
}

}  // namespace
}  // namespace hf::policy::sql
