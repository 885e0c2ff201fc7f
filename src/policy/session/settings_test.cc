#include "policy/session/settings.h"

#include <gtest/gtest.h>

#include <string>

namespace hf::policy::session {
namespace {

TEST(Settings, SpellsValuesSoThatEverySessionReadsThemAlike) {
  const struct {
    const char* name;
    std::string value;
    const char* literal;
  } cases[] = {
      {"sql_select_limit", "5", "5"},
      {"optimizer_search_depth", "-1", "-1"},
      {"long_query_time", "10.000000", "10.000000"},
      {"lc_time_names", "-", "'-'"},
      {"lc_time_names", ".", "'.'"},
      {"time_zone", "+01:00", "'+01:00'"},
      {"default_regex_flags", "1e5", "'1e5'"},
      {"default_regex_flags", "1.2.3", "'1.2.3'"},
      {"sql_mode", "", "''"},
      {"autocommit", "ON", "'ON'"},
      {"time_zone", "O'Brien", "'O''Brien'"},
      {"time_zone", "\"x\" -- ;", "'\"x\" -- ;'"},
      {"time_zone", "a\\", "x'615c'"},
      {"time_zone", "caf\xC3\xA9", "x'636166c3a9'"},
      {"time_zone", std::string("a\0b", 3), "x'610062'"},
      {"time_zone", "a\nb", "x'610a62'"},
      {"character_set_results", "", "NULL"},
      {"default_tmp_storage_engine", "", "NULL"},
      {"character_set_client", "", "''"},
      {"system_versioning_asof", "DEFAULT", "DEFAULT"},
      {"system_versioning_asof", "2020-01-01 00:00:00", "'2020-01-01 00:00:00'"},
      {"default_storage_engine", "DEFAULT", "'DEFAULT'"},
  };
  for (const auto& each : cases) EXPECT_EQ(literal(each.name, each.value), each.literal) << each.name;
}

TEST(Settings, KeepsItsVariablesSortedAndFindsThem) {
  Settings settings("shop", {{"time_zone", "SYSTEM"}, {"autocommit", "ON"}});
  EXPECT_EQ(settings.variables().front().first, "autocommit");
  EXPECT_EQ(settings.variable("time_zone"), "SYSTEM");
  EXPECT_EQ(settings.variable("sql_mode"), "");
  EXPECT_FALSE(settings.has_variable("sql_mode"));
  settings.set_variable("sql_mode", "");
  EXPECT_TRUE(settings.has_variable("sql_mode"));
  settings.set_variable("time_zone", "+01:00");
  EXPECT_EQ(settings.variable("time_zone"), "+01:00");
  EXPECT_EQ(settings, Settings("shop", {{"sql_mode", ""}, {"time_zone", "+01:00"}, {"autocommit", "ON"}}));
  EXPECT_NE(settings, Settings("", {{"sql_mode", ""}, {"time_zone", "+01:00"}, {"autocommit", "ON"}}));
}

TEST(Settings, KnowsHowStatementsAreRead) {
  EXPECT_EQ(Settings().reading(), Settings::Reading{});
  Settings settings(
      "", {{"character_set_client", "gbk"}, {"sql_auto_is_null", "ON"}, {"sql_mode", "ANSI_QUOTES,IGNORE_SPACE"}});
  EXPECT_EQ(settings.reading(), (Settings::Reading{sql::Charset::kGbk, true, true}));
  settings.set_variable("sql_mode", "ANSI_QUOTES");
  settings.set_variable("sql_auto_is_null", "OFF");
  settings.set_variable("character_set_client", "utf8mb4");
  EXPECT_EQ(settings.reading(), (Settings::Reading{sql::Charset::kUtf8, false, false}));
  settings.set_variable("character_set_client", "");
  settings.set_variable("time_zone", "ON");
  EXPECT_EQ(settings.reading(), Settings::Reading{});
  settings.set_variable("sql_select_limit", "2");
  EXPECT_TRUE(settings.reading().limits_selects);
  settings.set_variable("sql_select_limit", "18446744073709551615");
  EXPECT_FALSE(settings.reading().limits_selects);
  settings.set_schema("Information_Schema");
  EXPECT_TRUE(settings.reading().in_system_schema && Settings("mysql", {}).reading().in_system_schema);
  settings.set_schema("mysql_shop");
  EXPECT_FALSE(settings.reading().in_system_schema);
}

TEST(Settings, SetsOnlyWhatDiffers) {
  const Settings from("a", {{"autocommit", "ON"}, {"sql_mode", "ANSI"}, {"time_zone", "SYSTEM"}});
  const Settings to("b", {{"autocommit", "ON"}, {"sql_mode", ""}, {"time_zone", "SYSTEM"}});
  EXPECT_EQ(set_statement(&from, from, ""), "");
  EXPECT_EQ(set_statement(&from, to, ""), "SET @@session.sql_mode=''");
  EXPECT_EQ(set_statement(&from, to, "@@session.x=1"), "SET @@session.x=1,@@session.sql_mode=''");
  EXPECT_EQ(set_statement(&from, from, "@@session.x=1"), "SET @@session.x=1");
  EXPECT_EQ(set_statement(nullptr, to, ""),
            "SET @@session.autocommit='ON',@@session.sql_mode='',@@session.time_zone='SYSTEM'");
}

TEST(Settings, GivesBackTheGlobalValueOfWhatTheOtherDoesNotHave) {
  const Settings from("", {{"sql_mode", "ANSI"}, {"tx_isolation", "SERIALIZABLE"}});
  const Settings to("", {{"sql_mode", "ANSI"}});
  EXPECT_EQ(set_statement(&from, to, ""), "SET @@session.tx_isolation=DEFAULT");
  EXPECT_EQ(set_statement(&to, from, ""), "SET @@session.tx_isolation='SERIALIZABLE'");
}

/// One sets the other: client, results, connection, then the collation, and all of them as soon as one differs.
TEST(Settings, SetsCharsetsTogetherLastAndInTheOrderThatKeepsThem) {
  const Settings::Variables utf8 = {{"character_set_client", "utf8mb4"},
                                    {"character_set_connection", "utf8mb4"},
                                    {"character_set_results", "utf8mb4"},
                                    {"collation_connection", "utf8mb4_general_ci"},
                                    {"collation_server", "utf8mb4_general_ci"},
                                    {"character_set_server", "utf8mb4"},
                                    {"time_zone", "SYSTEM"}};
  const Settings from("", utf8);
  Settings to("", utf8);
  to.set_variable("collation_connection", "utf8mb4_bin");
  to.set_variable("time_zone", "+01:00");
  const std::string tail =
      "@@session.character_set_client='utf8mb4',@@session.character_set_results='utf8mb4',"
      "@@session.character_set_connection='utf8mb4',@@session.collation_connection='utf8mb4_bin',"
      "@@session.character_set_server='utf8mb4',@@session.collation_server='utf8mb4_general_ci'";
  EXPECT_EQ(set_statement(&from, to, ""), "SET @@session.time_zone='+01:00'," + tail);
  EXPECT_EQ(set_statement(nullptr, to, ""), "SET @@session.time_zone='+01:00'," + tail);
  to.set_variable("character_set_results", "");
  EXPECT_NE(set_statement(&from, to, "").find("@@session.character_set_results=NULL"), std::string::npos);
  Settings time_only("", utf8);
  time_only.set_variable("time_zone", "+01:00");
  EXPECT_EQ(set_statement(&from, time_only, ""), "SET @@session.time_zone='+01:00'");
}

TEST(Settings, SetsCharsetsAnewWhenOneOfThemGoesBackToTheGlobal) {
  const Settings from("", {{"character_set_connection", "latin1"}, {"collation_connection", "utf8mb4_bin"}});
  const Settings to("", {{"collation_connection", "utf8mb4_bin"}});
  EXPECT_EQ(set_statement(&from, to, ""),
            "SET @@session.character_set_connection=DEFAULT,@@session.collation_connection='utf8mb4_bin'");
}

TEST(Settings, TwoNamesOfOneVariableAreOneUnderTheNameThatCameFirst) {
  Settings settings("", {{"tx_isolation", "SERIALIZABLE"}});
  settings.set_variable("transaction_isolation", "READ-COMMITTED");
  EXPECT_EQ(settings, Settings("", {{"tx_isolation", "READ-COMMITTED"}}));
  EXPECT_EQ(settings.variable("transaction_isolation"), "READ-COMMITTED");
  EXPECT_TRUE(settings.has_variable("transaction_isolation"));
  EXPECT_FALSE(settings.has_variable("transaction_read_only"));
  const Settings both("", {{"storage_engine", "InnoDB"}, {"default_storage_engine", "InnoDB"}});
  EXPECT_EQ(both, Settings("", {{"default_storage_engine", "InnoDB"}}));
}

TEST(Settings, NamesThatDifferAreNoDifference) {
  const Settings one("", {{"long_query_time", "3.000000"}});
  const Settings other("", {{"log_slow_query_time", "3.000000"}});
  EXPECT_EQ(set_statement(&one, other, ""), "");
  const Settings later("", {{"log_slow_query_time", "4.000000"}});
  EXPECT_EQ(set_statement(&one, later, ""), "SET @@session.log_slow_query_time=4.000000");
  EXPECT_EQ(set_statement(&later, one, ""), "SET @@session.long_query_time=3.000000");
}

TEST(Settings, WhatAnotherVariableSetsIsSetBehindItAndWithIt) {
  const Settings small("", {{"max_join_size", "10"}, {"sql_big_selects", "ON"}, {"sql_notes", "ON"}});
  const Settings smaller("", {{"max_join_size", "5"}, {"sql_big_selects", "ON"}, {"sql_notes", "ON"}});
  const Settings none("", {{"sql_notes", "ON"}});
  EXPECT_EQ(set_statement(&small, smaller, ""), "SET @@session.max_join_size=5,@@session.sql_big_selects='ON'")
      << "the first would leave it OFF";
  EXPECT_EQ(set_statement(&small, none, ""), "SET @@session.max_join_size=DEFAULT,@@session.sql_big_selects=DEFAULT");
  EXPECT_EQ(set_statement(nullptr, small, ""),
            "SET @@session.max_join_size=10,@@session.sql_notes='ON',@@session.sql_big_selects='ON'");
  const Settings forbidden("", {{"max_join_size", "10"}, {"sql_big_selects", "OFF"}, {"sql_notes", "ON"}});
  EXPECT_EQ(set_statement(&small, forbidden, ""), "SET @@session.sql_big_selects='OFF'");
  const Settings bits("", {{"log_slow_admin_statements", "OFF"},
                           {"log_slow_disabled_statements", "admin,sp"},
                           {"log_slow_slave_statements", "ON"}});
  EXPECT_EQ(set_statement(nullptr, bits, ""),
            "SET "
            "@@session.log_slow_admin_statements='OFF',@@session.log_slow_slave_statements='ON',@@session.log_slow_"
            "disabled_statements='admin,sp'");
}

TEST(Settings, TheCharacterSetOfTheSchemaIsThatOfTheOneEnteredLast) {
  Settings settings("a", {{"sql_mode", "ANSI"}});
  EXPECT_FALSE(settings.has_schema_charset());
  settings.set_variable("collation_database", "latin1_bin");
  EXPECT_TRUE(settings.has_schema_charset());
  EXPECT_EQ(set_statement(&settings, Settings("a", {{"sql_mode", "ANSI"}}), {}), "")
      << "the schema is entered anew instead";
  EXPECT_EQ(set_statement(&settings, Settings("", {{"sql_mode", "ANSI"}}), {}),
            "SET @@session.collation_database=DEFAULT");
  settings.set_schema("a");
  EXPECT_EQ(settings, Settings("a", {{"sql_mode", "ANSI"}}));
}

TEST(Settings, AResetStaysInTheSchemaAndLosesItsCharacterSetUntilItIsEnteredAgain) {
  SettingsTable table;
  const SettingsPtr start = table.intern(Settings("", {{"sql_mode", "ANSI"}}));
  const SettingsPtr entered = table.in_schema(start, "a");
  const SettingsPtr reset = table.reset_in_schema(start, "a");
  EXPECT_EQ(reset, table.reset_in_schema(entered, "a"));
  EXPECT_EQ(reset->schema(), "a");
  EXPECT_TRUE(reset->has_schema_charset());
  EXPECT_EQ(set_statement(entered.get(), *reset, {}), "SET @@session.collation_database=@@global.collation_database");
  EXPECT_EQ(set_statement(reset.get(), *entered, {}), "") << "the schema is entered anew instead";
  EXPECT_EQ(table.in_schema(reset, "a"), entered);
  EXPECT_EQ(table.reset_in_schema(start, ""), start) << "without a schema it was the global one before";
}

TEST(Settings, NamesWithACollationAreSetAsThatUntilResultsHaveAnotherCharacterSet) {
  Settings to("", {{"character_set_client", "utf8mb4"},
                   {"character_set_results", "utf8mb4"},
                   {"character_set_connection", "utf8mb4"},
                   {"collation_connection", "utf8mb4_bin"}});
  to.set_variable(kNamesCollation, "utf8mb4_bin");
  EXPECT_EQ(set_statement(nullptr, to, ""), "SET NAMES 'utf8mb4' COLLATE 'utf8mb4_bin'");
  EXPECT_EQ(set_statement(&to, to, ""), "");
  Settings later = to;
  later.set_variable("character_set_results", "utf8mb4");
  EXPECT_TRUE(later.has_variable(kNamesCollation)) << "told, not set";
  later.set_variable(kNamesCollation, "");
  EXPECT_FALSE(later.has_variable(kNamesCollation));
  EXPECT_NE(set_statement(&to, later, "").find("@@session.character_set_results='utf8mb4'"), std::string::npos);
  EXPECT_EQ(set_statement(&to, later, "").find("names collation"), std::string::npos);
  Settings other = to;
  other.set_variable("character_set_results", "latin1");
  EXPECT_FALSE(other.has_variable(kNamesCollation));
}

TEST(Settings, ResultsKeepTheCollationOfTheirNamesWhenOtherCharsetVariablesChange) {
  Settings to("", {{"character_set_client", "utf8mb4"},
                   {"character_set_results", "utf8mb4"},
                   {"character_set_connection", "utf8mb4"},
                   {"collation_connection", "utf8mb4_bin"}});
  to.set_variable(kNamesCollation, "utf8mb4_bin");
  to.set_variable("collation_connection", "utf8mb4_unicode_ci");
  EXPECT_EQ(set_statement(nullptr, to, ""),
            "SET NAMES 'utf8mb4' COLLATE "
            "'utf8mb4_bin',@@session.character_set_client='utf8mb4',@@session.character_set_connection='utf8mb4',@@"
            "session.collation_connection='utf8mb4_unicode_ci'");
}

TEST(SettingsTable, MakesEqualSettingsOneObject) {
  SettingsTable table;
  const SettingsPtr a = table.intern(Settings("s", {{"x", "1"}}));
  EXPECT_EQ(a, table.intern(Settings("s", {{"x", "1"}})));
  EXPECT_NE(a, table.intern(Settings("s", {{"x", "2"}})));
  EXPECT_NE(a, table.intern(Settings("t", {{"x", "1"}})));
  EXPECT_EQ(table.size(), 3U);
}

TEST(SettingsTable, RemembersSettingsInAnotherSchemaAsTheObjectThatEverybodyHas) {
  SettingsTable table;
  const SettingsPtr base = table.intern(Settings("", {{"x", "1"}}));
  const SettingsPtr there = table.in_schema(base, "s");
  EXPECT_EQ(*there, Settings("s", {{"x", "1"}}));
  EXPECT_EQ(table.in_schema(base, "s"), there);
  EXPECT_EQ(table.intern(Settings("s", {{"x", "1"}})), there);
  EXPECT_EQ(table.in_schema(base, ""), base);
  EXPECT_EQ(table.in_schema(there, ""), base);
  EXPECT_EQ(*table.in_schema(base, "t"), Settings("t", {{"x", "1"}}));
  for (int i = 0; i < 5000; ++i) table.intern(Settings("s", {{"x", std::to_string(i)}}));
  EXPECT_EQ(table.in_schema(base, "s"), table.intern(Settings("s", {{"x", "1"}})))
      << "what was forgotten is not given out beside what is known";
}

TEST(SettingsTable, ForgetsBeyondItsBoundAndEqualStaysEqual) {
  SettingsTable table;
  const SettingsPtr first = table.intern(Settings("s", {}));
  for (int i = 0; i < 5000; ++i) table.intern(Settings("s", {{"x", std::to_string(i)}}));
  EXPECT_LE(table.size(), 4096U);
  const SettingsPtr again = table.intern(Settings("s", {}));
  EXPECT_NE(first, again);
  EXPECT_TRUE(same(first, again));
  EXPECT_FALSE(same(first, nullptr));
  EXPECT_FALSE(same(nullptr, nullptr));
}

}  // namespace
}  // namespace hf::policy::session
