// What can be seen of sessions that keep connections: the list, the counters, the event.
#include "service/mysql/session_list.h"

#include <gtest/gtest.h>

#include <optional>

#include "proto/mysql/response.h"
#include "service/mysql/frontend.h"
#include "service/shard.h"
#include "upstream/mysql/connection.h"
#include "upstream/mysql/server_fake.h"

namespace hf::service::mysql {
namespace {

namespace wire = proto::mysql;
using policy::session::PinReason;
using runtime::Task;
using upstream::mysql::expect_step;
using upstream::mysql::hang_step;
using upstream::mysql::ok_step;
using upstream::mysql::ServerScript;

constexpr int kStatements = 4;  // that a connection to the fake answers

upstream::mysql::ServerStep in_transaction_step() {
  const auto status = static_cast<wire::StatusFlags>(wire::kStatusAutocommit | wire::kStatusInTransaction);
  return upstream::mysql::packet_step(1, wire::encode_ok({.status = status}, upstream::mysql::kFakeCapabilities));
}

/// Logs any session in, lets it set up its state, then answers its statements.
ServerScript script(upstream::mysql::ServerStep answer, int statements = kStatements) {
  ServerScript all = upstream::mysql::login_script();
  all.push_back(expect_step());
  all.push_back(ok_step(1));
  for (int i = 0; i < statements; ++i) {
    all.push_back(expect_step());
    all.push_back(answer);
  }
  return all;
}

struct Client {
  upstream::mysql::ConnectionPtr connection;
  std::size_t answers = 0;
};

Task<void> log_in(runtime::EventLoop* loop, net::Address address, Client* client) {
  upstream::mysql::Login login;
  login.credentials.user = "app";
  login.credentials.password = "secret";
  login.capabilities =
      upstream::mysql::kFakeCapabilities & ~(wire::kClientSsl | wire::kClientCompress | wire::kClientConnectWithDb);
  Result<upstream::mysql::ConnectionPtr> connected =
      co_await upstream::mysql::connect(*loop, address, login, loop->deadline_in(10s));
  if (connected.ok()) client->connection = std::move(*connected);
}

Task<void> read_answers(Client* client) {
  for (;;) {
    const Result<ByteView> bytes = co_await client->connection->stream->recv(Deadline::never());
    if (!bytes.ok() || bytes->empty()) break;
    ++client->answers;
  }
}

class SessionList : public ::testing::Test {
 protected:
  void start(ServerScript script) {
    server_ = std::make_unique<upstream::mysql::ServerFake>(shard_.loop(), std::move(script));
    config::Service& service = config_->services.emplace_back();
    service.name = "orders";
    service.protocol = config::Protocol::kMysql;
    upstream::mysql::Account account;
    account.id = 1;
    account.user = "app";
    account.host = "127.%";
    account.password = "secret";
    view_->config = config_;
    view_->service = config_->services.data();
    view_->server_version = upstream::mysql::fake_greeting().server_version;
    view_->server_capabilities = upstream::mysql::kFakeCapabilities;
    auto defaults = std::make_shared<upstream::mysql::SessionDefaults>();
    defaults->id = 1;
    defaults->variables = {{"autocommit", "ON"}, {"sql_mode", ""}};
    view_->defaults = std::move(defaults);
    view_->accounts = std::make_shared<upstream::mysql::Accounts>(std::vector<upstream::mysql::Account>{account});
    upstream::ServerView& server = view_->servers.emplace_back();
    server.name = "db1";
    server.address = server_->address();
    server.present = server.reachable = true;
    server.weight = 100;
    server.places = std::make_shared<upstream::Places>(1000);
    view_->primary = 0;
    service_ = &shard_.add(shared_, view_);
    Frontend::of(service_)->state().add_collation(45, {"utf8mb4", "utf8mb4_general_ci"});
    const int fd =
        net::Listener::bind(net::Address::from_ip("127.0.0.1", 0).value(), net::PortSharing::kExclusive).value();
    address_ = net::Address::local_of(fd).value();
    service_->listen("front", fd, {});
  }
  ~SessionList() override {
    for (const auto& client : clients_) client->connection->stream->abort({ErrorCode::kCancelled, "the test is over"});
    bool closed = false;
    shard_.close_all(Nanos::zero(), [&] { closed = true; });
    run_until([&] { return closed && scope_.empty(); });
    turn();
  }
  void turn() { shard_.loop().turn(shard_.loop().deadline_in(5ms)); }
  template <typename Done>
  bool run_until(Done done) {
    for (int turns = 0; turns < 5000 && !done(); ++turns) turn();
    return done();
  }
  Client& connect() {
    Client& client = *clients_.emplace_back(std::make_unique<Client>());
    scope_.spawn("log in", log_in, &shard_.loop(), address_, &client);
    EXPECT_TRUE(run_until([&] { return client.connection != nullptr; }));
    scope_.spawn("read", read_answers, &client);
    return client;
  }
  static void send(Client& client, std::string_view command) {
    std::string packet;
    wire::append_packet(packet, 0, command);
    client.connection->stream->write(packet);
  }
  void query(Client& client, std::string_view sql) {
    const std::size_t before = client.answers;
    send(client, "\x03" + std::string(sql));
    ASSERT_TRUE(run_until([&] { return client.answers > before; }));
  }
  HeldSessions list(std::size_t most = 100, const std::string& service = "") {
    std::optional<HeldSessions> listed;
    turns_ = 0;
    list_sessions(shard_, service, most, [&](HeldSessions all) { listed = std::move(all); });
    run_until([&] {
      ++turns_;
      return listed.has_value();
    });
    return listed.value_or(HeldSessions{});
  }
  std::uint64_t pinned(PinReason reason) const {
    return Frontend::of(service_)->pins().now[static_cast<std::size_t>(reason)].get();
  }
  std::uint64_t pins(PinReason reason) const {
    return Frontend::of(service_)->pins().made[static_cast<std::size_t>(reason)].get();
  }

  std::vector<Event> events_;
  Control control_{[](const std::string&, upstream::ServerSlot, const std::string&) {},
                   [this](Event event) { events_.push_back(std::move(event)); }};
  std::shared_ptr<config::Config> config_ = std::make_shared<config::Config>();
  std::shared_ptr<upstream::mysql::View> view_ = std::make_shared<upstream::mysql::View>();
  std::shared_ptr<ServiceShared> shared_ = std::make_shared<ServiceShared>("orders", make_frontends());
  Shard shard_{0, control_, 1};
  ServiceShard* service_ = nullptr;
  std::unique_ptr<upstream::mysql::ServerFake> server_;
  net::Address address_;
  std::vector<std::unique_ptr<Client>> clients_;
  int turns_ = 0;
  runtime::Scope scope_{shard_.loop()};
};

TEST_F(SessionList, APinnedSessionIsListedWithItsReasonAndTheShapeThatPinned) {
  start(script(ok_step(1)));
  Client& client = connect();
  EXPECT_EQ(list().total, 0U) << "an idle session has no connection";
  query(client, "SET @secret = 'swordfish'");
  const HeldSessions all = list();
  ASSERT_EQ(all.shown.size(), 1U);
  const HeldSession& seen = all.shown[0];
  EXPECT_EQ(seen.service, "orders");
  EXPECT_EQ(seen.id, Frontend::of(service_)->state().sessions().begin()->first);
  EXPECT_EQ(seen.account, "app@127.%");
  EXPECT_TRUE(seen.client.starts_with("127.0.0.1:")) << seen.client;
  EXPECT_EQ(seen.server, "db1");
  EXPECT_EQ(seen.grip, Grip::kPinned);
  EXPECT_EQ(seen.reason.name, "user-variable");
  EXPECT_EQ(seen.shape, "set @secret = ?");
  EXPECT_FALSE(seen.running);
  EXPECT_GT(seen.since_wall_micros, 0);
  EXPECT_EQ(list(100, "orders").total, 1U);
  EXPECT_EQ(list(100, "others").total, 0U);
}

TEST_F(SessionList, TheSinceOfAPinStaysWhileTheSessionGoesOn) {
  start(script(ok_step(1)));
  Client& client = connect();
  query(client, "SET @a = 1");
  const std::int64_t since = list().shown.at(0).since_wall_micros;
  query(client, "SELECT GET_LOCK('b', 1)");
  const HeldSessions all = list();
  EXPECT_EQ(all.shown.at(0).reason.name, "user-variable") << "the first reason";
  EXPECT_EQ(all.shown.at(0).shape, "set @a = ?");
  EXPECT_NEAR(static_cast<double>(all.shown.at(0).since_wall_micros - since), 0.0, 50'000.0)
      << "the clocks differ by a turn";
  EXPECT_EQ(pins(PinReason::kUserVariable), 1U);
  EXPECT_EQ(pins(PinReason::kUserLock), 0U);
}

TEST_F(SessionList, AStatementAndATransactionAreReasonsOfTheirOwn) {
  ServerScript steps = script(in_transaction_step(), 1);
  steps.push_back(expect_step());
  steps.push_back(hang_step());
  start(steps);
  Client& client = connect();
  query(client, "BEGIN");
  ASSERT_EQ(list().shown.size(), 1U);
  EXPECT_EQ(list().shown[0].grip, Grip::kTied);
  EXPECT_EQ(list().shown[0].reason.name, "transaction");
  EXPECT_EQ(list().shown[0].shape, "");
  send(client, "\x03UPDATE t SET a = 1");
  ASSERT_TRUE(run_until([&] { return list().shown.size() == 1 && list().shown[0].running; }));
  EXPECT_EQ(list().shown[0].reason.name, "transaction");
  EXPECT_EQ(list().shown[0].server, "db1");
  Client& other = connect();
  query(other, "BEGIN");  // on a connection of its own
  EXPECT_EQ(list().total, 2U);
}

TEST_F(SessionList, AStatementThatRunsIsListed) {
  ServerScript steps = script(ok_step(1), 0);
  steps.push_back(expect_step());
  steps.push_back(hang_step());
  start(steps);
  Client& client = connect();
  send(client, "\x03INSERT INTO t VALUES (1)");
  ASSERT_TRUE(run_until([&] { return list().total == 1; }));
  EXPECT_EQ(list().shown.at(0).reason.name, "statement");
  EXPECT_EQ(list().shown.at(0).grip, Grip::kRunning);
}

TEST_F(SessionList, PinsAreCountedByReasonUntilTheSessionEnds) {
  start(script(ok_step(1)));
  Client& client = connect();
  query(client, "CREATE TEMPORARY TABLE t (a INT)");
  Client& other = connect();
  query(other, "SET @a = 1");
  EXPECT_EQ(pinned(PinReason::kTemporaryTable), 1U);
  EXPECT_EQ(pinned(PinReason::kUserVariable), 1U);
  send(client, "\x01");
  ASSERT_TRUE(run_until([&] { return service_->sessions() == 1; }));
  EXPECT_EQ(pinned(PinReason::kTemporaryTable), 0U);
  EXPECT_EQ(pins(PinReason::kTemporaryTable), 1U);
  EXPECT_EQ(pinned(PinReason::kUserVariable), 1U);
}

TEST_F(SessionList, AnEventTellsOfThePinOnceAMinuteForEachReason) {
  start(script(ok_step(1)));
  query(connect(), "SET @a = 1");
  query(connect(), "SET @b = 2");
  query(connect(), "CREATE TEMPORARY TABLE t (a INT)");
  ASSERT_EQ(events_.size(), 2U);
  for (const Event& event : events_) {
    EXPECT_EQ(event.id(), EventId::kSessionPinned);
    EXPECT_EQ(unknown_field(event), "");
    EXPECT_EQ(event.field("service"), "orders");
    EXPECT_EQ(event.field("server"), "db1");
    EXPECT_EQ(event.field("account"), "app@127.%");
    EXPECT_TRUE(event.field("client").starts_with("127.0.0.1:"));
  }
  EXPECT_EQ(events_[0].field("reason"), "user-variable");
  EXPECT_EQ(events_[0].field("shape"), "set @a = ?");
  EXPECT_EQ(events_[1].field("reason"), "temporary-table");
}

TEST_F(SessionList, WhatWasNotToldIsInTheNextCount) {
  start(script(ok_step(1)));
  ShardState& state = Frontend::of(service_)->state();
  const TimePoint begin{1'000'000'000};
  EXPECT_EQ(state.pins_to_tell(PinReason::kXa, begin), 1U);
  EXPECT_EQ(state.pins_to_tell(PinReason::kXa, begin + 1s), std::nullopt);
  EXPECT_EQ(state.pins_to_tell(PinReason::kUserLock, begin + 1s), 1U);
  EXPECT_EQ(state.pins_to_tell(PinReason::kXa, begin + 59s), std::nullopt);
  EXPECT_EQ(state.pins_to_tell(PinReason::kXa, begin + 60s), 3U);
}

TEST_F(SessionList, NoPasswordOfACommandIsShown) {
  start(script(ok_step(1)));
  Client& client = connect();
  // COM_REGISTER_SLAVE
  send(client,
       std::string("\x15\x01\x00\x00\x00\x04host\x04repl\x09swordfish\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00", 33));
  ASSERT_TRUE(run_until([&] { return list().total == 1; }));
  EXPECT_EQ(list().shown.at(0).reason.name, "unknown-state");
  EXPECT_EQ(list().shown.at(0).shape.find("swordfish"), std::string::npos) << list().shown[0].shape;
  EXPECT_NE(list().shown.at(0).shape, "");
}

TEST_F(SessionList, ALongTextThatIsCutShowsNoLiteral) {
  start(script(ok_step(1)));
  Client& client = connect();
  query(client, "SET @a = '" + std::string(100'000, 's') + "'");
  EXPECT_EQ(list().shown.at(0).shape.find("sss"), std::string::npos) << list().shown[0].shape;
}

TEST_F(SessionList, OfManySessionsTheOldestPinsAreShownAndEachStepIsShort) {
  start(script(ok_step(1)));
  constexpr std::size_t kMany = 2 * kStep + 10;
  for (std::size_t i = 0; i < kMany; ++i) connect();
  query(*clients_[kMany - 1], "SET @first = 1");
  query(*clients_[3], "SET @second = 1");
  query(*clients_[kStep + 5], "SET @third = 1");
  const HeldSessions all = list(2);
  EXPECT_EQ(all.total, 3U);
  ASSERT_EQ(all.shown.size(), 2U);
  EXPECT_EQ(all.shown[0].shape, "set @first = ?");
  EXPECT_EQ(all.shown[1].shape, "set @second = ?");
  EXPECT_GE(turns_, 3) << "all " << kMany << " sessions in one turn";
}

TEST_F(SessionList, ConnectionsAreTalliedByAccountAndResetsAreCounted) {
  start(script(ok_step(1), 8));
  Client& client = connect();
  query(client, "SET @a = 1");
  service_->tick();
  const auto& counted = static_cast<const ShardCounters&>(*shared_->all_counters().at(0));
  EXPECT_EQ(counted.accounts.read(), (AccountConnections{{"app@127.%", 1}}));
  EXPECT_EQ(counted.sessions.connection_resets.get(), 0U);
  EXPECT_EQ(counted.sessions.restore_statements.get(), 1U);
  EXPECT_EQ(counted.sessions.state_restores.get(), 1U);
  send(client, "\x01");
  ASSERT_TRUE(run_until([&] { return Frontend::of(service_)->pool(0).idle() == 1; }))
      << "it is reset, for the next session";
  service_->tick();
  EXPECT_EQ(counted.sessions.connection_resets.get(), 1U);
  service_->tick();
  EXPECT_EQ(counted.sessions.connection_resets.get(), 1U);
  Frontend::of(service_)->pool(0).trim(shard_.loop().now() + 1s);
  service_->tick();
  EXPECT_EQ(counted.accounts.read(), AccountConnections{});
}

}  // namespace
}  // namespace hf::service::mysql
