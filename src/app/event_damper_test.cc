#include "app/event_damper.h"

#include <gtest/gtest.h>

namespace hf::app {
namespace {

/// `millis` after some moment.
Event event_at(EventId id, std::int64_t millis, std::vector<EventField> fields = {}) {
  Event event{id, TimePoint{5'000'000'000 + millis * 1'000'000}, 0, std::move(fields)};
  return event;
}

TEST(EventDamper, WhatHasNoCountIsNeverHeldBack) {
  EventDamper damper;
  for (int i = 0; i < 100; ++i) {
    Event event = event_at(EventId::kServerDown, i, {{"service", "orders"}, {"server", "db1"}});
    EXPECT_TRUE(damper.admit(event));
    EXPECT_EQ(event.field("count"), "");
  }
}

TEST(EventDamper, LetsTheFirstThroughAndThenOneASecondWithTheirNumber) {
  EventDamper damper;
  Event first = event_at(EventId::kReadRetried, 0, {{"service", "orders"}, {"server", "db1"}});
  EXPECT_TRUE(damper.admit(first));
  EXPECT_EQ(first.field("count"), "");
  for (int i = 1; i <= 41; ++i) {
    Event held = event_at(EventId::kReadRetried, i * 10, {{"service", "orders"}, {"server", "db1"}});
    EXPECT_FALSE(damper.admit(held));
  }
  Event just_before = event_at(EventId::kReadRetried, 999, {{"service", "orders"}, {"server", "db1"}});
  EXPECT_FALSE(damper.admit(just_before));
  Event next = event_at(EventId::kReadRetried, 1000, {{"service", "orders"}, {"server", "db1"}});
  EXPECT_TRUE(damper.admit(next));
  EXPECT_EQ(next.field("count"), "43");  // 42 held back, and itself
  EXPECT_EQ(unknown_field(next), "");
  Event after = event_at(EventId::kReadRetried, 1500, {{"service", "orders"}, {"server", "db1"}});
  EXPECT_FALSE(damper.admit(after));
}

TEST(EventDamper, AQuietSecondLeavesNoCount) {
  EventDamper damper;
  for (int second = 0; second < 5; ++second) {
    Event event = event_at(EventId::kReadRetried, second * 2000, {{"service", "orders"}});
    EXPECT_TRUE(damper.admit(event));
    EXPECT_EQ(event.field("count"), "");
  }
}

TEST(EventDamper, KindsServicesAndServersAreCountedApart) {
  EventDamper damper;
  const std::vector<std::vector<EventField>> places = {
      {{"service", "orders"}, {"server", "db1"}}, {{"service", "orders"}, {"server", "db2"}}, {{"service", "stock"}, {"server", "db1"}}, {{"service", "orders"}}};
  for (const std::vector<EventField>& place : places) {
    Event event = event_at(EventId::kReadRetried, 0, place);
    EXPECT_TRUE(damper.admit(event));
    Event again = event_at(EventId::kReadRetried, 1, place);
    EXPECT_FALSE(damper.admit(again));
  }
  Event other = event_at(EventId::kStatementRerouted, 2, places[0]);
  EXPECT_TRUE(damper.admit(other));
}

TEST(EventDamper, ClientsThatDifferOnlyInTheirAddressAreOnePlace) {
  EventDamper damper;
  Event first = event_at(EventId::kClientRefusedAddress, 0, {{"service", "orders"}, {"client", "198.18.0.1"}});
  Event second = event_at(EventId::kClientRefusedAddress, 1, {{"service", "orders"}, {"client", "198.18.0.2"}});
  EXPECT_TRUE(damper.admit(first));
  EXPECT_FALSE(damper.admit(second));
}

TEST(EventDamper, AnUnknownEventPasses) {
  EventDamper damper;
  Event event = event_at(static_cast<EventId>(9999), 0);
  EXPECT_TRUE(damper.admit(event));
  EXPECT_TRUE(damper.admit(event));
}

TEST(EventDamper, ManyPlacesForgetInsteadOfGrowing) {
  EventDamper damper;
  for (int i = 0; i < 5000; ++i) {
    Event event = event_at(EventId::kReadRetried, 0, {{"service", "s" + std::to_string(i)}});
    EXPECT_TRUE(damper.admit(event));
  }
  Event forgotten = event_at(EventId::kReadRetried, 1, {{"service", "s0"}});
  EXPECT_TRUE(damper.admit(forgotten));  // a forgotten place starts anew: reported once more, never silenced for good
}

}  // namespace
}  // namespace hf::app
