#include "runtime/turns.h"

#include <gmock/gmock.h>

#include <memory>
#include <string>
#include <vector>

#include "runtime/scope.h"
#include "runtime/sim_poller.h"

namespace hf::runtime {
namespace {

struct Stage {
  EventLoop loop{std::make_unique<SimPoller>()};
  Turns turns{loop};
  int at_work = 0;
  std::vector<std::string> told;
  Scope scope{loop};

  void spawn(const char* name, Nanos work, Nanos patience) {
    scope.spawn("worker", worker, this, name, work, patience);
  }
  void run() {
    for (int i = 0; i < 1000 && !scope.empty(); ++i) loop.turn(Deadline::never());
    EXPECT_TRUE(scope.empty());
  }

  static Task<void> worker(Stage* stage, std::string name, Nanos work, Nanos patience);
};

/// Has the turn for `work`, if it comes within `patience`.
Task<void> Stage::worker(Stage* stage, std::string name, Nanos work, Nanos patience) {
  const Result<Turns::Turn> turn = co_await Turns::take(&stage->turns, stage->loop.deadline_in(patience));
  if (!turn.ok()) {
    stage->told.push_back(name + " " + std::string(to_string(turn.error().code)));
    co_return;
  }
  EXPECT_EQ(++stage->at_work, 1) << name;
  const Result<void> slept = co_await sleep_until(stage->loop.deadline_in(work));
  EXPECT_EQ(stage->at_work--, 1) << name;
  stage->told.push_back(name + (slept.ok() ? " worked" : " was cancelled"));
}

TEST(Turns, OneIsAtWorkWhileTheOthersWait) {
  Stage stage;
  for (const char* name : {"a", "b", "c"}) stage.spawn(name, 1s, 10s);
  stage.run();
  EXPECT_EQ(stage.told, (std::vector<std::string>{"a worked", "b worked", "c worked"}));
}

TEST(Turns, PatienceEndsAndTheNextGetsItAllTheSame) {
  Stage stage;
  stage.spawn("slow", 5s, 1s);
  stage.spawn("hasty", 1s, 2s);
  stage.spawn("patient", 1s, 10s);
  stage.run();
  EXPECT_EQ(stage.told, (std::vector<std::string>{"hasty timeout", "slow worked", "patient worked"}));
}

TEST(Turns, BehindCloseNobodyGetsOneAndWhoHasItGoesOn) {
  Stage stage;
  stage.spawn("first", 5s, 1s);
  stage.spawn("waiting", 1s, 10s);
  stage.loop.turn(Deadline{TimePoint{0}});
  stage.turns.close();
  stage.spawn("late", 1s, 10s);
  stage.run();
  EXPECT_EQ(stage.told, (std::vector<std::string>{"late closed", "waiting closed", "first worked"}));
}

TEST(Turns, CancelledInTheQueueOrWithTheTurnNobodyElseIsKept) {
  Stage stage;
  stage.spawn("first", 5s, 1s);
  stage.spawn("waiting", 1s, 10s);
  stage.loop.turn(Deadline{TimePoint{0}});
  stage.scope.cancel();
  stage.run();
  EXPECT_THAT(stage.told, testing::UnorderedElementsAre("first was cancelled", "waiting cancelled"));
  Scope later(stage.loop);
  later.spawn("worker", Stage::worker, &stage, std::string("next"), 1s, 1s);
  for (int i = 0; i < 100 && !later.empty(); ++i) stage.loop.turn(Deadline::never());
  EXPECT_EQ(stage.told.back(), "next worked");
}

}  // namespace
}  // namespace hf::runtime
