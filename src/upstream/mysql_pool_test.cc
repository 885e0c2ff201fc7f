#include "upstream/mysql_pool.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "runtime/stepped_loop_fake.h"
#include "upstream/mysql_server_fake.h"

namespace hf::upstream {
namespace {

using runtime::Scope;
using runtime::SteppedLoop;
using runtime::Task;

constexpr std::uint64_t kKey = 7;
constexpr std::uint64_t kOtherKey = 8;

/// One wish for a connection, and what became of it.
struct Wish {
  std::uint64_t insert_id = 0;
  bool ended = false;
  MysqlConnectionPtr connection;
  std::optional<Error> error;

  std::string outcome() const { return !ended ? "waiting" : error ? std::string(to_string(error->code))
                                                                  : "ok"; }
};

Task<void> open_task(MysqlPool* pool, ServiceViewPtr view, const MysqlLogin* login, std::uint64_t key, Wish* wish, Deadline deadline) {
  Result<MysqlConnectionPtr> opened = co_await pool->open(view, *login, key, nullptr, deadline, wish->insert_id);
  if (opened.ok()) {
    wish->connection = std::move(*opened);
  } else {
    wish->error = opened.error();
  }
  wish->ended = true;
}

Task<void> adopt_task(MysqlPool* pool, ServiceViewPtr view, const MysqlLogin* login, Wish* wish, Deadline deadline) {
  runtime::TaskContext& self = co_await runtime::this_context();
  Result<MysqlConnectionPtr> opened = co_await connect_mysql(*self.loop, view->servers[0].address, *login, nullptr, Deadline::never());
  if (opened.ok()) opened = co_await pool->adopt(view, std::move(*opened), kKey, deadline);
  if (opened.ok()) {
    wish->connection = std::move(*opened);
  } else {
    wish->error = opened.error();
  }
  wish->ended = true;
}

Task<void> beside_task(MysqlPool* pool, ServiceViewPtr view, const MysqlLogin* login, Wish* wish, Deadline deadline) {
  Result<MysqlConnectionPtr> opened = co_await pool->open_beside(view, *login, nullptr, deadline);
  if (opened.ok()) {
    wish->connection = std::move(*opened);
  } else {
    wish->error = opened.error();
  }
  wish->ended = true;
}

/// One server, at most `most` connections to it, and pools that share the limit as shards do.
class MysqlPoolTest : public ::testing::Test {
 protected:
  ServiceViewPtr view_with(std::uint32_t most) {
    places_->set_most(most);
    auto config = std::make_shared<config::Config>();
    config->services.resize(1);
    config->services[0].name = "orders";
    auto view = std::make_shared<ServiceView>();
    view->service = config->services.data();
    view->config = std::move(config);
    ServerView& server = view->servers.emplace_back();
    server.name = "db1";
    server.address = server_.address();
    server.present = true;
    server.reachable = true;
    server.places = places_;
    return view;
  }

  void start(Wish& wish, MysqlPool& pool, std::uint64_t key = kKey, Nanos patience = 10s) {
    scope_.spawn("open", open_task, &pool, view_, &login_, key, &wish, loop_->deadline_in(patience));
  }
  void start_beside(Wish& wish, Nanos patience = 10s) {
    scope_.spawn("open_beside", beside_task, &pool_, view_, &login_, &wish, loop_->deadline_in(patience));
  }
  MysqlConnectionPtr open(MysqlPool& pool, std::uint64_t key = kKey) {
    Wish wish;
    start(wish, pool, key);
    EXPECT_TRUE(loop_.run_until([&] { return wish.ended; }));
    EXPECT_EQ(wish.outcome(), "ok");
    return std::move(wish.connection);
  }
  std::uint32_t open_places() const { return places_->taken(); }
  std::uint32_t waiting() const { return places_->waiting(); }

  std::size_t goodbyes() const {
    return static_cast<std::size_t>(std::count(server_.received().begin(), server_.received().end(), "\x01"));
  }

  /// Takes one more packet after the login.
  static ServerScript script() {
    ServerScript script = login_script();
    script.push_back(expect_step());
    return script;
  }

  SteppedLoop loop_;
  MysqlServerFake server_{*loop_, script()};
  std::shared_ptr<Places> places_ = std::make_shared<Places>(2);
  ServiceViewPtr view_ = view_with(2);
  MysqlLogin login_{{"app", "tiger", std::nullopt}, kFakeCapabilities, 45, "", ""};
  MysqlPool pool_{*loop_, 0};
  MysqlPool other_shard_{*loop_, 0};
  Scope scope_{*loop_};
};

TEST_F(MysqlPoolTest, CountsWhatIsOpenLentAndIdle) {
  MysqlConnectionPtr connection = open(pool_);
  EXPECT_EQ(connection->slot, 0U);
  EXPECT_EQ(connection->key, kKey);
  EXPECT_EQ(pool_.lent(), 1U);
  EXPECT_EQ(open_places(), 1U);
  pool_.give(std::move(connection));
  EXPECT_EQ(pool_.lent(), 0U);
  EXPECT_EQ(pool_.idle(), 1U);
  EXPECT_EQ(open_places(), 1U);
  connection = pool_.take(kKey, nullptr);
  ASSERT_NE(connection, nullptr);
  EXPECT_EQ(pool_.idle(), 0U);
  connection.reset();
  EXPECT_EQ(pool_.open_connections(), 0U);
  EXPECT_EQ(open_places(), 0U);
}

TEST_F(MysqlPoolTest, TellsWhoseItsConnectionsAreAndThatTheyCameOrWent) {
  const std::uint64_t before = pool_.changes();
  login_.account = "app@10.%";
  MysqlConnectionPtr connection = open(pool_);
  ASSERT_EQ(pool_.all().size(), 1U);
  EXPECT_EQ(pool_.all()[0]->account, "app@10.%");
  const std::uint64_t opened = pool_.changes();
  EXPECT_NE(opened, before);
  const TimePoint lent = connection->lent_at;
  pool_.give(std::move(connection));
  loop_.advance(3s);
  connection = pool_.take(kKey, nullptr);
  ASSERT_NE(connection, nullptr);
  EXPECT_EQ(connection->lent_at - lent, 3s);
  EXPECT_EQ(pool_.changes(), opened) << "lending changes nobody's account";
  connection.reset();
  EXPECT_NE(pool_.changes(), opened);
}

TEST_F(MysqlPoolTest, LendsOnlyToTheSameKeyAndPrefersTheSameState) {
  view_ = view_with(4);
  MysqlConnectionPtr first = open(pool_);
  MysqlConnectionPtr second = open(pool_);
  MysqlConnectionPtr third = open(pool_);
  const auto five = std::make_shared<const policy::session::Settings>("five", policy::session::Settings::Variables{});
  const auto six = std::make_shared<const policy::session::Settings>("six", policy::session::Settings::Variables{});
  for (const MysqlConnectionPtr* each : {&first, &second, &third}) (*each)->facts.tracking = true;
  first->facts.settings = five;
  second->facts.settings = six;
  third->facts.settings = five;
  third->facts.tracking = false;
  const MysqlConnection* clean = first.get();
  const MysqlConnection* latest = third.get();
  pool_.give(std::move(first));
  pool_.give(std::move(second));
  pool_.give(std::move(third));
  EXPECT_EQ(pool_.take(kOtherKey, five), nullptr);
  EXPECT_EQ(pool_.take(kKey, five).get(), clean);
  EXPECT_EQ(pool_.take(kKey, nullptr).get(), latest);  // none fits: the most recently used
}

TEST_F(MysqlPoolTest, AmongTheSameStateAnEntryOfTheSchemaThatIsLateEnoughIsPreferred) {
  view_ = view_with(4);
  MysqlConnectionPtr other = open(pool_);
  MysqlConnectionPtr entered = open(pool_);
  MysqlConnectionPtr early = open(pool_);
  const auto five = std::make_shared<const policy::session::Settings>("five", policy::session::Settings::Variables{});
  for (const MysqlConnectionPtr* each : {&other, &entered, &early}) (*each)->facts.tracking = true;
  entered->facts.settings = early->facts.settings = five;
  other->schema_entered = 9;
  entered->schema_entered = 5;
  early->schema_entered = 4;
  const MysqlConnection* late = entered.get();
  const MysqlConnection* latest = early.get();
  for (MysqlConnectionPtr* each : {&entered, &early, &other}) pool_.give(std::move(*each));
  MysqlConnectionPtr taken = pool_.take(kKey, five, {}, 5);
  EXPECT_EQ(taken.get(), late);
  pool_.give(std::move(taken));
  EXPECT_EQ(pool_.take(kKey, five, {}, 6).get(), late) << "none is: the most recently used of the same state";
  EXPECT_EQ(pool_.take(kKey, five).get(), latest);
}

TEST_F(MysqlPoolTest, AtTheLimitAWaiterGetsTheOneThatIsReturned) {
  MysqlConnectionPtr first = open(pool_);
  MysqlConnectionPtr second = open(pool_);
  Wish wish;
  start(wish, pool_);
  loop_.turn();
  EXPECT_EQ(wish.outcome(), "waiting");
  EXPECT_EQ(waiting(), 1U);
  const MysqlConnection* returned = second.get();
  pool_.give(std::move(second));
  ASSERT_TRUE(loop_.run_until([&] { return wish.ended; }));
  EXPECT_EQ(wish.connection.get(), returned);
  EXPECT_EQ(waiting(), 0U);
  EXPECT_EQ(open_places(), 2U);
  EXPECT_EQ(server_.accepted(), 2U);
}

TEST_F(MysqlPoolTest, WaitersAreServedInTheOrderTheyCame) {
  view_ = view_with(1);
  MysqlConnectionPtr only = open(pool_);
  Wish wishes[3];
  for (Wish& wish : wishes) start(wish, pool_);
  for (Wish& wish : wishes) {
    EXPECT_EQ(wish.outcome(), "waiting");
    pool_.give(std::move(only));
    ASSERT_TRUE(loop_.run_until([&] { return wish.ended; }));
    only = std::move(wish.connection);
    ASSERT_NE(only, nullptr);
  }
  EXPECT_EQ(server_.accepted(), 1U);
}

TEST_F(MysqlPoolTest, AConnectionThatEndsFreesItsPlaceForAWaiter) {
  view_ = view_with(1);
  MysqlConnectionPtr only = open(pool_);
  Wish wish;
  start(wish, pool_);
  only.reset();
  ASSERT_TRUE(loop_.run_until([&] { return wish.ended; }));
  EXPECT_EQ(wish.outcome(), "ok");
  EXPECT_EQ(server_.accepted(), 2U);
  EXPECT_EQ(open_places(), 1U);
}

TEST_F(MysqlPoolTest, AnIdleConnectionOfAnotherKeyMakesRoom) {
  view_ = view_with(1);
  pool_.give(open(pool_));
  const MysqlConnectionPtr other = open(pool_, kOtherKey);
  EXPECT_EQ(other->key, kOtherKey);
  EXPECT_EQ(pool_.idle(), 0U);
  EXPECT_EQ(open_places(), 1U);
}

TEST_F(MysqlPoolTest, AConnectionOfAnotherKeyThatIsReturnedMakesRoomForAWaiter) {
  view_ = view_with(1);
  MysqlConnectionPtr only = open(pool_);
  Wish wish;
  start(wish, pool_, kOtherKey);
  pool_.give(std::move(only));
  ASSERT_TRUE(loop_.run_until([&] { return wish.ended; }));
  ASSERT_EQ(wish.outcome(), "ok");
  EXPECT_EQ(wish.connection->key, kOtherKey);
  EXPECT_EQ(open_places(), 1U);
}

TEST_F(MysqlPoolTest, WhoeverWaitsForAPlaceAsksTheSessionsForOne) {
  view_ = view_with(1);
  int asked = 0;
  pool_.on_pressure([&] { ++asked; });
  MysqlConnectionPtr only = open(pool_);
  EXPECT_EQ(asked, 0);
  Wish wish;
  start(wish, pool_);
  EXPECT_EQ(asked, 1);
  loop_.advance(21ms);
  EXPECT_EQ(asked, 2);
  pool_.give(std::move(only));
  EXPECT_TRUE(loop_.run_until([&] { return wish.ended; }));
}

TEST_F(MysqlPoolTest, WithoutAPlaceUntilTheDeadlineTheReasonNamesTheLimit) {
  view_ = view_with(1);
  const MysqlConnectionPtr only = open(pool_);
  Wish wish;
  start(wish, pool_, kKey, 50ms);
  loop_.advance(40ms);
  EXPECT_EQ(wish.outcome(), "waiting");
  loop_.advance(11ms);
  ASSERT_TRUE(loop_.run_until([&] { return wish.ended; }));
  EXPECT_EQ(wish.outcome(), to_string(ErrorCode::kOverload));
  EXPECT_NE(wish.error->context.find("all 1 connections to server 'db1' (max_server_connections) are in use: 1 at work"), std::string::npos) << wish.error->context;
  EXPECT_EQ(waiting(), 0U);
  EXPECT_EQ(open_places(), 1U);
}

TEST_F(MysqlPoolTest, CancelEndsTheWaitForAPlaceAndTheConnecting) {
  view_ = view_with(1);
  MysqlConnectionPtr only = open(pool_);
  Wish wish;
  start(wish, pool_);
  loop_->post([this] { scope_.cancel(); });
  ASSERT_TRUE(loop_.run_until_empty(scope_));
  EXPECT_EQ(wish.outcome(), to_string(ErrorCode::kCancelled));
  EXPECT_EQ(waiting(), 0U);
  only.reset();
  Wish connecting;
  start(connecting, pool_);
  EXPECT_EQ(open_places(), 1U);
  loop_->post([this] { scope_.cancel(); });
  ASSERT_TRUE(loop_.run_until_empty(scope_));
  EXPECT_EQ(connecting.outcome(), to_string(ErrorCode::kCancelled));
  EXPECT_EQ(open_places(), 0U);
}

TEST_F(MysqlPoolTest, AFailedConnectGivesItsPlaceBackAndNamesTheServer) {
  auto refused = std::make_shared<ServiceView>(*view_with(1));
  { refused->servers[0].address = MysqlServerFake(*loop_, {}).address(); }
  view_ = refused;
  Wish wish;
  start(wish, pool_);
  ASSERT_TRUE(loop_.run_until([&] { return wish.ended; }));
  EXPECT_EQ(wish.outcome(), to_string(ErrorCode::kRefused));
  EXPECT_EQ(wish.error->context.find("server 'db1': "), 0U) << wish.error->context;
  EXPECT_EQ(open_places(), 0U);
  EXPECT_EQ(pool_.open_connections(), 0U);
}

TEST_F(MysqlPoolTest, APlaceGivenUpByAnotherShardIsHadAtOnce) {
  view_ = view_with(1);
  MysqlConnectionPtr theirs = open(other_shard_);
  Wish wish;
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

TEST_F(MysqlPoolTest, AnIdleConnectionOfAnotherShardMakesRoom) {
  view_ = view_with(1);
  other_shard_.give(open(other_shard_));
  EXPECT_EQ(other_shard_.idle(), 1U);
  Wish wish;
  start(wish, pool_);
  EXPECT_EQ(wish.outcome(), "waiting");
  ASSERT_TRUE(loop_.run_until([&] { return wish.ended; }));
  EXPECT_EQ(wish.outcome(), "ok");
  EXPECT_EQ(other_shard_.idle(), 0U);
}

TEST_F(MysqlPoolTest, WhatSessionsOfAnotherShardKeepForConvenienceIsAskedForAndHadAtOnce) {
  std::vector<MysqlConnectionPtr> kept;
  kept.push_back(open(other_shard_));
  kept.push_back(open(other_shard_));
  int asked = 0;
  other_shard_.on_pressure([&] {
    ++asked;
    for (MysqlConnectionPtr& connection : kept) other_shard_.give(std::move(connection));
    kept.clear();
  });
  Wish wishes[2];
  for (Wish& wish : wishes) start(wish, pool_);
  ASSERT_TRUE(loop_.run_until([&] { return wishes[0].ended && wishes[1].ended; }));
  for (const Wish& wish : wishes) EXPECT_EQ(wish.outcome(), "ok");
  EXPECT_EQ(asked, 1);
  EXPECT_FALSE(pool_.wanted());
}

TEST_F(MysqlPoolTest, ThousandsThatWaitAskTheSessionsOncePerStepAndEachReturnServesOne) {
  view_ = view_with(1);
  int asked = 0;
  int asked_there = 0;
  pool_.on_pressure([&] { ++asked; });
  other_shard_.on_pressure([&] { ++asked_there; });
  other_shard_.give(open(other_shard_, kOtherKey));
  MysqlConnectionPtr only = open(pool_);
  std::vector<Wish> wishes(8000);
  const int before = asked;
  for (Wish& wish : wishes) start(wish, pool_);
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
  EXPECT_EQ(server_.accepted(), 2U);
}

TEST_F(MysqlPoolTest, ALowerLimitClosesWhatIsIdleAndWhatIsReturned) {
  view_ = view_with(3);
  MysqlConnectionPtr first = open(pool_);
  MysqlConnectionPtr second = open(pool_);
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

TEST_F(MysqlPoolTest, AConnectionOnItsWayIsPromisedToWhoWaitsFirst) {
  view_ = view_with(2);
  MysqlConnectionPtr one = open(pool_);
  MysqlConnectionPtr two = open(pool_);
  const MysqlConnection* given = two.get();
  const auto of_heir = [&](std::uint64_t key) { return MysqlPool::Return(pool_, *one, key).insert_id_of_heir(); };
  EXPECT_EQ(of_heir(kKey), std::nullopt);
  Wish other;
  Wish first;
  Wish second;
  first.insert_id = 5;
  second.insert_id = 6;
  start(other, pool_, kOtherKey);
  start(first, pool_);
  start(second, pool_);
  EXPECT_EQ(of_heir(kOtherKey), 0U);
  EXPECT_EQ(of_heir(kKey + kOtherKey), std::nullopt);
  EXPECT_EQ(of_heir(kKey), 5U);
  {
    const MysqlPool::Return promised(pool_, *one, kKey);
    const MysqlPool::Return next(pool_, *two, kKey);
    EXPECT_EQ(promised.insert_id_of_heir(), 5U);
    EXPECT_EQ(next.insert_id_of_heir(), 6U);
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

TEST_F(MysqlPoolTest, APromiseKeepsNobodyWaiting) {
  view_ = view_with(2);
  MysqlConnectionPtr one = open(pool_);
  MysqlConnectionPtr two = open(pool_);
  Wish first;
  Wish second;
  start(first, pool_);
  const MysqlPool::Return slow(pool_, *one, kKey);
  loop_.advance(Places::kOvertake + Nanos(1ms));
  start(second, pool_);
  const MysqlPool::Return next(pool_, *two, kKey);
  pool_.give(std::move(two));
  ASSERT_TRUE(loop_.run_until([&] { return first.ended; }));
  EXPECT_EQ(second.outcome(), "waiting");
  pool_.give(std::move(one));
  ASSERT_TRUE(loop_.run_until([&] { return second.ended; }));
}

TEST_F(MysqlPoolTest, APromiseDoesNotOutliveWhoWaits) {
  view_ = view_with(1);
  MysqlConnectionPtr only = open(pool_);
  Wish first;
  Wish second;
  start(first, pool_, kKey, 10ms);
  start(second, pool_);
  const MysqlPool::Return promised(pool_, *only, kKey);
  loop_.advance(11ms);
  ASSERT_TRUE(loop_.run_until([&] { return first.ended; }));
  EXPECT_EQ(second.outcome(), "waiting");
  pool_.give(std::move(only));
  ASSERT_TRUE(loop_.run_until([&] { return second.ended; }));
  EXPECT_EQ(second.outcome(), "ok");
}

TEST_F(MysqlPoolTest, OnesOwnWaitersComeBeforeThoseOfOtherShards) {
  view_ = view_with(1);
  MysqlConnectionPtr only = open(pool_);
  Wish theirs;
  Wish ours;
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

TEST_F(MysqlPoolTest, AWaiterOfAnotherShardIsNotOvertakenByOneWhoCameMuchLater) {
  view_ = view_with(1);
  MysqlConnectionPtr only = open(pool_);
  Wish theirs;
  Wish ours;
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

TEST_F(MysqlPoolTest, CutClosesTheIdleAndBreaksTheLentWithTheReason) {
  MysqlConnectionPtr lent = open(pool_);
  pool_.give(open(pool_));
  pool_.cut({ErrorCode::kReset, "server 'db1' is down"});
  EXPECT_EQ(pool_.idle(), 0U);
  EXPECT_TRUE(lent->stream->broken());
  EXPECT_FALSE(lent->usable());
  EXPECT_EQ(open_places(), 1U);
  pool_.give(std::move(lent));  // not fit for reuse
  EXPECT_EQ(pool_.open_connections(), 0U);
  EXPECT_EQ(open_places(), 0U);
  ASSERT_TRUE(loop_.run_until([&] { return server_.open() == 0; }));
}

TEST_F(MysqlPoolTest, TrimClosesWhatIsOldOrUnusableAndKeepsTheRest) {
  view_ = view_with(3);
  MysqlConnectionPtr old = open(pool_);
  MysqlConnectionPtr young = open(pool_);
  pool_.give(std::move(old));
  loop_.advance(10s);
  pool_.give(std::move(young));
  pool_.trim(loop_->now() - Nanos(5s));
  EXPECT_EQ(pool_.idle(), 1U);
  EXPECT_EQ(open_places(), 1U);
  server_.cut();
  ASSERT_TRUE(loop_.run_until([&] {
    pool_.trim(loop_->now() - Nanos(5s));
    return pool_.idle() == 0;
  }));
  EXPECT_EQ(open_places(), 0U);
}

TEST_F(MysqlPoolTest, AConnectionWhoseServerHasGoneIsNotLent) {
  pool_.give(open(pool_));
  server_.cut();
  EXPECT_TRUE(loop_.run_until([&] { return server_.open() == 0; }));
  ASSERT_TRUE(loop_.run_until([&] {
    MysqlConnectionPtr taken = pool_.take(kKey, nullptr);
    if (taken == nullptr) return true;
    pool_.give(std::move(taken));
    return false;
  }));
}

TEST_F(MysqlPoolTest, EveryConnectionThatThePoolEndsSaysGoodbye) {
  view_ = view_with(2);
  pool_.give(open(pool_));
  const MysqlConnectionPtr other = open(pool_, kOtherKey);
  MysqlConnectionPtr third = open(pool_, kOtherKey);  // the idle one makes room
  EXPECT_TRUE(loop_.run_until([&] { return goodbyes() == 1; }));
  pool_.give(std::move(third));
  loop_.advance(10s);
  pool_.trim(loop_->now() - Nanos(5s));
  EXPECT_TRUE(loop_.run_until([&] { return goodbyes() == 2; }));
  {
    MysqlPool closing(*loop_, 0);
    closing.give(open(closing));
  }
  EXPECT_TRUE(loop_.run_until([&] { return goodbyes() == 3; }));
  MysqlConnectionPtr theirs = open(other_shard_);
  Wish wish;
  start(wish, pool_);
  other_shard_.give(std::move(theirs));  // its place is wanted here
  EXPECT_TRUE(loop_.run_until([&] { return wish.ended && goodbyes() == 4; }));
}

Task<void> close_task(MysqlPool* pool, bool* closed) {
  const Result<void> done = co_await pool->close(Deadline::never());
  *closed = done.ok();
}

TEST_F(MysqlPoolTest, ClosingLetsAResetUnderWayFinishAndCutsOneThatHangs) {
  for (const bool answers : {true, false}) {
    ServerScript script = login_script();
    for (int i = 0; i < 3; ++i) script.push_back(expect_step());  // all of a reset is in one write
    if (!answers) script.push_back(hang_step());
    for (int i = 0; i < 3; ++i) script.push_back(ok_step(1));
    script.push_back(expect_step());
    MysqlServerFake server(*loop_, std::move(script));
    auto view = std::make_shared<ServiceView>(*view_);
    view->servers[0].address = server.address();
    view_ = view;
    bool closed = false;
    {
      MysqlPool closing(*loop_, 0);
      MysqlConnectionPtr connection = open(closing);
      connection->facts.stains = policy::session::stain::kState;
      connection->reset_to = std::make_shared<policy::session::Settings>();
      closing.give(std::move(connection));
      scope_.spawn("close", close_task, &closing, &closed);
      if (!answers) {
        EXPECT_TRUE(loop_.run_until([&] { return server.received().size() == 4; }));
        EXPECT_FALSE(closed);
        loop_.advance(1s);
      }
      EXPECT_TRUE(loop_.run_until([&] { return closed; }));
    }
    EXPECT_TRUE(loop_.run_until([&] { return server.open() == 0; }));
    EXPECT_EQ(server.received().back() == "\x01", answers);
  }
}

TEST_F(MysqlPoolTest, ALentConnectionIsAtWorkUntilItsSessionSaysOtherwise) {
  view_ = view_with(2);
  MysqlConnectionPtr lent = open(pool_);
  EXPECT_FALSE(lent->at_rest);
  pool_.give(std::move(lent));
  lent = pool_.take(kKey, nullptr);
  EXPECT_FALSE(lent->at_rest);
  lent.reset();  // in the middle of a reply, for all that is known
  MysqlConnectionPtr kept = open(pool_);
  kept->at_rest = true;
  kept.reset();
  EXPECT_TRUE(loop_.run_until([&] { return server_.open() == 0; }));
  EXPECT_EQ(goodbyes(), 1U);
}

TEST_F(MysqlPoolTest, TheReasonSaysWhoHasTheConnections) {
  MysqlConnectionPtr working = open(pool_);
  MysqlConnectionPtr kept = open(other_shard_);
  kept->at_rest = true;
  Wish wish;
  start(wish, pool_, kKey, 50ms);
  loop_.turn();
  loop_.advance(51ms);
  ASSERT_TRUE(loop_.run_until([&] { return wish.ended; }));
  EXPECT_EQ(wish.error->context,
            "all 2 connections to server 'db1' (max_server_connections) are in use: 1 at work, 1 kept by sessions between statements, 0 idle");
}

TEST_F(MysqlPoolTest, AConnectionOpenedWithoutAPlaceIsCountedFromItsAdoption) {
  view_ = view_with(1);
  Wish wish;
  scope_.spawn("adopt", adopt_task, &pool_, view_, &login_, &wish, Deadline::never());
  ASSERT_TRUE(loop_.run_until([&] { return wish.ended; }));
  ASSERT_EQ(wish.outcome(), "ok");
  EXPECT_EQ(open_places(), 1U);
  EXPECT_EQ(pool_.lent(), 1U);
  pool_.give(std::move(wish.connection));
  EXPECT_NE(pool_.take(kKey, nullptr), nullptr);
}

TEST_F(MysqlPoolTest, AnAdoptionWaitsForAPlaceAndIsHandedNothingInstead) {
  view_ = view_with(1);
  MysqlConnectionPtr only = open(pool_);
  Wish late;
  scope_.spawn("adopt", adopt_task, &pool_, view_, &login_, &late, loop_->deadline_in(50ms));
  ASSERT_TRUE(loop_.run_until([&] { return waiting() == 1; }));
  loop_.advance(51ms);
  ASSERT_TRUE(loop_.run_until([&] { return late.ended; }));
  EXPECT_EQ(late.outcome(), to_string(ErrorCode::kOverload));
  EXPECT_TRUE(loop_.run_until([&] { return goodbyes() == 1; }));
  Wish wish;
  scope_.spawn("adopt", adopt_task, &pool_, view_, &login_, &wish, Deadline::never());
  ASSERT_TRUE(loop_.run_until([&] { return waiting() == 1; }));
  pool_.give(std::move(only));
  ASSERT_TRUE(loop_.run_until([&] { return wish.ended; }));
  EXPECT_EQ(wish.outcome(), "ok");
  EXPECT_EQ(pool_.open_connections(), 1U);
}

TEST_F(MysqlPoolTest, AConnectionBesideThePlacesTakesNoneAndIsNotKept) {
  view_ = view_with(1);
  const MysqlConnectionPtr only = open(pool_);
  Wish wish;
  start_beside(wish);
  ASSERT_TRUE(loop_.run_until([&] { return wish.ended; }));
  ASSERT_EQ(wish.outcome(), "ok");
  EXPECT_EQ(wish.connection->slot, 0U);
  EXPECT_EQ(open_places(), 1U);
  EXPECT_EQ(pool_.open_connections(), 1U);
  pool_.give(std::move(wish.connection));
  EXPECT_EQ(pool_.idle(), 0U);
  EXPECT_TRUE(loop_.run_until([&] { return goodbyes() == 1; }));
}

TEST_F(MysqlPoolTest, ConnectionsBesideThePlacesComeOneAfterTheOtherInOrderOfArrival) {
  Wish first;
  Wish second;
  Wish late;
  Wish third;
  start_beside(first);
  start_beside(second);
  start_beside(late, 50ms);
  start_beside(third);
  ASSERT_TRUE(loop_.run_until([&] { return first.ended; }));
  loop_.advance(51ms);
  ASSERT_TRUE(loop_.run_until([&] { return late.ended; }));
  EXPECT_EQ(late.outcome(), to_string(ErrorCode::kOverload));
  EXPECT_FALSE(second.ended);
  first.connection.reset();
  ASSERT_TRUE(loop_.run_until([&] { return second.ended; }));
  EXPECT_FALSE(third.ended);
  second.connection.reset();
  ASSERT_TRUE(loop_.run_until([&] { return third.ended; }));
  EXPECT_EQ(third.outcome(), "ok");
}

TEST_F(MysqlPoolTest, ALoginBesideThePlacesThatFailsLeavesTheTurnToTheNext) {
  auto view = std::make_shared<ServiceView>(*view_);
  view->servers[0].address = net::Address::from_ip("127.0.0.1", 1).value();
  view_ = view;
  Wish first;
  Wish second;
  start_beside(first);
  start_beside(second);
  ASSERT_TRUE(loop_.run_until([&] { return first.ended && second.ended; }));
  EXPECT_TRUE(first.error);
  EXPECT_TRUE(second.error);
}

TEST_F(MysqlPoolTest, AServerThatIsDeadBreaksTheConnectionBesideThePlacesToo) {
  Wish wish;
  start_beside(wish);
  ASSERT_TRUE(loop_.run_until([&] { return wish.ended; }));
  pool_.cut({ErrorCode::kUnreachable, "dead"});
  EXPECT_FALSE(wish.connection->usable());
}

TEST_F(MysqlPoolTest, AConnectionBeyondItsAgeIsNotLentAndTrimClosesIt) {
  const PoolAges ages{.connection = 5min, .server_wait_timeout = Nanos(0)};
  pool_.give(open(pool_));
  loop_.advance(5min);
  MysqlConnectionPtr connection = pool_.take(kKey, nullptr, ages);
  ASSERT_NE(connection, nullptr);
  pool_.give(std::move(connection));  // giving it back makes it no younger
  loop_.advance(1s);
  EXPECT_EQ(pool_.take(kKey, nullptr, ages), nullptr);
  pool_.trim(TimePoint{0});
  EXPECT_EQ(pool_.idle(), 1U);  // without a limit it stays
  pool_.trim(TimePoint{0}, ages);
  EXPECT_EQ(pool_.idle(), 0U);
  EXPECT_EQ(open_places(), 0U);
  EXPECT_TRUE(loop_.run_until([&] { return goodbyes() == 1; }));
}

TEST_F(MysqlPoolTest, AConnectionThatTheServerIsAboutToEndIsNotLent) {
  const PoolAges ages{.connection = Nanos(0), .server_wait_timeout = 60s};
  pool_.give(open(pool_));
  loop_.advance(59s);
  MysqlConnectionPtr connection = pool_.take(kKey, nullptr, ages);
  ASSERT_NE(connection, nullptr);
  pool_.give(std::move(connection));
  loop_.advance(59s);
  pool_.trim(TimePoint{0}, ages);
  EXPECT_EQ(pool_.idle(), 1U);
  loop_.advance(1ms);
  EXPECT_EQ(pool_.take(kKey, nullptr, ages), nullptr);
  EXPECT_NE(pool_.take(kKey, nullptr), nullptr);
}

TEST(PoolAges, LeaveTheServerASecondOrAFifthOfItsPatience) {
  EXPECT_EQ((PoolAges{Nanos(0), 28800s}.longest_idle()), 28799s);
  EXPECT_EQ((PoolAges{Nanos(0), 5s}.longest_idle()), 4s);
  EXPECT_EQ((PoolAges{Nanos(0), 2s}.longest_idle()), 1600ms);
  EXPECT_EQ((PoolAges{Nanos(0), 1s}.longest_idle()), 800ms);
}

}  // namespace
}  // namespace hf::upstream
