#include "vip/track/track_sum.h"

#include <gtest/gtest.h>

namespace hf::vip::track {
namespace {

constexpr config::Weight kRelease{.release = true, .points = 0};
constexpr config::Weight points_weight(int points) { return {.release = false, .points = points}; }

TrackState state(config::Weight weight, TrackResult result) {
  return TrackState{.track = "script check", .weight = weight, .unknown = Unknown::kWaits, .result = std::move(result)};
}
TrackResult good() { return {.known = true, .bad = false, .factor = 1, .reason = "fine"}; }
TrackResult bad(std::int32_t factor = 1) {
  return {.known = true, .bad = true, .factor = factor, .reason = "exit code 1"};
}

struct Row {
  const char* name;
  std::vector<TrackState> states;
  std::int32_t points;
  bool release;
};

TEST(TrackSum, TableOfSums) {
  const Row rows[] = {
      {"nothing tracked", {}, 0, false},
      {"good counts nothing", {state(points_weight(-20), good()), state(kRelease, good())}, 0, false},
      {"bad counts its points", {state(points_weight(-20), bad())}, -20, false},
      {"points add up",
       {state(points_weight(-20), bad()), state(points_weight(5), bad()), state(points_weight(-7), good())},
       -15,
       false},
      {"one release is enough",
       {state(kRelease, bad()), state(kRelease, good()), state(points_weight(-20), bad())},
       -20,
       true},
      {"a release has no points", {state({.release = true, .points = -50}, bad())}, 0, true},
      {"the sum is bounded below", {state(points_weight(-253), bad()), state(points_weight(-253), bad())}, -253, false},
      {"the sum is bounded above", {state(points_weight(253), bad()), state(points_weight(253), bad())}, 253, false},
      {"large opposites cancel before the bound",
       {state(points_weight(-253), bad()), state(points_weight(253), bad())},
       0,
       false},
      {"a file's number multiplies", {state(points_weight(-3), bad(7))}, -21, false},
      {"a negative number turns the sign", {state(points_weight(-3), bad(-7))}, 21, false},
      {"the largest number is bounded", {state(points_weight(-253), bad(254))}, -253, false},
      {"unknown is good for points", {state(points_weight(-20), {})}, 0, false},
      {"unknown holds a release back", {state(kRelease, {})}, 0, true},
  };
  for (const Row& row : rows) {
    const Verdict verdict = sum("db", row.states);
    EXPECT_EQ(verdict.router, "db");
    EXPECT_EQ(verdict.points, row.points) << row.name;
    EXPECT_EQ(verdict.release, row.release) << row.name;
    EXPECT_EQ(verdict.reason.empty(), !row.release) << row.name;
  }
}

TEST(TrackSum, WhatWasAddedToAServingVipPassesUntilItIsKnown) {
  TrackState added = state(kRelease, {});
  added.unknown = Unknown::kPasses;
  EXPECT_FALSE(sum("db", std::vector{added}).release);
  added.result = bad();
  EXPECT_TRUE(sum("db", std::vector{added}).release);
}

TEST(TrackSum, TheReasonNamesEveryReleaseAndIsBounded) {
  const std::vector<TrackState> two{state(kRelease, bad()), state(kRelease, {})};
  EXPECT_EQ(sum("db", two).reason, "script check: exit code 1; script check: not known yet");
  EXPECT_LE(sum("db", std::vector<TrackState>(100, state(kRelease, bad()))).reason.size(), 512U);
}

TEST(TrackSum, TextsForPeople) {
  config::Track track;
  track.target = "orders";
  EXPECT_EQ(track_text(track), "service orders");
  track.kind = config::TrackKind::kScript;
  track.target.clear();
  track.script.command = {"/bin/sh", "-c", "test -f /x"};
  EXPECT_EQ(track_text(track), "script test -f /x");
  track.script.command = {"/usr/bin/check", "-a"};
  EXPECT_EQ(track_text(track), "script /usr/bin/check -a");
  track.kind = config::TrackKind::kFile;
  track.target = std::string(300, 'x');
  EXPECT_EQ(track_text(track).size(), 80U);
  EXPECT_EQ(weight_text(kRelease), "release");
  EXPECT_EQ(weight_text(points_weight(-20)), "-20");
}

}  // namespace
}  // namespace hf::vip::track
