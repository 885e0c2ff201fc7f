// COM_QUERY: where a text goes, what the servers hear and the client gets, and that no failure leaves either without an
// end.
#include "service/mysql/session_fixture.h"

namespace hf::service::mysql::handlers {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace): the stage is what these tests are written in
namespace wire = proto::mysql;
using Texts = std::vector<std::string>;

/// What the server heard of clients, without what sessions said on their own behalf.
Texts said_by_clients(const ResponderFake& server) {
  Texts texts = server.texts();
  std::erase_if(texts, [](const std::string& text) {
    return text.starts_with("SET @@session.") || text.starts_with("SET SESSION ");
  });
  return texts;
}

std::string read_only_refusal() {
  return "The MariaDB server is running with the --read-only option so it cannot execute this statement";
}

// What goes where.

TEST(Query, AReadGoesToAReplicaAndAWriteToThePrimary) {
  Stage stage({.replicas = 1});
  TestClient& client = stage.log_in();
  EXPECT_TRUE(stage.ask_query(client, "SELECT a FROM t").ok());
  EXPECT_TRUE(stage.ask_query(client, "INSERT INTO t VALUES (1)").ok());
  EXPECT_EQ(said_by_clients(stage.replica()), Texts{"SELECT a FROM t"});
  EXPECT_EQ(said_by_clients(stage.primary()), Texts{"INSERT INTO t VALUES (1)"});
  EXPECT_EQ(stage.counters().reads_on_replicas.get(), 1U);
  EXPECT_EQ(stage.counters().writes.get(), 1U);
  EXPECT_EQ(stage.counters().statements.get(), 2U);
}

TEST(Query, OnAWriteAddressEverythingGoesToThePrimary) {
  Stage stage({.replicas = 1, .route = config::ListenRoute::kWrite});
  TestClient& client = stage.log_in();
  EXPECT_TRUE(stage.ask_query(client, "SELECT a FROM t").ok());
  EXPECT_EQ(said_by_clients(stage.primary()), Texts{"SELECT a FROM t"});
  EXPECT_EQ(stage.replica().accepted(), 0U);
}

TEST(Query, OnAReadAddressAWriteGetsTheReplicasOwnRefusal) {
  Stage stage({.replicas = 1, .route = config::ListenRoute::kRead});
  stage.replica().on("INSERT", reply::error(1290, read_only_refusal()));
  TestClient& client = stage.log_in();
  const Answer answer = stage.ask_query(client, "INSERT INTO t VALUES (1)");
  EXPECT_EQ(answer.error_code(), 1290);
  EXPECT_EQ(answer.message(), read_only_refusal());
  EXPECT_EQ(stage.primary().accepted(), 0U);
}

TEST(Query, WithoutReplicasReadsGoToThePrimary) {
  Stage stage({.replicas = 1});
  stage.change_view([](upstream::mysql::View& view) { view.servers[1].reader = false; });
  TestClient& client = stage.log_in();
  EXPECT_TRUE(stage.ask_query(client, "SELECT a FROM t").ok());
  EXPECT_EQ(said_by_clients(stage.primary()), Texts{"SELECT a FROM t"});
  EXPECT_EQ(stage.counters().reads_on_primary.get(), 1U);
}

TEST(Query, AHintSendsAReadToThePrimary) {
  Stage stage({.replicas = 1});
  TestClient& client = stage.log_in();
  EXPECT_TRUE(stage.ask_query(client, "SELECT /* holdfast: primary */ a FROM t").ok());
  EXPECT_EQ(stage.replica().accepted(), 0U);
}

TEST(Query, ALongListOfRowsIsAPlainInsertAndWhatIsTooLongToBeReadPins) {
  const auto insert_of = [](std::size_t bytes) {
    std::string text = "INSERT INTO t VALUES (1)";
    while (text.size() < bytes) text += ",(2)";
    return text;
  };
  Stage stage;
  TestClient& client = stage.log_in();
  EXPECT_TRUE(stage.ask_query(client, insert_of(1'000'000)).ok());
  EXPECT_EQ(stage.pinned(), 0U);
  EXPECT_TRUE(stage.ask_query(client, insert_of(1'100'000)).ok());
  EXPECT_EQ(stage.pinned(), 1U);
}

// Bytes.

TEST(Query, TheReplyIsTheServersByteForByte) {
  Stage stage;
  const reply::Row row = {"one", std::nullopt, std::string(300, 'x')};
  const upstream::mysql::ServerReply rows = reply::rows({row, row}, 3, wire::kStatusNoIndexUsed);
  stage.server().on("SELECT a,b,c FROM t", rows);
  TestClient& client = stage.log_in();
  const Answer answer = stage.ask_query(client, "SELECT a,b,c FROM t");
  EXPECT_EQ(answer.bytes, rows({.capabilities = client.capabilities(), .command = {}}));
  EXPECT_EQ(answer.status(), wire::kStatusAutocommit | wire::kStatusNoIndexUsed);
}

TEST(Query, AnOldClientGetsEofPackets) {
  Stage stage;
  stage.server().on("SELECT a FROM t", reply::rows({{"7"}}));
  ClientLogin old;
  old.capabilities = kOldClient;
  TestClient& client = stage.log_in(old);
  const std::vector<Packet> packets = stage.ask_query(client, "SELECT a FROM t").packets();
  ASSERT_EQ(packets.size(), 5U);  // count, definition, EOF, row, EOF
  const std::string eof("\xFE\0\0\x02\0", 5);
  EXPECT_EQ(packets[2], (Packet{3, eof}));
  EXPECT_EQ(packets[4], (Packet{5, eof}));
}

TEST(Query, ReplyInPiecesOfAnySizeIsTheSame) {
  for (std::size_t piece : {1U, 2U, 3U, 5U, 8U, 13U}) {
    SCOPED_TRACE(piece);
    Stage stage;
    const upstream::mysql::ServerReply rows = reply::rows({{"one", "two"}, {"three", std::nullopt}}, 1);
    stage.server().on("SELECT", rows);
    stage.server().set_piece(piece);
    TestClient& client = stage.log_in();
    EXPECT_EQ(stage.ask_query(client, "SELECT a,b FROM t").bytes,
              rows({.capabilities = client.capabilities(), .command = {}}));
  }
}

TEST(Query, SeveralResultsOfOneTextComeAsOneReply) {
  Stage stage;
  stage.server().on("SELECT 1; SELECT 2", [](const upstream::mysql::ServerTurn& turn) {
    return reply::writer(turn)
        .result_set(1, 2, turn.status | wire::kStatusMoreResults)
        .result_set(1, 1, turn.status)
        .bytes();
  });
  ClientLogin login;
  login.capabilities = kModernClient | wire::kClientMultiStatements;
  TestClient& client = stage.log_in(login);
  const Answer answer = stage.ask_query(client, "SELECT 1; SELECT 2");
  EXPECT_TRUE(answer.ok());
  EXPECT_EQ(answer.packets().size(), 9U);
  EXPECT_EQ(answer.packets().back().sequence, 9U);
}

TEST(Query, SessionStateIsKeptFromAClientThatDidNotAskForIt) {
  Stage stage;
  std::string change;
  wire::append_session_change(change, {wire::SessionChange::kSystemVariable, 0, "sql_mode", "ANSI_QUOTES"});
  wire::append_session_change(change, {wire::SessionChange::kSystemVariable, 0, "time_zone", "UTC"});
  stage.server().on("SET sql_mode", reply::ok({.status = wire::kStatusAnsiQuotes}, change));
  TestClient& client = stage.log_in();
  const Answer answer = stage.ask_query(client, "SET sql_mode='ANSI_QUOTES',time_zone='UTC'");
  ASSERT_TRUE(answer.ok());
  const std::string last = answer.last();
  const Result<wire::OkPacket> ok = wire::decode_ok(last, client.capabilities());
  ASSERT_TRUE(ok.ok());
  std::string visible;  // time_zone is among the variables that a server tells of by itself
  wire::append_session_change(visible, {wire::SessionChange::kSystemVariable, 0, "time_zone", "UTC"});
  EXPECT_EQ(ok->session_state, visible);
  EXPECT_NE(ok->status & wire::kStatusAnsiQuotes, 0);
}

TEST(Query, CommandsThatArriveTogetherAreAnsweredInOrder) {
  Stage stage;
  stage.server().on("SELECT a", reply::rows({{"1"}}));
  stage.server().on("SELECT b", reply::error(1054, "Unknown column 'b'"));
  TestClient& client = stage.log_in();
  client.send(query("SELECT a FROM t"));
  client.send(query("SELECT b FROM t"));
  client.send(command(Command::kPing));
  client.send(query("SELECT a FROM t"));
  ASSERT_TRUE(stage.wait(client));
  ASSERT_EQ(client.answers().size(), 4U);
  EXPECT_TRUE(client.answers()[0].ok());
  EXPECT_EQ(client.answers()[1].error_code(), 1054);
  EXPECT_TRUE(client.answers()[2].ok());
  EXPECT_EQ(client.answers()[3].packets().size(), 4U);
}

TEST(Query, ATextOfSeveralPacketsGoesOnWhole) {
  Stage stage(
      {.change_defaults = [](upstream::mysql::SessionDefaults& defaults) { defaults.max_allowed_packet = 64U << 20; }});
  TestClient& client = stage.log_in();
  std::string text = "INSERT INTO t VALUES ('";
  text.append(wire::kMaxPiece, 'x');
  text += "')";
  const Answer answer = stage.ask_query(client, text);
  ASSERT_TRUE(answer.ok());
  EXPECT_EQ(answer.packets()[0].sequence, 2U);
  ASSERT_FALSE(stage.server().texts().empty());
  EXPECT_TRUE(stage.server().texts().back() == text);
}

TEST(Query, ALocalFileGoesToTheServer) {
  Stage stage;
  stage.server().on("LOAD DATA", reply::bytes(wire::testing::packet(1,
                                                                    "\xFB"
                                                                    "rows.csv")));
  ClientLogin login;
  login.capabilities = kModernClient | wire::kClientLocalFiles;
  TestClient& client = stage.log_in(login);
  client.offer_file("1,2\n3,4\n");
  const Answer answer = stage.ask_query(client, "LOAD DATA LOCAL INFILE 'rows.csv' INTO TABLE t");
  EXPECT_TRUE(answer.ok());
  EXPECT_EQ(answer.packets().back().sequence, 4U);  // behind the client's two
  EXPECT_EQ(stage.server().files(), "1,2\n3,4\n");
  client.offer_file("");
  EXPECT_TRUE(stage.ask_query(client, "LOAD DATA LOCAL INFILE 'rows.csv' INTO TABLE t").ok());
  EXPECT_TRUE(stage.ask_query(client, "SELECT 1").ok());
}

// Wrong input.

TEST(Query, AnEmptyTextIsTheServersToRefuse) {
  Stage stage;
  stage.server().on_payload("\x03", reply::error(1065, "Query was empty"));
  TestClient& client = stage.log_in();
  stage.server().on("SET", reply::ok());
  EXPECT_EQ(stage.ask_query(client, "").error_code(), 1065);
  EXPECT_FALSE(client.gone());
}

TEST(Query, APacketWithoutACommandIsRefusedAndTheSessionGoesOn) {
  Stage stage;
  TestClient& client = stage.log_in();
  client.send_loose(0, "");
  ASSERT_TRUE(stage.run_until([&] { return client.loose().size() == 1; }));
  EXPECT_EQ(client.loose()[0].sequence, 1U);
  EXPECT_EQ(wire::decode_err(client.loose()[0].payload).value().code, wire::kErUnknownCommand);
  EXPECT_EQ(stage.server().accepted(), 0U);
  EXPECT_FALSE(client.gone());
}

TEST(Query, APacketOutOfOrderEndsTheSession) {
  Stage stage;
  TestClient& client = stage.log_in();
  client.send_loose(3, query("SELECT 1"));
  ASSERT_TRUE(stage.wait_gone(client));
  ASSERT_EQ(client.loose().size(), 1U);
  EXPECT_EQ(client.loose()[0].sequence, 0U) << "the number of what is missing";
  EXPECT_EQ(wire::decode_err(client.loose()[0].payload).value().code, wire::kErPacketsOutOfOrder);
}

TEST(Query, APacketLargerThanTheServersTakeEndsTheSession) {
  Stage stage(
      {.change_defaults = [](upstream::mysql::SessionDefaults& defaults) { defaults.max_allowed_packet = 1024; }});
  TestClient& client = stage.log_in();
  EXPECT_TRUE(stage.ask_query(client, "SELECT '" + std::string(1000, 'x') + "'").ok());
  EXPECT_EQ(stage.ask_query(client, "SELECT '" + std::string(1024, 'x') + "'").error_code(), wire::kErPacketTooLarge);
  EXPECT_TRUE(stage.wait_gone(client));
  EXPECT_FALSE(stage.server().heard(std::string(1024, 'x')));
}

TEST(Query, HalfACommandAndThenTheEndIsNoCommand) {
  Stage stage;
  TestClient& client = stage.log_in();
  client.send_bytes(ByteView("\x40\0\0\0\x03INSERT", 11));
  stage.turn(5);
  client.leave();
  EXPECT_TRUE(stage.run_until([&] { return stage.sessions() == 0; }));
  EXPECT_EQ(stage.server().accepted(), 0U);
}

// Failures that the client does not see, and those that it does.

TEST(Query, AReadThatAReplicaLosesIsReadFromAnother) {
  Stage stage({.replicas = 2});
  TestClient& client = stage.log_in();
  int asked = 0;
  for (std::size_t i : {1U, 2U}) {
    stage.replica(i).on("SELECT a FROM t", [&, i](const upstream::mysql::ServerTurn& turn) {
      if (++asked > 1) return reply::rows({{std::to_string(i)}})(turn);
      stage.replica(i).cut();
      return std::string();
    });
  }
  EXPECT_TRUE(stage.ask_query(client, "SELECT a FROM t").ok());
  EXPECT_EQ(asked, 2);
  EXPECT_EQ(stage.counters().retried_reads.get(), 1U);
  EXPECT_TRUE(stage.happened(EventId::kReadRetried));
  EXPECT_EQ(stage.failed_servers.size(), 1U);
}

TEST(Query, AReadIsNotSentAgainOnceTheClientHasABeginningOfItsReply) {
  Stage stage({.replicas = 2});
  TestClient& client = stage.log_in();
  for (std::size_t i : {1U, 2U}) {
    stage.replica(i).on("SELECT a FROM t", [](const upstream::mysql::ServerTurn& turn) {
      return reply::writer(turn).column_count(1).definitions(1).rows(3).bytes();
    });
  }
  client.send(query("SELECT a FROM t"));
  ASSERT_TRUE(stage.run_until([&] { return client.answers().back().packets().size() == 5; }));
  stage.replica(1).cut();
  stage.replica(2).cut();
  ASSERT_TRUE(stage.wait(client));
  EXPECT_EQ(client.answers().back().error_code(), wire::kErLostConnection);
  EXPECT_EQ(client.answers().back().packets().back().sequence, 6U);
  EXPECT_EQ(stage.replica(1).count("SELECT a") + stage.replica(2).count("SELECT a"), 1U);
  EXPECT_TRUE(stage.ask_query(client, "SELECT b FROM t").ok());
}

TEST(Query, AReplyThatBreaksOffInTheMiddleOfAPacketEndsTheClientsConnection) {
  Stage stage({.replicas = 1});
  const std::string row(100, 'x');
  stage.replica().on("SELECT a FROM t", [&](const upstream::mysql::ServerTurn& turn) {
    const std::string all = reply::rows({{row}})(turn);
    return all.substr(0, all.find("xxx") + 50);
  });
  TestClient& client = stage.log_in();
  stage.ask_query(client, "SELECT b FROM t");
  client.send(query("SELECT a FROM t"));
  ASSERT_TRUE(stage.run_until([&] { return client.answers().back().bytes.ends_with("xxx"); }));
  stage.replica().cut();
  ASSERT_TRUE(stage.wait_gone(client));
  EXPECT_TRUE(client.answers().back().bytes.ends_with("xxx")) << "something was said in the middle of a row";
  EXPECT_EQ(stage.counters().lost_errors.get(), 1U);
}

TEST(Query, AWriteThatThePrimaryLosesIsReportedAndNeverSentAgain) {
  Stage stage({.replicas = 1});
  stage.primary().on("INSERT", reply::silence());
  TestClient& client = stage.log_in();
  client.send(query("INSERT INTO t VALUES (1)"));
  ASSERT_TRUE(stage.run_until([&] { return stage.primary().heard("INSERT"); }));
  stage.primary().cut();
  ASSERT_TRUE(stage.wait(client));
  const Answer& answer = client.answers().back();
  EXPECT_EQ(answer.error_code(), wire::kErLostConnection);
  EXPECT_NE(answer.message().find("server 'db1'"), std::string::npos) << answer.message();
  EXPECT_EQ(answer.packets()[0].sequence, 1U);
  EXPECT_EQ(stage.counters().lost_errors.get(), 1U);
  EXPECT_TRUE(stage.ask_query(client, "UPDATE t SET a=1").ok());
  EXPECT_EQ(stage.primary().count("INSERT"), 1U);
}

TEST(Query, AStatementThatAReplicaRefusesAsReadOnlyRunsOnThePrimary) {
  Stage stage({.replicas = 1});
  stage.replica().on("SELECT f()", reply::error(1290, read_only_refusal()));
  stage.primary().on("SELECT f()", reply::rows({{"5"}}));
  stage.replica().on("SHOW TABLES", reply::error(1290, read_only_refusal()));
  TestClient& client = stage.log_in();
  EXPECT_TRUE(stage.ask_query(client, "SHOW TABLES").ok());
  EXPECT_TRUE(stage.replica().heard("SHOW TABLES"));
  EXPECT_TRUE(stage.primary().heard("SHOW TABLES"));
  EXPECT_EQ(stage.counters().rerouted.get(), 1U);
  EXPECT_TRUE(stage.happened(EventId::kStatementRerouted));
}

TEST(Query, AnErrorOfTheStatementIsTheClientsAndTheConnectionLivesOn) {
  Stage stage;
  stage.server().on("INSERT", reply::error(1062, "Duplicate entry '1' for key 'PRIMARY'"));
  TestClient& client = stage.log_in();
  const Answer answer = stage.ask_query(client, "INSERT INTO t VALUES (1)");
  EXPECT_EQ(answer.error_code(), 1062);
  EXPECT_EQ(answer.message(), "Duplicate entry '1' for key 'PRIMARY'");
  EXPECT_TRUE(stage.ask_query(client, "SELECT 1").ok());
  EXPECT_EQ(stage.server().accepted(), 1U);
  EXPECT_TRUE(stage.failed_servers.empty());
}

TEST(Query, WithNoPrimaryAWriteIsHeldAndRunsOnTheNext) {
  Stage stage({.replicas = 1});
  TestClient& client = stage.log_in();
  stage.change_view([](upstream::mysql::View& view) {
    view.primary.reset();
    view.no_primary_reason = "none is writable";
  });
  client.send(query("INSERT INTO t VALUES (1)"));
  stage.rest(60ms);
  EXPECT_FALSE(client.answered());
  EXPECT_TRUE(stage.happened(EventId::kWritesHeld));
  stage.change_view([](upstream::mysql::View& view) { view.primary = 1; });
  ASSERT_TRUE(stage.wait(client));
  EXPECT_TRUE(client.answers().back().ok());
  EXPECT_TRUE(stage.replica().heard("INSERT"));
  EXPECT_EQ(stage.counters().held.get(), 1U);
  EXPECT_TRUE(stage.happened(EventId::kWritesReleased));
}

TEST(Query, WithNoPrimaryForTooLongAWriteFailsWithTheReason) {
  Stage stage({.change_view = [](upstream::mysql::View& view) {
    view.primary.reset();
    view.no_primary_reason = "none is writable";
  }});
  TestClient& client = stage.log_in();
  const Answer answer = stage.ask_query(client, "INSERT INTO t VALUES (1)");
  EXPECT_EQ(answer.error_code(), wire::kErUnknown);
  EXPECT_EQ(answer.message(), "no primary: none is writable");
  EXPECT_EQ(stage.counters().hold_timeouts.get(), 1U);
  EXPECT_TRUE(stage.happened(EventId::kHeldWritesTimeout));
  EXPECT_FALSE(client.gone());
}

// What only this handler does.

TEST(Query, AReadOnlyTransactionOnAReplicaEndsBeforeWhatEndsItImplicitly) {
  Stage stage({.replicas = 1});
  TestClient& client = stage.log_in();
  EXPECT_TRUE(stage.ask_query(client, "START TRANSACTION READ ONLY").in_transaction());
  EXPECT_TRUE(stage.ask_query(client, "SELECT a FROM t").ok());
  const Answer answer = stage.ask_query(client, "CREATE TABLE u (a INT)");
  EXPECT_TRUE(answer.ok());
  EXPECT_FALSE(answer.in_transaction());
  EXPECT_EQ(said_by_clients(stage.replica()),
            (Texts{"START TRANSACTION READ ONLY", "SELECT a FROM t", "COMMIT AND NO CHAIN NO RELEASE"}));
  EXPECT_EQ(said_by_clients(stage.primary()), Texts{"CREATE TABLE u (a INT)"});
  EXPECT_EQ(stage.lent(1), 0U);
}

TEST(Query, AReadOnlyTransactionOfALostReplicaIsOverBeforeWhatEndsItImplicitly) {
  Stage stage({.replicas = 1});
  stage.replica().on("COMMIT", [&](const upstream::mysql::ServerTurn& /*turn*/) {
    stage.replica().cut();
    return std::string();
  });
  TestClient& client = stage.log_in();
  stage.ask_query(client, "START TRANSACTION READ ONLY");
  EXPECT_FALSE(stage.ask_query(client, "BEGIN").failed());
  EXPECT_EQ(said_by_clients(stage.primary()), Texts{"BEGIN"});
}

TEST(Query, WarningsOfAReadAreAskedForWhereItRan) {
  Stage stage({.replicas = 1});
  stage.replica().on("SELECT 1/a FROM t", reply::rows({{std::nullopt}}, 1));
  stage.replica().on("SHOW WARNINGS", reply::rows({{"Warning", "1365", "Division by 0"}}));
  TestClient& client = stage.log_in();
  EXPECT_TRUE(stage.ask_query(client, "SELECT 1/a FROM t").ok());
  EXPECT_EQ(stage.lent(1), 1U) << "kept, for it alone has the warnings";
  EXPECT_EQ(stage.ask_query(client, "SHOW WARNINGS").packets().size(), 6U);
  EXPECT_EQ(said_by_clients(stage.replica()), (Texts{"SELECT 1/a FROM t", "SHOW WARNINGS"}));
}

TEST(Query, AQuestionThatPinsIsAskedOnThePrimaryWhereTheReadIsRepeated) {
  Stage stage({.replicas = 1});
  for (std::size_t i : {0U, 1U}) stage.server(i).on("SELECT 1/a FROM t", reply::rows({{std::nullopt}}, 1));
  TestClient& client = stage.log_in();
  EXPECT_TRUE(stage.ask_query(client, "SELECT 1/a FROM t").ok());
  EXPECT_TRUE(stage.ask_query(client, "GET DIAGNOSTICS @n = NUMBER").ok());
  EXPECT_EQ(said_by_clients(stage.primary()), (Texts{"SELECT 1/a FROM t", "GET DIAGNOSTICS @n = NUMBER"}));
  EXPECT_EQ(stage.lent(1), 0U);
}

TEST(Query, AReadAfterWhichOnlyAServerKnowsTheCountOfRowsIsFollowedByTheNextOneThere) {
  Stage stage({.replicas = 2});
  TestClient& client = stage.log_in();
  stage.ask_query(client, "SELECT a FROM t LIMIT 2, 1");
  const std::size_t where = stage.lent(1) == 1 ? 1 : 2;
  stage.ask_query(client, "SELECT nothing FROM nowhere");
  EXPECT_TRUE(stage.server(where).heard("SELECT nothing"))
      << "should it fail, FOUND_ROWS() is still that of the first one";
}

TEST(Query, RowCountIsTheSessionsOwnAfterAQuestionOfOurs) {
  Stage stage;
  stage.server().on("SELECT ROW_COUNT()", reply::rows({{"-1"}}));
  TestClient& client = stage.log_in();
  ASSERT_TRUE(stage.ask_query(client, "SET NAMES latin1").ok());
  ASSERT_TRUE(stage.server().heard("SELECT @@character_set_client"));
  const Answer answer = stage.ask_query(client, "SELECT ROW_COUNT()");
  ASSERT_EQ(answer.packets().size(), 4U);
  EXPECT_EQ(answer.packets()[2], (Packet{3,
                                         "\x01"
                                         "0"}));
}

TEST(Query, WhatChangesAccountsOrGlobalsHasThemReadAnew) {
  Stage stage;
  TestClient& client = stage.log_in();
  const auto refreshes_after = [&](ByteView text) {
    const std::size_t accounts = stage.account_refreshes;
    const std::size_t defaults = stage.default_refreshes;
    EXPECT_TRUE(stage.ask_query(client, text).ok()) << text;
    EXPECT_EQ(stage.changes().underway.load(), 0U);
    return std::pair(stage.account_refreshes - accounts, stage.default_refreshes - defaults);
  };
  using Refreshes = std::pair<std::size_t, std::size_t>;
  EXPECT_EQ(refreshes_after("CREATE USER u IDENTIFIED BY 'x'"), Refreshes(1, 0));
  EXPECT_EQ(refreshes_after("GRANT SELECT ON *.* TO u"), Refreshes(1, 0));
  EXPECT_EQ(refreshes_after("FLUSH PRIVILEGES"), Refreshes(1, 0));
  EXPECT_EQ(refreshes_after("SET GLOBAL max_connections=100"), Refreshes(0, 1));
  EXPECT_EQ(refreshes_after("CREATE TABLE t (a INT)"), Refreshes(0, 0));
  EXPECT_EQ(refreshes_after("SELECT user FROM grants"), Refreshes(0, 0));
}

TEST(Query, AChangeOfAccountsThatIsLostIsNoLongerUnderWay) {
  Stage stage;
  stage.server().on("CREATE USER", reply::silence());
  TestClient& client = stage.log_in();
  client.send(query("CREATE USER u"));
  ASSERT_TRUE(stage.run_until([&] { return stage.server().heard("CREATE USER"); }));
  EXPECT_EQ(stage.changes().underway.load(), 1U);
  stage.server().cut();
  ASSERT_TRUE(stage.wait(client));
  EXPECT_EQ(stage.changes().underway.load(), 0U);
  EXPECT_EQ(stage.account_refreshes, 1U);
}

// Each of them with everything going wrong.

TEST(QueryScript, AReadAndAWrite) {
  for_every_step_and_leaf({{.replicas = 2}, [](Stage& stage) {
                             TestClient& client = stage.log_in();
                             stage.ask_query(client, "SELECT a FROM t");
                             stage.ask_query(client, "INSERT INTO t VALUES (1)");
                             stage.ask_query(client, "SELECT a FROM t");
                           }});
}

TEST(QueryScript, ATransaction) {
  for_every_step_and_leaf({{.replicas = 1}, [](Stage& stage) {
                             TestClient& client = stage.log_in();
                             stage.ask_query(client, "BEGIN");
                             stage.ask_query(client, "UPDATE t SET a=1");
                             stage.ask_query(client, "COMMIT");
                             stage.ask_query(client, "SELECT a FROM t");
                           }});
}

TEST(QueryScript, AReadOnlyTransactionThatIsEndedImplicitly) {
  for_every_step_and_leaf({{.replicas = 1}, [](Stage& stage) {
                             TestClient& client = stage.log_in();
                             stage.ask_query(client, "START TRANSACTION READ ONLY");
                             stage.ask_query(client, "SELECT a FROM t");
                             stage.ask_query(client, "CREATE TABLE u (a INT)");
                           }});
}

TEST(QueryScript, WarningsOfAReadThatMoveToThePrimary) {
  for_every_step_and_leaf({{.replicas = 1}, [](Stage& stage) {
                             for (std::size_t i : {0U, 1U}) {
                               stage.server(i).on("SELECT 1/a", reply::rows({{std::nullopt}}, 1));
                             }
                             TestClient& client = stage.log_in();
                             stage.ask_query(client, "SELECT 1/a FROM t");
                             stage.ask_query(client, "SHOW WARNINGS");
                             stage.ask_query(client, "SELECT a FROM t");
                           }});
}

TEST(QueryScript, SettingsAndTheQuestionsThatTheyTake) {
  for_every_step_and_leaf({{.replicas = 1}, [](Stage& stage) {
                             TestClient& client = stage.log_in();
                             stage.ask_query(client, "SET NAMES latin1");
                             stage.ask_query(client, "SELECT ROW_COUNT()");
                             stage.ask_query(client, "SET session_track_schema=0");
                             stage.ask_query(client, "USE shop");
                             stage.ask_query(client, "SELECT a FROM t");
                           }});
}

TEST(QueryScript, APinnedSession) {
  for_every_step_and_leaf({{.replicas = 1}, [](Stage& stage) {
                             TestClient& client = stage.log_in();
                             stage.ask_query(client, "SET @a=1");
                             stage.ask_query(client, "SELECT @a");
                             stage.ask_query(client, "SELECT a FROM t");
                           }});
}

TEST(QueryScript, AnInsertIdThatIsAskedForElsewhere) {
  for_every_step_and_leaf({{.replicas = 1, .places = 1}, [](Stage& stage) {
                             stage.primary().on("INSERT", reply::ok({.affected_rows = 1, .insert_id = 17}));
                             TestClient& client = stage.log_in();
                             stage.ask_query(client, "INSERT INTO t VALUES (NULL)");
                             TestClient& second = stage.log_in();
                             stage.ask_query(second, "UPDATE t SET a=2");
                             stage.ask_query(client, "SELECT LAST_INSERT_ID()");
                           }});
}

TEST(QueryScript, ALocalFile) {
  for_every_step_and_leaf({{}, [](Stage& stage) {
                             stage.server().on("LOAD DATA", reply::bytes(wire::testing::packet(1,
                                                                                               "\xFB"
                                                                                               "rows.csv")));
                             ClientLogin login;
                             login.capabilities = kModernClient | wire::kClientLocalFiles;
                             TestClient& client = stage.log_in(login);
                             client.offer_file("1,2\n");
                             stage.ask_query(client, "LOAD DATA LOCAL INFILE 'rows.csv' INTO TABLE t");
                             stage.ask_query(client, "SELECT 1");
                           }});
}

TEST(QueryScript, AnOldClientAndSeveralResults) {
  for_every_step_and_leaf({{}, [](Stage& stage) {
                             stage.server().on("SELECT 1; SELECT 2", [](const upstream::mysql::ServerTurn& turn) {
                               return reply::writer(turn)
                                   .result_set(1, 2, turn.status | wire::kStatusMoreResults)
                                   .result_set(1, 1, turn.status)
                                   .bytes();
                             });
                             ClientLogin login;
                             login.capabilities = kOldClient | wire::kClientMultiStatements;
                             TestClient& client = stage.log_in(login);
                             stage.ask_query(client, "SELECT 1; SELECT 2");
                             stage.ask_query(client, "SELECT 3");
                           }});
}

}  // namespace
}  // namespace hf::service::mysql::handlers
