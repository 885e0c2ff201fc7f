// What a stream can become in the middle of a conversation: one over another transport, or somebody else's.
#include "net/stream.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include <sys/socket.h>
#include <unistd.h>

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

/// As TLS would: over another transport, with bytes of its own in between.
class Disguise final : public Transport {
 public:
  Disguise(std::unique_ptr<Transport> below, std::string read_ahead)
      : below_(std::move(below)), pending_(std::move(read_ahead)) {}

  IoResult try_read(std::span<char> into) override {
    IoResult read = IoResult::done(std::min(into.size(), pending_.size()), true);
    if (pending_.empty()) {
      read = below_->try_read(into);
    } else {
      std::copy_n(pending_.begin(), read.bytes, into.begin());
      pending_.erase(0, read.bytes);
    }
    for (char& byte : into.first(read.bytes)) byte = disguised(byte);
    return read;
  }
  IoResult try_write(ByteView bytes) override {
    std::string out(bytes);
    for (char& byte : out) byte = disguised(byte);
    return below_->try_write(out);
  }
  void shut_write() override { below_->shut_write(); }
  void close(runtime::Poller& poller, runtime::IoHandler& handler) override { below_->close(poller, handler); }

  static char disguised(char byte) { return static_cast<char>(byte ^ 0x5A); }

 private:
  std::unique_ptr<Transport> below_;
  std::string pending_;
};

std::unique_ptr<Transport> disguise(std::unique_ptr<Transport> below, std::string read_ahead) {
  return std::make_unique<Disguise>(std::move(below), std::move(read_ahead));
}

constexpr std::string_view kStart = "START";

/// Asks for the disguise, and sends the first of it along with the question.
Task<void> ask_and_send(Stream* stream, const std::string* data, Deadline deadline) {
  stream->write(kStart);
  Result<void> sent = co_await stream->drained(0, deadline);
  EXPECT_TRUE(sent.ok());
  stream->upgrade(disguise, {});
  for (std::size_t at = 0; at < data->size(); at += 5000) {
    stream->write(ByteView(*data).substr(at, 5000));
    sent = co_await stream->drained(1000, deadline);
    EXPECT_TRUE(sent.ok());
  }
  stream->shut_write();
}

Task<void> take_all(Stream* stream, std::string* got, Deadline deadline) {
  std::string plain;
  while (plain.size() < kStart.size()) {
    Result<ByteView> bytes = co_await stream->recv(deadline);
    EXPECT_TRUE(bytes.ok() && !bytes->empty());
    if (!bytes.ok() || bytes->empty()) co_return;
    plain.append(*bytes);
  }
  EXPECT_EQ(plain.substr(0, kStart.size()), kStart);
  stream->upgrade(disguise, plain.substr(kStart.size()));
  for (;;) {
    Result<ByteView> bytes = co_await stream->recv(deadline);
    EXPECT_TRUE(bytes.ok());
    if (!bytes.ok() || bytes->empty()) co_return;
    got->append(*bytes);
  }
}

struct SimWorld {
  std::unique_ptr<runtime::SimPoller> owned = std::make_unique<runtime::SimPoller>();
  runtime::SimPoller& poller = *owned;
  EventLoop loop{std::move(owned)};
  SimNetwork network{loop, poller};
};

TEST(StreamUpgrade, TheTransportChangesInMidConversationWhateverArrivesTogether) {
  for (const std::size_t piece : {std::size_t{1}, std::size_t{3}, kStart.size(), std::size_t{7}, std::size_t{1460}}) {
    SimWorld world;
    auto [client, server] = world.network.connect_pair(SimLink{.latency = 1ms, .window = 3000, .largest_piece = piece});
    std::string data(20000, '\0');
    for (std::size_t i = 0; i < data.size(); ++i) data[i] = static_cast<char>(i * 7 + i / 251);
    std::string got;
    Scope scope(world.loop);
    const Deadline deadline = world.loop.deadline_in(1h);
    scope.spawn("ask", ask_and_send, client.stream.get(), &data, deadline);
    scope.spawn("take", take_all, server.stream.get(), &got, deadline);
    for (int turns = 0; !scope.empty() && turns < 1000000; ++turns) world.loop.turn(Deadline::never());
    EXPECT_TRUE(scope.empty());
    EXPECT_TRUE(got == data) << "in pieces of " << piece;
  }
}

TEST(StreamUpgrade, WhatWasReadAheadIsReceivedWithoutAnotherByteOfThePeers) {
  SimWorld world;
  auto [client, server] = world.network.connect_pair(SimLink{});
  std::string hidden(kStart);
  for (char& byte : hidden) byte = Disguise::disguised(byte);
  server.stream->upgrade(disguise, hidden);
  std::string got;
  Scope scope(world.loop);
  scope.spawn(
      "take",
      [](Stream* stream, std::string* out) -> Task<void> {
        Result<ByteView> bytes = co_await stream->recv(stream->loop().deadline_in(1s));
        EXPECT_TRUE(bytes.ok());
        if (bytes.ok()) out->append(*bytes);
      },
      server.stream.get(), &got);
  for (int turns = 0; !scope.empty() && turns < 1000; ++turns) world.loop.turn(Deadline::never());
  EXPECT_EQ(got, kStart);
}

TEST(StreamUpgradeDeathTest, NotWhileSomethingIsQueued) {
  SimWorld world;
  auto [client, server] = world.network.connect_pair(SimLink{});
  client.stream->write("plain");
  EXPECT_DEATH(client.stream->upgrade(disguise, {}), "queued");
}

struct SocketWorld {
  SocketWorld() {
    int fds[2];
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), 0);
    ours = adopt(loop, fds[0], {}).value();
    peer = fds[1];
  }
  ~SocketWorld() { ::close(peer); }
  EventLoop loop{std::make_unique<runtime::EpollPoller>()};
  std::unique_ptr<Stream> ours;
  int peer = -1;
};

Task<void> receive(Stream* stream, std::string* got) {
  Result<ByteView> bytes = co_await stream->recv(stream->loop().deadline_in(10s));
  if (bytes.ok()) got->append(*bytes);
}

void run(EventLoop& loop, Scope& scope) {
  for (int turns = 0; !scope.empty() && turns < 1000; ++turns) loop.turn(loop.deadline_in(100ms));
  EXPECT_TRUE(scope.empty());
}

TEST(StreamRelease, TheDescriptorGoesWithWhatIsUnsentAndTheRestIsReadByItsNextOwner) {
  SocketWorld world;
  std::string sent(3'000'000, '\0');
  for (std::size_t i = 0; i < sent.size(); ++i) sent[i] = static_cast<char>(i * 11 + i / 253);
  world.ours->write(sent);
  ASSERT_GT(world.ours->queued(), 0U) << "more than a socket takes";
  ASSERT_EQ(::send(world.peer, "unread", 6, 0), 6);

  Result<Released> released = world.ours->release();
  ASSERT_TRUE(released.ok());
  EXPECT_EQ(released->unread, "") << "what nobody has received is still the kernel's";
  EXPECT_TRUE(world.ours->broken());
  EXPECT_EQ(world.ours->queued(), 0U);
  world.ours.reset();  // does not end the connection

  EventLoop other(std::make_unique<runtime::EpollPoller>());
  std::unique_ptr<Stream> next = adopt(other, released->fd, {}).value();
  std::string got;
  Scope scope(other);
  scope.spawn("receive", receive, next.get(), &got);
  run(other, scope);
  EXPECT_EQ(got, "unread");
  next->write(released->unsent);
  std::string arrived;
  std::string piece(65536, '\0');
  for (int turns = 0; arrived.size() < sent.size() && turns < 100000; ++turns) {
    const ssize_t n = ::recv(world.peer, piece.data(), piece.size(), MSG_DONTWAIT);
    if (n > 0) arrived.append(piece, 0, static_cast<std::size_t>(n));
    other.turn(other.deadline_in(1ms));
  }
  EXPECT_TRUE(arrived == sent);
}

TEST(StreamRelease, TheLoopOfBeforeHearsNothingMoreOfIt) {
  SocketWorld world;
  const Result<Released> released = world.ours->release();
  ASSERT_TRUE(released.ok());
  ASSERT_EQ(::send(world.peer, "late", 4, 0), 4);
  world.loop.turn(world.loop.deadline_in(5ms));
  EXPECT_FALSE(world.ours->readable());
  EXPECT_FALSE(world.ours->release().ok()) << "once";
  ::close(released->fd);
}

TEST(StreamClose, TheLoopHearsNothingMoreOfItThoughAProcessThatIsBeingStartedStillHoldsTheSocket) {
  EventLoop loop(std::make_unique<runtime::EpollPoller>());
  int fds[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), 0);
  const int held = ::dup(fds[0]);  // as between fork and exec
  const std::unique_ptr<Stream> stream = adopt(loop, fds[0], {}).value();
  loop.turn(loop.deadline_in(5ms));
  stream->close();
  ASSERT_EQ(::send(fds[1], "late", 4, 0), 4);
  loop.turn(loop.deadline_in(5ms));
  EXPECT_FALSE(stream->readable()) << "by now it could be gone";
  ::close(held);
  ::close(fds[1]);
}

TEST(StreamRelease, WhatHasNoDescriptorStaysAsItIs) {
  SimWorld world;
  auto [client, server] = world.network.connect_pair(SimLink{});
  const Result<Released> released = client.stream->release();
  ASSERT_FALSE(released.ok());
  EXPECT_EQ(released.error().code, ErrorCode::kUnsupported);
  client.stream->write("goes on");
  std::string got;
  Scope scope(world.loop);
  scope.spawn("receive", receive, server.stream.get(), &got);
  for (int turns = 0; !scope.empty() && turns < 1000; ++turns) world.loop.turn(Deadline::never());
  EXPECT_EQ(got, "goes on");
}

Task<void> accept_one(Listener* listener, bool* accepted) {
  const Result<Accepted> done = co_await listener->accept();
  *accepted = done.ok();
}

TEST(ListenerRelease, WhoWaitsInTheQueueIsForTheNextOwner) {
  EventLoop loop(std::make_unique<runtime::EpollPoller>());
  const int fd = Listener::bind(Address::from_ip("127.0.0.1", 0).value(), PortSharing::kShared).value();
  const Address address = Address::local_of(fd).value();
  auto first = std::make_unique<Listener>(loop, fd, SocketOptions{});
  const int client = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  ASSERT_EQ(::connect(client, address.raw(), address.length()), 0);
  const int released = first->release();
  EXPECT_EQ(released, fd);
  first.reset();

  EventLoop other(std::make_unique<runtime::EpollPoller>());
  Listener second(other, released, SocketOptions{});
  bool accepted = false;
  Scope scope(other);
  scope.spawn("accept", accept_one, &second, &accepted);
  run(other, scope);
  EXPECT_TRUE(accepted);
  ::close(client);
}

TEST(Listener, ASocketThatIsShutDownElsewhereIsClosedAndItsAddressFree) {
  EventLoop loop(std::make_unique<runtime::EpollPoller>());
  const int fd = Listener::bind(Address::from_ip("127.0.0.1", 0).value(), PortSharing::kShared).value();
  const Address address = Address::local_of(fd).value();
  const int twin = ::dup(fd);
  Listener listener(loop, fd, SocketOptions{});
  std::string error;
  Scope scope(loop);
  scope.spawn(
      "accept",
      [](Listener* accepting, std::string* out) -> Task<void> {
        const Result<Accepted> done = co_await accepting->accept();
        if (!done.ok()) *out = to_string(done.error().code);
      },
      &listener, &error);
  loop.turn(loop.deadline_in(1ms));
  ASSERT_TRUE(error.empty());
  ::shutdown(twin, SHUT_RD);
  const Result<int> next = Listener::bind(address, PortSharing::kExclusive);
  EXPECT_TRUE(next.ok()) << "before the owner has noticed";
  run(loop, scope);
  EXPECT_EQ(error, "closed");
  ::close(twin);
  if (next.ok()) ::close(*next);
}

}  // namespace
}  // namespace hf::net
