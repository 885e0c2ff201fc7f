// What a turn guarantees: posted work, fairness between handlers, timers and tasks.
#include "runtime/event_loop.h"

#include <gtest/gtest.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "runtime/epoll_poller.h"
#include "runtime/scope.h"
#include "runtime/signal.h"
#include "runtime/sim_poller.h"

namespace hf::runtime {
namespace {

const Deadline kAtOnce{TimePoint{0}};

/// Always has more to do: comes back every turn, as a stream does that was stopped before its socket was drained.
struct Firehose final : IoHandler {
  Firehose(EventLoop& l, std::vector<char>& n, char c) : loop(l), notes(n), name(c) {}
  void on_ready(std::uint32_t readiness) override {
    EXPECT_EQ(readiness, static_cast<std::uint32_t>(kReadable));
    notes.push_back(name);
    if (going) loop.ready_next_turn(*this, kReadable);
  }
  EventLoop& loop;
  std::vector<char>& notes;
  char name;
  bool going = true;
};

struct OneShot final : Timer {
  explicit OneShot(std::vector<char>& n) : notes(n) {}
  void on_timer() override { notes.push_back('t'); }
  std::vector<char>& notes;
};

TEST(ReadyNextTurn, CallsBackOncePerTurnAndNotInTheSame) {
  EventLoop loop(std::make_unique<SimPoller>());
  std::vector<char> notes;
  Firehose a(loop, notes, 'a');
  loop.ready_next_turn(a, kReadable);
  EXPECT_TRUE(notes.empty());
  for (std::size_t turn = 1; turn <= 5; ++turn) {
    loop.turn(Deadline::never());  // does not wait: there is work
    EXPECT_EQ(notes.size(), turn);
  }
  a.going = false;
  loop.turn(kAtOnce);
  loop.turn(kAtOnce);
  EXPECT_EQ(notes.size(), 6U);
}

TEST(ReadyNextTurn, FirehosesTakeTurnsAndStarveNeitherTimersNorPostedWorkNorOtherDescriptors) {
  EventLoop loop(std::make_unique<EpollPoller>());
  std::vector<char> notes;
  Firehose a(loop, notes, 'a');
  Firehose b(loop, notes, 'b');
  struct Quiet final : IoHandler {
    explicit Quiet(std::vector<char>& n) : notes(n) {}
    void on_ready(std::uint32_t readiness) override {
      if ((readiness & kReadable) != 0) notes.push_back('q');
    }
    std::vector<char>& notes;
  } quiet(notes);
  const int fd = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  ASSERT_TRUE(loop.poller().add(fd, quiet).ok());
  loop.turn(kAtOnce);
  notes.clear();

  OneShot timer(notes);
  loop.ready_next_turn(a, kReadable);
  loop.ready_next_turn(b, kReadable);
  loop.arm(timer, loop.now());
  loop.post([&] { notes.push_back('p'); });
  const std::uint64_t one = 1;
  ASSERT_EQ(::write(fd, &one, sizeof one), 8);
  loop.turn(kAtOnce);
  std::vector<char> sorted = notes;
  std::sort(sorted.begin(), sorted.end());
  EXPECT_EQ(std::string(sorted.begin(), sorted.end()), "abpqt");
  notes.clear();
  for (int i = 0; i < 3; ++i) loop.turn(kAtOnce);
  EXPECT_EQ(std::string(notes.begin(), notes.end()), "ababab");
  loop.forget(a);
  loop.forget(b);
  loop.poller().remove(fd, quiet);
  ::close(fd);
}

TEST(ReadyNextTurn, AskedForByAHandlerOfThisTurnItComesInTheNext) {
  EventLoop loop(std::make_unique<EpollPoller>());
  std::vector<char> notes;
  Firehose hose(loop, notes, 'h');
  struct Asks final : IoHandler {
    Asks(EventLoop& l, Firehose& h) : loop(l), hose(h) {}
    void on_ready(std::uint32_t /*readiness*/) override { loop.ready_next_turn(hose, kReadable); }
    EventLoop& loop;
    Firehose& hose;
  } asks(loop, hose);
  hose.going = false;
  const int fd = ::eventfd(1, EFD_CLOEXEC | EFD_NONBLOCK);
  ASSERT_TRUE(loop.poller().add(fd, asks).ok());
  loop.turn(kAtOnce);
  EXPECT_TRUE(notes.empty());
  loop.turn(kAtOnce);
  EXPECT_EQ(notes.size(), 1U);
  loop.poller().remove(fd, asks);
  ::close(fd);
}

TEST(ReadyNextTurn, AForgottenHandlerIsNotCalledEvenInTheTurnAtHand) {
  EventLoop loop(std::make_unique<SimPoller>());
  std::vector<char> notes;
  Firehose victim(loop, notes, 'v');
  struct Killer final : IoHandler {
    Killer(EventLoop& l, IoHandler& v) : loop(l), victim(v) {}
    void on_ready(std::uint32_t /*readiness*/) override { loop.forget(victim); }
    EventLoop& loop;
    IoHandler& victim;
  } killer(loop, victim);
  loop.ready_next_turn(killer, kReadable);
  loop.ready_next_turn(victim, kReadable);
  loop.turn(kAtOnce);
  EXPECT_TRUE(notes.empty());
}

Task<void> ping_pong(Signal* mine, Signal* other, int* rounds, const bool* stop) {
  while (!*stop) {
    other->notify_one();
    const Result<void> waited = co_await mine->wait(Deadline::never());
    if (!waited.ok()) co_return;
    ++*rounds;
  }
}

TEST(EventLoop, TasksThatWakeEachOtherForEverDoNotKeepTimersFromFiring) {
  EventLoop loop(std::make_unique<EpollPoller>());
  Signal a(loop);
  Signal b(loop);
  int rounds = 0;
  bool stop = false;
  std::vector<char> notes;
  OneShot timer(notes);
  {
    Scope scope(loop);
    scope.spawn("a", ping_pong, &a, &b, &rounds, &stop);
    scope.spawn("b", ping_pong, &b, &a, &rounds, &stop);
    loop.arm(timer, loop.now());
    for (int turn = 0; turn < 3; ++turn) loop.turn(kAtOnce);
    EXPECT_EQ(notes.size(), 1U);
    EXPECT_GT(rounds, 8);
    EXPECT_LT(rounds, 100);
    stop = true;
    scope.cancel();
    while (!scope.empty()) loop.turn(kAtOnce);
  }
}

TEST(Post, WorkPostedByWorkRunsInTheNextTurn) {
  EventLoop loop(std::make_unique<EpollPoller>());
  std::vector<int> seen;
  loop.post([&] {
    seen.push_back(1);
    loop.post([&] { seen.push_back(2); });
  });
  loop.turn(Deadline::never());
  EXPECT_EQ(seen, std::vector<int>{1});
  loop.turn(Deadline::never());
  EXPECT_EQ(seen, (std::vector<int>{1, 2}));
}

TEST(Post, ManyThreadsPostEachInItsOwnOrderAndNothingIsLost) {
  constexpr std::size_t kThreads = 4;
  constexpr std::size_t kEach = 5000;
  EventLoop loop(std::make_unique<EpollPoller>());
  std::vector<std::vector<std::size_t>> seen(kThreads);
  std::size_t total = 0;
  std::vector<std::thread> threads;
  for (std::size_t t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (std::size_t i = 0; i < kEach; ++i) {
        loop.post([&, t, i] {
          seen[t].push_back(i);
          ++total;
        });
      }
    });
  }
  while (total < kThreads * kEach) loop.turn(Deadline::never());  // sleeps until woken: a lost wake-up hangs here
  for (std::thread& thread : threads) thread.join();
  for (const std::vector<std::size_t>& each : seen) {
    ASSERT_EQ(each.size(), kEach);
    EXPECT_TRUE(std::is_sorted(each.begin(), each.end()));
  }
}

TEST(Post, TwoLoopsAnswerEachOther) {
  EventLoop one(std::make_unique<EpollPoller>());
  EventLoop two(std::make_unique<EpollPoller>());
  std::thread other([&] { two.run(); });
  int answers = 0;
  for (int i = 0; i < 1000; ++i) {
    two.post([&] { one.post([&] { ++answers; }); });
    while (answers <= i) one.turn(Deadline::never());
  }
  two.stop();
  other.join();
  EXPECT_EQ(answers, 1000);
}

TEST(EventLoop, AStopBeforeTheRunEndsItAndTheLoopCanRunAgain) {
  EventLoop loop(std::make_unique<EpollPoller>());
  loop.stop();
  loop.run();
  bool ran = false;
  loop.post([&] {
    ran = true;
    loop.stop();
  });
  loop.run();
  EXPECT_TRUE(ran);
}

struct Writer final : Flushable {
  Writer(EventLoop& l, std::vector<int>& n, int i) : loop(l), notes(n), id(i) {}
  void flush() override { notes.push_back(id); }
  EventLoop& loop;
  std::vector<int>& notes;
  int id;
};

TEST(Flush, HappensOncePerTurnAfterAllWorkAndNotForTheCancelled) {
  EventLoop loop(std::make_unique<EpollPoller>());
  std::vector<int> notes;
  Writer a(loop, notes, 1);
  Writer b(loop, notes, 2);
  loop.post([&] {
    loop.schedule_flush(a);
    loop.schedule_flush(b);
    loop.schedule_flush(a);
    loop.cancel_flush(b);
    notes.push_back(0);
  });
  loop.turn(Deadline::never());
  EXPECT_EQ(notes, (std::vector<int>{0, 1}));
  loop.schedule_flush(b);
  loop.turn(kAtOnce);
  EXPECT_EQ(notes, (std::vector<int>{0, 1, 2}));
}

TEST(Buffers, AreKeptEmptyAndOnlyWhenNotTooLarge) {
  EventLoop loop(std::make_unique<SimPoller>());
  std::string buffer(1000, 'x');
  const char* memory = buffer.data();
  loop.give_buffer(std::move(buffer));
  std::string again = loop.take_buffer();
  EXPECT_TRUE(again.empty());
  EXPECT_EQ(again.data(), memory);
  loop.give_buffer(std::string(1'000'000, 'x'));
  EXPECT_LT(loop.take_buffer().capacity(), 1'000'000U);
}

}  // namespace
}  // namespace hf::runtime
