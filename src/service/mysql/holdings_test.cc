// The connection that a session keeps: what it is asked before it goes, what is taken away before anybody else has it,
// and what its end means.
#include "service/mysql/holdings.h"

#include <gtest/gtest.h>

#include "service/mysql/session_words_fake.h"

namespace hf::service::mysql {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace): the stage is what these tests are written in

constexpr const char* kAsksAll = "SELECT LAST_INSERT_ID(),FOUND_ROWS(),ROW_COUNT()";

class HoldingsTest : public SettledStageTest {
 protected:
  /// Somebody of another account waits for the only place there is.
  std::string make_wait() { return ask(stage().log_in({.user = "other"}), "SELECT 1"); }
};

// --- giving back -----------------------------------------------------------------------------------------------------

TEST_F(HoldingsTest, WhatASessionLeavesIsTakenAwayBeforeAnybodyElseHasTheConnection) {
  start();
  TestClient& client = stage().log_in({.schema = "shop"});
  ask(client, "SET @a=1");
  server().forget_heard();
  client.leave();
  ASSERT_TRUE(stage().run_until([&] { return stage().idle(0) == 1; }));
  const std::string reset = shown_now(server());
  EXPECT_TRUE(reset.starts_with("reset | SET tracking,@@session.autocommit='ON',")) << reset;
  EXPECT_TRUE(reset.ends_with(" | SELECT 1 FROM (SELECT 1) counted LIMIT 1")) << reset;
  TestClient& next = stage().log_in({.schema = "shop"});
  ask(next, "SELECT 2");
  EXPECT_EQ(server().accepted(), 1U) << "it is as good as new";
}

TEST_F(HoldingsTest, NobodyGetsAConnectionWhoseResetIsNotThroughOrHasFailed) {
  start();
  server().on_command(Command::kResetConnection, reply::silence(), 1);
  TestClient& client = stage().log_in();
  ask(client, "SET @a=1");
  client.leave();
  stage().rest(20ms);
  EXPECT_EQ(stage().idle(0), 0U);
  ask(stage().log_in(), "SELECT 1");
  EXPECT_EQ(server().accepted(), 2U) << "another one was made meanwhile";
  EXPECT_TRUE(stage().run_until([&] { return server().open() == 1; })) << "and the first is given up in time";
  server().on_command(Command::kResetConnection, reply::error(1227, "no"));
  TestClient& second = stage().log_in();
  ask(second, "SET @a=1");
  second.leave();
  EXPECT_TRUE(stage().run_until([&] { return server().open() == 0; }));
}

TEST_F(HoldingsTest, WhatAResetWouldNotTakeAwayClosesTheConnection) {
  for (const char* sql : {"XA START 'x'", "SET ROLE r", "SET profiling=1"}) {
    start();
    server().on("SET profiling", reply::ok({}, changes({variable("profiling", "ON")})));
    TestClient& client = stage().log_in();
    ask(client, sql);
    client.leave();
    EXPECT_TRUE(stage().run_until([&] { return server().open() == 0; })) << sql;
    EXPECT_FALSE(server().heard("\x1f")) << sql;
    stage().finish();
  }
}

TEST_F(HoldingsTest, AnAccountWithLimitsAndServersWithInitConnectHaveNoResets) {
  for (const bool limited : {true, false}) {
    upstream::mysql::Account account;
    account.id = 1;
    account.user = "app";
    account.password = "secret";
    account.limited = limited;
    options_.accounts = {account};
    options_.change_defaults = [limited](upstream::mysql::SessionDefaults& defaults) {
      defaults.init_connect = limited ? "" : "SET @b=1";
    };
    start();
    TestClient& client = stage().log_in();
    ask(client, "SET @a=1");
    client.leave();
    ASSERT_TRUE(stage().run_until([&] { return stage().sessions() == 0 && stage().lent(0) == 0; }));
    EXPECT_FALSE(server().heard("\x1f")) << limited;
    EXPECT_EQ(stage().idle(0), 0U) << limited;
    stage().finish();
  }
}

TEST_F(HoldingsTest, ATransactionOfAClientThatLeavesIsRolledBackByTheReset) {
  start();
  TestClient& client = stage().log_in();
  ask(client, "BEGIN");
  ask(client, "UPDATE t SET a=1");
  client.leave();
  EXPECT_TRUE(stage().run_until([&] { return server().heard("\x1f") && stage().idle(0) == 1; }));
  EXPECT_FALSE(server().heard("COMMIT"));
}

TEST_F(HoldingsTest, AConnectionThatSaysGoodbyeIsNotCountedAsLost) {
  start();
  TestClient& client = stage().log_in();
  ask(client, "SELECT 1");
  stage().finish();
  EXPECT_TRUE(server().heard("\x01"));
}

// --- what only the connection knows ----------------------------------------------------------------------------------

TEST_F(HoldingsTest, BeforeAConnectionGoesItIsAskedWhatOnlyItKnows) {
  options_.places = 1;
  start();
  server().on("INSERT", reply::ok({.affected_rows = 2, .insert_id = 7, .warnings = 1}));
  server().on(kAsksAll, reply::rows({{"7", "11", "2"}}));
  server().on("SELECT @@warning_count", reply::rows({{"4", "1"}}));
  server().on("SHOW WARNINGS", reply::rows({{"Note", "1051", "Unknown table"},
                                            {"Warning", "1265", "Data truncated"},
                                            {"Error", "1062", "Duplicate"}}));
  TestClient& client = stage().log_in();
  ask(client, "INSERT INTO t VALUES (NULL),(NULL)");
  server().forget_heard();
  EXPECT_EQ(make_wait(), "ok");
  EXPECT_TRUE(shown(server()).starts_with(
      std::string(kAsksAll) + " LIMIT 1 | SELECT @@warning_count,@@error_count LIMIT 1 | SHOW WARNINGS LIMIT 65535 | "))
      << shown(server());
  EXPECT_EQ(kept(client).held, nullptr);
  EXPECT_EQ(session(client).facts().insert_id.value, 7U);
  EXPECT_TRUE(session(client).facts().insert_id.known());
  EXPECT_EQ(kept(client).last.row_count, 2);
  ASSERT_TRUE(kept(client).last.list.has_value());
  const policy::session::ConditionList& list = *kept(client).last.list;
  ASSERT_EQ(list.conditions.size(), 3U);
  EXPECT_EQ(list.conditions[2], (policy::session::Condition{"Error", "1062", "Duplicate"}));
  EXPECT_EQ(list.warnings, 4U) << "more than the list is long";
  EXPECT_EQ(list.errors, 1U);
}

TEST_F(HoldingsTest, WhoeverGetsItNextFindsItsOwnInsertId) {
  options_.places = 1;
  start();
  server().on("INSERT", reply::ok({.affected_rows = 1, .insert_id = 7}));
  server().on(kAsksAll, reply::rows({{"7", "1", "1"}}));
  TestClient& first = stage().log_in();
  TestClient& second = stage().log_in();
  ask(first, "INSERT INTO t VALUES (1)");
  for (const char* id : {"0", "7", "7"}) {
    server().forget_heard();
    TestClient& next = session(first).kept().held != nullptr ? second : first;
    EXPECT_EQ(ask(next, "INSERT INTO t VALUES (2)"), "ok");
    EXPECT_EQ(shown(server()),
              std::string(kAsksAll) + ",LAST_INSERT_ID(" + id + ") LIMIT 1 | INSERT INTO t VALUES (2)");
  }
}

TEST_F(HoldingsTest, WhatASessionLeavesOfItsInsertIdNobodyElseSees) {
  start();
  server().on("INSERT", reply::ok({.affected_rows = 1, .insert_id = 7}));
  TestClient& first = stage().log_in();
  ask(first, "INSERT INTO t VALUES (1)");
  first.leave();
  ASSERT_TRUE(stage().run_until([&] { return stage().idle(0) == 1; }));
  server().forget_heard();
  TestClient& second = stage().log_in();
  EXPECT_EQ(ask(second, "SELECT a FROM v"), "ok");
  EXPECT_EQ(shown(server()), "SET @@session.last_insert_id=0 | SELECT a FROM v");
  server().forget_heard();
  EXPECT_EQ(ask(second, "SELECT b FROM v"), "ok");
  EXPECT_EQ(shown(server()), "SELECT b FROM v");
}

TEST_F(HoldingsTest, WithoutAListThereIsNoQuestionForOne) {
  options_.places = 1;
  start();
  server().on("INSERT", reply::ok({.affected_rows = 1, .insert_id = 7}));
  server().on(kAsksAll, reply::rows({{"7", "1", "1"}}));
  TestClient& client = stage().log_in();
  ask(client, "INSERT INTO t VALUES (NULL)");
  make_wait();
  EXPECT_FALSE(server().heard("SHOW WARNINGS"));
  EXPECT_FALSE(kept(client).last.list.has_value());
}

TEST_F(HoldingsTest, WhatIsRememberedIsForgottenByTheNextStatement) {
  options_.places = 1;
  start();
  server().on("INSERT", reply::ok({.affected_rows = 2, .warnings = 1}));
  server().on(kAsksAll, reply::rows({{"0", "1", "2"}}));
  server().on("SHOW WARNINGS", reply::rows({{"Warning", "1265", "Data truncated"}}));
  TestClient& client = stage().log_in();
  ask(client, "INSERT INTO t VALUES (1),(2)");
  make_wait();
  ASSERT_TRUE(kept(client).last.row_count.has_value());
  ask(client, "DELETE FROM t WHERE 0");
  EXPECT_FALSE(kept(client).last.row_count.has_value());
  EXPECT_FALSE(kept(client).last.list.has_value());
}

TEST_F(HoldingsTest, AConnectionThatDoesNotAnswerIsClosedAndWhoeverWaitsGetsItsPlace) {
  options_.places = 1;
  for (const bool refuses : {true, false}) {
    start();
    server().on("INSERT", reply::ok({.affected_rows = 1, .insert_id = 7}));
    server().on(kAsksAll, refuses ? reply::error(1053, "Server shutdown in progress") : reply::rows({{"7"}}));
    TestClient& client = stage().log_in();
    ask(client, "INSERT INTO t VALUES (NULL)");
    EXPECT_EQ(make_wait(), "ok");
    EXPECT_EQ(server().accepted(), 2U);
    EXPECT_EQ(ask(client, "SELECT 1"), "ok") << "the session goes on";
    stage().finish();
  }
}

TEST_F(HoldingsTest, ASessionInTheMiddleOfACommandGivesNothingBack) {
  options_.places = 1;
  start();
  server().on("INSERT", reply::ok({.affected_rows = 1, .insert_id = 7}));
  server().on(kAsksAll, reply::rows({{"7", "1", "1"}}));
  TestClient& client = stage().log_in();
  ask(client, "INSERT INTO t VALUES (NULL)");
  client.send_bytes(ByteView("\x09\0\0", 3));  // a command has begun to come
  stage().turn(3);
  TestClient& other = stage().log_in({.user = "other"});
  other.send(query("SELECT 1"));
  stage().rest(60ms);
  EXPECT_NE(kept(client).held, nullptr);
  client.leave();
  stage().wait(other);
  EXPECT_EQ(shown(other.answers().back()), "ok");
}

// --- another connection ----------------------------------------------------------------------------------------------

TEST_F(HoldingsTest, KeepingAnotherConnectionReleasesTheOneBefore) {
  options_.replicas = 1;
  options_.route = config::ListenRoute::kSplit;
  start();
  stage().primary().on("INSERT", reply::ok({.affected_rows = 1, .insert_id = 7}));
  stage().primary().on(kAsksAll, reply::rows({{"7", "1", "1"}}));
  stage().replica().on("SELECT 1/a", reply::rows({{"NULL"}}, 1));
  TestClient& client = stage().log_in();
  ask(client, "INSERT INTO t VALUES (NULL)");
  ask(client, "SELECT 1/a FROM t");
  ASSERT_NE(kept(client).held, nullptr);
  EXPECT_EQ(kept(client).held->slot, 1U) << "where the warnings are";
  EXPECT_EQ(session(client).facts().insert_id.value, 7U);
  EXPECT_TRUE(stage().run_until([&] { return stage().lent(0) == 0; }));
}

// --- its end ---------------------------------------------------------------------------------------------------------

TEST_F(HoldingsTest, TheEndOfAConnectionThatASessionCannotDoWithoutIsTheSessionsAtOnce) {
  for (const char* ties : {"BEGIN", "SET @a=1", "LOCK TABLES t WRITE"}) {
    start();
    TestClient& client = stage().log_in();
    ask(client, ties);
    server().cut();
    EXPECT_TRUE(stage().wait_gone(client)) << ties << ": without a statement of its own";
    EXPECT_TRUE(stage().run_until([&] { return stage().sessions() == 0; }));
    EXPECT_EQ(stage().pinned(), 0U);
    stage().finish();
  }
}

TEST_F(HoldingsTest, TheEndOfAConnectionKeptForConvenienceIsNoticedByNobody) {
  start();
  server().on("INSERT", reply::ok({.affected_rows = 1, .insert_id = 7}));
  TestClient& client = stage().log_in();
  ask(client, "INSERT INTO t VALUES (NULL)");
  server().cut();
  stage().rest(20ms);
  EXPECT_FALSE(client.gone());
  EXPECT_EQ(kept(client).held, nullptr);
  EXPECT_EQ(shown(stage().ask(client, command(Command::kPing))), "ok");
  EXPECT_EQ(ask(client, "SELECT 1"), "ok");
}

TEST_F(HoldingsTest, AServerThatIsFoundDeadTakesWhatIsKeptThereAndItsClientsHearOfItAtOnce) {
  options_.replicas = 1;
  start();
  TestClient& transaction = stage().log_in();
  TestClient& pinned = stage().log_in();
  TestClient& free = stage().log_in();
  ask(transaction, "BEGIN");
  ask(pinned, "SET @a=1");
  ask(free, "SELECT 1");
  stage().change_view([](upstream::mysql::View& view) {
    view.servers[0].reachable = false;
    view.servers[0].reason = "no answer";
    view.primary.reset();
  });
  EXPECT_TRUE(stage().run_until([&] { return stage().primary().open() == 0; }));
  EXPECT_TRUE(stage().wait_gone(transaction));
  EXPECT_TRUE(stage().wait_gone(pinned));
  EXPECT_EQ(ask(free, "SELECT 2"), "ok");
}

// --- in every way ----------------------------------------------------------------------------------------------------

TEST_F(HoldingsTest, KeepingAndGivingBackInEveryWay) {
  for_every_step_and_leaf({{.replicas = 1, .places = 1}, [](Stage& stage) {
                             stage.primary().on("INSERT",
                                                reply::ok({.affected_rows = 1, .insert_id = 7, .warnings = 1}));
                             stage.primary().on(kAsksAll, reply::rows({{"7", "1", "1"}}));
                             stage.primary().on("SHOW WARNINGS", reply::rows({{"Warning", "1265", "Data truncated"}}));
                             stage.replica().on("SELECT 1/a", reply::rows({{"NULL"}}, 1));
                             TestClient& client = stage.log_in();
                             TestClient& other = stage.log_in({.user = "other"});
                             stage.ask_query(client, "INSERT INTO t VALUES (NULL)");
                             stage.ask_query(client, "SELECT 1/a FROM t");
                             stage.ask_query(other, "SET @a=1");
                             other.leave();
                             stage.rest(20ms);
                             stage.ask_query(client, "INSERT INTO u VALUES (NULL)");
                             EXPECT_LE(stage.primary().count("INTO t"), once(stage));
                             EXPECT_LE(stage.primary().count("INTO u"), once(stage));
                           }});
}

}  // namespace
}  // namespace hf::service::mysql
