#include "upstream/mysql/pool_fixture.h"

namespace hf::upstream::mysql {
namespace {

TEST_F(MysqlPoolTest, AConnectionBesideThePlacesTakesNoneAndIsNotKept) {
  view_ = view_with(1);
  const ConnectionPtr only = open(pool_);
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

}  // namespace
}  // namespace hf::upstream::mysql
