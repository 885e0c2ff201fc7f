#include "proto/mysql/lenenc.h"

#include <gtest/gtest.h>

#include "proto/mysql/test_bytes.h"

namespace hf::proto::mysql {
namespace {

using testing::unhex;

TEST(Lenenc, WritesTheShortestFormAndReadsItBack) {
  const std::pair<std::uint64_t, const char*> cases[] = {{0, "00"},
                                                         {250, "fa"},
                                                         {251, "fcfb00"},
                                                         {0xFFFF, "fcffff"},
                                                         {0x10000, "fd000001"},
                                                         {0xFFFFFF, "fdffffff"},
                                                         {0x1000000, "fe0000000100000000"},
                                                         {~0ULL, "feffffffffffffffff"}};
  for (const auto& [value, hex] : cases) {
    std::string out;
    append_lenenc(out, value);
    EXPECT_EQ(out, unhex(hex));
    Reader reader(out);
    EXPECT_EQ(reader.lenenc(), value);
    EXPECT_TRUE(reader.ok() && reader.at_end());
  }
}

TEST(Lenenc, AnIntegerCutShortFails) {
  for (const char* hex : {"", "fc", "fc01", "fd0102", "fe01020304050607", "fb", "ff"}) {
    const std::string bytes = unhex(hex);
    Reader reader(bytes);
    EXPECT_EQ(reader.lenenc(), 0U) << hex;
    EXPECT_FALSE(reader.ok()) << hex;
  }
}

TEST(Lenenc, AStringLongerThanThePayloadFailsAndSoDoesAllThatFollows) {
  const std::string bytes = unhex("05 61626364");
  Reader reader(bytes);
  EXPECT_EQ(reader.lenenc_string(), "");
  EXPECT_FALSE(reader.ok());
  EXPECT_EQ(reader.u8(), 0);
  EXPECT_EQ(reader.rest(), "");
  EXPECT_FALSE(reader.ok());
}

TEST(Lenenc, AHugeStringLengthDoesNotOverflow) {
  const std::string bytes = unhex("61 feffffffffffffffff 61");
  Reader reader(bytes);
  reader.skip(1);
  EXPECT_EQ(reader.lenenc_string(), "");
  EXPECT_FALSE(reader.ok());
}

TEST(Lenenc, ANulStringNeedsItsZeroUnlessItIsTheLastField) {
  const std::string bytes("ab\0cd", 5);
  Reader reader(bytes);
  EXPECT_EQ(reader.nul_string(), "ab");
  Reader lenient = reader;
  EXPECT_EQ(lenient.nul_or_rest(), "cd");
  EXPECT_TRUE(lenient.ok() && lenient.at_end());
  EXPECT_EQ(reader.nul_string(), "");
  EXPECT_FALSE(reader.ok());
}

TEST(Lenenc, WritingANulStringStopsAtAZeroInside) {
  std::string out;
  append_nul_string(out, ByteView("a\0b", 3));
  EXPECT_EQ(out, std::string("a\0", 2));
}

}  // namespace
}  // namespace hf::proto::mysql
