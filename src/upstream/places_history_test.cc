// Random histories of places and those who wait for them, on one thread and on two.
#include <gtest/gtest.h>

#include <atomic>
#include <deque>
#include <memory>
#include <string>
#include <thread>

#include "base/random.h"
#include "runtime/scope.h"
#include "runtime/stepped_loop_fake.h"
#include "upstream/places.h"

namespace hf::upstream {
namespace {

using runtime::EventLoop;
using runtime::Scope;
using runtime::SteppedLoop;
using runtime::Task;

struct Waiting final : PlaceWait {
  using PlaceWait::PlaceWait;
  int handed = 0;
};

/// A shard whose clients take what is idle, or wait for a place or for what another one returns: as a pool does,
/// without servers.
class MiniPool final : private PlaceHolder {
 public:
  MiniPool(EventLoop& loop, const std::shared_ptr<Places>& places, std::atomic<int>& held)
      : held_(held), desk_(loop, places, *this) {}

  PlaceDesk& desk() { return desk_; }
  bool take_idle() {
    if (idle_ == 0) return false;
    --idle_;
    return true;
  }
  /// A place was taken or granted: a thing is made in it.
  void made() { held_.fetch_add(1); }
  void give_back(std::uint64_t kind) {
    if (!desk_.places().wanted()) {
      ++idle_;
    } else if (desk_.heir(kind) == nullptr) {
      close();
    }
  }
  bool close_idle() override {
    if (idle_ == 0) return false;
    --idle_;
    close();
    return true;
  }

 private:
  void ask() override {}
  PlaceUse use() const override { return {idle_, 0}; }
  void close() {
    held_.fetch_sub(1);
    desk_.give();
  }

  std::atomic<int>& held_;
  std::uint32_t idle_ = 0;
  PlaceDesk desk_;
};

struct Tally {
  int served = 0;
  int timed_out = 0;
  int cancelled = 0;
};

/// What one client does again and again.
struct Client {
  EventLoop* loop;
  MiniPool* pool;
  Random* random;
  Tally* tally;
  std::atomic<int>* held;
  int most_ever;

  static Task<void> one_turn(EventLoop* loop) {
    const Result<void> slept = co_await runtime::sleep_until(Deadline{loop->now()});
    (void)slept;
  }

  /// Has a thing for some turns; whatever happens, it comes back.
  static Task<void> use_once(Client* self, std::uint64_t kind, Deadline deadline) {
    bool have = self->pool->take_idle();
    if (!have) {
      Waiting waiting(self->pool->desk(), kind, deadline);
      const Result<PlaceWait::Outcome> waited = co_await waiting;
      if (!waited.ok()) {
        ++(waited.error().code == ErrorCode::kTimeout ? self->tally->timed_out : self->tally->cancelled);
        co_return;
      }
      if (*waited == PlaceWait::Outcome::kPlace) self->pool->made();
    }
    EXPECT_LE(self->held->load(), self->most_ever);
    for (std::uint64_t turns = self->random->below(3); turns > 0; --turns) co_await one_turn(self->loop);
    ++self->tally->served;
    self->pool->give_back(kind);
  }

  static Task<void> live(Client self, int rounds) {
    for (int round = 0; round < rounds; ++round) {
      const std::uint64_t fate = self.random->below(8);
      const Deadline deadline = fate == 0 ? self.loop->deadline_in(Micros(self.random->below(300))) : Deadline::never();
      Scope attempt(*self.loop);
      attempt.spawn("use once", use_once, &self, 1 + self.random->below(2), deadline);
      if (fate == 1) {
        co_await one_turn(self.loop);
        attempt.cancel();
      }
      const Result<void> ended = co_await attempt.idle(Deadline::never());
      EXPECT_TRUE(ended.ok());
    }
  }
};

TEST(PlacesHistory, InAnyOrderOfEventsTheLimitHoldsNobodyStarvesAndNothingIsLost) {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    Random random(seed);
    SteppedLoop loop;
    const auto most = static_cast<std::uint32_t>(1 + random.below(4));
    const auto places = std::make_shared<Places>(most);
    std::atomic<int> held{0};
    std::deque<MiniPool> pools;
    for (int shard = 0; shard < 3; ++shard) pools.emplace_back(*loop, places, held);
    Tally tally;
    Scope clients(*loop);
    for (int i = 0; i < 12; ++i) {
      clients.spawn("client", Client::live, Client{loop.get(), &pools[random.below(3)], &random, &tally, &held, 6}, 30);
    }
    int turns = 0;
    for (; !clients.empty() && turns < 100000; ++turns) {
      loop.advance(Micros(random.below(200)));
      if (random.below(200) == 0) places->set_most(static_cast<std::uint32_t>(1 + random.below(6)));
    }
    ASSERT_TRUE(clients.empty()) << "seed " << seed << ": somebody waits for ever";
    EXPECT_EQ(tally.served + tally.timed_out + tally.cancelled, 12 * 30) << seed;
    for (MiniPool& pool : pools) {
      while (pool.close_idle()) {}
    }
    EXPECT_EQ(held, 0) << seed;
    EXPECT_EQ(places->taken(), 0U) << seed;
    EXPECT_EQ(places->waiting(), 0U) << seed;
    EXPECT_FALSE(places->wanted()) << seed;
    loop.advance(Nanos(0));
  }
}

TEST(PlacesHistory, OverTwoThreadsTheLimitHoldsNobodyStarvesAndNothingIsLost) {
  constexpr std::uint32_t kMost = 3;
  constexpr int kClients = 16;
  constexpr int kRounds = 400;
  const auto places = std::make_shared<Places>(kMost);
  std::atomic<int> held{0};
  Tally tallies[2];
  std::vector<std::thread> threads;
  for (std::size_t shard = 0; shard < 2; ++shard) {
    threads.emplace_back([&, shard] {
      Random random(100 + shard);
      EventLoop loop(std::make_unique<runtime::EpollPoller>());
      MiniPool pool(loop, places, held);
      Scope clients(loop);
      for (int i = 0; i < kClients; ++i) {
        clients.spawn("client", Client::live, Client{&loop, &pool, &random, &tallies[shard], &held, kMost}, kRounds);
      }
      while (!clients.empty()) loop.turn(Deadline::never());  // a wake-up that is lost hangs here
      while (pool.close_idle()) {}
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const Tally& tally : tallies) {
    EXPECT_EQ(tally.served + tally.timed_out + tally.cancelled, kClients * kRounds);
    EXPECT_GT(tally.served, kClients * kRounds / 2);
  }
  EXPECT_EQ(held, 0);
  EXPECT_EQ(places->taken(), 0U);
  EXPECT_EQ(places->waiting(), 0U);
}

}  // namespace
}  // namespace hf::upstream
