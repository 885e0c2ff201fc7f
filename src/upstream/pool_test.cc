#include "upstream/pool.h"

#include "upstream/pool_fixture.h"

namespace hf::upstream {
namespace {

TEST_F(PoolTest, CountsWhatIsOpenLentAndIdle) {
  FakePointer connection = open(pool_);
  EXPECT_EQ(connection->slot, 0U);
  EXPECT_EQ(connection->key, kKey);
  EXPECT_EQ(pool_.lent(), 1U);
  EXPECT_EQ(open_places(), 1U);
  pool_.give(std::move(connection));
  EXPECT_EQ(pool_.lent(), 0U);
  EXPECT_EQ(pool_.idle(), 1U);
  EXPECT_TRUE(pool_.all()[0]->at_rest);
  EXPECT_EQ(open_places(), 1U);
  connection = pool_.take(kKey);
  ASSERT_NE(connection, nullptr);
  EXPECT_FALSE(connection->at_rest);
  EXPECT_EQ(pool_.idle(), 0U);
  connection.reset();
  EXPECT_EQ(pool_.open_connections(), 0U);
  EXPECT_EQ(open_places(), 0U);
}

TEST_F(PoolTest, TellsThatConnectionsCameOrWent) {
  const std::uint64_t before = pool_.changes();
  FakePointer connection = open(pool_);
  ASSERT_EQ(pool_.all().size(), 1U);
  EXPECT_EQ(pool_.all()[0], connection.get());
  const std::uint64_t opened = pool_.changes();
  EXPECT_NE(opened, before);
  const TimePoint lent = connection->lent_at;
  pool_.give(std::move(connection));
  loop_.advance(3s);
  connection = pool_.take(kKey);
  ASSERT_NE(connection, nullptr);
  EXPECT_EQ(connection->lent_at - lent, 3s);
  EXPECT_EQ(pool_.changes(), opened) << "lending changes nobody's account";
  connection.reset();
  EXPECT_NE(pool_.changes(), opened);
}

TEST_F(PoolTest, WhateverGoesFirstTheOthersStayKnown) {
  view_ = view_with(4);
  std::vector<FakePointer> open_ones;
  for (int i = 0; i < 4; ++i) open_ones.push_back(open(pool_));
  for (const std::size_t goes : {0U, 2U, 0U, 0U}) {  // the one that took the place of the first, next
    open_ones.erase(open_ones.begin() + static_cast<std::ptrdiff_t>(goes));
    std::vector<FakeConnection*> left;
    for (const FakePointer& each : open_ones) left.push_back(each.get());
    std::vector<FakeConnection*> known = pool_.all();
    std::sort(left.begin(), left.end());
    std::sort(known.begin(), known.end());
    EXPECT_EQ(known, left);
    EXPECT_EQ(open_places(), left.size());
  }
}

TEST_F(PoolTest, LendsOnlyToTheSameKeyAndWhatFitsBest) {
  view_ = view_with(5);
  const Fit fits[] = {Fit::kWell, Fit::kPerfectly, Fit::kPoorly, Fit::kWell, Fit::kNot};
  std::vector<FakePointer> open_ones;
  for (const Fit fit : fits) {
    open_ones.push_back(open(pool_));
    open_ones.back()->fit = fit;
  }
  std::vector<const FakeConnection*> known;
  for (FakePointer& each : open_ones) {
    known.push_back(each.get());
    pool_.give(std::move(each));
  }
  EXPECT_EQ(pool_.take(kOtherKey), nullptr);
  std::vector<FakePointer> taken;
  for (const std::size_t next : {1U, 3U, 0U, 2U}) {  // among equals the most recently used
    taken.push_back(pool_.take(kKey));
    EXPECT_EQ(taken.back().get(), known[next]);
  }
  EXPECT_EQ(pool_.take(kKey), nullptr) << "what does not fit at all stays";
  EXPECT_EQ(pool_.idle(), 1U);
}

TEST_F(PoolTest, CutClosesTheIdleAndBreaksTheLentWithTheReason) {
  FakePointer lent = open(pool_);
  pool_.give(open(pool_));
  pool_.cut({ErrorCode::kReset, "server 'db1' is down"});
  EXPECT_EQ(pool_.idle(), 0U);
  ASSERT_TRUE(lent->broken);
  EXPECT_EQ(lent->broken->context, "server 'db1' is down");
  EXPECT_EQ(open_places(), 1U);
  pool_.give(std::move(lent));  // not fit for reuse
  EXPECT_EQ(pool_.open_connections(), 0U);
  EXPECT_EQ(open_places(), 0U);
  EXPECT_EQ(server_.open, 0);
}

TEST_F(PoolTest, TrimClosesWhatIsOldOrUnusableAndKeepsTheRest) {
  view_ = view_with(3);
  FakePointer old = open(pool_);
  FakePointer young = open(pool_);
  FakeConnection* kept = young.get();
  pool_.give(std::move(old));
  loop_.advance(10s);
  pool_.give(std::move(young));
  pool_.trim(loop_->now() - Nanos(5s));
  EXPECT_EQ(pool_.idle(), 1U);
  EXPECT_EQ(open_places(), 1U);
  kept->broken = Error{ErrorCode::kReset, "gone"};
  EXPECT_EQ(pool_.take(kKey), nullptr);
  pool_.trim(loop_->now() - Nanos(5s));
  EXPECT_EQ(pool_.idle(), 0U);
  EXPECT_EQ(open_places(), 0U);
}

std::uint32_t account_of(std::uint64_t key) { return static_cast<std::uint32_t>(key / 10); }

TEST_F(PoolTest, TheIdleConnectionsOfOneAccountCanBeClosed) {
  view_ = view_with(4);
  std::vector<FakePointer> open_ones;
  for (const std::uint64_t key : {11U, 12U, 21U}) open_ones.push_back(open(pool_, key));
  const FakePointer lent = open(pool_, 11);
  for (FakePointer& each : open_ones) pool_.give(std::move(each));
  EXPECT_EQ(pool_.close_idle_of(1, account_of), 2U);
  EXPECT_EQ(pool_.idle(), 1U);
  EXPECT_NE(pool_.take(21), nullptr);
  EXPECT_TRUE(lent->usable());
}

TEST_F(PoolTest, TheReasonSaysWhoHasTheConnections) {
  FakePointer working = open(pool_);
  FakePointer kept = open(other_shard_);
  kept->at_rest = true;
  FakeWish wish;
  start(wish, pool_, kKey, 50ms);
  loop_.turn();
  loop_.advance(51ms);
  ASSERT_TRUE(loop_.run_until([&] { return wish.ended; }));
  EXPECT_EQ(wish.error->context,
            "all 2 connections to server 'db1' (max_server_connections) are in use: 1 at work, 1 kept by sessions "
            "between statements, 0 idle");
}

TEST_F(PoolTest, AConnectionBeyondItsAgeIsNotLentAndTrimClosesIt) {
  const PoolAges ages{.connection = 5min, .server_wait_timeout = Nanos(0)};
  pool_.give(open(pool_));
  loop_.advance(5min);
  FakePointer connection = pool_.take(kKey, ages);
  ASSERT_NE(connection, nullptr);
  pool_.give(std::move(connection));  // giving it back makes it no younger
  loop_.advance(1s);
  EXPECT_EQ(pool_.take(kKey, ages), nullptr);
  pool_.trim(TimePoint{0});
  EXPECT_EQ(pool_.idle(), 1U);  // without a limit it stays
  pool_.trim(TimePoint{0}, ages);
  EXPECT_EQ(pool_.idle(), 0U);
  EXPECT_EQ(open_places(), 0U);
}

TEST_F(PoolTest, AConnectionThatTheServerIsAboutToEndIsNotLent) {
  const PoolAges ages{.connection = Nanos(0), .server_wait_timeout = 60s};
  pool_.give(open(pool_));
  loop_.advance(59s);
  FakePointer connection = pool_.take(kKey, ages);
  ASSERT_NE(connection, nullptr);
  pool_.give(std::move(connection));
  loop_.advance(59s);
  pool_.trim(TimePoint{0}, ages);
  EXPECT_EQ(pool_.idle(), 1U);
  loop_.advance(1ms);
  EXPECT_EQ(pool_.take(kKey, ages), nullptr);
  EXPECT_NE(pool_.take(kKey), nullptr);
}

TEST(PoolAges, LeaveTheServerASecondOrAFifthOfItsPatience) {
  EXPECT_EQ((PoolAges{Nanos(0), 28800s}.longest_idle()), 28799s);
  EXPECT_EQ((PoolAges{Nanos(0), 5s}.longest_idle()), 4s);
  EXPECT_EQ((PoolAges{Nanos(0), 2s}.longest_idle()), 1600ms);
  EXPECT_EQ((PoolAges{Nanos(0), 1s}.longest_idle()), 800ms);
}

}  // namespace
}  // namespace hf::upstream
