// Commands that are answered from what the session knows, or go to a server as they are.
#include "service/mysql/session_fixture.h"

namespace hf::service::mysql::handlers {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace): the stage is what these tests are written in
namespace wire = proto::mysql;

std::string set_option(std::uint16_t option) {
  std::string argument;
  append_le(argument, option, 2);
  return command(Command::kSetOption, argument);
}

/// How often the server heard this kind of command.
std::size_t count(const ResponderFake& server, Command number) {
  std::size_t times = 0;
  for (const ResponderFake::Heard& each : server.heard()) times += each.command[0] == static_cast<char>(number) ? 1 : 0;
  return times;
}

// COM_PING.

TEST(Ping, IsAnsweredHereWhereTheSessionHoldsNothing) {
  Stage stage;
  TestClient& client = stage.log_in();
  const Answer answer = stage.ask(client, command(Command::kPing));
  EXPECT_EQ(answer.packets(), (std::vector<Packet>{{1, std::string("\0\0\0\2\0\0\0", 7)}}));
  EXPECT_EQ(stage.server().accepted(), 0U);
}

TEST(Ping, ShowsTheSessionsStatus) {
  Stage stage;
  std::string change;
  wire::append_session_change(change, {wire::SessionChange::kSystemVariable, 0, "autocommit", "OFF"});
  stage.server().on("SET autocommit", [&](const upstream::mysql::ServerTurn& turn) {
    return reply::writer(turn)
        .raw(wire::encode_ok({.status = wire::kStatusSessionStateChanged, .session_state = change}, turn.capabilities))
        .bytes();
  });
  TestClient& client = stage.log_in();
  EXPECT_EQ(stage.ask(client, command(Command::kPing)).status(), wire::kStatusAutocommit);
  ASSERT_TRUE(stage.ask_query(client, "SET autocommit=0").ok());
  EXPECT_EQ(stage.ask(client, command(Command::kPing)).status(), 0);
}

TEST(Ping, InATransactionReachesTheServerThatHasIt) {
  Stage stage({.replicas = 1});
  TestClient& client = stage.log_in();
  stage.ask_query(client, "BEGIN");
  const Answer answer = stage.ask(client, command(Command::kPing));
  EXPECT_TRUE(answer.in_transaction());
  EXPECT_EQ(count(stage.primary(), Command::kPing), 1U);
  EXPECT_EQ(stage.lent(0), 1U);
}

TEST(Ping, LeavesWarningsWhereTheyAre) {
  Stage stage;
  stage.server().on("INSERT", reply::ok({.affected_rows = 1, .warnings = 1}));
  stage.server().on("SHOW WARNINGS", reply::rows({{"Warning", "1265", "Data truncated"}}));
  TestClient& client = stage.log_in();
  stage.ask_query(client, "INSERT INTO t VALUES ('x')");
  EXPECT_TRUE(stage.ask(client, command(Command::kPing)).ok());
  EXPECT_EQ(stage.ask_query(client, "SHOW WARNINGS").packets().size(), 6U);
  EXPECT_EQ(stage.server().count("INSERT"), 1U);
  EXPECT_EQ(stage.server().accepted(), 1U);
}

TEST(Ping, IsAnsweredHereWhenWhatWasKeptForConvenienceIsGone) {
  Stage stage;
  stage.server().on("INSERT", reply::ok({.affected_rows = 1, .warnings = 1}));
  TestClient& client = stage.log_in();
  stage.ask_query(client, "INSERT INTO t VALUES ('x')");
  ASSERT_EQ(stage.lent(0), 1U);
  stage.server().cut();
  EXPECT_TRUE(stage.ask(client, command(Command::kPing)).ok());
  EXPECT_EQ(stage.lent(0), 0U);
}

TEST(Ping, FindsATransactionLostWithoutBeingAnswered) {
  Stage stage;
  TestClient& client = stage.log_in();
  stage.ask_query(client, "BEGIN");
  stage.server().cut();
  client.send(command(Command::kPing));
  EXPECT_TRUE(stage.wait_gone(client));
  EXPECT_FALSE(client.answers().back().ok());
}

// Commands that go on as they are.

struct Destination {
  const char* name;
  std::string payload;
  bool replica;
};
class OtherCommand : public ::testing::TestWithParam<Destination> {};

TEST_P(OtherCommand, GoesOnAsItIs) {
  Stage stage({.replicas = 1});
  TestClient& client = stage.log_in();
  const Answer answer = stage.ask(client, GetParam().payload);
  EXPECT_TRUE(answer.ok());
  EXPECT_EQ(answer.packets()[0].sequence, 1U);
  const ResponderFake& server = GetParam().replica ? stage.replica() : stage.primary();
  ASSERT_FALSE(server.heard().empty());
  EXPECT_EQ(server.heard().back().command, GetParam().payload);
  EXPECT_EQ((GetParam().replica ? stage.primary() : stage.replica()).accepted(), 0U);
  EXPECT_TRUE(stage.ask_query(client, "SELECT 1").ok());
}

INSTANTIATE_TEST_SUITE_P(Each, OtherCommand,
                         ::testing::Values(Destination{"statistics", command(Command::kStatistics), false},
                                           Destination{"debug", command(Command::kDebug), false},
                                           Destination{"process_info", command(Command::kProcessInfo), false},
                                           Destination{"refresh", command(Command::kRefresh, "\1"), false},
                                           Destination{"shutdown", command(Command::kShutdown), false},
                                           Destination{"create_db", command(Command::kCreateDb, "shop"), false},
                                           Destination{"drop_db", command(Command::kDropDb, "shop"), false}),
                         [](const auto& instance) { return instance.param.name; });

TEST(OtherCommands, AFieldListIsARead) {
  Stage stage({.replicas = 1});
  const auto fields = [](const upstream::mysql::ServerTurn& turn) {
    return reply::writer(turn).definitions(2).end(turn.status).bytes();
  };
  stage.replica().on_command(Command::kFieldList, fields);
  TestClient& client = stage.log_in();
  const Answer answer = stage.ask(client, command(Command::kFieldList, ByteView("t\0", 2)));
  EXPECT_EQ(answer.packets().size(), 3U);
  EXPECT_EQ(stage.primary().accepted(), 0U);
}

TEST(OtherCommands, StatisticsAreText) {
  Stage stage;
  TestClient& client = stage.log_in();
  EXPECT_EQ(stage.ask(client, command(Command::kStatistics)).packets(), (std::vector<Packet>{{1, "Uptime: 1"}}));
}

TEST(OtherCommands, AReplicaThatRegistersHasAConnectionOfItsOwn) {
  Stage stage({.replicas = 1});
  TestClient& client = stage.log_in();
  EXPECT_TRUE(stage.ask(client, command(Command::kRegisterSlave, std::string(18, '\0'))).ok());
  EXPECT_EQ(stage.pinned(), 1U);
  EXPECT_EQ(stage.lent(0), 1U);
}

TEST(OtherCommands, WhatNobodyKnowsIsRefusedHereAndTheSessionGoesOn) {
  Stage stage;
  TestClient& client = stage.log_in();
  for (const Command number :
       {Command::kSleep, Command::kConnect, Command::kTime, Command::kDelayedInsert, Command::kConnectOut,
        Command::kDaemon, Command::kSlaveWorker, Command::kSlaveIo, Command::kSlaveSql, static_cast<Command>(0x50)}) {
    const Answer answer = stage.ask(client, command(number));
    EXPECT_EQ(answer.error_code(), wire::kErUnknownCommand) << static_cast<int>(number);
    EXPECT_EQ(answer.packets()[0].sequence, 1U);
  }
  EXPECT_EQ(stage.server().accepted(), 0U);
  EXPECT_TRUE(stage.ask(client, command(Command::kPing)).ok());
}

TEST(OtherCommands, QuitIsNotAnswered) {
  Stage stage;
  TestClient& client = stage.log_in();
  stage.ask_query(client, "BEGIN");
  client.send(command(Command::kQuit));
  EXPECT_TRUE(stage.wait_gone(client));
  EXPECT_TRUE(client.loose().empty());
  EXPECT_TRUE(stage.run_until([&] { return stage.lent(0) == 0; }));
  EXPECT_TRUE(stage.server().heard("ROLLBACK") || count(stage.server(), Command::kResetConnection) == 1 ||
              stage.server().open() == 0)
      << "what was open is undone";
}

// COM_INIT_DB.

TEST(InitDb, TheSchemaGoesWithTheSessionToEveryServer) {
  Stage stage({.replicas = 1});
  std::string change;
  wire::append_session_change(change, {wire::SessionChange::kSchema, 0, {}, "shop"});
  for (std::size_t i : {0U, 1U}) stage.server(i).on_command(Command::kInitDb, reply::ok({}, change));
  TestClient& client = stage.log_in();
  EXPECT_TRUE(stage.ask(client, command(Command::kInitDb, "shop")).ok());
  EXPECT_TRUE(stage.ask_query(client, "INSERT INTO t VALUES (1)").ok());
  EXPECT_TRUE(stage.ask_query(client, "SELECT a FROM t").ok());
  EXPECT_EQ(count(stage.primary(), Command::kInitDb), 1U);
  EXPECT_EQ(count(stage.replica(), Command::kInitDb), 1U);
  EXPECT_EQ(stage.primary().texts().back(), "INSERT INTO t VALUES (1)");
  EXPECT_EQ(stage.replica().texts().back(), "SELECT a FROM t");
}

TEST(InitDb, AnUnknownSchemaIsTheServersErrorAndChangesNothing) {
  Stage stage;
  stage.server().on_command(Command::kInitDb, reply::error(1049, "Unknown database 'nowhere'"));
  TestClient& client = stage.log_in();
  EXPECT_EQ(stage.ask(client, command(Command::kInitDb, "nowhere")).error_code(), 1049);
  EXPECT_TRUE(stage.ask_query(client, "SELECT 1").ok());
  EXPECT_EQ(count(stage.server(), Command::kInitDb), 1U);
}

// COM_SET_OPTION.

TEST(SetOption, IsAnsweredWithAnEofOrWhatStandsForOne) {
  for (const auto& [capabilities, expected] : {std::pair(kModernClient, std::string("\xFE\0\0\2\0\0\0", 7)),
                                               std::pair(kOldClient, std::string("\xFE\0\0\2\0", 5))}) {
    Stage stage;
    ClientLogin login;
    login.capabilities = capabilities;
    TestClient& client = stage.log_in(login);
    for (const std::uint16_t option : {std::uint16_t{0}, std::uint16_t{1}}) {
      client.send_loose(0, set_option(option));
      ASSERT_TRUE(stage.run_until([&] { return client.loose().size() == option + 1U; }));
      EXPECT_EQ(client.loose().back(), (Packet{1, expected}));
    }
    EXPECT_EQ(stage.server().accepted(), 0U);
  }
}

TEST(SetOption, WhatIsNoOptionIsRefused) {
  Stage stage;
  TestClient& client = stage.log_in();
  for (const std::string& payload : {set_option(2), set_option(0xFFFF), command(Command::kSetOption, "\2")}) {
    EXPECT_EQ(stage.ask(client, payload).error_code(), wire::kErUnknownCommand);
  }
  for (const std::string& cut : {command(Command::kSetOption), command(Command::kSetOption, ByteView("\0", 1))}) {
    EXPECT_EQ(stage.ask(client, cut).error_code(), 0U) << "what is missing is zero";
  }
  EXPECT_FALSE(client.gone());
}

TEST(SetOption, IsToldToEachConnectionBeforeItRunsSomething) {
  Stage stage({.replicas = 1});
  TestClient& client = stage.log_in();
  stage.ask_query(client, "SELECT a FROM t");
  EXPECT_EQ(count(stage.replica(), Command::kSetOption), 0U);
  stage.ask(client, set_option(0));
  EXPECT_EQ(count(stage.replica(), Command::kSetOption), 0U);
  stage.ask_query(client, "SELECT a FROM t");
  stage.ask_query(client, "SELECT a FROM t");
  EXPECT_EQ(count(stage.replica(), Command::kSetOption), 1U) << "once for a connection";
  stage.ask(client, set_option(1));
  stage.ask_query(client, "SELECT a FROM t");
  EXPECT_EQ(count(stage.replica(), Command::kSetOption), 2U);
}

TEST(SetOption, IsToldAtOnceToTheConnectionThatTheSessionCannotLeave) {
  Stage stage;
  TestClient& client = stage.log_in();
  stage.ask_query(client, "BEGIN");
  EXPECT_TRUE(stage.ask(client, set_option(0)).ok());
  EXPECT_EQ(stage.server().heard().back().command, set_option(0));
  EXPECT_TRUE(stage.ask_query(client, "INSERT INTO t VALUES (1); INSERT INTO t VALUES (2)").ok());
  EXPECT_EQ(count(stage.server(), Command::kSetOption), 1U);
}

TEST(SetOption, WhereItCannotBeToldTheConnectionIsGivenUp) {
  Stage stage;
  stage.server().on_command(Command::kSetOption, reply::error(1047, "Unknown command"));
  TestClient& client = stage.log_in();
  stage.ask_query(client, "BEGIN");
  stage.ask(client, set_option(0));
  EXPECT_TRUE(stage.wait_gone(client)) << "its transaction is gone";
  EXPECT_TRUE(stage.run_until([&] { return stage.server().open() == 0; }));
}

// Each of them with everything going wrong.

TEST(SimpleScript, PingsWithAndWithoutAConnection) {
  for_every_step_and_leaf({{}, [](Stage& stage) {
                             TestClient& client = stage.log_in();
                             stage.ask(client, command(Command::kPing));
                             stage.ask_query(client, "BEGIN");
                             stage.ask(client, command(Command::kPing));
                             stage.ask_query(client, "COMMIT");
                             stage.ask(client, command(Command::kPing));
                           }});
}

TEST(SimpleScript, CommandsThatGoOnAsTheyAre) {
  for_every_step_and_leaf({{.replicas = 1}, [](Stage& stage) {
                             TestClient& client = stage.log_in();
                             stage.ask(client, command(Command::kInitDb, "shop"));
                             stage.ask(client, command(Command::kDebug));
                             stage.ask(client, command(Command::kCreateDb, "new"));
                             stage.ask(client, command(Command::kRegisterSlave, std::string(18, '\0')));
                             stage.ask(client, command(Command::kPing));
                           }});
}

TEST(SimpleScript, Statistics) {
  for_every_step_and_leaf({{}, [](Stage& stage) {
                             TestClient& client = stage.log_in();
                             stage.ask(client, command(Command::kStatistics));
                             stage.ask(client, command(Command::kPing));
                           }});
}

TEST(SimpleScript, MultiStatementsOnAndOff) {
  for_every_step_and_leaf({{}, [](Stage& stage) {
                             TestClient& client = stage.log_in();
                             stage.ask(client, set_option(0));
                             stage.ask_query(client, "BEGIN");
                             stage.ask(client, set_option(1));
                             stage.ask_query(client, "COMMIT");
                             stage.ask_query(client, "SELECT 1");
                           }});
}

}  // namespace
}  // namespace hf::service::mysql::handlers
