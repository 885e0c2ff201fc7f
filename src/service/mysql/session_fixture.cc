#include "service/mysql/session_fixture.h"

#include <algorithm>

namespace hf::service::mysql::testing {

Stage::Stage(const StageOptions& options, upstream::mysql::ServerFault fault) : fault_(std::move(fault)) {
  control_.server_failed = [this](const std::string& /*service*/, upstream::ServerSlot slot,
                                  const std::string& /*what*/) { failed_servers.push_back(slot); };
  control_.event = [this](const Event& event) { events.push_back(event); };
  control_.refresh = [this, ask = options.refresh_accounts](const std::string& /*service*/, std::uint32_t subject) {
    const bool accounts = subject == static_cast<std::uint32_t>(upstream::mysql::Subject::kAccounts);
    ++(accounts ? account_refreshes : default_refreshes);
    return accounts && ask ? ask() : upstream::Refresh::nothing_to_wait_for();
  };
  std::vector<Shard*> peers;
  for (std::size_t i = 0; i < options.shards; ++i) {
    shards_.push_back(std::make_unique<Shard>(static_cast<std::uint32_t>(i), control_, i + 1,
                                              std::make_unique<runtime::LeapingPoller>()));
    peers.push_back(shards_.back().get());
  }
  make_config(options);
  make_view(options);
  for (const std::unique_ptr<Shard>& shard : shards_) {
    shard->set_peers(peers);
    ServiceShard& service = shard->add(shared_, view_);
    Frontend::of(&service)->state().add_collation(45, {"utf8mb4", "utf8mb4_general_ci"});
    const int fd =
        net::Listener::bind(net::Address::from_ip("127.0.0.1", 0).value(), net::PortSharing::kExclusive).value();
    addresses_.push_back(net::Address::local_of(fd).value());
    service.listen("front", fd, {.endpoint = {}, .mysql = {options.route}});
  }
}

std::uint64_t Stage::pinned_by(const PinCounters& pins) {
  std::uint64_t sum = 0;
  for (const Counter& each : pins.now) sum += each.get();
  return sum;
}

std::size_t Stage::sessions() {
  std::size_t all = 0;
  for (std::size_t i = 0; i < shards_.size(); ++i) all += service(i) == nullptr ? 0 : service(i)->sessions();
  return all;
}

std::size_t Stage::lent(std::size_t server) {
  std::size_t all = 0;
  for (std::size_t i = 0; i < shards_.size(); ++i) {
    all += service(i) == nullptr ? 0 : frontend(i).pool(static_cast<upstream::ServerSlot>(server)).lent();
  }
  return all;
}

void Stage::change_view(const std::function<void(upstream::mysql::View&)>& change) {
  auto next = std::make_shared<upstream::mysql::View>(*view_);
  ++next->version;
  change(*next);
  view_ = next;
  for (std::size_t i = 0; i < shards_.size(); ++i) {
    if (service(i) != nullptr) service(i)->apply(view_);
  }
}

void Stage::turn() {
  if (++turns_ == happens_at_) happening_();
  for (const std::unique_ptr<Shard>& shard : shards_) {
    if (shard.get() != held_shard_) shard->loop().turn(shard->loop().deadline_in(runtime::LeapingPoller::kLeap));
  }
}

void Stage::turn(std::size_t times) {
  for (std::size_t i = 0; i < times; ++i) turn();
}

void Stage::rest(Nanos time) {
  const TimePoint until = loop().now() + time;
  run_until([&] { return loop().now() >= until; });
}

void Stage::at_turn(std::size_t turn, std::function<void()> what) {
  happens_at_ = turn;
  happening_ = std::move(what);
}

TestClient& Stage::start_login(ClientLogin login, std::size_t shard) {
  clients_.push_back(std::make_unique<TestClient>(loop()));
  clients_.back()->start_login(addresses_[shard], std::move(login));
  return *clients_.back();
}

TestClient& Stage::log_in(ClientLogin login, std::size_t shard) {
  TestClient& client = start_login(std::move(login), shard);
  EXPECT_TRUE(run_until([&] { return client.settled(); })) << "a login hangs";
  return client;
}

TestClient& Stage::connect_raw(std::size_t shard) {
  clients_.push_back(std::make_unique<TestClient>(loop()));
  TestClient& client = *clients_.back();
  client.start_raw(addresses_[shard]);
  EXPECT_TRUE(run_until([&] { return client.settled(); })) << "a connect hangs";
  return client;
}

bool Stage::wait(TestClient& client) {
  const bool over = run_until([&] { return client.answered() || client.gone(); });
  EXPECT_TRUE(over) << "no answer to a command";
  return over;
}

Answer Stage::ask(TestClient& client, ByteView payload) {
  if (client.gone()) return {};
  client.send(payload);
  wait(client);
  return client.answers().empty() ? Answer{} : client.answers().back();
}

bool Stage::wait_gone(TestClient& client) {
  return run_until([&] { return client.gone(); });
}

void Stage::for_all_clients(const std::function<void(TestClient&)>& what) {
  for (const std::unique_ptr<TestClient>& client : clients_) what(*client);
}

void Stage::close_all() {
  for (const std::unique_ptr<Shard>& shard : shards_) shard->close_all(Nanos::zero(), [] {});
}

std::size_t Stage::told(EventId id) const {
  return static_cast<std::size_t>(
      std::count_if(events.begin(), events.end(), [id](const Event& event) { return event.id() == id; }));
}

std::string Stage::told(EventId id, std::string_view field) const {
  const auto latest =
      std::find_if(events.rbegin(), events.rend(), [id](const Event& event) { return event.id() == id; });
  return latest == events.rend() ? "no such event" : std::string(latest->field(field));
}

ServiceShard* Stage::service(std::size_t i) { return shards_[i]->find("orders"); }

std::size_t Stage::idle(std::size_t server, std::size_t shard) {
  return frontend(shard).pool(static_cast<upstream::ServerSlot>(server)).idle();
}

std::uint64_t Stage::pinned(std::size_t shard) const { return pinned_by(counted(shard).pins); }

void Stage::finish() {
  if (finished_) return;
  finished_ = true;
  happens_at_ = 0;
  for (const std::unique_ptr<TestClient>& client : clients_) {
    EXPECT_EQ(client->fault(), "") << "what a client got is no reply";
    client->leave();
  }
  const auto ended = [this] {
    bool all = sessions() == 0;
    for (std::size_t i = 0; i < servers_.size(); ++i) all = all && lent(i) == 0;
    return all;
  };
  EXPECT_TRUE(run_until(ended)) << "sessions: " << sessions() << ", lent: " << lent(0);
  std::size_t closed = 0;
  for (const std::unique_ptr<Shard>& shard : shards_) shard->close_all(Nanos::zero(), [&closed] { ++closed; });
  EXPECT_TRUE(run_until([&] { return closed == shards_.size(); })) << "the service does not close";
  for (std::size_t i = 0; i < servers_.size(); ++i) {
    EXPECT_TRUE(run_until([&] { return view_->servers[i].places->taken() == 0; })) << "places of server " << i;
    EXPECT_EQ(view_->servers[i].places->waiting(), 0U) << "waits for server " << i;
    EXPECT_TRUE(run_until([&] { return servers_[i]->open() == 0; }))
        << "connections to server " << i << " are left open";
  }
  EXPECT_EQ(shared_->clients.load(), 0U);
  EXPECT_EQ(changes_->underway.load(), 0U);
  for (std::size_t shard = 0; shard < shards_.size(); ++shard) {
    const ShardCounters& counters = counted(shard);
    EXPECT_EQ(counters.service.clients.get(), 0U);
    EXPECT_EQ(pinned_by(counters.pins), 0U);
    for (std::size_t i = 0; i < servers_.size(); ++i) {
      EXPECT_EQ(counters.servers.find(i)->in_flight.get(), 0U) << "server " << i;
    }
  }
}

bool Stage::run_until_it_holds(bool (*holds)(void*), void* it) {
  for (std::size_t i = 0; i < kMostTurns && !holds(it); ++i) turn();
  return holds(it);
}

void Stage::make_config(const StageOptions& options) {
  config::Service& service = config_->services.emplace_back();
  service.name = "orders";
  service.protocol = config::Protocol::kMysql;
  service.connect_timeout = 100ms;
  service.mysql.hold_timeout = 200ms;
  if (options.change_service) options.change_service(service);
}

void Stage::make_view(const StageOptions& options) {
  auto view = std::make_shared<upstream::mysql::View>();
  view->config = config_;
  view->service = config_->services.data();
  view->server_version = upstream::mysql::fake_greeting().server_version;
  view->mariadb = true;
  view->server_capabilities = options.server_capabilities;
  auto defaults = std::make_shared<upstream::mysql::SessionDefaults>();
  defaults->id = 1;
  defaults->variables = {{"autocommit", "ON"},
                         {"character_set_client", "utf8mb4"},
                         {"character_set_connection", "utf8mb4"},
                         {"character_set_results", "utf8mb4"},
                         {"collation_connection", "utf8mb4_general_ci"},
                         {"sql_mode", ""},
                         {"time_zone", "SYSTEM"}};
  if (options.change_defaults) options.change_defaults(*defaults);
  view->defaults = std::move(defaults);
  std::vector<upstream::mysql::Account> accounts = options.accounts;
  if (accounts.empty()) {
    for (const char* user : {"app", "other"}) {
      upstream::mysql::Account& account = accounts.emplace_back();
      account.id = static_cast<std::uint32_t>(accounts.size());
      account.user = user;
      account.password = "secret";
    }
  }
  view->accounts = std::make_shared<upstream::mysql::Accounts>(std::move(accounts));
  for (std::size_t i = 0; i <= options.replicas; ++i) {
    servers_.push_back(std::make_unique<ResponderFake>(loop(), options.server_capabilities, &fault_));
    answer_own_questions(*servers_.back());
    upstream::ServerView& server = view->servers.emplace_back();
    server.name = "db" + std::to_string(i + 1);
    server.address = servers_.back()->address();
    server.present = server.reachable = true;
    server.reader = i > 0 || options.replicas == 0;
    server.weight = 100;
    server.places = std::make_shared<upstream::Places>(options.places);
  }
  view->primary = 0;
  if (options.change_view) options.change_view(*view);
  view_ = std::move(view);
}

void Stage::answer_own_questions(ResponderFake& server) {
  server.on("SELECT LAST_INSERT_ID(),FOUND_ROWS(),ROW_COUNT()", reply::rows({{"0", "0", "0"}}));
  server.on("SELECT FOUND_ROWS()", reply::rows({{"0"}}));
  server.on("SELECT @@warning_count,@@error_count", reply::rows({{"0", "0"}}));
  server.on("SHOW WARNINGS", reply::rows({}));
  server.on("SELECT @@character_set_client,",
            reply::rows({{"utf8mb4", "utf8mb4", "utf8mb4", "utf8mb4_general_ci", "utf8mb4", "utf8mb4_general_ci"}}));
  server.on("SELECT 'sql_select_limit'", reply::rows({{"sql_select_limit", "18446744073709551615"}}));
  server.on("SHOW SESSION VARIABLES", reply::rows({{"autocommit", "ON"}, {"sql_mode", ""}, {"time_zone", "SYSTEM"}}));
}

namespace {

/// Each command has one whole answer, or the connection has ended.
void expect_answers(Stage& stage) {
  stage.for_all_clients([](const TestClient& client) {
    EXPECT_TRUE(client.answered() || client.gone()) << "a command without an answer";
  });
}

void play_through(const Scenario& scenario, Stage& stage) {
  scenario.play(stage);
  expect_answers(stage);
  stage.finish();
}

struct Length {
  std::size_t steps = 0;
  std::size_t turns = 0;
};
Length play_untouched(const Scenario& scenario) {
  SCOPED_TRACE("untouched");
  Stage stage(scenario.options);
  scenario.play(stage);
  const Length length{stage.fault().steps, stage.turns()};
  expect_answers(stage);
  stage.for_all_clients([](const TestClient& client) {
    EXPECT_TRUE(client.answered() || client.left()) << "the connection ended before the answer";
  });
  stage.finish();
  return length;
}

}  // namespace

void for_every_step(const Scenario& scenario) {
  using Kind = upstream::mysql::ServerFault::Kind;
  const Length length = play_untouched(scenario);
  ASSERT_GT(length.steps, 0U) << "no server was asked";
  struct Way {
    const char* name;
    upstream::mysql::ServerFault fault;
  };
  const std::vector<Way> ways = {
      {"the server closes", {.kind = Kind::kClose}},
      {"an error", {.kind = Kind::kError}},
      {"the server shuts down", {.kind = Kind::kError, .code = 1053, .message = "Server shutdown in progress"}},
      {"the server is read-only",
       {.kind = Kind::kError,
        .code = 1290,
        .message = "The MariaDB server is running with the --read-only option so it cannot execute this statement"}},
      {"garbage", {.kind = Kind::kGarbage}},
      {"half a reply", {.kind = Kind::kTruncated}}};
  for (const Way& way : ways) {
    for (std::size_t at = 1; at <= length.steps && !::testing::Test::HasFailure(); ++at) {
      SCOPED_TRACE(std::string(way.name) + " at step " + std::to_string(at) + " of " + std::to_string(length.steps));
      upstream::mysql::ServerFault fault = way.fault;
      fault.at = at;
      Stage stage(scenario.options, fault);
      play_through(scenario, stage);
      EXPECT_GE(stage.fault().steps, at) << "the step did not come";
    }
  }
}

void for_every_leaf(const Scenario& scenario) {
  const Length length = play_untouched(scenario);
  struct Way {
    const char* name;
    std::function<void(Stage&)> happening;
  };
  const std::vector<Way> ways = {
      {"the clients leave", [](Stage& stage) { stage.for_all_clients([](TestClient& client) { client.leave(); }); }},
      {"the service closes", [](Stage& stage) { stage.close_all(); }},
      {"the address leaves", [](Stage& stage) {
         stage.service()->cut_clients_on(net::Address::from_ip("127.0.0.1", 0).value(), "the address leaves");
       }}};
  for (const Way& way : ways) {
    for (std::size_t at = 1; at <= length.turns && !::testing::Test::HasFailure(); ++at) {
      SCOPED_TRACE(std::string(way.name) + " at turn " + std::to_string(at) + " of " + std::to_string(length.turns));
      Stage stage(scenario.options);
      stage.at_turn(at, [&] { way.happening(stage); });
      play_through(scenario, stage);
    }
  }
}

void for_every_step_and_leaf(const Scenario& scenario) {
  for_every_step(scenario);
  if (!::testing::Test::HasFailure()) for_every_leaf(scenario);
}

}  // namespace hf::service::mysql::testing
