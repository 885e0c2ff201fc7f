// Reloads of a MySQL service at every point of a look: nothing that the look waits on is destroyed under it, and what
// did not change stays as it was.
#include <gtest/gtest.h>

#include "topology/watcher_world_fake.h"
#include "upstream/places.h"

namespace hf::topology {
namespace {

/// The answers of a first look and of what is read behind it; how many is found by playing it once.
std::size_t steps_of_a_look() {
  WatcherWorld world;
  world.configure(world.service());
  EXPECT_TRUE(world.comes_up());
  return world.server_.steps();
}

/// Runs `act` with the look suspended at each of its waits in turn (step -1: while it connects), lets it go on, and has
/// `check` look at what came of it.
template <typename Act, typename Check>
void at_every_leaf(Act act, Check check) {
  const std::size_t steps = steps_of_a_look();
  ASSERT_GE(steps, 6U);  // greeting, login, three questions, accounts
  for (std::size_t step = 0; step <= steps; ++step) {
    SCOPED_TRACE(step == 0 ? "while it connects" : "before answer " + std::to_string(step - 1));
    WatcherWorld world;
    if (step > 0) world.server_.hold_at(step - 1);
    world.configure(world.service());
    if (step > 0) {
      ASSERT_TRUE(world.loop_.run_until([&] { return world.server_.held() == 1; }));
      for (int i = 0; i < 3; ++i) world.loop_.turn();
    }
    act(world);
    for (int i = 0; i < 3; ++i) world.loop_.turn();
    world.server_.release();
    check(world);
  }
}

TEST(ReloadDuringALook, OfTheSameSettingsChangesNothing) {
  at_every_leaf([](WatcherWorld& world) { world.configure(world.service()); },
                [](WatcherWorld& world) {
                  ASSERT_TRUE(world.comes_up());
                  EXPECT_EQ(world.server_.accepted(), 1U);
                  EXPECT_EQ(world.count(EventId::kAccountsLoaded), 1U);
                  EXPECT_EQ(world.count(EventId::kServerDown), 0U);
                });
}

TEST(ReloadDuringALook, OfAnotherSettingDisturbsNoLook) {
  at_every_leaf(
      [](WatcherWorld& world) {
        config::Service service = world.service();
        service.mysql.hold_timeout = 77s;
        service.check.interval = 2s;
        world.configure(std::move(service));
      },
      [](WatcherWorld& world) {
        ASSERT_TRUE(world.comes_up());
        EXPECT_EQ(world.server_.accepted(), 1U);
        EXPECT_EQ(world.watcher_.view()->service->mysql.hold_timeout, 77s);
      });
}

TEST(ReloadDuringALook, OfTheMonitorMakesTheNextLookLogInAnew) {
  at_every_leaf(
      [](WatcherWorld& world) {
        config::Service service = world.service();
        service.mysql.monitor = {"other", "second"};
        world.configure(std::move(service));
      },
      [](WatcherWorld& world) {
        ASSERT_TRUE(world.loop_.run_until([&] {
          world.loop_.advance(50ms);
          return world.up() && !world.server_.logins().empty() && world.server_.logins().back() == "other" &&
                 world.server_.open() == 1;
        }));
        EXPECT_LE(world.server_.accepted(), 2U);
      });
}

TEST(ReloadDuringALook, OfThePasswordAloneIsAChangeOfTheMonitor) {
  at_every_leaf(
      [](WatcherWorld& world) {
        config::Service service = world.service();
        service.mysql.monitor.password = "second";
        world.configure(std::move(service));
      },
      [](WatcherWorld& world) {
        ASSERT_TRUE(world.loop_.run_until([&] {
          world.loop_.advance(50ms);
          return world.up() && world.server_.accepted() == 2 && world.server_.open() == 1;
        }));
      });
}

TEST(ReloadDuringALook, ThatRemovesTheServerEndsTheWatchAndClosesItsConnection) {
  at_every_leaf(
      [](WatcherWorld& world) {
        config::Service service = world.service();
        service.servers = {{"db9", {"127.0.0.1", 1, ""}, 1}};
        world.configure(std::move(service));
      },
      [](WatcherWorld& world) {
        ASSERT_TRUE(world.loop_.run_until([&] { return world.server_.open() == 0; }));
        const std::size_t steps = world.server_.steps();
        for (int i = 0; i < 5; ++i) world.loop_.advance(WatcherWorld::kInterval);
        EXPECT_EQ(world.server_.steps(), steps);
        for (const Event& event : world.events_) {
          if (event.id() == EventId::kServerUp) EXPECT_EQ(world.watcher_.view()->servers[0].name, "db1");
        }
        EXPECT_FALSE(world.watcher_.view()->servers[0].present);
      });
}

TEST(ReloadDuringALook, ThatRemovesTheServerAndBringsItBackGoesOnWatching) {
  at_every_leaf(
      [](WatcherWorld& world) {
        config::Service without = world.service();
        without.servers = {{"db9", {"127.0.0.1", 1, ""}, 1}};
        world.configure(std::move(without));
        world.configure(world.service());
      },
      [](WatcherWorld& world) {
        ASSERT_TRUE(world.comes_up());
        const std::size_t steps = world.server_.steps();
        ASSERT_TRUE(world.loop_.run_until([&] {
          world.loop_.advance(WatcherWorld::kInterval);
          return world.server_.steps() >= steps + 6;
        }));
      });
}

TEST(ReloadDuringALook, EndingTheWatcherEndsTheLook) {
  // ~WatcherWorld closes in the middle; a frame or descriptor left over aborts
  at_every_leaf([](WatcherWorld&) {}, [](WatcherWorld&) {});
  const std::size_t steps = steps_of_a_look();
  for (std::size_t step = 0; step < steps; ++step) {
    WatcherWorld world;
    world.server_.hold_at(step);
    world.configure(world.service());
    ASSERT_TRUE(world.loop_.run_until([&] { return world.server_.held() == 1; }));
  }
}

TEST(Reload, KeepsTheAccountsThatWereReadAndReadsThemNoSooner) {
  WatcherWorld world;
  world.configure(world.service());
  ASSERT_TRUE(world.comes_up());
  const auto accounts = world.view().accounts;
  const std::size_t asked = world.server_.asked("mysql.global_priv");
  for (int i = 0; i < 10; ++i) world.configure(world.service());
  world.loop_.advance(WatcherWorld::kInterval);
  for (int i = 0; i < 10; ++i) world.loop_.turn();
  EXPECT_EQ(world.view().accounts, accounts);
  EXPECT_EQ(world.server_.asked("mysql.global_priv"), asked);
  EXPECT_EQ(world.count(EventId::kAccountsLoaded), 1U);
  EXPECT_EQ(world.count(EventId::kAccountsChanged), 0U);
}

TEST(Reload, OfTheListedUsersTakesEffectAtOnceAndKeepsTheServersAccounts) {
  WatcherWorld world;
  world.configure(world.service());
  ASSERT_TRUE(world.comes_up());
  config::Service service = world.service();
  service.mysql.users.push_back({"file", "secret"});
  world.configure(std::move(service));
  const auto accounts = world.view().accounts;
  ASSERT_NE(accounts, nullptr);
  EXPECT_NE(accounts->find("app", "198.18.0.7"), nullptr);
  EXPECT_NE(accounts->find("file", "198.18.0.7"), nullptr);
}

TEST(Reload, WithoutUsersFromServersForgetsTheServersAccountsAndReadsThemAgainWhenItIsBack) {
  WatcherWorld world;
  world.configure(world.service());
  ASSERT_TRUE(world.comes_up());
  config::Service without = world.service();
  without.mysql.users_from_servers = false;
  without.mysql.users.push_back({"file", "secret"});
  world.configure(std::move(without));
  EXPECT_EQ(world.view().accounts->find("app", "198.18.0.7"), nullptr);
  world.configure(world.service());
  ASSERT_TRUE(world.loop_.run_until([&] {
    world.loop_.advance(50ms);
    return world.view().accounts->find("app", "198.18.0.7") != nullptr;
  }));
  EXPECT_EQ(world.view().accounts->find("file", "198.18.0.7"), nullptr);
}

TEST(Reload, AMonitorThatIsMendedIsTriedWithoutWaitingForTheInterval) {
  WatcherWorld world;
  world.server_.refuse_logins(true);
  config::Service service = world.service();
  service.check.interval = 1h;
  world.configure(service);
  ASSERT_TRUE(
      world.loop_.run_until([&] { return world.server_.logins().size() == 1 && world.watcher_.looked_at_all(); }));
  world.server_.refuse_logins(false);
  service.mysql.monitor.password = "right";
  world.configure(service);
  ASSERT_TRUE(world.comes_up());
  EXPECT_LT(world.loop_->now() - TimePoint{1'000'000'000}, Nanos(1min));
}

TEST(Reload, ChangesTheLimitOfThePlacesThatThereAre) {
  WatcherWorld world;
  world.configure(world.service());
  const std::shared_ptr<upstream::Places> places = world.view().servers[0].places;
  EXPECT_EQ(places->most(), 100U);
  config::Service fewer = world.service();
  fewer.mysql.max_server_connections = 7;
  world.configure(std::move(fewer));
  EXPECT_EQ(world.view().servers[0].places, places);
  EXPECT_EQ(places->most(), 7U);
}

}  // namespace
}  // namespace hf::topology
