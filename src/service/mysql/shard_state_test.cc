// What the sessions of one service share on one shard.
#include "service/mysql/shard_state.h"

#include <gtest/gtest.h>

#include <set>

#include "service/mysql/session.h"
#include "service/mysql/session_words_fake.h"

namespace hf::service::mysql {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace): the stage is what these tests are written in

Control silent() {
  return Control{[](const std::string&, upstream::ServerSlot, const std::string&) {}, [](Event) {}};
}

class ShardStateTest : public ::testing::Test {
 protected:
  Shard shard_{5, silent(), 1};
  ShardState state_{shard_};
};

TEST_F(ShardStateTest, APoolKeyIsTheSameForTheSameAndDiffersByEachOfItsParts) {
  const std::uint64_t key = state_.pool_key(1, wire::kClientFoundRows, false);
  EXPECT_EQ(state_.pool_key(1, wire::kClientFoundRows, false), key);
  const std::set<std::uint64_t> keys = {key, state_.pool_key(2, wire::kClientFoundRows, false),
                                        state_.pool_key(1, 0, false), state_.pool_key(1, wire::kClientFoundRows, true)};
  EXPECT_EQ(keys.size(), 4U);
  EXPECT_EQ(state_.pool_key(1, wire::kClientFoundRows, false), key);
}

TEST_F(ShardStateTest, APoolKeyNamesItsAccount) {
  for (const std::uint32_t account : {0U, 1U, 77U, 0xFFFF'FFFFU}) {
    EXPECT_EQ(ShardState::account_of(state_.pool_key(account, 0, false)), account);
    EXPECT_EQ(ShardState::account_of(state_.pool_key(account, wire::kClientInteractive, true)), account);
  }
}

TEST_F(ShardStateTest, ACollationThatServersDoNotKnowIsKnownToBeNone) {
  EXPECT_EQ(state_.collation(45), nullptr);
  state_.add_collation(45, {"utf8mb4", "utf8mb4_general_ci"});
  state_.add_collation(9999, {});
  ASSERT_NE(state_.collation(45), nullptr);
  EXPECT_EQ(state_.collation(45)->collation, "utf8mb4_general_ci");
  ASSERT_NE(state_.collation(9999), nullptr);
  EXPECT_TRUE(state_.collation(9999)->charset.empty());
  EXPECT_EQ(state_.collation(46), nullptr);
}

TEST_F(ShardStateTest, ACharsetsUsualCollationIsEmptyUntilItWasSeen) {
  EXPECT_EQ(state_.default_collation("latin1"), "");
  state_.default_collation("latin1") = "latin1_swedish_ci";
  EXPECT_EQ(state_.default_collation("latin1"), "latin1_swedish_ci");
  EXPECT_EQ(state_.default_collation("utf8mb4"), "");
}

TEST_F(ShardStateTest, IdleCopiesAreClosedTenTimesASecondAtMost) {
  const TimePoint now{1'000'000};
  EXPECT_TRUE(state_.may_close_copies(now));
  EXPECT_FALSE(state_.may_close_copies(now + 99ms));
  EXPECT_TRUE(state_.may_close_copies(now + 100ms));
}

TEST_F(ShardStateTest, AFrailShapeIsFrailUntilItsTimeIsOver) {
  const TimePoint now{1'000'000};
  EXPECT_FALSE(state_.any_frail());
  EXPECT_FALSE(state_.is_frail(7, now));
  state_.mark_frail(7, now + 60s);
  EXPECT_TRUE(state_.any_frail());
  EXPECT_TRUE(state_.is_frail(7, now));
  EXPECT_TRUE(state_.is_frail(7, now + 60s - Nanos{1}));
  EXPECT_FALSE(state_.is_frail(7, now + 60s));
  EXPECT_FALSE(state_.is_frail(8, now));
  state_.mark_frail(7, now + 120s);
  EXPECT_TRUE(state_.is_frail(7, now + 60s)) << "marked again";
}

TEST_F(ShardStateTest, ShapesThatAStreamOfStatementsMarksTakeNoMoreThanTheirRoom) {
  const TimePoint now{1'000'000};
  for (std::uint64_t shape = 0; shape < 5000; ++shape) state_.mark_frail(shape, now + 60s);
  std::size_t kept = 0;
  for (std::uint64_t shape = 0; shape < 5000; ++shape) kept += state_.is_frail(shape, now) ? 1 : 0;
  EXPECT_LE(kept, 1024U);
  EXPECT_TRUE(state_.is_frail(4999, now)) << "the latest is among them";
}

TEST_F(ShardStateTest, IdsOfOursAreTold) {
  EXPECT_TRUE(ShardState::is_ours(1ULL << 30));
  EXPECT_TRUE(ShardState::is_ours((1ULL << 31) - 1));
  EXPECT_FALSE(ShardState::is_ours(77));
  EXPECT_FALSE(ShardState::is_ours(1ULL << 31));
  EXPECT_FALSE(ShardState::is_ours(1ULL << 62)) << "a number that no connection has";
  EXPECT_EQ(ShardState::shard_of(1U << 30 | 63U << 24 | 5), 63U);
}

// --- who is connected ------------------------------------------------------------------------------------------------

class SessionsTest : public ::testing::Test {
 protected:
  ShardState& state(std::size_t shard = 0) { return stage_.frontend(shard).state(); }

  Stage stage_{{.shards = 2}};
};

TEST_F(SessionsTest, ASessionIsFoundByTheIdOfItsGreetingWhileItLasts) {
  TestClient& first = stage_.log_in();
  TestClient& second = stage_.log_in({.user = "other"});
  EXPECT_NE(first.id(), second.id());
  ASSERT_NE(state().find(first.id()), nullptr);
  EXPECT_EQ(state().find(first.id())->identity().credentials.user, "app");
  EXPECT_EQ(state().find(second.id())->identity().credentials.user, "other");
  EXPECT_EQ(state().find(first.id() + 1000), nullptr);
  EXPECT_EQ(state().sessions().size(), 2U);
  const std::uint32_t id = first.id();
  first.leave();
  ASSERT_TRUE(stage_.run_until([&] { return stage_.sessions() == 1; }));
  EXPECT_EQ(state().find(id), nullptr);
}

TEST_F(SessionsTest, AnIdNamesItsShard) {
  for (const std::size_t shard : {0U, 1U}) {
    const std::uint32_t id = stage_.log_in({}, shard).id();
    EXPECT_TRUE(ShardState::is_ours(id));
    EXPECT_EQ(ShardState::shard_of(id), shard);
    EXPECT_NE(state(shard).find(id), nullptr);
    EXPECT_EQ(state(1 - shard).find(id), nullptr);
  }
}

TEST_F(SessionsTest, OnlyWhatIsKeptForConvenienceOnThatServerIsAskedFor) {
  stage_.primary().on("INSERT", reply::ok({.affected_rows = 1, .insert_id = 7}));
  TestClient& soft = stage_.log_in();
  TestClient& hard = stage_.log_in();
  stage_.ask_query(soft, "INSERT INTO t VALUES (NULL)");
  stage_.ask_query(hard, "BEGIN");
  state().ask_to_give_back(1);
  stage_.rest(20ms);
  EXPECT_EQ(stage_.lent(0), 2U) << "another server's";
  state().ask_to_give_back(0);
  ASSERT_TRUE(stage_.run_until([&] { return stage_.lent(0) == 1; }));
  EXPECT_EQ(state().find(soft.id())->kept().held, nullptr);
  EXPECT_NE(state().find(hard.id())->kept().held, nullptr);
  state().ask_to_give_back(0);
  EXPECT_TRUE(stage_.ask_query(soft, "SELECT 1").ok());
}

TEST_F(SessionsTest, ADrainEndsWhoeverIsIdleNowAndTheOthersAsTheyBecomeSo) {
  TestClient& idle = stage_.log_in();
  TestClient& tied = stage_.log_in();
  TestClient& busy = stage_.log_in();
  stage_.ask_query(tied, "BEGIN");
  stage_.primary().on("UPDATE", reply::silence(), 1);
  busy.send(query("UPDATE t SET a=1"));
  ASSERT_TRUE(stage_.run_until([&] { return stage_.primary().heard("UPDATE"); }));
  EXPECT_FALSE(state().draining());
  state().end_idle_sessions();
  EXPECT_TRUE(state().draining());
  EXPECT_TRUE(stage_.wait_gone(idle));
  stage_.rest(20ms);
  EXPECT_FALSE(tied.gone());
  EXPECT_FALSE(busy.gone());
  EXPECT_TRUE(stage_.ask_query(tied, "SELECT 1").ok());
  EXPECT_TRUE(stage_.ask_query(tied, "COMMIT").ok());
  EXPECT_TRUE(stage_.wait_gone(tied)) << "once its transaction is over";
  stage_.primary().say(wire::testing::packet(1, wire::encode_ok({.status = wire::kStatusAutocommit}, kModernClient)));
  stage_.wait(busy);
  EXPECT_TRUE(busy.answers().back().ok());
  EXPECT_TRUE(stage_.wait_gone(busy));
}

}  // namespace
}  // namespace hf::service::mysql
