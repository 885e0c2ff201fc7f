#include "guardian/outbox.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "guardian/events.h"
#include "runtime/stepped_loop_fake.h"

namespace hf::guardian {
namespace {

class OutboxTest : public testing::Test {
 protected:
  void connect() {
    const auto pair = Channel::make_pair();
    HF_CHECK(pair.ok());
    guardians_end_ = std::make_unique<Channel>(*loop_, pair->first,
                                               Channel::Listener{[](const Message&) {}, [] {}, [](const Error&) {}});
    gateway_ =
        std::make_unique<Channel>(*loop_, pair->second,
                                  Channel::Listener{[this](Message message) { heard_.push_back(std::move(message)); },
                                                    [] {}, [](const Error&) {}});
  }
  static News restarted(int number) { return Event(events::StewardRestarted{.reason = std::to_string(number)}); }
  static std::string number_of(const Message& message) {
    const auto* event = std::get_if<GuardianEvent>(&message);
    return event == nullptr ? "" : std::string(event->event.field("reason"));
  }

  runtime::SteppedLoop loop_;
  std::vector<Message> heard_;
  std::unique_ptr<Channel> guardians_end_;
  std::unique_ptr<Channel> gateway_;
  bool reads_ = true;
  Report report_;
  Outbox outbox_{*loop_,
                 {[this] { return guardians_end_.get(); }, [this] { return reads_; }, [this] { return report_; }}};
};

TEST_F(OutboxTest, NewsAreKeptInOrderUntilAGatewayReads) {
  outbox_.tell(restarted(1));
  connect();
  reads_ = false;
  outbox_.tell(vip::RouterTransition{.router = "db"});
  outbox_.flush();
  loop_.turn();
  EXPECT_TRUE(heard_.empty());
  EXPECT_EQ(outbox_.untold().size(), 2u);
  EXPECT_EQ(outbox_.untold()[1].field("vip"), "db");
  reads_ = true;
  outbox_.tell(restarted(3));
  ASSERT_TRUE(loop_.run_until([this] { return heard_.size() == 3; }));
  EXPECT_EQ(number_of(heard_[0]), "1");
  EXPECT_TRUE(std::holds_alternative<RouterTransition>(heard_[1]));
  EXPECT_EQ(number_of(heard_[2]), "3");
  EXPECT_GT(std::get<GuardianEvent>(heard_[0]).event.wall_micros, 0) << "stamped when it was told";
  EXPECT_TRUE(outbox_.untold().empty());
}

TEST_F(OutboxTest, OfTooManyTheOldestAreDropped) {
  for (std::size_t i = 0; i < Outbox::kKeptNews + 3; ++i) outbox_.tell(restarted(static_cast<int>(i)));
  ASSERT_EQ(outbox_.untold().size(), Outbox::kKeptNews);
  EXPECT_EQ(outbox_.untold().front().field("reason"), "3");
}

TEST_F(OutboxTest, WhatCanNeverBeSentHoldsNothingUp) {
  outbox_.tell(Event(events::VipSettingsRejected{.reason = std::string(kLongestLongText + 1, 'x')}));
  outbox_.tell(restarted(2));
  connect();
  outbox_.flush();
  ASSERT_TRUE(loop_.run_until([this] { return heard_.size() == 1; }));
  EXPECT_EQ(number_of(heard_[0]), "2");
}

TEST_F(OutboxTest, ChangesInQuickSuccessionMakeOneReport) {
  connect();
  report_.gateway_restarts = 7;
  outbox_.report_soon();
  loop_.advance(Outbox::kReportGap / 2);
  outbox_.report_soon();
  EXPECT_TRUE(heard_.empty());
  loop_.advance(Outbox::kReportGap / 2);
  ASSERT_TRUE(loop_.run_until([this] { return heard_.size() == 1; }));
  EXPECT_EQ(std::get<Report>(heard_[0]).gateway_restarts, 7u);
  loop_.advance(1s);
  loop_.turn();
  EXPECT_EQ(heard_.size(), 1u);
}

TEST_F(OutboxTest, AReportOfManyRoutersHasTheirLatestTransitionsOnly) {
  connect();
  RouterReport router;
  for (int i = 0; i < 16; ++i) router.transitions.push_back({.wall_micros = i});
  report_.routers.assign(12, router);
  outbox_.report();
  ASSERT_TRUE(loop_.run_until([this] { return heard_.size() == 1; }));
  EXPECT_EQ(std::get<Report>(heard_[0]).routers[0].transitions.size(), 16u);
  report_.routers.push_back(router);
  outbox_.report();
  ASSERT_TRUE(loop_.run_until([this] { return heard_.size() == 2; }));
  ASSERT_EQ(std::get<Report>(heard_[1]).routers[0].transitions.size(), 2u);
  EXPECT_EQ(std::get<Report>(heard_[1]).routers[0].transitions[1].wall_micros, 15);
}

TEST_F(OutboxTest, WithoutAGatewayNothingIsSent) {
  outbox_.send(CommandDone{.id = 1});
  outbox_.report();
  connect();
  loop_.turn();
  EXPECT_TRUE(heard_.empty());
}

}  // namespace
}  // namespace hf::guardian
