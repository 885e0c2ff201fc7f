#include "config/file/command_line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hf::config::file {
namespace {

using testing::ElementsAre;

std::vector<std::string> words(std::string_view text) {
  Result<std::vector<std::string>> result = split_command(text);
  EXPECT_TRUE(result.ok()) << text;
  return result.ok() ? *std::move(result) : std::vector<std::string>{};
}

ErrorCode refusal(std::string_view text) {
  const Result<std::vector<std::string>> result = split_command(text);
  EXPECT_FALSE(result.ok()) << text;
  return result.ok() ? ErrorCode::kSystem : result.error().code;
}

TEST(CommandLineTest, WordsAreSplitAtBlanksAndQuotesKeepThemTogether) {
  EXPECT_THAT(words("/bin/true"), ElementsAre("/bin/true"));
  EXPECT_THAT(words("  /a  b\tc "), ElementsAre("/a", "b", "c"));
  EXPECT_THAT(words("/a 'b c' \"d e\" f\\ g"), ElementsAre("/a", "b c", "d e", "f g"));
  EXPECT_THAT(words("/a b'c d'e\"f\""), ElementsAre("/a", "bc def"));
  EXPECT_THAT(words("/a '' \"\""), ElementsAre("/a", "", "")) << "an empty word is a word";
}

TEST(CommandLineTest, QuotesKeepWhatAShellWouldKeep) {
  EXPECT_THAT(words(R"(/a '$x|y\')"), ElementsAre("/a", R"($x|y\)"));
  EXPECT_THAT(words(R"(/a "b\"c\\d\$e\f'|*")"), ElementsAre("/a", R"(b"c\d$e\f'|*)"));
  EXPECT_THAT(words(R"(/a \$x \| \')"), ElementsAre("/a", "$x", "|", "'"));
  EXPECT_THAT(words("/a b#c b~c {} a=b !"), ElementsAre("/a", "b#c", "b~c", "{}", "a=b", "!"));
}

TEST(CommandLineTest, WhatOnlyAShellUnderstandsIsRefused) {
  for (const char* text :
       {"/a | b", "/a && b", "/a; b", "/a > b", "/a < b", "/a $b", "/a `b`", "/a \"$b\"", "/a \"`b`\"", "/a *", "/a b?",
        "/a [ab]", "(/a)", "~/a", "/a #b", "[ -f /etc/keepalived/down ] && exit 1 || exit 0"}) {
    EXPECT_EQ(refusal(text), ErrorCode::kUnsupported) << text;
  }
}

TEST(CommandLineTest, WhatIsNoCommandIsRefused) {
  for (const char* text : {"", "  ", "/a 'b", "/a \"b", "/a \"b\\", "/a \\"}) {
    EXPECT_EQ(refusal(text), ErrorCode::kInvalidArgument) << text;
  }
}

TEST(CommandLineTest, WordsAreJoinedSoThatTheyAreSplitAgain) {
  EXPECT_EQ(join_command({"/a", "b", "two words", "it's", ""}), "/a b 'two words' it\\'s ''");
  EXPECT_EQ(join_command({"/a", "it's two \"words\" and $x"}), R"(/a "it's two \"words\" and \$x")");
  const std::vector<std::vector<std::string>> commands = {{"/a"},
                                                          {"/a", ""},
                                                          {"'", "\"", "\\", "\\\\", "'\""},
                                                          {"/a", "~", "~b", "a~", "#", "#b", "a#"},
                                                          {"/a", "$x", "`b`", "'$x'", "a\\$'"},
                                                          {"/a b", "|&;<>()*?[]{}!", " ", "ü"}};
  for (const std::vector<std::string>& command : commands) {
    const Result<std::vector<std::string>> again = split_command(join_command(command));
    ASSERT_TRUE(again.ok()) << join_command(command);
    EXPECT_EQ(*again, command) << join_command(command);
  }
}

}  // namespace
}  // namespace hf::config::file
