#include "upstream/mysql/pool.h"

#include "upstream/mysql/pool_fixture.h"

namespace hf::upstream::mysql {
namespace {

using runtime::Task;

TEST_F(MysqlPoolTest, TellsWhoseItsConnectionsAreAndThatTheyCameOrWent) {
  const std::uint64_t before = pool_.changes();
  login_.account = "app@10.%";
  ConnectionPtr connection = open(pool_);
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
  ConnectionPtr first = open(pool_);
  ConnectionPtr second = open(pool_);
  ConnectionPtr third = open(pool_);
  const auto five = std::make_shared<const policy::session::Settings>("five", policy::session::Settings::Variables{});
  const auto six = std::make_shared<const policy::session::Settings>("six", policy::session::Settings::Variables{});
  for (const ConnectionPtr* each : {&first, &second, &third}) (*each)->facts.tracking = true;
  first->facts.settings = five;
  second->facts.settings = six;
  third->facts.settings = five;
  third->facts.tracking = false;
  const Connection* clean = first.get();
  const Connection* latest = third.get();
  pool_.give(std::move(first));
  pool_.give(std::move(second));
  pool_.give(std::move(third));
  EXPECT_EQ(pool_.take(kOtherKey, five), nullptr);
  EXPECT_EQ(pool_.take(kKey, five).get(), clean);
  EXPECT_EQ(pool_.take(kKey, nullptr).get(), latest);  // none fits: the most recently used
}

TEST_F(MysqlPoolTest, AmongTheSameStateAnEntryOfTheSchemaThatIsLateEnoughIsPreferred) {
  view_ = view_with(4);
  ConnectionPtr other = open(pool_);
  ConnectionPtr entered = open(pool_);
  ConnectionPtr early = open(pool_);
  const auto five = std::make_shared<const policy::session::Settings>("five", policy::session::Settings::Variables{});
  for (const ConnectionPtr* each : {&other, &entered, &early}) (*each)->facts.tracking = true;
  entered->facts.settings = early->facts.settings = five;
  other->schema_entered = 9;
  entered->schema_entered = 5;
  early->schema_entered = 4;
  const Connection* late = entered.get();
  const Connection* latest = early.get();
  for (ConnectionPtr* each : {&entered, &early, &other}) pool_.give(std::move(*each));
  ConnectionPtr taken = pool_.take(kKey, five, {}, 5);
  EXPECT_EQ(taken.get(), late);
  pool_.give(std::move(taken));
  EXPECT_EQ(pool_.take(kKey, five, {}, 6).get(), late) << "none is: the most recently used of the same state";
  EXPECT_EQ(pool_.take(kKey, five).get(), latest);
}

TEST_F(MysqlPoolTest, AConnectionWithAnotherLimitOfPacketsIsNotLent) {
  ConnectionPtr connection = open(pool_);
  connection->max_packet = 1U << 20;
  pool_.give(std::move(connection));
  EXPECT_EQ(pool_.take(kKey, nullptr, {.max_packet = 1U << 21}), nullptr);
  EXPECT_NE(pool_.take(kKey, nullptr, {.max_packet = 1U << 20}), nullptr);
}

TEST_F(MysqlPoolTest, AFailedConnectGivesItsPlaceBackAndNamesTheServer) {
  auto refused = std::make_shared<ServiceView>(*view_with(1));
  { refused->servers[0].address = ServerFake(*loop_, {}).address(); }
  view_ = refused;
  Wish wish;
  start(wish, pool_);
  ASSERT_TRUE(loop_.run_until([&] { return wish.ended; }));
  EXPECT_EQ(wish.outcome(), to_string(ErrorCode::kRefused));
  EXPECT_EQ(wish.error->context.find("server 'db1': "), 0U) << wish.error->context;
  EXPECT_EQ(open_places(), 0U);
  EXPECT_EQ(pool_.open_connections(), 0U);
}

TEST_F(MysqlPoolTest, AnAdoptionWaitsForAPlaceAndIsHandedNothingInstead) {
  view_ = view_with(1);
  ConnectionPtr only = open(pool_);
  Wish late;
  scope_.spawn("adopt", adopt_task, &pool_, view_, &login_, &late, loop_->deadline_in(50ms));
  ASSERT_TRUE(loop_.run_until([&] { return waiting() == 1; }));
  loop_.advance(51ms);
  ASSERT_TRUE(loop_.run_until([&] { return late.ended; }));
  EXPECT_EQ(late.outcome(), to_string(ErrorCode::kNoPlace));
  EXPECT_TRUE(loop_.run_until([&] { return goodbyes() == 1; }));
  Wish wish;
  scope_.spawn("adopt", adopt_task, &pool_, view_, &login_, &wish, Deadline::never());
  ASSERT_TRUE(loop_.run_until([&] { return waiting() == 1; }));
  pool_.give(std::move(only));
  ASSERT_TRUE(loop_.run_until([&] { return wish.ended; }));
  EXPECT_EQ(wish.outcome(), "ok");
  EXPECT_EQ(pool_.open_connections(), 1U);
}

TEST_F(MysqlPoolTest, CutClosesTheIdleAndBreaksTheLentWithTheReason) {
  ConnectionPtr lent = open(pool_);
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
  ConnectionPtr old = open(pool_);
  ConnectionPtr young = open(pool_);
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
    ConnectionPtr taken = pool_.take(kKey, nullptr);
    if (taken == nullptr) return true;
    pool_.give(std::move(taken));
    return false;
  }));
}

TEST_F(MysqlPoolTest, EveryConnectionThatThePoolEndsSaysGoodbye) {
  view_ = view_with(2);
  pool_.give(open(pool_));
  const ConnectionPtr other = open(pool_, kOtherKey);
  ConnectionPtr third = open(pool_, kOtherKey);  // the idle one makes room
  EXPECT_TRUE(loop_.run_until([&] { return goodbyes() == 1; }));
  pool_.give(std::move(third));
  loop_.advance(10s);
  pool_.trim(loop_->now() - Nanos(5s));
  EXPECT_TRUE(loop_.run_until([&] { return goodbyes() == 2; }));
  {
    Pool closing(*loop_, 0);
    closing.give(open(closing));
  }
  EXPECT_TRUE(loop_.run_until([&] { return goodbyes() == 3; }));
  ConnectionPtr theirs = open(other_shard_);
  Wish wish;
  start(wish, pool_);
  other_shard_.give(std::move(theirs));  // its place is wanted here
  EXPECT_TRUE(loop_.run_until([&] { return wish.ended && goodbyes() == 4; }));
}

Task<void> close_task(Pool* pool, bool* closed) {
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
    ServerFake server(*loop_, std::move(script));
    auto view = std::make_shared<ServiceView>(*view_);
    view->servers[0].address = server.address();
    view_ = view;
    bool closed = false;
    {
      Pool closing(*loop_, 0);
      ConnectionPtr connection = open(closing);
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
  ConnectionPtr lent = open(pool_);
  EXPECT_FALSE(lent->at_rest);
  pool_.give(std::move(lent));
  lent = pool_.take(kKey, nullptr);
  EXPECT_FALSE(lent->at_rest);
  lent.reset();  // in the middle of a reply, for all that is known
  ConnectionPtr kept = open(pool_);
  kept->at_rest = true;
  kept.reset();
  EXPECT_TRUE(loop_.run_until([&] { return server_.open() == 0; }));
  EXPECT_EQ(goodbyes(), 1U);
}

}  // namespace
}  // namespace hf::upstream::mysql
