// A connection that is open: a question of our own on it, whether it can be used, and how it ends.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/random.h"
#include "proto/mysql/test_bytes.h"
#include "upstream/mysql/connect_fixture.h"

namespace hf::upstream::mysql {
namespace {

namespace wire = proto::mysql;
using runtime::Scope;
using runtime::SteppedLoop;
using wire::testing::ReplyWriter;

TEST(Query, GivesRowsAndTakesTheStatus) {
  Asked asked({send_step(rows_reply())});
  const Attempt attempt = asked.ask();
  ASSERT_EQ(attempt.outcome(), "ok") << attempt.error->context;
  ASSERT_EQ(attempt.result->rows.size(), 2U);
  EXPECT_EQ(attempt.result->rows[1][0], "7");
  EXPECT_EQ(asked.connection->status, wire::kStatusAutocommit | wire::kStatusInTransaction);
  EXPECT_EQ(asked.server.received().back(), std::string("\x03SELECT 7"));
  EXPECT_TRUE(asked.connection->usable());
}

TEST(Query, AReplyMayComeOneByteAtATime) {
  Asked asked({send_step(rows_reply())}, 1);
  const Attempt attempt = asked.ask();
  ASSERT_EQ(attempt.outcome(), "ok") << attempt.error->context;
  EXPECT_EQ(attempt.result->rows.size(), 2U);
}

TEST(Query, AnErrorOfTheServerIsAResultAndTheConnectionStaysUsable) {
  Asked asked({err_step(1, 1146, "Table 'x.y' doesn't exist")});
  const Attempt attempt = asked.ask();
  ASSERT_EQ(attempt.outcome(), "ok");
  ASSERT_TRUE(attempt.result->error.has_value());
  EXPECT_EQ(attempt.result->error->code, 1146);
  EXPECT_TRUE(asked.connection->usable());
}

TEST(Query, AReplyCutOffAfterAnyByteIsAnErrorAndTheConnectionIsNotUsable) {
  const std::string reply = rows_reply();
  for (std::size_t cut = 0; cut < reply.size(); ++cut) {
    Asked asked({send_step(reply.substr(0, cut)), close_step()});
    const Attempt attempt = asked.ask();
    EXPECT_EQ(attempt.outcome(), to_string(ErrorCode::kClosed)) << cut;
    EXPECT_FALSE(asked.connection->usable()) << cut;
  }
}

TEST(Query, BytesBehindTheReplyAreAProtocolError) {
  Asked asked({send_step(rows_reply() + "x")});
  EXPECT_EQ(asked.ask().outcome(), to_string(ErrorCode::kProtocol));
}

TEST(Query, GarbageIsAnError) {
  Random random(5);
  for (int round = 0; round < 100; ++round) {
    std::string garbage(1 + random.below(200), '\0');
    for (char& c : garbage) c = static_cast<char>(random.next());
    Asked asked({send_step(garbage), close_step()});
    EXPECT_NE(asked.ask().outcome(), "ok") << round;
  }
}

TEST(Query, AReplyBeyondOneMegabyteIsRefused) {
  ReplyWriter reply(kFakeCapabilities & ~(wire::kClientSsl | wire::kClientCompress));
  reply.column_count(1).definitions(1).definitions_eof(0);
  const std::string row = "\xfd" + std::string("\x00\x00\x01", 3) + std::string(65536, 'x');
  for (int i = 0; i < 20; ++i) reply.raw(row);
  Asked asked({send_step(reply.bytes())});
  EXPECT_EQ(asked.ask().outcome(), to_string(ErrorCode::kOverload));
}

TEST(Query, DeadlineAndCancelEndTheWait) {
  for (const bool cancel : {false, true}) {
    for (const std::size_t cut : {std::size_t{0}, std::size_t{3}, std::size_t{30}}) {
      Asked asked({send_step(rows_reply().substr(0, cut)), hang_step()});
      const std::size_t steps = asked.server.steps_begun();
      Attempt attempt;
      Scope scope(*asked.loop);
      scope.spawn("query", query_task, asked.connection.get(), std::string("SELECT 7"), &attempt,
                  asked.loop->deadline_in(10s));
      ASSERT_TRUE(asked.loop.run_until([&] { return asked.server.steps_begun() == steps + 2; }));
      asked.loop.turn();
      EXPECT_EQ(attempt.outcome(), "waiting");
      if (cancel) {
        scope.cancel();
      } else {
        asked.loop.advance(11s);
      }
      ASSERT_TRUE(asked.loop.run_until_empty(scope));
      EXPECT_EQ(attempt.outcome(), to_string(cancel ? ErrorCode::kCancelled : ErrorCode::kTimeout));
    }
  }
}

TEST(Connection, IsNotUsableOnceTheServerLeaves) {
  Asked asked({});
  EXPECT_TRUE(asked.connection->usable());
  asked.server.cut();
  EXPECT_TRUE(asked.loop.run_until([&] { return !asked.connection->usable(); }));
}

TEST(Connection, IsNotUsableWhileBytesWaitToBeRead) {
  Asked asked({send_step("x")});
  std::string packet;
  wire::append_packet(packet, 0, "\x0e");
  asked.connection->stream->write(packet);
  EXPECT_TRUE(asked.loop.run_until([&] { return !asked.connection->usable(); }));
}

// --- its end ---------------------------------------------------------------------------------------------------------

const std::string kQuitPacket = "\x01";

/// A server that takes one more packet after the login.
ServerScript listening_script() {
  ServerScript script = login_script();
  script.push_back(expect_step());
  return script;
}

/// What the server received after the login when `end` had its way with the connection.
template <typename End>
std::vector<std::string> last_words(ServerScript script, End end) {
  SteppedLoop loop;
  ServerFake server(*loop, std::move(script));
  Attempt attempt = connect_to(loop, server, login_of());
  EXPECT_EQ(attempt.outcome(), "ok");
  end(loop, attempt.connection);
  attempt.connection.reset();
  EXPECT_TRUE(loop.run_until([&] { return server.open() == 0; }));
  return {server.received().begin() + 1, server.received().end()};
}

TEST(ConnectionEnd, AtRestItSaysGoodbye) {
  EXPECT_EQ(
      last_words(listening_script(), [](SteppedLoop&, ConnectionPtr& connection) { EXPECT_TRUE(connection->at_rest); }),
      std::vector<std::string>{kQuitPacket});
  EXPECT_EQ(last_words(listening_script(), [](SteppedLoop&, ConnectionPtr& connection) { connection->quit(); }),
            std::vector<std::string>{kQuitPacket});
}

TEST(ConnectionEnd, GoodbyeComesBehindWhatWasSaidBeforeInTheSameTurn) {
  ServerScript script = listening_script();
  script.push_back(expect_step());
  const std::string close_statement = std::string("\x19\x01\x00\x00\x00", 5);
  const std::vector<std::string> words = last_words(std::move(script), [&](SteppedLoop&, ConnectionPtr& connection) {
    std::string packet;
    wire::append_packet(packet, 0, close_statement);  // has no reply
    connection->stream->write(packet);
  });
  EXPECT_EQ(words, (std::vector<std::string>{close_statement, kQuitPacket}));
}

TEST(ConnectionEnd, InTheMiddleOfAReplyItIsJustClosed) {
  EXPECT_EQ(
      last_words(listening_script(), [](SteppedLoop&, ConnectionPtr& connection) { connection->at_rest = false; }),
      std::vector<std::string>{});
}

TEST(ConnectionEnd, WithBytesUnreadItIsJustClosed) {
  ServerScript script = login_script();
  script.push_back(expect_step());
  script.push_back(send_step("x"));
  script.push_back(expect_step());
  const std::string ping = "\x0e";
  const std::vector<std::string> words =
      last_words(std::move(script), [&](SteppedLoop& loop, ConnectionPtr& connection) {
        std::string packet;
        wire::append_packet(packet, 0, ping);
        connection->stream->write(packet);
        EXPECT_TRUE(loop.run_until([&] { return connection->stream->readable(); }));
      });
  EXPECT_EQ(words, std::vector<std::string>{ping});
}

TEST(ConnectionEnd, BrokenItIsJustClosed) {
  EXPECT_EQ(last_words(
                listening_script(),
                [](SteppedLoop&, ConnectionPtr& connection) { connection->stream->abort({ErrorCode::kReset, "cut"}); }),
            std::vector<std::string>{});
}

TEST(ConnectionEnd, AWholeQueryLeavesItAtRestAndHalfAQueryDoesNot) {
  Asked whole({send_step(rows_reply()), expect_step()});
  EXPECT_EQ(whole.ask().outcome(), "ok");
  EXPECT_TRUE(whole.connection->at_rest);
  whole.connection.reset();
  EXPECT_TRUE(whole.loop.run_until([&] { return whole.server.open() == 0; }));
  EXPECT_EQ(whole.server.received().back(), kQuitPacket);

  const std::string reply = rows_reply();
  Asked half({send_step(reply.substr(0, reply.size() / 2)), hang_step()});
  Attempt attempt;
  Scope scope(*half.loop);
  const std::size_t steps = half.server.steps_begun();
  scope.spawn("query", query_task, half.connection.get(), std::string("SELECT 7"), &attempt,
              half.loop->deadline_in(10s));
  EXPECT_TRUE(half.loop.run_until([&] { return half.server.steps_begun() == steps + 2; }));
  half.loop.advance(11s);
  EXPECT_TRUE(half.loop.run_until_empty(scope));
  EXPECT_FALSE(half.connection->at_rest);
}

TEST(ConnectionEnd, AQueryOnALentConnectionLeavesTheWordToItsSession) {
  Asked asked({send_step(rows_reply()), expect_step()});
  asked.connection->at_rest = false;
  EXPECT_EQ(asked.ask().outcome(), "ok");
  EXPECT_FALSE(asked.connection->at_rest);
}

}  // namespace
}  // namespace hf::upstream::mysql
