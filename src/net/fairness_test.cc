// Streams of one loop share it: whoever always has bytes to read does not keep others from their turn.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <string>

#include "net/socket_transport.h"
#include "runtime/epoll_poller.h"
#include "runtime/scope.h"

namespace hf::net {
namespace {

using runtime::EventLoop;
using runtime::Scope;
using runtime::Task;

struct Ends {
  explicit Ends(EventLoop& loop) {
    int fds[2];
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), 0);
    ours = adopt(loop, fds[0], {}).value();
    peer = fds[1];
  }
  ~Ends() { ::close(peer); }
  std::unique_ptr<Stream> ours;
  int peer;
};

struct Reads {
  std::uint64_t turn = 0;
  int in_turn = 0;
  int most_in_a_turn = 0;
  std::size_t bytes = 0;
};

/// Reads for ever from a peer that never runs dry: it is refilled with every read.
Task<void> swallow(Stream* stream, int peer, Reads* reads) {
  const std::string block(1000, 'x');
  for (;;) {
    Result<ByteView> bytes = co_await stream->recv(Deadline::never());
    if (!bytes.ok()) co_return;
    const std::uint64_t turn = stream->loop().turn_number();
    if (turn != reads->turn) reads->in_turn = 0;
    reads->turn = turn;
    reads->most_in_a_turn = std::max(reads->most_in_a_turn, ++reads->in_turn);
    reads->bytes += bytes->size();
    // Refilled before the next read, and enough to fill the loop's buffer: a read never finds the socket short.
    while (::send(peer, block.data(), block.size(), MSG_DONTWAIT | MSG_NOSIGNAL) > 0) {}
  }
}

Task<void> echo_once(Stream* stream, bool* done) {
  Result<ByteView> bytes = co_await stream->recv(Deadline::never());
  if (!bytes.ok()) co_return;
  stream->write(*bytes);
  *done = true;
}

TEST(Fairness, BesideAFirehoseAQuietStreamIsServedInTheNextTurn) {
  EventLoop loop(std::make_unique<runtime::EpollPoller>());
  Ends firehose(loop);
  Ends quiet(loop);
  Reads reads;
  bool echoed = false;
  Scope scope(loop);
  const std::string block(64 * 1024, 'x');
  while (::send(firehose.peer, block.data(), block.size(), MSG_DONTWAIT | MSG_NOSIGNAL) > 0) {}
  scope.spawn("firehose", swallow, firehose.ours.get(), firehose.peer, &reads);
  scope.spawn("quiet", echo_once, quiet.ours.get(), &echoed);
  for (int i = 0; i < 20; ++i) loop.turn(loop.deadline_in(1s));
  EXPECT_GT(reads.bytes, 20 * 64 * 1024U);  // it was a firehose indeed
  EXPECT_FALSE(echoed);
  ASSERT_EQ(::send(quiet.peer, "ping", 4, 0), 4);
  loop.turn(loop.deadline_in(1s));
  EXPECT_TRUE(echoed);
  char answer[8];
  EXPECT_EQ(::recv(quiet.peer, answer, sizeof answer, MSG_DONTWAIT), 4);
  loop.post([&scope] { scope.cancel(); });
  while (!scope.empty()) loop.turn(loop.deadline_in(1s));
}

TEST(Fairness, AFirehoseIsReadAFewTimesATurnHoweverLongItLasts) {
  EventLoop loop(std::make_unique<runtime::EpollPoller>());
  Ends firehose(loop);
  Reads reads;
  Scope scope(loop);
  scope.spawn("firehose", swallow, firehose.ours.get(), firehose.peer, &reads);
  ASSERT_EQ(::send(firehose.peer, "go", 2, 0), 2);
  for (int i = 0; i < 200; ++i) loop.turn(loop.deadline_in(1s));
  EXPECT_GT(reads.bytes, 200 * 64 * 1024U);
  EXPECT_LE(reads.most_in_a_turn, 18);  // one that the readiness brings, sixteen, and one to find out that it is enough
  loop.post([&scope] { scope.cancel(); });
  while (!scope.empty()) loop.turn(loop.deadline_in(1s));
}

TEST(Fairness, TwoFirehosesGetTheSame) {
  EventLoop loop(std::make_unique<runtime::EpollPoller>());
  Ends one(loop);
  Ends two(loop);
  Reads reads[2];
  Scope scope(loop);
  const std::string block(64 * 1024, 'x');
  for (const Ends* each : {&one, &two}) {
    while (::send(each->peer, block.data(), block.size(), MSG_DONTWAIT | MSG_NOSIGNAL) > 0) {}
  }
  scope.spawn("one", swallow, one.ours.get(), one.peer, &reads[0]);
  scope.spawn("two", swallow, two.ours.get(), two.peer, &reads[1]);
  for (int i = 0; i < 50; ++i) loop.turn(loop.deadline_in(1s));
  EXPECT_GT(reads[0].bytes, 1'000'000U);
  const double ratio = static_cast<double>(reads[0].bytes) / static_cast<double>(reads[1].bytes);
  EXPECT_GT(ratio, 0.5);
  EXPECT_LT(ratio, 2.0);
  loop.post([&scope] { scope.cancel(); });
  while (!scope.empty()) loop.turn(loop.deadline_in(1s));
}

}  // namespace
}  // namespace hf::net
