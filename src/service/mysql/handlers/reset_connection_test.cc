// COM_RESET_CONNECTION: what of a session is over, what stays, and what the servers hear of it before the client hears
// that it is.
#include "service/mysql/session_fixture.h"

namespace hf::service::mysql::handlers {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace): the stage is what these tests are written in
namespace wire = proto::mysql;

const std::string kReset = command(Command::kResetConnection);

std::size_t resets(const ResponderFake& server) {
  std::size_t times = 0;
  for (const ResponderFake::Heard& each : server.heard()) times += each.command == kReset ? 1 : 0;
  return times;
}

TEST(ResetConnection, OfASessionThatHoldsNothingAsksNobody) {
  Stage stage;
  TestClient& client = stage.log_in();
  const Answer answer = stage.ask(client, kReset);
  EXPECT_EQ(answer.packets(), (std::vector<Packet>{{1, std::string("\0\0\0\2\0\0\0", 7)}}));
  EXPECT_EQ(stage.server().accepted(), 0U);
}

TEST(ResetConnection, EndsATransactionOnTheServerBeforeTheClientHears) {
  Stage stage;
  TestClient& client = stage.log_in();
  stage.ask_query(client, "BEGIN");
  stage.server().on_command(Command::kResetConnection, [&](const upstream::mysql::ServerTurn& turn) {
    EXPECT_FALSE(client.answered());
    return reply::ok()(turn);
  });
  const Answer answer = stage.ask(client, kReset);
  EXPECT_TRUE(answer.ok());
  EXPECT_FALSE(answer.in_transaction());
  EXPECT_EQ(resets(stage.server()), 1U);
  EXPECT_EQ(stage.lent(0), 0U);
  EXPECT_EQ(stage.idle(0), 1U) << "the connection is good for the next";
  EXPECT_TRUE(stage.ask_query(client, "SELECT 1").ok());
  EXPECT_EQ(stage.server().accepted(), 1U);
}

TEST(ResetConnection, UnpinsTheSession) {
  Stage stage({.replicas = 1});
  TestClient& client = stage.log_in();
  stage.ask_query(client, "SET @a=1");
  ASSERT_EQ(stage.pinned(), 1U);
  EXPECT_TRUE(stage.ask(client, kReset).ok());
  EXPECT_EQ(stage.pinned(), 0U);
  stage.ask_query(client, "SELECT a FROM t");
  EXPECT_TRUE(stage.replica().heard("SELECT a FROM t"));
}

TEST(ResetConnection, TakesSettingsBackToThoseOfALogin) {
  Stage stage;
  std::string change;
  wire::append_session_change(change, {wire::SessionChange::kSystemVariable, 0, "time_zone", "UTC"});
  stage.server().on("SET time_zone", reply::ok({}, change));
  TestClient& client = stage.log_in();
  stage.ask_query(client, "SET time_zone='UTC'");
  stage.ask(client, kReset);
  stage.server().forget_heard();
  EXPECT_TRUE(stage.ask_query(client, "SELECT 1").ok());
  const std::vector<std::string> texts = stage.server().texts();
  ASSERT_EQ(texts.size(), 2U) << "the connection that had it is set back";
  EXPECT_NE(texts[0].find("time_zone='SYSTEM'"), std::string::npos) << texts[0];
}

TEST(ResetConnection, KeepsTheSchema) {
  Stage stage;
  ClientLogin login;
  login.schema = "shop";
  login.capabilities = kModernClient | wire::kClientConnectWithDb;
  TestClient& client = stage.log_in(login);
  EXPECT_TRUE(stage.ask_query(client, "BEGIN").ok());
  EXPECT_TRUE(stage.ask(client, kReset).ok());
  EXPECT_TRUE(stage.ask_query(client, "SELECT 1").ok());
  for (const std::string& each : stage.server().logins()) EXPECT_NE(each.find("shop"), std::string::npos);
  EXPECT_EQ(stage.server().accepted(), 1U);
}

TEST(ResetConnection, ForgetsPreparedStatements) {
  Stage stage;
  TestClient& client = stage.log_in();
  ASSERT_TRUE(stage.ask(client, command(Command::kStmtPrepare, "SELECT a FROM t")).ok());
  stage.ask(client, kReset);
  EXPECT_EQ(stage.ask(client, execute(1)).error_code(), wire::kErUnknownStatement);
  EXPECT_EQ(load_le(stage.ask(client, command(Command::kStmtPrepare, "SELECT b FROM t")).packets()[0].payload, 1, 4),
            2U);
}

TEST(ResetConnection, KeepsFoundRowsWhichOnlyItsConnectionKnew) {
  Stage stage;
  stage.server().on("SELECT SQL_CALC_FOUND_ROWS a FROM t", reply::rows({{"1"}}));
  stage.server().on("SELECT LAST_INSERT_ID(),FOUND_ROWS(),ROW_COUNT()", reply::rows({{"0", "42", "-1"}}));
  TestClient& client = stage.log_in();
  stage.ask_query(client, "SELECT SQL_CALC_FOUND_ROWS a FROM t LIMIT 1");
  EXPECT_TRUE(stage.ask(client, kReset).ok());
  EXPECT_TRUE(stage.server().heard("SELECT LAST_INSERT_ID(),FOUND_ROWS(),ROW_COUNT()"));
  stage.ask_query(client, "SELECT FOUND_ROWS()");
  EXPECT_TRUE(stage.server().heard("LIMIT 42) counted")) << "a connection is made to say so again";
}

TEST(ResetConnection, ForgetsTheInsertId) {
  Stage stage;
  stage.server().on("INSERT", reply::ok({.affected_rows = 1, .insert_id = 17}));
  TestClient& client = stage.log_in();
  stage.ask_query(client, "INSERT INTO t VALUES (NULL)");
  EXPECT_TRUE(stage.ask(client, kReset).ok());
  EXPECT_TRUE(stage.run_until([&] { return stage.lent(0) == 0; }));
  stage.server().forget_heard();
  stage.ask_query(client, "SELECT LAST_INSERT_ID()");
  EXPECT_TRUE(stage.server().heard("SET @@session.last_insert_id=0"));
}

TEST(ResetConnection, AServerThatDoesNotResetLosesItsConnectionAndTheClientHearsOk) {
  for (const bool refuses : {true, false}) {
    SCOPED_TRACE(refuses);
    Stage stage;
    stage.server().on_command(Command::kResetConnection,
                              refuses ? reply::error(1047, "Unknown command") : reply::silence(), 1);
    TestClient& client = stage.log_in();
    stage.ask_query(client, "BEGIN");
    EXPECT_TRUE(stage.ask(client, kReset).ok());
    EXPECT_TRUE(stage.run_until([&] { return stage.server().open() == 0; })) << "its transaction ends with it";
    EXPECT_TRUE(stage.ask_query(client, "SELECT 1").ok());
    EXPECT_EQ(stage.server().accepted(), 2U);
  }
}

TEST(ResetConnection, WhatAResetWouldNotTakeAwayEndsWithItsConnection) {
  upstream::mysql::Account limited;
  limited.id = 1;
  limited.user = "app";
  limited.password = "secret";
  limited.limited = true;
  StageOptions of_account;
  of_account.accounts = {limited};
  StageOptions of_server;
  of_server.change_defaults = [](upstream::mysql::SessionDefaults& defaults) { defaults.init_connect = "SET @a=1"; };
  for (const StageOptions& options : {of_account, of_server}) {
    Stage stage(options);
    TestClient& client = stage.log_in();
    stage.ask_query(client, "BEGIN");
    EXPECT_TRUE(stage.ask(client, kReset).ok());
    EXPECT_EQ(stage.lent(0), 0U);
    EXPECT_TRUE(stage.run_until([&] { return stage.server().open() == stage.idle(0); }));
    EXPECT_EQ(resets(stage.server()), 0U);
    EXPECT_TRUE(stage.ask_query(client, "SELECT 1").ok());
  }
}

TEST(ResetConnection, ARoleOutlivesItWithItsConnection) {
  Stage stage;
  TestClient& client = stage.log_in();
  stage.ask_query(client, "SET ROLE r");
  EXPECT_TRUE(stage.ask(client, kReset).ok());
  EXPECT_EQ(resets(stage.server()), 1U);
  EXPECT_EQ(stage.lent(0), 1U) << "no other connection has it";
  EXPECT_TRUE(stage.ask_query(client, "SELECT CURRENT_ROLE()").ok());
  EXPECT_EQ(stage.server().accepted(), 1U);
  client.leave();
  EXPECT_TRUE(stage.run_until([&] { return stage.server().open() == 0; })) << "it is nobody else's";
}

TEST(ResetConnection, OfAStatementWithAnErrorForgetsItsList) {
  Stage stage;
  stage.server().on("INSERT", reply::error(1062, "Duplicate entry"));
  TestClient& client = stage.log_in();
  stage.ask_query(client, "INSERT INTO t VALUES (1)");
  ASSERT_EQ(stage.lent(0), 1U);
  EXPECT_TRUE(stage.ask(client, kReset).ok());
  EXPECT_TRUE(stage.run_until([&] { return stage.lent(0) == 0; }));
}

/// Nobody but the client can log in: the session lives on one connection.
StageOptions by_proxy() {
  StageOptions options;
  upstream::mysql::Account& account = options.accounts.emplace_back();
  account.id = 1;
  account.user = "app";
  account.unusable = "its plugin needs the client";
  return options;
}

TEST(ResetConnection, OfAProxiedLoginIsTheServers) {
  Stage stage(by_proxy());
  TestClient& client = stage.log_in();
  ASSERT_TRUE(client.connected());
  stage.ask_query(client, "SET @a=1");
  const Answer answer = stage.ask(client, kReset);
  EXPECT_TRUE(answer.ok());
  EXPECT_EQ(resets(stage.server()), 1U);
  EXPECT_TRUE(stage.ask_query(client, "SELECT 1").ok());
  EXPECT_EQ(stage.server().accepted(), 1U);
  EXPECT_EQ(stage.lent(0), 1U) << "the session cannot leave it";
}

TEST(ResetConnection, OfAProxiedLoginThatIsLostEndsTheSession) {
  Stage stage(by_proxy());
  TestClient& client = stage.log_in();
  ASSERT_TRUE(client.connected());
  stage.server().on_command(Command::kResetConnection, [&](const upstream::mysql::ServerTurn& /*turn*/) {
    stage.server().cut();
    return std::string();
  });
  EXPECT_EQ(stage.ask(client, kReset).error_code(), wire::kErLostConnection);
  EXPECT_TRUE(stage.wait_gone(client));
}

// With everything going wrong.

TEST(ResetScript, OfATransaction) {
  for_every_step_and_leaf({{.replicas = 1}, [](Stage& stage) {
                             TestClient& client = stage.log_in();
                             stage.ask_query(client, "BEGIN");
                             stage.ask(client, kReset);
                             stage.ask_query(client, "SELECT a FROM t");
                             stage.ask(client, kReset);
                           }});
}

TEST(ResetScript, OfFoundRowsAndAnInsertId) {
  for_every_step_and_leaf({{}, [](Stage& stage) {
                             stage.server().on("SELECT SQL_CALC_FOUND_ROWS a FROM t", reply::rows({{"1"}}));
                             stage.server().on("INSERT", reply::ok({.affected_rows = 1, .insert_id = 17}));
                             TestClient& client = stage.log_in();
                             stage.ask_query(client, "SELECT SQL_CALC_FOUND_ROWS a FROM t LIMIT 1");
                             stage.ask(client, kReset);
                             stage.ask_query(client, "SELECT FOUND_ROWS()");
                             stage.ask_query(client, "INSERT INTO t VALUES (NULL)");
                             stage.ask(client, kReset);
                             stage.ask_query(client, "SELECT LAST_INSERT_ID()");
                           }});
}

TEST(ResetScript, OfAProxiedLogin) {
  for_every_step_and_leaf({by_proxy(), [](Stage& stage) {
                             TestClient& client = stage.log_in();
                             stage.ask_query(client, "SET @a=1");
                             stage.ask(client, kReset);
                             stage.ask_query(client, "SELECT 1");
                           }});
}

}  // namespace
}  // namespace hf::service::mysql::handlers
