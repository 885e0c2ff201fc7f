#include "service/tcp/relay.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/random.h"
#include "net/listener.h"
#include "net/socket_transport.h"
#include "runtime/stepped_loop_fake.h"

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
    const int listening =
        net::Listener::bind(net::Address::from_ip("127.0.0.1", 0).value(), net::PortSharing::kExclusive).value();
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
    left = net::adopt(loop, left_fd, {}).value();
    right = net::adopt(loop, right_fd, {}).value();
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

  void start(Nanos idle = kIdle) {
    relaying_.spawn("relay", relay_task, front_.right.get(), back_.right.get(), idle, &totals_, &ended_);
  }
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

}  // namespace
}  // namespace hf::service::tcp
