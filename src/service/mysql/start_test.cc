// What a session begins with: told from the servers' globals where they tell it, asked of a connection where they do
// not.
#include "service/mysql/start.h"

#include <gtest/gtest.h>

#include "service/mysql/session_words_fake.h"

namespace hf::service::mysql {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace): the stage is what these tests are written in

constexpr const char* kAsksCollation = "SELECT CHARACTER_SET_NAME,FULL_COLLATION_NAME";
constexpr const char* kAsksOldCollation = "SELECT CHARACTER_SET_NAME,COLLATION_NAME";
constexpr const char* kAsksVariables = "SHOW SESSION VARIABLES";

class StartTest : public StageTest {};

TEST_F(StartTest, TheGlobalsTellWhatAFreshConnectionIsBroughtTo) {
  start();
  TestClient& client = stage().log_in();
  EXPECT_EQ(server().accepted(), 0U) << "a login asks nobody";
  ask(client, "SELECT 1");
  EXPECT_EQ(shown(server()),
            "SET "
            "tracking,@@session.autocommit='ON',@@session.sql_mode='',@@session.time_zone='SYSTEM',@@session.character_"
            "set_client='utf8mb4',@@session.character_set_results='utf8mb4',@@session.character_set_connection='"
            "utf8mb4',@@session.collation_connection='utf8mb4_general_ci' | SELECT 1");
}

TEST_F(StartTest, AnotherCollationOfTheLoginIsThatOfTheConnection) {
  start();
  stage().frontend().state().add_collation(8, {"latin1", "latin1_swedish_ci"});
  TestClient& client = stage().log_in({.charset = 8});
  ask(client, "SELECT 1");
  EXPECT_TRUE(server().heard("@@session.character_set_client='latin1'"));
  EXPECT_TRUE(server().heard("@@session.collation_connection='latin1_swedish_ci'"));
}

TEST_F(StartTest, ACollationNotMetBeforeIsAskedForOnce) {
  start();
  server().on(kAsksCollation, reply::rows({{"latin2", "latin2_czech_cs", ""}}));
  EXPECT_TRUE(stage().log_in({.charset = 2}).connected());
  EXPECT_EQ(server().count(kAsksCollation), 1U);
  EXPECT_TRUE(server().heard("WHERE ID=2"));
  TestClient& second = stage().log_in({.charset = 2});
  ask(second, "SELECT 1");
  EXPECT_EQ(server().count(kAsksCollation), 1U);
  EXPECT_TRUE(server().heard("NAMES 'latin2' COLLATE 'latin2_czech_cs'")) << "results have it, too";
}

TEST_F(StartTest, TheCollationThatIsItsCharsetsOwnNeedsNoSpecialCare) {
  start();
  server().on(kAsksCollation, reply::rows({{"latin2", "latin2_general_ci", "Yes"}}));
  TestClient& client = stage().log_in({.charset = 9});
  ask(client, "SELECT 1");
  EXPECT_TRUE(server().heard("@@session.collation_connection='latin2_general_ci'"));
  EXPECT_FALSE(server().heard("NAMES 'latin2'"));
}

TEST_F(StartTest, AServerOfAnotherTimeIsAskedForCollationsByTheirOldNames) {
  start();
  server().on(kAsksCollation, reply::error(1054, "Unknown column 'FULL_COLLATION_NAME'"));
  server().on(kAsksOldCollation, reply::rows({{"latin2", "latin2_czech_cs", ""}}));
  TestClient& client = stage().log_in({.charset = 2});
  ASSERT_TRUE(client.connected());
  ask(client, "SELECT 1");
  EXPECT_TRUE(server().heard("NAMES 'latin2' COLLATE 'latin2_czech_cs'"));
}

TEST_F(StartTest, ACollationThatServersDoNotKnowLeavesTheirOwn) {
  start();
  server().on(kAsksCollation, reply::rows({}));
  TestClient& client = stage().log_in({.charset = 4000});
  ASSERT_TRUE(client.connected());
  ask(client, "SELECT 1");
  EXPECT_TRUE(server().heard("@@session.character_set_client='utf8mb4'"));
  EXPECT_TRUE(stage().log_in({.charset = 4000}).connected());
  EXPECT_EQ(server().count(kAsksCollation), 1U);
}

TEST_F(StartTest, HandshakeFlagsAreSettings) {
  options_.change_defaults = [](upstream::mysql::SessionDefaults& defaults) {
    defaults.interactive_timeout = 77;
    for (auto& [name, value] : defaults.variables) {
      if (name == "sql_mode") value = "STRICT_ALL_TABLES";
    }
  };
  start();
  ask(stage().log_in({.capabilities = kModernClient | wire::kClientIgnoreSpace | wire::kClientInteractive}),
      "SELECT 1");
  EXPECT_TRUE(server().heard("@@session.sql_mode='STRICT_ALL_TABLES,IGNORE_SPACE'"));
  EXPECT_TRUE(server().heard("@@session.wait_timeout=77"));
  const wire::Capabilities sent = wire::decode_handshake_response(server().logins().at(0)).value().capabilities;
  EXPECT_FALSE(wire::has(sent, wire::kClientIgnoreSpace)) << "shared connections have it by the variable only";
  EXPECT_FALSE(wire::has(sent, wire::kClientInteractive));
}

TEST_F(StartTest, TheStatusOfALoginIsThatOfTheGlobals) {
  options_.change_defaults = [](upstream::mysql::SessionDefaults& defaults) {
    defaults.variables = {{"autocommit", "OFF"}, {"sql_mode", "ANSI_QUOTES,NO_BACKSLASH_ESCAPES"}};
    defaults.status = wire::kStatusNoBackslashEscapes | wire::kStatusAnsiQuotes;
  };
  start();
  TestClient& client = stage().log_in();
  EXPECT_EQ(client.login_status(), wire::kStatusNoBackslashEscapes | wire::kStatusAnsiQuotes);
}

TEST_F(StartTest, WithInitConnectEachLoginIsAskedOnAConnectionOfItsOwn) {
  options_.change_defaults = [](upstream::mysql::SessionDefaults& defaults) {
    defaults.init_connect = "SET time_zone='UTC'";
  };
  start();
  server().on(kAsksVariables, reply::rows({{"autocommit", "ON"}, {"sql_mode", ""}, {"time_zone", "UTC"}}));
  TestClient& first = stage().log_in();
  EXPECT_EQ(server().count(kAsksVariables), 1U);
  stage().log_in();
  EXPECT_EQ(server().count(kAsksVariables), 2U);
  EXPECT_EQ(server().accepted(), 2U) << "what an idle connection has been through tells nothing of a login";
  ask(first, "SELECT 1");
  EXPECT_TRUE(server().heard("@@session.time_zone='UTC'"));
}

TEST_F(StartTest, WithInitConnectALoginThatWaitsForAPlaceIsNotHandedWhatAnotherGivesBack) {
  options_.change_defaults = [](upstream::mysql::SessionDefaults& defaults) {
    defaults.init_connect = "SET time_zone='UTC'";
  };
  options_.places = 1;
  start();
  server().on(kAsksVariables, reply::rows({{"autocommit", "ON"}, {"sql_mode", ""}, {"time_zone", "UTC"}}));
  TestClient& first = stage().log_in();
  ask(first, "BEGIN");
  TestClient& second = stage().start_login();
  stage().turn(10);
  ask(first, "COMMIT");
  ASSERT_TRUE(stage().run_until([&] { return second.connected(); }));
  EXPECT_EQ(server().accepted(), 2U) << "it begins with what its own login shows";
}

TEST_F(StartTest, TheLimitOfAnAccountForStatementsIsASettingOfItsLogins) {
  upstream::mysql::Account limited;
  limited.id = 7;
  limited.user = "app";
  limited.password = "secret";
  limited.limited = true;
  limited.statement_time = "0.500000";
  options_.accounts = {limited};
  start();
  TestClient& client = stage().log_in();
  ask(client, "SELECT 1");
  EXPECT_EQ(server().count(kAsksVariables), 0U) << "what an idle connection has been through tells nothing of a login";
  EXPECT_TRUE(server().heard("@@session.max_statement_time=0.500000"));
}

TEST_F(StartTest, BeforeServersHaveToldTheirGlobalsAConnectionIsAsked) {
  options_.change_defaults = [](upstream::mysql::SessionDefaults& defaults) { defaults.variables.clear(); };
  start();
  EXPECT_TRUE(stage().log_in().connected());
  EXPECT_TRUE(
      server().heard("SHOW SESSION VARIABLES WHERE Variable_name<>'sql_select_limit' AND Variable_name IN "
                     "('autocommit','sql_mode','time_zone'"));
}

TEST_F(StartTest, ALimitOfSelectsIsAskedForByItselfAndKept) {
  options_.change_defaults = [](upstream::mysql::SessionDefaults& defaults) {
    defaults.init_connect = "SET time_zone='+11:00'";
  };
  start();
  server().on("SELECT 'sql_select_limit'", reply::rows({{"sql_select_limit", "4"}}));
  server().on("SET STATEMENT sql_select_limit=18446744073709551615 FOR SHOW SESSION VARIABLES",
              reply::rows({{"autocommit", "ON"}, {"sql_mode", ""}, {"time_zone", "+11:00"}}));
  TestClient& client = stage().log_in();
  ASSERT_TRUE(client.connected());
  ask(client, "SELECT 1");
  ASSERT_NE(facts(client).settings, nullptr);
  EXPECT_EQ(facts(client).settings->variable("sql_select_limit"), "4")
      << "a SHOW would have said what it was lifted to";
  EXPECT_EQ(facts(client).settings->variable("time_zone"), "+11:00");
}

TEST_F(StartTest, AnAnswerThatCannotBeHadEndsTheLoginWithTheReason) {
  options_.change_defaults = [](upstream::mysql::SessionDefaults& defaults) { defaults.variables.clear(); };
  start();
  server().on(kAsksVariables, reply::error(1227, "Access denied"));
  TestClient& client = stage().log_in();
  EXPECT_FALSE(client.connected());
  EXPECT_EQ(client.refusal().code, wire::kErUnknown);
  EXPECT_NE(client.refusal().words.find("Access denied"), std::string::npos) << client.refusal().words;
}

// --- the schema of a login -------------------------------------------------------------------------------------------

TEST_F(StartTest, TheSchemaOfALoginIsEnteredOnAServerAtOnceAndTheConnectionIsReadyForTheFirstStatement) {
  start();
  TestClient& client = stage().log_in({.schema = "shop"});
  ASSERT_TRUE(client.connected());
  EXPECT_EQ(server().accepted(), 1U);
  EXPECT_EQ(wire::decode_handshake_response(server().logins().at(0))->database, "shop");
  server().forget_heard();
  ask(client, "SELECT 1");
  EXPECT_EQ(shown(server()), "SELECT 1");
  EXPECT_EQ(server().accepted(), 1U);
}

TEST_F(StartTest, TheConnectionThatWasAskedAtTheLoginCountsAsTheBalancesTurn) {
  options_.replicas = 2;
  start();
  for (int i = 0; i < 2; ++i) {
    TestClient& client = stage().log_in({.schema = "shop"});
    const std::size_t before = stage().replica(1).accepted() + stage().replica(2).accepted();
    ask(client, "SELECT 1");
    EXPECT_EQ(stage().replica(1).accepted() + stage().replica(2).accepted(), before)
        << "another replica than the one that has the connection";
  }
  EXPECT_EQ(stage().replica(1).count("SELECT 1"), 1U);
  EXPECT_EQ(stage().replica(2).count("SELECT 1"), 1U);
}

TEST_F(StartTest, AWrongSchemaIsRefusedInThePrimarysWordsHoweverTheReplicaHasIt) {
  options_.replicas = 1;
  start();
  stage().replica().on_login(wire::testing::packet(
      2,
      wire::encode_err({1049, "42000", "Unknown database 'new' on the replica"}, upstream::mysql::kFakeCapabilities)));
  EXPECT_TRUE(stage().log_in({.schema = "new"}).connected()) << "the replica lags behind a CREATE DATABASE";
  stage().primary().on_login(wire::testing::packet(
      2, wire::encode_err({1049, "42000", "Unknown database 'none'"}, upstream::mysql::kFakeCapabilities)));
  stage().log_in({.user = "other", .schema = "none"});
  TestClient& refused = stage().log_in({.user = "other", .schema = "none"});
  EXPECT_FALSE(refused.connected());
  EXPECT_EQ(refused.refusal().code, wire::kErBadDb);
  EXPECT_EQ(refused.refusal().words, "Unknown database 'none'");
}

TEST_F(StartTest, OnAnIdleConnectionTheSchemaIsEnteredAndARefusalIsTheLogins) {
  start();
  stage().log_in({.schema = "shop"});
  server().forget_heard();
  EXPECT_TRUE(stage().log_in({.schema = "mail"}).connected());
  EXPECT_EQ(shown_now(server()), "use mail");
  server().on_command(Command::kInitDb, reply::error(1044, "Access denied for user to database 'none'"));
  TestClient& refused = stage().log_in({.schema = "none"});
  EXPECT_EQ(refused.refusal().code, wire::kErDbaccessDenied);
  EXPECT_TRUE(stage().run_until([&] { return server().heard("\x01"); })) << "its connection says goodbye";
}

TEST_F(StartTest, LoginsThatOverlapShareWhatOneOfThemHasSeenOfTheSchema) {
  options_.places = 1;
  start();
  stage().log_in({.schema = "shop"});
  server().forget_heard();
  TestClient& first = stage().start_login({.schema = "shop"});
  TestClient& second = stage().start_login({.schema = "shop"});
  ASSERT_TRUE(stage().run_until([&] { return first.settled() && second.settled(); }));
  EXPECT_TRUE(first.connected() && second.connected());
  EXPECT_EQ(shown_now(server()), "use shop") << "it was entered after both had begun";
  server().forget_heard();
  stage().log_in({.schema = "shop"});
  EXPECT_EQ(shown_now(server()), "use shop") << "rights may have changed before this one began";
}

TEST_F(StartTest, WithNoServerUpALoginSucceedsAndTheFirstStatementWillTell) {
  options_.change_view = [](upstream::mysql::View& view) {
    view.servers[0].reachable = view.servers[0].reader = false;
    view.primary.reset();
    view.no_primary_reason = "db1 is down";
  };
  start();
  TestClient& client = stage().log_in({.schema = "shop"});
  ASSERT_TRUE(client.connected());
  EXPECT_EQ(ask(client, "INSERT INTO t VALUES (1)"), "error 1105 no primary: db1 is down");
}

TEST_F(StartTest, LoginsThatAskAServerInEveryWay) {
  for_every_step_and_leaf({{.replicas = 1}, [](Stage& stage) {
                             for (std::size_t slot = 0; slot < 2; ++slot) {
                               stage.server(slot).on(kAsksCollation, reply::rows({{"latin2", "latin2_czech_cs", ""}}));
                             }
                             TestClient& client = stage.log_in({.schema = "shop", .charset = 2});
                             stage.ask_query(client, "SELECT 1");
                           }});
}

TEST_F(StartTest, LoginsUnderInitConnectInEveryWay) {
  StageOptions options;
  options.change_defaults = [](upstream::mysql::SessionDefaults& defaults) { defaults.init_connect = "SET @a=1"; };
  for_every_step_and_leaf({options, [](Stage& stage) {
                             TestClient& client = stage.log_in({.schema = "shop"});
                             stage.ask_query(client, "SELECT 1");
                             stage.ask(client, command(Command::kResetConnection));
                             stage.ask_query(client, "SELECT 2");
                           }});
}

}  // namespace
}  // namespace hf::service::mysql
