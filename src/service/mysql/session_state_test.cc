#include "service/mysql/session_state.h"

#include <gtest/gtest.h>

namespace hf::service::mysql {
namespace {

const std::string kTracking(kTrackingStatement);

SessionState state_with(std::initializer_list<std::pair<ByteView, ByteView>> variables) {
  SessionState state;
  for (const auto& [name, value] : variables) EXPECT_TRUE(state.set_variable(name, value));
  return state;
}

TEST(SessionState, AFreshStateNeedsTrackingAlone) {
  const SessionState state;
  EXPECT_EQ(state.replay(), std::vector<std::string>{kTracking});
  EXPECT_TRUE(state.autocommit());
  EXPECT_EQ(state.schema(), "");
}

TEST(SessionState, ReplaysVariablesInOneStatementSortedByName) {
  const SessionState state = state_with({{"wait_timeout", "5"}, {"autocommit", "OFF"}, {"time_zone", "+02:00"}});
  EXPECT_EQ(state.replay(), std::vector<std::string>{kTracking + ",@@session.autocommit='OFF',@@session.time_zone='+02:00',@@session.wait_timeout=5"});
  EXPECT_FALSE(state.autocommit());
  EXPECT_EQ(state.variable("time_zone"), "+02:00");
  EXPECT_EQ(state.variable("sql_mode"), "");
}

TEST(SessionState, TheLatestValueCounts) {
  const SessionState state = state_with({{"autocommit", "OFF"}, {"autocommit", "ON"}});
  EXPECT_TRUE(state.autocommit());
  EXPECT_EQ(state.replay(), std::vector<std::string>{kTracking + ",@@session.autocommit='ON'"});
}

TEST(SessionState, OnlyWholeNumbersAndDecimalsGoUnquoted) {
  const std::pair<const char*, const char*> cases[] = {
      {"0", "0"}, {"-7", "-7"}, {"1.5", "1.5"}, {"18446744073709551615", "18446744073709551615"}, {"", "''"}, {"-", "'-'"}, {"1.2.3", "'1.2.3'"}, {"1e5", "'1e5'"}, {"0x10", "'0x10'"}, {" 1", "' 1'"}, {"1;DROP TABLE t", "'1;DROP TABLE t'"}};
  for (const auto& [value, literal] : cases) {
    EXPECT_EQ(state_with({{"max_error_count", value}}).replay().at(0), kTracking + ",@@session.max_error_count=" + literal);
  }
}

TEST(SessionState, AValueCannotLeaveItsQuotes) {
  EXPECT_EQ(state_with({{"time_zone", "a'b''c"}}).replay().at(0), kTracking + ",@@session.time_zone='a''b''''c'");
  // Whether a backslash escapes depends on sql_mode: written in hexadecimal it is never read as one.
  EXPECT_EQ(state_with({{"time_zone", "\\'x\xff"}}).replay().at(0), kTracking + ",@@session.time_zone=x'5c2778ff'");
}

TEST(SessionState, CharacterSetsFollowSetNamesAndNullIsNull) {
  SessionState state = state_with({{"sql_mode", "ANSI"}});
  state.set_names("SET NAMES utf8mb4 COLLATE utf8mb4_bin");
  EXPECT_TRUE(state.set_variable("character_set_results", ""));
  EXPECT_TRUE(state.set_variable("collation_connection", "utf8mb4_bin"));
  EXPECT_EQ(state.replay(), (std::vector<std::string>{kTracking + ",@@session.sql_mode='ANSI'", "SET NAMES utf8mb4 COLLATE utf8mb4_bin",
                                                      "SET @@session.character_set_results=NULL,@@session.collation_connection='utf8mb4_bin'"}));
}

TEST(SessionState, SetNamesReplacesTheCharacterSetsKnownBefore) {
  SessionState state = state_with({{"character_set_client", "latin1"},
                                   {"character_set_connection", "latin1"},
                                   {"character_set_results", "latin1"},
                                   {"collation_connection", "latin1_bin"},
                                   {"character_set_server", "latin1"}});
  state.set_names("SET NAMES utf8mb4");
  EXPECT_EQ(state.variable("character_set_client"), "");
  EXPECT_EQ(state.variable("collation_connection"), "");
  EXPECT_EQ(state.variable("character_set_server"), "latin1");
  EXPECT_EQ(state.replay().size(), 3U);
}

TEST(SessionState, WhatConcernsAMomentIsNotState) {
  SessionState state;
  EXPECT_TRUE(state.set_variable("last_gtid", "0-1-7"));
  EXPECT_TRUE(state.set_variable("session_track_schema", "OFF"));
  EXPECT_EQ(state.replay(), std::vector<std::string>{kTracking});
}

TEST(SessionState, WhatOnlyTheConnectionCanKeepIsRefused) {
  SessionState state;
  for (const char* name : {"timestamp", "last_insert_id", "insert_id", "rand_seed1", "sql_log_bin", "gtid_seq_no", "pseudo_thread_id"}) {
    EXPECT_FALSE(state.set_variable(name, "1")) << name;
    EXPECT_EQ(state.variable(name), "") << name;
  }
}

TEST(SessionState, TurningTheTrackingOfVariablesOffIsRefused) {
  SessionState state;
  EXPECT_TRUE(state.set_variable("session_track_system_variables", "*"));
  EXPECT_FALSE(state.set_variable("session_track_system_variables", "autocommit"));
  EXPECT_EQ(state.replay(), std::vector<std::string>{kTracking});
}

TEST(SessionState, FingerprintsAreEqualExactlyForEqualStates) {
  SessionState a = state_with({{"autocommit", "ON"}, {"sql_mode", "ANSI"}});
  SessionState b = state_with({{"sql_mode", "ANSI"}, {"autocommit", "ON"}});
  EXPECT_EQ(a.fingerprint(), b.fingerprint());
  b.set_schema("shop");
  EXPECT_NE(a.fingerprint(), b.fingerprint());
  EXPECT_EQ(a.variables_fingerprint(), b.variables_fingerprint());
  // Lengths are part of it: what belongs to a name cannot pass for a value.
  EXPECT_NE(state_with({{"ab", "c"}}).fingerprint(), state_with({{"a", "bc"}}).fingerprint());
  EXPECT_NE(state_with({{"a", "b1:c"}}).fingerprint(), state_with({{"a", "b"}, {"c", ""}}).fingerprint());
  SessionState named;
  named.set_names("x");
  SessionState schema;
  schema.set_schema("x");
  EXPECT_NE(named.fingerprint(), schema.fingerprint());
  b.clear();
  EXPECT_EQ(b.fingerprint(), SessionState().fingerprint());
}

TEST(StateTable, EqualStatesShareANumberAndZeroIsNone) {
  StateTable table;
  SessionState state;
  const std::uint32_t fresh = table.intern(state);
  EXPECT_NE(fresh, 0U);
  EXPECT_EQ(table.intern(SessionState()), fresh);
  state.set_schema("shop");
  const std::uint32_t other = table.intern(state);
  EXPECT_NE(other, fresh);
  ASSERT_NE(table.find(other), nullptr);
  EXPECT_EQ(table.find(other)->schema, "shop");
  EXPECT_EQ(table.find(other)->variables, table.find(fresh)->variables);
  EXPECT_EQ(table.find(0), nullptr);
  EXPECT_EQ(table.find(other + 1), nullptr);
}

TEST(StateTable, IsBoundedAndNeverGivesANumberToAnotherContent) {
  StateTable table;
  SessionState state;
  state.set_schema("first");
  const std::uint32_t first = table.intern(state);
  std::uint32_t last = first;
  for (int i = 0; i < 10000; ++i) {
    state.set_schema("schema" + std::to_string(i));
    const std::uint32_t number = table.intern(state);
    EXPECT_GT(number, last);
    last = number;
  }
  EXPECT_EQ(table.find(first), nullptr);  // forgotten
  ASSERT_NE(table.find(last), nullptr);
  EXPECT_EQ(table.find(last)->schema, "schema9999");
  state.set_schema("first");
  EXPECT_GT(table.intern(state), last);
}

}  // namespace
}  // namespace hf::service::mysql
