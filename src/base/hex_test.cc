// Digits and bytes.
#include "base/hex.h"

#include <gtest/gtest.h>

namespace hf {
namespace {

TEST(Hex, GoesThereAndBack) {
  EXPECT_EQ(to_hex(ByteView("\x00\x7f\xff o'x", 7)), "007fff206f2778");
  std::string every;
  for (int i = 0; i < 256; ++i) every += static_cast<char>(i);
  EXPECT_EQ(from_hex(to_hex(every)), every);
  EXPECT_EQ(from_hex("AFaf"), "\xaf\xaf");
  EXPECT_EQ(from_hex(""), "");
}

TEST(Hex, WhatIsNoneIsNothing) {
  for (const char* text : {"a", "abc", "0g", "g0", "-1", "+1", " 1", "1 ", "0x"}) {
    EXPECT_EQ(from_hex(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace hf
