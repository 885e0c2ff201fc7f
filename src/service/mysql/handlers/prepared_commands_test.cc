// COM_STMT_*: the ids that the client knows and those that servers have, what is prepared where, long data, cursors;
// and that no failure leaves a command without an answer.
#include "service/mysql/session_fixture.h"

namespace hf::service::mysql::handlers {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace): the stage is what these tests are written in
namespace wire = proto::mysql;

constexpr std::uint32_t kServerId = ResponderFake::kFirstPrepared;
constexpr std::uint8_t kCursorReadOnly = 1;

std::string prepare(ByteView text) { return command(Command::kStmtPrepare, text); }
std::string fetch(std::uint32_t id, std::uint32_t rows = 1) {
  std::string count;
  append_le(count, rows, 4);
  return on_statement(Command::kStmtFetch, id, count);
}
std::string long_data(std::uint32_t id, std::uint16_t parameter, ByteView data) {
  std::string rest;
  append_le(rest, parameter, 2);
  return on_statement(Command::kStmtSendLongData, id, rest += data);
}
/// One parameter: a new type (BIGINT), then the value.
std::string bound(std::uint64_t value) {
  std::string parameters("\0\1\x08\0", 4);
  append_le(parameters, value, 8);
  return parameters;
}
/// … with the type that was bound before.
std::string bound_again(std::uint64_t value) {
  std::string parameters("\0\0", 2);
  append_le(parameters, value, 8);
  return parameters;
}

upstream::mysql::ServerReply binary_rows(std::uint64_t count) {
  return [count](const upstream::mysql::ServerTurn& turn) {
    return reply::writer(turn)
        .column_count(1)
        .definitions(1)
        .definitions_eof(turn.status)
        .rows(count, ByteView("\0\0\x07\0\0\0\0\0\0\0", 10))
        .end(turn.status)
        .bytes();
  };
}
upstream::mysql::ServerReply opened_cursor() {
  return [](const upstream::mysql::ServerTurn& turn) {
    return reply::writer(turn).column_count(1).definitions(1).end(turn.status | wire::kStatusCursorExists).bytes();
  };
}
upstream::mysql::ServerReply fetched(std::uint64_t count, wire::StatusFlags status) {
  return [=](const upstream::mysql::ServerTurn& turn) {
    return reply::writer(turn).rows(count, ByteView("\0\0\x07\0\0\0\0\0\0\0", 10)).end(turn.status | status).bytes();
  };
}

std::uint32_t id_of(const Answer& answer) {
  const std::vector<Packet> packets = answer.packets();
  return packets.empty() || packets[0].payload.size() < 5
             ? 0
             : static_cast<std::uint32_t>(load_le(packets[0].payload, 1, 4));
}

/// What the server heard of this kind of command.
std::vector<std::string> heard(const ResponderFake& server, Command number) {
  std::vector<std::string> all;
  for (const ResponderFake::Heard& each : server.heard()) {
    if (each.command[0] == static_cast<char>(number)) all.push_back(each.command);
  }
  return all;
}

// Preparing.

TEST(PreparedCommands, TheClientGetsAnIdOfOursAndTheDefinitionsOfTheServer) {
  Stage stage;
  TestClient& client = stage.log_in();
  const Answer first = stage.ask(client, prepare("SELECT a FROM t WHERE b=?"));
  ASSERT_TRUE(first.ok());
  ASSERT_EQ(first.packets().size(), 3U);  // OK, the parameter, the column
  EXPECT_EQ(first.packets()[0].payload, std::string("\0\1\0\0\0\1\0\1\0\0\0\0", 12));
  EXPECT_EQ(first.packets()[2].sequence, 3U);
  EXPECT_EQ(id_of(stage.ask(client, prepare("INSERT INTO t VALUES (?)"))), 2U);
  EXPECT_EQ(heard(stage.server(), Command::kStmtPrepare),
            (std::vector<std::string>{prepare("SELECT a FROM t WHERE b=?"), prepare("INSERT INTO t VALUES (?)")}));
}

TEST(PreparedCommands, AStatementIsPreparedWhereItWillRun) {
  Stage stage({.replicas = 1});
  TestClient& client = stage.log_in();
  stage.ask(client, prepare("SELECT a FROM t"));
  stage.ask(client, prepare("INSERT INTO t VALUES (1)"));
  EXPECT_EQ(heard(stage.replica(), Command::kStmtPrepare).size(), 1U);
  EXPECT_EQ(heard(stage.primary(), Command::kStmtPrepare).size(), 1U);
  EXPECT_EQ(stage.lent(0) + stage.lent(1), 0U) << "a prepared statement ties nothing";
}

TEST(PreparedCommands, WhatTheServerDoesNotPrepareIsNotKept) {
  Stage stage;
  stage.server().on_payload(prepare("SELECT"), reply::error(1146, "Table 'x.t' doesn't exist"), 1);
  TestClient& client = stage.log_in();
  EXPECT_EQ(stage.ask(client, prepare("SELECT a FROM t")).error_code(), 1146);
  EXPECT_EQ(stage.ask(client, execute(1)).error_code(), wire::kErUnknownStatement);
  EXPECT_EQ(id_of(stage.ask(client, prepare("SELECT a FROM t"))), 2U) << "an id is never given twice";
}

TEST(PreparedCommands, AnExecutionThatIsCutIsMalformedWhetherOrNotThereIsSuchAStatement) {
  Stage stage;
  TestClient& client = stage.log_in();
  stage.ask(client, prepare("SELECT 1"));
  for (const std::uint32_t id : {1U, 77U}) {
    const std::string whole = execute(id);
    for (std::size_t size = 1; size < 10; ++size) {
      EXPECT_EQ(stage.ask(client, whole.substr(0, size)).error_code(), wire::kErMalformedPacket) << id << ' ' << size;
    }
  }
  EXPECT_EQ(stage.ask(client, on_statement(Command::kStmtBulkExecute, 1)).error_code(), wire::kErMalformedPacket);
  EXPECT_TRUE(heard(stage.server(), Command::kStmtExecute).empty());
}

TEST(PreparedCommands, AStatementTooManyIsRefusedAsTheServerWould) {
  Stage stage(
      {.change_defaults = [](upstream::mysql::SessionDefaults& defaults) { defaults.max_prepared_stmt_count = 2; }});
  TestClient& client = stage.log_in();
  EXPECT_TRUE(stage.ask(client, prepare("SELECT 1 FROM t")).ok());
  EXPECT_TRUE(stage.ask(client, prepare("SELECT 2 FROM t")).ok());
  const Answer answer = stage.ask(client, prepare("SELECT 3 FROM t"));
  EXPECT_EQ(answer.error_code(), 1461);
  EXPECT_EQ(answer.message(), "Can't create more than max_prepared_stmt_count statements (current value: 2)");
  client.send(on_statement(Command::kStmtClose, 1));
  EXPECT_TRUE(stage.ask(client, prepare("SELECT 3 FROM t")).ok());
}

TEST(PreparedCommands, WhatAStatementIsParsedUnderIsLearntBeforeItIsPrepared) {
  Stage stage({.change_defaults = [](upstream::mysql::SessionDefaults& defaults) { defaults.variables.clear(); },
               .change_view = [](upstream::mysql::View& view) { view.servers[0].reachable = false; }});
  TestClient& client = stage.log_in();
  ASSERT_EQ(stage.server().accepted(), 0U);
  stage.change_view([](upstream::mysql::View& view) { view.servers[0].reachable = true; });
  EXPECT_TRUE(stage.ask(client, prepare("SELECT a FROM t")).ok());
  ASSERT_GE(stage.server().texts().size(), 2U);
  EXPECT_TRUE(stage.server().texts()[0].starts_with("SELECT 'sql_select_limit'"));
  EXPECT_TRUE(stage.server().texts()[1].starts_with("SHOW SESSION VARIABLES"));
  EXPECT_EQ(stage.server().accepted(), 1U);
}

TEST(PreparedCommands, NothingIsPreparedUnderSettingsThatCannotBeLearnt) {
  Stage stage({.change_defaults = [](upstream::mysql::SessionDefaults& defaults) { defaults.variables.clear(); },
               .change_view = [](upstream::mysql::View& view) { view.servers[0].reachable = false; }});
  stage.server().on_login(std::string());
  TestClient& client = stage.log_in();
  const Answer answer = stage.ask(client, prepare("SELECT a FROM t"));
  EXPECT_EQ(answer.error_code(), wire::kErUnknown);
  EXPECT_EQ(answer.packets()[0].sequence, 1U);
  EXPECT_FALSE(client.gone());
}

// Executing.

TEST(PreparedCommands, AnExecutionHasTheServersIdAndTheClientsRows) {
  Stage stage;
  stage.server().on_command(Command::kStmtExecute, binary_rows(2));
  TestClient& client = stage.log_in();
  stage.ask(client, prepare("SELECT a FROM t"));
  const Answer answer = stage.ask(client, execute(1));
  EXPECT_EQ(answer.packets().size(), 5U);
  EXPECT_EQ(heard(stage.server(), Command::kStmtExecute), std::vector<std::string>{execute(kServerId)});
}

TEST(PreparedCommands, AnotherConnectionPreparesTheStatementAgainAndIsGivenTheTypes) {
  Stage stage({.change_service = [](config::Service& service) { service.mysql.max_connection_age = 1ms; }});
  TestClient& client = stage.log_in();
  stage.ask(client, prepare("UPDATE t SET a=?"));
  EXPECT_TRUE(stage.ask(client, execute(1, 0, bound(7))).ok());
  stage.rest(10ms);
  EXPECT_TRUE(stage.ask(client, execute(1, 0, bound_again(8))).ok());
  EXPECT_GE(stage.server().accepted(), 2U);
  EXPECT_GE(heard(stage.server(), Command::kStmtPrepare).size(), 2U);
  EXPECT_EQ(heard(stage.server(), Command::kStmtExecute).back(), execute(kServerId, 0, bound(8)));
}

TEST(PreparedCommands, TheSameConnectionNeedsNoTypesAgain) {
  Stage stage;
  TestClient& client = stage.log_in();
  stage.ask(client, prepare("UPDATE t SET a=?"));
  stage.ask(client, execute(1, 0, bound(7)));
  stage.ask(client, execute(1, 0, bound_again(8)));
  EXPECT_EQ(heard(stage.server(), Command::kStmtPrepare).size(), 1U);
  EXPECT_EQ(heard(stage.server(), Command::kStmtExecute).back(), execute(kServerId, 0, bound_again(8)));
}

TEST(PreparedCommands, MinusOneIsTheStatementPreparedLast) {
  Stage stage;
  TestClient& client = stage.log_in();
  stage.ask(client, prepare("INSERT INTO t VALUES (1)"));
  stage.ask(client, prepare("INSERT INTO t VALUES (2)"));
  EXPECT_TRUE(stage.ask(client, execute(0xFFFFFFFF)).ok());
  EXPECT_EQ(heard(stage.server(), Command::kStmtExecute), std::vector<std::string>{execute(kServerId + 1)});
}

TEST(PreparedCommands, ABulkExecutionGoesOnWithTheServersId) {
  Stage stage;
  TestClient& client = stage.log_in();
  stage.ask(client, prepare("INSERT INTO t VALUES (?)"));
  const std::string rows("\x80\0\x08\0\0\1\0\0\0\0\0\0\0\0\2\0\0\0\0\0\0\0", 22);
  EXPECT_TRUE(stage.ask(client, on_statement(Command::kStmtBulkExecute, 1, rows)).ok());
  EXPECT_EQ(heard(stage.server(), Command::kStmtBulkExecute),
            std::vector<std::string>{on_statement(Command::kStmtBulkExecute, kServerId, rows)});
}

TEST(PreparedCommands, AStatementThatCannotBePreparedAgainIsAnsweredWithTheServersWords) {
  Stage stage({.change_service = [](config::Service& service) { service.mysql.max_connection_age = 1ms; }});
  TestClient& client = stage.log_in();
  stage.ask(client, prepare("SELECT a FROM t"));
  stage.rest(10ms);
  stage.server().on_command(Command::kStmtPrepare, reply::error(1146, "Table 'x.t' doesn't exist"));
  const Answer answer = stage.ask(client, execute(1));
  EXPECT_EQ(answer.error_code(), 1146);
  EXPECT_EQ(answer.packets()[0].sequence, 1U);
  EXPECT_TRUE(heard(stage.server(), Command::kStmtExecute).empty());
  EXPECT_EQ(stage.lent(0), 0U);
}

TEST(PreparedCommands, RowCountIsTheSessionsOwnInABinaryRowToo) {
  Stage stage;
  stage.server().on_command(Command::kStmtExecute, binary_rows(1));
  TestClient& client = stage.log_in();
  stage.ask(client, prepare("SELECT ROW_COUNT()"));
  ASSERT_TRUE(stage.ask_query(client, "SET NAMES latin1").ok());
  const Answer answer = stage.ask(client, execute(1));
  ASSERT_EQ(answer.packets().size(), 4U);
  EXPECT_EQ(answer.packets()[2], (Packet{3, std::string(10, '\0')}));
}

TEST(PreparedCommands, AReadThatAReplicaRefusesIsAWriteFromThenOn) {
  Stage stage({.replicas = 1});
  stage.replica().on_command(
      Command::kStmtExecute,
      reply::error(1290,
                   "The MariaDB server is running with the --read-only option so it cannot execute this statement"));
  TestClient& client = stage.log_in();
  stage.ask(client, prepare("SELECT a FROM v"));
  EXPECT_TRUE(stage.ask(client, execute(1)).ok());
  EXPECT_TRUE(stage.ask(client, execute(1)).ok());
  EXPECT_EQ(heard(stage.replica(), Command::kStmtExecute).size(), 1U);
  EXPECT_EQ(heard(stage.primary(), Command::kStmtExecute).size(), 2U);
}

// Ids that nobody has, and packets that are too short to have one.

TEST(PreparedCommands, AnUnknownStatementIsNamedByTheCommandThatAskedForIt) {
  Stage stage;
  TestClient& client = stage.log_in();
  const auto refused = [&](ByteView payload) {
    const Answer answer = stage.ask(client, payload);
    EXPECT_EQ(answer.error_code(), wire::kErUnknownStatement);
    return answer.message();
  };
  EXPECT_EQ(refused(execute(9)), "Unknown prepared statement handler (9) given to mysqld_stmt_execute");
  EXPECT_EQ(refused(on_statement(Command::kStmtBulkExecute, 9, "\1\1")),
            "Unknown prepared statement handler (9) given to mysqld_stmt_bulk_execute");
  EXPECT_EQ(refused(fetch(9)), "Unknown prepared statement handler (9) given to mysqld_stmt_fetch");
  EXPECT_EQ(refused(on_statement(Command::kStmtReset, 9)),
            "Unknown prepared statement handler (9) given to mysqld_stmt_reset");
  for (const Command number : {Command::kStmtFetch, Command::kStmtReset}) {
    EXPECT_NE(refused(command(number)).find("(0)"), std::string::npos);
    EXPECT_NE(refused(command(number, "\1\2\3")).find("(197121)"), std::string::npos) << "what is missing is zero";
  }
  EXPECT_EQ(stage.server().accepted(), 0U) << "no server was asked";
}

TEST(PreparedCommands, WhatHasNoReplyIsPassedOverWhenItMakesNoSense) {
  Stage stage;
  TestClient& client = stage.log_in();
  stage.ask(client, prepare("INSERT INTO t VALUES (?)"));
  for (const Command number : {Command::kStmtClose, Command::kStmtSendLongData}) {
    client.send(command(number));
    client.send(command(number, "\1\0"));
    client.send(on_statement(number, 9));
  }
  client.send(on_statement(Command::kStmtSendLongData, 1, "\0"));
  EXPECT_TRUE(stage.ask(client, execute(1, 0, bound(1))).ok());
  EXPECT_TRUE(heard(stage.server(), Command::kStmtSendLongData).empty());
  EXPECT_TRUE(client.loose().empty());
}

TEST(PreparedCommands, AClosedStatementIsUnknown) {
  Stage stage;
  TestClient& client = stage.log_in();
  stage.ask(client, prepare("SELECT a FROM t"));
  client.send(on_statement(Command::kStmtClose, 1));
  EXPECT_EQ(stage.ask(client, execute(1)).error_code(), wire::kErUnknownStatement);
  EXPECT_TRUE(heard(stage.server(), Command::kStmtClose).empty()) << "the copy is kept for others";
}

// Long data.

TEST(PreparedCommands, LongDataGoesBeforeTheExecutionThatTakesItAndOnce) {
  Stage stage;
  TestClient& client = stage.log_in();
  stage.ask(client, prepare("INSERT INTO t VALUES (?)"));
  client.send(long_data(1, 0, "one "));
  client.send(long_data(1, 0, "two"));
  stage.turn(5);
  EXPECT_TRUE(heard(stage.server(), Command::kStmtSendLongData).empty()) << "kept until it is known where it goes";
  EXPECT_TRUE(stage.ask(client, execute(1, 0, bound(0))).ok());
  const std::vector<std::string> expected = {long_data(kServerId, 0, "one "), long_data(kServerId, 0, "two")};
  EXPECT_EQ(heard(stage.server(), Command::kStmtSendLongData), expected);
  EXPECT_TRUE(stage.ask(client, execute(1, 0, bound(0))).ok());
  EXPECT_EQ(heard(stage.server(), Command::kStmtSendLongData), expected);
}

TEST(PreparedCommands, LongDataIsForgottenByAReset) {
  Stage stage;
  TestClient& client = stage.log_in();
  stage.ask(client, prepare("INSERT INTO t VALUES (?)"));
  client.send(long_data(1, 0, "one"));
  const Answer answer = stage.ask(client, on_statement(Command::kStmtReset, 1));
  EXPECT_TRUE(answer.ok());
  EXPECT_EQ(answer.status(), wire::kStatusAutocommit);
  EXPECT_TRUE(stage.ask(client, execute(1, 0, bound(0))).ok());
  EXPECT_TRUE(heard(stage.server(), Command::kStmtSendLongData).empty());
  EXPECT_TRUE(heard(stage.server(), Command::kStmtReset).empty()) << "only we had it";
}

TEST(PreparedCommands, TooMuchLongDataIsRefusedAtTheExecutionUntilAReset) {
  Stage stage(
      {.change_defaults = [](upstream::mysql::SessionDefaults& defaults) { defaults.max_allowed_packet = 1024; }});
  TestClient& client = stage.log_in();
  stage.ask(client, prepare("INSERT INTO t VALUES (?)"));
  for (int i = 0; i < 3; ++i) client.send(long_data(1, 0, std::string(800, 'x')));
  for (int i = 0; i < 2; ++i) {
    const Answer answer = stage.ask(client, execute(1, 0, bound(0)));
    EXPECT_EQ(answer.error_code(), wire::kErUnknown);
    EXPECT_NE(answer.message().find("'max_allowed_packet' bytes"), std::string::npos);
  }
  client.send(long_data(1, 0, "small"));
  EXPECT_TRUE(stage.ask(client, on_statement(Command::kStmtReset, 1)).ok());
  client.send(long_data(1, 0, "small"));
  EXPECT_TRUE(stage.ask(client, execute(1, 0, bound(0))).ok());
  EXPECT_EQ(heard(stage.server(), Command::kStmtSendLongData),
            std::vector<std::string>{long_data(kServerId, 0, "small")});
}

TEST(PreparedCommands, LongDataThatTheServerRefusesStaysUntilAResetAndTheCopyIsGivenUp) {
  Stage stage;
  stage.server().on_command(Command::kStmtExecute,
                            reply::error(1105,
                                         "Parameter of prepared statement which is set through mysql_send_long_data() "
                                         "is longer than 'max_allowed_packet' bytes"),
                            2);
  TestClient& client = stage.log_in();
  stage.ask(client, prepare("INSERT INTO t VALUES (?)"));
  client.send(long_data(1, 0, "x"));
  EXPECT_EQ(stage.ask(client, execute(1, 0, bound(0))).error_code(), 1105);
  EXPECT_EQ(stage.ask(client, execute(1, 0, bound(0))).error_code(), 1105);
  EXPECT_EQ(heard(stage.server(), Command::kStmtSendLongData).size(), 2U) << "said again to the new copy";
  EXPECT_EQ(heard(stage.server(), Command::kStmtClose).front(), on_statement(Command::kStmtClose, kServerId));
  stage.ask(client, on_statement(Command::kStmtReset, 1));
  EXPECT_TRUE(stage.ask(client, execute(1, 0, bound(0))).ok());
  EXPECT_EQ(heard(stage.server(), Command::kStmtSendLongData).size(), 2U);
}

TEST(PreparedCommands, LongDataIsUsedUpByAnExecutionWhoseValuesAreMalformed) {
  for (const auto& [number, message] :
       {std::pair(Command::kStmtExecute, "Incorrect arguments to mysqld_stmt_execute"),
        std::pair(Command::kStmtBulkExecute, "Incorrect arguments to mysqld_stmt_bulk_execute")}) {
    Stage stage;
    stage.server().on_command(number, reply::error(1210, message), 1);
    TestClient& client = stage.log_in();
    stage.ask(client, prepare("INSERT INTO t VALUES (?)"));
    client.send(long_data(1, 0, "x"));
    EXPECT_EQ(stage.ask(client, on_statement(number, 1, std::string(5, '\0'))).error_code(), 1210);
    EXPECT_TRUE(stage.ask(client, execute(1, 0, bound(0))).ok());
    EXPECT_EQ(heard(stage.server(), Command::kStmtSendLongData).size(), 1U);
  }
}

TEST(PreparedCommands, LongDataStaysBehindAnExecutionThatNobodyReads) {
  Stage stage;
  TestClient& client = stage.log_in();
  stage.ask(client, prepare("INSERT INTO t VALUES (?)"));
  client.send(long_data(1, 0, "x"));
  EXPECT_EQ(stage.ask(client, on_statement(Command::kStmtExecute, 1)).error_code(), 1835) << "cut short";
  EXPECT_TRUE(stage.ask(client, execute(1, 0, bound(0))).ok());
  EXPECT_EQ(heard(stage.server(), Command::kStmtSendLongData).size(), 1U);
}

// Cursors.

class Cursor : public ::testing::Test {
 protected:
  Cursor() {
    for (ResponderFake* server : {&stage_.primary(), &stage_.replica()}) {
      server->on_command(Command::kStmtExecute, opened_cursor());
      server->on_command(Command::kStmtFetch, fetched(1, wire::kStatusCursorExists));
    }
    stage_.ask(client_, prepare("SELECT a FROM t"));
  }
  Answer open() { return stage_.ask(client_, execute(1, kCursorReadOnly)); }

  Stage stage_{{.replicas = 1}};
  TestClient& client_ = stage_.log_in();
};

TEST_F(Cursor, TiesTheSessionToThePrimary) {
  EXPECT_EQ(open().status(), wire::kStatusAutocommit | wire::kStatusCursorExists);
  EXPECT_EQ(stage_.lent(0), 1U);
  EXPECT_TRUE(stage_.ask_query(client_, "SELECT b FROM t").ok());
  EXPECT_TRUE(stage_.primary().heard("SELECT b")) << "the session stays where its cursor is";
}

TEST_F(Cursor, IsFetchedFromWhereItIsUntilItsLastRow) {
  open();
  const Answer rows = stage_.ask(client_, fetch(1, 5));
  EXPECT_EQ(rows.packets().size(), 2U);
  EXPECT_EQ(heard(stage_.primary(), Command::kStmtFetch), std::vector<std::string>{fetch(kServerId, 5)});
  EXPECT_EQ(stage_.lent(0), 1U);
  stage_.primary().on_command(Command::kStmtFetch, fetched(0, wire::kStatusCursorExists | wire::kStatusLastRowSent));
  EXPECT_TRUE(stage_.ask(client_, fetch(1, 5)).ok());
  stage_.ask_query(client_, "SELECT b FROM t");
  EXPECT_TRUE(stage_.replica().heard("SELECT b")) << "nothing ties the session any more";
  EXPECT_EQ(stage_.ask(client_, fetch(1)).error_code(), 1421);
}

TEST_F(Cursor, ThatWasNeverOpenedCannotBeFetched) {
  const Answer answer = stage_.ask(client_, fetch(1));
  EXPECT_EQ(answer.error_code(), 1421);
  EXPECT_EQ(answer.message(), "The statement (1) has no open cursor");
  EXPECT_TRUE(heard(stage_.primary(), Command::kStmtFetch).empty());
}

TEST_F(Cursor, IsClosedOnTheServerByAReset) {
  open();
  EXPECT_TRUE(stage_.ask(client_, on_statement(Command::kStmtReset, 1)).ok());
  EXPECT_EQ(heard(stage_.primary(), Command::kStmtReset),
            std::vector<std::string>{on_statement(Command::kStmtReset, kServerId)});
  EXPECT_EQ(stage_.ask(client_, fetch(1)).error_code(), 1421);
  stage_.ask_query(client_, "SELECT b FROM t");
  EXPECT_TRUE(stage_.replica().heard("SELECT b"));
}

TEST_F(Cursor, IsClosedOnTheServerWithItsStatement) {
  open();
  client_.send(on_statement(Command::kStmtClose, 1));
  EXPECT_TRUE(stage_.run_until([&] { return !heard(stage_.primary(), Command::kStmtClose).empty(); }));
  EXPECT_EQ(heard(stage_.primary(), Command::kStmtClose),
            std::vector<std::string>{on_statement(Command::kStmtClose, kServerId)});
  stage_.ask_query(client_, "SELECT b FROM t");
  EXPECT_TRUE(stage_.replica().heard("SELECT b")) << "nothing ties the session any more";
  EXPECT_EQ(stage_.lent(0), 0U);
}

TEST_F(Cursor, OfTwoTheOtherKeepsTheSessionWhereItIs) {
  stage_.ask(client_, prepare("SELECT b FROM u"));
  open();
  EXPECT_TRUE(stage_.ask(client_, execute(2, kCursorReadOnly)).ok());
  client_.send(on_statement(Command::kStmtClose, 1));
  EXPECT_TRUE(stage_.ask(client_, fetch(2)).ok());
  EXPECT_EQ(stage_.lent(0), 1U);
}

TEST_F(Cursor, OfTwoHandlesOfOneTextEachHasACopyOfItsOwn) {
  stage_.ask(client_, prepare("SELECT a FROM t"));
  open();
  EXPECT_TRUE(stage_.ask(client_, execute(2, kCursorReadOnly)).ok());
  const std::vector<std::string> executed = heard(stage_.primary(), Command::kStmtExecute);
  ASSERT_EQ(executed.size(), 2U);
  EXPECT_NE(executed[0], executed[1]);
  stage_.ask(client_, fetch(2));
  stage_.ask(client_, fetch(1));
  const std::uint32_t first = static_cast<std::uint32_t>(load_le(executed[0], 1, 4));
  const std::uint32_t second = static_cast<std::uint32_t>(load_le(executed[1], 1, 4));
  EXPECT_EQ(heard(stage_.primary(), Command::kStmtFetch), (std::vector<std::string>{fetch(second), fetch(first)}));
  client_.send(on_statement(Command::kStmtClose, 2));
  EXPECT_TRUE(stage_.ask(client_, fetch(1)).ok());
  EXPECT_EQ(heard(stage_.primary(), Command::kStmtClose),
            std::vector<std::string>{on_statement(Command::kStmtClose, second)});
  EXPECT_EQ(heard(stage_.primary(), Command::kStmtFetch).back(), fetch(first));
}

TEST_F(Cursor, StaysWhenItsTextIsPreparedAgain) {
  open();
  EXPECT_TRUE(stage_.ask(client_, prepare("SELECT a FROM t")).ok());
  EXPECT_TRUE(stage_.ask(client_, fetch(1)).ok());
  EXPECT_TRUE(heard(stage_.primary(), Command::kStmtClose).empty());
}

TEST_F(Cursor, StaysWhenAnotherStatementCannotBePreparedWhereItIs) {
  stage_.ask(client_, prepare("SELECT a FROM t"));
  open();
  stage_.primary().on_command(Command::kStmtPrepare, reply::error(1146, "Table 'x.t' doesn't exist"));
  EXPECT_EQ(stage_.ask(client_, execute(2)).error_code(), 1146);
  EXPECT_EQ(stage_.lent(0), 1U);
  EXPECT_TRUE(stage_.ask(client_, fetch(1)).ok());
}

TEST_F(Cursor, StaysBehindAnExecutionWhoseValuesAreMalformed) {
  open();
  stage_.primary().on_command(Command::kStmtExecute, reply::error(1210, "Incorrect arguments to mysqld_stmt_execute"));
  EXPECT_EQ(stage_.ask(client_, execute(1)).error_code(), 1210);
  EXPECT_TRUE(stage_.ask(client_, fetch(1)).ok());
  stage_.primary().on_command(Command::kStmtExecute, reply::error(1146, "Table 'x.t' doesn't exist"));
  EXPECT_EQ(stage_.ask(client_, execute(1)).error_code(), 1146);
  EXPECT_EQ(stage_.ask(client_, fetch(1)).error_code(), 1421);
}

TEST_F(Cursor, IsLostWithItsConnectionAndSoIsTheSession) {
  open();
  stage_.primary().cut();
  EXPECT_TRUE(stage_.wait_gone(client_));
}

TEST_F(Cursor, OnAReadAddressIsOpenedOnAReplica) {
  Stage stage({.replicas = 1, .route = config::ListenRoute::kRead});
  stage.replica().on_command(Command::kStmtExecute, opened_cursor());
  TestClient& client = stage.log_in();
  stage.ask(client, prepare("SELECT a FROM t"));
  EXPECT_TRUE(stage.ask(client, execute(1, kCursorReadOnly)).ok());
  EXPECT_EQ(stage.lent(1), 1U);
}

// Each of them with everything going wrong.

TEST(PreparedScript, AReadAndAWrite) {
  for_every_step_and_leaf({{.replicas = 1}, [](Stage& stage) {
                             stage.replica().on_command(Command::kStmtExecute, binary_rows(2));
                             TestClient& client = stage.log_in();
                             const std::uint32_t reads = id_of(stage.ask(client, prepare("SELECT a FROM t WHERE b=?")));
                             const std::uint32_t writes = id_of(stage.ask(client, prepare("INSERT INTO t VALUES (?)")));
                             stage.ask(client, execute(reads, 0, bound(1)));
                             stage.ask(client, execute(writes, 0, bound(1)));
                             stage.ask(client, execute(reads, 0, bound_again(2)));
                           }});
}

TEST(PreparedScript, PreparedAgainUnderWhatItWasParsedUnder) {
  StageOptions options;
  options.change_service = [](config::Service& service) { service.mysql.max_connection_age = 1ms; };
  for_every_step_and_leaf({options, [](Stage& stage) {
                             std::string change;
                             wire::append_session_change(
                                 change, {wire::SessionChange::kSystemVariable, 0, "sql_mode", "ANSI_QUOTES"});
                             stage.server().on("SET sql_mode", reply::ok({.status = wire::kStatusAnsiQuotes}, change));
                             TestClient& client = stage.log_in();
                             const std::uint32_t id = id_of(stage.ask(client, prepare("SELECT \"a\" FROM t")));
                             stage.ask_query(client, "SET sql_mode='ANSI_QUOTES'");
                             stage.rest(10ms);
                             stage.ask(client, execute(id));
                           }});
}

TEST(PreparedScript, LongData) {
  for_every_step_and_leaf({{}, [](Stage& stage) {
                             TestClient& client = stage.log_in();
                             const std::uint32_t id = id_of(stage.ask(client, prepare("INSERT INTO t VALUES (?)")));
                             if (!client.gone()) client.send(long_data(id, 0, "one"));
                             stage.ask(client, execute(id, 0, bound(0)));
                             if (!client.gone()) client.send(long_data(id, 0, "two"));
                             stage.ask(client, on_statement(Command::kStmtReset, id));
                             stage.ask(client, execute(id, 0, bound(0)));
                           }});
}

TEST(PreparedScript, ACursor) {
  for_every_step_and_leaf({{.replicas = 1}, [](Stage& stage) {
                             stage.primary().on_command(Command::kStmtExecute, opened_cursor());
                             stage.primary().on_command(Command::kStmtFetch, fetched(2, wire::kStatusCursorExists));
                             TestClient& client = stage.log_in();
                             const std::uint32_t id = id_of(stage.ask(client, prepare("SELECT a FROM t")));
                             stage.ask(client, execute(id, kCursorReadOnly));
                             stage.ask(client, fetch(id));
                             stage.ask(client, on_statement(Command::kStmtReset, id));
                             stage.ask(client, execute(id, kCursorReadOnly));
                             if (!client.gone()) client.send(on_statement(Command::kStmtClose, id));
                             stage.ask_query(client, "SELECT b FROM t");
                           }});
}

TEST(PreparedScript, SettingsThatMustBeLearntFirst) {
  StageOptions options;
  options.change_defaults = [](upstream::mysql::SessionDefaults& defaults) { defaults.variables.clear(); };
  for_every_step_and_leaf({options, [](Stage& stage) {
                             stage.change_view([](upstream::mysql::View& view) { view.servers[0].reachable = false; });
                             TestClient& client = stage.log_in();
                             stage.change_view([](upstream::mysql::View& view) { view.servers[0].reachable = true; });
                             const std::uint32_t id = id_of(stage.ask(client, prepare("SELECT a FROM t")));
                             stage.ask(client, execute(id));
                           }});
}

}  // namespace
}  // namespace hf::service::mysql::handlers
