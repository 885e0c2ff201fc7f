// What the watcher reads besides its looks: accounts and session defaults, by and by and when somebody asks.
#include <gtest/gtest.h>

#include "topology/watcher_world_fake.h"

namespace hf::topology {
namespace {

constexpr const char* kAccounts = "mysql.global_priv";
constexpr const char* kVariables = "GLOBAL VARIABLES";
constexpr const char* kEntry = R"({"access":0})";

class WatcherReadings : public ::testing::Test {
 protected:
  void start() { start(world_.service()); }
  void start(config::Service service) {
    world_.configure(std::move(service));
    ASSERT_TRUE(world_.comes_up());
    ASSERT_TRUE(world_.until([this] { return world_.server_.asked("mysql.db") > 0; }));  // the first reading is over
    world_.settle();
  }
  upstream::RefreshPtr ask() {
    auto asked = std::make_shared<upstream::Refresh>();
    world_.watcher_.refresh(static_cast<std::uint32_t>(upstream::mysql::Subject::kAccounts), *asked);
    return asked;
  }
  upstream::RefreshPtr ask_defaults() {
    auto asked = std::make_shared<upstream::Refresh>();
    world_.watcher_.refresh(static_cast<std::uint32_t>(upstream::mysql::Subject::kDefaults), *asked);
    return asked;
  }
  bool ready() const { return world_.watcher_.ready(); }
  bool answered(const upstream::RefreshPtr& asked) const { return asked->done(world_.view().accounts_round); }
  /// Without any time passing.
  bool answered_at_once(const upstream::RefreshPtr& asked) {
    return world_.loop_.run_until([&] { return answered(asked); });
  }
  void variables(std::vector<check::MonitoredServerFake::Row> rows) {
    world_.server_.set(kVariables, {"Variable_name", "Value"}, std::move(rows));
  }
  std::uint32_t id_of(const std::string& user) const {
    const upstream::mysql::Account* account = world_.view().accounts->find(user, "198.18.0.1");
    return account == nullptr ? 0 : account->id;
  }

  WatcherWorld world_;
};

TEST_F(WatcherReadings, AnAccountMadeAMomentAgoIsThereWhenSomebodyHasAsked) {
  start();
  world_.server_.set(kAccounts, {"User", "Host", "Priv"}, {{"app", "%", kEntry}, {"fresh", "%", kEntry}});
  EXPECT_EQ(id_of("fresh"), 0U);
  const auto asked = ask();
  EXPECT_FALSE(answered(asked));
  ASSERT_TRUE(answered_at_once(asked));
  EXPECT_NE(id_of("fresh"), 0U);
}

TEST_F(WatcherReadings, TheRoundRisesThoughNothingHasChangedAndOnlyForWhoAsks) {
  start();
  const std::uint64_t round = world_.view().accounts_round;
  ASSERT_TRUE(answered_at_once(ask()));
  EXPECT_EQ(world_.view().accounts_round, round + 1);
  const std::size_t views = world_.views_.size();
  const std::size_t read = world_.server_.asked(kAccounts);
  ASSERT_TRUE(world_.until([&] { return world_.server_.asked(kAccounts) >= read + 3; }));  // by and by, for nobody
  EXPECT_EQ(world_.view().accounts_round, round + 1);
  EXPECT_EQ(world_.views_.size(), views);
}

TEST_F(WatcherReadings, ManyQuestionsAtOnceAreOneReading) {
  start();
  const std::size_t read = world_.server_.asked(kAccounts);
  std::vector<upstream::RefreshPtr> all;
  for (int i = 0; i < 100; ++i) all.push_back(ask());
  ASSERT_TRUE(answered_at_once(all.back()));
  for (const auto& asked : all) EXPECT_TRUE(answered(asked));
  EXPECT_EQ(world_.server_.asked(kAccounts), read + 1);
}

TEST_F(WatcherReadings, AReadingUnderWayAnswersNobodyWhoAsksNow) {
  start();
  world_.server_.hold_at(world_.server_.steps());
  const auto first = ask();
  ASSERT_TRUE(world_.loop_.run_until([this] { return world_.server_.held() == 1; }));  // the old answer is on its way
  world_.server_.set(kAccounts, {"User", "Host", "Priv"}, {{"app", "%", kEntry}, {"fresh", "%", kEntry}});
  const auto second = ask();
  world_.server_.release();
  ASSERT_TRUE(answered_at_once(first));
  if (!answered(second)) EXPECT_EQ(id_of("fresh"), 0U);
  ASSERT_TRUE(answered_at_once(second));
  EXPECT_NE(id_of("fresh"), 0U);
}

TEST_F(WatcherReadings, NoMoreThanFiveASecondAndTheNextInTheNextSlot) {
  start();
  ASSERT_TRUE(world_.until(
      [this] { return world_.view().defaults_round == 0 && world_.loop_->now() > TimePoint{8'000'000'000}; }));
  const std::size_t read = world_.server_.asked(kAccounts);
  const TimePoint began = world_.loop_->now();
  for (int i = 0; i < 5 && world_.server_.asked(kAccounts) < read + 5; ++i) {
    const auto asked = ask();
    for (int turn = 0; turn < 40 && !answered(asked); ++turn) world_.loop_.turn();
  }
  const auto late = ask();
  world_.settle();
  EXPECT_FALSE(answered(late));
  EXPECT_LE(world_.server_.asked(kAccounts), read + 5);
  ASSERT_TRUE(world_.until([&] { return answered(late); }));
  EXPECT_GE(world_.loop_->now() - began, Nanos(500ms));
  EXPECT_LE(world_.loop_->now() - began, Nanos(1300ms));
}

TEST_F(WatcherReadings, WithTheServersGoneTheAnswerIsWhatIsKnown) {
  start();
  world_.server_.refuse("@@version", 1040, "Too many connections");
  ASSERT_TRUE(world_.until(
      [this] { return !world_.view().primary.has_value() || world_.watcher_.report().servers[0].check != "ok"; }));
  ASSERT_TRUE(answered_at_once(ask()));
  EXPECT_NE(id_of("app"), 0U);
}

TEST_F(WatcherReadings, WhoAsksWhileALookHangsIsAnsweredWhenItHasFailed) {
  start();
  world_.server_.hold_at(world_.server_.steps());
  ASSERT_TRUE(world_.until([this] { return world_.server_.held() == 1; }));
  const auto asked = ask();
  world_.settle();
  EXPECT_FALSE(answered(asked));
  ASSERT_TRUE(world_.until([&] { return answered(asked); }));
}

TEST_F(WatcherReadings, AConnectionThatTheServerClosedIsNoReasonNotToRead) {
  start();
  world_.server_.cut();
  world_.server_.set(kAccounts, {"User", "Host", "Priv"}, {{"app", "%", kEntry}, {"fresh", "%", kEntry}});
  ASSERT_TRUE(answered_at_once(ask()));
  EXPECT_NE(id_of("fresh"), 0U);
}

TEST_F(WatcherReadings, WhereOnlyTheFileSaysWhoMayLogInTheAnswerComesAtOnce) {
  config::Service service = world_.service();
  service.mysql.users_from_servers = false;
  service.mysql.users = {{"file", "secret"}};
  start(service);
  const std::uint64_t round = world_.view().accounts_round;
  const auto asked = ask();
  EXPECT_TRUE(answered(asked));
  EXPECT_EQ(world_.view().accounts_round, round + 1);
}

TEST_F(WatcherReadings, WhereOnlyTheFileSaysWhoMayLogInRightsAreFollowedAndARefusalIsQuiet) {
  config::Service service = world_.service();
  service.mysql.users_from_servers = false;
  service.mysql.users = {{"app", "secret"}};
  start(service);
  const std::uint32_t before = id_of("app");
  world_.server_.set(kAccounts, {"User", "Host", "Priv"}, {{"app", "%", R"({"access":7,"max_questions":9})"}});
  ask();
  ASSERT_TRUE(world_.loop_.run_until([&] { return id_of("app") != before; }));
  EXPECT_TRUE(world_.view().accounts->find("app", "198.18.0.1")->limited);

  world_.server_.refuse(kAccounts, 1142, "SELECT command denied to user 'watch'@'localhost' for table 'global_priv'");
  const std::size_t read = world_.server_.asked(kAccounts);
  ASSERT_TRUE(world_.until([&] { return world_.server_.asked(kAccounts) > read; }));
  for (int i = 0; i < 10; ++i) {
    world_.loop_.advance(WatcherWorld::kInterval);
    world_.settle();
  }
  EXPECT_LE(world_.server_.asked(kAccounts), read + 2);  // once a minute
  EXPECT_NE(id_of("app"), 0U);
  EXPECT_EQ(world_.count(EventId::kMonitorLoginFailed), 0U);
  EXPECT_EQ(world_.count(EventId::kAccountsLoaded), 0U);
}

TEST_F(WatcherReadings, ARevokedSchemaIsAnotherAccountForTheNextLogin) {
  world_.server_.set("mysql.db", {"Host", "Db", "User", "Insert_priv"}, {{"%", "shop", "app", "Y"}});
  start();
  const std::uint32_t before = id_of("app");
  world_.server_.set("mysql.db", {"Host", "Db", "User", "Insert_priv"}, {});
  ASSERT_TRUE(answered_at_once(ask()));
  EXPECT_NE(id_of("app"), before);
  EXPECT_EQ(world_.count(EventId::kAccountsChanged), 1U);
}

TEST_F(WatcherReadings, TablesThatTheMonitorMayNotReadAreLeftOutQuietly) {
  for (const char* table : {"mysql.roles_mapping", "mysql.db"}) {
    world_.server_.refuse(table, 1142, "SELECT command denied");
  }
  start();
  EXPECT_NE(id_of("app"), 0U);
  EXPECT_EQ(world_.count(EventId::kMonitorLoginFailed), 0U);
  EXPECT_EQ(world_.server_.accepted(), 1U);
}

TEST_F(WatcherReadings, AServerThatGoesInTheMiddleOfAReadingLeavesTheAccountsAsTheyWere) {
  world_.server_.set("mysql.db", {"Host", "Db", "User", "Insert_priv"}, {{"%", "shop", "app", "Y"}});
  world_.server_.set("mysql.roles_mapping", {"User", "Host", "Role", "Admin_option"}, {});
  start();
  const auto accounts = world_.view().accounts;
  world_.server_.hold_at(world_.server_.steps() + 1);  // accounts are told, roles are not
  ask();
  ASSERT_TRUE(world_.loop_.run_until([this] { return world_.server_.held() == 1; }));
  world_.server_.stop_listening();
  world_.server_.cut();
  world_.server_.release();
  ASSERT_TRUE(world_.until([this] { return world_.watcher_.report().servers[0].check != "ok"; }));
  EXPECT_EQ(world_.view().accounts, accounts);
}

TEST_F(WatcherReadings, BeforeAServerHasAnsweredTheDefaultsAreWhatIsBuiltIn) {
  world_.configure(world_.service());
  const upstream::mysql::SessionDefaultsPtr defaults = world_.view().defaults;
  ASSERT_NE(defaults, nullptr);
  EXPECT_EQ(defaults->id, 0U);
  EXPECT_TRUE(defaults->variables.empty());
  EXPECT_EQ(defaults->status, proto::mysql::kStatusAutocommit);
  EXPECT_EQ(defaults->max_allowed_packet, 16U * 1024 * 1024);
}

TEST_F(WatcherReadings, TheDefaultsAreTheServersGlobalsAndChangeWithThem) {
  variables({{"autocommit", "OFF"},
             {"sql_mode", "ANSI_QUOTES,NO_BACKSLASH_ESCAPES"},
             {"max_allowed_packet", "1048576"},
             {"init_connect", "SET @a=1"}});
  start();
  const upstream::mysql::SessionDefaultsPtr first = world_.view().defaults;
  EXPECT_NE(first->id, 0U);
  EXPECT_EQ(first->find("autocommit"), "OFF");
  EXPECT_EQ(first->find("time_zone"), std::nullopt);
  EXPECT_EQ(first->init_connect, "SET @a=1");
  EXPECT_EQ(first->max_allowed_packet, 1048576U);
  EXPECT_EQ(first->status, proto::mysql::kStatusAnsiQuotes | proto::mysql::kStatusNoBackslashEscapes);
  EXPECT_TRUE(world_.view().mariadb);

  const std::size_t views = world_.views_.size();
  variables({{"autocommit", "ON"}});
  ASSERT_TRUE(world_.until([&] { return world_.view().defaults->id != first->id; }));
  EXPECT_GT(world_.views_.size(), views);
  variables({{"autocommit", "OFF"},
             {"sql_mode", "ANSI_QUOTES,NO_BACKSLASH_ESCAPES"},
             {"max_allowed_packet", "1048576"},
             {"init_connect", "SET @a=1"}});
  ASSERT_TRUE(world_.until([&] { return world_.view().defaults->id == first->id; }));
}

TEST_F(WatcherReadings, DefaultsAreReadAtOnceForWhoAsksAndAtMostOnceASecondOtherwise) {
  variables({{"autocommit", "ON"}});
  start();
  const std::uint64_t id = world_.view().defaults->id;
  const std::uint64_t round = world_.view().defaults_round;
  variables({{"autocommit", "OFF"}});
  const auto asked = ask_defaults();
  ASSERT_TRUE(world_.loop_.run_until([&] { return asked->done(world_.view().defaults_round); }));
  EXPECT_NE(world_.view().defaults->id, id);
  EXPECT_EQ(world_.view().defaults_round, round + 1);

  const std::size_t read = world_.server_.asked(kVariables);
  const TimePoint began = world_.loop_->now();
  ASSERT_TRUE(world_.until([&] { return world_.loop_->now() - began >= Nanos(10s); }));
  EXPECT_LE(world_.server_.asked(kVariables), read + 11);
  EXPECT_GE(world_.server_.asked(kVariables), read + 5);
}

TEST_F(WatcherReadings, AServerThatDoesNotTellItsGlobalsIsLookedAtAllTheSame) {
  world_.server_.refuse(kVariables, 1064, "no");
  start();
  EXPECT_TRUE(world_.view().primary.has_value());
  EXPECT_EQ(world_.view().defaults->id, 0U);
  EXPECT_EQ(world_.count(EventId::kServerDown), 0U);
  EXPECT_EQ(world_.count(EventId::kMonitorLoginFailed), 0U);
}

TEST_F(WatcherReadings, AServerThatIsFullIsWhatItWasForAWhile) {
  config::Service service = world_.service();
  service.check.fall = 2;  // the look that finds its connection closed has failed
  start(service);
  ASSERT_TRUE(world_.view().primary.has_value());
  world_.server_.refuse_logins(true, 1040);
  world_.server_.cut();
  const auto pass = [this](Nanos time) {
    for (Nanos passed{}; passed < time; passed += WatcherWorld::kInterval) {
      world_.loop_.advance(WatcherWorld::kInterval);
      world_.settle();
    }
  };
  pass(30s);
  EXPECT_TRUE(world_.view().primary.has_value()) << "sessions are at work there";
  EXPECT_EQ(world_.count(EventId::kMonitorLoginFailed), 1U);
  EXPECT_EQ(world_.count(EventId::kServerDown), 0U);
  pass(40s);
  EXPECT_FALSE(world_.view().primary.has_value()) << "nobody knows what it is by now";
  world_.server_.refuse_logins(false);
  ASSERT_TRUE(world_.until([this] { return world_.view().primary.has_value(); }));
}

TEST_F(WatcherReadings, AServiceIsReadyWhenItsGlobalsAreKnownOrNobodyCanTellThem) {
  world_.server_.hold_at(6);  // greeting, login, our own settings, three questions of the look; then the globals
  world_.configure(world_.service());
  EXPECT_FALSE(ready());
  ASSERT_TRUE(world_.loop_.run_until([this] { return world_.server_.held() == 1 && world_.watcher_.looked_at_all(); }));
  EXPECT_FALSE(ready()) << "a login now would be told that autocommit is on, whatever the servers say";
  EXPECT_TRUE(world_.view().accounts_awaited) << "a login now would be told that there is no such account";
  world_.server_.release();
  EXPECT_TRUE(world_.loop_.run_until([this] { return ready(); }));
  EXPECT_TRUE(world_.loop_.run_until([this] { return !world_.view().accounts_awaited; }));
}

TEST_F(WatcherReadings, AServiceWhoseServersDoNotAnswerIsAsReadyAsItCanBe) {
  world_.server_.refuse_logins(true);
  world_.configure(world_.service());
  EXPECT_FALSE(ready()) << "nobody has been looked at";
  EXPECT_TRUE(world_.loop_.run_until([this] { return ready(); }));
}

}  // namespace
}  // namespace hf::topology
