#include "vip/router/fitness.h"

#include <gtest/gtest.h>

namespace hf::vip::router {
namespace {

const InterfaceTrack kTrack{"eth2", Weight{false, -20}};

RouterSettings with(std::vector<InterfaceTrack> interfaces) {
  RouterSettings out;
  out.interfaces = std::move(interfaces);
  return out;
}

TEST(Fitness, AGatewayThatDoesNotServeCountsFromTheStart) {
  const RouterSettings settings;
  Fitness fitness(settings, {false, "not ready"});
  EXPECT_TRUE(fitness.track().release);
  EXPECT_FALSE(fitness.track().serving);
  EXPECT_EQ(fitness.release_reason(), "gateway: not ready");
  EXPECT_TRUE(fitness.set_gateway({true, ""}));
  EXPECT_FALSE(fitness.set_gateway({true, ""}));
  EXPECT_FALSE(fitness.track().release);
}

TEST(Fitness, AGatewayOfNoWeightIsToldNevertheless) {
  RouterSettings settings;
  settings.gateway_weight = Weight{false, 0};
  Fitness fitness(settings, {true, ""});
  EXPECT_TRUE(fitness.set_gateway({false, "stuck"})) << "nobody serves at the addresses any more";
  EXPECT_FALSE(fitness.track().release);
}

TEST(Fitness, AVerdictCountsByPointsAndByRelease) {
  const RouterSettings settings;
  Fitness fitness(settings, {true, ""});
  EXPECT_TRUE(fitness.set_verdict({"db", -30, true, std::string(1000, 'x')}));
  EXPECT_EQ(fitness.track().weight_sum, -30);
  EXPECT_TRUE(fitness.track().release);
  for (const Contribution& each : fitness.contributions()) EXPECT_LE(each.reason.size(), 512u);
  EXPECT_TRUE(fitness.set_verdict({"db", -30, false, ""}));
  EXPECT_FALSE(fitness.track().release);
}

TEST(Fitness, AnInterfaceCountsWhileItIsNotThere) {
  const RouterSettings settings = with({kTrack});
  Fitness fitness(settings, {true, ""});
  EXPECT_TRUE(fitness.weigh_interface(kTrack, nullptr));
  EXPECT_FALSE(fitness.weigh_interface(kTrack, nullptr));
  EXPECT_EQ(fitness.track().weight_sum, -20);
}

TEST(Fitness, AnInterfaceThatIsNotTrackedAnyMoreDoesNotCount) {
  RouterSettings settings = with({kTrack});
  Fitness fitness(settings, {true, ""});
  fitness.weigh_interface(kTrack, nullptr);
  const RouterSettings before = std::exchange(settings, with({}));
  EXPECT_TRUE(fitness.settings_changed(before));
  EXPECT_EQ(fitness.track().weight_sum, 0);
  EXPECT_TRUE(fitness.contributions().empty());
}

TEST(Fitness, OtherSettingsWeighTheGatewayAnew) {
  RouterSettings settings;
  Fitness fitness(settings, {false, "stuck"});
  const RouterSettings before = settings;
  settings.gateway_weight = Weight{false, -50};
  EXPECT_TRUE(fitness.settings_changed(before));
  EXPECT_EQ(fitness.track().weight_sum, -50);
  EXPECT_FALSE(fitness.track().release);
}

TEST(Fitness, WhoIsCutOffReleases) {
  const RouterSettings settings;
  Fitness fitness(settings, {true, ""});
  EXPECT_TRUE(fitness.weigh_contacts({.arbiters_needed = 1}));
  EXPECT_FALSE(fitness.has_contacts());
  EXPECT_TRUE(fitness.track().release);
  EXPECT_TRUE(fitness.weigh_contacts({.arbiters_needed = 1, .peer_alive = true}));
  EXPECT_FALSE(fitness.track().release);
  EXPECT_TRUE(fitness.cut_off());
  EXPECT_TRUE(fitness.track().release);
}

TEST(Fitness, WhatTheKernelRefusedCountsUntilItIsForgotten) {
  const RouterSettings settings;
  Fitness fitness(settings, {true, ""});
  EXPECT_TRUE(fitness.kernel_refused("no such device"));
  EXPECT_TRUE(fitness.track().release);
  EXPECT_TRUE(fitness.forget_refusal());
  EXPECT_FALSE(fitness.track().release);
}

}  // namespace
}  // namespace hf::vip::router
