// The stage itself: that its servers, clients and clock do what tests of sessions rely on, and that its checks can
// fail.
#include "service/mysql/session_fixture.h"

namespace hf::service::mysql::testing {
namespace {

TEST(Stage, AClientLogsInAndIsAnsweredByTheServerOfTheTable) {
  Stage stage;
  stage.server().on("SELECT a FROM t", reply::rows({{"7"}, {std::nullopt}}));
  TestClient& client = stage.log_in();
  ASSERT_TRUE(client.connected());
  const Answer answer = stage.ask_query(client, "SELECT a FROM t");
  ASSERT_TRUE(answer.ok());
  ASSERT_EQ(answer.packets().size(), 5U);
  EXPECT_EQ(answer.packets()[2], (Packet{3,
                                         "\x01"
                                         "7"}));
  EXPECT_EQ(answer.packets()[3], (Packet{4, "\xFB"}));
  EXPECT_EQ(stage.server().texts().back(), "SELECT a FROM t");
}

TEST(Stage, AWrongPasswordIsRefused) {
  Stage stage;
  ClientLogin login;
  login.password = "guess";
  EXPECT_FALSE(stage.log_in(login).connected());
}

TEST(Stage, TheClockLeapsOverWhatNobodyAnswers) {
  Stage stage;
  stage.server().on_login(std::string());
  TestClient& client = stage.log_in();
  const TimePoint before = stage.loop().now();
  EXPECT_TRUE(stage.ask_query(client, "INSERT INTO t VALUES (1)").failed());
  EXPECT_GE(stage.loop().now() - before, 200ms);
}

TEST(Stage, ATransactionShowsInTheStatus) {
  Stage stage;
  TestClient& client = stage.log_in();
  EXPECT_TRUE(stage.ask_query(client, "BEGIN").in_transaction());
  EXPECT_TRUE(stage.ask_query(client, "INSERT INTO t VALUES (1)").in_transaction());
  EXPECT_FALSE(stage.ask_query(client, "COMMIT").in_transaction());
}

TEST(Stage, EveryStepAndLeafOfAWriteAndAReadIsSurvived) {
  for_every_step_and_leaf({{.replicas = 1}, [](Stage& stage) {
                             TestClient& client = stage.log_in();
                             stage.ask_query(client, "INSERT INTO t VALUES (1)");
                             stage.ask_query(client, "SELECT a FROM t");
                           }});
}

}  // namespace
}  // namespace hf::service::mysql::testing
