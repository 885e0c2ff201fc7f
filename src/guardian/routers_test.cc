// On an interface that is not there: what comes, stays and goes, without a right to touch an address. What one virtual
// router does is vip/router's to test.
#include "guardian/routers.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "runtime/stepped_loop_fake.h"

namespace hf::guardian {
namespace {

using vip::RouterSettings;

RouterSettings router(const std::string& name, std::uint8_t id, std::uint8_t last_octet) {
  RouterSettings settings;
  settings.name = name;
  settings.interface = "hf-none";
  settings.router_id = id;
  settings.addresses.emplace_back().address = IpAddress::v4(198, 18, 0, last_octet);
  settings.machine.addresses = {settings.addresses[0].address};
  settings.machine.advert_interval = 1s;
  return settings;
}

class RoutersTest : public testing::Test {
 protected:
  void SetUp() override {
    const Result<void> opened = routers_.open();
    if (!opened.ok()) GTEST_SKIP() << "no netlink: " << opened.error().context;
    routers_.set_gateway({.serving = true});
    routers_.start({router("db", 51, 100), router("web", 52, 101)});
  }
  std::vector<std::string> transitions_of(const std::string& name) const {
    std::vector<std::string> all;
    for (const News& news : news_) {
      const auto* transition = std::get_if<RouterTransition>(&news);
      if (transition != nullptr && transition->router == name) all.emplace_back(to_string(transition->transition.to));
    }
    return all;
  }

  runtime::SteppedLoop loop_;
  std::vector<News> news_;
  int changes_ = 0;
  int rests_ = 0;
  Routers routers_{
      *loop_,
      {{"web", policy::vrrp::OperatorCommand::kRelease}, {"gone", policy::vrrp::OperatorCommand::kRelease}},
      {.news = [this](News news) { news_.push_back(std::move(news)); },
       .leaving = [](const std::string&) {},
       .changed = [this] { ++changes_; },
       .at_rest = [this] { ++rests_; }}};
};

TEST_F(RoutersTest, AreFoundByNameAndReported) {
  EXPECT_EQ(routers_.names(), "db web");
  ASSERT_NE(routers_.find("web"), nullptr);
  EXPECT_EQ(routers_.find("web")->settings().router_id, 52);
  EXPECT_EQ(routers_.find("other"), nullptr);
  const std::vector<RouterReport> reports = routers_.reports();
  ASSERT_EQ(reports.size(), 2u);
  EXPECT_EQ(reports[0].name, "db");
  EXPECT_EQ(transitions_of("db"), std::vector<std::string>{"fault"}) << "its interface is not there";
  EXPECT_GT(changes_, 0);
}

TEST_F(RoutersTest, AReloadTellsWhatItChanges) {
  RouterSettings changed = router("db", 51, 100);
  changed.machine.priority = 120;
  RouterSettings restarted = router("web", 53, 101);
  EXPECT_EQ(routers_.apply({changed, restarted, router("new", 54, 102)}), "changed db, restarted web, added new");
  loop_.advance(0s);
  EXPECT_EQ(routers_.names(), "db web new");
  EXPECT_EQ(routers_.find("db")->settings().machine.priority, 120);
  EXPECT_EQ(routers_.find("web")->settings().router_id, 53);
  EXPECT_EQ(transitions_of("web"), (std::vector<std::string>{"fault", "initialize", "fault"}));
  EXPECT_EQ(routers_.apply({changed, restarted, router("new", 54, 102)}), "") << "nothing changed";
  EXPECT_EQ(routers_.apply({changed}), "removed web, removed new");
  loop_.advance(0s);
  EXPECT_EQ(routers_.names(), "db");
}

TEST_F(RoutersTest, ARouterThatIsRenamedIsTheSameOne) {
  EXPECT_EQ(routers_.apply({router("database", 51, 100), router("web", 52, 101)}), "renamed db");
  EXPECT_EQ(routers_.names(), "database web");
  EXPECT_EQ(transitions_of("database"), std::vector<std::string>{}) << "nothing became of it";
  EXPECT_EQ(routers_.apply({router("web", 51, 100), router("database", 52, 101)}), "restarted database, restarted web")
      << "two that change places are others";
}

/// opnsense/core#5930: what was released came back with a restart, and maintenance is restarts.
TEST_F(RoutersTest, AnOrderHoldsUntilItIsResumedWhateverIsMadeAnew) {
  using enum policy::vrrp::OperatorCommand;
  const auto released = [this](const std::string& name) {
    for (const RouterReport& report : routers_.reports()) {
      for (const vip::Contribution& each : report.contributions) {
        if (report.name == name && each.source == "operator") return true;
      }
    }
    return false;
  };
  EXPECT_TRUE(released("web")) << "of the earlier life";
  EXPECT_EQ(routers_.orders().size(), 1u) << "the file has no VIP of the other name any more";
  EXPECT_FALSE(released("db"));
  EXPECT_TRUE(routers_.command("db", kRelease));
  EXPECT_FALSE(routers_.command("other", kRelease));
  EXPECT_EQ(routers_.apply({router("database", 51, 100), router("web", 53, 101)}), "renamed db, restarted web");
  loop_.advance(0s);
  EXPECT_TRUE(released("web"));
  EXPECT_TRUE(released("database"));
  EXPECT_EQ(routers_.orders(), (std::vector<StandingOrder>{{"web", kRelease}, {"database", kRelease}}));
  EXPECT_TRUE(routers_.command("web", kResume));
  EXPECT_TRUE(routers_.command("database", kPrefer));
  EXPECT_EQ(routers_.orders(), (std::vector<StandingOrder>{{"database", kPrefer}}));
  routers_.apply({router("web", 53, 101)});
  EXPECT_TRUE(routers_.orders().empty()) << "it is not in the file any more";
}

TEST_F(RoutersTest, AVerdictReachesARouterThatComesLater) {
  routers_.set_verdicts({{Verdict{.router = "later", .points = 0, .release = true, .reason = "a file says so"}}});
  routers_.apply({router("db", 51, 100), router("later", 55, 103)});
  loop_.advance(0s);
  const std::vector<RouterReport> reports = routers_.reports();
  ASSERT_EQ(reports.size(), 2u);
  bool released = false;
  for (const vip::Contribution& each : reports[1].contributions) {
    released = released || (each.release && each.reason == "a file says so");
  }
  EXPECT_TRUE(released);
}

TEST_F(RoutersTest, WhatAnotherProcessHasIsNotTouchedAndComesWhenItIsFree) {
  Claims other;
  ASSERT_TRUE(other.take(router("theirs", 61, 110), loop_->now()).ok());
  RouterSettings grown = router("db", 51, 100);
  grown.addresses.emplace_back().address = IpAddress::v4(198, 18, 0, 110);
  EXPECT_EQ(routers_.apply({grown, router("web", 52, 101), router("new", 61, 111)}), "added new");
  loop_.advance(0s);
  EXPECT_EQ(routers_.names(), "db web");
  EXPECT_EQ(routers_.find("db")->settings().addresses.size(), 1u) << "it stays as it was";
  std::vector<std::string> told;
  for (const News& news : news_) {
    const auto* event = std::get_if<Event>(&news);
    if (event != nullptr && event->id() == EventId::kVipHeldElsewhere) told.emplace_back(event->fields[0].value);
  }
  EXPECT_EQ(told, (std::vector<std::string>{"db", "new"}));
  loop_.advance(1s);
  EXPECT_EQ(routers_.names(), "db web");
  other.clear();
  loop_.advance(1s);
  EXPECT_EQ(routers_.names(), "db web new");
}

TEST_F(RoutersTest, AnotherProcessMayHaveThemWhenTheyAreAtRest) {
  Claims other;
  ASSERT_TRUE(routers_.claim({router("db", 51, 100)}).ok());
  EXPECT_FALSE(other.take(router("db", 51, 100), loop_->now()).ok());
  routers_.stop();
  loop_.advance(0s);
  EXPECT_TRUE(other.take(router("db", 51, 100), loop_->now()).ok());
}

TEST_F(RoutersTest, AfterAStopNothingIsHeldAndTheOwnerHears) {
  EXPECT_FALSE(routers_.at_rest());
  routers_.stop();
  EXPECT_TRUE(routers_.at_rest());
  EXPECT_EQ(rests_, 0) << "not within a step";
  loop_.advance(0s);
  EXPECT_EQ(rests_, 1);
  EXPECT_EQ(transitions_of("db").back(), "initialize");
}

}  // namespace
}  // namespace hf::guardian
