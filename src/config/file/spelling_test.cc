#include "config/file/spelling.h"

#include <gtest/gtest.h>

#include <string>

namespace hf::config::file {
namespace {

TEST(SpellingTest, DistanceCountsInsertionsRemovalsAndReplacements) {
  EXPECT_EQ(edit_distance("", ""), 0U);
  EXPECT_EQ(edit_distance("abc", ""), 3U);
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3U);
  EXPECT_EQ(edit_distance("listen", "listne"), 2U);
  EXPECT_EQ(edit_distance(std::string(1000, 'a'), ""), 64U) << "long names are cut: the cost is bounded";
}

TEST(SpellingTest, TheNearestNameIsOneThatASlipExplains) {
  constexpr std::string_view names[] = {"listen", "balance", "max_connections", "name"};
  EXPECT_EQ(nearest("lisen", names), "listen");
  EXPECT_EQ(nearest("max_conections", names), "max_connections");
  EXPECT_EQ(nearest("nmae", names), "name");
  EXPECT_EQ(nearest("frobnicate", names), "");
  EXPECT_EQ(nearest("x", names), "");
}

}  // namespace
}  // namespace hf::config::file
