#include "base/event_pattern.h"

#include <gtest/gtest.h>

namespace hf {
namespace {

TEST(EventPattern, IsHfAndFourPlaces) {
  for (const std::string_view good : {"HF-2002", "HF-2xxx", "HF-xxxx", "HF-x02x"}) {
    EXPECT_TRUE(is_event_pattern(good)) << good;
  }
  for (const std::string_view bad :
       {"", "HF-", "HF-200", "HF-20022", "2002", "hf-2002", "HF-2XXX", "HF-2*", "HF-20 2", "server_down"}) {
    EXPECT_FALSE(is_event_pattern(bad)) << bad;
    EXPECT_FALSE(matches_event(bad, EventId::kServerDown)) << bad;
  }
}

TEST(EventPattern, AnXIsAnyDigit) {
  EXPECT_TRUE(matches_event("HF-2002", EventId::kServerDown));
  EXPECT_TRUE(matches_event("HF-2xxx", EventId::kServerDown));
  EXPECT_TRUE(matches_event("HF-xxxx", EventId::kServerDown));
  EXPECT_TRUE(matches_event("HF-x00x", EventId::kServerDown));
  EXPECT_FALSE(matches_event("HF-2001", EventId::kServerDown));
  EXPECT_FALSE(matches_event("HF-6xxx", EventId::kServerDown));
}

}  // namespace
}  // namespace hf
