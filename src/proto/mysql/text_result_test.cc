#include "proto/mysql/text_result.h"

#include <gtest/gtest.h>

#include "proto/mysql/test_bytes.h"

namespace hf::proto::mysql {
namespace {

using testing::packet;
using testing::ReplyWriter;
using testing::unhex;

constexpr Capabilities kLegacy = kClientProtocol41;
constexpr Capabilities kMaria = kLegacy | kClientDeprecateEof | kMariaDbCacheMetadata | kMariaDbProgress;

std::string definition(ByteView name) {
  std::string payload = unhex("03646566 00 00 00");
  append_lenenc_string(payload, name);
  return payload + unhex("00 0c3f0001000000038100000000");
}

std::string sample(Capabilities caps) {
  ReplyWriter writer(caps);
  if (has(caps, kMariaDbProgress)) writer.progress();
  writer.column_count(2).raw(definition("Variable_name")).raw(definition("Value")).definitions_eof(2);
  writer.raw(unhex("03 616263 fb")).raw(unhex("00 01 37")).end(kStatusAutocommit, 3);
  return writer.bytes();
}

TEST(TextResult, ReadsColumnsRowsAndNullsHoweverTheBytesAreCut) {
  for (const Capabilities caps : {kLegacy, kMaria}) {
    const std::string reply = sample(caps);
    const std::string bytes = reply + "more";
    for (std::size_t cut = 1; cut <= reply.size() + 1; ++cut) {
      TextResultReader reader(caps, 10'000);
      std::size_t at = 0;
      while (!reader.done()) {
        const Result<std::size_t> consumed = reader.feed(ByteView(bytes).substr(at, cut));
        ASSERT_TRUE(consumed.ok());
        ASSERT_GT(*consumed, 0U);
        at += *consumed;
      }
      EXPECT_EQ(at, reply.size());
      const TextResult result = reader.take();
      EXPECT_EQ(result.columns, (std::vector<std::string>{"Variable_name", "Value"}));
      ASSERT_EQ(result.rows.size(), 2U);
      EXPECT_EQ(result.value(0, "variable_NAME"), "abc");
      EXPECT_EQ(result.value(0, "Value"), std::nullopt);
      EXPECT_EQ(result.value(1, "Variable_name"), "");
      EXPECT_EQ(result.value(1, "Value"), "7");
      EXPECT_EQ(result.value(2, "Value"), std::nullopt);
      EXPECT_EQ(result.column("nothing"), std::nullopt);
      EXPECT_EQ(result.warnings, 3);
    }
  }
}

TEST(TextResult, AnOkHasNoColumns) {
  TextResultReader reader(kLegacy, 1000);
  ASSERT_TRUE(reader.feed(ReplyWriter(kLegacy).ok(kStatusAutocommit, 4, 9).bytes()).ok());
  ASSERT_TRUE(reader.done());
  EXPECT_TRUE(reader.result().columns.empty());
  EXPECT_EQ(reader.result().affected_rows, 4U);
  EXPECT_EQ(reader.result().insert_id, 9U);
  EXPECT_FALSE(reader.result().error.has_value());
}

TEST(TextResult, AnErrorIsAResult) {
  TextResultReader reader(kLegacy, 1000);
  ASSERT_TRUE(reader.feed(packet(1, unhex("ff1504 23 3238303030") + "Access denied")).ok());
  ASSERT_TRUE(reader.done());
  ASSERT_TRUE(reader.result().error.has_value());
  EXPECT_EQ(reader.result().error->code, 1045);
  EXPECT_EQ(reader.result().error->sqlstate, "28000");
  EXPECT_EQ(reader.result().error->message, "Access denied");
}

TEST(TextResult, ItsSizeIsBounded) {
  TextResultReader small(kLegacy, 60);
  const Result<std::size_t> fed = small.feed(sample(kLegacy));
  ASSERT_FALSE(fed.ok());
  EXPECT_EQ(fed.error().code, ErrorCode::kOverload);
  // Rows of NULLs are tiny on the wire: what they become in memory counts.
  TextResultReader nulls(kLegacy, 100'000);
  ReplyWriter writer(kLegacy);
  writer.column_count(100).definitions(100).definitions_eof(2);
  for (int i = 0; i < 100; ++i) writer.raw(std::string(100, '\xFB'));
  EXPECT_EQ(nulls.feed(writer.bytes()).error().code, ErrorCode::kOverload);
}

TEST(TextResult, MalformedRepliesAreErrors) {
  const std::string cases[] = {
      packet(1, ""),
      packet(1, unhex("fdffffff")),
      packet(2, unhex("00000002000000")),
      packet(1, "\xFB/etc/passwd"),
      ReplyWriter(kLegacy).ok(kStatusMoreResults).bytes(),
      ReplyWriter(kLegacy)
          .column_count(1)
          .raw("\x7F"
               "defx")
          .bytes(),
      ReplyWriter(kLegacy).column_count(1).definitions(1).definitions_eof(2).raw(unhex("0561")).bytes(),
      ReplyWriter(kLegacy).column_count(1).definitions(1).definitions_eof(2).raw(unhex("0161 0161")).bytes(),
      ReplyWriter(kLegacy).column_count(1).definitions(1).raw("x").bytes(),
  };
  for (const std::string& bytes : cases) {
    TextResultReader reader(kLegacy, 100'000);
    EXPECT_FALSE(reader.feed(bytes).ok()) << bytes.size();
  }
}

}  // namespace
}  // namespace hf::proto::mysql
