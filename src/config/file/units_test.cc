#include "config/file/units.h"

#include <gtest/gtest.h>

namespace hf::config::file {
namespace {

TEST(UnitsTest, DurationsAreReadAndPrintedAlike) {
  const std::pair<std::string, Nanos> cases[] = {{"0s", 0s}, {"100ms", 100ms}, {"2s", 2s},   {"1m", 1min},
                                                 {"8h", 8h}, {"1d", 24h},      {"5us", 5us}, {"7ns", 7ns}};
  for (const auto& [text, duration] : cases) {
    ASSERT_TRUE(parse_duration(text).ok()) << text;
    EXPECT_EQ(*parse_duration(text), duration) << text;
    EXPECT_EQ(format_duration(duration), text);
  }
  EXPECT_EQ(format_duration(90s), "90s") << "the largest unit that divides";
  EXPECT_EQ(format_duration(120s), "2m");
}

TEST(UnitsTest, SizesAreReadAndPrintedAlike) {
  const std::pair<std::string, std::uint64_t> cases[] = {
      {"0B", 0}, {"1B", 1}, {"64KiB", 65536}, {"16MiB", 16U << 20}, {"2GiB", 2ULL << 30}};
  for (const auto& [text, size] : cases) {
    ASSERT_TRUE(parse_size(text).ok()) << text;
    EXPECT_EQ(*parse_size(text), size) << text;
    EXPECT_EQ(format_size(size), text);
  }
}

TEST(UnitsTest, WhatIsNoNumberWithAUnitIsRefused) {
  EXPECT_EQ(parse_duration("5").error().context, "a duration needs a unit (ns, us, ms, s, m, h, d)");
  EXPECT_EQ(parse_size("5").error().context, "a size needs a unit (B, KiB, MiB, GiB)");
  EXPECT_EQ(parse_duration("5w").error().context, "the units of a duration are ns, us, ms, s, m, h, d");
  for (const char* text : {"", "s", "-1s", "1.5s", "1m30s", "5 s", " 5s", "5S"}) {
    EXPECT_FALSE(parse_duration(text).ok()) << text;
  }
  for (const char* text : {"64kb", "64KB", "1.5MiB", "-1B"}) EXPECT_FALSE(parse_size(text).ok()) << text;
}

TEST(UnitsTest, WhatDoesNotFitIsTooLargeInsteadOfWrapping) {
  EXPECT_TRUE(parse_duration("106751d").ok());
  EXPECT_EQ(parse_duration("106752d").error().context, "the duration is too large");
  EXPECT_EQ(parse_duration("99999999999999999999s").error().context, "the duration is too large");
  EXPECT_EQ(parse_size("9223372036854775807GiB").error().context, "the size is too large");
}

}  // namespace
}  // namespace hf::config::file
