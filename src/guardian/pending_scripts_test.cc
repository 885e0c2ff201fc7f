#include "guardian/pending_scripts.h"

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "runtime/stepped_loop_fake.h"

namespace hf::guardian {
namespace {

class PendingScriptsTest : public testing::Test {
 protected:
  void ask(Nanos timeout = 1s) {
    pending_->ask(
        {"check", {"one"}, {"HOLDFAST_VIP=db"}}, timeout, [this](const ScriptDone& done) { answers_.push_back(done); },
        send_);
  }

  runtime::SteppedLoop loop_;
  std::vector<RunScript> sent_;
  std::vector<ScriptDone> answers_;
  PendingScripts::Send send_ = [this](const RunScript& request) -> Result<void> {
    sent_.push_back(request);
    return {};
  };
  std::unique_ptr<PendingScripts> pending_ = std::make_unique<PendingScripts>(*loop_);
};

TEST_F(PendingScriptsTest, EachIsAnsweredOnceByItsNumber) {
  ask();
  ask();
  ASSERT_EQ(sent_.size(), 2u);
  EXPECT_NE(sent_[0].id, sent_[1].id);
  EXPECT_EQ(sent_[0], (RunScript{sent_[0].id, "check", {"one"}, {"HOLDFAST_VIP=db"}}));
  const ScriptDone done{sent_[1].id, true, false, 3, "no"};
  pending_->answered(done);
  pending_->answered(done);
  pending_->answered(ScriptDone{999, true, false, 0, ""});
  EXPECT_EQ(answers_, std::vector({done}));
}

TEST_F(PendingScriptsTest, EachIsGivenUpAfterItsOwnPatienceAndItsAnswerNotHeard) {
  ask(10s);
  ask(2s);
  loop_.advance(2s + PendingScripts::kSlack - 1ms);
  EXPECT_TRUE(answers_.empty());
  loop_.advance(1ms);
  ASSERT_EQ(answers_.size(), 1u) << "the later one has the shorter time";
  EXPECT_EQ(answers_[0], (ScriptDone{sent_[1].id, false, true, 0, "nobody told of its end"}));
  pending_->answered(ScriptDone{sent_[1].id, true, false, 0, ""});
  EXPECT_EQ(answers_.size(), 1u);
  loop_.advance(8s);
  ASSERT_EQ(answers_.size(), 2u);
  EXPECT_EQ(answers_[1].id, sent_[0].id);
}

TEST_F(PendingScriptsTest, TooManyAreRefusedInALaterTurn) {
  for (std::size_t i = 0; i < PendingScripts::kMost; ++i) ask();
  ask();
  EXPECT_EQ(sent_.size(), PendingScripts::kMost);
  EXPECT_TRUE(answers_.empty()) << "not within the call";
  loop_.turn();
  ASSERT_EQ(answers_.size(), 1u);
  EXPECT_NE(answers_[0].output.find("too many"), std::string::npos);
  pending_->answered(ScriptDone{sent_[0].id, true, false, 0, ""});
  ask();
  EXPECT_EQ(sent_.size(), PendingScripts::kMost + 1) << "one place is free again";
}

TEST_F(PendingScriptsTest, WhatCannotBeSentIsAnsweredWithTheReason) {
  send_ = [](const RunScript&) -> Result<void> { return Error{ErrorCode::kClosed, "nobody is there"}; };
  ask();
  EXPECT_TRUE(answers_.empty());
  loop_.turn();
  ASSERT_EQ(answers_.size(), 1u);
  EXPECT_FALSE(answers_[0].started);
  EXPECT_EQ(answers_[0].output, "nobody is there");
  loop_.advance(1min);
  EXPECT_EQ(answers_.size(), 1u);
}

TEST_F(PendingScriptsTest, AnEndAnswersAllThatWait) {
  ask();
  ask();
  pending_->give_up_all("it is gone");
  ASSERT_EQ(answers_.size(), 2u);
  EXPECT_EQ(answers_[1].output, "it is gone");
  pending_->give_up_all("it is gone");
  loop_.advance(1min);
  EXPECT_EQ(answers_.size(), 2u);
}

TEST_F(PendingScriptsTest, AnAnswerMayAskForTheNextScript) {
  int answers = 0;
  const std::function<void(const ScriptDone&)> again = [&](const ScriptDone& /*done*/) {
    if (++answers < 4) pending_->ask({"check", {}, {}}, 1s, again, send_);
  };
  again({});
  ASSERT_EQ(sent_.size(), 1u);
  pending_->answered(ScriptDone{sent_[0].id, true, false, 0, ""});
  loop_.advance(1s + PendingScripts::kSlack);
  ASSERT_EQ(sent_.size(), 3u);
  pending_->give_up_all("it is gone");
  EXPECT_EQ(answers, 4);
}

TEST_F(PendingScriptsTest, NothingIsAnsweredAfterItIsGone) {
  ask();
  pending_.reset();
  loop_.advance(1min);
  EXPECT_TRUE(answers_.empty());
}

}  // namespace
}  // namespace hf::guardian
