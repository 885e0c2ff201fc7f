// What a complete reply leaves behind: ties, pins, what has to be asked for, what is repeated on the primary, and what
// ends.
#include "service/mysql/settle.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "service/mysql/session_words_fake.h"

namespace hf::service::mysql {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace): the stage is what these tests are written in
using policy::session::PinReason;

constexpr const char* kAsksAll = "SELECT LAST_INSERT_ID(),FOUND_ROWS(),ROW_COUNT()";

class SettleTest : public SettledStageTest {};

// --- ties and pins ---------------------------------------------------------------------------------------------------

TEST_F(SettleTest, AReadLeavesNothing) {
  start();
  TestClient& client = stage().log_in();
  server().on("SELECT a", reply::rows({{"7"}}));
  ask(client, "SELECT a FROM t");
  EXPECT_EQ(kept(client).held, nullptr);
  EXPECT_EQ(stage().idle(0), 1U);
}

TEST_F(SettleTest, ATransactionKeepsItsConnectionToItsEnd) {
  start();
  TestClient& client = stage().log_in();
  for (const char* end : {"COMMIT", "ROLLBACK"}) {
    ask(client, "BEGIN");
    EXPECT_TRUE(kept(client).hard()) << end;
    ask(client, "SELECT 1");
    EXPECT_TRUE(kept(client).hard());
    EXPECT_EQ(stage().pinned(), 0U) << "that is no pin";
    ask(client, end);
    EXPECT_EQ(kept(client).held, nullptr) << end;
  }
  EXPECT_EQ(server().accepted(), 1U);
}

struct Pinned {
  const char* sql;
  PinReason reason;
};

TEST_F(SettleTest, WhatNobodyCanRestorePinsWithItsReasonUntilAReset) {
  for (const Pinned& each : std::vector<Pinned>{{"SET @a=1", PinReason::kUserVariable},
                                                {"SELECT @a:=1", PinReason::kUserVariable},
                                                {"CREATE TEMPORARY TABLE x (a INT)", PinReason::kTemporaryTable},
                                                {"SELECT GET_LOCK('a',1)", PinReason::kUserLock},
                                                {"PREPARE s FROM 'SELECT 1'", PinReason::kPreparedText},
                                                {"HANDLER t OPEN", PinReason::kHandler},
                                                {"SELECT CONNECTION_ID()", PinReason::kConnectionId},
                                                {"SELECT NEXTVAL(s)", PinReason::kSequence},
                                                {"CALL p()", PinReason::kUnknownState},
                                                {"XA START 'x'", PinReason::kXa}}) {
    start();
    TestClient& client = stage().log_in();
    ask(client, each.sql);
    ASSERT_NE(kept(client).held, nullptr) << each.sql;
    EXPECT_TRUE(kept(client).hard()) << each.sql;
    EXPECT_EQ(kept(client).pin, each.reason) << each.sql;
    EXPECT_FALSE(kept(client).pinned_by.empty());
    EXPECT_EQ(stage().pinned(), 1U);
    ask(client, "SELECT CONNECTION_ID()");
    EXPECT_EQ(kept(client).pin, each.reason) << "the first reason stays";
    EXPECT_EQ(shown(stage().ask(client, command(Command::kResetConnection))), "ok");
    EXPECT_EQ(kept(client).held, nullptr) << each.sql;
    EXPECT_EQ(kept(client).pin, PinReason::kNone);
    EXPECT_EQ(stage().pinned(), 0U);
    stage().finish();
  }
}

TEST_F(SettleTest, AStatementThatPinsIsRememberedByItsShapeWithoutItsValues) {
  start();
  TestClient& client = stage().log_in();
  ask(client, "SET @secret='4711'");
  EXPECT_EQ(kept(client).pinned_by.find("4711"), std::string::npos) << kept(client).pinned_by;
  EXPECT_NE(kept(client).pinned_by.find("@secret"), std::string::npos) << kept(client).pinned_by;
}

TEST_F(SettleTest, AChangeWithoutANamePins) {
  start();
  TestClient& client = stage().log_in();
  server().on("INSERT", reply::ok({.affected_rows = 1}, changes({something()})));
  ask(client, "INSERT INTO a_view VALUES (1)");
  EXPECT_EQ(kept(client).pin, PinReason::kUnnamedChange);
}

TEST_F(SettleTest, AProcedureThatIsNotThereHasDoneNothing) {
  start();
  server().on("CALL", reply::error(1305, "PROCEDURE shop.gone does not exist"));
  for (const char* text : {"CALL shop.gone(1)", "CALL `shop` . `gone`", "CALL shop.gone(there());"}) {
    TestClient& client = stage().log_in();
    ask(client, text);
    EXPECT_EQ(kept(client).pin, PinReason::kNone) << text;
  }
  for (const char* text : {"CALL shop.there(1)", "CALL stock.gone(1)", "CALL /* shop.gone */ stock.gone(1)",
                           "CALL shop.gone.gone()", "CALL gone(1)"}) {
    TestClient& client = stage().log_in();
    ask(client, text);
    EXPECT_EQ(kept(client).pin, PinReason::kUnknownState) << text << ": it has run, and called one that is not there";
  }
}

TEST_F(SettleTest, TableLocksAndSetTransactionHoldUntilTheyAreOver) {
  start();
  TestClient& client = stage().log_in();
  ask(client, "LOCK TABLES t WRITE");
  EXPECT_TRUE(kept(client).has(policy::session::tie::kTableLock));
  ask(client, "UNLOCK TABLES");
  EXPECT_EQ(kept(client).held, nullptr);
  ask(client, "SET TRANSACTION ISOLATION LEVEL SERIALIZABLE");
  EXPECT_TRUE(kept(client).has(policy::session::tie::kNextTransaction));
  ask(client, "UPDATE t SET a=1");
  EXPECT_EQ(kept(client).held, nullptr);
}

TEST_F(SettleTest, WhatThereIsToAskAboutIsKeptSoftly) {
  start();
  TestClient& client = stage().log_in();
  server().on("UPDATE rows", reply::ok({.affected_rows = 3}));
  server().on("UPDATE warned", reply::ok({.warnings = 1}));
  server().on("UPDATE bad", reply::error(1064, "bad"));
  server().on("INSERT", reply::ok({.affected_rows = 1, .insert_id = 7}));
  for (const char* sql :
       {"UPDATE rows SET a=1", "UPDATE warned SET a=1", "UPDATE bad", "INSERT INTO t VALUES (NULL)"}) {
    ask(client, sql);
    EXPECT_TRUE(kept(client).soft()) << sql;
    EXPECT_FALSE(kept(client).hard()) << sql;
  }
  ask(client, "UPDATE nothing SET a=1");
  EXPECT_TRUE(kept(client).has(policy::session::tie::kInsertId)) << "LAST_INSERT_ID() is still to be asked for";
  EXPECT_FALSE(kept(client).has(policy::session::tie::kDiagnostics));
}

TEST_F(SettleTest, WhereSomebodyWaitsNothingIsKeptForConvenience) {
  options_.places = 1;
  start();
  TestClient& client = stage().log_in();
  TestClient& other = stage().log_in({.user = "other"});
  server().on("INSERT", reply::silence());
  client.send(query("INSERT INTO t VALUES (NULL)"));
  ASSERT_TRUE(stage().run_until([&] { return server().heard("INSERT"); }));
  other.send(query("SELECT 1"));
  stage().turn(3);
  server().on(kAsksAll, reply::rows({{"7", "1", "1"}}));
  server().say(wire::testing::packet(
      1, wire::encode_ok({.affected_rows = 1, .insert_id = 7, .status = wire::kStatusAutocommit}, kModernClient)));
  stage().wait(client);
  stage().wait(other);
  EXPECT_EQ(kept(client).held, nullptr);
  EXPECT_EQ(facts(client).insert_id.value, 7U);
  EXPECT_TRUE(facts(client).insert_id.known());
}

TEST_F(SettleTest, ASessionIsIdleForAsLongAsItHasChosen) {
  start();
  server().on("SET wait_timeout", reply::ok({}, changes({variable("wait_timeout", "5")})));
  TestClient& client = stage().log_in();
  TestClient& other = stage().log_in();
  stage().rest(10s);
  EXPECT_EQ(ask(client, "SET wait_timeout=5"), "ok");
  stage().rest(4s);
  EXPECT_EQ(ask(client, "SELECT 1"), "ok");
  stage().rest(4s);
  EXPECT_FALSE(client.gone()) << "it was not idle for so long";
  EXPECT_TRUE(stage().wait_gone(client));
  EXPECT_EQ(ask(other, "SELECT 1"), "ok");
}

// --- reads that stray ------------------------------------------------------------------------------------------------

TEST_F(SettleTest, AnOpenTransactionGoesOnWhileNobodyKnowsThePrimary) {
  options_.replicas = 1;
  start();
  TestClient& client = stage().log_in();
  ask(client, "BEGIN");
  ASSERT_EQ(kept(client).held->slot, 0U);
  stage().change_view([](upstream::mysql::View& view) { view.primary.reset(); });
  EXPECT_EQ(ask(client, "UPDATE t SET a=1"), "ok");
  EXPECT_EQ(stage().primary().count("UPDATE"), 1U);
}

TEST_F(SettleTest, AReadThatLeavesSomethingNamelessOnAReplicaIsRepeatedOnThePrimary) {
  options_.replicas = 1;
  start();
  TestClient& client = stage().log_in();
  for (const std::size_t slot : {0U, 1U}) {
    stage().server(slot).on("SELECT a_view", [](const upstream::mysql::ServerTurn& turn) {
      wire::testing::ReplyWriter out = reply::writer(turn);
      const std::string state = changes({something()});
      out.column_count(1).definitions(1).rows(1);
      return out
          .raw(
              wire::encode_ok({.header = wire::kEofHeader,
                               .status = static_cast<wire::StatusFlags>(turn.status | wire::kStatusSessionStateChanged),
                               .session_state = state},
                              turn.capabilities))
          .bytes();
    });
  }
  EXPECT_EQ(ask(client, "SELECT a_view FROM v"), "rows 7") << "once";
  EXPECT_EQ(stage().replica().count("a_view"), 1U);
  EXPECT_EQ(stage().primary().count("a_view"), 1U);
  ASSERT_NE(kept(client).held, nullptr);
  EXPECT_EQ(kept(client).held->slot, 0U) << "where it can write";
  EXPECT_EQ(kept(client).pin, PinReason::kUnnamedChange);
  EXPECT_EQ(ask(client, "INSERT INTO t VALUES (1)"), "ok");
  EXPECT_EQ(stage().primary().count("INSERT"), 1U);
  EXPECT_TRUE(stage().run_until([&] { return stage().replica().heard("\x1f"); }))
      << "and the replica's connection is reset";
}

TEST_F(SettleTest, WithoutAPrimaryAReadThatStrayedStaysWhereItIsAndWritesAreRefusedByUs) {
  options_.replicas = 1;
  start();
  TestClient& client = stage().log_in();
  stage().change_view([](upstream::mysql::View& view) {
    view.primary.reset();
    view.no_primary_reason = "none";
  });
  stage().replica().on("SELECT a_view", reply::ok({}, changes({something()})));
  EXPECT_EQ(ask(client, "SELECT a_view FROM v"), "ok");
  ASSERT_TRUE(stage().run_until([&] { return kept(client).held != nullptr; })) << "one has been waited for";
  EXPECT_EQ(kept(client).held->slot, 1U);
  EXPECT_EQ(ask(client, "SELECT 1"), "ok");
  for (const bool known : {false, true}) {
    if (known) stage().change_view([](upstream::mysql::View& view) { view.primary = 0; });
    EXPECT_EQ(stage().ask_query(client, "INSERT INTO t VALUES (1)").error_code(), 1290U)
        << "whatever the account may do";
  }
  EXPECT_EQ(stage().replica().count("INSERT"), 0U);
  EXPECT_EQ(ask(client, "SELECT 2"), "ok") << "reads go on";
}

// --- ends ------------------------------------------------------------------------------------------------------------

TEST_F(SettleTest, AReleaseEndsTheSessionAsTheServerEndsTheConnection) {
  for (const char* sql : {"COMMIT RELEASE", "ROLLBACK RELEASE", "COMMIT AND NO CHAIN RELEASE", "rollback work release",
                          "COMMIT/* no */RELEASE", "COMMIT /*! RELEASE */"}) {
    start();
    TestClient& client = stage().log_in();
    ask(client, "BEGIN");
    EXPECT_EQ(ask(client, sql), "ok");
    EXPECT_TRUE(stage().wait_gone(client)) << sql;
    EXPECT_TRUE(stage().run_until([&] { return server().open() == 0; })) << "nobody else has it";
    stage().finish();
  }
}

TEST_F(SettleTest, WhatOnlyLooksLikeAReleaseEndsNothing) {
  start();
  TestClient& client = stage().log_in();
  for (const char* sql :
       {"COMMIT NO RELEASE", "COMMIT AND NO CHAIN NO RELEASE", "RELEASE SAVEPOINT a", "ROLLBACK TO SAVEPOINT a",
        "COMMIT", "COMMIT /* of the release job */", "ROLLBACK -- release", "COMMIT AND NO /* release */ CHAIN"}) {
    ask(client, "BEGIN");
    EXPECT_EQ(ask(client, sql), "ok");
    EXPECT_FALSE(client.gone()) << sql;
    ask(client, "COMMIT");
  }
  server().on("COMMIT RELEASE", reply::error(1399, "XAER_RMFAIL"));
  ask(client, "BEGIN");
  EXPECT_TRUE(ask(client, "COMMIT RELEASE").starts_with("error 1399"));
  EXPECT_EQ(ask(client, "ROLLBACK"), "ok") << "a refused one has released nothing";
}

TEST_F(SettleTest, ACompletionTypeOfReleaseEndsTheSessionToo) {
  options_.change_defaults = [](upstream::mysql::SessionDefaults& defaults) {
    defaults.variables.insert(std::upper_bound(defaults.variables.begin(), defaults.variables.end(),
                                               std::pair<std::string, std::string>("completion_type", "")),
                              {"completion_type", "RELEASE"});
  };
  start();
  TestClient& client = stage().log_in();
  ask(client, "BEGIN");
  ask(client, "COMMIT AND CHAIN NO RELEASE");
  EXPECT_FALSE(client.gone());
  ask(client, "COMMIT AND CHAIN");
  EXPECT_TRUE(stage().wait_gone(client));
}

TEST_F(SettleTest, AConnectionThatEndsBehindItsReplyEndsTheSessionWhereItWasTiedToIt) {
  start();
  const auto and_more = [](const upstream::mysql::ServerTurn& turn) {
    return reply::writer(turn).ok(turn.status).ok(turn.status).bytes();
  };
  TestClient& client = stage().log_in();
  server().on("UPDATE", and_more, 1);
  EXPECT_EQ(ask(client, "UPDATE t SET a=1"), "ok");
  EXPECT_EQ(ask(client, "UPDATE t SET a=2"), "ok");
  EXPECT_EQ(server().accepted(), 2U);
  ask(client, "SET @a=1");
  server().on("UPDATE", and_more, 1);
  EXPECT_EQ(ask(client, "UPDATE t SET a=3"), "ok");
  EXPECT_TRUE(stage().wait_gone(client)) << "it must hear that its state is gone";
}

// --- in every way ----------------------------------------------------------------------------------------------------

TEST_F(SettleTest, WhatStatementsLeaveBehindInEveryWay) {
  for_every_step_and_leaf(
      {{}, [](Stage& stage) {
         stage.primary().on("SET NAMES", reply::ok({}, changes({variable("character_set_client", "latin1"),
                                                                variable("character_set_connection", "latin1")})));
         stage.primary().on("CALL", reply::error(1062, "twice"));
         stage.primary().on("SELECT SQL_CALC_FOUND_ROWS", reply::rows({{"1"}}));
         TestClient& client = stage.log_in();
         for (const char* sql : {"SELECT SQL_CALC_FOUND_ROWS a FROM t LIMIT 1", "SET NAMES latin1", "BEGIN", "COMMIT",
                                 "SET session_track_schema=0", "CALL p()", "SELECT 1"}) {
           stage.ask_query(client, sql);
         }
         EXPECT_LE(stage.primary().count("CALL p()"), once(stage));
       }});
}

TEST_F(SettleTest, AReadThatStraysInEveryWay) {
  for_every_step_and_leaf({{.replicas = 1}, [](Stage& stage) {
                             for (const std::size_t slot : {0U, 1U}) {
                               stage.server(slot).on("SELECT a_view", reply::ok({}, changes({something()})));
                             }
                             TestClient& client = stage.log_in();
                             stage.ask_query(client, "SELECT a_view FROM v");
                             stage.ask_query(client, "INSERT INTO t VALUES (1)");
                             EXPECT_LE(stage.primary().count("INSERT"), once(stage));
                           }});
}

}  // namespace
}  // namespace hf::service::mysql
