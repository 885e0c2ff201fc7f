// What happens to a session, and to its work on a server, when the address that its client came in on leaves this node.
#include <gtest/gtest.h>

#include <algorithm>

#include "proto/mysql/response.h"
#include "service/mysql/frontend.h"
#include "service/shard.h"
#include "upstream/mysql/connection.h"
#include "upstream/mysql/server_fake.h"

namespace hf::service::mysql {
namespace {

namespace wire = proto::mysql;
using runtime::Task;
using upstream::mysql::expect_step;
using upstream::mysql::hang_step;
using upstream::mysql::ok_step;
using upstream::mysql::packet_step;
using upstream::mysql::ServerScript;

upstream::mysql::ServerStep in_transaction_step() {
  const auto status = static_cast<wire::StatusFlags>(wire::kStatusAutocommit | wire::kStatusInTransaction);
  return packet_step(1, wire::encode_ok({.status = status}, upstream::mysql::kFakeCapabilities));
}

/// Logs any session in, lets it set up its state, then does `rest`.
ServerScript script(std::initializer_list<upstream::mysql::ServerStep> rest) {
  ServerScript all = upstream::mysql::login_script();
  all.push_back(expect_step());
  all.push_back(ok_step(1));
  all.insert(all.end(), rest);
  return all;
}

struct Client {
  upstream::mysql::ConnectionPtr connection;
  std::size_t answers = 0;
  bool gone = false;
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
  client->gone = true;
}

class SessionCut : public ::testing::Test {
 protected:
  void start(ServerScript script) {
    server_ = std::make_unique<upstream::mysql::ServerFake>(shard_.loop(), std::move(script));
    config::Service& service = config_->services.emplace_back();
    service.name = "orders";
    service.protocol = config::Protocol::kMysql;
    upstream::mysql::Account account;
    account.id = 1;
    account.user = "app";
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
    server.places = std::make_shared<upstream::Places>(100);
    view_->primary = 0;
    service_ = &shard_.add(shared_, view_);
    Frontend::of(service_)->state().add_collation(45, {"utf8mb4", "utf8mb4_general_ci"});
    const int fd =
        net::Listener::bind(net::Address::from_ip("127.0.0.1", 0).value(), net::PortSharing::kExclusive).value();
    const net::Address address = net::Address::local_of(fd).value();
    service_->listen("front", fd, {});
    scope_.spawn("log in", log_in, &shard_.loop(), address, &client_);
    ASSERT_TRUE(run_until([this] { return client_.connection != nullptr; }));
    scope_.spawn("read", read_answers, &client_);
  }
  ~SessionCut() override {
    if (client_.connection != nullptr) client_.connection->stream->abort({ErrorCode::kCancelled, "the test is over"});
    bool closed = false;
    shard_.close_all(Nanos::zero(), [&] { closed = true; });
    run_until([&] { return closed && scope_.empty(); });
    turn();
  }
  void turn() { shard_.loop().turn(shard_.loop().deadline_in(5ms)); }
  template <typename Done>
  bool run_until(Done done) {
    for (int turns = 0; turns < 2000 && !done(); ++turns) turn();
    return done();
  }
  void send(std::string_view sql) {
    std::string packet;
    wire::append_packet(packet, 0, "\x03" + std::string(sql));
    client_.connection->stream->write(packet);
  }
  /// Whether the server has heard of it, on whatever connection.
  bool heard(const std::string& sql) const {
    return std::any_of(server_->received().begin(), server_->received().end(),
                       [&](const std::string& each) { return each.find(sql) != std::string::npos; });
  }
  void begin_transaction() {
    send("BEGIN");
    ASSERT_TRUE(run_until([this] { return client_.answers == 1; }));
  }
  std::size_t cut() {
    return service_->cut_clients_on(net::Address::from_ip("127.0.0.1", 0).value(), "the address leaves");
  }

  Control control_{[](const std::string&, upstream::ServerSlot, const std::string&) {}, [](Event) {}};
  std::shared_ptr<config::Config> config_ = std::make_shared<config::Config>();
  std::shared_ptr<upstream::mysql::View> view_ = std::make_shared<upstream::mysql::View>();
  std::shared_ptr<ServiceShared> shared_ = std::make_shared<ServiceShared>("orders", make_frontends());
  Shard shard_{0, control_, 1};
  ServiceShard* service_ = nullptr;
  std::unique_ptr<upstream::mysql::ServerFake> server_;
  Client client_;
  runtime::Scope scope_{shard_.loop()};
};

TEST_F(SessionCut, AnIdleTransactionIsRolledBackByTheServerWhoseConnectionCloses) {
  start(script({expect_step(), in_transaction_step()}));
  begin_transaction();
  EXPECT_EQ(server_->open(), 1U);
  EXPECT_EQ(cut(), 1U);
  ASSERT_TRUE(run_until([this] { return client_.gone && service_->sessions() == 0; }));
  EXPECT_TRUE(run_until([this] { return server_->open() == 0; }));
  EXPECT_EQ(cut(), 0U);
}

TEST_F(SessionCut, AStatementInsideATransactionIsKilledForItMayWaitForALock) {
  start(script({expect_step(), in_transaction_step(), expect_step(), hang_step()}));
  begin_transaction();
  send("UPDATE t SET a = 1");
  ASSERT_TRUE(run_until([this] { return heard("UPDATE"); }));
  EXPECT_EQ(cut(), 1U);
  ASSERT_TRUE(run_until([this] { return heard("KILL CONNECTION 77"); }));
  EXPECT_TRUE(run_until([this] { return client_.gone && service_->sessions() == 0; }));
}

TEST_F(SessionCut, ACommitThatRunsAlreadyRunsOn) {
  start(script({expect_step(), in_transaction_step(), expect_step(), hang_step()}));
  begin_transaction();
  send("COMMIT");
  ASSERT_TRUE(run_until([this] { return heard("COMMIT"); }));
  EXPECT_EQ(cut(), 1U);
  ASSERT_TRUE(run_until([this] { return client_.gone; }));
  for (int turns = 0; turns < 20; ++turns) turn();
  EXPECT_EQ(server_->open(), 1U) << "its connection was closed under it";
  EXPECT_FALSE(heard("KILL"));
  server_->cut();
  EXPECT_TRUE(run_until([this] { return service_->sessions() == 0; }));
}

TEST_F(SessionCut, AWriteOutsideOfATransactionRunsOnAndIsNotSentTwice) {
  start(script({expect_step(), hang_step()}));
  send("INSERT INTO t VALUES (1)");
  ASSERT_TRUE(run_until([this] { return heard("INSERT"); }));
  EXPECT_EQ(cut(), 1U);
  ASSERT_TRUE(run_until([this] { return client_.gone; }));
  for (int turns = 0; turns < 20; ++turns) turn();
  EXPECT_EQ(server_->open(), 1U);
  server_->cut();
  ASSERT_TRUE(run_until([this] { return service_->sessions() == 0; }));
  EXPECT_EQ(server_->accepted(), 1U);
}

}  // namespace
}  // namespace hf::service::mysql
