#include "guardian/guardian_link.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "guardian/events.h"
#include "runtime/stepped_loop_fake.h"

namespace hf::guardian {
namespace {

using policy::vrrp::OperatorCommand;

/// A GuardianLink, and the guardian's end of its channel.
class GuardianLinkTest : public testing::Test {
 protected:
  GuardianLinkTest() {
    const auto pair = Channel::make_pair();
    HF_CHECK(pair.ok());
    guardian_ = std::make_unique<Channel>(
        *loop_, pair->first,
        Channel::Listener{[this](Message message) { heard_.push_back(std::move(message)); }, {}, {}});
    link_ = std::make_unique<GuardianLink>(*loop_, pair->second, listener());
  }
  GuardianLink::Listener listener() {
    GuardianLink::Listener out;
    out.report = [this](const Report& report) { reports_.push_back(report); };
    out.news = [this](News news) { news_.push_back(std::move(news)); };
    out.addresses_leave = [this](const AddressesLeave& leave) { leaving_.push_back(leave.router); };
    out.command_done = [this](const CommandDone& done) { commands_.push_back(done); };
    out.lost = [this] { ++lost_; };
    out.stalled = [this] { return stalled_; };
    return out;
  }
  void run_script(Nanos timeout = 1s) {
    link_->run_script({"check", {}, {}}, timeout, [this](const ScriptDone& done) { answers_.push_back(done); });
  }
  template <typename Kind>
  std::size_t heard() const {
    return static_cast<std::size_t>(std::count_if(
        heard_.begin(), heard_.end(), [](const Message& each) { return std::holds_alternative<Kind>(each); }));
  }
  template <typename Kind>
  const Kind& latest() const {
    for (auto it = heard_.rbegin(); it != heard_.rend(); ++it) {
      if (const auto* each = std::get_if<Kind>(&*it)) return *each;
    }
    static const Kind kNone{};
    return kNone;
  }

  runtime::SteppedLoop loop_;
  std::vector<Message> heard_;  // by the guardian
  std::vector<Report> reports_;
  std::vector<News> news_;
  std::vector<std::string> leaving_;
  std::vector<CommandDone> commands_;
  std::vector<ScriptDone> answers_;
  int lost_ = 0;
  Nanos stalled_{0};
  std::unique_ptr<Channel> guardian_;
  std::unique_ptr<GuardianLink> link_;
};

TEST_F(GuardianLinkTest, BeatsAtOnceAndEveryIntervalWithHowLongALoopIsBusy) {
  ASSERT_TRUE(loop_.run_until([&] { return heard<Beat>() == 1; }));
  stalled_ = 700ms;
  loop_.advance(kBeatInterval - 1ms);
  loop_.turn();
  EXPECT_EQ(heard<Beat>(), 1u);
  loop_.advance(1ms);
  ASSERT_TRUE(loop_.run_until([&] { return heard<Beat>() == 2; }));
  EXPECT_EQ(latest<Beat>().stalled, Nanos(700ms));
}

TEST_F(GuardianLinkTest, WhatTheGuardianTellsComesToItsListener) {
  ASSERT_TRUE(guardian_->send(Report{}).ok());
  ASSERT_TRUE(guardian_->send(GuardianEvent{events::StewardRestarted{.reason = "signal 9"}}).ok());
  ASSERT_TRUE(guardian_->send(RouterTransition{.router = "db", .router_id = 51}).ok());
  ASSERT_TRUE(guardian_->send(AddressConflict{.router = "db"}).ok());
  ASSERT_TRUE(guardian_->send(DuplicateMaster{.router = "db"}).ok());
  ASSERT_TRUE(guardian_->send(AddressesLeave{"db"}).ok());
  ASSERT_TRUE(guardian_->send(Beat{}).ok()) << "not for a gateway: dropped";
  ASSERT_TRUE(loop_.run_until([&] { return leaving_.size() == 1; }));
  EXPECT_EQ(reports_.size(), 1u);
  ASSERT_EQ(news_.size(), 4u);
  EXPECT_EQ(std::get<Event>(news_[0]).field("reason"), "signal 9");
  EXPECT_EQ(std::get<RouterTransition>(news_[1]).router_id, 51);
  EXPECT_EQ(std::get<AddressConflict>(news_[2]).router, "db");
  EXPECT_EQ(std::get<DuplicateMaster>(news_[3]).router, "db");
  EXPECT_EQ(leaving_[0], "db");
}

TEST_F(GuardianLinkTest, AnOrderHasTheNumberOfItsAnswer) {
  const Result<std::uint64_t> first = link_->command("db", OperatorCommand::kRelease);
  const Result<std::uint64_t> second = link_->command("db", OperatorCommand::kResume);
  ASSERT_TRUE(first.ok() && second.ok());
  EXPECT_NE(*first, *second);
  ASSERT_TRUE(loop_.run_until([&] { return heard<VipCommand>() == 2; }));
  EXPECT_EQ(latest<VipCommand>().id, *second);
  EXPECT_EQ(latest<VipCommand>().command, OperatorCommand::kResume);
  ASSERT_TRUE(guardian_->send(CommandDone{*second, true, "back"}).ok());
  ASSERT_TRUE(loop_.run_until([&] { return commands_.size() == 1; }));
  EXPECT_EQ(commands_[0].id, *second);
}

TEST_F(GuardianLinkTest, AScriptIsAnsweredOnce) {
  run_script();
  ASSERT_TRUE(loop_.run_until([&] { return heard<RunScript>() == 1; }));
  const ScriptDone done{latest<RunScript>().id, true, false, 3, "no"};
  ASSERT_TRUE(guardian_->send(done).ok());
  ASSERT_TRUE(guardian_->send(done).ok());
  ASSERT_TRUE(guardian_->send(ScriptDone{999, true, false, 0, ""}).ok()) << "nobody asked";
  ASSERT_TRUE(guardian_->send(AddressesLeave{"all was read"}).ok());
  ASSERT_TRUE(loop_.run_until([&] { return leaving_.size() == 1; }));
  ASSERT_EQ(answers_.size(), 1u);
  EXPECT_EQ(answers_[0], done);
}

TEST_F(GuardianLinkTest, ALostGuardianAnswersAllThatWaitsAndIsToldOnce) {
  run_script();
  run_script();
  guardian_.reset();
  ASSERT_TRUE(loop_.run_until([&] { return lost_ == 1; }));
  EXPECT_EQ(answers_.size(), 2u);
  EXPECT_FALSE(link_->connected());
  EXPECT_FALSE(link_->command("db", OperatorCommand::kPrefer).ok());
  link_->ready(true);
  link_->verdicts({});
  link_->settings_changed();
  run_script();
  for (int i = 0; i < 3; ++i) loop_.advance(kBeatInterval);
  EXPECT_EQ(answers_.size(), 3u) << "also what was asked for afterwards";
  EXPECT_EQ(lost_, 1);
}

}  // namespace
}  // namespace hf::guardian
