#include "policy/session/prepared_cache.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>

namespace hf::policy::session {
namespace {

SettingsPtr settings(std::string schema, Settings::Variables variables = {}) {
  return std::make_shared<const Settings>(std::move(schema), std::move(variables));
}

TEST(SameMeaning, IsDecidedByWhatAStatementIsBoundToWhenItIsParsed) {
  const Settings base("s", {{"sql_mode", ""}, {"time_zone", "SYSTEM"}, {"collation_connection", "utf8mb4_bin"}});
  EXPECT_TRUE(same_meaning(base, base));
  EXPECT_FALSE(same_meaning(base, Settings("t", base.variables())));
  for (const char* name :
       {"sql_mode", "character_set_client", "character_set_connection", "collation_connection", "old_mode",
        "system_versioning_asof", "character_set_server", "collation_server", "character_set_results"}) {
    Settings other = base;
    other.set_variable(name, "x");
    EXPECT_FALSE(same_meaning(base, other)) << name;
  }
  for (const char* name : {"time_zone", "div_precision_increment", "sql_select_limit", "autocommit", "wait_timeout",
                           "group_concat_max_len"}) {
    Settings other = base;
    other.set_variable(name, "x");
    EXPECT_TRUE(same_meaning(base, other)) << name;
  }
}

TEST(SameMeaning, OfAPointOfTimeIsItsTimeZonesToo) {
  const Settings::Variables now = {{"system_versioning_asof", "DEFAULT"}, {"time_zone", "+00:00"}};
  const Settings::Variables past = {{"system_versioning_asof", "2021-01-01 00:00:00.000000"}, {"time_zone", "+00:00"}};
  for (const auto& [variables, alike] : {std::pair(now, true), std::pair(past, false)}) {
    Settings east("", variables);
    east.set_variable("time_zone", "+05:00");
    EXPECT_EQ(same_meaning(Settings("", variables), east), alike);
  }
}

TEST(PreparedCache, FindsAStatementByTextAndMeaning) {
  PreparedCache cache;
  const SettingsPtr a = settings("a", {{"time_zone", "SYSTEM"}});
  EXPECT_EQ(cache.find({"select 1", a}), nullptr);
  EXPECT_EQ(cache.add({"select 1", a}, 7), std::nullopt);
  ASSERT_NE(cache.find({"select 1", a}), nullptr);
  EXPECT_EQ(cache.find({"select 1", a})->id, 7U);
  EXPECT_NE(cache.find({"select 1", settings("a", {{"time_zone", "+01:00"}})}), nullptr);
  EXPECT_EQ(cache.find({"select 1", settings("b")}), nullptr);
  EXPECT_EQ(cache.find({"select 2", a}), nullptr);
  EXPECT_EQ(cache.find({"select 1", nullptr}), nullptr);
  EXPECT_EQ(cache.add({"select 1", settings("b")}, 8), std::nullopt);
  EXPECT_EQ(cache.find({"select 1", settings("b")})->id, 8U);
  EXPECT_EQ(cache.find({"select 1", a})->id, 7U);
}

TEST(PreparedCache, ReplacesACopyOfTheSameMeaningAndTellsTheOldId) {
  PreparedCache cache;
  const SettingsPtr a = settings("a");
  cache.add({"select 1", a}, 7);
  cache.find({"select 1", a})->types = "xx";
  EXPECT_EQ(cache.add({"select 1", a}, 9), 7U);
  EXPECT_EQ(cache.size(), 1U);
  EXPECT_EQ(cache.find({"select 1", a})->types, "");
  EXPECT_EQ(cache.erase({"select 1", a}), 9U);
  EXPECT_EQ(cache.erase({"select 1", a}), std::nullopt);
  EXPECT_EQ(cache.size(), 0U);
}

TEST(PreparedCache, LetsTheOneGoThatWasNotUsedForLongest) {
  PreparedCache cache;
  const SettingsPtr a = settings("a");
  std::uint32_t id = 0;
  while (id < 128) {
    ++id;
    EXPECT_EQ(cache.add({"select " + std::to_string(id), a}, id), std::nullopt);
  }
  ASSERT_NE(cache.find({"select 1", a}), nullptr);  // used
  EXPECT_EQ(cache.add({"select 129", a}, 129), 2U);
  EXPECT_NE(cache.find({"select 1", a}), nullptr);
  EXPECT_EQ(cache.find({"select 2", a}), nullptr);
  EXPECT_EQ(cache.size(), 128U);
  cache.clear();
  EXPECT_EQ(cache.size(), 0U);
  EXPECT_EQ(cache.find({"select 1", a}), nullptr);
}

// Cursors.

constexpr PreparedCache::Handle kA = 1;
constexpr PreparedCache::Handle kB = 2;

TEST(PreparedCache, ACopyWithACursorIsOneHandlesAlone) {
  PreparedCache cache;
  const StatementMeaning text("select 1", settings("a"));
  cache.add(text, 7);
  cache.bind(text, kA);
  ASSERT_NE(cache.find(text, kA), nullptr);
  EXPECT_EQ(cache.find(text, kA)->id, 7U);
  EXPECT_EQ(cache.find(text, kB), nullptr);
  EXPECT_EQ(cache.find(text), nullptr);
  EXPECT_EQ(cache.add(text, 8), std::nullopt) << "the copy with the cursor is not the one that is replaced";
  EXPECT_EQ(cache.find(text, kB)->id, 8U);
  cache.bind(text, kB);
  EXPECT_EQ(cache.find(text, kA)->id, 7U);
  EXPECT_EQ(cache.find(text, kB)->id, 8U);
  EXPECT_EQ(cache.size(), 2U);
}

TEST(PreparedCache, ACopyWhoseCursorIsClosedIsEverybodysAgain) {
  PreparedCache cache;
  const StatementMeaning text("select 1", settings("a"));
  cache.add(text, 7);
  cache.bind(text, kA);
  EXPECT_EQ(cache.unbind(kB), std::nullopt);
  EXPECT_EQ(cache.find(text, kB), nullptr);
  EXPECT_EQ(cache.unbind(kA), std::nullopt);
  EXPECT_EQ(cache.find(text, kB)->id, 7U);
  EXPECT_EQ(cache.unbind(kA), std::nullopt);
  EXPECT_EQ(cache.size(), 1U);
}

TEST(PreparedCache, ACopyWithLongDataOfItsHandleIsNobodysWithoutTheCursor) {
  PreparedCache cache;
  const StatementMeaning text("select ?", settings("a"));
  cache.add(text, 7);
  cache.bind(text, kA);
  cache.find(text, kA)->long_data = 10;
  EXPECT_EQ(cache.unbind(kA), 7U);
  EXPECT_EQ(cache.find(text, kA), nullptr);
  EXPECT_EQ(cache.size(), 0U);
}

TEST(PreparedCache, AHandleIsErasedWithItsOwnCopy) {
  PreparedCache cache;
  const StatementMeaning text("select 1", settings("a"));
  cache.add(text, 7);
  cache.bind(text, kA);
  cache.add(text, 8);
  EXPECT_EQ(cache.erase(text, kA), 7U);
  EXPECT_EQ(cache.find(text, kA)->id, 8U);
  EXPECT_EQ(cache.erase(text, kA), 8U);
  EXPECT_EQ(cache.erase(text, kA), std::nullopt);
}

TEST(PreparedCache, CopiesWithCursorsStayWhateverComes) {
  PreparedCache cache;
  const SettingsPtr a = settings("a");
  const auto text = [&a](std::uint32_t id) { return StatementMeaning("select " + std::to_string(id), a); };
  constexpr std::uint32_t kCursors = 200;
  for (std::uint32_t id = 1; id <= kCursors; ++id) {
    EXPECT_EQ(cache.add(text(id), id), std::nullopt);
    cache.bind(text(id), id);
  }
  for (std::uint32_t id = 1001; id <= 1140; ++id) cache.add(text(id), id);
  for (std::uint32_t id = 1; id <= kCursors; ++id) {
    ASSERT_NE(cache.find(text(id), id), nullptr);
    EXPECT_EQ(cache.find(text(id), id)->id, id);
  }
  EXPECT_EQ(cache.size(), kCursors + 128);
  EXPECT_EQ(cache.unbind(5), 1013U) << "the one not used for longest of the others goes";
  EXPECT_EQ(cache.find(text(5))->id, 5U);
  EXPECT_EQ(cache.size(), kCursors - 1 + 128);
  cache.clear();
  EXPECT_EQ(cache.size(), 0U);
  EXPECT_EQ(cache.find(text(1), 1), nullptr);
}

TEST(PreparedCache, KeepsFewLongTexts) {
  PreparedCache cache;
  const auto text = [](std::uint32_t id, std::size_t size) {
    return StatementMeaning(std::to_string(id) + std::string(size, 'x'), nullptr);
  };
  for (std::uint32_t id = 1; id <= 100; ++id) EXPECT_EQ(cache.add(text(id, 10), id), std::nullopt);
  for (std::uint32_t id = 101; id <= 108; ++id) EXPECT_EQ(cache.add(text(id, 100'000), id), std::nullopt);
  EXPECT_NE(cache.find(text(101, 100'000)), nullptr);
  EXPECT_EQ(cache.add(text(109, 100'000), 109), 102U) << "the long one that was not used for longest";
  EXPECT_EQ(cache.add(text(110, 10), 110), std::nullopt);
  EXPECT_EQ(cache.size(), 109U);
}

TEST(PreparedCache, MakesRoomByAllThatHaveNoCursor) {
  PreparedCache cache;
  const StatementMeaning read{"SELECT 1", nullptr};
  cache.add(read, 4);
  cache.add({"SELECT 2", nullptr}, 5);
  cache.bind(read, 7);
  EXPECT_EQ(cache.take_idle(), std::vector<std::uint32_t>{5});
  EXPECT_EQ(cache.size(), 1U);
  ASSERT_NE(cache.find(read, 7), nullptr);
  EXPECT_EQ(cache.find({"SELECT 2", nullptr}), nullptr);
}

}  // namespace
}  // namespace hf::policy::session
