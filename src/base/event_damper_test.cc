#include "base/event_damper.h"

#include <gtest/gtest.h>

#include "base/events.h"

namespace hf {
namespace {

struct ServerSeen {
  EventText server;
  static constexpr EventWords kWords{
      .id = EventId::kServerUp, .name = "server_seen", .level = EventLevel::kInfo, .meaning = "", .action = ""};
  static constexpr EventMember<ServerSeen> kFields[] = {{"server", &ServerSeen::server}};
};

Event at(Nanos when, Event event) {
  event.at = TimePoint{1} + when;
  return event;
}

TEST(EventDamper, HasItsOwnLimits) {
  EventDamper damper({.second = 10s, .most = 2});
  const auto admits = [&damper](Event event) { return damper.admit(event); };
  const events::BugSurvived bug{.where = "here", .what = "x"};
  EXPECT_TRUE(admits(at(0s, bug)));
  EXPECT_FALSE(admits(at(9s, bug))) << "damped: one";
  EXPECT_TRUE(admits(at(0s, ServerSeen{.server = "a"})));
  EXPECT_TRUE(admits(at(1s, ServerSeen{.server = "b"})));
  EXPECT_FALSE(admits(at(2s, ServerSeen{.server = "c"})));
  EXPECT_FALSE(admits(at(3s, ServerSeen{.server = "d"})));
  EXPECT_TRUE(damper.due(TimePoint{1} + 9s).empty());
  const std::vector<Event> due = damper.due(TimePoint{1} + 10s);
  ASSERT_EQ(due.size(), 2U);
  EXPECT_EQ(due[0].field("server"), "d") << "the last of those that were held back";
  EXPECT_EQ(due[0].field("count"), "2");
  EXPECT_EQ(due[1].id(), EventId::kBugSurvived);
}

}  // namespace
}  // namespace hf
