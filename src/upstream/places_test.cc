#include "upstream/places.h"

#include <gtest/gtest.h>

#include <deque>

#include "runtime/scope.h"
#include "runtime/stepped_loop_fake.h"

namespace hf::upstream {
namespace {

using runtime::EventLoop;
using runtime::Scope;
using runtime::SteppedLoop;
using runtime::Task;

constexpr std::uint64_t kKind = 1;
constexpr std::uint64_t kOtherKind = 2;

struct Waiting final : PlaceWait {
  using PlaceWait::PlaceWait;
  int handed = 0;
};

/// A shard that holds places, some of them for nobody.
struct Holder final : PlaceHolder {
  Holder(EventLoop& loop, std::shared_ptr<Places> places) : desk(loop, std::move(places), *this) {}
  bool close_idle() override {
    if (idle == 0) return false;
    --idle;
    desk.give();
    return true;
  }
  void ask() override {
    ++asked;
    if (on_ask) on_ask();
  }
  PlaceUse use() const override { return {idle, kept}; }

  std::uint32_t idle = 0;
  std::uint32_t kept = 0;
  int asked = 0;
  std::function<void()> on_ask;
  PlaceDesk desk;
};

/// One wait for a place, and what became of it.
struct Wish {
  explicit Wish(EventLoop& loop) : scope(loop) {}
  bool waits() const { return outcome == "waiting"; }

  std::string outcome = "not begun";
  int handed = 0;
  Scope scope;
};

Task<void> wait_for_place(PlaceDesk* desk, std::uint64_t kind, Deadline deadline, Wish* wish) {
  Waiting waiting(*desk, kind, deadline);
  wish->outcome = "waiting";
  const Result<PlaceWait::Outcome> waited = co_await waiting;
  wish->handed = waiting.handed;
  wish->outcome = !waited.ok()                            ? std::string(to_string(waited.error().code))
                  : *waited == PlaceWait::Outcome::kPlace ? "place"
                                                          : "handed";
}

/// Two shards on one loop, so that a place granted to the other one is on its way until the next turn.
class PlacesTest : public ::testing::Test {
 protected:
  Wish& start(Holder& holder, std::uint64_t kind = kKind, Nanos patience = 10s) {
    Wish& wish = wishes_.emplace_back(*loop_);
    wish.scope.spawn("wait", wait_for_place, &holder.desk, kind, loop_->deadline_in(patience), &wish);
    return wish;
  }
  void take_all() {
    while (here_->desk.take()) {}
  }
  bool hand_over(Holder& holder, std::uint64_t kind, int thing) {
    PlaceWait* heir = holder.desk.heir(kind);
    if (heir != nullptr) static_cast<Waiting*>(heir)->handed = thing;
    return heir != nullptr;
  }
  void settle() { loop_.advance(Nanos(0)); }
  void cancel(Wish& wish) { wish.scope.cancel(); }

  SteppedLoop loop_;
  std::shared_ptr<Places> places_ = std::make_shared<Places>(2);
  std::unique_ptr<Holder> here_ = std::make_unique<Holder>(*loop_, places_);
  std::unique_ptr<Holder> there_ = std::make_unique<Holder>(*loop_, places_);
  std::deque<Wish> wishes_;
};

TEST_F(PlacesTest, ThereAreAsManyAsTheLimitSaysOverAllShards) {
  EXPECT_TRUE(here_->desk.take());
  EXPECT_TRUE(there_->desk.take());
  EXPECT_FALSE(here_->desk.take());
  EXPECT_FALSE(there_->desk.take());
  there_->desk.give();
  EXPECT_TRUE(here_->desk.take());
  EXPECT_EQ(places_->taken(), 2U);
  EXPECT_FALSE(places_->wanted());
}

TEST_F(PlacesTest, ALimitOfNoneIsOne) {
  const auto none = std::make_shared<Places>(0);
  Holder holder(*loop_, none);
  EXPECT_TRUE(holder.desk.take());
  EXPECT_FALSE(holder.desk.take());
  none->set_most(0);
  EXPECT_EQ(none->most(), 1U);
}

TEST_F(PlacesTest, AFreePlaceIsHadWithoutAWait) {
  EXPECT_EQ(start(*here_).outcome, "place");
  EXPECT_EQ(start(*there_).outcome, "place");
  EXPECT_TRUE(start(*here_).waits());
  EXPECT_TRUE(places_->wanted());
  EXPECT_EQ(places_->waiting(), 1U);
  here_->desk.give();
  settle();
}

TEST_F(PlacesTest, APlaceThatComesBackGoesToTheFirstInTheQueueWhereverItWaits) {
  take_all();
  Wish& first = start(*there_);
  Wish& second = start(*here_);
  Wish& third = start(*there_);
  here_->desk.give();
  settle();
  EXPECT_EQ(first.outcome, "place");
  EXPECT_TRUE(second.waits());
  there_->desk.give();
  settle();
  EXPECT_EQ(second.outcome, "place");
  EXPECT_TRUE(third.waits());
  here_->desk.give();
  settle();
  EXPECT_EQ(third.outcome, "place");
  EXPECT_EQ(places_->taken(), 2U);
  EXPECT_FALSE(places_->wanted());
}

TEST_F(PlacesTest, WhoComesWhileAPlaceIsOnItsWayDoesNotOvertake) {
  take_all();
  Wish& first = start(*there_);
  here_->desk.give();
  EXPECT_TRUE(first.waits());  // granted, and not told yet
  EXPECT_FALSE(here_->desk.take());
  Wish& second = start(*here_);
  EXPECT_TRUE(second.waits());
  settle();
  EXPECT_EQ(first.outcome, "place");
  EXPECT_TRUE(second.waits());
  cancel(second);
  settle();
}

TEST_F(PlacesTest, WithoutAPlaceTheWaitEndsAtItsDeadline) {
  take_all();
  Wish& wish = start(*here_, kKind, 50ms);
  loop_.advance(49ms);
  EXPECT_TRUE(wish.waits());
  loop_.advance(1ms);
  EXPECT_EQ(wish.outcome, to_string(ErrorCode::kTimeout));
  EXPECT_FALSE(places_->wanted());
  here_->desk.give();
  EXPECT_EQ(places_->taken(), 1U);  // and nothing was granted to it
}

TEST_F(PlacesTest, ADeadlineThatHasPassedStillGetsWhatIsIdle) {
  take_all();
  here_->idle = 1;
  EXPECT_TRUE(start(*there_, kKind, Nanos(-1)).waits());
  here_->desk.give();  // somebody else's
  settle();
  EXPECT_EQ(wishes_.back().outcome, "place");
  Wish& own = start(*here_, kKind, Nanos(-1));
  settle();
  EXPECT_EQ(own.outcome, "place");
  EXPECT_EQ(here_->idle, 0U);
}

TEST_F(PlacesTest, APlaceGrantedBeforeTheDeadlineIsHadAlthoughTheNewsComesAfterIt) {
  take_all();
  Wish& wish = start(*there_, kKind, 50ms);
  loop_.advance(49ms);
  here_->desk.give();
  loop_.advance(1ms);  // timers fire before what was posted
  EXPECT_EQ(wish.outcome, "place");
  EXPECT_EQ(places_->taken(), 2U);
  settle();
  EXPECT_EQ(places_->taken(), 2U);
}

TEST_F(PlacesTest, WhoIsCancelledInTheQueueLeavesIt) {
  take_all();
  Wish& first = start(*here_);
  Wish& second = start(*there_);
  cancel(first);
  EXPECT_EQ(places_->waiting(), 1U);
  settle();
  EXPECT_EQ(first.outcome, to_string(ErrorCode::kCancelled));
  here_->desk.give();
  settle();
  EXPECT_EQ(second.outcome, "place");
}

TEST_F(PlacesTest, APlaceGrantedToOneWhoIsCancelledMeanwhileGoesToTheNext) {
  take_all();
  Wish& first = start(*there_);
  Wish& here = start(*here_);
  here_->desk.give();
  cancel(first);
  EXPECT_EQ(places_->taken(), 2U);
  settle();
  EXPECT_EQ(first.outcome, to_string(ErrorCode::kCancelled));
  EXPECT_EQ(here.outcome, "place");
}

TEST_F(PlacesTest, APlaceGrantedToOneWhoIsCancelledMeanwhileIsFreeWhenNobodyElseWaits) {
  take_all();
  Wish& only = start(*there_);
  here_->desk.give();
  cancel(only);
  EXPECT_EQ(places_->taken(), 1U);
  settle();
  EXPECT_EQ(only.outcome, to_string(ErrorCode::kCancelled));
  EXPECT_TRUE(here_->desk.take());
}

TEST_F(PlacesTest, OneWhoIsCancelledAfterTheNewsHasThePlaceAndGivesItBackItself) {
  take_all();
  Wish& wish = start(*here_);
  here_->desk.give();  // of the same shard: told at once, and goes on later in the turn
  EXPECT_TRUE(wish.waits());
  cancel(wish);
  settle();
  EXPECT_EQ(wish.outcome, "place");
  EXPECT_EQ(places_->taken(), 2U);
}

TEST_F(PlacesTest, WhoIsCancelledBeforehandTakesNothing) {
  take_all();
  Wish& wish = wishes_.emplace_back(*loop_);
  struct Late {
    static Task<void> wait(EventLoop* loop, PlaceDesk* desk, Wish* out) {
      const Result<void> slept = co_await runtime::sleep_until(loop->deadline_in(1h));
      EXPECT_FALSE(slept.ok());
      co_await wait_for_place(desk, kKind, Deadline::never(), out);
    }
  };
  wish.scope.spawn("late", Late::wait, loop_.get(), &here_->desk, &wish);
  cancel(wish);
  settle();
  EXPECT_EQ(wish.outcome, to_string(ErrorCode::kCancelled));
  EXPECT_EQ(places_->waiting(), 0U);
}

TEST_F(PlacesTest, AShardMayGoWhileNewsToItIsOnTheWay) {
  take_all();
  Wish& theirs = start(*there_);
  Wish& ours = start(*here_);
  here_->desk.give();  // granted there
  cancel(theirs);      // the shard closes
  settle();
  there_->desk.give();
  start(*here_, kOtherKind);  // news for all
  there_.reset();
  settle();
  EXPECT_EQ(ours.outcome, "place");
  EXPECT_EQ(places_->taken(), 2U);
}

TEST_F(PlacesTest, AShardThatGoesWithTheLastNewsUnheardLosesNothing) {
  take_all();
  Wish& ours = start(*here_);
  there_.reset();  // "somebody waits" is still on its way there
  here_->desk.give();
  settle();
  EXPECT_EQ(ours.outcome, "place");
}

TEST_F(PlacesTest, WhatIsIdleIsClosedForWhoeverWaitsAndNoMoreOfIt) {
  places_->set_most(4);
  take_all();
  there_->idle = 3;
  Wish& one = start(*here_);
  Wish& two = start(*here_);
  settle();
  settle();
  EXPECT_EQ(one.outcome, "place");
  EXPECT_EQ(two.outcome, "place");
  EXPECT_EQ(there_->idle, 1U);
  EXPECT_EQ(places_->taken(), 4U);
  EXPECT_EQ(there_->asked, 0);
}

TEST_F(PlacesTest, OnesOwnIdleIsClosedAtOnce) {
  take_all();
  here_->idle = 1;
  there_->idle = 1;
  Wish& wish = start(*here_);
  settle();
  EXPECT_EQ(wish.outcome, "place");
  EXPECT_EQ(here_->idle, 0U);
  EXPECT_EQ(there_->idle, 1U);
}

TEST_F(PlacesTest, EachShardIsAskedAtOnceAndThenOncePerStepHoweverManyWait) {
  take_all();
  for (int i = 0; i < 4000; ++i) {
    start(*here_);
    start(*there_);
  }
  settle();
  EXPECT_EQ(here_->asked, 1);
  EXPECT_EQ(there_->asked, 1);
  for (int step = 1; step <= 5; ++step) {
    loop_.advance(Places::kStep / 2);
    loop_.advance(Places::kStep / 2);
    EXPECT_EQ(here_->asked, 1 + step);
    EXPECT_EQ(there_->asked, 1 + step);
  }
  for (int i = 0; i < 100; ++i) here_->desk.give();  // one each; and one that comes back asks nobody
  settle();
  EXPECT_EQ(here_->asked, 6);
  EXPECT_EQ(there_->asked, 6);
  EXPECT_EQ(places_->waiting(), 7900U);
  for (Wish& wish : wishes_) cancel(wish);
  settle();
  loop_.advance(1s);
  loop_.advance(1s);
  EXPECT_EQ(here_->asked, 6);  // nobody waits: nobody is asked
  EXPECT_EQ(places_->taken(), 2U);
}

TEST_F(PlacesTest, WaitsThatComeAndGoAskNoOftenerThanOncePerStep) {
  take_all();
  for (int i = 0; i < 50; ++i) {
    Wish& wish = start(*here_);
    settle();
    here_->desk.give();
    settle();
    EXPECT_EQ(wish.outcome, "place");
  }
  EXPECT_EQ(here_->asked, 1);
  EXPECT_EQ(there_->asked, 1);
  Wish& wish = start(*here_);
  settle();
  EXPECT_EQ(there_->asked, 1);
  loop_.advance(Places::kStep);
  EXPECT_EQ(there_->asked, 2);
  cancel(wish);
  settle();
}

TEST_F(PlacesTest, WhatIsGivenBackOnBeingAskedGoesToTheWaiter) {
  take_all();
  there_->on_ask = [&] { there_->desk.give(); };
  Wish& wish = start(*here_);
  settle();  // asked there
  settle();  // told here
  EXPECT_EQ(wish.outcome, "place");
  here_->on_ask = [&] { here_->desk.give(); };
  Wish& own = start(*here_);
  loop_.advance(Places::kStep);
  EXPECT_EQ(own.outcome, "place");
}

TEST_F(PlacesTest, HoldersSayWhatTheyDoWithTheirPlacesWhenTheyAreAsked) {
  take_all();
  here_->kept = 1;
  there_->kept = 1;
  Wish& wish = start(*here_);
  settle();
  EXPECT_EQ(places_->use().kept, 2U);
  EXPECT_EQ(places_->use().idle, 0U);
  cancel(wish);
  settle();
}

TEST_F(PlacesTest, AHigherLimitIsAtOnceGoodForThoseWhoWait) {
  take_all();
  Wish& one = start(*here_);
  Wish& two = start(*there_);
  Wish& three = start(*here_);
  places_->set_most(4);
  settle();
  EXPECT_EQ(one.outcome, "place");
  EXPECT_EQ(two.outcome, "place");
  EXPECT_TRUE(three.waits());
  cancel(three);
  settle();
}

TEST_F(PlacesTest, WithALowerLimitTheIdleGoAndNothingIsGrantedUntilEnoughCameBack) {
  places_->set_most(5);
  take_all();
  there_->idle = 1;
  places_->set_most(2);
  EXPECT_TRUE(places_->wanted());
  settle();
  EXPECT_EQ(there_->idle, 0U);
  EXPECT_EQ(places_->taken(), 4U);
  Wish& wish = start(*here_);
  EXPECT_FALSE(hand_over(*here_, kKind, 1));  // too many: what comes back ends
  here_->desk.give();
  here_->desk.give();
  settle();
  EXPECT_TRUE(wish.waits());
  EXPECT_EQ(places_->taken(), 2U);
  here_->desk.give();
  settle();
  EXPECT_EQ(wish.outcome, "place");
  EXPECT_FALSE(places_->wanted());
}

TEST_F(PlacesTest, WhatComesBackIsHandedToTheFirstHereThatItSuits) {
  take_all();
  Wish& other = start(*here_, kOtherKind);
  Wish& suits = start(*here_);
  Wish& later = start(*here_);
  EXPECT_TRUE(hand_over(*here_, kKind, 7));
  settle();
  EXPECT_EQ(suits.outcome, "handed");
  EXPECT_EQ(suits.handed, 7);
  EXPECT_TRUE(other.waits());
  EXPECT_TRUE(later.waits());
  EXPECT_EQ(places_->waiting(), 2U);
  EXPECT_FALSE(hand_over(*there_, kKind, 8));  // nobody waits there
  here_->desk.give();
  settle();
  EXPECT_EQ(other.outcome, "place");
  cancel(later);
  settle();
}

TEST_F(PlacesTest, WhoIsHandedSomethingWithAPlaceOnItsWayPassesThePlaceOn) {
  take_all();
  Wish& first = start(*there_);
  Wish& second = start(*here_);
  here_->desk.give();  // to the first, who has not heard
  EXPECT_TRUE(hand_over(*there_, kKind, 7));
  settle();
  EXPECT_EQ(first.outcome, "handed");
  EXPECT_EQ(second.outcome, "place");
  EXPECT_EQ(places_->taken(), 2U);
}

TEST_F(PlacesTest, OneWhoIsCancelledAfterBeingHandedSomethingHasIt) {
  take_all();
  Wish& wish = start(*here_);
  EXPECT_TRUE(hand_over(*here_, kKind, 7));
  cancel(wish);
  settle();
  EXPECT_EQ(wish.outcome, "handed");
  EXPECT_EQ(wish.handed, 7);
}

TEST_F(PlacesTest, NobodyIsOvertakenByOneWhoCameMuchLater) {
  take_all();
  Wish& first = start(*there_);
  loop_.advance(Places::kOvertake);
  Wish& second = start(*here_);
  EXPECT_TRUE(hand_over(*here_, kKind, 1));
  settle();
  EXPECT_EQ(second.outcome, "handed");
  loop_.advance(1ms);
  Wish& third = start(*here_);
  EXPECT_FALSE(hand_over(*here_, kKind, 2));  // its place is the first one's
  here_->desk.give();
  settle();
  EXPECT_EQ(first.outcome, "place");
  EXPECT_TRUE(hand_over(*here_, kKind, 3));
  settle();
  EXPECT_EQ(third.outcome, "handed");
}

TEST_F(PlacesTest, OnlySoManyAreLookedAtForOneThatSuits) {
  take_all();
  for (int i = 0; i < 64; ++i) start(*here_, kOtherKind);
  Wish& far = start(*here_);
  EXPECT_FALSE(hand_over(*here_, kKind, 1));
  here_->desk.give();
  settle();
  EXPECT_EQ(wishes_.front().outcome, "place");
  EXPECT_TRUE(hand_over(*here_, kKind, 1));
  settle();
  EXPECT_EQ(far.outcome, "handed");
  for (Wish& wish : wishes_) cancel(wish);
  settle();
}

}  // namespace
}  // namespace hf::upstream
