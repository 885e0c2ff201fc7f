// When shards have to be told of a view, and whether the service it shows can do its work.
#include "upstream/mysql/view.h"

#include <gtest/gtest.h>

namespace hf::upstream::mysql {
namespace {

View two_servers() {
  View view;
  view.servers.resize(2);
  for (ServerView& server : view.servers) server.present = server.reachable = true;
  return view;
}

TEST(View, StandsByItsReadersAndItsPrimary) {
  View view = two_servers();
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

TEST(View, IsAnotherWhenAnythingIsThatShardsGoBy) {
  const View view = two_servers();
  const auto differs = [&](auto change) {
    View other = view;
    change(other);
    return !view.same_as(other) && !other.same_as(view);
  };
  EXPECT_FALSE(differs([](View& other) { other.version = 9; }));
  EXPECT_FALSE(differs([](View& other) { other.servers[0].reason = "words alone"; }));
  EXPECT_TRUE(differs([](View& other) { other.primary = 1; }));
  EXPECT_TRUE(differs([](View& other) { ++other.epoch; }));
  EXPECT_TRUE(differs([](View& other) { other.no_primary_reason = "why"; }));
  EXPECT_TRUE(differs([](View& other) { ++other.accounts_round; }));
  EXPECT_TRUE(differs([](View& other) { other.accounts_awaited = true; }));
  EXPECT_TRUE(differs([](View& other) { ++other.defaults_round; }));
  EXPECT_TRUE(differs([](View& other) { other.server_version = "11"; }));
  EXPECT_TRUE(differs([](View& other) { other.servers[1].reader = true; }));
  EXPECT_TRUE(differs([](View& other) { other.servers[1].reachable = false; }));
  EXPECT_TRUE(differs([](View& other) { other.servers[1].weight = 7; }));
  EXPECT_TRUE(differs([](View& other) { other.servers[1].drained = true; }));
  EXPECT_TRUE(differs([](View& other) { other.servers.pop_back(); }));
}

}  // namespace
}  // namespace hf::upstream::mysql
