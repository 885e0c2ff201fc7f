// One command on as many servers as it takes: what is sent again, and what is not.
#include "service/mysql/run.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "service/mysql/session_words_fake.h"

namespace hf::service::mysql {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace): the stage is what these tests are written in

constexpr const char* kReadOnly =
    "The MariaDB server is running with the --read-only option so it cannot execute this statement";
constexpr const char* kAsksAll = "SELECT LAST_INSERT_ID(),FOUND_ROWS(),ROW_COUNT()";

class RunTest : public StageTest {
 protected:
  std::size_t told(EventId id) const { return stage_->told(id); }
  std::string told(EventId id, std::string_view field) const { return stage_->told(id, field); }
  /// Which of the servers has heard of it; the number of servers when none has.
  std::size_t who_heard(std::string_view text) {
    std::size_t slot = 0;
    while (slot <= options_.replicas && !stage().server(slot).heard(text)) ++slot;
    return slot;
  }
  std::size_t times_sent(std::string_view text) {
    std::size_t all = 0;
    for (std::size_t slot = 0; slot <= options_.replicas; ++slot) all += stage().server(slot).count(text);
    return all;
  }
  /// Sends a statement to which nobody replies, and cuts the server that got it.
  void lose(TestClient& client, ByteView sql) {
    for (std::size_t slot = 0; slot <= options_.replicas; ++slot) stage().server(slot).on(sql, reply::silence(), 1);
    const std::size_t before = times_sent(sql);
    client.send(query(sql));
    ASSERT_TRUE(stage().run_until([&] { return times_sent(sql) > before; }));
    for (std::size_t slot = 0; slot <= options_.replicas; ++slot) stage().server(slot).on(sql, reply::rows({{"7"}}));
    stage().server(who_heard(sql)).cut();
    stage().wait(client);
  }
};

// --- a server is lost ------------------------------------------------------------------------------------------------

TEST_F(RunTest, AReadWhoseReplicaDiesRunsOnceMoreOnAnother) {
  options_.replicas = 2;
  start();
  TestClient& client = stage().log_in();
  lose(client, "SELECT a FROM t");
  EXPECT_EQ(shown(client.answers().back()), "rows 7");
  EXPECT_EQ(times_sent("SELECT a FROM t"), 2U);
  EXPECT_EQ(stage().primary().count("SELECT a FROM t"), 0U);
  EXPECT_EQ(stage().counters().retried_reads.get(), 1U);
  ASSERT_EQ(told(EventId::kReadRetried), 1U);
  const std::string lost = told(EventId::kReadRetried, "server");
  EXPECT_TRUE(lost == "db2" || lost == "db3") << lost;
  EXPECT_EQ(told(EventId::kReadRetried, "next"), lost == "db2" ? "db3" : "db2");
  EXPECT_NE(told(EventId::kReadRetried, "reason"), "");
  EXPECT_EQ(stage().counters().lost_errors.get(), 0U);
}

TEST_F(RunTest, AReadIsNotTriedAgainOnThePrimary) {
  options_.replicas = 1;
  start();
  TestClient& client = stage().log_in();
  lose(client, "SELECT a FROM t");
  EXPECT_EQ(client.answers().back().error_code(), wire::kErLostConnection);
  EXPECT_EQ(times_sent("SELECT a FROM t"), 1U);
  EXPECT_EQ(told(EventId::kReadRetried), 0U) << "there is nobody to send it to";
  EXPECT_EQ(stage().counters().retried_reads.get(), 0U);
  EXPECT_EQ(ask(client, "SELECT a FROM t"), "rows 7") << "the session goes on";
}

TEST_F(RunTest, AReadWhoseReplyHasBegunIsNotTriedAgain) {
  options_.replicas = 2;
  start();
  TestClient& client = stage().log_in();
  for (const std::size_t slot : {1U, 2U}) {
    stage().server(slot).on("SELECT half", [](const upstream::mysql::ServerTurn& turn) {
      return reply::writer(turn).column_count(1).definitions(1).definitions_eof(0).rows(1).bytes();
    });
  }
  client.send(query("SELECT half"));
  ASSERT_TRUE(stage().run_until([&] { return times_sent("SELECT half") == 1; }));
  stage().turn(4);
  stage().server(who_heard("SELECT half")).cut();
  stage().wait(client);
  EXPECT_TRUE(shown(client.answers().back()).starts_with("rows 7 error 2013 "));
  EXPECT_EQ(times_sent("SELECT half"), 1U);
}

TEST_F(RunTest, AServerThatIsCutOffForBeingDownWasNotEndedByTheStatement) {
  options_.replicas = 2;
  start();
  TestClient& client = stage().log_in();
  for (const std::size_t slot : {1U, 2U}) stage().server(slot).on("SELECT slow", reply::silence());
  client.send(query("SELECT slow FROM t"));
  ASSERT_TRUE(stage().run_until([&] { return who_heard("slow") < 3; }));
  const std::size_t frozen = who_heard("slow");
  stage().server(frozen).forget_heard();
  stage().change_view(
      [&](upstream::mysql::View& view) { view.servers[frozen].reachable = view.servers[frozen].reader = false; });
  ASSERT_TRUE(stage().run_until([&] { return who_heard("slow") < 3; }));
  stage().server(who_heard("slow")).cut();
  stage().wait(client);
  EXPECT_EQ(client.answers().back().error_code(), wire::kErLostConnection);
  EXPECT_EQ(told(EventId::kFrailStatement), 0U);
}

TEST_F(RunTest, AStatementThatCostTwoServersIsNotTriedOnASecondOneForAWhile) {
  options_.replicas = 3;
  start();
  TestClient& client = stage().log_in();
  for (const std::size_t slot : {1U, 2U, 3U}) stage().server(slot).on("SELECT deadly", reply::silence());
  client.send(query("SELECT deadly FROM t WHERE id=1"));
  for (int lost = 0; lost < 2; ++lost) {
    ASSERT_TRUE(stage().run_until([&] { return who_heard("deadly") < 4; }));
    ResponderFake& server = stage().server(who_heard("deadly"));
    server.forget_heard();
    server.cut();
  }
  stage().wait(client);
  EXPECT_EQ(client.answers().back().error_code(), wire::kErLostConnection);
  EXPECT_EQ(told(EventId::kFrailStatement), 1U);
  lose(client, "SELECT deadly FROM t WHERE id=2");
  EXPECT_EQ(client.answers().back().error_code(), wire::kErLostConnection) << "the same shape";
  EXPECT_EQ(times_sent("id=2"), 1U);
  lose(client, "SELECT harmless FROM t");
  EXPECT_EQ(shown(client.answers().back()), "rows 7");
}

TEST_F(RunTest, AWriteWhoseServerDiesHasAnUnknownOutcomeAndIsNotSentAgain) {
  options_.replicas = 1;
  start();
  TestClient& client = stage().log_in();
  lose(client, "INSERT INTO t VALUES (1)");
  const Answer& answer = client.answers().back();
  EXPECT_EQ(answer.error_code(), wire::kErLostConnection);
  EXPECT_NE(answer.message().find("db1"), std::string::npos) << answer.message();
  EXPECT_EQ(times_sent("INSERT"), 1U);
  EXPECT_EQ(stage().counters().lost_errors.get(), 1U);
  EXPECT_EQ(stage().counted().statements.find(0)->lost.get(), 1U);
  EXPECT_EQ(stage().failed_servers, std::vector<upstream::ServerSlot>{0});
  EXPECT_EQ(ask(client, "SELECT 1"), "ok");
}

TEST_F(RunTest, ALostTransactionIsOverAndTheSessionGoesOn) {
  start();
  TestClient& client = stage().log_in();
  ask(client, "BEGIN");
  lose(client, "UPDATE t SET a=1");
  EXPECT_EQ(client.answers().back().error_code(), wire::kErLostConnection);
  const Answer next = stage().ask_query(client, "SELECT 1");
  EXPECT_TRUE(next.ok());
  EXPECT_FALSE(next.in_transaction());
}

TEST_F(RunTest, WhereStateIsLostTheSessionEndsWithTheError) {
  for (const char* pins : {"SET @a=1", "LOCK TABLES t WRITE", "CREATE TEMPORARY TABLE x (a INT)"}) {
    start();
    TestClient& client = stage().log_in();
    EXPECT_EQ(ask(client, pins), "ok");
    lose(client, "UPDATE t SET a=1");
    EXPECT_EQ(client.answers().back().error_code(), wire::kErLostConnection) << pins;
    EXPECT_TRUE(stage().wait_gone(client)) << pins;
    stage().finish();
  }
}

// --- a server refuses ------------------------------------------------------------------------------------------------

TEST_F(RunTest, WhatAReplicaRefusesAsReadOnlyRunsOnThePrimaryUnseen) {
  options_.replicas = 1;
  for (const std::uint16_t code : {std::uint16_t{1290}, std::uint16_t{1836}}) {
    start();
    TestClient& client = stage().log_in();
    stage().replica().on("SELECT", reply::error(code, kReadOnly));
    stage().primary().on("SELECT", reply::rows({{"8"}}));
    EXPECT_EQ(ask(client, "SELECT writes FROM a_view"), "rows 8");
    EXPECT_EQ(stage().counters().rerouted.get(), 1U);
    EXPECT_EQ(told(EventId::kStatementRerouted), 1U);
    EXPECT_EQ(told(EventId::kStatementRerouted, "server"), "db2");
    EXPECT_EQ(told(EventId::kStatementRerouted, "primary"), "db1");
    EXPECT_EQ(told(EventId::kStatementRerouted, "code"), std::to_string(code));
    EXPECT_EQ(told(EventId::kStatementRerouted, "shape"), "select writes from a_view");
    EXPECT_TRUE(stage().failed_servers.empty());
    stage().finish();
  }
}

TEST_F(RunTest, TheShapeOfARefusedStatementIsMadeOnlyAsOftenAsOneIsReported) {
  options_.replicas = 1;
  start();
  TestClient& client = stage().log_in();
  stage().replica().on("SELECT", reply::error(1290, kReadOnly));
  ask(client, "SELECT 1 FROM a_view");
  EXPECT_EQ(told(EventId::kStatementRerouted, "shape"), "select ? from a_view");
  ask(client, "SELECT 2 FROM another_view");
  EXPECT_EQ(told(EventId::kStatementRerouted), 2U);
  EXPECT_EQ(told(EventId::kStatementRerouted, "server"), "db2");
  EXPECT_EQ(told(EventId::kStatementRerouted, "shape"), "") << "of this event nobody will hear";
  stage().rest(1s);
  ask(client, "SELECT 3 FROM a_third");
  EXPECT_EQ(told(EventId::kStatementRerouted, "shape"), "select ? from a_third");
}

TEST_F(RunTest, APreparedStatementThatWasReroutedGoesToThePrimaryAtOnceAfterwards) {
  options_.replicas = 1;
  start();
  TestClient& client = stage().log_in();
  stage().ask(client, command(Command::kStmtPrepare, "SELECT writes FROM a_view"));
  stage().replica().on_command(Command::kStmtExecute, reply::error(1290, kReadOnly));
  EXPECT_EQ(shown(stage().ask(client, execute(1))), "ok");
  EXPECT_EQ(shown(stage().ask(client, execute(1))), "ok");
  EXPECT_EQ(stage().replica().count("\x17"), 1U);
  EXPECT_EQ(stage().primary().count("\x17"), 2U);
}

TEST_F(RunTest, OtherWordsUnderTheSameNumberAreTheClients) {
  options_.replicas = 1;
  start();
  TestClient& client = stage().log_in();
  stage().replica().on("SELECT",
                       reply::error(1290, "The MariaDB server is running with the --secure-file-priv option"));
  EXPECT_EQ(ask(client, "SELECT a FROM t"),
            "error 1290 The MariaDB server is running with the --secure-file-priv option");
  EXPECT_EQ(stage().primary().count("SELECT"), 0U);
}

TEST_F(RunTest, OnAReadAddressARefusalIsTheClients) {
  options_.replicas = 1;
  options_.route = config::ListenRoute::kRead;
  start();
  TestClient& client = stage().log_in();
  stage().replica().on("INSERT", reply::error(1290, kReadOnly));
  EXPECT_EQ(ask(client, "INSERT INTO t VALUES (1)"), std::string("error 1290 ") + kReadOnly);
  EXPECT_EQ(stage().primary().accepted(), 0U);
}

TEST_F(RunTest, AWriteThatADemotedPrimaryRefusesWaitsForTheNextOne) {
  options_.replicas = 1;
  start();
  TestClient& client = stage().log_in();
  stage().primary().on("INSERT", reply::error(1290, kReadOnly));
  client.send(query("INSERT INTO t VALUES (1)"));
  stage().rest(60ms);
  EXPECT_FALSE(client.answered());
  EXPECT_GE(stage().primary().count("INSERT"), 1U);
  stage().change_view([](upstream::mysql::View& view) { view.primary = 1; });
  stage().wait(client);
  EXPECT_EQ(shown(client.answers().back()), "ok");
  EXPECT_EQ(stage().replica().count("INSERT"), 1U);
}

TEST_F(RunTest, AWriteThatIsRefusedForTooLongIsTheServersError) {
  start();
  TestClient& client = stage().log_in();
  stage().primary().on("INSERT", reply::error(1290, kReadOnly));
  const TimePoint before = stage().loop().now();
  EXPECT_EQ(ask(client, "INSERT INTO t VALUES (1)"), std::string("error 1290 ") + kReadOnly);
  EXPECT_GE(stage().loop().now() - before, 200ms);
}

TEST_F(RunTest, WhatMayHaveRunInPartIsNotRunAgain) {
  start();
  TestClient& client = stage().log_in({.capabilities = kModernClient | wire::kClientMultiStatements});
  for (const char* sql : {"CALL p()", "INSERT INTO t VALUES (1); INSERT INTO t VALUES (2)"}) {
    stage().primary().on(sql, reply::error(1290, kReadOnly));
    EXPECT_EQ(ask(client, sql), std::string("error 1290 ") + kReadOnly);
    EXPECT_EQ(stage().primary().count(sql), 1U) << sql;
  }
}

TEST_F(RunTest, InsideATransactionARefusalIsTheClients) {
  start();
  TestClient& client = stage().log_in();
  ask(client, "BEGIN");
  stage().primary().on("INSERT", reply::error(1290, kReadOnly));
  EXPECT_EQ(ask(client, "INSERT INTO t VALUES (1)"), std::string("error 1290 ") + kReadOnly);
  EXPECT_EQ(stage().primary().count("INSERT"), 1U);
}

TEST_F(RunTest, AReadThatAServerInShutdownRefusesRunsElsewhere) {
  options_.replicas = 2;
  start();
  TestClient& client = stage().log_in();
  stage().replica(1).on("SELECT", reply::error(1053, "Server shutdown in progress"));
  stage().replica(2).on("SELECT", reply::rows({{"7"}}));
  for (int i = 0; i < 3; ++i) EXPECT_EQ(ask(client, "SELECT a FROM t"), "rows 7");
  EXPECT_GT(std::count(stage().failed_servers.begin(), stage().failed_servers.end(), 1U), 0);
  stage().primary().on("UPDATE", reply::error(1053, "Server shutdown in progress"));
  EXPECT_EQ(ask(client, "UPDATE t SET a=1"), "error 1053 Server shutdown in progress") << "a write may have run";
  EXPECT_EQ(stage().primary().count("UPDATE"), 1U);
}

// --- connections that ended between two statements -------------------------------------------------------------------

TEST_F(RunTest, AWriteOnASoftlyKeptConnectionWhoseEndHasArrivedRunsOnAnother) {
  start();
  TestClient& client = stage().log_in();
  stage().primary().on("INSERT", reply::ok({.affected_rows = 1, .insert_id = 7}));
  EXPECT_EQ(ask(client, "INSERT INTO t VALUES (1)"), "ok");
  EXPECT_EQ(stage().lent(0), 1U);
  stage().primary().cut();
  // In one turn: the end of the connection and the statement.
  EXPECT_EQ(ask(client, "INSERT INTO t VALUES (2)"), "ok");
  EXPECT_EQ(times_sent("VALUES (2)"), 1U);
  EXPECT_EQ(stage().primary().accepted(), 2U);
  EXPECT_EQ(stage().counters().lost_errors.get(), 0U);
}

TEST_F(RunTest, AWriteBehindAnOutageIsHeldUntilThePrimaryIsBack) {
  start();
  TestClient& client = stage().log_in();
  stage().primary().on("INSERT", reply::ok({.affected_rows = 1, .insert_id = 7}));
  ask(client, "INSERT INTO t VALUES (1)");
  stage().primary().on_login(wire::testing::packet(
      2, wire::encode_err({1053, "08S01", "Server shutdown in progress"}, upstream::mysql::kFakeCapabilities)));
  stage().primary().cut();
  client.send(query("INSERT INTO t VALUES (2)"));
  stage().rest(100ms);
  EXPECT_FALSE(client.answered());
  stage().primary().on_login(std::nullopt);
  stage().wait(client);
  EXPECT_EQ(shown(client.answers().back()), "ok");
  EXPECT_EQ(times_sent("VALUES (2)"), 1U);
}

TEST_F(RunTest, AQuestionWhoseAnswerBrokeWithItsConnectionIsToldSoOnce) {
  start();
  TestClient& client = stage().log_in();
  stage().primary().on("INSERT", reply::ok({.affected_rows = 1, .insert_id = 7}));
  for (const char* question : {"SELECT LAST_INSERT_ID()", "INSERT INTO t VALUES (LAST_INSERT_ID())"}) {
    ask(client, "INSERT INTO t VALUES (1)");
    stage().primary().cut();
    ASSERT_TRUE(stage().run_until([&] { return stage().lent(0) == 0; }));
    EXPECT_EQ(ask(client, "SELECT a FROM t"), "ok") << "what asks for nothing that is lost runs";
    EXPECT_TRUE(ask(client, question).starts_with("error 2013 ")) << question;
    EXPECT_EQ(times_sent(question), 0U) << question;
    EXPECT_FALSE(ask(client, question).starts_with("error")) << "and the session goes on";
    stage().primary().forget_heard();
  }
}

TEST_F(RunTest, AnIdThatWasMadeSinceTheLossIsKnown) {
  start();
  TestClient& client = stage().log_in();
  stage().primary().on("INSERT", reply::ok({.affected_rows = 1, .insert_id = 7}));
  ask(client, "INSERT INTO t VALUES (1)");
  stage().primary().cut();
  ASSERT_TRUE(stage().run_until([&] { return stage().lent(0) == 0; }));
  ask(client, "INSERT INTO t VALUES (2)");
  EXPECT_FALSE(ask(client, "SELECT LAST_INSERT_ID()").starts_with("error"));
}

TEST_F(RunTest, AConnectionWhoseServerRefusesAWriteIsAskedWhatItAloneKnows) {
  start();
  TestClient& client = stage().log_in();
  stage().primary().on("INSERT", reply::ok({.affected_rows = 1, .insert_id = 7}));
  stage().primary().on("UPDATE", reply::error(1290, kReadOnly), 1);
  stage().primary().on(kAsksAll, reply::rows({{"7", "1", "1"}}));
  ask(client, "INSERT INTO t VALUES (1)");
  EXPECT_EQ(ask(client, "UPDATE t SET a=1"), "ok") << "sent again when the primary takes it";
  EXPECT_EQ(times_sent(kAsksAll), 1U);
}

TEST_F(RunTest, AnErrorOfOurOwnFollowsTheRequestsLastPacket) {
  options_.change_defaults = [](upstream::mysql::SessionDefaults& defaults) {
    defaults.max_allowed_packet = std::size_t{64} << 20;
  };
  start();
  TestClient& client = stage().log_in();
  stage().change_view([](upstream::mysql::View& view) {
    view.servers[0].reachable = false;
    view.primary.reset();
  });
  const std::string large = "INSERT INTO t VALUES ('" + std::string(wire::kMaxPiece, 'x') + "')";
  stage().ask_query(client, large);
  EXPECT_EQ(client.answers().back().packets().at(0).sequence, 2U);
}

TEST_F(RunTest, AnIdleConnectionWhoseEndHasArrivedIsPassedOver) {
  start();
  TestClient& client = stage().log_in();
  ask(client, "SELECT 1");
  stage().primary().cut();
  EXPECT_EQ(ask(client, "INSERT INTO t VALUES (1)"), "ok");
  EXPECT_EQ(times_sent("INSERT"), 1U);
}

TEST_F(RunTest, AQuestionWhoseOnlyAnswerIsLostIsAnErrorAndIsNotAskedElsewhere) {
  options_.replicas = 1;
  options_.route = config::ListenRoute::kRead;
  start();
  TestClient& client = stage().log_in();
  stage().replica().on("SELECT 1/a", reply::rows({{"NULL"}}, 1));
  ask(client, "SELECT 1/a FROM t");
  lose(client, "SHOW WARNINGS");
  EXPECT_EQ(client.answers().back().error_code(), wire::kErLostConnection);
  EXPECT_EQ(times_sent("SHOW WARNINGS"), 1U);
  EXPECT_EQ(ask(client, "SELECT b FROM t"), "ok");
}

// --- in every way ----------------------------------------------------------------------------------------------------

TEST_F(RunTest, ReadsAndWritesInEveryWay) {
  for_every_step_and_leaf({{.replicas = 2}, [](Stage& stage) {
                             stage.primary().on("INSERT", reply::ok({.affected_rows = 1, .insert_id = 7}));
                             for (const std::size_t slot : {1U, 2U}) {
                               stage.server(slot).on("SELECT a", reply::rows({{"7"}}));
                             }
                             TestClient& client = stage.log_in();
                             for (const char* sql :
                                  {"SELECT a FROM t", "INSERT INTO t VALUES (1)", "SELECT LAST_INSERT_ID()", "BEGIN",
                                   "UPDATE t SET a=2", "COMMIT", "SELECT a FROM t"}) {
                               stage.ask_query(client, sql);
                             }
                             EXPECT_LE(stage.primary().count("UPDATE t"), once(stage));
                             EXPECT_LE(stage.primary().count("INTO t"), once(stage));
                             EXPECT_LE(stage.replica(1).count("SELECT a") + stage.replica(2).count("SELECT a"), 4U)
                                 << "each on two servers at most";
                           }});
}

}  // namespace
}  // namespace hf::service::mysql
