#include "topology/mysql/defaults_loader.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace hf::topology::mysql {
namespace {

upstream::mysql::SessionDefaults parsed(std::vector<std::vector<std::optional<std::string>>> rows) {
  proto::mysql::TextResult result;
  result.columns = {"Variable_name", "Value"};
  result.rows = std::move(rows);
  return parse_defaults(result);
}

TEST(DefaultsQuery, NamesEveryVariableOnce) {
  const std::string query = defaults_query();
  for (const char* name : {"'sql_mode'", "'tx_isolation'", "'transaction_isolation'", "'init_connect'",
                           "'wait_timeout'", "'max_prepared_stmt_count'"}) {
    const std::size_t at = query.find(name);
    ASSERT_NE(at, std::string::npos) << name;
    EXPECT_EQ(query.find(name, at + 1), std::string::npos) << name;
  }
}

TEST(ParseDefaults, SortsLowersAndKeepsApartWhatNoSessionCanSet) {
  const upstream::mysql::SessionDefaults defaults = parsed({{"wait_timeout", "60"},
                                                            {"SQL_MODE", "STRICT_TRANS_TABLES"},
                                                            {"interactive_timeout", "70"},
                                                            {"max_prepared_stmt_count", "5"},
                                                            {"max_allowed_packet", "18446744073709551615"},
                                                            {"init_connect", "SET NAMES latin1"},
                                                            {"tmpdir", "/x"}});
  ASSERT_EQ(defaults.variables.size(), 3U);
  EXPECT_TRUE(std::is_sorted(defaults.variables.begin(), defaults.variables.end()));
  EXPECT_EQ(defaults.find("sql_mode"), "STRICT_TRANS_TABLES");
  EXPECT_EQ(defaults.find("max_allowed_packet"), std::nullopt);
  EXPECT_EQ(defaults.find(""), std::nullopt);
  EXPECT_EQ(defaults.find("zzz"), std::nullopt);
  EXPECT_EQ(defaults.wait_timeout, 60U);
  EXPECT_EQ(defaults.interactive_timeout, 70U);
  EXPECT_EQ(defaults.max_prepared_stmt_count, 5U);
  EXPECT_EQ(defaults.max_allowed_packet, 18446744073709551615U);
  EXPECT_EQ(defaults.init_connect, "SET NAMES latin1");
}

TEST(ParseDefaults, TheStatusIsThatOfAGreetingUnderTheseGlobals) {
  // Seen on MariaDB 10.11.19, in the greeting and in the OK of a login alike.
  EXPECT_EQ(parsed({{"autocommit", "ON"}}).status, 0x2);
  EXPECT_EQ(parsed({{"autocommit", "OFF"}}).status, 0);
  EXPECT_EQ(parsed({{"autocommit", "ON"}, {"sql_mode", "ANSI_QUOTES,NO_BACKSLASH_ESCAPES"}}).status, 0x8202);
  EXPECT_EQ(parsed({{"sql_mode", "NO_BACKSLASH_ESCAPES_"}}).status, 0x2);
  EXPECT_EQ(parsed({{"sql_mode", "STRICT_ALL_TABLES,ANSI_QUOTES"}}).status, 0x8002);
}

TEST(ParseDefaults, SurvivesWhatIsNoNumberAndNoRow) {
  const upstream::mysql::SessionDefaults defaults = parsed({{"wait_timeout", std::nullopt},
                                                            {},
                                                            {std::nullopt, "x"},
                                                            {"interactive_timeout", "99999999999999"},
                                                            {"max_prepared_stmt_count", "x"}});
  EXPECT_EQ(defaults.wait_timeout, 0U);
  EXPECT_EQ(defaults.interactive_timeout, 4294967295U);
  EXPECT_EQ(defaults.max_prepared_stmt_count, 0U);
}

TEST(ContentOfDefaults, DiffersWheneverAnythingDoes) {
  const auto one = content_of(parsed({{"sql_mode", "A"}, {"time_zone", "B"}}));
  EXPECT_EQ(one, content_of(parsed({{"time_zone", "B"}, {"sql_mode", "A"}})));
  EXPECT_NE(one, content_of(parsed({{"sql_mode", "A"}, {"time_zone", "C"}})));
  EXPECT_NE(one, content_of(parsed({{"sql_mode", "A"}, {"time_zone", "B"}, {"init_connect", "x"}})));
  EXPECT_NE(one, content_of(parsed({{"sql_mode", "A"}, {"time_zone", "B"}, {"max_allowed_packet", "1024"}})));
  EXPECT_NE(content_of(parsed({{"sql_mode", "A\ntime_zone=1:B"}})),
            content_of(parsed({{"sql_mode", "A"}, {"time_zone", "B"}})));
}

}  // namespace
}  // namespace hf::topology::mysql
