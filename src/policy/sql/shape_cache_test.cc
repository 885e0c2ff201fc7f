#include "policy/sql/shape_cache.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace hf::policy::sql {
namespace {

constexpr ShapeKey kKey{0x1234, 0x5678};

bool same_shape(std::string_view a, std::string_view b, const Context& context = {}) {
  return shape_of(a, context, kKey).hash == shape_of(b, context, kKey).hash;
}

TEST(Shape, LeavesOutLiteralsCaseAndComments) {
  EXPECT_TRUE(same_shape("SELECT * FROM t WHERE id = 1", "select  *\nfrom T where ID=22 -- x"));
  EXPECT_TRUE(same_shape("SELECT 'a'", "SELECT /* c */ 5"));
  EXPECT_TRUE(same_shape("SELECT a FROM t WHERE b IN (1, 2, 3)", "SELECT a FROM t WHERE b IN ('x')"));
  EXPECT_FALSE(same_shape("SELECT a", "SELECT b"));
  EXPECT_FALSE(same_shape("SELECT abcdefghijklmnopq", "SELECT abcdefghXjklmnopq"));
  EXPECT_FALSE(same_shape("SELECT a, 1", "SELECT a"));
  EXPECT_TRUE(same_shape("SELECT a FROM t LIMIT 1, 2", "SELECT a FROM t Limit 3,4"));
  EXPECT_FALSE(same_shape("SELECT a FROM t LIMIT 1", "SELECT a FROM t LIMIT 1, 2"));
  EXPECT_FALSE(same_shape("SELECT a FROM t LIMIT ?", "SELECT a FROM t LIMIT ?, ?"));
  EXPECT_FALSE(same_shape("SELECT a.b", "SELECT a, b"));
  EXPECT_FALSE(same_shape("SELECT `A`", "SELECT A"));
  EXPECT_FALSE(same_shape("SELECT COUNT(*)", "SELECT COUNT (*)"));
  EXPECT_FALSE(same_shape("SELECT 1", "/*master*/ SELECT 1"));
  EXPECT_FALSE(shape_of("SELECT 1", {}, kKey).hash == shape_of("SELECT 1", {}, ShapeKey{1, 2}).hash);
  EXPECT_FALSE(shape_of("SELECT 1", {}, kKey).hash == shape_of("SELECT 1", Context{.ansi_quotes = true}, kKey).hash);
}

TEST(Shape, IsNotKeptWhereLiteralsDecide) {
  for (const char* sql : {"SET a=1", "USE x", "KILL 5", "PREPARE p FROM 'SELECT 1'", "EXECUTE IMMEDIATE 'DO 1'",
                          "SELECT 1; SET sql_auto_is_null=1", "SELECT /*! 1 */", "SELECT 'x", "SELECT 1.5e"}) {
    EXPECT_FALSE(shape_of(sql, {}, kKey).cacheable) << sql;
  }
  EXPECT_TRUE(shape_of("SELECT 1;", {}, kKey).cacheable);
}

TEST(Shape, PrintsAsADigest) {
  EXPECT_EQ(shape_text("SELECT * FROM t  WHERE id = 42"), "select * from t where id = ?");
  EXPECT_EQ(shape_text("SELECT COUNT(*), `A`.b FROM t WHERE x IN (1,2,3) AND y='z';"),
            "select count(*), `A`.b from t where x in (?, ...) and y = ?");
  EXPECT_EQ(shape_text("INSERT INTO t (a, b) VALUES (1, 'x')"), "insert into t(a, b) values (?, ...)");
  EXPECT_EQ(shape_text("/* c */ SELECT @@global.x, @y"), "select @@global.x, @y");
  EXPECT_EQ(shape_text(""), "");
  EXPECT_EQ(shape_text("SELECT aaaaaaaaaaaaaaaaaaaa", {}, 16), "select aaaaaa...");
  EXPECT_EQ(shape_text("SELECT " + std::string(100000, 'a'), {}, 100).size(), 100U);
  EXPECT_EQ(shape_text("SELECT 1", {}, 0), "");
}

TEST(ShapeCache, RemembersShapes) {
  Random random(7);
  ShapeCache cache(64, random);
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(cache.lookup_or_classify("SELECT a FROM t WHERE id=" + std::to_string(i), {}).route, Route::kReader);
  }
  EXPECT_EQ(cache.misses(), 1U);
  EXPECT_EQ(cache.hits(), 9U);
  EXPECT_FALSE(cache.lookup_or_classify("SELECT a FROM t LIMIT 5", {}).has(effect::kOffset));
  EXPECT_TRUE(cache.lookup_or_classify("SELECT a FROM t LIMIT 5, 5", {}).has(effect::kOffset));
  EXPECT_FALSE(cache.lookup_or_classify("SELECT a FROM t LIMIT 7", {}).has(effect::kOffset));
  cache.lookup_or_classify("KILL 5", {});
  EXPECT_EQ(cache.lookup_or_classify("KILL 6", {}).kill_id, 6U);
  EXPECT_EQ(cache.uncacheable(), 2U);
}

TEST(ShapeCache, StaysWithinItsBounds) {
  Random random(7);
  ShapeCache cache(64, random);
  EXPECT_EQ(cache.capacity(), 64U);
  for (int i = 0; i < 10000; ++i) cache.lookup_or_classify("SELECT c" + std::to_string(i) + " FROM t", {});
  EXPECT_EQ(cache.misses(), 10000U);
  EXPECT_EQ(cache.capacity(), 64U);
  EXPECT_EQ(ShapeCache(0, random).capacity(), 64U);
}

const std::vector<std::string>& seeds() {
  static const std::vector<std::string> texts = {
      "SELECT a.b, `c`, COUNT(*) FROM t AS a (x, y) WHERE id IN (1, 2, 'x''y') AND f(@v) = @@global.read_only FOR "
      "UPDATE",
      "SELECT a FROM t, information_schema.session_variables v WHERE id IN (1, 2) ORDER BY 1, 2 LIMIT 5, 6 UNION "
      "SELECT @@session_track_schema LIMIT 1 OFFSET 2",
      "INSERT INTO db.t (a, b) VALUES (1, 'x'), (2, \"y\") ON DUPLICATE KEY UPDATE a = VALUES(a), b = now()",
      "WITH q (i) AS (SELECT 1), r (j) AS (SELECT 2) SELECT * FROM q JOIN r USING (i) LOCK IN SHARE MODE INTO OUTFILE "
      "'f'",
      "SET SESSION sql_mode = CONCAT(@@sql_mode, ',X'), @a := 1, NAMES utf8 COLLATE utf8_bin, sql_auto_is_null = 0",
      "/* holdfast: replica */ SELECT /*!40001 SQL_NO_CACHE */ /*!80000 f(1) */ 1.5e3, 0x1F, N'a', _gbk'\xBF\\' -- "
      "end\n; KILL 5",
      "CREATE PROCEDURE p() BEGIN IF 1 THEN SELECT 1; END IF; CASE 1 WHEN 1 THEN SET @x = 1; END CASE; END; SELECT 1",
      "EXPLAIN FORMAT=JSON SELECT * FROM JSON_TABLE('[]', '$' COLUMNS (a INT PATH '$.a')) j WHERE x = ANY (SELECT NEXT "
      "VALUE FOR s)",
      "SHOW FULL COLUMNS FROM `information_schema`.`processlist` WHERE @@session.identity = LAST_INSERT_ID() # c",
      "PREPARE p FROM 'SELECT a, b, c FROM t' /* 'SELECT a, b, c' is another one */",
      "START TRANSACTION READ ONLY; USE `a``b`; COMMIT AND CHAIN; PREPARE s FROM 'x'; SHOW WARNINGS; DO GET_LOCK('a', "
      "1)",
  };
  return texts;
}

std::string mutated(Random& random) {
  std::string text = seeds()[random.below(seeds().size())];
  constexpr std::string_view kBytes = "'\"`\\/*!-#@;(),. ?=:M5\n\t\xBF\x5C\x81\xA0";
  for (std::uint64_t i = random.below(8); i > 0; --i) {
    const std::size_t at = random.below(text.size() + 1);
    switch (random.below(4)) {
      case 0: text.insert(at, 1, kBytes[random.below(kBytes.size())]); break;
      case 1: text.erase(at, random.below(6)); break;
      case 2: text.insert(at, seeds()[random.below(seeds().size())].substr(random.below(60), random.below(20))); break;
      default:
        if (at < text.size()) text[at] = static_cast<char>(random.below(256));
        break;
    }
  }
  return text;
}

TEST(ShapeCache, NeverDiffersFromTheClassifierUnderMutations) {
  Random random(20240701);
  ShapeCache cache(4096, random);
  for (int i = 0; i < 60000; ++i) {
    Context context;
    context.charset = static_cast<Charset>(random.below(6));
    context.flavor = static_cast<Flavor>(random.below(3));
    context.ansi_quotes = random.below(4) == 0;
    context.no_backslash_escapes = random.below(4) == 0;
    context.ignore_space = random.below(4) == 0;
    const std::string text = mutated(random);
    const Statement direct = classify(text, context);
    ASSERT_EQ(cache.lookup_or_classify(text, context), direct) << text;
    ASSERT_EQ(cache.lookup_or_classify(text, context), direct) << text;
    ASSERT_LE(shape_text(text, context, 64).size(), 64U);
    if (direct.route == Route::kReader) {
      ASSERT_FALSE(direct.has(effect::kUserVariable | effect::kLocking | effect::kUnterminated | effect::kUnknownState))
          << text;
    }
  }
  EXPECT_GT(cache.hits(), 1000U);
}

TEST(ShapeCache, SurvivesRandomBytes) {
  Random random(99);
  ShapeCache cache(256, random);
  for (int i = 0; i < 20000; ++i) {
    std::string text(random.below(64), '\0');
    for (char& c : text) c = static_cast<char>(random.below(256));
    const Context context{.charset = static_cast<Charset>(random.below(7))};
    ASSERT_EQ(cache.lookup_or_classify(text, context), classify(text, context));
  }
}

}  // namespace
}  // namespace hf::policy::sql
