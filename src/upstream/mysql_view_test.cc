// When shards have to be told of a view, and whether the service it shows can do its work.
#include "upstream/mysql_view.h"

#include <gtest/gtest.h>

namespace hf::upstream {
namespace {

MysqlView two_servers() {
  MysqlView view;
  view.servers.resize(2);
  for (ServerView& server : view.servers) server.present = server.reachable = true;
  return view;
}

TEST(MysqlView, StandsByItsReadersAndItsPrimary) {
  MysqlView view = two_servers();
  view.no_primary_reason = "nobody is writable";
  EXPECT_EQ(view.standing().usable, 0U);
  EXPECT_EQ(view.standing().reason, "nobody is writable");
  view.servers[1].reader = true;
  EXPECT_EQ(view.standing().readers, 1U);
  EXPECT_FALSE(view.standing().writes);
  view.primary = 0;
  EXPECT_EQ(view.standing().usable, 2U);
  EXPECT_TRUE(view.standing().writes);
  view.primary = 1;
  EXPECT_EQ(view.standing().usable, 1U) << "it is the reader";
  view.servers[1].present = false;
  EXPECT_EQ(view.standing().readers, 0U);
}

TEST(MysqlView, IsAnotherWhenAnythingIsThatShardsGoBy) {
  const MysqlView view = two_servers();
  const auto differs = [&](auto change) {
    MysqlView other = view;
    change(other);
    return !view.same_as(other) && !other.same_as(view);
  };
  EXPECT_FALSE(differs([](MysqlView& other) { other.version = 9; }));
  EXPECT_FALSE(differs([](MysqlView& other) { other.servers[0].reason = "words alone"; }));
  EXPECT_TRUE(differs([](MysqlView& other) { other.primary = 1; }));
  EXPECT_TRUE(differs([](MysqlView& other) { ++other.epoch; }));
  EXPECT_TRUE(differs([](MysqlView& other) { other.no_primary_reason = "why"; }));
  EXPECT_TRUE(differs([](MysqlView& other) { ++other.accounts_round; }));
  EXPECT_TRUE(differs([](MysqlView& other) { ++other.defaults_round; }));
  EXPECT_TRUE(differs([](MysqlView& other) { other.server_version = "11"; }));
  EXPECT_TRUE(differs([](MysqlView& other) { other.servers[1].reader = true; }));
  EXPECT_TRUE(differs([](MysqlView& other) { other.servers[1].reachable = false; }));
  EXPECT_TRUE(differs([](MysqlView& other) { other.servers[1].weight = 7; }));
  EXPECT_TRUE(differs([](MysqlView& other) { other.servers[1].drained = true; }));
  EXPECT_TRUE(differs([](MysqlView& other) { other.servers.pop_back(); }));
}

}  // namespace
}  // namespace hf::upstream
