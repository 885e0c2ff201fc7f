#include "service/tcp/relay.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/random.h"
#include "runtime/stepped_loop_fake.h"
#include "service/shard.h"

namespace hf::service::tcp {
namespace {

using net::Stream;
using runtime::EventLoop;
using runtime::Scope;
using runtime::SteppedLoop;
using runtime::Task;

constexpr Nanos kIdle = 10s;

/// Two ends of one TCP connection over the loopback, with small kernel buffers.
struct Pair {
  explicit Pair(EventLoop& loop) {
    const int listening = net::Listener::bind(net::Address::from_ip("127.0.0.1", 0).value(), net::PortSharing::kExclusive).value();
    small_buffers(listening);
    const net::Address address = net::Address::local_of(listening).value();
    left_fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    small_buffers(left_fd);
    EXPECT_EQ(::connect(left_fd, address.raw(), address.length()), 0);
    const int right_fd = ::accept4(listening, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    EXPECT_GE(right_fd, 0);
    ::close(listening);
    int nonblocking = 1;
    EXPECT_EQ(::ioctl(left_fd, FIONBIO, &nonblocking), 0);
    left = net::SocketStream::adopt(loop, left_fd, {}).value();
    right = net::SocketStream::adopt(loop, right_fd, {}).value();
  }
  static void small_buffers(int fd) {
    const int size = 32 * 1024;
    ::setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
    ::setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
  }
  /// The left end goes with a reset, as a killed process with unread data does.
  void reset_left() {
    const linger hard{1, 0};
    ::setsockopt(left_fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
    left->abort({ErrorCode::kReset, "reset by the test"});
  }

  std::unique_ptr<Stream> left;
  std::unique_ptr<Stream> right;
  int left_fd = -1;
};

/// What one end has received.
struct Inbox {
  std::string bytes;
  std::string end;  // "end of stream" or the error, once there was one
};

Task<void> collect(Stream* stream, Inbox* inbox) {
  for (;;) {
    Result<ByteView> bytes = co_await stream->recv(Deadline::never());
    if (!bytes.ok() || bytes->empty()) {
      inbox->end = bytes.ok() ? "end of stream" : std::string(to_string(bytes.error().code));
      co_return;
    }
    inbox->bytes.append(*bytes);
  }
}

/// What the relay counts.
struct Totals {
  ServiceCounters service;
  ServerCounters server;
};

Task<void> relay_task(Stream* client, Stream* server, Nanos idle, Totals* totals, bool* ended) {
  const RelayCounters counters{totals->service, totals->server};
  co_await relay(client, server, idle, counters);
  *ended = true;
}

std::string noise(std::size_t size) {
  Random random(size);
  std::string data(size, '\0');
  for (char& c : data) c = static_cast<char>(random.next());
  return data;
}

/// client ── front ── relay ── back ── server
class RelayTest : public ::testing::Test {
 protected:
  ~RelayTest() override {
    for (Stream* stream : {client(), server()}) stream->abort({ErrorCode::kCancelled, "the test is over"});
    loop_->post([this] {
      scope_.cancel();
      relaying_.cancel();
    });
    EXPECT_TRUE(loop_.run_until([this] { return scope_.empty() && relaying_.empty(); }));
  }
  Stream* client() { return front_.left.get(); }
  Stream* server() { return back_.left.get(); }

  void start(Nanos idle = kIdle) { relaying_.spawn("relay", relay_task, front_.right.get(), back_.right.get(), idle, &totals_, &ended_); }
  void collect_at_client() { scope_.spawn("client", collect, client(), &at_client_); }
  void collect_at_server() { scope_.spawn("server", collect, server(), &at_server_); }
  void start_and_collect(Nanos idle = kIdle) {
    start(idle);
    collect_at_client();
    collect_at_server();
  }
  /// As the session does when the relay has come to an end.
  void close_relayed() {
    front_.right->close();
    back_.right->close();
  }
  void expect_ended() {
    ASSERT_TRUE(loop_.run_until([this] { return ended_; }));
    EXPECT_TRUE(relaying_.empty());
  }
  /// Turns until `end` of the way has not moved for a while.
  void run_until_stuck(const Stream* sender) {
    std::size_t queued = sender->queued();
    for (int still = 0; still < 10; ++still) {
      loop_.turn();
      if (sender->queued() != queued) still = 0;
      queued = sender->queued();
    }
  }

  SteppedLoop loop_;
  Pair front_{*loop_};
  Pair back_{*loop_};
  Inbox at_client_;
  Inbox at_server_;
  Totals totals_;
  bool ended_ = false;
  Scope relaying_{*loop_};
  Scope scope_{*loop_};
};

TEST_F(RelayTest, MegabytesPassBothWaysAtOnceWholeAndInOrder) {
  const std::string up = noise(3'000'000);
  const std::string down = noise(4'000'001);
  start_and_collect();
  client()->write(up);
  client()->shut_write();
  server()->write(down);
  server()->shut_write();
  expect_ended();
  EXPECT_TRUE(loop_.run_until([this] { return !at_client_.end.empty() && !at_server_.end.empty(); }));
  EXPECT_TRUE(at_server_.bytes == up);
  EXPECT_TRUE(at_client_.bytes == down);
  EXPECT_EQ(at_client_.end, "end of stream");
  EXPECT_EQ(totals_.service.bytes_from_clients.get(), up.size());
  EXPECT_EQ(totals_.server.bytes_to_server.get(), up.size());
  EXPECT_EQ(totals_.server.bytes_from_server.get(), down.size());
  EXPECT_EQ(totals_.service.bytes_to_clients.get(), down.size());
}

TEST_F(RelayTest, AClientThatHalfClosesStillGetsItsAnswer) {
  start_and_collect();
  client()->write("question");
  client()->shut_write();
  ASSERT_TRUE(loop_.run_until([this] { return !at_server_.end.empty(); }));
  EXPECT_EQ(at_server_.bytes, "question");
  EXPECT_EQ(at_server_.end, "end of stream");
  EXPECT_FALSE(ended_);
  server()->write("answer");
  server()->shut_write();
  expect_ended();
  EXPECT_TRUE(loop_.run_until([this] { return !at_client_.end.empty(); }));
  EXPECT_EQ(at_client_.bytes, "answer");
  EXPECT_EQ(at_client_.end, "end of stream");
}

TEST_F(RelayTest, AServerThatHalfClosesStillHearsTheClient) {
  start_and_collect();
  server()->write("greeting");
  server()->shut_write();
  ASSERT_TRUE(loop_.run_until([this] { return !at_client_.end.empty(); }));
  EXPECT_EQ(at_client_.bytes, "greeting");
  EXPECT_FALSE(ended_);
  client()->write("farewell");
  client()->shut_write();
  expect_ended();
  EXPECT_TRUE(loop_.run_until([this] { return !at_server_.end.empty(); }));
  EXPECT_EQ(at_server_.bytes, "farewell");
}

TEST_F(RelayTest, ACancelledRelayEndsWhoeverHasHalfClosedBefore) {
  start_and_collect();
  server()->shut_write();
  ASSERT_TRUE(loop_.run_until([this] { return !at_client_.end.empty(); }));
  loop_->post([this] { relaying_.cancel(); });
  expect_ended();
}

TEST_F(RelayTest, ARelayMayBeCancelledTwice) {
  start_and_collect();
  loop_->post([this] {
    relaying_.cancel();
    relaying_.cancel();
  });
  expect_ended();
}

TEST_F(RelayTest, AResetByTheClientEndsBothSides) {
  start_and_collect();
  client()->write("x");
  ASSERT_TRUE(loop_.run_until([this] { return at_server_.bytes == "x"; }));
  front_.reset_left();
  expect_ended();
  EXPECT_TRUE(front_.right->broken());
  EXPECT_TRUE(back_.right->broken());
  EXPECT_TRUE(loop_.run_until([this] { return !at_server_.end.empty(); }));
}

TEST_F(RelayTest, AResetByTheServerEndsBothSides) {
  start_and_collect();
  server()->write("x");
  ASSERT_TRUE(loop_.run_until([this] { return at_client_.bytes == "x"; }));
  back_.reset_left();
  expect_ended();
  EXPECT_TRUE(loop_.run_until([this] { return !at_client_.end.empty(); }));
}

TEST_F(RelayTest, AResetEndsARelayThatIsHalfClosedAlready) {
  start_and_collect();
  client()->shut_write();
  ASSERT_TRUE(loop_.run_until([this] { return !at_server_.end.empty(); }));
  back_.reset_left();
  expect_ended();
}

TEST_F(RelayTest, AClientThatDoesNotReadStopsTheServerAndNothingIsLost) {
  const std::string down = noise(8'000'000);
  start();
  server()->write(down);
  run_until_stuck(server());
  EXPECT_GT(server()->queued(), 1'000'000U);  // the server was made to wait
  EXPECT_LE(front_.right->queued(), (256 + 64) * 1024U);
  collect_at_client();
  server()->shut_write();
  ASSERT_TRUE(loop_.run_until([this] { return !at_client_.end.empty(); }));
  EXPECT_TRUE(at_client_.bytes == down);
}

TEST_F(RelayTest, AServerThatDoesNotReadStopsTheClient) {
  const std::string up = noise(8'000'000);
  start();
  client()->write(up);
  run_until_stuck(client());
  EXPECT_GT(client()->queued(), 1'000'000U);
  EXPECT_LE(back_.right->queued(), (256 + 64) * 1024U);
  collect_at_server();
  client()->shut_write();
  ASSERT_TRUE(loop_.run_until([this] { return !at_server_.end.empty(); }));
  EXPECT_TRUE(at_server_.bytes == up);
}

TEST_F(RelayTest, ASlowReaderIsGivenUpAfterTheIdleTimeout) {
  start();
  server()->write(noise(8'000'000));
  run_until_stuck(server());
  loop_.advance(kIdle - Nanos(1ms));
  EXPECT_FALSE(ended_);
  loop_.advance(2ms);
  expect_ended();
}

TEST_F(RelayTest, SilenceBothWaysEndsItAfterTheIdleTimeoutAndNotBefore) {
  start_and_collect();
  loop_.advance(kIdle - Nanos(1ms));
  loop_.turn();
  EXPECT_FALSE(ended_);
  loop_.advance(2ms);
  expect_ended();
  EXPECT_TRUE(loop_.run_until([this] { return !at_client_.end.empty() && !at_server_.end.empty(); }));
}

TEST_F(RelayTest, TrafficBothWaysPutsTheIdleTimeoutOff) {
  start_and_collect();
  for (std::size_t i = 1; i <= 5; ++i) {
    loop_.advance(kIdle - Nanos(1ms));
    client()->write("x");
    server()->write("y");
    ASSERT_TRUE(loop_.run_until([&] { return at_client_.bytes.size() == i && at_server_.bytes.size() == i; }));
  }
  EXPECT_FALSE(ended_);
}

TEST_F(RelayTest, TrafficOneWayPutsTheIdleTimeoutOff) {
  start_and_collect();
  for (std::size_t i = 1; i <= 5; ++i) {
    loop_.advance(kIdle - Nanos(1ms));
    server()->write("y");
    ASSERT_TRUE(loop_.run_until([&] { return at_client_.bytes.size() == i || ended_; }));
    ASSERT_FALSE(ended_) << "after " << i << " messages";
  }
}

TEST_F(RelayTest, WithoutAnIdleTimeoutItWaitsForEver) {
  start_and_collect(Nanos::zero());
  loop_.advance(1000h);
  loop_.turn();
  EXPECT_FALSE(ended_);
  client()->shut_write();
  server()->shut_write();
  expect_ended();
}

TEST_F(RelayTest, CancelEndsItWhileBothWait) {
  start_and_collect();
  client()->write("x");
  ASSERT_TRUE(loop_.run_until([this] { return at_server_.bytes == "x"; }));
  loop_->post([this] { relaying_.cancel(); });
  expect_ended();
}

TEST_F(RelayTest, CancelEndsItWhileOneWaitsForASlowReader) {
  start();
  server()->write(noise(8'000'000));
  client()->write(noise(8'000'000));
  run_until_stuck(server());
  run_until_stuck(client());
  loop_->post([this] { relaying_.cancel(); });
  expect_ended();
}

TEST_F(RelayTest, CancelEndsItWhenOneDirectionHasEnded) {
  start_and_collect();
  client()->shut_write();
  ASSERT_TRUE(loop_.run_until([this] { return !at_server_.end.empty(); }));
  loop_->post([this] { relaying_.cancel(); });
  expect_ended();
  close_relayed();
  EXPECT_TRUE(loop_.run_until([this] { return !at_client_.end.empty(); }));
}

// --- serve: the whole session ----------------------------------------------------------------------------------------------

int bound() { return net::Listener::bind(net::Address::from_ip("127.0.0.1", 0).value(), net::PortSharing::kExclusive).value(); }

/// One shard that runs in the test's thread, with a TCP service whose servers are loopback ports.
class ServeTest : public ::testing::Test {
 protected:
  ServeTest() {
    config_->services.resize(1);
    config_->services[0].name = "mail";
    config_->services[0].balance = config::Balance::kRoundRobin;
    view_->service = config_->services.data();
    view_->config = config_;
    shared_->name = "mail";
  }
  ~ServeTest() override {
    bool closed = false;
    shard_.close_all(Nanos::zero(), [&] { closed = true; });
    run_until([&] { return closed; });
    turn();  // the closing task itself ends
    for (const int fd : silent_) ::close(fd);
  }
  void add_server(const net::Address& address) {
    upstream::ServerView& server = view_->servers.emplace_back();
    server.name = "mx" + std::to_string(view_->servers.size());
    server.address = address;
    server.present = server.reachable = server.reader = true;
    server.weight = 100;
    server.places = std::make_shared<upstream::Places>(100);
  }
  net::Address listen_for_clients() {
    const int fd = bound();
    const net::Address address = net::Address::local_of(fd).value();
    service_ = &shard_.add(shared_, view_);
    service_->listen("front", fd, config::ListenRoute::kSplit);
    return address;
  }
  /// Nobody listens there, and nobody else can have it meanwhile.
  net::Address closed_port() {
    const net::Address any = net::Address::from_ip("127.0.0.1", 0).value();
    silent_.push_back(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    EXPECT_EQ(::bind(silent_.back(), any.raw(), any.length()), 0);
    return net::Address::local_of(silent_.back()).value();
  }
  /// A client that blocks nobody: the kernel completes its connection in the backlog.
  static int connect_client(const net::Address& address) {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    EXPECT_EQ(::connect(fd, address.raw(), address.length()), 0);
    return fd;
  }
  void turn() { shard_.loop().turn(shard_.loop().deadline_in(5ms)); }
  template <typename Done>
  bool run_until(Done done) {
    for (int turns = 0; turns < 2000; ++turns) {
      if (done()) return true;
      turn();
    }
    return false;
  }

  struct Failed {
    std::string service;
    upstream::ServerSlot slot;
  };
  std::vector<int> silent_;
  std::vector<Failed> failed_;
  std::vector<Event> events_;
  Control control_{[this](const std::string& service, upstream::ServerSlot slot, const std::string&) { failed_.push_back({service, slot}); },
                   [this](Event event) { events_.push_back(std::move(event)); }};
  std::shared_ptr<config::Config> config_ = std::make_shared<config::Config>();
  std::shared_ptr<upstream::ServiceView> view_ = std::make_shared<upstream::ServiceView>();
  std::shared_ptr<ServiceShared> shared_ = std::make_shared<ServiceShared>();
  Shard shard_{0, control_, 1};
  ServiceShard* service_ = nullptr;
};

std::string read_what_is_there(int fd) {
  char buffer[256];
  const ssize_t n = ::recv(fd, buffer, sizeof buffer, MSG_DONTWAIT);
  return n < 0 ? "nothing" : n == 0 ? "end of stream"
                                    : std::string(buffer, static_cast<std::size_t>(n));
}

TEST_F(ServeTest, GoesToTheNextServerWhenOneRefusesAndSaysSo) {
  const int server = bound();
  add_server(closed_port());
  add_server(net::Address::local_of(server).value());
  const int client = connect_client(listen_for_clients());
  EXPECT_EQ(::send(client, "hello", 5, 0), 5);
  int accepted = -1;
  ASSERT_TRUE(run_until([&] { return (accepted = ::accept4(server, nullptr, nullptr, SOCK_CLOEXEC)) >= 0; }));
  std::string got;
  ASSERT_TRUE(run_until([&] { return (got = read_what_is_there(accepted)) != "nothing"; }));
  EXPECT_EQ(got, "hello");
  ASSERT_EQ(failed_.size(), 1U);
  EXPECT_EQ(failed_[0].service, "mail");
  EXPECT_EQ(failed_[0].slot, 0U);
  EXPECT_EQ(service_->server(0).counters.connect_failures.get(), 1U);
  EXPECT_EQ(service_->server(1).counters.connections_open.get(), 1U);
  EXPECT_EQ(service_->counters().clients.get(), 1U);
  EXPECT_EQ(shared_->clients.load(), 1U);
  ::close(accepted);
  ::close(client);
  ASSERT_TRUE(run_until([&] { return service_->sessions() == 0; }));
  EXPECT_EQ(service_->server(1).counters.connections_open.get(), 0U);
  EXPECT_EQ(service_->server(1).in_flight, 0U);
  EXPECT_EQ(service_->counters().clients.get(), 0U);
  EXPECT_EQ(shared_->clients.load(), 0U);
  ::close(server);
}

TEST_F(ServeTest, WithoutAServerTheClientIsClosed) {
  add_server(closed_port());
  const int client = connect_client(listen_for_clients());
  std::string got;
  ASSERT_TRUE(run_until([&] { return (got = read_what_is_there(client)) != "nothing"; }));
  EXPECT_EQ(got, "end of stream");
  EXPECT_EQ(failed_.size(), 1U);
  EXPECT_EQ(service_->sessions(), 0U);
  EXPECT_EQ(shared_->clients.load(), 0U);
  ::close(client);
}

/// What its end has come to once the client hears of it: "reset" when the kernel kept nothing to send.
std::string end_of(int fd) {
  char byte = 0;
  const ssize_t n = ::recv(fd, &byte, 1, MSG_DONTWAIT);
  return n == 0 ? "end of stream" : n > 0             ? "a byte"
                                : errno == ECONNRESET ? "reset"
                                                      : "nothing";
}

TEST_F(ServeTest, ClientsOfAnAddressThatLeavesAreCutOnBothSidesAndOthersStay) {
  const int server = bound();
  add_server(net::Address::local_of(server).value());
  const int wildcard = net::Listener::bind(net::Address::from_ip("0.0.0.0", 0).value(), net::PortSharing::kExclusive).value();
  const std::uint16_t port = net::Address::local_of(wildcard).value().port();
  service_ = &shard_.add(shared_, view_);
  service_->listen("front", wildcard, config::ListenRoute::kSplit);
  const int leaving = connect_client(net::Address::from_ip("127.0.0.2", port).value());
  const int staying = connect_client(net::Address::from_ip("127.0.0.3", port).value());
  ASSERT_TRUE(run_until([&] { return service_->server(0).in_flight == 2; }));
  EXPECT_EQ(service_->live_clients().size(), 2U);
  shard_.cut_clients_on(net::Address::from_ip("127.0.0.2", 0).value(), "the node stops");
  std::string got;
  ASSERT_TRUE(run_until([&] { return (got = end_of(leaving)) != "nothing"; }));
  EXPECT_EQ(got, "reset");
  ASSERT_TRUE(run_until([&] { return service_->sessions() == 1; }));
  EXPECT_EQ(end_of(staying), "nothing");
  EXPECT_EQ(service_->server(0).in_flight, 1U);
  EXPECT_EQ(service_->live_clients().size(), 1U);
  ASSERT_EQ(events_.size(), 1U);
  EXPECT_EQ(events_[0].id, EventId::kClientsCut);
  EXPECT_EQ(events_[0].field("clients"), "1");
  EXPECT_EQ(events_[0].field("address"), "127.0.0.2");
  EXPECT_EQ(events_[0].field("reason"), "the node stops");
  EXPECT_EQ(unknown_field(events_[0]), "");
  ::close(leaving);
  ::close(staying);
  ::close(server);
}

TEST_F(ServeTest, AClientThatHasHalfClosedIsCutWithItsServer) {
  const int server = bound();
  add_server(net::Address::local_of(server).value());
  const int client = connect_client(listen_for_clients());
  int accepted = -1;
  ASSERT_TRUE(run_until([&] { return (accepted = ::accept4(server, nullptr, nullptr, SOCK_CLOEXEC)) >= 0; }));
  ::shutdown(client, SHUT_WR);
  ASSERT_TRUE(run_until([&] { return end_of(accepted) == "end of stream"; }));
  EXPECT_EQ(service_->cut_clients_on(net::Address::from_ip("127.0.0.1", 0).value(), "test"), 1U);
  ASSERT_TRUE(run_until([&] { return service_->sessions() == 0; }));
  EXPECT_EQ(service_->cut_clients_on(net::Address::from_ip("127.0.0.1", 0).value(), "test"), 0U);
  EXPECT_EQ(events_.size(), 1U) << "no event when nobody was cut";
  ::close(accepted);
  ::close(client);
  ::close(server);
}

TEST_F(ServeTest, ClosingTheServiceEndsASessionInTheMiddle) {
  const int server = bound();
  add_server(net::Address::local_of(server).value());
  const int client = connect_client(listen_for_clients());
  ASSERT_TRUE(run_until([&] { return service_->server(0).in_flight == 1; }));
  bool closed = false;
  shard_.close_all(Nanos::zero(), [&] { closed = true; });
  ASSERT_TRUE(run_until([&] { return closed; }));
  std::string got;
  ASSERT_TRUE(run_until([&] { return (got = read_what_is_there(client)) != "nothing"; }));
  EXPECT_EQ(got, "end of stream");
  EXPECT_EQ(shared_->clients.load(), 0U);
  ::close(client);
  ::close(server);
}

}  // namespace
}  // namespace hf::service::tcp
