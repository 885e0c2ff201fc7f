#include "service/held_sessions.h"

#include <gtest/gtest.h>

namespace hf::service {
namespace {

HeldSession session(std::uint32_t id, Grip grip, std::int64_t since) {
  HeldSession out;
  out.id = id;
  out.grip = grip;
  out.since_wall_micros = since;
  return out;
}

std::vector<std::uint32_t> ids(const HeldSessions& all) {
  std::vector<std::uint32_t> out;
  for (const HeldSession& each : all.shown) out.push_back(each.id);
  return out;
}

TEST(HeldSessions, OfSeveralShardsTheMostTellingOnesStayAndTheRestIsCounted) {
  HeldSessions all;
  all.take({{session(1, Grip::kPinned, 20), session(2, Grip::kTied, 1), session(3, Grip::kRunning, 5)}, 3}, 4);
  EXPECT_EQ(ids(all), (std::vector<std::uint32_t>{1, 2, 3}));
  all.take({{session(4, Grip::kPinned, 10), session(5, Grip::kSoft, 1)}, 40}, 4);
  EXPECT_EQ(ids(all), (std::vector<std::uint32_t>{4, 1, 2, 5}));
  EXPECT_EQ(all.total, 43U);
}

}  // namespace
}  // namespace hf::service
