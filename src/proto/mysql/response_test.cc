#include "proto/mysql/response.h"

#include <gtest/gtest.h>

#include "proto/mysql/session_state.h"
#include "proto/mysql/test_bytes.h"

namespace hf::proto::mysql {
namespace {

using testing::unhex;

constexpr Capabilities k41 = kClientProtocol41;
constexpr Capabilities kTrack = kClientProtocol41 | kClientSessionTrack | kClientDeprecateEof;

// All of these bytes came from MariaDB 10.11.19.
TEST(Ok, WithInfoIsReadTheSameWithAndWithoutSessionTracking) {
  const std::string bytes =
      unhex("00 02 07 0200 0000 26 5265636f7264733a203220204475706c6963617465733a203020205761726e696e67733a2030");
  for (const Capabilities caps : {k41, kTrack}) {
    const Result<OkPacket> ok = decode_ok(bytes, caps);
    ASSERT_TRUE(ok.ok());
    EXPECT_EQ(ok->affected_rows, 2U);
    EXPECT_EQ(ok->insert_id, 7U);
    EXPECT_EQ(ok->status, kStatusAutocommit);
    EXPECT_EQ(ok->info, "Records: 2  Duplicates: 0  Warnings: 0");
    EXPECT_EQ(encode_ok(*ok, caps), bytes);
  }
}

TEST(Ok, WithSessionStateIsReadAndWrittenAsTheServerDoes) {
  for (const char* hex : {"00 00 00 0040 0000 00 11 000f0a6175746f636f6d6d6974034f4646",
                          "fe 00 00 0340 0000 00 0b 050908545f5f5f575f535f",
                          "00 00 00 0240 0000 12 53746174656d656e74207072657061726564 03 020131"}) {
    const std::string bytes = unhex(hex);
    const Result<OkPacket> ok = decode_ok(bytes, kTrack);
    ASSERT_TRUE(ok.ok()) << hex;
    EXPECT_FALSE(ok->session_state.empty());
    EXPECT_EQ(encode_ok(*ok, kTrack), bytes);
  }
}

TEST(Ok, InsteadOfEofKeepsItsHeader) {
  const Result<OkPacket> ok = decode_ok(unhex("fe 00 00 0200 0200"), kTrack);
  ASSERT_TRUE(ok.ok());
  EXPECT_EQ(ok->header, kEofHeader);
  EXPECT_EQ(ok->warnings, 2);
}

TEST(Ok, InfoThatIsNotLengthEncodedIsTheRestOfThePacket) {
  EXPECT_EQ(decode_ok(unhex("00 00 00 0200 0000") + "plain", k41)->info, "plain");
}

TEST(Ok, CutAnywhereIsAnErrorUpToTheFixedPart) {
  const std::string bytes = unhex("00 00 00 0040 0000 00 11 000f0a6175746f636f6d6d6974034f4646");
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    const std::string cut = bytes.substr(0, size);
    EXPECT_EQ(decode_ok(cut, kTrack).ok(), size == 7 || size == 8) << size;
  }
}

TEST(Ok, WithoutTrackingNeverClaimsSessionState) {
  const std::string bytes = encode_ok({.status = kStatusSessionStateChanged, .session_state = "x"}, k41);
  EXPECT_EQ(bytes, unhex("00 00 00 0000 0000"));
}

TEST(Err, OfARealServer) {
  const std::string bytes = unhex("ff 2505 23 3730313030") + "Query execution was interrupted";
  const Result<ErrPacket> err = decode_err(bytes);
  ASSERT_TRUE(err.ok());
  EXPECT_EQ(err->code, 1317);
  EXPECT_EQ(err->sqlstate, "70100");
  EXPECT_EQ(err->message, "Query execution was interrupted");
  EXPECT_EQ(encode_err(*err, k41), bytes);
}

TEST(Err, BeforeTheLoginHasNoSqlstate) {
  const std::string bytes = encode_err({.code = 1040, .sqlstate = "08004", .message = "Too many connections"}, 0);
  EXPECT_EQ(bytes, unhex("ff1004") + "Too many connections");
  const Result<ErrPacket> err = decode_err(bytes);
  ASSERT_TRUE(err.ok());
  EXPECT_EQ(err->sqlstate, "");
  EXPECT_EQ(err->message, "Too many connections");
  EXPECT_FALSE(decode_err(unhex("ff10")).ok());
  EXPECT_EQ(decode_err(unhex("ff1004 233132"))->message, "#12");
}

TEST(Progress, OfARealServerIsNoError) {
  // While loading two rows: stage 2 of 2, nothing done yet.
  const std::string bytes = unhex("ff ffff 01 02 02 000000 0b") + "Unlocking t";
  EXPECT_TRUE(is_progress(bytes, kMariaDbProgress));
  EXPECT_FALSE(is_progress(bytes, k41));
  EXPECT_FALSE(is_progress(bytes, kMariaDbProgress | kClientMysql));
  const Result<ProgressReport> report = decode_progress(bytes);
  ASSERT_TRUE(report.ok());
  EXPECT_EQ(report->stage, 2);
  EXPECT_EQ(report->max_stage, 2);
  EXPECT_EQ(report->info, "Unlocking t");
  EXPECT_EQ(encode_progress(*report), bytes);
}

TEST(Eof, IsTellableFromARowThatStartsWithAHugeString) {
  EXPECT_TRUE(is_eof(unhex("fe00002200")));
  EXPECT_FALSE(is_eof(unhex("fe0000000100000000")));
  const Result<EofPacket> eof = decode_eof(unhex("fe 0200 2200"), k41);
  ASSERT_TRUE(eof.ok());
  EXPECT_EQ(eof->warnings, 2);
  EXPECT_EQ(eof->status, kStatusAutocommit | kStatusNoIndexUsed);
  EXPECT_EQ(encode_eof(*eof, k41), unhex("fe 0200 2200"));
  EXPECT_FALSE(decode_eof(unhex("fe0000"), k41).ok());
}

// SET NAMES latin1 with session_track_system_variables = '*'.
constexpr const char* kSetNames =
    "00 00 00 0240 0000 00 62 001d156368617261637465725f7365745f726573756c7473066c6174696e31"
    "001c146368617261637465725f7365745f636c69656e74066c6174696e31"
    "0020186368617261637465725f7365745f636f6e6e656374696f6e066c6174696e31 020131";

TEST(RewriteOk, ForTheSameClientChangesNothing) {
  const std::string bytes = unhex(kSetNames);
  EXPECT_EQ(*rewrite_ok(bytes, kTrack, kTrack), bytes);
}

TEST(RewriteOk, ForAClientWithoutTrackingDropsAllOfIt) {
  EXPECT_EQ(*rewrite_ok(unhex(kSetNames), kTrack, k41), unhex("00 00 00 0200 0000"));
  EXPECT_EQ(*rewrite_ok(unhex("00 00 00 0240 0000 12 53746174656d656e74207072657061726564 03 020131"), kTrack, k41),
            unhex("00 00 00 0200 0000 12 53746174656d656e74207072657061726564"));
}

TEST(RewriteOk, DropsTheVariablesThatTheFilterRefuses) {
  const Result<std::string> rewritten =
      rewrite_ok(unhex(kSetNames), kTrack, kTrack, [](ByteView name) { return name == "character_set_client"; });
  ASSERT_TRUE(rewritten.ok());
  EXPECT_EQ(*rewritten,
            unhex("00 00 00 0240 0000 00 21 001c146368617261637465725f7365745f636c69656e74066c6174696e31 020131"));
}

TEST(RewriteOk, ClearsTheFlagWhenNothingIsLeft) {
  const std::string bytes = unhex("00 00 00 0040 0000 00 11 000f0a6175746f636f6d6d6974034f4646");
  EXPECT_EQ(*rewrite_ok(bytes, kTrack, kTrack, [](ByteView) { return false; }), unhex("00 00 00 0000 0000"));
}

TEST(RewriteOk, MalformedStateIsAnError) {
  EXPECT_FALSE(rewrite_ok(unhex("00 00 00 0040 0000 00 03 000f0a"), kTrack, kTrack).ok());
  EXPECT_FALSE(rewrite_ok("", kTrack, kTrack).ok());
}

}  // namespace
}  // namespace hf::proto::mysql
