#include "policy/replica_set/gtid.h"

#include <gtest/gtest.h>

#include <string>

#include "base/random.h"

namespace hf::policy::replica_set {
namespace {

GtidPosition position(std::string_view text) {
  auto parsed = GtidPosition::parse(text);
  EXPECT_TRUE(parsed.has_value()) << text;
  return parsed.value_or(GtidPosition{});
}

TEST(GtidPosition, ParsesDomainsInAnyOrder) {
  const GtidPosition parsed = position("7-2-9,0-1-105");
  ASSERT_EQ(parsed.gtids().size(), 2U);
  EXPECT_EQ(parsed.gtids()[0], (Gtid{0, 1, 105}));
  EXPECT_EQ(parsed.gtids()[1], (Gtid{7, 2, 9}));
  EXPECT_EQ(position("4294967295-4294967295-18446744073709551615").gtids().size(), 1U);
  EXPECT_TRUE(position("").gtids().empty());
}

TEST(GtidPosition, OfADomainGivenTwiceTheHighestCounts) {
  EXPECT_EQ(position("0-1-5,0-2-9,0-3-7").gtids(), (std::vector<Gtid>{{0, 2, 9}}));
}

TEST(GtidPosition, RefusesWhatIsNotAPosition) {
  for (const char* text : {"x", "0", "0-1", "0-1-", "0-1-2,", ",0-1-2", "0-1-2 3", "-1-1-1", "4294967296-1-1",
                           "0-1-18446744073709551616", "0-1-2;0-1-3", "6f1c3c2e-aaaa-1:1-5"}) {
    EXPECT_FALSE(GtidPosition::parse(text).has_value()) << text;
  }
  std::string many;
  for (int i = 0; i < 1100; ++i) many += std::to_string(i) + "-1-1,";
  many.pop_back();
  EXPECT_FALSE(GtidPosition::parse(many).has_value());
}

TEST(GtidPosition, ContainsComparesEveryDomain) {
  const GtidPosition here = position("0-1-105,1-2-7");
  EXPECT_TRUE(here.contains(position("0-9-105")));
  EXPECT_TRUE(here.contains(position("0-1-104,1-2-7")));
  EXPECT_TRUE(here.contains(position("")));
  EXPECT_FALSE(here.contains(position("0-1-106")));
  EXPECT_FALSE(here.contains(position("0-1-1,2-1-1")));
}

TEST(GtidPosition, RandomBytesNeverHurt) {
  Random random(1);
  const std::string_view alphabet = "0123456789-, \n\xff";
  for (int i = 0; i < 20000; ++i) {
    std::string text;
    for (std::uint64_t n = random.below(24); n > 0; --n) text.push_back(alphabet[random.below(alphabet.size())]);
    const auto parsed = GtidPosition::parse(text);
    if (parsed) { EXPECT_TRUE(parsed->contains(*parsed)); }
  }
}

}  // namespace
}  // namespace hf::policy::replica_set
