// COM_BINLOG_DUMP and its like: the connection becomes a relay once the server has agreed, and only then.
#include "service/mysql/session_fixture.h"

namespace hf::service::mysql::handlers {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace): the stage is what these tests are written in
namespace wire = proto::mysql;

const std::string kDump = command(Command::kBinlogDump, std::string("\4\0\0\0\0\0\x64\0\0\0binlog.000001", 23));

std::string event_packet(std::uint8_t sequence, ByteView event) {
  return wire::testing::packet(sequence, '\0' + std::string(event));
}

/// Something that the server has heard of, whatever connection it came on.
bool heard_dump(const ResponderFake& server) { return server.heard("binlog.000001"); }

TEST(BinlogDump, EventsGoToTheClientAsTheyCome) {
  Stage stage;
  stage.server().on_payload(kDump, reply::bytes(event_packet(1, "rotate") + event_packet(2, "format")));
  TestClient& client = stage.log_in();
  client.send_loose(0, kDump);
  ASSERT_TRUE(stage.run_until([&] { return client.loose().size() == 2; }));
  EXPECT_EQ(client.loose()[1], (Packet{2, std::string("\0format", 7)}));
  stage.server().say(event_packet(3, "query"));
  ASSERT_TRUE(stage.run_until([&] { return client.loose().size() == 3; }));
  EXPECT_EQ(stage.server().heard().back().command, kDump);
  EXPECT_EQ(stage.lent(0), 1U);
}

TEST(BinlogDump, WhatTheClientSaysGoesToTheServer) {
  Stage stage;
  stage.server().on_payload(kDump, reply::bytes(event_packet(1, "rotate")));
  TestClient& client = stage.log_in();
  // The second is there before the server has agreed to the first.
  client.send_bytes(wire::testing::packet(0, kDump) + wire::testing::packet(0, "\x50one"));
  ASSERT_TRUE(stage.run_until([&] { return stage.server().heard("one"); }));
  client.send_loose(0, "\x50two");  // a semi-synchronous replica acknowledges
  EXPECT_TRUE(stage.run_until([&] { return stage.server().heard("two"); }));
}

TEST(BinlogDump, EndsWithTheClientAndNobodyElseGetsTheConnection) {
  Stage stage;
  stage.server().on_payload(kDump, reply::bytes(event_packet(1, "rotate")));
  TestClient& client = stage.log_in();
  client.send_loose(0, kDump);
  ASSERT_TRUE(stage.run_until([&] { return client.loose().size() == 1; }));
  client.leave();
  EXPECT_TRUE(stage.run_until([&] { return stage.sessions() == 0 && stage.server().open() == 0; }));
  EXPECT_EQ(stage.idle(0), 0U);
}

TEST(BinlogDump, EndsWithTheServer) {
  Stage stage;
  stage.server().on_payload(kDump, reply::bytes(event_packet(1, "rotate")));
  TestClient& client = stage.log_in();
  client.send_loose(0, kDump);
  ASSERT_TRUE(stage.run_until([&] { return client.loose().size() == 1; }));
  stage.server().cut();
  EXPECT_TRUE(stage.wait_gone(client));
  EXPECT_EQ(client.loose().size(), 1U);
}

TEST(BinlogDump, ThatTheServerRefusesIsACommandLikeAnother) {
  Stage stage;
  stage.server().on_payload(kDump, reply::error(1236, "Could not find first log file name in binary log index file"));
  TestClient& client = stage.log_in();
  const Answer answer = stage.ask(client, kDump);
  EXPECT_EQ(answer.error_code(), 1236);
  EXPECT_EQ(answer.packets()[0].sequence, 1U);
  EXPECT_TRUE(stage.ask_query(client, "SELECT 1").ok());
  EXPECT_EQ(stage.ask(client, kDump).error_code(), 1236);
}

TEST(BinlogDump, ARefusalInPiecesIsOne) {
  Stage stage;
  stage.server().on_payload(kDump, reply::error(1236, "Could not find first log file name in binary log index file"));
  stage.server().set_piece(3);
  TestClient& client = stage.log_in();
  EXPECT_EQ(stage.ask(client, kDump).error_code(), 1236);
  EXPECT_TRUE(stage.ask_query(client, "SELECT 1").ok());
}

TEST(BinlogDump, IsThePrimarysAndOnAReadAddressAReplicas) {
  for (const config::ListenRoute route :
       {config::ListenRoute::kSplit, config::ListenRoute::kWrite, config::ListenRoute::kRead}) {
    Stage stage({.replicas = 1, .route = route});
    for (std::size_t i : {0U, 1U}) stage.server(i).on_payload(kDump, reply::bytes(event_packet(1, "rotate")));
    TestClient& client = stage.log_in();
    client.send_loose(0, kDump);
    ASSERT_TRUE(stage.run_until([&] { return client.loose().size() == 1; }));
    EXPECT_EQ(heard_dump(stage.replica()), route == config::ListenRoute::kRead);
    EXPECT_EQ(heard_dump(stage.primary()), route != config::ListenRoute::kRead);
  }
}

TEST(BinlogDump, GoesWhereTheReplicaHasRegistered) {
  Stage stage;
  stage.server().on_payload(kDump, reply::bytes(event_packet(1, "rotate")));
  TestClient& client = stage.log_in();
  ASSERT_TRUE(stage.ask(client, command(Command::kRegisterSlave, std::string(18, '\0'))).ok());
  client.send_loose(0, kDump);
  ASSERT_TRUE(stage.run_until([&] { return client.loose().size() == 1; }));
  EXPECT_EQ(stage.server().accepted(), 1U);
  client.leave();
  EXPECT_TRUE(stage.run_until([&] { return stage.pinned() == 0; }));
}

TEST(BinlogDump, TheOtherCommandsOfItsKindToo) {
  for (const Command number : {Command::kBinlogDumpGtid, Command::kTableDump}) {
    Stage stage;
    stage.server().on_command(number, reply::bytes(event_packet(1, "rotate")));
    TestClient& client = stage.log_in();
    client.send_loose(0, command(number, "binlog.000001"));
    EXPECT_TRUE(stage.run_until([&] { return client.loose().size() == 1; }));
  }
}

TEST(BinlogDump, WithoutAServerFailsAndTheSessionGoesOn) {
  Stage stage({.change_view = [](upstream::mysql::View& view) {
    view.primary.reset();
    view.servers[0].reader = false;
    view.no_primary_reason = "none is writable";
  }});
  TestClient& client = stage.log_in();
  const Answer answer = stage.ask(client, kDump);
  EXPECT_EQ(answer.error_code(), wire::kErUnknown);
  EXPECT_EQ(answer.message(), "no primary: none is writable");
  EXPECT_TRUE(stage.ask(client, command(Command::kPing)).ok());
}

TEST(BinlogDump, ThatAServerNeverAnswersIsLostWithIt) {
  Stage stage;
  stage.server().on_payload(kDump, reply::silence());
  TestClient& client = stage.log_in();
  client.send(kDump);
  ASSERT_TRUE(stage.run_until([&] { return heard_dump(stage.server()); }));
  stage.server().cut();
  ASSERT_TRUE(stage.wait(client));
  EXPECT_EQ(client.answers().back().error_code(), wire::kErLostConnection);
  EXPECT_EQ(client.answers().back().packets()[0].sequence, 1U);
  EXPECT_TRUE(stage.wait_gone(client));
}

TEST(BinlogDump, WhoseClientLeavesBeforeTheServerAnswersIsOver) {
  Stage stage;
  stage.server().on_payload(kDump, reply::silence());
  TestClient& client = stage.log_in();
  client.send(kDump);
  ASSERT_TRUE(stage.run_until([&] { return heard_dump(stage.server()); }));
  client.leave();
  EXPECT_TRUE(stage.run_until([&] { return stage.sessions() == 0; }));
}

TEST(BinlogDump, IsKilledLikeAnyOther) {
  for (const bool answered : {false, true}) {
    SCOPED_TRACE(answered);
    Stage stage;
    stage.server().on_payload(kDump, answered ? reply::bytes(event_packet(1, "rotate")) : reply::silence());
    TestClient& client = stage.log_in();
    client.send_loose(0, kDump);
    ASSERT_TRUE(stage.run_until([&] { return heard_dump(stage.server()); }));
    stage.turn(5);
    TestClient& other = stage.log_in();
    EXPECT_TRUE(stage.ask_query(other, "KILL " + std::to_string(client.id())).ok());
    EXPECT_TRUE(stage.run_until([&] { return stage.sessions() == 1; }));
    EXPECT_TRUE(client.gone());
  }
}

// With everything going wrong.

TEST(BinlogDumpScript, AStream) {
  for_every_step_and_leaf({{}, [](Stage& stage) {
                             stage.server().on_payload(
                                 kDump, reply::bytes(event_packet(1, "rotate") + event_packet(2, "format")));
                             TestClient& client = stage.log_in();
                             stage.ask(client, command(Command::kRegisterSlave, std::string(18, '\0')));
                             client.send_loose(0, kDump);
                             stage.rest(10ms);
                             stage.server().say(event_packet(3, "query"));
                             stage.rest(10ms);
                           }});
}

TEST(BinlogDumpScript, ARefusal) {
  for_every_step_and_leaf({{.replicas = 1}, [](Stage& stage) {
                             stage.primary().on_payload(
                                 kDump,
                                 reply::error(1236, "Could not find first log file name in binary log index file"));
                             TestClient& client = stage.log_in();
                             client.send_loose(0, kDump);
                             stage.rest(10ms);
                             stage.ask_query(client, "SELECT 1");
                           }});
}

}  // namespace
}  // namespace hf::service::mysql::handlers
