#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>

#include "base/random.h"
#include "net/address.h"
#include "net/listener.h"
#include "net/sim_network.h"
#include "net/socket_transport.h"
#include "runtime/epoll_poller.h"
#include "runtime/scope.h"
#include "runtime/sim_poller.h"

namespace hf::net {
namespace {

using runtime::EventLoop;
using runtime::Scope;
using runtime::Task;

TEST(Address, IsMadeOfAnIpAddressAndGivesItBack) {
  for (const IpAddress& ip : {IpAddress::v4(198, 18, 0, 7), IpAddress::v6({0xfd00, 0, 0, 0, 0, 0, 0, 7})}) {
    const Address address(ip, 3306);
    EXPECT_EQ(address.host(), ip.to_string());
    EXPECT_EQ(address.port(), 3306);
    EXPECT_EQ(address.ip(), ip);
    EXPECT_EQ(address.to_string(), Address::from_ip(ip.to_string(), 3306).value().to_string());
  }
  EXPECT_EQ(Address::from_unix_path("/run/x.sock").value().ip(), std::nullopt);
  EXPECT_EQ(Address().ip(), std::nullopt);
}

TEST(Address, ReadsAndPrintsEveryFamily) {
  EXPECT_EQ(Address::from_ip("127.0.0.1", 3306).value().to_string(), "127.0.0.1:3306");
  EXPECT_EQ(Address::from_ip("::1", 3306).value().to_string(), "[::1]:3306");
  EXPECT_EQ(Address::from_unix_path("/run/x.sock").value().to_string(), "unix:/run/x.sock");
  EXPECT_EQ(Address::from_unix_path("/run/x.sock").value().host(), "localhost");
  EXPECT_FALSE(Address::from_ip("db1.example", 1).ok());
  EXPECT_FALSE(Address::from_unix_path(std::string(200, 'x')).ok());
}

Task<void> echo(Stream* stream, Deadline deadline) {
  for (;;) {
    Result<ByteView> bytes = co_await stream->recv(deadline);
    if (!bytes.ok() || bytes->empty()) break;
    stream->write(*bytes);
    const Result<void> drained = co_await stream->drained(16 * 1024, deadline);
    if (!drained.ok()) break;
  }
  stream->shut_write();
}

Task<void> send_all(Stream* stream, const std::string* data, Deadline deadline) {
  for (std::size_t at = 0; at < data->size(); at += 50000) {
    stream->write(ByteView(*data).substr(at, 50000));
    const Result<void> drained = co_await stream->drained(1000, deadline);
    EXPECT_TRUE(drained.ok());
  }
  stream->shut_write();
}

Task<void> receive_all(Stream* stream, std::string* got, std::string* error, Deadline deadline) {
  for (;;) {
    Result<ByteView> bytes = co_await stream->recv(deadline);
    if (!bytes.ok()) {
      *error = to_string(bytes.error().code);
      break;
    }
    if (bytes->empty()) break;
    got->append(*bytes);
  }
}

std::string pattern(std::size_t size) {
  Random random(size);
  std::string data(size, '\0');
  for (char& c : data) c = static_cast<char>(random.next());
  return data;
}

TEST(SimNetwork, BytesArriveWholeAndInOrderThroughASmallWindow) {
  auto owned = std::make_unique<runtime::SimPoller>();
  runtime::SimPoller& poller = *owned;
  EventLoop loop(std::move(owned));
  SimNetwork network(loop, poller);
  auto [client, server] = network.connect_pair(SimLink{.latency = 1ms, .window = 3000, .largest_piece = 700});
  const std::string data = pattern(300000);
  std::string got;
  std::string error;
  Scope scope(loop);
  const Deadline deadline = loop.deadline_in(1h);
  scope.spawn("echo", echo, server.stream.get(), deadline);
  scope.spawn("send", send_all, client.stream.get(), &data, deadline);
  scope.spawn("receive", receive_all, client.stream.get(), &got, &error, deadline);
  for (int turns = 0; !scope.empty() && turns < 1000000; ++turns) loop.turn(Deadline::never());
  EXPECT_TRUE(scope.empty());
  EXPECT_EQ(error, "");
  EXPECT_TRUE(got == data);
}

TEST(SimNetwork, ACutPeerEndsInATimeoutAndAResetInAnError) {
  auto owned = std::make_unique<runtime::SimPoller>();
  runtime::SimPoller& poller = *owned;
  EventLoop loop(std::move(owned));
  SimNetwork network(loop, poller);
  auto [client, server] = network.connect_pair(SimLink{});
  auto [client2, server2] = network.connect_pair(SimLink{});
  std::string got;
  std::string timeout;
  std::string reset;
  Scope scope(loop);
  server.transport->cut();
  server.stream->write("lost");
  scope.spawn("cut", receive_all, client.stream.get(), &got, &timeout, loop.deadline_in(5s));
  scope.spawn("reset", receive_all, client2.stream.get(), &got, &reset, loop.deadline_in(5s));
  server2.transport->reset();
  for (int turns = 0; !scope.empty() && turns < 1000; ++turns) loop.turn(Deadline::never());
  EXPECT_EQ(got, "");
  EXPECT_EQ(timeout, "timeout");
  EXPECT_EQ(reset, "connection reset");
}

Task<void> serve_one(Listener* listener, Deadline deadline) {
  Result<Accepted> accepted = co_await listener->accept();
  EXPECT_TRUE(accepted.ok());
  if (!accepted.ok()) co_return;
  co_await echo(accepted->stream.get(), deadline);
}

struct Outcome {
  std::string got;
  std::string error;
};

Task<void> visit(EventLoop* loop, Address address, const std::string* data, Outcome* outcome, Deadline deadline) {
  Result<std::unique_ptr<Stream>> stream = co_await connect(*loop, address, SocketOptions{}, deadline);
  if (!stream.ok()) {
    outcome->error = to_string(stream.error().code);
    co_return;
  }
  Scope sender(*loop);
  sender.spawn("send", send_all, stream->get(), data, deadline);
  co_await receive_all(stream->get(), &outcome->got, &outcome->error, deadline);
  const Result<void> ended = co_await sender.idle(deadline);
  EXPECT_TRUE(ended.ok());
}

void expect_echo(const Address& bind_address) {
  EventLoop loop(std::make_unique<runtime::EpollPoller>());
  const Result<int> fd = Listener::bind(bind_address, PortSharing::kExclusive);
  ASSERT_TRUE(fd.ok()) << fd.error().context;
  Listener listener(loop, *fd, SocketOptions{});
  const Address address = bind_address.is_unix() ? bind_address : Address::local_of(*fd).value();
  const std::string data = pattern(5'000'000);
  Outcome outcome;
  Scope scope(loop);
  const Deadline deadline = loop.deadline_in(60s);
  scope.spawn("server", serve_one, &listener, deadline);
  scope.spawn("client", visit, &loop, address, &data, &outcome, deadline);
  while (!scope.empty()) loop.turn(Deadline::never());
  EXPECT_EQ(outcome.error, "");
  const auto differs = std::mismatch(data.begin(), data.end(), outcome.got.begin(), outcome.got.end()).first;
  EXPECT_TRUE(outcome.got == data) << outcome.got.size() << " bytes of " << data.size()
                                   << ", the first that differs is " << differs - data.begin();
}

TEST(Socket, FiveMegabytesAreEchoedOverIpv4) { expect_echo(Address::from_ip("127.0.0.1", 0).value()); }
TEST(Socket, FiveMegabytesAreEchoedOverIpv6) { expect_echo(Address::from_ip("::1", 0).value()); }
TEST(Socket, FiveMegabytesAreEchoedOverAUnixSocket) {
  const std::string path =
      testing::TempDir() + "hf_net_test_" + std::to_string(::testing::UnitTest::GetInstance()->random_seed()) + ".sock";
  expect_echo(Address::from_unix_path(path).value());
  std::remove(path.c_str());
}

TEST(Socket, AClosedPortIsRefused) {
  EventLoop loop(std::make_unique<runtime::EpollPoller>());
  const Result<int> fd = Listener::bind(Address::from_ip("127.0.0.1", 0).value(), PortSharing::kExclusive);
  ASSERT_TRUE(fd.ok());
  const Address address = Address::local_of(*fd).value();
  { Listener closed(loop, *fd, SocketOptions{}); }
  const std::string data = "x";
  Outcome outcome;
  Scope scope(loop);
  scope.spawn("client", visit, &loop, address, &data, &outcome, loop.deadline_in(60s));
  while (!scope.empty()) loop.turn(Deadline::never());
  EXPECT_EQ(outcome.error, "refused");
}

TEST(Listener, ClosingEndsAWaitingAccept) {
  EventLoop loop(std::make_unique<runtime::EpollPoller>());
  Listener listener(loop, Listener::bind(Address::from_ip("127.0.0.1", 0).value(), PortSharing::kShared).value(),
                    SocketOptions{});
  Scope scope(loop);
  std::string error;
  struct Accept {
    static Task<void> run(Listener* l, std::string* out) {
      Result<Accepted> accepted = co_await l->accept();
      if (!accepted.ok()) *out = to_string(accepted.error().code);
    }
  };
  scope.spawn("accept", Accept::run, &listener, &error);
  loop.turn(loop.deadline_in(1ms));
  listener.close();
  while (!scope.empty()) loop.turn(Deadline::never());
  EXPECT_EQ(error, "closed");
}

}  // namespace
}  // namespace hf::net
