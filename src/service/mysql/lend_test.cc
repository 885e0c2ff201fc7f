// A connection that fits: which server, whose connection, what it is given first; and how long one is waited for.
#include "service/mysql/lend.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/hex.h"
#include "service/mysql/session_words_fake.h"

namespace hf::service::mysql {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace): the stage is what these tests are written in
using policy::session::Place;

std::string refusal_of_login(std::uint16_t code, ByteView message) {
  return wire::testing::packet(2, wire::encode_err({code, "HY000", message}, upstream::mysql::kFakeCapabilities));
}

constexpr const char* kWho = "SELECT HEX(CONVERT(CURRENT_USER() USING utf8mb4))";

class LendTest : public StageTest {
 protected:
  std::size_t told(EventId id) const { return stage_->told(id); }
  std::string told(EventId id, std::string_view field) const { return stage_->told(id, field); }
  void no_primary() {
    stage().change_view([](upstream::mysql::View& view) {
      view.primary.reset();
      view.no_primary_reason = "db1 is read-only";
    });
  }
  void primary_again() {
    stage().change_view([](upstream::mysql::View& view) { view.primary = 0; });
  }
};

// --- words -----------------------------------------------------------------------------------------------------------

TEST(Nobody, NamesEachServerThatDoesNotTakeReadsAndTheLatestFailure) {
  upstream::mysql::View view;
  view.no_primary_reason = "two servers are writable";
  EXPECT_EQ(nobody(view, Place::kPrimary, ""), "no primary: two servers are writable");
  EXPECT_EQ(nobody(view, Place::kPrimary, "db1 refused"), "no primary: two servers are writable (db1 refused)");
  EXPECT_EQ(nobody(view, Place::kReader, ""), "no server for reads: none is configured");
  for (const char* name : {"db1", "db2", "db3", "gone"}) {
    upstream::ServerView& server = view.servers.emplace_back();
    server.name = name;
    server.present = server.name != "gone";
    server.reason = "lags";
  }
  view.primary = 0;
  view.servers[2].reader = true;
  EXPECT_EQ(nobody(view, Place::kReader, ""), "no server for reads: db2: lags");
  EXPECT_EQ(nobody(view, Place::kReader, "db3: no route"), "no server for reads: db2: lags; db3: no route");
}

TEST(TermsOf, AreTheServicesAndTheServers) {
  config::Config config;
  config.services.emplace_back().mysql.max_connection_age = 7s;
  upstream::mysql::View view;
  view.service = config.services.data();
  auto defaults = std::make_shared<upstream::mysql::SessionDefaults>();
  defaults->wait_timeout = 100;
  defaults->max_allowed_packet = 1U << 20;
  view.defaults = defaults;
  EXPECT_EQ(terms_of(view).ages.connection, 7s);
  EXPECT_EQ(terms_of(view).ages.longest_idle(), 99s);
  EXPECT_EQ(terms_of(view).max_packet, 0U) << "not asked yet";
  auto known = std::make_shared<upstream::mysql::SessionDefaults>(*defaults);
  known->variables = {{"autocommit", "ON"}};
  view.defaults = known;
  EXPECT_EQ(terms_of(view).max_packet, 1U << 20);
}

// --- whose connection, and what it is given --------------------------------------------------------------------------

TEST_F(LendTest, AnIdleConnectionThatFitsIsTakenAsItIs) {
  start();
  TestClient& first = stage().log_in();
  ask(first, "SELECT 1");
  stage().primary().forget_heard();
  TestClient& second = stage().log_in();
  ask(second, "SELECT 2");
  ask(first, "SELECT 3");
  EXPECT_EQ(shown(stage().primary()), "SELECT 2 | SELECT 3");
  EXPECT_EQ(stage().primary().accepted(), 1U);
}

TEST_F(LendTest, OnlyWhatDiffersIsSet) {
  start();
  stage().primary().on("SET time_zone", reply::ok({}, changes({variable("time_zone", "UTC")})));
  TestClient& utc = stage().log_in();
  TestClient& plain = stage().log_in();
  ask(utc, "SET time_zone='UTC'");
  const std::uint64_t restores = stage().counters().state_restores.get();
  stage().primary().forget_heard();
  ask(plain, "SELECT 1");
  EXPECT_EQ(shown_now(stage().primary()), "SET @@session.time_zone='SYSTEM' | SELECT 1");
  ask(utc, "SELECT 2");
  EXPECT_EQ(shown_now(stage().primary()), "SET @@session.time_zone='UTC' | SELECT 2");
  EXPECT_EQ(stage().counters().state_restores.get() - restores, 2U);
}

TEST_F(LendTest, AccountsAndCapabilitiesShareNothing) {
  start();
  ask(stage().log_in(), "SELECT 1");
  ask(stage().log_in({.user = "other"}), "SELECT 1");
  ask(stage().log_in({.capabilities = kModernClient | wire::kClientFoundRows}), "SELECT 1");
  EXPECT_EQ(stage().primary().accepted(), 3U);
  ask(stage().log_in({.capabilities = kModernClient | wire::kClientMultiStatements}), "SELECT 2");
  EXPECT_EQ(stage().primary().accepted(), 3U) << "multi-statements are an option of the connection";
  EXPECT_TRUE(stage().primary().heard(command(Command::kSetOption, ByteView("\0\0", 2))));
}

TEST_F(LendTest, ASchemaEnteredBeforeTheLoginIsEnteredAgainForTheRightsOfNow) {
  start();
  stage().log_in({.schema = "shop"});
  stage().rest(10ms);
  stage().primary().forget_heard();
  TestClient& later = stage().log_in({.schema = "shop"});
  ask(later, "SELECT 1");
  EXPECT_EQ(shown_now(stage().primary()), "use shop | SELECT 1");
  ask(later, "SELECT 2");
  EXPECT_EQ(shown_now(stage().primary()), "SELECT 2");
}

TEST_F(LendTest, AnOldConnectionIsLentToNobody) {
  options_.change_service = [](config::Service& service) { service.mysql.max_connection_age = 100ms; };
  start();
  TestClient& client = stage().log_in();
  ask(client, "SELECT 1");
  stage().rest(150ms);
  ask(client, "SELECT 2");
  EXPECT_EQ(stage().primary().accepted(), 2U);
}

TEST_F(LendTest, OurLoginsNameUsAndTheService) {
  start();
  ask(stage().log_in(), "SELECT 1");
  const Result<wire::HandshakeResponse> ours = wire::decode_handshake_response(stage().primary().logins().at(0));
  ASSERT_TRUE(ours.ok());
  const auto attributes = wire::decode_connect_attributes(ours->connect_attributes);
  ASSERT_TRUE(attributes.ok());
  std::string all;
  for (const auto& [name, value] : *attributes) all += std::string(name) + "=" + std::string(value) + " ";
  EXPECT_EQ(all, "_client_name=holdfast service=orders ");
}

TEST_F(LendTest, AStateThatAServerWillNotTakeIsTheStatementsErrorAndTheConnectionIsClosed) {
  start();
  TestClient& client = stage().log_in();
  stage().primary().on("SET @@session.session_track",
                       reply::error(1231, "Variable 'sql_mode' can't be set to the value of 'ODD'"), 1);
  EXPECT_EQ(ask(client, "INSERT INTO t VALUES (1)"),
            "error 1231 Variable 'sql_mode' can't be set to the value of 'ODD'");
  EXPECT_EQ(stage().primary().count("INSERT"), 0U);
  EXPECT_EQ(ask(client, "INSERT INTO t VALUES (2)"), "ok");
  EXPECT_EQ(stage().primary().accepted(), 2U);
}

TEST_F(LendTest, ASchemaThatIsGoneIsNotTheStatementsError) {
  start();
  TestClient& client = stage().log_in({.schema = "shop"});
  stage().primary().cut();
  stage().turn(3);
  stage().primary().on_login(refusal_of_login(1049, "Unknown database 'shop'"));
  TestClient& bystander = stage().log_in();
  EXPECT_FALSE(ask(bystander, "SELECT 1").empty());
  stage().primary().on_login(std::nullopt);
  stage().primary().on_command(Command::kInitDb, reply::error(1049, "Unknown database 'shop'"));
  ask(bystander, "SELECT 2");
  EXPECT_EQ(ask(client, "SELECT other.f()"), "ok");
}

// --- which server ----------------------------------------------------------------------------------------------------

TEST_F(LendTest, AReplicaThatCannotBeReachedIsReportedAndAnotherIsTaken) {
  options_.replicas = 2;
  start();
  TestClient& client = stage().log_in();
  stage().replica(1).stop();
  for (int i = 0; i < 4; ++i) EXPECT_EQ(ask(client, "SELECT 1"), "ok");
  EXPECT_EQ(stage().replica(2).count("SELECT 1"), 4U);
  EXPECT_EQ(stage().primary().count("SELECT 1"), 0U);
  EXPECT_GT(std::count(stage().failed_servers.begin(), stage().failed_servers.end(), 1U), 0);
  EXPECT_EQ(std::count(stage().failed_servers.begin(), stage().failed_servers.end(), 2U), 0);
}

TEST_F(LendTest, WithoutAReplicaThatAnswersReadsGoToThePrimary) {
  options_.replicas = 1;
  start();
  TestClient& client = stage().log_in();
  stage().replica().stop();
  EXPECT_EQ(ask(client, "SELECT 1"), "ok");
  EXPECT_EQ(stage().primary().count("SELECT 1"), 1U);
  EXPECT_EQ(stage().counters().reads_on_primary.get(), 1U);
}

TEST_F(LendTest, WhereReadsMayNotFallBackTheyWaitForAReplicaAndHearWhyThereIsNone) {
  options_.replicas = 1;
  options_.change_service = [](config::Service& service) {
    service.mysql.reads_fallback_to_primary = false;
    service.mysql.hold_timeout = 200ms;
  };
  options_.change_view = [](upstream::mysql::View& view) {
    view.servers[1].reader = false;
    view.servers[1].reason = "lags 5 s behind";
  };
  start();
  TestClient& client = stage().log_in();
  const TimePoint before = stage().loop().now();
  EXPECT_EQ(ask(client, "SELECT 1"), "error 1105 no server for reads: db2: lags 5 s behind");
  EXPECT_GE(stage().loop().now() - before, 200ms);
  client.send(query("SELECT 2"));
  stage().rest(100ms);
  EXPECT_FALSE(client.answered());
  stage().change_view([](upstream::mysql::View& view) { view.servers[1].reader = true; });
  stage().wait(client);
  EXPECT_EQ(shown(client.answers().back()), "ok");
  EXPECT_EQ(stage().replica().count("SELECT 2"), 1U);
  EXPECT_EQ(told(EventId::kWritesHeld), 0U) << "these were reads";
}

TEST_F(LendTest, AServersAnswerToALoginReachesTheClientAfterTheOthersWereAsked) {
  options_.replicas = 2;
  start();
  TestClient& client = stage().log_in();
  stage().replica(1).on_login(
      refusal_of_login(1226, "User 'app' has exceeded the 'max_queries_per_hour' resource (current value: 1)"));
  EXPECT_EQ(ask(client, "SELECT 1"), "ok");
  EXPECT_EQ(ask(client, "SELECT 1"), "ok");
  EXPECT_EQ(stage().replica(2).count("SELECT 1"), 2U);
  EXPECT_TRUE(stage().failed_servers.empty()) << "an answer says nothing of a server's health";
  stage().primary().on_login(refusal_of_login(1227, "the primary's words"));
  EXPECT_EQ(ask(client, "INSERT INTO t VALUES (1)"), "error 1227 the primary's words");
  EXPECT_FALSE(client.gone());
}

TEST_F(LendTest, ASessionWhoseProofIsOutOfDateEndsWithTheServersWords) {
  for (const std::uint16_t code : {std::uint16_t{1045}, std::uint16_t{4151}}) {
    start();
    TestClient& client = stage().log_in();
    stage().primary().on_login(refusal_of_login(code, "no longer"));
    EXPECT_EQ(ask(client, "SELECT 1"), "error " + std::to_string(code) + " no longer");
    EXPECT_TRUE(stage().wait_gone(client));
    stage().finish();
  }
}

TEST_F(LendTest, AnAccountOfTheServersIsRefusedWhereTheyTakeItForOneThatMayDoOtherThings) {
  struct Case {
    const char* taken_for;
    const char* rights;  // of app@%; app@127.0.0.1, who the client is, has "all"
    bool same;
  };
  for (const Case& each : {Case{"app@127.0.0.1", "few", true}, Case{"app@%", "all", true}, Case{"app@%", "few", false},
                           Case{"app@%", "", false}, Case{"app@nowhere", "all", false}, Case{"@%", "all", false},
                           Case{"", "all", false}}) {
    SCOPED_TRACE(each.taken_for + std::string(" ") + each.rights);
    options_.accounts.assign(2, {});
    options_.accounts[0].host = "127.0.0.1";
    options_.accounts[0].rights = "all";
    options_.accounts[1].rights = each.rights;
    for (upstream::mysql::Account& account : options_.accounts) {
      account.user = "app";
      account.password = "secret";
      account.of_servers = true;
      account.id = &account == &options_.accounts[0] ? 1 : 2;
    }
    start();
    stage().primary().on(kWho, reply::rows({{to_hex(each.taken_for)}}));
    TestClient& client = stage().log_in();
    const std::string answer = ask(client, "SELECT 1");
    if (each.same) {
      EXPECT_EQ(answer, "ok");
      EXPECT_EQ(ask(client, "SELECT 1"), "ok");
      EXPECT_EQ(stage().primary().count(kWho), 1U) << "once per connection";
    } else {
      EXPECT_EQ(answer, "error 1045 Access denied for app@127.0.0.1: the servers take Holdfast's address for " +
                            std::string(each.taken_for) + ", an account that may have other rights");
      EXPECT_TRUE(stage().wait_gone(client));
      EXPECT_EQ(stage().idle(0), 0U);
    }
    stage().finish();
  }
}

TEST_F(LendTest, AServerThatWouldNotSayWhoOneIsIsUnderstood) {
  options_.accounts.assign(1, {});
  options_.accounts[0].id = 1;
  options_.accounts[0].user = "app";
  options_.accounts[0].password = "secret";
  options_.accounts[0].of_servers = true;
  start();
  stage().primary().on(kWho, reply::error(1820, "You must SET PASSWORD before executing this statement"));
  EXPECT_EQ(ask(stage().log_in(), "SELECT 1"), "error 1820 You must SET PASSWORD before executing this statement");
  EXPECT_EQ(stage().idle(0), 0U);
}

TEST_F(LendTest, AFullServerGetsRoomByIdleConnections) {
  struct Case {
    const char* user;  // of the idle connection
    std::uint16_t limit;
    bool room;
  };
  for (const Case& each :
       {Case{"app", 1040, true}, Case{"app", 1203, true}, Case{"other", 1040, true}, Case{"other", 1203, false}}) {
    SCOPED_TRACE(each.user + std::string(" ") + std::to_string(each.limit));
    start();
    // leaves an idle connection that another kind of session cannot use
    stage().log_in({.user = each.user, .schema = "shop"});
    TestClient& client = stage().log_in();
    ASSERT_EQ(stage().idle(0), 1U);
    stage().primary().on_login(refusal_of_login(each.limit, "Too many connections"));
    client.send(query("SELECT 1"));
    ASSERT_TRUE(stage().run_until([&] { return stage().primary().logins().size() == 2; }));
    stage().primary().on_login(std::nullopt);
    stage().wait(client);
    EXPECT_EQ(shown(client.answers().back()), each.room ? "ok" : "error 1203 Too many connections");
    EXPECT_EQ(stage().primary().heard("\x01"), each.room) << "the idle one said goodbye";
    stage().finish();
  }
}

TEST_F(LendTest, AServerThatStaysFullIsTheClientsError) {
  start();
  stage().log_in({.schema = "shop"});
  TestClient& client = stage().log_in();
  stage().primary().on_login(
      refusal_of_login(1203, "User app already has more than 'max_user_connections' active connections"));
  EXPECT_TRUE(ask(client, "INSERT INTO t VALUES (1)").starts_with("error 1203 User app already"));
  EXPECT_LE(stage().primary().logins().size(), 8U) << "bounded";
  EXPECT_FALSE(client.gone());
}

// --- waiting ---------------------------------------------------------------------------------------------------------

TEST_F(LendTest, AWriteWaitsForThePrimaryAndRunsOnTheOneThatComes) {
  options_.replicas = 1;
  start();
  TestClient& client = stage().log_in();
  no_primary();
  client.send(query("INSERT INTO t VALUES (1)"));
  stage().rest(60ms);
  EXPECT_FALSE(client.answered());
  EXPECT_EQ(told(EventId::kWritesHeld), 1U);
  EXPECT_EQ(stage().counters().held.get(), 1U);
  stage().change_view([](upstream::mysql::View& view) {
    view.primary = 1;
    view.servers[1].reader = false;
  });
  stage().wait(client);
  EXPECT_EQ(shown(client.answers().back()), "ok");
  EXPECT_EQ(stage().replica().count("INSERT"), 1U);
  EXPECT_EQ(stage().primary().count("INSERT"), 0U);
  EXPECT_EQ(told(EventId::kWritesReleased), 1U);
  EXPECT_EQ(told(EventId::kWritesReleased, "held"), "1");
  EXPECT_GE(std::stoi(told(EventId::kWritesReleased, "waited")), 60);
}

TEST_F(LendTest, NobodyWaitsLongerThanHoldTimeoutAndAllHearTheReason) {
  start();
  std::vector<TestClient*> clients;
  for (int i = 0; i < 3; ++i) clients.push_back(&stage().log_in());
  no_primary();
  const TimePoint before = stage().loop().now();
  for (TestClient* client : clients) client->send(query("INSERT INTO t VALUES (1)"));
  for (TestClient* client : clients) {
    stage().wait(*client);
    EXPECT_EQ(shown(client->answers().back()), "error 1105 no primary: db1 is read-only");
  }
  EXPECT_GE(stage().loop().now() - before, 200ms);
  EXPECT_LE(stage().loop().now() - before, 300ms);
  EXPECT_EQ(told(EventId::kWritesHeld), 1U) << "one event for an outage";
  ASSERT_EQ(told(EventId::kHeldWritesTimeout), 3U);
  EXPECT_EQ(told(EventId::kHeldWritesTimeout, "held"), "3");
  EXPECT_GE(std::stoi(told(EventId::kHeldWritesTimeout, "waited")), 190);
  EXPECT_LE(std::stoi(told(EventId::kHeldWritesTimeout, "waited")), 300);
  EXPECT_EQ(stage().counters().hold_timeouts.get(), 3U);
  primary_again();
  EXPECT_EQ(ask(*clients[0], "INSERT INTO t VALUES (2)"), "ok");
  EXPECT_EQ(stage().primary().count("VALUES (1)"), 0U) << "what was refused is not run later";
}

TEST_F(LendTest, APrimaryThatDoesNotAnswerYetIsTriedAgainUntilItDoes) {
  start();
  TestClient& client = stage().log_in();
  stage().primary().on_login(refusal_of_login(1053, "Server shutdown in progress"));
  client.send(query("INSERT INTO t VALUES (1)"));
  stage().rest(120ms);
  EXPECT_FALSE(client.answered());
  EXPECT_GE(stage().primary().accepted(), 2U);
  stage().primary().on_login(std::nullopt);
  stage().wait(client);
  EXPECT_EQ(shown(client.answers().back()), "ok");
}

TEST_F(LendTest, APrimaryThatNeverAnswersIsAnErrorWithItsName) {
  start();
  TestClient& client = stage().log_in();
  stage().primary().stop();
  const std::string said = ask(client, "INSERT INTO t VALUES (1)");
  EXPECT_TRUE(said.starts_with("error 1105 ")) << said;
  EXPECT_NE(said.find("db1"), std::string::npos) << said;
  EXPECT_FALSE(stage().failed_servers.empty());
}

TEST_F(LendTest, AClientThatLeavesWhileItWaitsTakesItsStatementWithIt) {
  start();
  TestClient& client = stage().log_in();
  no_primary();
  client.send(query("INSERT INTO t VALUES (1)"));
  stage().rest(60ms);
  client.leave();
  ASSERT_TRUE(stage().run_until([&] { return stage().sessions() == 0; }));
  primary_again();
  stage().rest();
  EXPECT_EQ(stage().primary().count("INSERT"), 0U);
}

TEST_F(LendTest, AConnectionOpenedForAClientThatHasLeftKeepsItsSchemaToItself) {
  for (std::size_t turns = 1; turns < 12; ++turns) {
    start();
    TestClient& client = stage().log_in({.schema = "shop"});
    stage().primary().cut();
    ASSERT_TRUE(stage().run_until([&] { return stage().primary().open() == 0; }));
    client.send(query("INSERT INTO t VALUES (1)"));  // on a connection that is opened for it
    stage().turn(turns);
    stage().service()->cut_clients_on(net::Address::from_ip("127.0.0.1", 0).value(), "the address leaves");
    ASSERT_TRUE(stage().run_until([&] { return stage().sessions() == 0; }));
    stage().rest();
    const std::size_t opened = stage().primary().accepted();
    ask(stage().log_in(), "SELECT DATABASE()");
    EXPECT_EQ(stage().primary().accepted(), opened + 1)
        << "a session without a schema was given one, after turn " << turns;
    stage().finish();
  }
}

TEST_F(LendTest, WithoutAPlaceAStatementWaitsItsTurn) {
  options_.places = 1;
  start();
  TestClient& first = stage().log_in();
  TestClient& second = stage().log_in();
  ask(first, "BEGIN");
  second.send(query("SELECT 1"));
  stage().rest(60ms);
  EXPECT_FALSE(second.answered());
  ask(first, "COMMIT");
  stage().wait(second);
  EXPECT_EQ(shown(second.answers().back()), "ok");
  EXPECT_EQ(stage().primary().accepted(), 1U) << "the same connection went on to the next";
}

TEST_F(LendTest, WithoutAPlaceInTimeTheErrorSaysWhoHasThem) {
  options_.places = 1;
  start();
  TestClient& first = stage().log_in();
  TestClient& second = stage().log_in();
  ask(first, "BEGIN");
  EXPECT_EQ(ask(second, "SELECT 1"),
            "error 1105 all 1 connections to server 'db1' (max_server_connections) are in use: 0 at work, 1 kept by "
            "sessions between statements, 0 idle");
  EXPECT_EQ(told(EventId::kPoolExhausted), 1U);
  EXPECT_EQ(told(EventId::kPoolExhausted, "limit"), "1");
  EXPECT_EQ(told(EventId::kPoolExhausted, "waiting"), "0") << "besides the one that does not any more";
  EXPECT_TRUE(stage().failed_servers.empty());
  EXPECT_EQ(ask(first, "COMMIT"), "ok");
  EXPECT_EQ(ask(second, "SELECT 2"), "ok");
}

TEST_F(LendTest, AServerWhoseLoginAnswerIsTooLargeHasFailedAndIsNotFull) {
  start();
  TestClient& client = stage().log_in();
  const std::string words(100'000, 'x');
  stage().primary().on_login(std::string("\xA0\x86\x01\x02", 4) + words);
  const std::string told_client = ask(client, "SELECT 1");
  EXPECT_NE(told_client.find("server 'db1': packet of 100000 bytes"), std::string::npos) << told_client;
  EXPECT_EQ(told(EventId::kPoolExhausted), 0U);
  EXPECT_FALSE(stage().failed_servers.empty());
}

TEST_F(LendTest, IdleConnectionsOfOthersMakeRoom) {
  options_.places = 1;
  start();
  ask(stage().log_in({.user = "other"}), "SELECT 1");
  EXPECT_EQ(ask(stage().log_in(), "SELECT 2"), "ok");
  EXPECT_EQ(stage().primary().accepted(), 2U);
}

TEST_F(LendTest, WhatASessionKeepsForConvenienceIsGivenToWhoeverWaits) {
  options_.places = 1;
  start();
  TestClient& first = stage().log_in();
  stage().primary().on("INSERT", reply::ok({.affected_rows = 1, .insert_id = 7}));
  stage().primary().on("SELECT LAST_INSERT_ID(),FOUND_ROWS(),ROW_COUNT()", reply::rows({{"7", "1", "1"}}));
  ask(first, "INSERT INTO t VALUES (NULL)");
  EXPECT_EQ(ask(stage().log_in({.user = "other"}), "SELECT 1"), "ok");
  EXPECT_TRUE(stage().primary().heard("SELECT LAST_INSERT_ID(),FOUND_ROWS(),ROW_COUNT()"));
  stage().primary().forget_heard();
  ask(first, "SELECT LAST_INSERT_ID()");
  EXPECT_TRUE(stage().primary().heard("SET @@session.last_insert_id=7"))
      << "and the session has its number all the same";
}

// --- prepared copies -------------------------------------------------------------------------------------------------

TEST_F(LendTest, APreparedStatementIsPreparedWhereItIsNotYet) {
  options_.places = 2;
  start();
  TestClient& first = stage().log_in();
  TestClient& other = stage().log_in();
  EXPECT_EQ(shown(stage().ask(first, command(Command::kStmtPrepare, "SELECT 1"))), "prepared 1");
  ask(other, "BEGIN");  // takes the connection that has the copy
  stage().primary().forget_heard();
  EXPECT_EQ(shown(stage().ask(first, execute(1))), "ok");
  EXPECT_TRUE(shown(stage().primary()).ends_with("prepare SELECT 1 | execute 501")) << shown(stage().primary());
  EXPECT_EQ(stage().primary().accepted(), 2U);
}

TEST_F(LendTest, ACopyIsMadeInTheStateOfTheFirstPrepare) {
  start();
  TestClient& first = stage().log_in({.schema = "a"});
  TestClient& other = stage().log_in({.schema = "a"});
  stage().primary().on_command(Command::kInitDb, [](const upstream::mysql::ServerTurn& turn) {
    return reply::ok({}, changes({schema(turn.command.substr(1))}))(turn);
  });
  stage().ask(first, command(Command::kStmtPrepare, "SELECT * FROM t"));
  stage().ask(first, command(Command::kInitDb, "b"));
  ask(other, "BEGIN");
  stage().primary().forget_heard();
  stage().ask(first, execute(1));
  const std::string all = shown(stage().primary());
  EXPECT_NE(all.find("use a | prepare SELECT * FROM t | use b | execute"), std::string::npos) << all;
}

TEST_F(LendTest, ACopyOfAStatementThatWasPreparedWithoutASchemaIsMadeWhereThereIsNoneYet) {
  start();
  TestClient& client = stage().log_in();
  stage().primary().on_command(Command::kInitDb, [](const upstream::mysql::ServerTurn& turn) {
    return reply::ok({}, changes({schema(turn.command.substr(1))}))(turn);
  });
  stage().ask(client, command(Command::kStmtPrepare, "SELECT DATABASE()"));
  stage().ask(client, command(Command::kInitDb, "b"));
  ask(client, "INSERT INTO t VALUES (1)");
  for (int i = 0; i < 2; ++i) {
    stage().primary().forget_heard();
    stage().ask(client, execute(1));
    const std::string all = shown(stage().primary());
    EXPECT_NE(all.find("prepare SELECT DATABASE() | use b | execute"), std::string::npos) << all;
    EXPECT_EQ(all.find("use b"), all.rfind("use b")) << all;
  }
}

TEST_F(LendTest, AStatementThatCannotBePreparedAnyMoreSaysSoAndTheSessionGoesOn) {
  start();
  TestClient& first = stage().log_in();
  TestClient& other = stage().log_in();
  stage().ask(first, command(Command::kStmtPrepare, "SELECT a FROM t"));
  ask(other, "BEGIN");
  stage().primary().on_command(Command::kStmtPrepare, reply::error(1146, "Table 'x.t' doesn't exist"));
  EXPECT_EQ(shown(stage().ask(first, execute(1))), "error 1146 Table 'x.t' doesn't exist");
  EXPECT_EQ(ask(first, "SELECT 1"), "ok");
}

// --- in every way ----------------------------------------------------------------------------------------------------

TEST_F(LendTest, LendingToAndFroInEveryWay) {
  for_every_step_and_leaf({{.replicas = 1}, [](Stage& stage) {
                             stage.primary().on("INSERT", reply::ok({.affected_rows = 1, .insert_id = 7}));
                             TestClient& first = stage.log_in({.schema = "a"});
                             TestClient& second = stage.log_in({.schema = "b"});
                             stage.ask_query(first, "SELECT 1");
                             stage.ask_query(second, "SELECT 2");
                             stage.ask_query(first, "INSERT INTO t VALUES (NULL)");
                             stage.ask_query(second, "INSERT INTO u VALUES (NULL)");
                             EXPECT_LE(stage.primary().count("INTO t"), once(stage));
                             EXPECT_LE(stage.primary().count("INTO u"), once(stage));
                           }});
}

TEST_F(LendTest, WaitingForAPlaceInEveryWay) {
  for_every_step_and_leaf({{.places = 1}, [](Stage& stage) {
                             TestClient& first = stage.log_in();
                             TestClient& second = stage.log_in({.user = "other"});
                             stage.ask_query(first, "BEGIN");
                             second.send(query("SELECT 1"));
                             stage.rest(20ms);
                             stage.ask_query(first, "COMMIT");
                             stage.wait(second);
                           }});
}

TEST_F(LendTest, CopiesOfPreparedStatementsInEveryWay) {
  for_every_step_and_leaf({{}, [](Stage& stage) {
                             TestClient& first = stage.log_in();
                             TestClient& other = stage.log_in();
                             stage.ask(first, command(Command::kStmtPrepare, "UPDATE t SET a=1"));
                             stage.ask_query(other, "BEGIN");
                             stage.ask(first, execute(1));
                             EXPECT_LE(stage.primary().count("\x17"), once(stage));
                           }});
}

}  // namespace
}  // namespace hf::service::mysql
