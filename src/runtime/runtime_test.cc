#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "runtime/any_of.h"
#include "runtime/epoll_poller.h"
#include "runtime/event_loop.h"
#include "runtime/scope.h"
#include "runtime/signal.h"
#include "runtime/sim_poller.h"
#include "runtime/timer_heap.h"
#include "base/random.h"

namespace hf::runtime {
namespace {

std::unique_ptr<EventLoop> simulated() { return std::make_unique<EventLoop>(std::make_unique<SimPoller>()); }

void run_until_empty(EventLoop& loop, Scope& scope, int most_turns = 100000) {
  while (!scope.empty() && most_turns-- > 0) loop.turn(Deadline::never());
  ASSERT_TRUE(scope.empty());
}

Task<void> note_after(EventLoop* loop, std::vector<std::string>* notes, Nanos delay, std::string note) {
  const Result<void> slept = co_await sleep_until(loop->deadline_in(delay));
  notes->push_back(slept.ok() ? note : note + " cancelled");
}

TEST(Sleep, TasksWakeInTheOrderOfTheirDeadlines) {
  auto loop = simulated();
  std::vector<std::string> notes;
  Scope scope(*loop);
  scope.spawn("b", note_after, loop.get(), &notes, Nanos(20ms), std::string("b"));
  scope.spawn("a", note_after, loop.get(), &notes, Nanos(10ms), std::string("a"));
  scope.spawn("c", note_after, loop.get(), &notes, Nanos(8h), std::string("c"));
  run_until_empty(*loop, scope);
  EXPECT_EQ(notes, (std::vector<std::string>{"a", "b", "c"}));
}

TEST(Scope, CancelResumesEveryLeafWithCancelled) {
  auto loop = simulated();
  std::vector<std::string> notes;
  Scope scope(*loop);
  scope.spawn("a", note_after, loop.get(), &notes, Nanos(1h), std::string("a"));
  scope.spawn("b", note_after, loop.get(), &notes, Nanos(2h), std::string("b"));
  scope.cancel();
  run_until_empty(*loop, scope);
  EXPECT_EQ(notes.size(), 2u);
  for (const std::string& note : notes) EXPECT_TRUE(note.ends_with(" cancelled"));
}

Task<Result<int>> count_down(int depth) {
  if (depth == 0) co_return 0;
  Result<int> below = co_await count_down(depth - 1);
  co_return *below + 1;
}

Task<void> deep(int* out) {
  Result<int> result = co_await count_down(100000);
  *out = *result;
}

TEST(Task, DeepAwaitingDoesNotGrowTheStack) {
  auto loop = simulated();
  int out = 0;
  Scope scope(*loop);
  scope.spawn("deep", deep, &out);
  run_until_empty(*loop, scope);
  EXPECT_EQ(out, 100000);
}

Task<void> wait_signal(Signal* signal, Deadline deadline, std::vector<std::string>* notes) {
  const Result<void> waited = co_await signal->wait(deadline);
  notes->push_back(waited.ok() ? "notified" : std::string(to_string(waited.error().code)));
}

TEST(Signal, NotifiesTheLongestWaiterFirstAndTimesOutTheRest) {
  auto loop = simulated();
  std::vector<std::string> notes;
  Signal signal(*loop);
  Scope scope(*loop);
  scope.spawn("a", wait_signal, &signal, loop->deadline_in(1s), &notes);
  scope.spawn("b", wait_signal, &signal, loop->deadline_in(1s), &notes);
  EXPECT_TRUE(signal.notify_one());
  run_until_empty(*loop, scope);
  EXPECT_EQ(notes, (std::vector<std::string>{"notified", "timeout"}));
  EXPECT_FALSE(signal.notify_one());
}

Task<void> nap(EventLoop* loop, Nanos delay, int* ended) {
  const Result<void> slept = co_await sleep_until(loop->deadline_in(delay));
  *ended += slept.ok() ? 1 : 100;
}

struct Nap {
  EventLoop* loop;
  Nanos delay;
  int* ended;
  Task<void> operator()() const { return nap(loop, delay, ended); }
};

Task<void> race(EventLoop* loop, std::size_t* winner, int* ended) {
  const Nap slow{loop, 1h, ended};
  const Nap fast{loop, 1ms, ended};
  *winner = co_await any_of(*loop, slow, fast);
}

TEST(AnyOf, ReturnsTheFirstAndAwaitsTheCancelledLoser) {
  auto loop = simulated();
  std::size_t winner = 99;
  int ended = 0;
  Scope scope(*loop);
  const TimePoint start = loop->now();
  scope.spawn("race", race, loop.get(), &winner, &ended);
  run_until_empty(*loop, scope);
  EXPECT_EQ(winner, 1u);
  EXPECT_EQ(ended, 101);
  EXPECT_LT(loop->now() - start, Nanos(1s));
}

TEST(AnyOf, CancellingTheAwaiterCancelsEveryLeg) {
  auto loop = simulated();
  std::size_t winner = 99;
  int ended = 0;
  Scope scope(*loop);
  scope.spawn("race", race, loop.get(), &winner, &ended);
  scope.cancel();
  run_until_empty(*loop, scope);
  EXPECT_EQ(ended, 200);
}

struct CountingTimer final : Timer {
  int fired = 0;
  void on_timer() override { ++fired; }
};

TEST(TimerHeap, FiresExactlyWhatIsDueUnderRandomArmingAndDisarming) {
  Random random(7);
  TimerHeap heap;
  std::vector<std::unique_ptr<CountingTimer>> timers;
  for (int i = 0; i < 200; ++i) timers.push_back(std::make_unique<CountingTimer>());
  std::vector<std::int64_t> due(timers.size(), -1);
  std::vector<int> expected(timers.size(), 0);
  std::int64_t now = 0;
  for (int step = 0; step < 20000; ++step) {
    const std::size_t i = random.below(timers.size());
    switch (random.below(3)) {
      case 0:
        due[i] = now + static_cast<std::int64_t>(random.below(1000));
        heap.arm(*timers[i], TimePoint{due[i]});
        break;
      case 1:
        timers[i]->disarm();
        due[i] = -1;
        break;
      default:
        now += static_cast<std::int64_t>(random.below(50));
        heap.fire(TimePoint{now});
        for (std::size_t k = 0; k < due.size(); ++k) {
          if (due[k] >= 0 && due[k] <= now) {
            ++expected[k];
            due[k] = -1;
          }
        }
    }
  }
  for (std::size_t k = 0; k < due.size(); ++k) EXPECT_EQ(timers[k]->fired, expected[k]) << k;
}

TEST(EventLoop, PostedWorkOfAnotherThreadRunsInOrderAndStopEndsTheLoop) {
  EventLoop loop(std::make_unique<EpollPoller>());
  std::vector<int> seen;
  std::thread other([&] {
    for (int i = 0; i < 1000; ++i) loop.post([&seen, i] { seen.push_back(i); });
    loop.post([&loop] { loop.stop(); });
  });
  loop.run();
  other.join();
  ASSERT_EQ(seen.size(), 1000u);
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(seen[static_cast<std::size_t>(i)], i);
}

}  // namespace
}  // namespace hf::runtime
