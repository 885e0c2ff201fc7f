// The program is a script that plays the part that its last word names.
#include "guardian/children.h"

#include <gtest/gtest.h>

#include <csignal>
#include <string>
#include <vector>

#include "guardian/steward/script_folder_fake.h"
#include "runtime/stepped_loop_fake.h"

namespace hf::guardian {
namespace {

class ChildrenTest : public testing::Test {
 protected:
  /// `lines` run in both; $5 is "gateway" or "steward".
  Children& make(const std::string& lines) {
    Children::Listener listener;
    listener.condition = [this](const vip::GatewayCondition& condition) { conditions_.push_back(condition); };
    listener.from_gateway = listener.from_steward = [](const Message&) {};
    listener.news = [this](const News& news) { events_.push_back(vip::event_of(news)); };
    listener.held = [] { return std::string("db web"); };
    listener.cannot_start = [this] { ++cannot_start_; };
    listener.ended = [this] { ++ended_; };
    const Settings settings{.routers = {}, .gateway_silence = 1s, .gateway_kill = 5s};
    children_ = std::make_unique<Children>(*loop_, Children::Options{folder_.script("holdfast", lines), "/etc/file"},
                                           settings, std::move(listener));
    return *children_;
  }
  std::size_t told(EventId id) const {
    std::size_t count = 0;
    for (const Event& event : events_) count += event.id() == id ? 1 : 0;
    return count;
  }

  runtime::SteppedLoop loop_;
  steward::ScriptFolder folder_;
  std::vector<vip::GatewayCondition> conditions_;
  std::vector<Event> events_;
  int cannot_start_ = 0;
  int ended_ = 0;
  std::unique_ptr<Children> children_;
};

TEST_F(ChildrenTest, AGatewayThatEndsBeforeItIsReadyIsNotStartedAnew) {
  Children& children = make("[ \"$5\" = gateway ] && exit 7\nexec sleep 60");
  ASSERT_TRUE(children.start().ok());
  EXPECT_EQ(conditions_,
            std::vector({vip::GatewayCondition{.serving = false, .reason = "it is starting", .in_order = true}}));
  ASSERT_TRUE(loop_.run_until([this] { return cannot_start_ == 1; }));
  EXPECT_EQ(conditions_.back(), (vip::GatewayCondition{false, "exit code 7"}));
  ASSERT_EQ(told(EventId::kGatewayDied), 1u);
  EXPECT_EQ(events_.back().field("reason"), "exit code 7");
  EXPECT_EQ(events_.back().field("vips"), "db web");
  EXPECT_FALSE(children.gateway_runs());
  EXPECT_EQ(children.gateway(), nullptr);
  loop_.advance(1min);
  EXPECT_FALSE(children.gateway_runs());
  EXPECT_EQ(children.gateway_restarts(), 0u);
}

TEST_F(ChildrenTest, AStewardThatEndsIsStartedAnewAtOnceAndThenWithPauses) {
  // It ends when it was told to load the settings, and not before: an end that comes earlier is an error of the start.
  Children& children =
      make("[ \"$5\" = gateway ] && exec sleep 60\nuntil dd bs=4096 count=1 <&3 >/dev/null 2>&1; do :; done\nexit 3");
  ASSERT_TRUE(children.start().ok());
  ASSERT_TRUE(loop_.run_until([this] { return told(EventId::kStewardRestarted) == 2; }))
      << "the first time it is started at once";
  EXPECT_FALSE(children.steward_runs());
  EXPECT_EQ(children.steward_pid(), 0);
  loop_.advance(RestartBackoff::kFirstDelay);
  ASSERT_TRUE(loop_.run_until([this] { return told(EventId::kStewardRestarted) == 3; })) << "it ran, and ended again";
  EXPECT_EQ(events_.back().field("reason"), "exit code 3");
  EXPECT_TRUE(children.gateway_runs());
}

TEST_F(ChildrenTest, AGatewayThatIsNotReadyGetsNoSignalYetAndNoNews) {
  Children& children = make("exec sleep 60");
  ASSERT_TRUE(children.start().ok());
  EXPECT_NE(children.gateway(), nullptr);
  EXPECT_FALSE(children.gateway_reads());
  children.forward_signal(SIGHUP);  // it would end a sleep
  for (int turns = 0; turns < 20; ++turns) loop_.turn();
  EXPECT_TRUE(children.gateway_runs());
  EXPECT_TRUE(events_.empty());
}

TEST_F(ChildrenTest, OnceTheyAreToEndTheirEndsAreToldAndNobodyIsStarted) {
  Children& children = make("exec sleep 60");
  ASSERT_TRUE(children.start().ok());
  children.keep_ended();
  children.signal_gateway(SIGTERM);
  ASSERT_TRUE(loop_.run_until([this] { return ended_ == 1; }));
  EXPECT_FALSE(children.gateway_runs());
  EXPECT_TRUE(children.steward_runs());
  children.signal_steward(SIGTERM);
  ASSERT_TRUE(loop_.run_until([this] { return ended_ == 2; }));
  loop_.advance(1min);
  EXPECT_FALSE(children.gateway_runs() || children.steward_runs());
  EXPECT_TRUE(events_.empty());
}

TEST_F(ChildrenTest, AProgramThatIsNotThereIsAnErrorOfTheStart) {
  Children none(*loop_, {"/nonexistent/holdfast", "/etc/file"}, Settings{}, {});
  EXPECT_FALSE(none.start().ok());
}

}  // namespace
}  // namespace hf::guardian
