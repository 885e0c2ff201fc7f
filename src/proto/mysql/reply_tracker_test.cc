#include "proto/mysql/reply_tracker.h"

#include <gtest/gtest.h>

#include "proto/mysql/test_bytes.h"

namespace hf::proto::mysql {
namespace {

using testing::follow;
using testing::Outcome;
using testing::packet;
using testing::ReplyWriter;
using testing::unhex;
using Action = ReplyTracker::Action;

constexpr Capabilities kLegacy = kClientProtocol41;
constexpr Capabilities kModern = kClientProtocol41 | kClientDeprecateEof | kClientSessionTrack;
constexpr Capabilities kMaria = kModern | kMariaDbCacheMetadata | kMariaDbProgress;
constexpr Capabilities kDialects[] = {kLegacy, kModern, kLegacy | kMariaDbCacheMetadata, kMaria};
constexpr StatusFlags kMore = kStatusAutocommit | kStatusMoreResults;

/// Feeds everything at once; the reply must end exactly at the end of the bytes.
void expect_followed(ReplyTracker& tracker, ByteView bytes) {
  Random random(1);
  const Outcome outcome = follow(tracker, bytes, random, 1);
  EXPECT_FALSE(outcome.failed);
  EXPECT_TRUE(outcome.done);
  EXPECT_EQ(outcome.consumed, bytes.size());
  EXPECT_EQ(outcome.forwarded, bytes);
}

TEST(ReplyTracker, OneStepCarriesAllRowsAndTheNextTheEnd) {
  for (const Capabilities caps : kDialects) {
    const std::string rows = ReplyWriter(caps).column_count(2).definitions(2).definitions_eof(2).rows(500).bytes();
    const std::string all = ReplyWriter(caps).result_set(2, 500, kStatusAutocommit).bytes();
    ReplyTracker tracker;
    tracker.start(Command::kQuery, caps);
    EXPECT_FALSE(tracker.begun());
    const auto first = tracker.next(all);
    ASSERT_TRUE(first.ok());
    EXPECT_EQ(first->action, Action::kForward);
    EXPECT_EQ(first->consumed, rows.size());
    EXPECT_EQ(first->packet.data(), all.data());
    EXPECT_TRUE(tracker.begun());
    EXPECT_FALSE(tracker.done());
    const auto second = tracker.next(ByteView(all).substr(first->consumed));
    ASSERT_TRUE(second.ok());
    EXPECT_EQ(second->action, Action::kPacket);
    EXPECT_EQ(second->packet, ByteView(all).substr(rows.size()));
    EXPECT_TRUE(tracker.done());
    EXPECT_EQ(tracker.rows(), 500U);
    EXPECT_EQ(tracker.results(), 1U);
    EXPECT_EQ(tracker.status(), kStatusAutocommit);
  }
}

TEST(ReplyTracker, AnOkTellsItsNumbers) {
  ReplyTracker tracker;
  tracker.start(Command::kQuery, kLegacy);
  expect_followed(tracker, ReplyWriter(kLegacy).ok(kStatusInTransaction, 3, 70000).bytes());
  EXPECT_EQ(tracker.affected_rows(), 3U);
  EXPECT_EQ(tracker.insert_id(), 70000U);
  EXPECT_EQ(tracker.status(), kStatusInTransaction);
  EXPECT_FALSE(tracker.failed());
}

TEST(ReplyTracker, AnErrorTellsCodeStateAndText) {
  ReplyTracker tracker;
  tracker.start(Command::kQuery, kLegacy);
  expect_followed(tracker, packet(1, unhex("ff7a04 23 3432533032") + "Table 'mysql.nosuch' doesn't exist"));
  EXPECT_TRUE(tracker.failed());
  EXPECT_EQ(tracker.error_code(), 1146);
  EXPECT_EQ(tracker.sqlstate(), "42S02");
  EXPECT_EQ(tracker.message(), "Table 'mysql.nosuch' doesn't exist");
}

TEST(ReplyTracker, FollowsEveryResultOfAMultiStatement) {
  for (const Capabilities caps : kDialects) {
    ReplyTracker tracker;
    tracker.start(Command::kQuery, caps);
    expect_followed(tracker, ReplyWriter(caps)
                                 .result_set(1, 2, kMore)
                                 .ok(kMore, 1)
                                 .result_set(3, 0, kMore)
                                 .result_set(1, 4, kStatusAutocommit)
                                 .bytes());
    EXPECT_EQ(tracker.results(), 4U);
    EXPECT_EQ(tracker.rows(), 6U);
    EXPECT_TRUE(tracker.last_is_rows());
    tracker.start(Command::kQuery, caps);
    EXPECT_FALSE(tracker.last_is_rows());
    expect_followed(tracker, ReplyWriter(caps).result_set(1, 2, kMore).ok(kStatusAutocommit, 1).bytes());
    EXPECT_FALSE(tracker.last_is_rows()) << "a CALL";
  }
}

TEST(ReplyTracker, StopsAtTheEndAndLeavesTheNextReply) {
  for (const Capabilities caps : kDialects) {
    const std::string reply = ReplyWriter(caps).result_set(1, 2, kStatusAutocommit).bytes();
    const std::string two = reply + packet(1, "next");
    ReplyTracker tracker;
    tracker.start(Command::kQuery, caps);
    std::size_t consumed = 0;
    while (!tracker.done()) consumed += tracker.next(ByteView(two).substr(consumed))->consumed;
    EXPECT_EQ(consumed, reply.size());
    EXPECT_EQ(tracker.next(ByteView(two).substr(consumed))->consumed, 0U);
  }
}

TEST(ReplyTracker, AnErrorAmongRowsOrDefinitionsEndsTheReply) {
  for (const Capabilities caps : kDialects) {
    ReplyTracker tracker;
    tracker.start(Command::kQuery, caps);
    expect_followed(tracker,
                    ReplyWriter(caps).column_count(1).definitions(1).definitions_eof(2).rows(2).err(1242, "x").bytes());
    EXPECT_EQ(tracker.error_code(), 1242);
    EXPECT_EQ(tracker.rows(), 2U);
    EXPECT_EQ(tracker.results(), 0U);
    tracker.start(Command::kQuery, caps);
    EXPECT_FALSE(tracker.failed());
    expect_followed(tracker, ReplyWriter(caps).column_count(3).definitions(1).err(1927, "x").bytes());
    EXPECT_EQ(tracker.error_code(), 1927);
  }
}

TEST(ReplyTracker, ProgressReportsPassInFrontOfAnything) {
  ReplyTracker tracker;
  tracker.start(Command::kQuery, kMaria);
  const std::string reply = ReplyWriter(kMaria)
                                .progress()
                                .column_count(1)
                                .definitions(1)
                                .progress()
                                .rows(1)
                                .progress()
                                .end(kMore)
                                .progress()
                                .err(9, "x")
                                .bytes();
  expect_followed(tracker, reply);
  EXPECT_EQ(tracker.error_code(), 9);
  EXPECT_EQ(tracker.rows(), 1U);

  tracker.start(Command::kQuery, kModern);  // not negotiated: a real error
  const std::string progress = ReplyWriter(kModern).progress().bytes();
  EXPECT_EQ(tracker.next(progress)->action, Action::kPacket);
  EXPECT_TRUE(tracker.failed());
}

TEST(ReplyTracker, CachedMetadataIsLeftOut) {
  for (const Capabilities caps : {kLegacy | kMariaDbCacheMetadata, kMaria}) {
    ReplyTracker tracker;
    tracker.start(Command::kStmtExecute, caps);
    // The EOF stays even where the definitions are left out, as MariaDB 10.11 does it.
    expect_followed(tracker, ReplyWriter(caps).column_count(1, false).definitions_eof(0x22).rows(2).end(0x22).bytes());
    EXPECT_EQ(tracker.rows(), 2U);
  }
}

TEST(ReplyTracker, ThePrepareReplyHasOneBlockPerKindOfDefinition) {
  const std::pair<std::uint16_t, std::uint16_t> shapes[] = {{0, 0}, {2, 0}, {0, 1}, {3, 2}};
  for (const Capabilities caps : kDialects) {
    for (const auto& [columns, parameters] : shapes) {
      ReplyTracker tracker;
      tracker.start(Command::kStmtPrepare, caps);
      const std::string reply = ReplyWriter(caps).prepare_ok(77, columns, parameters).bytes();
      const auto first = tracker.next(reply);
      ASSERT_TRUE(first.ok());
      EXPECT_EQ(first->action, Action::kPacket);
      EXPECT_EQ(first->consumed, 16U);
      if (!tracker.done()) {
        const auto rest = tracker.next(ByteView(reply).substr(16));
        ASSERT_TRUE(rest.ok());
        EXPECT_EQ(rest->action, Action::kForward);
        EXPECT_EQ(rest->consumed, reply.size() - 16);
      }
      EXPECT_TRUE(tracker.done());
      EXPECT_EQ(tracker.statement_id(), 77U);
      EXPECT_EQ(tracker.statement_columns(), columns);
      EXPECT_EQ(tracker.statement_parameters(), parameters);
    }
  }
}

TEST(ReplyTracker, AFailedPrepareIsOnePacket) {
  ReplyTracker tracker;
  tracker.start(Command::kStmtPrepare, kLegacy);
  expect_followed(tracker, ReplyWriter(kLegacy).err(1064, "syntax").bytes());
  EXPECT_EQ(tracker.error_code(), 1064);
}

TEST(ReplyTracker, ACursorHasNoRowsUntilTheyAreFetched) {
  for (const Capabilities caps : kDialects) {
    ReplyTracker tracker;
    tracker.start(Command::kStmtExecute, caps);
    expect_followed(tracker, ReplyWriter(caps).column_count(1).definitions(1).end(kStatusCursorExists | 2).bytes());
    EXPECT_EQ(tracker.results(), 1U);
    EXPECT_TRUE(has(tracker.status(), kStatusCursorExists));
    tracker.start(Command::kStmtFetch, caps);
    expect_followed(tracker, ReplyWriter(caps).rows(1, unhex("000009000000")).end(kStatusCursorExists).bytes());
    tracker.start(Command::kStmtFetch, caps);
    expect_followed(tracker, ReplyWriter(caps).rows(3, unhex("000008000000")).end(kStatusLastRowSent).bytes());
    EXPECT_EQ(tracker.rows(), 3U);
  }
}

TEST(ReplyTracker, TheCursorOfAProcedureIsNotTheClients) {
  // CALL p() through COM_STMT_EXECUTE, where p opens a cursor of its own: MariaDB 10.11 leaves the flag on (0x4a) and
  // sends rows.
  const StatusFlags inside = kMore | kStatusCursorExists;
  for (const Capabilities caps : kDialects) {
    ReplyTracker tracker;
    tracker.start(Command::kStmtExecute, caps);
    expect_followed(tracker,
                    ReplyWriter(caps).result_set(1, 1, inside).result_set(1, 4, inside).ok(kStatusAutocommit).bytes());
    EXPECT_EQ(tracker.rows(), 5U);
    EXPECT_EQ(tracker.results(), 3U);
  }
}

TEST(ReplyTracker, BulkExecutionMayReturnRows) {
  ReplyTracker tracker;
  tracker.start(Command::kStmtBulkExecute, kMaria);
  expect_followed(tracker, ReplyWriter(kMaria).result_set(2, 2, kStatusAutocommit).bytes());
  EXPECT_EQ(tracker.rows(), 2U);
  tracker.start(Command::kStmtBulkExecute, kMaria);
  expect_followed(tracker, ReplyWriter(kMaria).ok(kStatusAutocommit, 2).bytes());
  EXPECT_EQ(tracker.affected_rows(), 2U);
}

TEST(ReplyTracker, AFieldListIsDefinitionsUpToTheEnd) {
  for (const Capabilities caps : kDialects) {
    ReplyTracker tracker;
    tracker.start(Command::kFieldList, caps);
    expect_followed(tracker, ReplyWriter(caps).definitions(3).end(kMore).bytes());
    EXPECT_EQ(tracker.rows(), 0U);
    tracker.start(Command::kFieldList, caps);
    expect_followed(tracker, ReplyWriter(caps).err(1146, "no table").bytes());
  }
}

TEST(ReplyTracker, StatisticsAreBareText) {
  ReplyTracker tracker;
  tracker.start(Command::kStatistics, kModern);
  expect_followed(tracker, packet(1, "Uptime: 137  Threads: 2"));
  tracker.start(Command::kStatistics, kModern);
  expect_followed(tracker, ReplyWriter(kModern).err(1927, "killed").bytes());
  EXPECT_TRUE(tracker.failed());
}

TEST(ReplyTracker, SimpleCommandsEndWithOkOrEof) {
  for (const Command command : {Command::kSetOption, Command::kDebug, Command::kPing, Command::kInitDb,
                                Command::kStmtReset, Command::kResetConnection, Command::kShutdown}) {
    for (const Capabilities caps : kDialects) {
      ReplyTracker tracker;
      tracker.start(command, caps);
      expect_followed(tracker, ReplyWriter(caps).end(kMore).bytes());
      tracker.start(command, caps);
      expect_followed(tracker, ReplyWriter(caps).ok(kStatusAutocommit).bytes());
      tracker.start(command, caps);
      EXPECT_FALSE(tracker.next(packet(1, "\x01")).ok());
    }
  }
}

TEST(ReplyTracker, SilentCommandsAreDoneAtOnce) {
  for (const Command command : {Command::kQuit, Command::kStmtClose, Command::kStmtSendLongData}) {
    ReplyTracker tracker;
    tracker.start(command, kModern);
    EXPECT_TRUE(tracker.done());
    EXPECT_FALSE(tracker.begun());
  }
}

TEST(ReplyTracker, ABinlogStreamGoesOnUntilItsEnd) {
  ReplyTracker tracker;
  tracker.start(Command::kBinlogDump, kLegacy);
  const std::string event = std::string(1, '\0') + std::string(50, 'e');
  expect_followed(tracker, ReplyWriter(kLegacy).rows(300, event).raw(unhex("fe00000200")).bytes());
  tracker.start(Command::kBinlogDump, kModern);
  expect_followed(tracker, ReplyWriter(kModern).rows(3, event).err(1236, "gone").bytes());
  EXPECT_EQ(tracker.error_code(), 1236);
}

TEST(ReplyTracker, WaitsWhileTheClientsFileIsSent) {
  ReplyTracker tracker;
  tracker.start(Command::kQuery, kLegacy);
  const std::string request = packet(1, "\xFB/x/y");
  const auto step = tracker.next(request);
  ASSERT_TRUE(step.ok());
  EXPECT_EQ(step->action, Action::kForward);
  EXPECT_EQ(step->packet, request);
  EXPECT_TRUE(tracker.wants_local_infile());
  EXPECT_FALSE(tracker.done());
  tracker.resume_after_local_infile(4);
  EXPECT_FALSE(tracker.wants_local_infile());
  ReplyWriter rest(kLegacy, 4);
  expect_followed(tracker, rest.ok(kMore, 2).result_set(1, 1, kStatusAutocommit).bytes());
  EXPECT_EQ(tracker.results(), 2U);
}

TEST(ReplyTracker, AfterAFileOfUnknownLengthAnySequenceIdWillDoOnce) {
  ReplyTracker tracker;
  tracker.start(Command::kQuery, kLegacy);
  ASSERT_TRUE(tracker
                  .next(packet(1,
                               "\xFB"
                               "f"))
                  .ok());
  tracker.resume_after_local_infile();
  expect_followed(tracker, ReplyWriter(kLegacy, 99).ok(kMore).ok(kStatusAutocommit).bytes());
}

TEST(ReplyTracker, AWrongSequenceIdIsNamed) {
  ReplyTracker tracker;
  tracker.start(Command::kQuery, kLegacy);
  const auto step = tracker.next(packet(2, unhex("00000002000000")));
  ASSERT_FALSE(step.ok());
  EXPECT_EQ(step.error().code, ErrorCode::kProtocol);
  EXPECT_EQ(step.error().context, "reply to COM_QUERY: packets out of order: sequence id 2 instead of 1");
}

TEST(ReplyTracker, AFarewellMayHaveAnyFirstSequenceId) {
  ReplyTracker tracker;
  tracker.start(Command::kQuery, kLegacy);
  expect_followed(tracker, ReplyWriter(kLegacy, 0).err(1053, "Server shutdown in progress").bytes());
  EXPECT_EQ(tracker.error_code(), 1053);
}

TEST(ReplyTracker, ALargeRequestMovesTheFirstSequenceId) {
  ReplyTracker tracker;
  tracker.start(Command::kQuery, kLegacy, 3);
  expect_followed(tracker, ReplyWriter(kLegacy, 3).ok(kStatusAutocommit).bytes());
}

TEST(ReplyTracker, ARowInSeveralPiecesCountsOnce) {
  // Begins with 0xFE, as text rows with a first value of 16 MiB do, and goes on with bytes that look like ERR and EOF.
  std::string row = unhex("fe0000000200000000");
  row.resize(kMaxPiece, 'x');
  row += unhex("ff7a04");
  std::string full = row.substr(0, kMaxPiece);
  for (const Capabilities caps : kDialects) {
    ReplyTracker tracker;
    tracker.start(Command::kQuery, caps);
    const std::string reply =
        ReplyWriter(caps).column_count(1).definitions(1).definitions_eof(2).raw(row).rows(1).raw(full).end(2).bytes();
    Random random(3);
    const Outcome outcome = follow(tracker, reply, random, 9'000'000);
    EXPECT_TRUE(outcome.done);
    EXPECT_EQ(outcome.rows, 3U);
    EXPECT_TRUE(outcome.forwarded == reply);
  }
}

TEST(ReplyTracker, APartOfARowIsForwardedAtOnce) {
  const std::string head = ReplyWriter(kModern).column_count(1).definitions(1).bytes();
  const std::string bytes = head + unhex("00100003 fd") + std::string(100, 'x');
  ReplyTracker tracker;
  tracker.start(Command::kQuery, kModern);
  const auto step = tracker.next(bytes);
  ASSERT_TRUE(step.ok());
  EXPECT_EQ(step->action, Action::kForward);
  EXPECT_EQ(step->consumed, bytes.size());
}

TEST(ReplyTracker, ACutControlPacketIsStashedAndHandedOutWhole) {
  const std::string ok = ReplyWriter(kModern).ok(kStatusAutocommit, 5).bytes();
  ReplyTracker tracker;
  tracker.start(Command::kQuery, kModern);
  for (std::size_t i = 0; i + 1 < ok.size(); ++i) {
    const auto step = tracker.next(ByteView(ok).substr(i, 1));
    ASSERT_TRUE(step.ok());
    EXPECT_EQ(step->action, Action::kStashed);
    EXPECT_EQ(step->consumed, 1U);
    EXPECT_TRUE(step->packet.empty());
  }
  const auto last = tracker.next(ByteView(ok).substr(ok.size() - 1));
  ASSERT_TRUE(last.ok());
  EXPECT_EQ(last->action, Action::kPacket);
  EXPECT_EQ(last->packet, ok);
}

TEST(ReplyTracker, MalformedRepliesAreErrors) {
  const std::pair<Command, std::string> cases[] = {
      {Command::kQuery, packet(1, "")},                 // empty
      {Command::kQuery, packet(1, unhex("0000"))},      // OK cut short
      {Command::kQuery, packet(1, unhex("ff"))},        // ERR cut short
      {Command::kQuery, packet(1, unhex("fc01"))},      // column count cut short
      {Command::kQuery, packet(1, unhex("fd000010"))},  // 2^20 columns
      {Command::kQuery, packet(1, unhex("01 01"))},     // more than a column count
      {Command::kQuery, ReplyWriter(kLegacy).column_count(1).definitions(1).raw("x").bytes()},
      {Command::kQuery, ReplyWriter(kLegacy).column_count(1).definitions(1).definitions_eof(2).raw("").bytes()},
      {Command::kStmtPrepare, packet(1, unhex("0001000000"))},
      {Command::kStmtPrepare, packet(1, unhex("010100000000000000000000"))},
      {Command::kQuery, unhex("ffffff 01 00")},  // an OK of 16 MiB
  };
  for (const auto& [command, bytes] : cases) {
    ReplyTracker tracker;
    tracker.start(command, kLegacy);
    Random random(5);
    EXPECT_TRUE(follow(tracker, bytes, random, 7).failed) << bytes.size();
  }
}

TEST(ReplyTracker, WhereverAReplyBreaksOffItKnowsWhatTheNextPacketsIdMustBe) {
  for (const Capabilities caps : kDialects) {
    const std::string all = ReplyWriter(caps).result_set(2, 3, kMore).result_set(1, 1, kStatusAutocommit).bytes();
    for (std::size_t cut = 1; cut < all.size(); ++cut) {
      ReplyTracker tracker;
      tracker.start(Command::kQuery, caps);
      EXPECT_EQ(tracker.next_sequence(), 1);
      std::string handed_out;
      ByteView left = ByteView(all).substr(0, cut);
      while (!left.empty()) {
        const auto step = tracker.next(left);
        ASSERT_TRUE(step.ok());
        handed_out += step->packet;
        left.remove_prefix(step->consumed);
      }
      std::uint8_t next = 1;
      ByteView whole = handed_out;
      while (whole.size() >= kPacketHeader && whole.size() >= kPacketHeader + load_packet_header(whole).length) {
        next = static_cast<std::uint8_t>(load_packet_header(whole).sequence + 1);
        whole.remove_prefix(kPacketHeader + load_packet_header(whole).length);
      }
      EXPECT_EQ(tracker.next_sequence(), whole.empty() ? std::optional<std::uint8_t>(next) : std::nullopt) << cut;
    }
  }
}

TEST(ReplyTracker, ForgetsAnUnfinishedReplyWhenStartedAgain) {
  ReplyTracker tracker;
  tracker.start(Command::kQuery, kLegacy);
  ASSERT_TRUE(tracker.next(ByteView("\x07\x00", 2)).ok());
  tracker.start(Command::kQuery, kLegacy);
  expect_followed(tracker, ReplyWriter(kLegacy).ok(kStatusAutocommit, 1).bytes());
}

}  // namespace
}  // namespace hf::proto::mysql
