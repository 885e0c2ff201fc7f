#include "app/cli_vip.h"

#include <gtest/gtest.h>

namespace hf::app {
namespace {

using admin::VipOrder;
using nlohmann::json;

json vip(const char* state, const char* master) {
  return json{{"name", "db"},
              {"state", state},
              {"holding", std::string(state) == "master"},
              {"own_address", "198.18.0.1"},
              {"master", *master == '\0' ? json(nullptr) : json(master)},
              {"preferred", false},
              {"reason", "started"}};
}

json with(json vip, const char* key, json value) {
  vip[key] = std::move(value);
  return vip;
}

const char* const kReleasedReason = "the operator released the addresses from this node";

TEST(VipRelease, IsNotInEffectWhileTheAddressesAreHere) {
  EXPECT_FALSE(judge(VipOrder::kRelease, vip("master", "198.18.0.1")).in_effect);
  EXPECT_FALSE(judge(VipOrder::kRelease, with(vip("fault", ""), "holding", true)).in_effect);
}

TEST(VipRelease, OfABackupIsInEffectWhenItWillNotTakeThem) {
  EXPECT_FALSE(judge(VipOrder::kRelease, vip("backup", "198.18.0.2")).in_effect);
  EXPECT_TRUE(judge(VipOrder::kRelease, vip("fault", "198.18.0.2")).in_effect);
}

TEST(VipRelease, TellsWhoTookTheAddresses) {
  const VipProgress taken = judge(VipOrder::kRelease, vip("fault", "198.18.0.2"));
  EXPECT_TRUE(taken.settled);
  EXPECT_EQ(taken.text, "released; 198.18.0.2 is master now");
}

TEST(VipRelease, WaitsForAnotherMasterAndSaysWhenThereIsNone) {
  for (const char* master : {"", "198.18.0.1"}) {
    const VipProgress alone = judge(VipOrder::kRelease, vip("fault", master));
    EXPECT_TRUE(alone.in_effect);
    EXPECT_FALSE(alone.settled);
    EXPECT_EQ(alone.text, "released; nobody else is master");
  }
}

TEST(VipPrefer, NeedsThePreferenceAndTheAddresses) {
  EXPECT_FALSE(judge(VipOrder::kPrefer, vip("master", "198.18.0.1")).settled)
      << "an old status of a node that was master";
  const VipProgress waiting = judge(VipOrder::kPrefer, with(vip("backup", "198.18.0.2"), "preferred", true));
  EXPECT_FALSE(waiting.in_effect);
  EXPECT_FALSE(waiting.settled);
  EXPECT_EQ(waiting.text, "preferred, but not master: 198.18.0.2 still is");
  const json probing = with(with(vip("master", "198.18.0.1"), "preferred", true), "holding", false);
  EXPECT_FALSE(judge(VipOrder::kPrefer, probing).in_effect) << "master, but the address is not there yet";
  const VipProgress done = judge(VipOrder::kPrefer, with(vip("master", "198.18.0.1"), "preferred", true));
  EXPECT_TRUE(done.in_effect && done.settled);
  EXPECT_EQ(done.text, "preferred; this node (198.18.0.1) is master now");
}

TEST(VipPrefer, OfANodeAtFaultFailsWithTheReason) {
  const VipProgress fault =
      judge(VipOrder::kPrefer, with(with(vip("fault", ""), "preferred", true), "reason", "the interface is down"));
  EXPECT_FALSE(fault.in_effect);
  EXPECT_TRUE(fault.settled);
  EXPECT_EQ(fault.text, "preferred, but this node cannot be master: the interface is down");
}

TEST(VipResume, EndsAReleaseAndAPreference) {
  EXPECT_FALSE(judge(VipOrder::kResume, with(vip("fault", "198.18.0.2"), "reason", kReleasedReason)).in_effect);
  EXPECT_FALSE(judge(VipOrder::kResume, with(vip("master", "198.18.0.1"), "preferred", true)).in_effect);
  EXPECT_EQ(judge(VipOrder::kResume, vip("backup", "198.18.0.2")).text,
            "resumed; this node is backup, 198.18.0.2 is master");
  EXPECT_TRUE(judge(VipOrder::kResume, vip("backup", "198.18.0.2")).settled);
  EXPECT_FALSE(judge(VipOrder::kResume, vip("backup", "")).settled) << "somebody is about to become master";
  EXPECT_EQ(judge(VipOrder::kResume, with(vip("fault", ""), "reason", "no carrier")).text,
            "resumed; this node cannot be master: no carrier");
}

TEST(VipOutcome, IsTheLatestOfThisVip) {
  const json page{{"events",
                   {{{"event", "vip_command"}, {"fields", {{"vip", "db"}, {"outcome", "sent"}}}},
                    {{"event", "vip_command"}, {"fields", {{"vip", "db"}, {"outcome", "refused: shutting down"}}}},
                    {{"event", "vip_command"}, {"fields", {{"vip", "web"}, {"outcome", "done"}}}},
                    {{"event", "server_up"}, {"fields", {{"vip", "db"}, {"outcome", "no"}}}}}}};
  EXPECT_EQ(outcome_of(page, "db"), "refused: shutting down");
  EXPECT_EQ(outcome_of(page, "x"), "");
  EXPECT_EQ(outcome_of(json(nullptr), "db"), "");
}

TEST(VipJudge, BearsAnAnswerOfAnotherVersion) {
  for (const json& strange :
       {json(nullptr), json::object(), json{{"state", 3}, {"holding", "yes"}, {"master", json::array()}}}) {
    for (const VipOrder order : {VipOrder::kRelease, VipOrder::kPrefer}) EXPECT_FALSE(judge(order, strange).in_effect);
    (void)judge(VipOrder::kResume, strange);
  }
}

}  // namespace
}  // namespace hf::app
