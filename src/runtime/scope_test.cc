// Scopes and cancellation: a script is cancelled at each of its waits in turn, and always ends, with nothing left
// behind.
#include "runtime/scope.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "runtime/any_of.h"
#include "runtime/sim_poller.h"

namespace hf::runtime {
namespace {

const Deadline kAtOnce{TimePoint{0}};

struct Stage {
  explicit Stage(EventLoop& l) : loop(l), bell(l) {}
  EventLoop& loop;
  Signal bell;
  int reached = 0;      // waits begun
  std::string outcome;  // of the script
};

/// One wait of the script, a level down: cancelling must unwind both levels.
Task<Result<void>> wait_a_second(Stage* stage) {
  ++stage->reached;
  Result<void> slept = co_await sleep_until(stage->loop.deadline_in(1s));
  co_return slept;
}

Task<Result<void>> wait_for_the_bell(Stage* stage) {
  ++stage->reached;
  Result<void> rung = co_await stage->bell.wait(stage->loop.deadline_in(1s));
  if (!rung.ok() && rung.error().code == ErrorCode::kTimeout) co_return Result<void>{};
  co_return rung;
}

Task<void> leg(Stage* stage, Nanos delay) {
  const Result<void> slept = co_await sleep_until(stage->loop.deadline_in(delay));
  (void)slept;
}

struct Leg {
  Stage* stage;
  Nanos delay;
  Task<void> operator()() const { return leg(stage, delay); }
};

Task<void> bystander(Stage* stage) {
  const Result<void> slept = co_await sleep_until(stage->loop.deadline_in(1h));
  (void)slept;
}

/// Seven waits of every kind.
Task<Result<void>> script(Stage* stage) {
  Result<void> first = co_await wait_a_second(stage);
  HF_CO_RETURN_IF_ERROR(first);
  Result<void> second = co_await wait_for_the_bell(stage);
  HF_CO_RETURN_IF_ERROR(second);
  ++stage->reached;
  const Leg slow{stage, 10s};
  const Leg fast{stage, 1s};
  const std::size_t winner = co_await any_of(stage->loop, slow, fast);
  (void)winner;
  Result<void> third = co_await wait_a_second(stage);
  HF_CO_RETURN_IF_ERROR(third);
  Scope inner(stage->loop);
  inner.spawn("bystander", bystander, stage);
  ++stage->reached;
  Result<void> late = co_await inner.idle(stage->loop.deadline_in(1s));
  inner.cancel();
  TaskContext& self = co_await this_context();
  const bool cancelled = std::exchange(self.cancelled, false);
  const Result<void> closed = co_await inner.idle(Deadline::never());
  self.cancelled = cancelled;
  if (!closed.ok() || late.error().code == ErrorCode::kCancelled) co_return Error{ErrorCode::kCancelled, "cancelled"};
  Result<void> fourth = co_await wait_for_the_bell(stage);
  HF_CO_RETURN_IF_ERROR(fourth);
  Result<void> fifth = co_await wait_a_second(stage);
  co_return fifth;
}

Task<void> play(Stage* stage) {
  Result<void> result = co_await script(stage);
  stage->outcome = result.ok() ? "done" : std::string(to_string(result.error().code));
}

constexpr int kWaits = 7;

TEST(Cancel, TheScriptEndsByItselfWhenNobodyCancels) {
  EventLoop loop(std::make_unique<SimPoller>());
  Stage stage(loop);
  Scope scope(loop);
  scope.spawn("play", play, &stage);
  for (int turns = 0; turns < 1000 && !scope.empty(); ++turns) loop.turn(Deadline::never());
  EXPECT_EQ(stage.outcome, "done");
  EXPECT_EQ(stage.reached, kWaits);
}

TEST(Cancel, AtEachWaitInTurnEndsTheScriptThereAndLeavesNothing) {
  for (int at = 1; at <= kWaits; ++at) {
    for (const bool from_posted_work : {false, true}) {
      EventLoop loop(std::make_unique<SimPoller>());
      Stage stage(loop);
      {
        Scope scope(loop);
        scope.spawn("play", play, &stage);
        for (int turns = 0; turns < 1000 && stage.reached < at; ++turns) loop.turn(Deadline::never());
        ASSERT_EQ(stage.reached, at);
        if (from_posted_work) {
          loop.post([&scope] { scope.cancel(); });
        } else {
          scope.cancel();
        }
        for (int turns = 0; turns < 10 && !scope.empty(); ++turns) loop.turn(kAtOnce);
        ASSERT_TRUE(scope.empty()) << at;
      }
      EXPECT_EQ(stage.outcome, "cancelled") << at;
      EXPECT_LE(stage.reached, at + 1);  // any_of gives no error: the next wait ends at once
      EXPECT_EQ(stage.bell.waiting(), 0U);
      EXPECT_TRUE(loop.timers().empty());
    }
  }
}

TEST(Cancel, AWaitBegunAfterwardsEndsAtOnce) {
  EventLoop loop(std::make_unique<SimPoller>());
  Stage stage(loop);
  struct Stubborn {
    static Task<void> run(Stage* s, int* cancelled) {
      for (int i = 0; i < 5; ++i) {
        const Result<void> waited = co_await wait_for_the_bell(s);
        if (!waited.ok() && waited.error().code == ErrorCode::kCancelled) ++*cancelled;
      }
    }
  };
  int cancelled = 0;
  Scope scope(loop);
  scope.spawn("stubborn", Stubborn::run, &stage, &cancelled);
  scope.cancel();
  loop.turn(kAtOnce);
  EXPECT_TRUE(scope.empty());
  EXPECT_EQ(cancelled, 5);
}

TEST(Cancel, ANotifiedTaskThatIsCancelledBeforeItRunsKeepsItsNotification) {
  EventLoop loop(std::make_unique<SimPoller>());
  Stage stage(loop);
  struct Once {
    static Task<void> run(Stage* s) {
      const Result<void> rung = co_await s->bell.wait(Deadline::never());
      s->outcome = rung.ok() ? "rung" : "cancelled";
    }
  };
  Scope scope(loop);
  scope.spawn("once", Once::run, &stage);
  EXPECT_TRUE(stage.bell.notify_one());
  scope.cancel();
  loop.turn(kAtOnce);
  EXPECT_TRUE(scope.empty());
  EXPECT_EQ(stage.outcome, "rung");
}

Task<void> close_scope(Scope* scope, Deadline deadline, std::string* outcome) {
  const Result<void> closed = co_await scope->close(deadline);
  *outcome = closed.ok() ? "closed" : closed.error().context;
}

Task<void> deaf(Stage* stage) {
  TaskContext& self = co_await this_context();
  for (int i = 0; i < 3; ++i) {
    const Result<void> rung = co_await stage->bell.wait(Deadline::never());
    (void)rung;
    self.cancelled = false;
  }
}

TEST(Scope, ACloseThatTakesTooLongNamesWhoIsLeft) {
  EventLoop loop(std::make_unique<SimPoller>());
  Stage stage(loop);
  Scope scope(loop);
  Scope closer(loop);
  std::string outcome;
  scope.spawn("deaf one", deaf, &stage);
  scope.spawn("bystander", bystander, &stage);
  closer.spawn("closer", close_scope, &scope, loop.deadline_in(1s), &outcome);
  for (int turns = 0; turns < 100 && !closer.empty(); ++turns) loop.turn(Deadline::never());
  EXPECT_EQ(outcome, "still running: deaf one");
  stage.bell.notify_all();
  loop.turn(kAtOnce);
  stage.bell.notify_all();
  loop.turn(kAtOnce);
  EXPECT_TRUE(scope.empty());
}

TEST(Scope, ATaskMaySpawnIntoItsOwnScopeAndIdleWaitsForAll) {
  EventLoop loop(std::make_unique<SimPoller>());
  Stage stage(loop);
  struct Breed {
    static Task<void> run(Scope* scope, Stage* s, int depth) {
      if (depth > 0) scope->spawn("child", Breed::run, scope, s, depth - 1);
      co_await leg(s, 1s);
      ++s->reached;
    }
  };
  Scope scope(loop);
  scope.spawn("root", Breed::run, &scope, &stage, 9);
  EXPECT_EQ(scope.size(), 10U);
  for (int turns = 0; turns < 100 && !scope.empty(); ++turns) loop.turn(Deadline::never());
  EXPECT_EQ(stage.reached, 10);
}

/// A task with two legs of its own, one of which is over when the cancellation comes.
Task<void> leader(Stage* stage, Scope* self, bool twice, bool* cancelled_after) {
  Scope legs(self->loop());
  legs.spawn("short leg", leg, stage, Nanos(1ms));
  legs.spawn("long leg", leg, stage, Nanos(1h));
  co_await leg(stage, 10ms);
  if (twice) stage->loop.post([self] { self->cancel(); });
  stage->loop.post([self] { self->cancel(); });
  co_await legs.join();
  EXPECT_TRUE(legs.empty());
  const TaskContext& context = co_await this_context();
  *cancelled_after = context.cancelled;
}

TEST(Scope, JoinOutlastsCancellationAndHandsItOn) {
  for (const bool twice : {false, true}) {
    EventLoop loop(std::make_unique<SimPoller>());
    Stage stage(loop);
    Scope scope(loop);
    bool cancelled = false;
    scope.spawn("leader", leader, &stage, &scope, twice, &cancelled);
    for (int turns = 0; turns < 100 && !scope.empty(); ++turns) loop.turn(Deadline::never());
    EXPECT_TRUE(scope.empty());
    EXPECT_TRUE(cancelled);
  }
}

}  // namespace
}  // namespace hf::runtime
