// Questions about the statement before, and what acts on it: where they are asked, what memory says, what is made
// again.
#include "service/mysql/answerable.h"

#include <gtest/gtest.h>

#include "service/mysql/session_words_fake.h"

namespace hf::service::mysql {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace): the stage is what these tests are written in

constexpr const char* kAsksAll = "SELECT LAST_INSERT_ID(),FOUND_ROWS(),ROW_COUNT()";

class AnswerableTest : public StageTest {};

TEST_F(AnswerableTest, AQuestionAboutWarningsGoesWhereTheyAre) {
  start();
  TestClient& client = stage().log_in();
  stage().primary().on("SELECT 1/a", reply::rows({{"NULL"}}, 1));
  ask(client, "SELECT 1/a FROM t");
  ask(stage().log_in(), "SELECT 2");  // on another connection
  stage().primary().on("SHOW WARNINGS", reply::rows({{"Warning", "1365", "Division by 0"}}));
  stage().primary().forget_heard();
  EXPECT_EQ(ask(client, "SHOW WARNINGS"), "rows Warning");
  EXPECT_EQ(shown(stage().primary()), "SHOW WARNINGS");
  EXPECT_EQ(stage().primary().heard().back().thread_id, 101U);
  ask(client, "SELECT b FROM t");
  EXPECT_EQ(stage().lent(0), 0U) << "the next statement without warnings lets the connection go";
}

TEST_F(AnswerableTest, WarningsOfAConnectionThatWasGivenBackAreSaidFromMemory) {
  options_.places = 1;
  start();
  TestClient& client = stage().log_in();
  stage().primary().on("INSERT", reply::ok({.affected_rows = 3, .warnings = 2}));
  stage().primary().on(kAsksAll, reply::rows({{"0", "1", "3"}}));
  stage().primary().on("SHOW WARNINGS", reply::rows({{"Warning", "1265", "Data truncated for 'a'"},
                                                     {"Error", "1062", "It's a duplicate"}}));
  ask(client, "INSERT INTO t VALUES (1)");
  ask(stage().log_in({.user = "other"}), "SELECT 1");  // waits for the place
  stage().primary().forget_heard();
  stage().primary().on("SHOW WARNINGS", reply::rows({{"Error", "1062", "only the last can be signalled"}}));
  EXPECT_EQ(ask(client, "SHOW WARNINGS"), "rows Warning Error");
  EXPECT_TRUE(stage().primary().heard("SIGNAL SQLSTATE '23000' SET MYSQL_ERRNO=1062"))
      << "for questions that memory does not answer";
}

TEST_F(AnswerableTest, WhatTheClientWasToldInThePlaceOfAServersErrorIsInTheListOfWarnings) {
  options_.replicas = 1;
  start();
  TestClient& client = stage().log_in();
  stage().replica().on("START TRANSACTION", reply::ok({.status = wire::kStatusAutocommit | wire::kStatusInTransaction |
                                                                 wire::kStatusInTransactionReadOnly}));
  stage().replica().on(
      "INSERT",
      reply::error(1290,
                   "The MariaDB server is running with the --read-only option so it cannot execute this statement"));
  stage().replica().on("SHOW WARNINGS", reply::rows({{"Error", "1290", "of the replica"}}));
  ask(client, "START TRANSACTION READ ONLY");
  EXPECT_EQ(ask(client, "INSERT INTO t VALUES (1)"), "error 1792 Cannot execute statement in a READ ONLY transaction");
  ask(client, "SHOW WARNINGS");
  const std::string told = client.answers().back().bytes;
  EXPECT_NE(told.find("1792"), std::string::npos);
  EXPECT_EQ(told.find("1290"), std::string::npos);
}

TEST_F(AnswerableTest, AnErrorOfOurOwnIsInTheListOfWarnings) {
  start();
  TestClient& client = stage().log_in();
  ask(client, "INSERT INTO t VALUES (1)");
  stage().primary().on("SHOW WARNINGS", reply::rows({{"Note", "1", "a server knows nothing of it"}}));
  stage().primary().on("SELECT ROW_COUNT()", reply::rows({{"0"}}));
  EXPECT_EQ(stage().ask(client, std::string("\x17\x09\0\0\0\0\1\0\0\0", 10)).error_code(), 1243U)
      << "a statement that was never prepared";
  EXPECT_EQ(ask(client, "SHOW WARNINGS"), "rows Error");
  EXPECT_EQ(ask(client, "SELECT ROW_COUNT()"), "rows -1");
  stage().primary().on("DELETE", reply::ok({.status = wire::kStatusAutocommit, .warnings = 1}));
  ask(client, "DELETE FROM t");
  EXPECT_EQ(ask(client, "SHOW WARNINGS"), "rows Note") << "another statement has left its own";
}

TEST_F(AnswerableTest, AStatementWithoutAListOfItsOwnLeavesTheListBehindItSayable) {
  options_.replicas = 1;
  start();
  TestClient& client = stage().log_in();
  stage().replica().on("SELECT * FROM nosuch", reply::error(1146, "no such table"));
  ask(client, "SELECT * FROM nosuch");
  stage().replica().on("SHOW WARNINGS", reply::rows({{"Error", "1146", "no such table"}}));
  stage().primary().on("SHOW WARNINGS", reply::rows({{"Note", "1", "there was none here"}}));
  EXPECT_EQ(ask(client, "BEGIN"), "ok");
  EXPECT_EQ(ask(client, "SHOW WARNINGS"), "rows Error");
}

TEST_F(AnswerableTest, RowCountOfAConnectionThatWasGivenBackIsAnsweredFromMemory) {
  options_.places = 1;
  start();
  TestClient& client = stage().log_in();
  stage().primary().on("INSERT", reply::ok({.affected_rows = 3}));
  stage().primary().on(kAsksAll, reply::rows({{"0", "1", "3"}}));
  stage().primary().on("SELECT ROW_COUNT()", reply::rows({{"-1"}}));
  ask(client, "INSERT INTO t VALUES (1),(2),(3)");
  ask(stage().log_in({.user = "other"}), "SELECT 1");
  EXPECT_EQ(ask(client, "SELECT ROW_COUNT()"), "rows 3") << "whatever the server says";
  EXPECT_EQ(ask(client, "SELECT ROW_COUNT()"), "rows -1") << "and the question was a SELECT";
}

TEST_F(AnswerableTest, ASelectWithoutATableLeavesNoRowCountToRemember) {
  options_.places = 1;
  start();
  TestClient& client = stage().log_in();
  stage().primary().on("INSERT", reply::ok({.affected_rows = 3}));
  stage().primary().on(kAsksAll, reply::rows({{"0", "1", "3"}}));
  for (const char* sql : {"SELECT ROW_COUNT()", "SELECT 1"}) stage().primary().on(sql, reply::rows({{"-1"}}));
  ask(client, "INSERT INTO t VALUES (1),(2),(3)");
  ask(stage().log_in({.user = "other"}), "SELECT 2");
  ask(client, "SELECT 1");
  EXPECT_EQ(ask(client, "SELECT ROW_COUNT()"), "rows -1");
}

TEST_F(AnswerableTest, FoundRowsIsMadeAgainOnAnotherConnection) {
  options_.replicas = 1;
  start();
  TestClient& client = stage().log_in();
  stage().replica().on("SELECT a", reply::rows({{"1"}, {"2"}, {"3"}}));
  stage().primary().on("SELECT FOUND_ROWS()", reply::rows({{"3"}}));
  ask(client, "SELECT a FROM t");
  EXPECT_EQ(stage().lent(1), 0U) << "three rows were sent: nothing is kept for that";
  EXPECT_EQ(ask(client, "SELECT FOUND_ROWS()"), "rows 3");
  EXPECT_TRUE(stage().primary().heard("SELECT SQL_CALC_FOUND_ROWS 1 FROM (")) << shown(stage().primary());
  EXPECT_TRUE(stage().primary().heard("LIMIT 3) counted"));
}

TEST_F(AnswerableTest, FoundRowsIsMadeAgainForAPinnedSessionWithoutLosingItsRowCount) {
  options_.replicas = 1;
  start();
  TestClient& client = stage().log_in();
  stage().replica().on("SELECT a", reply::rows({{"1"}, {"2"}, {"3"}}));
  stage().primary().on(kAsksAll, reply::rows({{"0", "1", "0"}}));
  ask(client, "SELECT a FROM t");
  ask(client, "CREATE TEMPORARY TABLE x (a INT)");
  stage().primary().forget_heard();
  ask(client, "SELECT FOUND_ROWS() + 1, ROW_COUNT()");
  const std::string all = shown(stage().primary());
  const std::size_t counted = all.find("LIMIT 3) counted");
  ASSERT_NE(counted, std::string::npos) << all;
  EXPECT_NE(all.find("SET tracking", counted), std::string::npos) << all << ": 0 rows, as behind the CREATE";
}

TEST_F(AnswerableTest, WarningsOfAReplicaAreMadeAgainOnThePrimaryBeforeAStatementThatPins) {
  options_.replicas = 1;
  start();
  TestClient& client = stage().log_in();
  for (const std::size_t slot : {0U, 1U}) stage().server(slot).on("SELECT 1/a", reply::rows({{"NULL"}}, 1));
  ask(client, "SELECT 1/a FROM t");
  EXPECT_EQ(ask(client, "SELECT @n := @@warning_count"), "ok");
  const std::string primary = shown(stage().primary());
  EXPECT_TRUE(primary.ends_with("SELECT 1/a FROM t | SELECT @n := @@warning_count")) << primary;
  EXPECT_EQ(stage().replica().count("@n"), 0U);
}

TEST_F(AnswerableTest, AWriteThatReadsFoundRowsRunsWhereTheyAreMadeAgain) {
  options_.replicas = 1;
  start();
  TestClient& client = stage().log_in();
  stage().replica().on("SELECT SQL_CALC", reply::rows({{"1"}}));
  stage().replica().on(kAsksAll, reply::rows({{"0", "3", "-1"}}));
  ask(client, "SELECT SQL_CALC_FOUND_ROWS a FROM t LIMIT 1");
  EXPECT_EQ(ask(client, "INSERT INTO t VALUES (FOUND_ROWS())"), "ok");
  const std::string primary = shown(stage().primary());
  const std::size_t counted = primary.find("LIMIT 3) counted");
  ASSERT_NE(counted, std::string::npos) << primary;
  EXPECT_TRUE(primary.ends_with("INSERT INTO t VALUES (FOUND_ROWS())")) << primary;
  EXPECT_EQ(primary.find("SET tracking", counted), std::string::npos)
      << "that would be the statement before: " << primary;
}

TEST_F(AnswerableTest, ATextThatAsksAboutAStatementOfItsOwnIsSentAsItIs) {
  start();
  TestClient& client = stage().log_in();
  ask(client, "SELECT 1");
  stage().primary().forget_heard();
  ask(client, "UPDATE t SET a = 1; SELECT ROW_COUNT()");
  EXPECT_EQ(stage().primary().texts(), std::vector<std::string>{"UPDATE t SET a = 1; SELECT ROW_COUNT()"});
}

TEST_F(AnswerableTest, AWriteThatReadsACountOfChangedRowsOfAnotherConnectionIsRefused) {
  options_.places = 1;
  start();
  TestClient& client = stage().log_in();
  stage().primary().on("UPDATE", reply::ok({.affected_rows = 3}));
  stage().primary().on(kAsksAll, reply::rows({{"0", "1", "3"}}));
  ask(client, "UPDATE t SET a = 1");
  EXPECT_EQ(ask(client, "INSERT INTO t VALUES (ROW_COUNT())"), "ok") << "where the UPDATE ran";
  ask(client, "UPDATE t SET a = 1");
  ask(stage().log_in({.user = "other"}), "SELECT 1");
  stage().primary().forget_heard();
  EXPECT_EQ(ask(client, "INSERT INTO t VALUES (ROW_COUNT())"),
            "error 1105 what the statement before has counted is not known where this one would run");
  EXPECT_FALSE(stage().primary().heard("INTO t"));
  EXPECT_EQ(ask(client, "INSERT INTO t VALUES (1)"), "ok");
}

TEST_F(AnswerableTest, QuestionsInEveryWay) {
  for_every_step_and_leaf({{.replicas = 1, .places = 1}, [](Stage& stage) {
                             stage.primary().on("INSERT", reply::ok({.affected_rows = 3, .warnings = 1}));
                             stage.primary().on(kAsksAll, reply::rows({{"0", "1", "3"}}));
                             stage.primary().on("SHOW WARNINGS", reply::rows({{"Warning", "1265", "Data truncated"}}));
                             stage.primary().on("SELECT ROW_COUNT()", reply::rows({{"-1"}}));
                             stage.replica().on("SELECT 1/a", reply::rows({{"NULL"}}, 1));
                             TestClient& client = stage.log_in();
                             TestClient& other = stage.log_in({.user = "other"});
                             stage.ask_query(client, "INSERT INTO t VALUES (1)");
                             stage.ask_query(other, "DELETE FROM t");
                             for (const char* sql :
                                  {"SHOW WARNINGS", "SELECT ROW_COUNT()", "SELECT FOUND_ROWS()", "SELECT 1/a FROM t",
                                   "INSERT INTO t VALUES (FOUND_ROWS())", "SELECT @n := @@warning_count"}) {
                               stage.ask_query(client, sql);
                             }
                             EXPECT_LE(stage.primary().count("DELETE"), once(stage));
                           }});
}

}  // namespace
}  // namespace hf::service::mysql
