// For tests of sessions: a Stage is a service with servers that answer by a table, on shards whose clock leaps over waits, and clients
// that send any bytes and take whole replies. for_every_step() plays a scenario with each step of the servers failing in each way,
// for_every_leaf() with the clients or the service going away at each turn of the loop.
//
// Owner: the test. Thread: the test's.
// Invariants:
//   1. Nothing waits in real time. What has not happened after kMostTurns turns does not happen: that is a failure of the test.
//   2. When a stage ends, every session has ended, no connection is lent, no place is taken, no client is counted (each is checked).
//   3. A client's reply is followed packet by packet: a wrong number or a byte too many is a failure.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "net/socket_stream.h"
#include "proto/mysql/error_code.h"
#include "proto/mysql/reply_tracker.h"
#include "proto/mysql/session_state.h"
#include "runtime/leaping_poller_fake.h"
#include "runtime/signal.h"
#include "service/mysql/shard_state.h"
#include "service/shard.h"
#include "upstream/mysql_connection.h"
#include "upstream/mysql_responder_fake.h"
#include "upstream/places.h"

namespace hf::service::mysql::testing {

using proto::mysql::Command;
using upstream::MysqlResponderFake;
namespace reply = upstream::reply;

inline constexpr proto::mysql::Capabilities kStageCapabilities =
    upstream::kFakeCapabilities | proto::mysql::kClientMultiStatements | proto::mysql::kClientPsMultiResults | proto::mysql::kClientLocalFiles |
    proto::mysql::kClientFoundRows | proto::mysql::kClientIgnoreSpace | proto::mysql::kClientInteractive | proto::mysql::kMariaDbStmtBulkOperations;
/// A client of today, and one that wants EOF packets and no news of its session.
inline constexpr proto::mysql::Capabilities kModernClient =
    upstream::kFakeCapabilities & ~(proto::mysql::kClientSsl | proto::mysql::kClientCompress | proto::mysql::kClientConnectWithDb);
inline constexpr proto::mysql::Capabilities kOldClient = kModernClient & ~(proto::mysql::kClientDeprecateEof | proto::mysql::kClientSessionTrack);

// Payloads of commands.
inline std::string command(Command number, ByteView argument = {}) { return static_cast<char>(number) + std::string(argument); }
inline std::string query(ByteView text) { return command(Command::kQuery, text); }
inline std::string on_statement(Command number, std::uint32_t id, ByteView rest = {}) {
  std::string payload(1, static_cast<char>(number));
  append_le(payload, id, 4);
  return payload += rest;
}
/// COM_STMT_EXECUTE: flags, one iteration, then what the parameters need.
inline std::string execute(std::uint32_t id, std::uint8_t flags = 0, ByteView parameters = {}) {
  std::string rest(1, static_cast<char>(flags));
  append_le(rest, 1, 4);
  return on_statement(Command::kStmtExecute, id, rest += parameters);
}

struct Packet {
  std::uint8_t sequence = 0;
  std::string payload;
  friend bool operator==(const Packet&, const Packet&) = default;
};

inline std::vector<Packet> packets_of(ByteView bytes) {
  std::vector<Packet> packets;
  while (bytes.size() >= proto::mysql::kPacketHeader) {
    const proto::mysql::PacketHeader header = proto::mysql::load_packet_header(bytes);
    packets.push_back({header.sequence, std::string(bytes.substr(proto::mysql::kPacketHeader, header.length))});
    bytes.remove_prefix(std::min(bytes.size(), proto::mysql::kPacketHeader + header.length));
  }
  return packets;
}

/// What a client got for one command.
struct Answer {
  Command command = Command::kQuery;
  proto::mysql::Capabilities capabilities = 0;
  std::string bytes;
  bool complete = false;

  std::vector<Packet> packets() const { return packets_of(bytes); }
  std::string last() const {
    const std::vector<Packet> all = packets();
    return all.empty() ? std::string() : all.back().payload;
  }
  bool failed() const { return complete && proto::mysql::is_err(last()); }
  std::uint16_t error_code() const { return failed() ? proto::mysql::decode_err(last()).value().code : std::uint16_t{0}; }
  std::string message() const { return failed() ? std::string(proto::mysql::decode_err(last()).value().message) : std::string(); }
  bool ok() const { return complete && !failed(); }
  proto::mysql::StatusFlags status() const {
    const std::string payload = last();
    const Result<proto::mysql::OkPacket> packet = proto::mysql::decode_ok(payload, capabilities);
    return ok() && packet.ok() ? packet->status : proto::mysql::StatusFlags{0};
  }
  bool in_transaction() const { return (status() & proto::mysql::kStatusInTransaction) != 0; }
};

struct ClientLogin {
  std::string user = "app";
  std::string password = "secret";
  std::string schema{};
  proto::mysql::Capabilities capabilities = kModernClient;
  std::uint16_t charset = 45;
};

class TestClient {
 public:
  explicit TestClient(runtime::EventLoop& loop) : loop_(loop), reads_again_(loop), scope_(loop) {}
  TestClient(const TestClient&) = delete;
  TestClient& operator=(const TestClient&) = delete;
  ~TestClient() {
    leave();
    scope_.cancel();
    while (!scope_.empty()) loop_.turn(Deadline{TimePoint{0}});
  }

  void start_login(net::Address address, ClientLogin login) { scope_.spawn("log in", log_in, this, address, std::move(login)); }
  /// Without a login: everything that comes is loose().
  void start_raw(net::Address address) { scope_.spawn("connect", connect_raw, this, address); }

  bool settled() const { return connected_ || gone_; }
  bool connected() const { return connected_; }
  bool gone() const { return gone_; }
  const upstream::MysqlRefusal& refusal() const { return refusal_; }
  /// The id that the greeting gave.
  std::uint32_t id() const { return connection_ != nullptr ? connection_->thread_id : 0; }
  proto::mysql::StatusFlags login_status() const { return connection_ != nullptr ? connection_->status : proto::mysql::StatusFlags{0}; }
  proto::mysql::Capabilities capabilities() const { return capabilities_; }

  /// A command as one packet; its reply, if it has one, is the next answer.
  void send(ByteView payload) {
    const auto number = static_cast<Command>(byte_at(payload, 0));
    std::string packets;
    const std::uint8_t next = proto::mysql::append_packet(packets, 0, payload);
    if (!proto::mysql::has_no_reply(number)) expect(number, next);
    send_bytes(packets);
  }
  void send_bytes(ByteView bytes) {
    if (stream_ != nullptr && !gone_) stream_->write(bytes);
  }
  void send_loose(std::uint8_t sequence, ByteView payload) { send_bytes(proto::mysql::testing::packet(sequence, payload)); }
  /// What is sent when a server asks for a local file.
  void offer_file(std::string content) { file_ = std::move(content); }
  void leave() {
    if (stream_ != nullptr) stream_->abort({ErrorCode::kCancelled, "the client leaves"});
    gone_ = left_ = true;
  }
  bool left() const { return left_; }

  /// A client that does not read leaves what comes in its socket.
  void set_reading(bool reads) {
    reads_ = reads;
    if (reads) reads_again_.notify_all();
  }

  const std::deque<Answer>& answers() const { return answers_; }
  bool answered() const { return at_ == answers_.size(); }
  /// Packets that no command asked for.
  std::vector<Packet> loose() const { return packets_of(loose_); }
  const std::string& fault() const { return fault_; }

 private:
  void expect(Command number, std::uint8_t sequence) {
    answers_.push_back({number, capabilities_, {}, false});
    if (at_ + 1 == answers_.size()) tracker_.start(number, capabilities_, sequence);
  }

  static runtime::Task<void> log_in(TestClient* self, net::Address address, ClientLogin client) {
    upstream::MysqlLogin login;
    login.credentials.user = client.user;
    login.credentials.password = client.password;
    login.capabilities = client.capabilities;
    login.charset = client.charset;
    login.schema = client.schema;
    Result<upstream::MysqlConnectionPtr> connected = co_await upstream::connect_mysql(self->loop_, address, login, &self->refusal_, self->loop_.deadline_in(20s));
    if (!connected.ok() || self->gone_) {
      self->gone_ = true;
      co_return;
    }
    self->connection_ = std::move(*connected);
    self->capabilities_ = self->connection_->capabilities;
    self->stream_ = self->connection_->stream.get();
    self->connected_ = true;
    co_await read(self);
  }

  static runtime::Task<void> connect_raw(TestClient* self, net::Address address) {
    Result<std::unique_ptr<net::Stream>> connected = co_await net::connect(self->loop_, address, {}, self->loop_.deadline_in(20s));
    if (!connected.ok() || self->gone_) {
      self->gone_ = true;
      co_return;
    }
    self->raw_ = std::move(*connected);
    self->stream_ = self->raw_.get();
    self->connected_ = true;
    co_await read(self);
  }

  static runtime::Task<void> read(TestClient* self) {
    for (;;) {
      while (!self->reads_) {
        const Result<void> waited = co_await self->reads_again_.wait(Deadline::never());
        if (!waited.ok()) self->reads_ = true;
      }
      const Result<ByteView> bytes = co_await self->stream_->recv(Deadline::never());
      if (!bytes.ok() || bytes->empty()) break;
      self->take(*bytes);
    }
    self->gone_ = true;
  }

  void take(ByteView input) {
    while (!input.empty()) {
      if (answered()) {
        loose_ += input;
        return;
      }
      Answer& answer = answers_[at_];
      Result<proto::mysql::ReplyTracker::Step> step = tracker_.next(input);
      if (!step.ok()) {
        fault_ = step.error().context;
        stream_->abort(step.error());
        return;
      }
      answer.bytes += input.substr(0, step->consumed);
      input.remove_prefix(step->consumed);
      if (tracker_.wants_local_infile()) send_file(answer);
      if (!tracker_.done()) continue;
      answer.complete = true;
      if (++at_ < answers_.size()) tracker_.start(answers_[at_].command, capabilities_);
    }
  }

  void send_file(const Answer& answer) {
    auto sequence = static_cast<std::uint8_t>(answer.packets().back().sequence + 1);
    std::string packets;
    if (!file_.empty()) sequence = proto::mysql::append_packet(packets, sequence, file_);
    sequence = proto::mysql::append_packet(packets, sequence, {});
    send_bytes(packets);
    tracker_.resume_after_local_infile(sequence);
  }

  runtime::EventLoop& loop_;
  upstream::MysqlConnectionPtr connection_;
  std::unique_ptr<net::Stream> raw_;
  net::Stream* stream_ = nullptr;
  upstream::MysqlRefusal refusal_;
  proto::mysql::Capabilities capabilities_ = 0;
  bool connected_ = false;
  bool gone_ = false;
  bool reads_ = true;
  runtime::Signal reads_again_;
  bool left_ = false;
  proto::mysql::ReplyTracker tracker_;
  std::deque<Answer> answers_;
  std::size_t at_ = 0;  // the answer that is being read
  std::string loose_;
  std::string file_;
  std::string fault_;
  runtime::Scope scope_;
};

struct StageOptions {
  std::size_t replicas = 0;      // server 0 is the primary and takes reads only while there are none
  std::size_t shards = 1;
  std::uint32_t places = 10;     // of each server
  config::ListenRoute route = config::ListenRoute::kSplit;
  proto::mysql::Capabilities server_capabilities = kStageCapabilities;
  std::vector<upstream::MysqlAccount> accounts{};  // empty: "app" with the password "secret", and "other" with the same
  std::function<void(config::Service&)> change_service{};
  std::function<void(upstream::SessionDefaults&)> change_defaults{};
  std::function<void(upstream::ServiceView&)> change_view{};
  std::function<upstream::RefreshPtr()> refresh_accounts{};  // what the control thread answers; empty: there is nothing to wait for
};

class Stage {
 public:
  static constexpr std::size_t kMostTurns = 5000;

  explicit Stage(const StageOptions& options = {}, upstream::ServerFault fault = {}) : fault_(std::move(fault)) {
    control_.server_failed = [this](const std::string& /*service*/, upstream::ServerSlot slot, const std::string& /*what*/) { failed_servers.push_back(slot); };
    control_.event = [this](const Event& event) { events.push_back(event.id); };
    control_.refresh_accounts = [this, ask = options.refresh_accounts](const std::string& /*service*/) {
      ++account_refreshes;
      return ask ? ask() : upstream::Refresh::nothing_to_wait_for();
    };
    control_.refresh_defaults = [this](const std::string& /*service*/) {
      ++default_refreshes;
      return upstream::Refresh::nothing_to_wait_for();
    };
    std::vector<Shard*> peers;
    for (std::size_t i = 0; i < options.shards; ++i) {
      shards_.push_back(std::make_unique<Shard>(static_cast<std::uint32_t>(i), control_, i + 1, std::make_unique<runtime::LeapingPoller>()));
      peers.push_back(shards_.back().get());
    }
    make_config(options);
    make_view(options);
    shared_->name = "orders";
    for (const std::unique_ptr<Shard>& shard : shards_) {
      shard->set_peers(peers);
      ServiceShard& service = shard->add(shared_, view_);
      service.mysql().add_collation(45, {"utf8mb4", "utf8mb4_general_ci"});
      const int fd = net::Listener::bind(net::Address::from_ip("127.0.0.1", 0).value(), net::PortSharing::kExclusive).value();
      addresses_.push_back(net::Address::local_of(fd).value());
      service.listen("front", fd, options.route);
    }
  }
  Stage(const Stage&) = delete;
  Stage& operator=(const Stage&) = delete;
  ~Stage() { finish(); }

  runtime::EventLoop& loop() { return shards_[0]->loop(); }
  Shard& shard(std::size_t i = 0) { return *shards_[i]; }
  /// nullptr once it is closed.
  ServiceShard* service(std::size_t i = 0) { return shards_[i]->find("orders"); }
  const upstream::ServiceView& view() const { return *view_; }
  MysqlResponderFake& server(std::size_t i = 0) { return *servers_[i]; }
  MysqlResponderFake& primary() { return *servers_[0]; }
  MysqlResponderFake& replica(std::size_t i = 1) { return *servers_[i]; }
  const net::Address& address(std::size_t shard = 0) const { return addresses_[shard]; }
  /// Sessions that are pinned now, whatever the reason.
  std::uint64_t pinned(std::size_t shard = 0) const { return pinned_by(shared_->all_counters()[shard]->pins); }
  static std::uint64_t pinned_by(const PinCounters& pins) {
    std::uint64_t sum = 0;
    for (const Counter& each : pins.now) sum += each.get();
    return sum;
  }
  const ServiceCounters& counters(std::size_t shard = 0) const { return shared_->all_counters()[shard]->service; }
  ServiceShared& shared() { return *shared_; }
  const upstream::ServerFault& fault() const { return fault_; }
  std::size_t turns() const { return turns_; }
  std::size_t sessions() {
    std::size_t all = 0;
    for (std::size_t i = 0; i < shards_.size(); ++i) all += service(i) == nullptr ? 0 : service(i)->sessions();
    return all;
  }
  /// Connections of a server that are with sessions, or are being reset.
  std::size_t lent(std::size_t server) {
    std::size_t all = 0;
    for (std::size_t i = 0; i < shards_.size(); ++i) all += service(i) == nullptr ? 0 : service(i)->server(static_cast<upstream::ServerSlot>(server)).pool.lent();
    return all;
  }
  std::size_t idle(std::size_t server, std::size_t shard = 0) { return service(shard)->server(static_cast<upstream::ServerSlot>(server)).pool.idle(); }

  /// Another view, as the control thread would publish it.
  template <typename Change>
  void change_view(Change change) {
    auto next = std::make_shared<upstream::ServiceView>(*view_);
    ++next->version;
    change(*next);
    view_ = next;
    for (std::size_t i = 0; i < shards_.size(); ++i) {
      if (service(i) != nullptr) service(i)->apply(view_);
    }
  }

  void turn() {
    if (++turns_ == happens_at_) happening_();
    for (const std::unique_ptr<Shard>& shard : shards_) {
      if (shard.get() != held_shard_) shard->loop().turn(shard->loop().deadline_in(runtime::LeapingPoller::kLeap));
    }
  }
  /// A shard stands still, as if its thread hung.
  void hold_shard(std::size_t i) { held_shard_ = shards_[i].get(); }
  void let_shards_go() { held_shard_ = nullptr; }
  void turn(std::size_t times) {
    for (std::size_t i = 0; i < times; ++i) turn();
  }
  template <typename Done>
  bool run_until(Done done) {
    for (std::size_t i = 0; i < kMostTurns && !done(); ++i) turn();
    return done();
  }
  /// Until nothing is left to do but wait: a while of the stage's own time.
  void rest(Nanos time = 50ms) {
    const TimePoint until = loop().now() + time;
    run_until([&] { return loop().now() >= until; });
  }
  /// `what` happens at the beginning of that turn.
  void at_turn(std::size_t turn, std::function<void()> what) {
    happens_at_ = turn;
    happening_ = std::move(what);
  }

  /// A client that has logged in, or has been refused.
  TestClient& start_login(ClientLogin login = {}, std::size_t shard = 0) {
    clients_.push_back(std::make_unique<TestClient>(loop()));
    clients_.back()->start_login(addresses_[shard], std::move(login));
    return *clients_.back();
  }
  TestClient& log_in(ClientLogin login = {}, std::size_t shard = 0) {
    TestClient& client = start_login(std::move(login), shard);
    EXPECT_TRUE(run_until([&] { return client.settled(); })) << "a login hangs";
    return client;
  }
  TestClient& connect_raw(std::size_t shard = 0) {
    clients_.push_back(std::make_unique<TestClient>(loop()));
    TestClient& client = *clients_.back();
    client.start_raw(addresses_[shard]);
    EXPECT_TRUE(run_until([&] { return client.settled(); })) << "a connect hangs";
    return client;
  }
  /// Until the client has its answers, or has gone.
  bool wait(TestClient& client) {
    const bool over = run_until([&] { return client.answered() || client.gone(); });
    EXPECT_TRUE(over) << "no answer to a command";
    return over;
  }
  /// The answer to a command; an incomplete one if the connection ended.
  Answer ask(TestClient& client, ByteView payload) {
    if (client.gone()) return {};
    client.send(payload);
    wait(client);
    return client.answers().empty() ? Answer{} : client.answers().back();
  }
  Answer ask_query(TestClient& client, ByteView text) { return ask(client, query(text)); }
  bool wait_gone(TestClient& client) {
    return run_until([&] { return client.gone(); });
  }

  void for_all_clients(const std::function<void(TestClient&)>& what) {
    for (const std::unique_ptr<TestClient>& client : clients_) what(*client);
  }
  void close_all() {
    for (const std::unique_ptr<Shard>& shard : shards_) shard->close_all(Nanos::zero(), [] {});
  }

  /// Everything ends, and nothing is left over.
  void finish() {
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
      EXPECT_TRUE(run_until([&] { return servers_[i]->open() == 0; })) << "connections to server " << i << " are left open";
    }
    EXPECT_EQ(shared_->clients.load(), 0U);
    EXPECT_EQ(shared_->account_changes.load(), 0U);
    for (const std::shared_ptr<ShardCounters>& each : shared_->all_counters()) {
      EXPECT_EQ(each->service.clients.get(), 0U);
      EXPECT_EQ(pinned_by(each->pins), 0U);
      for (std::size_t i = 0; i < servers_.size(); ++i) EXPECT_EQ(each->server(i)->in_flight.get(), 0U) << "server " << i;
    }
  }

  std::vector<upstream::ServerSlot> failed_servers;
  std::vector<EventId> events;
  std::size_t account_refreshes = 0;
  std::size_t default_refreshes = 0;
  bool happened(EventId id) const { return std::find(events.begin(), events.end(), id) != events.end(); }

 private:
  void make_config(const StageOptions& options) {
    config::Service& service = config_->services.emplace_back();
    service.name = "orders";
    service.protocol = config::Protocol::kMysql;
    service.connect_timeout = 100ms;
    service.mysql.hold_timeout = 200ms;
    if (options.change_service) options.change_service(service);
  }

  void make_view(const StageOptions& options) {
    auto view = std::make_shared<upstream::ServiceView>();
    view->config = config_;
    view->service = config_->services.data();
    view->server_version = upstream::fake_greeting().server_version;
    view->mariadb = true;
    view->server_capabilities = options.server_capabilities;
    auto defaults = std::make_shared<upstream::SessionDefaults>();
    defaults->id = 1;
    defaults->variables = {{"autocommit", "ON"}, {"character_set_client", "utf8mb4"}, {"character_set_connection", "utf8mb4"}, {"character_set_results", "utf8mb4"}, {"collation_connection", "utf8mb4_general_ci"}, {"sql_mode", ""}, {"time_zone", "SYSTEM"}};
    if (options.change_defaults) options.change_defaults(*defaults);
    view->defaults = std::move(defaults);
    std::vector<upstream::MysqlAccount> accounts = options.accounts;
    if (accounts.empty()) {
      for (const char* user : {"app", "other"}) {
        upstream::MysqlAccount& account = accounts.emplace_back();
        account.id = static_cast<std::uint32_t>(accounts.size());
        account.user = user;
        account.password = "secret";
      }
    }
    view->accounts = std::make_shared<upstream::MysqlAccounts>(std::move(accounts));
    for (std::size_t i = 0; i <= options.replicas; ++i) {
      servers_.push_back(std::make_unique<MysqlResponderFake>(loop(), options.server_capabilities, &fault_));
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

  /// What sessions ask servers on their own behalf.
  static void answer_own_questions(MysqlResponderFake& server) {
    server.on("SELECT LAST_INSERT_ID(),FOUND_ROWS(),ROW_COUNT()", reply::rows({{"0", "0", "0", "0", "0"}}));
    server.on("SELECT FOUND_ROWS()", reply::rows({{"0"}}));
    server.on("SHOW WARNINGS", reply::rows({}));
    server.on("SELECT @@character_set_client,", reply::rows({{"utf8mb4", "utf8mb4", "utf8mb4", "utf8mb4_general_ci", "utf8mb4", "utf8mb4_general_ci"}}));
    server.on("SHOW SESSION VARIABLES", reply::rows({{"autocommit", "ON"}, {"sql_mode", ""}, {"time_zone", "SYSTEM"}}));
  }

  upstream::ServerFault fault_;
  Control control_;
  std::shared_ptr<config::Config> config_ = std::make_shared<config::Config>();
  upstream::ServiceViewPtr view_;
  std::shared_ptr<ServiceShared> shared_ = std::make_shared<ServiceShared>();
  std::vector<std::unique_ptr<Shard>> shards_;
  std::vector<net::Address> addresses_;
  std::vector<std::unique_ptr<MysqlResponderFake>> servers_;
  std::vector<std::unique_ptr<TestClient>> clients_;
  std::size_t turns_ = 0;
  std::size_t happens_at_ = 0;
  std::function<void()> happening_;
  bool finished_ = false;
  const Shard* held_shard_ = nullptr;
};

/// A stage and what happens on it. `play` must not depend on what goes well: it asks, and waits for what may not come only by ask(),
/// wait() and rest().
struct Scenario {
  StageOptions options;
  std::function<void(Stage&)> play;
};

namespace internal {

/// Each command has one whole answer, or the connection has ended.
inline void expect_answers(Stage& stage) {
  stage.for_all_clients([](const TestClient& client) { EXPECT_TRUE(client.answered() || client.gone()) << "a command without an answer"; });
}

inline void play_through(const Scenario& scenario, Stage& stage) {
  scenario.play(stage);
  expect_answers(stage);
  stage.finish();
}

struct Length {
  std::size_t steps = 0;
  std::size_t turns = 0;
};
inline Length play_untouched(const Scenario& scenario) {
  SCOPED_TRACE("untouched");
  Stage stage(scenario.options);
  scenario.play(stage);
  const Length length{stage.fault().steps, stage.turns()};
  expect_answers(stage);
  stage.for_all_clients([](const TestClient& client) { EXPECT_TRUE(client.answered() || client.left()) << "the connection ended before the answer"; });
  stage.finish();
  return length;
}

}  // namespace internal

/// Plays the scenario once as it is, then with each step of the servers failing in each way.
inline void for_every_step(const Scenario& scenario) {
  using Kind = upstream::ServerFault::Kind;
  const internal::Length length = internal::play_untouched(scenario);
  ASSERT_GT(length.steps, 0U) << "no server was asked";
  struct Way {
    const char* name;
    upstream::ServerFault fault;
  };
  const std::vector<Way> ways = {{"the server closes", {.kind = Kind::kClose}},
                                 {"an error", {.kind = Kind::kError}},
                                 {"the server shuts down", {.kind = Kind::kError, .code = 1053, .message = "Server shutdown in progress"}},
                                 {"the server is read-only", {.kind = Kind::kError, .code = 1290, .message = "The MariaDB server is running with the --read-only option so it cannot execute this statement"}},
                                 {"garbage", {.kind = Kind::kGarbage}},
                                 {"half a reply", {.kind = Kind::kTruncated}}};
  for (const Way& way : ways) {
    for (std::size_t at = 1; at <= length.steps && !::testing::Test::HasFailure(); ++at) {
      SCOPED_TRACE(std::string(way.name) + " at step " + std::to_string(at) + " of " + std::to_string(length.steps));
      upstream::ServerFault fault = way.fault;
      fault.at = at;
      Stage stage(scenario.options, fault);
      internal::play_through(scenario, stage);
      EXPECT_GE(stage.fault().steps, at) << "the step did not come";
    }
  }
}

/// Plays the scenario once as it is, then with its clients leaving, the service closing, and its clients being cut off at each turn.
inline void for_every_leaf(const Scenario& scenario) {
  const internal::Length length = internal::play_untouched(scenario);
  struct Way {
    const char* name;
    std::function<void(Stage&)> happening;
  };
  const std::vector<Way> ways = {
      {"the clients leave", [](Stage& stage) { stage.for_all_clients([](TestClient& client) { client.leave(); }); }},
      {"the service closes", [](Stage& stage) { stage.close_all(); }},
      {"the address leaves", [](Stage& stage) { stage.service()->cut_clients_on(net::Address::from_ip("127.0.0.1", 0).value(), "the address leaves"); }}};
  for (const Way& way : ways) {
    for (std::size_t at = 1; at <= length.turns && !::testing::Test::HasFailure(); ++at) {
      SCOPED_TRACE(std::string(way.name) + " at turn " + std::to_string(at) + " of " + std::to_string(length.turns));
      Stage stage(scenario.options);
      stage.at_turn(at, [&] { way.happening(stage); });
      internal::play_through(scenario, stage);
    }
  }
}

inline void for_every_step_and_leaf(const Scenario& scenario) {
  for_every_step(scenario);
  if (!::testing::Test::HasFailure()) for_every_leaf(scenario);
}

}  // namespace hf::service::mysql::testing
