// What no reply tells: what an EOF or an error keeps back, counts, collations, the client's own tracking.
#include "service/mysql/unreported.h"

#include <gtest/gtest.h>

#include "policy/session/ledger.h"
#include "service/mysql/session_words_fake.h"

namespace hf::service::mysql {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace): the stage is what these tests are written in
using policy::session::PinReason;

constexpr const char* kFlush = "SET @@session.session_track_state_change=0";
constexpr const char* kAsksCollation = "SELECT @@character_set_client,";

class UnreportedTest : public SettledStageTest {};

TEST_F(UnreportedTest, WhatAnEofOnlyHintsAtIsAskedForAndLearnt) {
  start();
  const auto hint = [](const upstream::mysql::ServerTurn& turn) {
    return reply::writer(turn)
        .column_count(1)
        .definitions(1)
        .definitions_eof(turn.status)
        .rows(1)
        .end(turn.status | wire::kStatusSessionStateChanged)
        .bytes();
  };
  server().on("SHOW TABLES", hint);
  server().on("SELECT v", hint);
  server().on(kFlush, reply::ok({}, changes({variable("session_track_state_change", "OFF"),
                                             variable("time_zone", "UTC"), something()})));
  TestClient& client = stage().log_in({.capabilities = kOldClient});
  EXPECT_EQ(ask(client, "SHOW TABLES"), "rows 7");
  EXPECT_EQ(kept(client).pin, PinReason::kNone) << "it had a name";
  EXPECT_EQ(facts(client).settings->variable("time_zone"), "UTC");
  EXPECT_EQ(ask(client, "SELECT v FROM a_view"), "rows 7");
  EXPECT_EQ(kept(client).pin, PinReason::kUnnamedChange)
      << "a function behind the view may have set a user variable as well";
}

TEST_F(UnreportedTest, AWriteWithRowsDoesNotPinByItsGtid) {
  start();
  server().on("INSERT", [](const upstream::mysql::ServerTurn& turn) {
    return reply::writer(turn)
        .column_count(1)
        .definitions(1)
        .definitions_eof(turn.status)
        .rows(1)
        .end(turn.status | wire::kStatusSessionStateChanged)
        .bytes();
  });
  server().on(kFlush,
              reply::ok({}, changes({variable("session_track_state_change", "OFF"), variable("last_gtid", "0-1-5")})));
  TestClient& client = stage().log_in({.capabilities = kOldClient});
  EXPECT_EQ(ask(client, "INSERT INTO t VALUES (1) RETURNING id"), "rows 7");
  EXPECT_EQ(kept(client).pin, PinReason::kNone);
  EXPECT_TRUE(kept(client).soft()) << "for its last insert id";
}

TEST_F(UnreportedTest, AHintWithoutANamePinsAndAnUnansweredOneEndsTheConnection) {
  start();
  server().on("SELECT v", [](const upstream::mysql::ServerTurn& turn) {
    return reply::writer(turn)
        .column_count(1)
        .definitions(1)
        .definitions_eof(turn.status)
        .rows(1)
        .end(turn.status | wire::kStatusSessionStateChanged)
        .bytes();
  });
  server().on(kFlush, reply::ok({}, changes({variable("session_track_state_change", "OFF"), something()})));
  TestClient& client = stage().log_in({.capabilities = kOldClient});
  ask(client, "SELECT v FROM a_view");
  EXPECT_EQ(kept(client).pin, PinReason::kUnnamedChange);
  server().on(kFlush, reply::error(1227, "no"));
  TestClient& second = stage().log_in({.capabilities = kOldClient});
  EXPECT_EQ(ask(second, "SELECT v FROM a_view"), "rows 7") << "the statement itself has its answer";
  EXPECT_TRUE(stage().wait_gone(second)) << "what it left is lost with the connection, and was never known";
}

TEST_F(UnreportedTest, AFailedStatementThatMayHaveDoneSomethingIsAskedAbout) {
  start();
  TestClient& client = stage().log_in();
  server().on("CALL", reply::error(1062, "twice"));
  server().on(kFlush,
              reply::ok({}, changes({variable("session_track_state_change", "OFF"), variable("sql_mode", "ANSI")})));
  ask(client, "CALL p()");
  EXPECT_EQ(facts(client).settings->variable("sql_mode"), "ANSI");
  EXPECT_TRUE(server().heard("SET @@session.session_track_state_change=1")) << "and is told the next time, too";
  server().forget_heard();
  server().on("SELECT", reply::error(1146, "Table 'nosuch' doesn't exist"));
  ask(client, "SELECT 1");
  EXPECT_FALSE(server().heard(kFlush)) << "no code can have run";
}

TEST_F(UnreportedTest, AKillThatMeantTheStatementDoesNotLoseWhatThatHasChanged) {
  start();
  TestClient& client = stage().log_in();
  server().on("CALL", reply::error(1317, "Query execution was interrupted"));
  server().on(kFlush,
              reply::ok({}, changes({variable("session_track_state_change", "OFF"), variable("sql_mode", "ANSI")})));
  server().on(kFlush, reply::error(1317, "Query execution was interrupted"), 2);
  ask(client, "CALL p()");
  EXPECT_EQ(server().count(kFlush), 3U);
  EXPECT_EQ(facts(client).settings->variable("sql_mode"), "ANSI");
  server().on(kFlush, reply::error(1317, "Query execution was interrupted"));
  ask(client, "CALL p()");
  EXPECT_TRUE(stage().wait_gone(client)) << "a server that is interrupted for ever is not asked for ever";
}

TEST_F(UnreportedTest, WhatAFailedStatementHasLeftWithoutANamePins) {
  start();
  for (const char* text :
       {"SELECT a FROM a_view", "SELECT f()", "INSERT INTO t VALUES (1)", "CREATE TABLE u SELECT a FROM a_view",
        "SET sort_buffer_size=f()", "ANALYZE SELECT f()", "SHOW TABLES WHERE f()"}) {
    server().on(text, reply::error(1146, "Table 'shop.nosuch' doesn't exist"));
    server().on(kFlush, reply::ok({}, changes({variable("session_track_state_change", "OFF")})));
    TestClient& client = stage().log_in();
    ask(client, text);
    EXPECT_EQ(kept(client).pin, PinReason::kNone) << text;
    server().on(kFlush, reply::ok({}, changes({variable("session_track_state_change", "OFF"), something()})));
    ask(client, text);
    EXPECT_EQ(kept(client).pin, PinReason::kUnnamedChange) << text;
    stage().ask(client, command(Command::kResetConnection));
  }
}

TEST_F(UnreportedTest, TheCollationBehindSetNamesIsAskedForAndItsUsualOneOnlyOnce) {
  start();
  TestClient& client = stage().log_in();
  for (const char* begins : {"SET NAMES", "set"}) {
    server().on(begins, reply::ok({}, changes({variable("character_set_client", "latin1"),
                                               variable("character_set_connection", "latin1"),
                                               variable("character_set_results", "latin1")})));
  }
  server().on(kAsksCollation,
              reply::rows({{"latin1", "latin1", "latin1", "latin1_swedish_ci", "utf8mb4", "utf8mb4_general_ci"}}));
  ask(client, "SET NAMES latin1");
  EXPECT_EQ(server().count(kAsksCollation), 1U);
  EXPECT_EQ(facts(client).settings->variable("collation_connection"), "latin1_swedish_ci");
  TestClient& second = stage().log_in();
  ask(second, "SET NAMES 'latin1'");
  ask(second, "set  names\tlatin1");
  EXPECT_EQ(facts(second).settings->variable("collation_connection"), "latin1_swedish_ci");
  EXPECT_EQ(server().count(kAsksCollation), 1U) << "known by now";
  server().on(kAsksCollation,
              reply::rows({{"latin1", "latin1", "latin1", "latin1_bin", "utf8mb4", "utf8mb4_general_ci"}}));
  ask(second, "SET NAMES latin1 COLLATE latin1_bin");
  EXPECT_EQ(server().count(kAsksCollation), 2U);
  EXPECT_EQ(facts(second).settings->variable("collation_connection"), "latin1_bin");
  EXPECT_EQ(facts(second).settings->variable(policy::session::kNamesCollation), "latin1_bin");
}

TEST_F(UnreportedTest, ACollationThatCannotBeReadEndsTheConnectionAndNotTheSession) {
  start();
  TestClient& client = stage().log_in();
  server().on("SET NAMES", reply::ok({}, changes({variable("character_set_client", "latin1")})));
  server().on(kAsksCollation, reply::rows({{"latin1"}}));
  EXPECT_EQ(ask(client, "SET NAMES latin1"), "ok");
  EXPECT_EQ(kept(client).held, nullptr);
  EXPECT_EQ(ask(client, "SELECT 1"), "ok");
  EXPECT_EQ(server().accepted(), 2U);
}

TEST_F(UnreportedTest, AClientsOwnTrackingIsRememberedAndNotLeftOnTheServer) {
  start();
  TestClient& client = stage().log_in();
  server().on("SELECT 'sql_select_limit'", reply::rows({{"sql_select_limit", "4"}}));
  server().on(
      "SET STATEMENT sql_select_limit=18446744073709551615 FOR SHOW SESSION VARIABLES WHERE "
      "Variable_name<>'sql_select_limit' AND Variable_name IN ('session_track",
      reply::rows({{"session_track_system_variables", "sql_mode"},
                   {"session_track_schema", "OFF"},
                   {"session_track_state_change", "OFF"},
                   {"session_track_transaction_info", "OFF"}}));
  EXPECT_EQ(ask(client, "SET session_track_system_variables='sql_mode'"), "ok");
  EXPECT_TRUE(facts(client).tracking.names("sql_mode"));
  EXPECT_FALSE(facts(client).tracking.names("time_zone"));
  server().forget_heard();
  ask(client, "SELECT 1");
  EXPECT_EQ(shown(server()), "SET tracking | SELECT 1") << "ours is in force again";
}

TEST_F(UnreportedTest, AQuestionOfOursDoesNotChangeFoundRows) {
  start();
  TestClient& client = stage().log_in();
  server().on("SELECT SQL_CALC_FOUND_ROWS", reply::rows({{"1"}}));
  server().on("SELECT FOUND_ROWS()", reply::rows({{"42"}}));
  ask(client, "SELECT SQL_CALC_FOUND_ROWS a FROM t LIMIT 1");
  EXPECT_FALSE(facts(client).found_rows.known());
  ask(client, "SET CHARACTER SET latin1");
  EXPECT_TRUE(facts(client).found_rows.known());
  EXPECT_EQ(facts(client).found_rows.value, 42U);
}

TEST_F(UnreportedTest, AFailedReadWhoseCountCannotBeToldRunsOnceMoreUnseen) {
  start();
  TestClient& client = stage().log_in();
  std::uint64_t there = 0;
  server().on("SELECT FOUND_ROWS()", [&there](const upstream::mysql::ServerTurn& turn) {
    return reply::rows({{std::to_string(std::exchange(there, 1))}})(turn);
  });
  server().on(policy::session::count_statement(2), [&there](const upstream::mysql::ServerTurn& turn) {
    there = 2;
    return reply::rows({{"1"}})(turn);
  });
  constexpr std::uint64_t kOwn = 42;
  struct Case {
    const char* sql;
    std::uint16_t code;
    std::uint64_t before;                // what the connection had counted
    std::optional<std::uint64_t> after;  // what the read makes of it
    std::uint64_t counted;               // what the session has counted then
    std::size_t runs;
  };
  for (const Case& each : {Case{"SELECT f", 1242, 0, 0, 0, 2}, Case{"SELECT f", 1242, 0, std::nullopt, kOwn, 2},
                           Case{"SELECT f", 1242, 1, 1, 1, 2}, Case{"SELECT f", 1242, 1, std::nullopt, kOwn, 2},
                           Case{"SELECT f", 1242, 7, 0, 0, 1}, Case{"SELECT f", 1317, 0, 0, kOwn, 1},
                           Case{"SELECT f FOR UPDATE", 1242, 0, 0, kOwn, 1}}) {
    SCOPED_TRACE(std::string(each.sql) + " " + std::to_string(each.code) + " " + std::to_string(each.before));
    server().on("SELECT many", reply::rows(std::vector<reply::Row>(each.before, reply::Row{"1"})));
    ask(client, "SELECT many");
    server().on("SELECT f", [&there, each](const upstream::mysql::ServerTurn& turn) {
      there = each.after.value_or(there);
      return reply::error(each.code, "at work")(turn);
    });
    there = each.before;
    facts(client).found_rows = {kOwn, 0};
    server().forget_heard();
    EXPECT_EQ(ask(client, each.sql), "error " + std::to_string(each.code) + " at work");
    EXPECT_TRUE(facts(client).found_rows.known());
    EXPECT_EQ(facts(client).found_rows.value, each.counted);
    EXPECT_EQ(server().count(each.sql), each.runs);
  }
}

}  // namespace
}  // namespace hf::service::mysql
