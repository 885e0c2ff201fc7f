// Servers whose host gets another address: a new server by what shards see, in a slot of its own; the operator's word
// stays.
#include <gtest/gtest.h>

#include "topology/watcher_world_fake.h"

namespace hf::topology {
namespace {

/// The world's server by the name "db1.example".
struct NamedWorld : WatcherWorld {
  static constexpr std::uint8_t kElsewhere = 99;  // 127.0.0.99: nobody is there

  NamedWorld() { at(1); }
  void at(std::uint8_t last) { addresses_.put("db1.example", IpAddress::v4(127, 0, 0, last)); }
  config::Service named() const {
    config::Service named = service();
    named.servers[0].address.host = "db1.example";
    return named;
  }
  /// The same configuration again, as when a name moves.
  void configure_again() {
    const config::ConfigPtr config = watcher_.view()->config;
    ASSERT_TRUE(watcher_.configure(config, config->services.data(), addresses_).ok());
  }
  std::size_t present() const {
    return static_cast<std::size_t>(std::ranges::count_if(
        watcher_.view()->servers, [](const upstream::ServerView& server) { return server.present; }));
  }
};

TEST(NamedServers, AreLookedAtWhereTheBookSays) {
  NamedWorld world;
  world.configure(world.named());
  EXPECT_TRUE(world.comes_up());
  EXPECT_EQ(world.watcher_.view()->servers[0].address.to_string(), world.server_.address().to_string());
}

TEST(NamedServers, ANameThatTheBookDoesNotHaveChangesNothing) {
  NamedWorld world;
  world.configure(world.named());
  ASSERT_TRUE(world.comes_up());
  const upstream::ServiceViewPtr before = world.watcher_.view();
  auto config = std::make_shared<config::Config>();
  config->services.push_back(world.named());
  config->services[0].servers.push_back({"db2", {"db2.example", 3306, ""}, 1});
  const Result<void> done = world.watcher_.configure(config, config->services.data(), world.addresses_);
  ASSERT_FALSE(done.ok());
  EXPECT_EQ(done.error().context, "server 'db2': cannot resolve 'db2.example': it was not looked up");
  EXPECT_EQ(world.watcher_.view(), before);
}

TEST(NamedServers, TheSameAddressAgainIsNoNews) {
  NamedWorld world;
  world.configure(world.named());
  ASSERT_TRUE(world.comes_up());
  const std::size_t views = world.views_.size();
  world.configure_again();
  EXPECT_EQ(world.views_.size(), views);
  EXPECT_EQ(world.server_.accepted(), 1U);
}

TEST(NamedServers, AnotherAddressIsANewServerAfterItsFirstGoodLook) {
  NamedWorld world;
  world.at(NamedWorld::kElsewhere);
  world.configure(world.named());
  ASSERT_TRUE(world.until([&] { return world.watcher_.looked_at_all(); }));
  EXPECT_FALSE(world.view().primary);
  world.at(1);
  world.configure_again();
  EXPECT_EQ(world.present(), 1U);
  EXPECT_FALSE(world.watcher_.view()->servers[0].present);
  ASSERT_TRUE(world.comes_up());
  EXPECT_EQ(world.view().primary, std::optional<upstream::ServerSlot>(1));
}

TEST(NamedServers, ALookUnderWayAtTheOldAddressEndsInPeace) {
  for (std::size_t step = 0; step < 4; ++step) {
    NamedWorld world;
    world.server_.hold_at(step);
    world.configure(world.named());
    ASSERT_TRUE(world.loop_.run_until([&] { return world.server_.held() == 1; }));
    world.at(NamedWorld::kElsewhere);
    world.configure_again();
    world.settle();
    world.server_.release();
    ASSERT_TRUE(world.until([&] { return world.server_.open() == 0; })) << step;
    EXPECT_FALSE(world.watcher_.view()->servers[0].present);
  }
}

TEST(NamedServers, ThatComeBackToAnAddressHaveTheirSlotAgain) {
  NamedWorld world;
  world.configure(world.named());
  ASSERT_TRUE(world.comes_up());
  for (int i = 0; i < 5; ++i) {
    world.at(NamedWorld::kElsewhere);
    world.configure_again();
    world.at(1);
    world.configure_again();
  }
  EXPECT_LE(world.watcher_.view()->servers.size(), 2U);
  EXPECT_TRUE(world.watcher_.view()->servers[0].present);
  EXPECT_TRUE(world.comes_up());
}

TEST(NamedServers, WhatTheOperatorSaidOfADrainHoldsAtTheNewAddress) {
  NamedWorld world;
  world.configure(world.named());
  ASSERT_TRUE(world.comes_up());
  ASSERT_TRUE(world.watcher_.set_drained("db1", true).ok());
  world.at(NamedWorld::kElsewhere);
  world.configure_again();
  ASSERT_EQ(world.watcher_.report().servers.size(), 1U);
  EXPECT_TRUE(world.watcher_.report().servers[0].drained);
  ASSERT_TRUE(world.watcher_.set_drained("db1", false).ok());
  world.at(1);
  world.configure_again();
  EXPECT_FALSE(world.watcher_.report().servers[0].drained) << "back at the address at which it was drained once";
}

}  // namespace
}  // namespace hf::topology
