#include "config/file/print.h"

#include <gtest/gtest.h>

#include <string>

#include "config/file/document.h"

namespace hf::config::file {
namespace {

TEST(QuotedTomlTest, WhateverATextHoldsIsReadBack) {
  EXPECT_EQ(quoted_toml("plain ü Ј 日本 🦀"), "\"plain ü Ј 日本 🦀\"");
  EXPECT_EQ(quoted_toml("a\"b\\c"), R"("a\"b\\c")");
  EXPECT_EQ(quoted_toml(std::string("\0\t\n\r\x1b\x7f", 6)), R"("\u0000\u0009\u000A\u000D\u001B\u007F")");
  for (const std::string& text : {std::string("\0\x01\b\t\n\f\r\x1f\x7f", 9), std::string("\"\"\"'''\\\\u0041\\\""),
                                  std::string(200, '.'), std::string("# [a] = {b}, 'c'")}) {
    const auto document = parse_document("key = " + quoted_toml(text) + "\n");
    ASSERT_TRUE(std::holds_alternative<Value>(document)) << text;
    EXPECT_EQ(std::get<Value>(document).find("key")->value.text, text);
  }
}

TEST(InTomlTest, NumbersTakeTheLargestUnitThatIsExact) {
  const Key duration{.path = "x.wait", .kind = Kind::kDuration, .doc = "Of a test."};
  const Key size{.path = "x.buffer", .kind = Kind::kSize, .doc = "Of a test."};
  const auto wait = [&](Nanos value) { return in_toml(duration, ParsedValue{.duration = value}); };
  const auto buffer = [&](std::int64_t value) { return in_toml(size, ParsedValue{.number = value}); };
  EXPECT_EQ(wait(Nanos{0}), "\"0s\"");
  EXPECT_EQ(wait(90min), "\"90m\"");
  EXPECT_EQ(wait(48h), "\"2d\"");
  EXPECT_EQ(wait(1500us), "\"1500us\"");
  EXPECT_EQ(wait(Nanos{86'400'000'000'001}), "\"86400000000001ns\"");
  EXPECT_EQ(buffer(0), "\"0B\"");
  EXPECT_EQ(buffer(65536), "\"64KiB\"");
  EXPECT_EQ(buffer(65537), "\"65537B\"");
  EXPECT_EQ(buffer(std::int64_t{3} << 30), "\"3GiB\"");
}

TEST(InTomlTest, WhatNoFileCouldHoldIsNotWritten) {
  EXPECT_EQ(in_toml({.path = "x.name", .kind = Kind::kName, .doc = "Of a test."}, ParsedValue{.text = "10.0.0.1:80"}),
            std::nullopt);
  EXPECT_EQ(in_toml({.path = "x.text", .kind = Kind::kText, .doc = "Of a test."}, ParsedValue{}), std::nullopt);
  EXPECT_EQ(
      in_toml({.path = "x.token_file", .kind = Kind::kSecretFile, .doc = "Of a test."}, ParsedValue{.text = "hunter2"}),
      std::nullopt);
  EXPECT_EQ(
      in_toml({.path = "x.http", .kind = Kind::kListenAddress, .doc = "Of a test.", .may_be_off = true}, ParsedValue{}),
      "\"off\"");
}

}  // namespace
}  // namespace hf::config::file
