#include "upstream/pool_fixture.h"

namespace hf::upstream {
namespace {

TEST_F(PoolTest, AtTheLimitAWaiterGetsTheOneThatIsReturned) {
  FakePointer first = open(pool_);
  FakePointer second = open(pool_);
  FakeWish wish;
  start(wish, pool_);
  loop_.turn();
  EXPECT_EQ(wish.outcome(), "waiting");
  EXPECT_EQ(waiting(), 1U);
  const FakeConnection* returned = second.get();
  pool_.give(std::move(second));
  ASSERT_TRUE(loop_.run_until([&] { return wish.ended; }));
  EXPECT_EQ(wish.connection.get(), returned);
  EXPECT_EQ(waiting(), 0U);
  EXPECT_EQ(open_places(), 2U);
  EXPECT_EQ(server_.connected, 2);
}

TEST_F(PoolTest, WaitersAreServedInTheOrderTheyCame) {
  view_ = view_with(1);
  FakePointer only = open(pool_);
  FakeWish wishes[3];
  for (FakeWish& wish : wishes) start(wish, pool_);
  for (FakeWish& wish : wishes) {
    EXPECT_EQ(wish.outcome(), "waiting");
    pool_.give(std::move(only));
    ASSERT_TRUE(loop_.run_until([&] { return wish.ended; }));
    only = std::move(wish.connection);
    ASSERT_NE(only, nullptr);
  }
  EXPECT_EQ(server_.connected, 1);
}

TEST_F(PoolTest, AConnectionThatEndsFreesItsPlaceForAWaiter) {
  view_ = view_with(1);
  FakePointer only = open(pool_);
  FakeWish wish;
  start(wish, pool_);
  only.reset();
  ASSERT_TRUE(loop_.run_until([&] { return wish.ended; }));
  EXPECT_EQ(wish.outcome(), "ok");
  EXPECT_EQ(server_.connected, 2);
  EXPECT_EQ(open_places(), 1U);
}

TEST_F(PoolTest, AnIdleConnectionOfAnotherKeyMakesRoom) {
  view_ = view_with(1);
  pool_.give(open(pool_));
  const FakePointer other = open(pool_, kOtherKey);
  EXPECT_EQ(other->key, kOtherKey);
  EXPECT_EQ(pool_.idle(), 0U);
  EXPECT_EQ(open_places(), 1U);
}

TEST_F(PoolTest, AConnectionOfAnotherKeyThatIsReturnedMakesRoomForAWaiter) {
  view_ = view_with(1);
  FakePointer only = open(pool_);
  FakeWish wish;
  start(wish, pool_, kOtherKey);
  pool_.give(std::move(only));
  ASSERT_TRUE(loop_.run_until([&] { return wish.ended; }));
  ASSERT_EQ(wish.outcome(), "ok");
  EXPECT_EQ(wish.connection->key, kOtherKey);
  EXPECT_EQ(open_places(), 1U);
}

TEST_F(PoolTest, WhoeverWaitsForAPlaceAsksTheSessionsForOne) {
  view_ = view_with(1);
  int asked = 0;
  pool_.on_pressure([&] { ++asked; });
  FakePointer only = open(pool_);
  EXPECT_EQ(asked, 0);
  FakeWish wish;
  start(wish, pool_);
  EXPECT_EQ(asked, 1);
  loop_.advance(21ms);
  EXPECT_EQ(asked, 2);
  pool_.give(std::move(only));
  EXPECT_TRUE(loop_.run_until([&] { return wish.ended; }));
}

TEST_F(PoolTest, WithoutAPlaceUntilTheDeadlineTheReasonNamesTheLimit) {
  view_ = view_with(1);
  const FakePointer only = open(pool_);
  FakeWish wish;
  start(wish, pool_, kKey, 50ms);
  loop_.advance(40ms);
  EXPECT_EQ(wish.outcome(), "waiting");
  loop_.advance(11ms);
  ASSERT_TRUE(loop_.run_until([&] { return wish.ended; }));
  EXPECT_EQ(wish.outcome(), to_string(ErrorCode::kNoPlace));
  EXPECT_NE(
      wish.error->context.find("all 1 connections to server 'db1' (max_server_connections) are in use: 1 at work"),
      std::string::npos)
      << wish.error->context;
  EXPECT_EQ(waiting(), 0U);
  EXPECT_EQ(open_places(), 1U);
}

TEST_F(PoolTest, CancelEndsTheWaitForAPlaceAndTheConnecting) {
  view_ = view_with(1);
  FakePointer only = open(pool_);
  FakeWish wish;
  start(wish, pool_);
  loop_->post([this] { scope_.cancel(); });
  ASSERT_TRUE(loop_.run_until_empty(scope_));
  EXPECT_EQ(wish.outcome(), to_string(ErrorCode::kCancelled));
  EXPECT_EQ(waiting(), 0U);
  only.reset();
  runtime::Signal answers(*loop_);
  server_.answers = &answers;
  FakeWish connecting;
  start(connecting, pool_);
  EXPECT_EQ(open_places(), 1U);
  loop_->post([this] { scope_.cancel(); });
  ASSERT_TRUE(loop_.run_until_empty(scope_));
  EXPECT_EQ(connecting.outcome(), to_string(ErrorCode::kCancelled));
  EXPECT_EQ(open_places(), 0U);
}

TEST_F(PoolTest, AFailedConnectGivesItsPlaceBackAndNamesTheServer) {
  view_ = view_with(1);
  server_.refuses = true;
  FakeWish wish;
  start(wish, pool_);
  ASSERT_TRUE(loop_.run_until([&] { return wish.ended; }));
  EXPECT_EQ(wish.outcome(), to_string(ErrorCode::kRefused));
  EXPECT_EQ(wish.error->context.find("server 'db1': "), 0U) << wish.error->context;
  EXPECT_EQ(open_places(), 0U);
  EXPECT_EQ(pool_.open_connections(), 0U);
}

TEST_F(PoolTest, APlaceGivenUpByAnotherShardIsHadAtOnce) {
  view_ = view_with(1);
  FakePointer theirs = open(other_shard_);
  FakeWish wish;
  start(wish, pool_);
  loop_.turn();
  EXPECT_EQ(wish.outcome(), "waiting");
  other_shard_.give(std::move(theirs));  // wanted elsewhere: closed, not kept
  EXPECT_EQ(other_shard_.idle(), 0U);
  EXPECT_EQ(other_shard_.open_connections(), 0U);
  EXPECT_EQ(open_places(), 1U);
  ASSERT_TRUE(loop_.run_until([&] { return wish.ended; }));  // the clock stands still
  EXPECT_EQ(wish.outcome(), "ok");
  EXPECT_EQ(pool_.lent(), 1U);
}

TEST_F(PoolTest, AnIdleConnectionOfAnotherShardMakesRoom) {
  view_ = view_with(1);
  other_shard_.give(open(other_shard_));
  EXPECT_EQ(other_shard_.idle(), 1U);
  FakeWish wish;
  start(wish, pool_);
  EXPECT_EQ(wish.outcome(), "waiting");
  ASSERT_TRUE(loop_.run_until([&] { return wish.ended; }));
  EXPECT_EQ(wish.outcome(), "ok");
  EXPECT_EQ(other_shard_.idle(), 0U);
}

TEST_F(PoolTest, WhatSessionsOfAnotherShardKeepForConvenienceIsAskedForAndHadAtOnce) {
  std::vector<FakePointer> kept;
  kept.push_back(open(other_shard_));
  kept.push_back(open(other_shard_));
  int asked = 0;
  other_shard_.on_pressure([&] {
    ++asked;
    for (FakePointer& connection : kept) other_shard_.give(std::move(connection));
    kept.clear();
  });
  FakeWish wishes[2];
  for (FakeWish& wish : wishes) start(wish, pool_);
  ASSERT_TRUE(loop_.run_until([&] { return wishes[0].ended && wishes[1].ended; }));
  for (const FakeWish& wish : wishes) EXPECT_EQ(wish.outcome(), "ok");
  EXPECT_EQ(asked, 1);
  EXPECT_FALSE(pool_.wanted());
}

TEST_F(PoolTest, ThousandsThatWaitAskTheSessionsOncePerStepAndEachReturnServesOne) {
  view_ = view_with(1);
  int asked = 0;
  int asked_there = 0;
  pool_.on_pressure([&] { ++asked; });
  other_shard_.on_pressure([&] { ++asked_there; });
  other_shard_.give(open(other_shard_, kOtherKey));
  FakePointer only = open(pool_);
  std::vector<FakeWish> wishes(8000);
  const int before = asked;
  for (FakeWish& wish : wishes) start(wish, pool_);
  loop_.turn();
  EXPECT_LE(asked, before + 1);
  for (int step = 0; step < 10; ++step) loop_.advance(Places::kStep);
  EXPECT_LE(asked, before + 11);
  EXPECT_LE(asked_there, 12);
  for (std::size_t i = 0; i < 100; ++i) {
    pool_.give(std::move(only));
    ASSERT_TRUE(loop_.run_until([&] { return wishes[i].ended; }));
    only = std::move(wishes[i].connection);
    ASSERT_NE(only, nullptr);
  }
  EXPECT_LE(asked, before + 11);
  EXPECT_EQ(waiting(), 7900U);
  loop_->post([this] { scope_.cancel(); });
  ASSERT_TRUE(loop_.run_until_empty(scope_));
  EXPECT_EQ(waiting(), 0U);
  EXPECT_EQ(server_.connected, 2);
}

TEST_F(PoolTest, ALowerLimitClosesWhatIsIdleAndWhatIsReturned) {
  view_ = view_with(3);
  FakePointer first = open(pool_);
  FakePointer second = open(pool_);
  pool_.give(open(pool_));
  view_ = view_with(1);
  loop_.turn();
  EXPECT_EQ(pool_.idle(), 0U);
  pool_.give(std::move(first));
  EXPECT_EQ(pool_.idle(), 0U);
  pool_.give(std::move(second));
  EXPECT_EQ(pool_.idle(), 1U);
  EXPECT_EQ(open_places(), 1U);
}

TEST_F(PoolTest, AConnectionOnItsWayIsPromisedToWhoWaitsFirst) {
  view_ = view_with(2);
  FakePointer one = open(pool_);
  FakePointer two = open(pool_);
  const FakeConnection* given = two.get();
  const auto of_heir = [&](std::uint64_t key) { return FakePool::Return(pool_, *one, key).note_of_heir(); };
  EXPECT_EQ(of_heir(kKey), std::nullopt);
  FakeWish other;
  FakeWish first;
  FakeWish second;
  first.note = 5;
  second.note = 6;
  start(other, pool_, kOtherKey);
  start(first, pool_);
  start(second, pool_);
  EXPECT_EQ(of_heir(kOtherKey), 0U);
  EXPECT_EQ(of_heir(kKey + kOtherKey), std::nullopt);
  EXPECT_EQ(of_heir(kKey), 5U);
  {
    const FakePool::Return promised(pool_, *one, kKey);
    const FakePool::Return next(pool_, *two, kKey);
    EXPECT_EQ(promised.note_of_heir(), 5U);
    EXPECT_EQ(next.note_of_heir(), 6U);
    EXPECT_EQ(of_heir(kKey), std::nullopt);
    pool_.give(std::move(two));
    ASSERT_TRUE(loop_.run_until([&] { return second.ended; }));
    EXPECT_EQ(second.connection.get(), given);
    EXPECT_FALSE(first.ended);
    pool_.give(std::move(second.connection));  // who is promised one may get another
    ASSERT_TRUE(loop_.run_until([&] { return first.ended; }));
    EXPECT_EQ(first.connection.get(), given);
  }
  EXPECT_EQ(of_heir(kKey), std::nullopt);
  first.connection.reset();
  ASSERT_TRUE(loop_.run_until([&] { return other.ended; }));
}

TEST_F(PoolTest, APromiseKeepsNobodyWaiting) {
  view_ = view_with(2);
  FakePointer one = open(pool_);
  FakePointer two = open(pool_);
  FakeWish first;
  FakeWish second;
  start(first, pool_);
  const FakePool::Return slow(pool_, *one, kKey);
  loop_.advance(Places::kOvertake + Nanos(1ms));
  start(second, pool_);
  const FakePool::Return next(pool_, *two, kKey);
  pool_.give(std::move(two));
  ASSERT_TRUE(loop_.run_until([&] { return first.ended; }));
  EXPECT_EQ(second.outcome(), "waiting");
  pool_.give(std::move(one));
  ASSERT_TRUE(loop_.run_until([&] { return second.ended; }));
}

TEST_F(PoolTest, APromiseDoesNotOutliveWhoWaits) {
  view_ = view_with(1);
  FakePointer only = open(pool_);
  FakeWish first;
  FakeWish second;
  start(first, pool_, kKey, 10ms);
  start(second, pool_);
  const FakePool::Return promised(pool_, *only, kKey);
  loop_.advance(11ms);
  ASSERT_TRUE(loop_.run_until([&] { return first.ended; }));
  EXPECT_EQ(second.outcome(), "waiting");
  pool_.give(std::move(only));
  ASSERT_TRUE(loop_.run_until([&] { return second.ended; }));
  EXPECT_EQ(second.outcome(), "ok");
}

TEST_F(PoolTest, OnesOwnWaitersComeBeforeThoseOfOtherShards) {
  view_ = view_with(1);
  FakePointer only = open(pool_);
  FakeWish theirs;
  FakeWish ours;
  start(theirs, other_shard_);
  start(ours, pool_);
  pool_.give(std::move(only));
  ASSERT_TRUE(loop_.run_until([&] { return ours.ended; }));
  EXPECT_EQ(ours.outcome(), "ok");
  EXPECT_EQ(theirs.outcome(), "waiting");
  ours.connection.reset();
  ASSERT_TRUE(loop_.run_until([&] { return theirs.ended; }));
  EXPECT_EQ(theirs.outcome(), "ok");
}

TEST_F(PoolTest, AWaiterOfAnotherShardIsNotOvertakenByOneWhoCameMuchLater) {
  view_ = view_with(1);
  FakePointer only = open(pool_);
  FakeWish theirs;
  FakeWish ours;
  start(theirs, other_shard_);
  loop_.advance(Places::kOvertake + Nanos(1ms));
  start(ours, pool_);
  pool_.give(std::move(only));
  ASSERT_TRUE(loop_.run_until([&] { return theirs.ended; }));
  EXPECT_EQ(theirs.outcome(), "ok");
  EXPECT_EQ(ours.outcome(), "waiting");
  theirs.connection.reset();
  ASSERT_TRUE(loop_.run_until([&] { return ours.ended; }));
  EXPECT_EQ(ours.outcome(), "ok");
}

TEST_F(PoolTest, AConnectionOpenedWithoutAPlaceIsCountedFromItsAdoption) {
  view_ = view_with(1);
  FakeWish wish;
  start_adoption(wish);
  ASSERT_TRUE(loop_.run_until([&] { return wish.ended; }));
  ASSERT_EQ(wish.outcome(), "ok");
  EXPECT_EQ(open_places(), 1U);
  EXPECT_EQ(pool_.lent(), 1U);
  pool_.give(std::move(wish.connection));
  EXPECT_NE(pool_.take(kKey), nullptr);
}

TEST_F(PoolTest, AnAdoptionWaitsForAPlaceAndIsHandedNothingInstead) {
  view_ = view_with(1);
  FakePointer only = open(pool_);
  FakeWish late;
  start_adoption(late, 50ms);
  ASSERT_TRUE(loop_.run_until([&] { return waiting() == 1; }));
  loop_.advance(51ms);
  ASSERT_TRUE(loop_.run_until([&] { return late.ended; }));
  EXPECT_EQ(late.outcome(), to_string(ErrorCode::kNoPlace));
  EXPECT_EQ(server_.open, 1) << "what is not adopted has ended";
  FakeWish wish;
  start_adoption(wish);
  ASSERT_TRUE(loop_.run_until([&] { return waiting() == 1; }));
  pool_.give(std::move(only));
  ASSERT_TRUE(loop_.run_until([&] { return wish.ended; }));
  EXPECT_EQ(wish.outcome(), "ok");
  EXPECT_EQ(pool_.open_connections(), 1U);
}

}  // namespace
}  // namespace hf::upstream
