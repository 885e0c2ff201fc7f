#include "config/file/document.h"

#include <gtest/gtest.h>

namespace hf::config::file {
namespace {

Value parsed(std::string_view text) {
  std::variant<Value, SyntaxError> document = parse_document(text);
  EXPECT_TRUE(std::holds_alternative<Value>(document));
  return *std::get_if<Value>(&document);
}

SyntaxError broken(std::string_view text) {
  std::variant<Value, SyntaxError> document = parse_document(text);
  EXPECT_TRUE(std::holds_alternative<SyntaxError>(document));
  return *std::get_if<SyntaxError>(&document);
}

TEST(DocumentTest, ValuesKnowTheirTypeTheirPlaceAndTheOrderOfTheFile) {
  const Value root = parsed("z = \"text\"\na = [1, true]\n[t]\n  inner = 1.5\nday = 2020-01-02\n");
  ASSERT_EQ(root.entries.size(), 3U);
  EXPECT_EQ(root.entries[0].key, "z");
  EXPECT_EQ(root.entries[0].at, (Position{1, 1}));
  EXPECT_EQ(root.entries[0].value.at, (Position{1, 5}));
  EXPECT_EQ(root.entries[0].value.shown(), "\"text\"");
  const Value& list = root.entries[1].value;
  ASSERT_EQ(list.items.size(), 2U);
  EXPECT_EQ(list.items[0].integer, 1);
  EXPECT_TRUE(list.items[1].flag);
  EXPECT_EQ(list.items[1].at, (Position{2, 9}));
  const Value& table = root.entries[2].value;
  EXPECT_EQ(table.find("inner")->value.shown(), "1.5");
  EXPECT_EQ(table.find("inner")->at, (Position{4, 3}));
  EXPECT_EQ(table.find("day")->value.shown(), "2020-01-02");
  EXPECT_EQ(table.find("nothing"), nullptr);
}

TEST(DocumentTest, WhatIsNotTomlIsPlaced) {
  EXPECT_EQ(broken("a = 1\nb = \n").at.line, 2);
  EXPECT_EQ(broken("a = 1\na = 2\n").at.line, 2) << "a key twice";
  EXPECT_EQ(broken("a = \"\xff\"").at.line, 1) << "not UTF-8";
}

TEST(DocumentTest, ATableHeaderWithoutAKeyIsAnErrorNotAnAbort) {
  for (const char* text : {"[=", "[=\"a\"", "[[.]]", "[\x01]", "[]", "["}) EXPECT_NE(broken(text).why, "") << text;
}

TEST(DocumentTest, OtherAlphabetsAreFineInStringsAndAnErrorInBareKeys) {
  EXPECT_EQ(parsed("a = \"Ј\" # Ј\nb = \"\"\"x\\\n  Ј\"\"\"").entries[1].value.text, "xЈ");
  EXPECT_EQ(broken("zЈ").at.line, 1);
  EXPECT_EQ(broken("a = 1 Ј").at.line, 1);
}

TEST(DocumentTest, DepthIsBounded) {
  EXPECT_NE(broken("a = " + std::string(1000, '[')).why, "");
  std::string dotted = "a";
  for (int i = 0; i < 40; ++i) dotted += ".a";
  EXPECT_EQ(broken("x = 1\n" + dotted + " = 1\n").at.line, 2);
  EXPECT_EQ(parsed("# ......................................................\nx = 1").entries.size(), 1U)
      << "a comment may hold any dots";
}

TEST(DocumentTest, DotsInsideOfQuotesAreNoDepth) {
  const std::string dots(50, '.');
  for (const std::string& quoted : {"\"" + dots + "\"", "'" + dots + "'", R"(""")" + dots + "\n" + dots + R"(""")",
                                    "'''" + dots + "'''", "\"\\\"" + dots + "\""}) {
    EXPECT_NE(parsed("a = " + quoted).entries.at(0).value.text.find(dots), std::string::npos) << quoted;
  }
  EXPECT_EQ(parsed("'" + dots + "'.b = 1").entries.at(0).key, dots);
}

TEST(DocumentTest, NothingQuotedHidesADeepKey) {
  std::string deep;
  for (int i = 0; i < 40; ++i) deep += ".a";
  for (const std::string before : {"'#'", R"("\"#")", "a = \"\"\"x\"\"\"\"\"\nb", "a = '''\n#\"'''\nb",
                                   "a = { b = \"\", c", "# \"\nb", "a = '\\'\nb"}) {
    EXPECT_EQ(broken(before + deep + " = 1").why, "a dotted key is nested too deep") << before;
  }
}

}  // namespace
}  // namespace hf::config::file
