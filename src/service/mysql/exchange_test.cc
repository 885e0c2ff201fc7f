// One command with one server: whatever the reply is made of and however it is cut, the client gets that reply, or
// hears why not.
#include "service/mysql/exchange.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "service/mysql/session_words_fake.h"

namespace hf::service::mysql {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace): the stage is what these tests are written in
using upstream::mysql::ServerReply;
using upstream::mysql::ServerTurn;
using Writer = wire::testing::ReplyWriter;

constexpr wire::StatusFlags kMore = wire::kStatusAutocommit | wire::kStatusMoreResults;
constexpr wire::StatusFlags kEnd = wire::kStatusAutocommit;

/// A reply that is written for whatever the connection has agreed to.
template <typename Write>
ServerReply written(Write write) {
  return [write](const ServerTurn& turn) {
    Writer out(turn.capabilities);
    write(out);
    return out.bytes();
  };
}

/// The changes that the client was told, as "sql_mode=ANSI schema=shop".
std::string told(const Answer& answer) {
  const std::string payload = answer.last();
  const Result<wire::OkPacket> ok = wire::decode_ok(payload, answer.capabilities);
  if (!ok.ok()) return "no OK";
  std::string all;
  wire::SessionStateReader reader(ok->session_state);
  for (;;) {
    const Result<std::optional<wire::SessionStateEntry>> entry = reader.next();
    if (!entry.ok() || !*entry) break;
    const std::string name((*entry)->name.empty() ? "#" + std::to_string(static_cast<int>((*entry)->type))
                                                  : std::string((*entry)->name));
    all += (all.empty() ? "" : " ") + name + "=" + std::string((*entry)->value);
  }
  const bool flagged = wire::has(ok->status, wire::kStatusSessionStateChanged);
  EXPECT_EQ(flagged, !all.empty());
  return all;
}

class ExchangeTest : public StageTest {};

// --- whole replies ---------------------------------------------------------------------------------------------------

struct Kind {
  const char* sql;
  ServerReply reply;
  const char* words;
};

std::vector<Kind> kinds() {
  const std::string long_row = "\xFC\x2C\x01" + std::string(300, 'v');
  return {
      {"UPDATE a", written([](Writer& out) { out.ok(kEnd, 3); }), "ok"},
      {"SELECT one", written([](Writer& out) { out.result_set(1, 2, kEnd); }), "rows 7 7"},
      {"SELECT none", written([](Writer& out) { out.result_set(3, 0, kEnd); }), "rows"},
      {"SELECT wide",
       written([](Writer& out) { out.column_count(40).definitions(40).definitions_eof(kEnd).end(kEnd); }), "rows"},
      {"SELECT long", written([long_row](Writer& out) {
         out.column_count(1).definitions(1).definitions_eof(kEnd).rows(3, long_row).end(kEnd);
       }),
       "rows (303) (303) (303)"},
      {"SELECT bad", written([](Writer& out) { out.err(1064, "bad"); }), "error 1064 bad"},
      {"SELECT cut",
       written([](Writer& out) { out.column_count(1).definitions(1).definitions_eof(kEnd).rows(2).err(1030, "disk"); }),
       "rows 7 7 error 1030 disk"},
      {"CALL many", written([](Writer& out) { out.result_set(1, 1, kMore).result_set(2, 2, kMore).ok(kEnd); }),
       "rows 7 | rows 7 7 | ok"},
      {"CALL broken", written([](Writer& out) { out.result_set(1, 1, kMore).ok(kMore).err(1062, "twice"); }),
       "rows 7 | ok | error 1062 twice"},
  };
}

TEST_F(ExchangeTest, AReplyIsTheServersHoweverItIsCut) {
  for (const wire::Capabilities capabilities : {kModernClient, kOldClient}) {
    for (const std::size_t piece : {std::size_t{0}, std::size_t{1}, std::size_t{3}, std::size_t{64}}) {
      start();
      for (const Kind& kind : kinds()) stage().primary().on(kind.sql, kind.reply);
      stage().primary().set_piece(piece);
      TestClient& client = stage().log_in({.capabilities = capabilities});
      for (const Kind& kind : kinds()) {
        const Answer answer = stage().ask_query(client, kind.sql);
        EXPECT_EQ(shown(answer), kind.words) << piece;
        EXPECT_TRUE(answer.bytes == kind.reply({capabilities, kEnd, 0, {}})) << kind.sql << " in pieces of " << piece;
      }
      stage().finish();
    }
  }
}

TEST_F(ExchangeTest, ReportsOfProgressPassAndAreNoEnd) {
  options_.server_capabilities = kStageCapabilities | wire::kMariaDbProgress;
  start();
  stage().primary().on("ALTER", written([](Writer& out) { out.progress().progress().ok(kEnd); }));
  TestClient& client = stage().log_in({.capabilities = kModernClient | wire::kMariaDbProgress});
  const Answer answer = stage().ask_query(client, "ALTER TABLE t FORCE");
  EXPECT_TRUE(answer.ok());
  EXPECT_EQ(answer.packets().size(), 3U);
}

TEST_F(ExchangeTest, CommandsWithRepliesOfTheirOwnKindPass) {
  start();
  stage().primary().on_command(Command::kFieldList, written([](Writer& out) { out.definitions(2).end(kEnd); }));
  TestClient& client = stage().log_in({.capabilities = kOldClient});
  const Answer statistics = stage().ask(client, command(Command::kStatistics));
  EXPECT_TRUE(statistics.complete);
  EXPECT_EQ(statistics.last(), "Uptime: 1");
  EXPECT_EQ(stage().ask(client, command(Command::kFieldList, ByteView("t\0", 2))).packets().size(), 3U);
  EXPECT_EQ(shown(stage().ask(client, command(Command::kInitDb, "shop"))), "ok");
}

TEST_F(ExchangeTest, BytesAreCountedBothWays) {
  start();
  stage().primary().on("SELECT a", written([](Writer& out) { out.result_set(1, 5, kEnd); }));
  TestClient& client = stage().log_in();
  ask(client, "SELECT a FROM t");
  const ServerCounters& counters = stage().service()->server(0).counters;
  const std::uint64_t sent = counters.bytes_to_server.get();
  const std::uint64_t got = counters.bytes_from_server.get();
  const Answer answer = stage().ask_query(client, "SELECT a FROM t");
  EXPECT_EQ(counters.bytes_to_server.get() - sent, query("SELECT a FROM t").size() + wire::kPacketHeader);
  EXPECT_EQ(counters.bytes_from_server.get() - got, answer.bytes.size());
}

// --- packets of 16 MiB -----------------------------------------------------------------------------------------------

TEST_F(ExchangeTest, RowsAroundSixteenMebibytesPassInTheirPieces) {
  for (const std::size_t size : {wire::kMaxPiece - 1, wire::kMaxPiece, wire::kMaxPiece + 1}) {
    start();
    stage().primary().on(
        "SELECT big", written([size](Writer& out) {
          out.column_count(1).definitions(1).definitions_eof(kEnd).rows(1, std::string(size, 'r')).rows(1).end(kEnd);
        }));
    TestClient& client = stage().log_in();
    EXPECT_EQ(ask(client, "SELECT big"), "rows (" + std::to_string(size) + ") 7");
    EXPECT_EQ(ask(client, "SELECT 1"), "ok") << "and the session goes on";
    stage().finish();
  }
}

TEST_F(ExchangeTest, StatementsAroundSixteenMebibytesReachTheServerWhole) {
  options_.change_defaults = [](upstream::mysql::SessionDefaults& defaults) {
    defaults.max_allowed_packet = std::size_t{64} << 20;
  };
  start();
  TestClient& client = stage().log_in();
  ask(client, "SELECT 1");
  for (const std::size_t size : {wire::kMaxPiece - 1, wire::kMaxPiece, wire::kMaxPiece + 1}) {
    std::string payload = query("INSERT INTO t VALUES ('");
    payload.append(size - payload.size() - 2, 'v').append("')");
    const Answer answer = stage().ask(client, payload);
    EXPECT_EQ(shown(answer), "ok") << size;
    EXPECT_EQ(answer.packets().at(0).sequence, 1 + size / wire::kMaxPiece);
    EXPECT_TRUE(stage().primary().heard().back().command == payload) << size;
  }
}

TEST_F(ExchangeTest, AStatementBeyondWhatServersTakeIsRefusedAsTheyWould) {
  options_.change_defaults = [](upstream::mysql::SessionDefaults& defaults) { defaults.max_allowed_packet = 100'000; };
  start();
  TestClient& client = stage().log_in();
  const std::string insert = "INSERT INTO t VALUES ('')";
  const std::string most = query("INSERT INTO t VALUES ('" + std::string(100'000 - insert.size() - 2, 'v') + "')");
  EXPECT_EQ(most.size(), 99'999U);
  client.send(most);
  stage().wait(client);
  EXPECT_TRUE(client.answers().back().ok());
  client.send_loose(0, most + " ");
  ASSERT_TRUE(stage().wait_gone(client));
  ASSERT_EQ(client.loose().size(), 1U);
  EXPECT_EQ(client.loose()[0].sequence, 1);
  EXPECT_EQ(wire::decode_err(client.loose()[0].payload)->code, wire::kErPacketTooLarge);
  EXPECT_EQ(stage().primary().count("INSERT"), 1U);
}

// --- what replies tell of the session --------------------------------------------------------------------------------

TEST_F(ExchangeTest, OnlyWhatTheClientWishesToTrackIsShownOfWhatWeTrack) {
  start();
  const std::string all = changes({variable("time_zone", "UTC"),
                                   variable("sql_mode", "ANSI"),
                                   schema("shop"),
                                   something(),
                                   {wire::SessionChange::kTransactionState, 5, {}, "T_______"}});
  stage().primary().on("SET", reply::ok({}, all), 2);
  TestClient& client = stage().log_in();
  ask(client, "BEGIN");  // a connection that stays
  const Answer answer = stage().ask_query(client, "SET time_zone='UTC',sql_mode='ANSI'");
  EXPECT_EQ(told(answer), "time_zone=UTC #1=shop");
}

TEST_F(ExchangeTest, AClientThatTracksNothingHearsOfNothing) {
  start();
  TestClient& client = stage().log_in({.capabilities = kModernClient & ~wire::kClientSessionTrack});
  ask(client, "BEGIN");
  stage().primary().on("SET", reply::ok({}, changes({variable("time_zone", "UTC")})));
  const Answer answer = stage().ask_query(client, "SET time_zone='UTC'");
  EXPECT_EQ(shown(answer), "ok");
  EXPECT_EQ(answer.status() & wire::kStatusSessionStateChanged, 0);
  EXPECT_EQ(stage().ask_query(client, "SELECT @@sql_mode").status() & wire::kStatusSessionStateChanged, 0);
}

TEST_F(ExchangeTest, KindsOfChangesThatWeDoNotKnowPass) {
  start();
  TestClient& client = stage().log_in();
  ask(client, "BEGIN");
  stage().primary().on("INSERT",
                       reply::ok({.affected_rows = 1}, changes({{wire::SessionChange::kGtids, 3, {}, "0-1-7"}})));
  EXPECT_NE(told(stage().ask_query(client, "INSERT INTO t VALUES (1)")), "");
}

TEST_F(ExchangeTest, AChangeThatCameWithAnErrorIsToldWithTheNextOkThatHasOneToTell) {
  start();
  stage().primary().on("SET autocommit",
                       reply::ok({}, changes({{wire::SessionChange::kSystemVariable, 0, "autocommit", "ON"}})));
  TestClient& client = stage().log_in();
  ask(client, "BEGIN");
  stage().primary().on("CALL fails", reply::error(1644, "it failed"));
  stage().primary().on(
      "SET @@session.session_track_state_change=0",
      reply::ok({}, changes({{wire::SessionChange::kSystemVariable, 0, "time_zone", "+01:00"},
                             {wire::SessionChange::kSystemVariable, 0, "session_track_schema", "ON"}})));
  ask(client, "CALL fails()");
  EXPECT_EQ(told(stage().ask_query(client, "UPDATE t SET a=1")), "");
  const std::string next = told(stage().ask_query(client, "SET autocommit=1"));
  EXPECT_NE(next.find("time_zone"), std::string::npos) << next;
  EXPECT_EQ(next.find("session_track"), std::string::npos) << next;
  EXPECT_EQ(told(stage().ask_query(client, "SET autocommit=1")).find("time_zone"), std::string::npos) << "once";
}

TEST_F(ExchangeTest, ChangesThatNoOkEverTellsAreBounded) {
  start();
  TestClient& client = stage().log_in();
  ask(client, "BEGIN");
  stage().primary().on("CALL fails", reply::error(1644, "it failed"));
  stage().primary().on(
      "SET @@session.session_track_state_change=0",
      reply::ok({}, changes({{wire::SessionChange::kSystemVariable, 0, "time_zone", std::string(900, 'z')}})));
  for (int i = 0; i < 100; ++i) ask(client, "CALL fails()");
  stage().primary().on("SET autocommit",
                       reply::ok({}, changes({{wire::SessionChange::kSystemVariable, 0, "autocommit", "ON"}})));
  const std::string next = told(stage().ask_query(client, "SET autocommit=1"));
  EXPECT_NE(next.find("time_zone"), std::string::npos);
  EXPECT_LT(next.size(), 20000U);
}

TEST_F(ExchangeTest, WhatAnEofHintsAtIsOurTrackingAndNotShown) {
  start();
  constexpr wire::StatusFlags kChanged = kEnd | wire::kStatusSessionStateChanged;
  stage().primary().on("SELECT f", written([](Writer& out) {
                         out.column_count(1).definitions(1).definitions_eof(kEnd).rows(1).end(kChanged);
                       }));
  stage().primary().on("SELECT g", written([](Writer& out) {
                         out.column_count(1).definitions(1).definitions_eof(kChanged).rows(1).end(kEnd);
                       }));
  TestClient& client = stage().log_in({.capabilities = kOldClient});
  for (const char* sql : {"SELECT f(1)", "SELECT g(1)"}) {
    const Answer answer = stage().ask_query(client, sql);
    EXPECT_EQ(shown(answer), "rows 7");
    for (const Packet& packet : answer.packets()) {
      if (!wire::is_eof(packet.payload)) continue;
      EXPECT_EQ(wire::decode_eof(packet.payload, kOldClient)->status, kEnd) << sql;
    }
    EXPECT_TRUE(stage().primary().heard("SET @@session.session_track_state_change=0"))
        << "the change itself is asked for";
    stage().primary().forget_heard();
  }
}

TEST_F(ExchangeTest, AReadOnlyTransactionOnAReplicaIsRefusedAWriteInThePrimarysWords) {
  options_.replicas = 1;
  start();
  TestClient& client = stage().log_in();
  ask(client, "START TRANSACTION READ ONLY");
  stage().replica().on(
      "UPDATE",
      reply::error(1290,
                   "The MariaDB server is running with the --read-only option so it cannot execute this statement"));
  EXPECT_EQ(ask(client, "UPDATE t SET a=1"), "error 1792 Cannot execute statement in a READ ONLY transaction");
  EXPECT_EQ(stage().primary().count("UPDATE"), 0U);
}

// --- what is no reply ------------------------------------------------------------------------------------------------

struct Malformed {
  const char* what;
  ServerReply reply;
};

TEST_F(ExchangeTest, WhatIsNoReplyIsALostConnectionAndTheSessionGoesOn) {
  const std::vector<Malformed> all = {
      {"a number out of order", written([](Writer& out) {
         out.set_next_sequence(3);
         out.ok(kEnd);
       })},
      {"an empty packet", written([](Writer& out) { out.raw(""); })},
      {"no columns", written([](Writer& out) { out.raw(ByteView("\xFC\x00\x00", 3)); })},
      {"too many columns", written([](Writer& out) { out.raw("\xFD\xFF\xFF\xFF"); })},
      {"a cut OK", written([](Writer& out) { out.raw(ByteView("\x00\x01", 2)); })},
      {"a cut error", written([](Writer& out) { out.raw("\xFF"); })},
      {"a row out of order", written([](Writer& out) {
         out.column_count(1).definitions(1).definitions_eof(kEnd).rows(1);
         out.set_next_sequence(99);
         out.rows(1).end(kEnd);
       })},
  };
  for (const Malformed& each : all) {
    for (const std::size_t piece : {std::size_t{0}, std::size_t{1}}) {
      start();
      stage().primary().on("UPDATE", each.reply, 1);
      stage().primary().set_piece(piece);
      TestClient& client = stage().log_in();
      const Answer answer = stage().ask_query(client, "UPDATE t SET a=1");
      EXPECT_EQ(answer.error_code(), wire::kErLostConnection) << each.what;
      EXPECT_EQ(stage().counters().lost_errors.get(), 1U);
      EXPECT_EQ(ask(client, "UPDATE t SET a=2"), "ok") << each.what;
      EXPECT_EQ(stage().primary().accepted(), 2U) << "the broken connection was used again";
      stage().finish();
    }
  }
}

TEST_F(ExchangeTest, BytesBehindAReplyAreNobodysAndEndTheConnection) {
  start();
  stage().primary().on("SELECT 1", written([](Writer& out) { out.result_set(1, 1, kEnd).ok(kEnd); }), 1);
  TestClient& client = stage().log_in();
  EXPECT_EQ(ask(client, "SELECT 1"), "rows 7");
  EXPECT_EQ(ask(client, "SELECT 2"), "ok");
  EXPECT_EQ(stage().primary().accepted(), 2U);
}

TEST_F(ExchangeTest, AConnectionThatSaysSomethingUnaskedIsNotUsedAgain) {
  start();
  TestClient& client = stage().log_in();
  ask(client, "SELECT 1");
  stage().primary().say(wire::testing::packet(0, wire::connection_killed().encode(kModernClient)));
  stage().turn(3);
  EXPECT_EQ(ask(client, "SELECT 2"), "ok");
  EXPECT_EQ(stage().primary().accepted(), 2U);
}

TEST_F(ExchangeTest, ASilentServerIsLostAfterItsTimeBeforeAndInsideOfAReply) {
  options_.change_service = [](config::Service& service) { service.server_timeout = 60ms; };
  start();
  stage().primary().on("UPDATE silent", reply::silence(), 1);
  stage().primary().on(
      "SELECT half", written([](Writer& out) { out.column_count(1).definitions(1).definitions_eof(kEnd).rows(2); }), 1);
  TestClient& client = stage().log_in();
  const TimePoint before = stage().loop().now();
  const Answer silent = stage().ask_query(client, "UPDATE silent SET a=1");
  EXPECT_EQ(silent.error_code(), wire::kErLostConnection);
  EXPECT_NE(silent.message().find("db1"), std::string::npos) << silent.message();
  EXPECT_GE(stage().loop().now() - before, 60ms);
  EXPECT_TRUE(ask(client, "SELECT half").starts_with("rows 7 7 error 2013 ")) << "numbered on from the rows";
  EXPECT_EQ(ask(client, "SELECT 1"), "ok");
}

TEST_F(ExchangeTest, AReplyThatBreaksOffBetweenPacketsEndsWithAnErrorAndInsideOfOneWithTheConnection) {
  const ServerReply whole = written([](Writer& out) { out.result_set(1, 1, kMore).result_set(1, 1, kEnd); });
  const std::string bytes = whole({kModernClient, kEnd, 0, {}});
  std::vector<std::size_t> boundaries = {0};
  for (const Packet& packet : packets_of(bytes)) {
    boundaries.push_back(boundaries.back() + wire::kPacketHeader + packet.payload.size());
  }
  for (std::size_t cut = 0; cut < bytes.size(); ++cut) {
    start();
    stage().primary().on("CALL p", [&](const ServerTurn& turn) { return whole(turn).substr(0, cut); });
    TestClient& client = stage().log_in();
    client.send(query("CALL p()"));
    ASSERT_TRUE(stage().run_until([&] { return stage().primary().heard("CALL"); }));
    stage().turn(3);
    stage().primary().cut();
    stage().wait(client);
    const Answer& answer = client.answers().back();
    const bool between = std::find(boundaries.begin(), boundaries.end(), cut) != boundaries.end();
    EXPECT_EQ(answer.complete ? answer.error_code() : wire::kErLostConnection, wire::kErLostConnection) << cut;
    EXPECT_TRUE(answer.complete || (client.gone() && !between)) << cut;
    EXPECT_EQ(stage().primary().count("CALL"), 1U) << cut;
    stage().finish();
    if (HasFailure()) return;
  }
}

TEST_F(ExchangeTest, ALocalFileGoesToTheServerHoweverLargeAndHoweverItIsCut) {
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{1000}, std::size_t{3} << 20,
                                 wire::kMaxPiece, wire::kMaxPiece + 1}) {
    start();
    std::string name(1, static_cast<char>(wire::kLocalInfileHeader));
    stage().primary().on("LOAD DATA", reply::bytes(wire::testing::packet(1, name + "file.csv")));
    TestClient& client = stage().log_in({.capabilities = kModernClient | wire::kClientLocalFiles});
    std::string content(size, 'x');
    for (std::size_t i = 0; i < size; ++i) content[i] = static_cast<char>('a' + i % 23);
    client.offer_file(content);
    const Answer answer = stage().ask_query(client, "LOAD DATA LOCAL INFILE 'file.csv' INTO TABLE t");
    EXPECT_TRUE(answer.ok()) << size;
    EXPECT_TRUE(stage().primary().files() == content) << size;
    EXPECT_EQ(ask(client, "SELECT 1"), "ok");
    stage().finish();
  }
}

TEST_F(ExchangeTest, ALocalFileThatComesByteByByteAndWithTheNextCommandBehindItIsOneFile) {
  start();
  std::string name(1, static_cast<char>(wire::kLocalInfileHeader));
  stage().primary().on("LOAD DATA", reply::bytes(wire::testing::packet(1, name + "f")));
  stage().primary().on("SELECT 1", reply::rows({{"1"}}));
  TestClient& client = stage().log_in({.capabilities = kModernClient | wire::kClientLocalFiles});
  client.send_loose(0, query("LOAD DATA LOCAL INFILE 'f' INTO TABLE t"));
  ASSERT_TRUE(stage().run_until([&] { return !client.loose().empty(); }));
  const std::string bytes = wire::testing::packet(2, "one,") + wire::testing::packet(3, "two") +
                            wire::testing::packet(4, "") + wire::testing::packet(0, query("SELECT 1"));
  for (const char byte : bytes) {
    client.send_bytes(ByteView(&byte, 1));
    stage().turn();
  }
  ASSERT_TRUE(stage().run_until([&] { return client.loose().size() >= 6; }));
  EXPECT_EQ(stage().primary().files(), "one,two");
  EXPECT_EQ(client.loose()[1].sequence, 5) << "numbered on from the file";
  EXPECT_EQ(byte_at(client.loose()[1].payload, 0), wire::kOkHeader);
  EXPECT_EQ(client.loose()[2].sequence, 1) << "the reply to the next command";
}

TEST_F(ExchangeTest, AnEmptyPieceBehindAFullOneIsNotTheEndOfALocalFile) {
  start();
  std::string name(1, static_cast<char>(wire::kLocalInfileHeader));
  stage().primary().on("LOAD DATA", reply::bytes(wire::testing::packet(1, name + "f")));
  TestClient& client = stage().log_in({.capabilities = kModernClient | wire::kClientLocalFiles});
  client.send_loose(0, query("LOAD DATA LOCAL INFILE 'f' INTO TABLE t"));
  ASSERT_TRUE(stage().run_until([&] { return !client.loose().empty(); }));
  std::string bytes;
  const std::uint8_t next = wire::append_packet(bytes, 2, std::string(wire::kMaxPiece, 'x'));  // with the empty piece
  client.send_bytes(bytes + wire::testing::packet(next, "rest") + wire::testing::packet(next + 1, ""));
  ASSERT_TRUE(stage().run_until([&] { return client.loose().size() >= 2; }));
  EXPECT_EQ(client.loose()[1].sequence, next + 2);
  EXPECT_EQ(stage().primary().files().size(), wire::kMaxPiece + 4);
  EXPECT_TRUE(stage().primary().files().ends_with("xrest"));
}

TEST_F(ExchangeTest, AClientThatLeavesInTheMiddleOfItsFileEndsTheServersConnection) {
  start();
  std::string name(1, static_cast<char>(wire::kLocalInfileHeader));
  stage().primary().on("LOAD DATA", reply::bytes(wire::testing::packet(1, name + "f")));
  TestClient& client = stage().log_in({.capabilities = kModernClient | wire::kClientLocalFiles});
  client.send_loose(0, query("LOAD DATA LOCAL INFILE 'f' INTO TABLE t"));
  ASSERT_TRUE(stage().run_until([&] { return !client.loose().empty(); }));
  client.send_loose(2, "half of it");
  stage().turn(4);
  client.leave();
  EXPECT_TRUE(stage().run_until([&] { return stage().sessions() == 0 && stage().primary().open() == 0; }));
  EXPECT_EQ(stage().idle(0), 0U);
}

// --- long statements -------------------------------------------------------------------------------------------------

constexpr std::size_t kBeyondSockets = 24'000'000;  // more than the kernel takes of what nobody reads

std::string long_insert() { return query("INSERT INTO t VALUES ('" + std::string(kBeyondSockets, 'v') + "')"); }

TEST_F(ExchangeTest, ALongStatementWaitsUntilTheServerTakesIt) {
  options_.change_defaults = [](upstream::mysql::SessionDefaults& defaults) {
    defaults.max_allowed_packet = 2 * kBeyondSockets;
  };
  start();
  TestClient& client = stage().log_in();
  ask(client, "INSERT INTO t VALUES (1)");
  stage().primary().set_reading(false);
  client.send(long_insert());
  stage().rest();
  EXPECT_FALSE(client.answered());
  stage().primary().set_reading(true);
  ASSERT_TRUE(stage().wait(client));
  EXPECT_TRUE(client.answers().back().ok());
  EXPECT_TRUE(stage().primary().heard().back().command == long_insert());
  const Answer prepared = stage().ask(client, "\x16SELECT '" + std::string(kBeyondSockets, 'v') + "', ?");
  EXPECT_TRUE(prepared.ok());
  const std::string value(kBeyondSockets, 'w');
  std::string length = "\xFE";
  append_le(length, value.size(), 8);
  EXPECT_TRUE(stage().ask(client, execute(1, 0, std::string("\0\x01\xFC\0", 4) + length + value)).ok());
  EXPECT_TRUE(stage().primary().heard().back().command.ends_with(value));
  EXPECT_EQ(ask(client, "SELECT 1"), "ok");
  stage().finish();
}

TEST_F(ExchangeTest, AServerThatTakesNothingMoreOfAStatementIsLostAfterItsTime) {
  options_.change_service = [](config::Service& service) { service.server_timeout = 5s; };
  options_.change_defaults = [](upstream::mysql::SessionDefaults& defaults) {
    defaults.max_allowed_packet = 2 * kBeyondSockets;
  };
  start();
  TestClient& client = stage().log_in();
  ask(client, "INSERT INTO t VALUES (1)");
  const TimePoint before = stage().loop().now();
  stage().primary().set_reading(false);
  const Answer answer = stage().ask(client, long_insert());
  EXPECT_EQ(answer.error_code(), wire::kErLostConnection);
  EXPECT_NE(answer.message().find("takes nothing more"), std::string::npos) << answer.message();
  EXPECT_GE(stage().loop().now() - before, 5s);
  stage().primary().set_reading(true);
  EXPECT_EQ(ask(client, "SELECT 1"), "ok");
  stage().finish();
}

TEST_F(ExchangeTest, AServerThatDiesInTheMiddleOfAStatementIsLost) {
  options_.change_defaults = [](upstream::mysql::SessionDefaults& defaults) {
    defaults.max_allowed_packet = 2 * kBeyondSockets;
  };
  start();
  TestClient& client = stage().log_in();
  ask(client, "INSERT INTO t VALUES (1)");
  stage().primary().set_reading(false);
  client.send(long_insert());
  stage().rest();
  stage().primary().cut();
  stage().primary().set_reading(true);
  ASSERT_TRUE(stage().wait(client));
  EXPECT_EQ(client.answers().back().error_code(), wire::kErLostConnection);
  stage().finish();
}

TEST_F(ExchangeTest, AServiceThatEndsWaitsForNoServerThatTakesNothing) {
  options_.change_defaults = [](upstream::mysql::SessionDefaults& defaults) {
    defaults.max_allowed_packet = 2 * kBeyondSockets;
  };
  start();
  TestClient& client = stage().log_in();
  ask(client, "INSERT INTO t VALUES (1)");
  stage().primary().set_reading(false);
  client.send(long_insert());
  stage().rest();
  stage().close_all();
  EXPECT_TRUE(stage().run_until([&] { return stage().lent(0) == 0 && client.gone(); }));
  stage().primary().set_reading(true);
}

// --- the client's end ------------------------------------------------------------------------------------------------

TEST_F(ExchangeTest, AReadWhoseClientLeavesIsKilledOnTheServer) {
  start();
  stage().primary().on("SELECT SLEEP", reply::silence());
  TestClient& client = stage().log_in();
  client.send(query("SELECT SLEEP(1000)"));
  ASSERT_TRUE(stage().run_until([&] { return stage().primary().heard("SLEEP"); }));
  client.leave();
  EXPECT_TRUE(stage().run_until([&] { return stage().primary().heard("KILL CONNECTION 101"); }));
}

TEST_F(ExchangeTest, AWriteWhoseClientLeavesRunsOnToItsEnd) {
  start();
  stage().primary().on("INSERT", reply::silence());
  TestClient& client = stage().log_in();
  client.send(query("INSERT INTO t VALUES (1)"));
  ASSERT_TRUE(stage().run_until([&] { return stage().primary().heard("INSERT"); }));
  client.leave();
  stage().rest();
  EXPECT_EQ(stage().primary().open(), 1U);
  EXPECT_FALSE(stage().primary().heard("KILL"));
  stage().primary().say(wire::testing::packet(1, wire::encode_ok({.status = kEnd}, kModernClient)));
  EXPECT_TRUE(stage().run_until([&] { return stage().sessions() == 0; }));
}

TEST_F(ExchangeTest, AServerIsNotReadWhileTheClientDoesNotRead) {
  constexpr std::uint64_t kRows = 20'000;
  start();
  stage().primary().on("SELECT many", written([](Writer& out) {
                         out.column_count(1)
                             .definitions(1)
                             .definitions_eof(kEnd)
                             .rows(kRows, "\xFC\xE8\x03" + std::string(1000, 'v'))
                             .end(kEnd);
                       }));
  TestClient& client = stage().log_in();
  client.set_reading(false);
  client.send(query("SELECT many"));
  stage().rest(100ms);
  const std::uint64_t taken = stage().service()->server(0).counters.bytes_from_server.get();
  EXPECT_GT(taken, 0U);
  EXPECT_LT(taken, kRows * 1000) << "all of it was taken in";
  stage().rest(100ms);
  EXPECT_EQ(stage().service()->server(0).counters.bytes_from_server.get(), taken);
  client.set_reading(true);
  stage().wait(client);
  EXPECT_TRUE(client.answers().back().ok());
  EXPECT_EQ(client.answers().back().packets().size(), kRows + 3);
}

TEST_F(ExchangeTest, CommandsSentTogetherAreAnsweredInTurn) {
  start();
  stage().primary().on("SELECT a", reply::rows({{"a"}}));
  stage().primary().on("SELECT b", reply::rows({{"b"}}));
  TestClient& client = stage().log_in();
  client.send(query("SELECT a"));
  client.send(query("UPDATE t"));
  client.send(query("SELECT b"));
  stage().wait(client);
  std::string all;
  for (const Answer& answer : client.answers()) all += shown(answer) + "; ";
  EXPECT_EQ(all, "rows a; ok; rows b; ");
}

TEST_F(ExchangeTest, ALocalFileInEveryWay) {
  for_every_step_and_leaf({{}, [](Stage& stage) {
                             std::string name(1, static_cast<char>(wire::kLocalInfileHeader));
                             stage.primary().on("LOAD DATA", reply::bytes(wire::testing::packet(1, name + "f")));
                             TestClient& client =
                                 stage.log_in({.capabilities = kModernClient | wire::kClientLocalFiles});
                             client.offer_file("one,two,three");
                             stage.ask_query(client, "LOAD DATA LOCAL INFILE 'f' INTO TABLE t");
                             EXPECT_LE(stage.primary().count("LOAD DATA"), once(stage));
                             stage.ask_query(client, "SELECT 1");
                           }});
}

TEST_F(ExchangeTest, RepliesOfAllKindsInEveryWay) {
  for (const wire::Capabilities capabilities : {kModernClient, kOldClient}) {
    for_every_step_and_leaf({{}, [capabilities](Stage& stage) {
                               for (const Kind& kind : kinds()) stage.primary().on(kind.sql, kind.reply);
                               TestClient& client = stage.log_in({.capabilities = capabilities});
                               for (const char* sql : {"SELECT one", "UPDATE a", "CALL many", "SELECT cut"}) {
                                 stage.ask_query(client, sql);
                               }
                               EXPECT_LE(stage.primary().count("UPDATE a"), once(stage));
                               EXPECT_LE(stage.primary().count("CALL many"), once(stage));
                             }});
  }
}

}  // namespace
}  // namespace hf::service::mysql
