#include "base/event_text.h"

#include <gtest/gtest.h>

#include <string>
#include <type_traits>

namespace hf {
namespace {

static_assert(!std::is_default_constructible_v<EventText>, "a field that is left out does not compile");
static_assert(std::is_default_constructible_v<OptionalEventText>);
static_assert(!std::is_constructible_v<EventText, char> && !std::is_constructible_v<OptionalEventText, char>);
static_assert(!std::is_constructible_v<EventText, const int*>, "an address is no news");

std::string told(EventText text) { return std::move(text).take(); }

TEST(EventText, IsMadeOfTextNumbersTruthAndTimes) {
  EXPECT_EQ(told("orders"), "orders");
  EXPECT_EQ(told(std::string("db1")), "db1");
  EXPECT_EQ(told(std::string_view("db1:3306").substr(0, 3)), "db1");
  EXPECT_EQ(told(0), "0");
  EXPECT_EQ(told(-3), "-3");
  EXPECT_EQ(told(std::uint8_t{255}), "255");
  EXPECT_EQ(told(std::uint64_t{18446744073709551615U}), "18446744073709551615");
  EXPECT_EQ(told(true), "yes");
  EXPECT_EQ(told(false), "no");
  EXPECT_EQ(told(Nanos{12'900'000}), "12ms");
  EXPECT_EQ(told(Millis{0}), "0ms");
  EXPECT_EQ(told(2s), "2000ms");
}

TEST(OptionalEventText, IsGivenOrNot) {
  EXPECT_FALSE(OptionalEventText{}.given());
  OptionalEventText given = 7;
  ASSERT_TRUE(given.given());
  EXPECT_EQ(std::move(given).take(), "7");
  EXPECT_TRUE(OptionalEventText("").given()) << "an empty one is one";
}

}  // namespace
}  // namespace hf
