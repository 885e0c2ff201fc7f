#include "config/schema.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "config/file/values.h"

namespace hf::config {
namespace {

using file::Complaint;
using file::fallback_value;
using file::Key;
using file::Kind;
using file::parse_value;
using file::ParsedValue;
using file::Value;

TEST(SchemaTest, PathsAreUniqueAndParentsComeFirst) {
  std::set<std::string_view> seen;
  for (const Key& key : schema()) {
    const std::size_t dot = key.path.rfind('.');
    if (dot != std::string_view::npos) EXPECT_TRUE(seen.contains(key.path.substr(0, dot))) << key.path;
    EXPECT_TRUE(seen.insert(key.path).second) << key.path;
  }
}

TEST(SchemaTest, EveryKeyIsDescribedAndGoesSomewhere) {
  for (const Key& key : schema()) {
    EXPECT_FALSE(key.doc.empty()) << key.path;
    if (key.kind == Kind::kRefused || key.kind == Kind::kLater || key.is_table()) continue;
    EXPECT_TRUE(key.doc.ends_with('.')) << key.path;
    if (key.path != "cluster.coordination") EXPECT_NE(key.field.store, nullptr) << key.path;
    if (key.kind == Kind::kChoice) EXPECT_FALSE(key.choices.empty()) << key.path;
  }
}

TEST(SchemaTest, ListsMakeAnObjectPerElement) {
  for (const Key& key : schema()) {
    if (key.kind == Kind::kTableList) EXPECT_NE(key.field.enter, nullptr) << key.path;
  }
}

TEST(SchemaTest, DefaultsPassTheirOwnRules) {
  for (const Key& key : schema()) {
    if (key.fallback.empty()) continue;
    const auto outcome = parse_value(key, fallback_value(key), "");
    EXPECT_TRUE(std::holds_alternative<ParsedValue>(outcome)) << key.path;
  }
}

TEST(SchemaTest, ShapesLendTheirKeys) {
  const Key* monitor = schema().find("service.mysql.monitor");
  ASSERT_NE(monitor, nullptr);
  std::set<std::string_view> leaves;
  for (const Key* key : schema().children_of(monitor)) leaves.insert(key->leaf());
  EXPECT_EQ(leaves, (std::set<std::string_view>{"user", "name", "password_file", "password_env", "password"}));
}

TEST(ValuesTest, SizesNeedAUnitAndARange) {
  const Key key{
      .path = "x.buffer", .kind = Kind::kSize, .doc = "Bytes.", .fallback = "\"64KiB\"", .min = 1024, .max = 1 << 20};
  const auto parse = [&key](Value::Type type, std::string text, std::int64_t integer) {
    Value value;
    value.type = type;
    value.text = std::move(text);
    value.integer = integer;
    return parse_value(key, value, "");
  };
  const auto good = parse(Value::Type::kText, "16KiB", 0);
  ASSERT_TRUE(std::holds_alternative<ParsedValue>(good));
  EXPECT_EQ(std::get<ParsedValue>(good).number, 16384);
  EXPECT_EQ(std::get<Complaint>(parse(Value::Type::kInteger, "", 5)).remedy, "write \"5B\" or \"5KiB\"");
  EXPECT_EQ(std::get<Complaint>(parse(Value::Type::kText, "1GiB", 0)).why, "the range is 1KiB to 1MiB");
}

}  // namespace
}  // namespace hf::config
