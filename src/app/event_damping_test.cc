// What the damper makes of the events that there are.
#include <gtest/gtest.h>

#include "app/event_catalogue.h"
#include "app/events.h"
#include "base/event_damper.h"
#include "service/events.h"
#include "service/mysql/events.h"
#include "topology/events.h"
#include "vip/events.h"

namespace hf::app {
namespace {

using service::mysql::events::ReadRetried;
using service::mysql::events::SessionPinned;
using service::mysql::events::StatementRerouted;
using topology::events::ServerDown;

TimePoint moment(std::int64_t millis) { return TimePoint{5'000'000'000 + millis * 1'000'000}; }

/// `millis` after some moment.
Event event_at(const EventType& type, std::int64_t millis, std::vector<EventField> fields = {}) {
  Event event(type);
  event.at = moment(millis);
  event.fields = std::move(fields);
  return event;
}

template <EventStruct E>
Event event_at(std::int64_t millis, std::vector<EventField> fields = {}) {
  return event_at(kEventType<E>, millis, std::move(fields));
}

TEST(EventDamper, WhatHasNoCountIsNeverHeldBack) {
  EventDamper damper;
  for (int i = 0; i < 100; ++i) {
    Event event = event_at<ServerDown>(i, {{"service", "orders"}, {"server", "db1"}});
    EXPECT_TRUE(damper.admit(event));
    EXPECT_EQ(event.field("count"), "");
  }
}

TEST(EventDamper, LetsTheFirstThroughAndThenOneASecondWithTheirNumber) {
  EventDamper damper;
  Event first = event_at<ReadRetried>(0, {{"service", "orders"}, {"server", "db1"}});
  EXPECT_TRUE(damper.admit(first));
  EXPECT_EQ(first.field("count"), "");
  for (int i = 1; i <= 41; ++i) {
    Event held = event_at<ReadRetried>(i * 10, {{"service", "orders"}, {"server", "db1"}});
    EXPECT_FALSE(damper.admit(held));
  }
  Event just_before = event_at<ReadRetried>(999, {{"service", "orders"}, {"server", "db1"}});
  EXPECT_FALSE(damper.admit(just_before));
  Event next = event_at<ReadRetried>(1000, {{"service", "orders"}, {"server", "db1"}});
  EXPECT_TRUE(damper.admit(next));
  EXPECT_EQ(next.field("count"), "43");  // 42 held back, and itself
  EXPECT_EQ(unknown_field(next), "");
  Event after = event_at<ReadRetried>(1500, {{"service", "orders"}, {"server", "db1"}});
  EXPECT_FALSE(damper.admit(after));
}

TEST(EventDamper, AQuietSecondLeavesNoCount) {
  EventDamper damper;
  for (int second = 0; second < 5; ++second) {
    Event event = event_at<ReadRetried>(second * 2000, {{"service", "orders"}});
    EXPECT_TRUE(damper.admit(event));
    EXPECT_EQ(event.field("count"), "");
  }
}

TEST(EventDamper, KindsServicesAndServersAreCountedApart) {
  EventDamper damper;
  const std::vector<std::vector<EventField>> places = {{{"service", "orders"}, {"server", "db1"}},
                                                       {{"service", "orders"}, {"server", "db2"}},
                                                       {{"service", "stock"}, {"server", "db1"}},
                                                       {{"service", "orders"}}};
  for (const std::vector<EventField>& place : places) {
    Event event = event_at<ReadRetried>(0, place);
    EXPECT_TRUE(damper.admit(event));
    Event again = event_at<ReadRetried>(1, place);
    EXPECT_FALSE(damper.admit(again));
  }
  Event other = event_at<StatementRerouted>(2, places[0]);
  EXPECT_TRUE(damper.admit(other));
}

TEST(EventDamper, ClientsThatDifferOnlyInTheirAddressAreOnePlace) {
  EventDamper damper;
  Event first = event_at<service::events::ClientRefusedAddress>(0, {{"service", "orders"}, {"client", "198.18.0.1"}});
  Event second = event_at<service::events::ClientRefusedAddress>(1, {{"service", "orders"}, {"client", "198.18.0.2"}});
  EXPECT_TRUE(damper.admit(first));
  EXPECT_FALSE(damper.admit(second));
}

TEST(EventDamper, PinsForDifferentReasonsAreEachToldAtOnce) {
  EventDamper damper;
  Event variable = event_at<SessionPinned>(0, {{"service", "orders"}, {"server", "db1"}, {"reason", "user-variable"}});
  Event lock = event_at<SessionPinned>(1, {{"service", "orders"}, {"server", "db1"}, {"reason", "user-lock"}});
  Event again = event_at<SessionPinned>(2, {{"service", "orders"}, {"server", "db1"}, {"reason", "user-lock"}});
  EXPECT_TRUE(damper.admit(variable));
  EXPECT_TRUE(damper.admit(lock));
  EXPECT_FALSE(damper.admit(again));
}

TEST(EventDamper, ManyPlacesForgetInsteadOfGrowing) {
  EventDamper damper;
  for (int i = 0; i < 5000; ++i) {
    Event event = event_at<ReadRetried>(0, {{"service", "s" + std::to_string(i)}});
    EXPECT_TRUE(damper.admit(event));
  }
  Event forgotten = event_at<ReadRetried>(1, {{"service", "s0"}});
  EXPECT_TRUE(damper.admit(forgotten));  // a forgotten place starts anew: reported once more, never silenced for good
}

/// All that somebody without rights, or with a login alone, can bring about again and again.
TEST(EventDamper, EveryEventThatAStrangerCanRepeatIsDamped) {
  for (const EventId id :
       {EventId::kAdminRefused,          EventId::kAdminCrowded,       EventId::kClientRefusedAddress,
        EventId::kClientRefusedOverload, EventId::kClientRefusedLogin, EventId::kOutOfDescriptors,
        EventId::kOutOfMemory,           EventId::kAcceptPaused,       EventId::kAcceptResumed,
        EventId::kLoopStalled,           EventId::kBugSurvived,        EventId::kStatementRerouted,
        EventId::kReadRetried,           EventId::kSessionPinned,      EventId::kWritesHeld,
        EventId::kWritesReleased,        EventId::kHeldWritesTimeout,  EventId::kPoolExhausted,
        EventId::kVipDuplicateMaster,    EventId::kVipAddressConflict, EventId::kVipPeerRefused,
        EventId::kVipSettingsDiffer}) {
    const EventType& type = *find_event(event_catalogue(), id);
    EventDamper damper;
    int reported = 0;
    for (int i = 0; i < 1000; ++i) {
      Event event = event_at(type, i,
                             {{"client", "198.18.0." + std::to_string(i)},
                              {"path", "/" + std::to_string(i)},
                              {"peer", std::to_string(i)}});
      reported += damper.admit(event) ? 1 : 0;
    }
    EXPECT_EQ(reported, 1) << event_title(type);
  }
}

TEST(EventDamper, AnyOtherEventIsHeldBackOnlyWhenItFloods) {
  EventDamper damper;
  unsigned reported = 0;
  for (int i = 0; i < 5000; ++i) {
    Event event = event_at<ServerDown>(i / 10, {{"server", "db" + std::to_string(i)}});
    reported += damper.admit(event) ? 1 : 0;
  }
  EXPECT_EQ(reported, EventDamper::Limits{}.most);
  const std::vector<Event> rest = damper.due(moment(1000));
  ASSERT_EQ(rest.size(), 1U);
  EXPECT_EQ(rest[0].field("count"), "4900");
  EXPECT_EQ(rest[0].field("server"), "db4999");
  EXPECT_EQ(unknown_field(rest[0]), "");
}

TEST(EventDamper, TheAuditTrailIsWhole) {
  EventDamper damper;
  for (int i = 0; i < 5000; ++i) {
    Event event = event_at<events::AdminCommand>(0, {{"command", "drain"}});
    EXPECT_TRUE(damper.admit(event));
  }
  EXPECT_TRUE(damper.due(moment(5000)).empty());
}

/// A listener that paused and went on many times in a second: what is reported last is how it is.
TEST(EventDamper, TheLastOfABurstIsReportedWhenNoneFollows) {
  EventDamper damper;
  for (int i = 0; i < 5; ++i) {
    Event paused = event_at<service::events::AcceptPaused>(i * 100, {{"service", "orders"}});
    Event resumed = event_at<service::events::AcceptResumed>(i * 100 + 50, {{"service", "orders"}});
    EXPECT_EQ(damper.admit(paused), i == 0);
    EXPECT_EQ(damper.admit(resumed), i == 0);
  }
  EXPECT_TRUE(damper.due(moment(999)).empty());
  const std::vector<Event> rest = damper.due(moment(1100));
  ASSERT_EQ(rest.size(), 2U);
  EXPECT_EQ(rest[0].id(), EventId::kAcceptPaused);
  EXPECT_EQ(rest[1].id(), EventId::kAcceptResumed) << "in the order in which they came";
  EXPECT_EQ(rest[1].field("count"), "4");
  EXPECT_EQ(rest[1].at, moment(450));
  EXPECT_TRUE(damper.due(moment(9000)).empty());
}

TEST(EventDamper, WhatSomebodyElseHeldBackIsCountedToo) {
  EventDamper damper;
  Event first = event_at<vip::events::VipPeerRefused>(0, {{"vip", "db"}, {"count", "7"}});
  EXPECT_TRUE(damper.admit(first));
  EXPECT_EQ(first.field("count"), "7");
  Event second = event_at<vip::events::VipPeerRefused>(10, {{"vip", "db"}, {"count", "5"}});
  EXPECT_FALSE(damper.admit(second));
  Event third = event_at<vip::events::VipPeerRefused>(1200, {{"vip", "db"}});
  EXPECT_TRUE(damper.admit(third));
  EXPECT_EQ(third.field("count"), "6");
}

}  // namespace
}  // namespace hf::app
