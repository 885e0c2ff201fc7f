#include "guardian/channel.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "runtime/stepped_loop_fake.h"

namespace hf::guardian {
namespace {

/// What came out of one end.
struct Heard {
  std::vector<Message> messages{};
  std::vector<Error> malformed{};
  int closed = 0;

  Channel::Listener listener() {
    return {.on_message = [this](Message message) { messages.push_back(std::move(message)); },
            .on_closed = [this] { ++closed; },
            .on_malformed = [this](Error error) { malformed.push_back(std::move(error)); }};
  }
  std::uint64_t id(std::size_t i) const { return std::get<CommandDone>(messages.at(i)).id; }
};

CommandDone numbered(std::uint64_t id, std::string text = {}) {
  return CommandDone{.id = id, .done = true, .text = std::move(text)};
}

Message longest_message() {
  Report report;
  report.routers.resize(48);
  std::size_t missing = kLongestMessage - encode(report)->size();
  for (RouterReport& router : report.routers) {
    router.reason.assign(std::min(missing, kLongestText), 'x');
    missing -= router.reason.size();
  }
  return report;
}

class ChannelTest : public testing::Test {
 protected:
  ChannelTest() {
    const auto pair = Channel::make_pair();
    HF_CHECK(pair.ok());
    left_ = std::make_unique<Channel>(*loop_, pair->first, left_heard_.listener());
    right_fd_ = pair->second;
  }
  ~ChannelTest() override {
    if (!right_) drop_right_fd();
  }
  void open_right() { right_ = std::make_unique<Channel>(*loop_, right_fd_, right_heard_.listener()); }
  void drop_right_fd() {
    if (right_fd_ >= 0) ::close(right_fd_);
    right_fd_ = -1;
  }
  void put(const std::string& bytes) {
    ASSERT_EQ(::send(right_fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL), static_cast<ssize_t>(bytes.size()));
  }
  void put(const Message& message) { put(*encode(message)); }
  void settle() {
    for (int i = 0; i < 5; ++i) loop_->turn(Deadline{TimePoint{0}});
  }

  runtime::SteppedLoop loop_;
  Heard left_heard_;
  Heard right_heard_;
  std::unique_ptr<Channel> left_;
  std::unique_ptr<Channel> right_;
  int right_fd_ = -1;
};

TEST_F(ChannelTest, MessagesComeOutInTheirOrderAtTheOtherEnd) {
  open_right();
  for (std::uint64_t i = 0; i < 5; ++i) ASSERT_TRUE(left_->send(numbered(i)).ok());
  ASSERT_TRUE(right_->send(Beat{.stalled = 3ms}).ok());
  ASSERT_TRUE(loop_.run_until([&] { return right_heard_.messages.size() == 5 && left_heard_.messages.size() == 1; }));
  for (std::uint64_t i = 0; i < 5; ++i) EXPECT_EQ(right_heard_.id(i), i);
  EXPECT_EQ(std::get<Beat>(left_heard_.messages[0]).stalled, Nanos(3ms));
}

TEST_F(ChannelTest, TheLongestMessagePassesWithTheBufferThatLinuxAllowsEverybody) {
  open_right();
  const Message longest = longest_message();
  ASSERT_EQ(encode(longest)->size(), kLongestMessage);
  ASSERT_TRUE(left_->send(longest).ok());
  EXPECT_EQ(left_->queued(), 0u);
  ASSERT_TRUE(loop_.run_until([&] { return right_heard_.messages.size() == 1; }));
  EXPECT_EQ(std::get<Report>(right_heard_.messages[0]), std::get<Report>(longest));
  EXPECT_TRUE(right_heard_.malformed.empty());
}

TEST_F(ChannelTest, WhatTheSocketDoesNotTakeIsQueuedAndSentWhenItDoes) {
  std::uint64_t sent = 0;
  while (left_->queued() < 20) ASSERT_TRUE(left_->send(numbered(sent++, std::string(4000, 'x'))).ok());
  ASSERT_GT(sent, 20u);
  open_right();
  ASSERT_TRUE(loop_.run_until([&] { return right_heard_.messages.size() == sent; }));
  EXPECT_EQ(left_->queued(), 0u);
  for (std::uint64_t i = 0; i < sent; ++i) EXPECT_EQ(right_heard_.id(i), i);
}

TEST_F(ChannelTest, AFullQueueRefusesAndKeepsWhatItHas) {
  std::uint64_t sent = 0;
  Result<void> result;
  while ((result = left_->send(numbered(sent))).ok()) ++sent;
  EXPECT_EQ(result.error().code, ErrorCode::kOverload);
  EXPECT_EQ(left_->queued(), Channel::kMostQueued);
  open_right();
  ASSERT_TRUE(loop_.run_until([&] { return right_heard_.messages.size() == sent; }));
  EXPECT_EQ(right_heard_.id(sent - 1), sent - 1);
}

TEST_F(ChannelTest, LongMessagesFillTheQueueByTheirBytes) {
  const Message longest = longest_message();
  while (left_->send(longest).ok()) {}
  EXPECT_LE(left_->queued() * kLongestMessage, Channel::kMostQueuedBytes);
  EXPECT_GT(left_->queued(), 1u);
}

TEST_F(ChannelTest, OneTurnHandsOverABoundedNumberOfMessages) {
  for (std::uint64_t i = 0; i < 150; ++i) put(numbered(i));
  loop_.turn();
  EXPECT_EQ(left_heard_.messages.size(), 64u);
  loop_.turn();
  EXPECT_EQ(left_heard_.messages.size(), 128u);
  loop_.turn();
  EXPECT_EQ(left_heard_.messages.size(), 150u);
}

TEST_F(ChannelTest, MalformedEmptyAndOverlongDatagramsAreReportedAndSkipped) {
  put(std::string("\xFFnonsense"));
  put(std::string());
  put(std::string(kLongestMessage + 1, '\x01'));
  put(numbered(7));
  ASSERT_TRUE(loop_.run_until([&] { return left_heard_.messages.size() == 1; }));
  ASSERT_EQ(left_heard_.malformed.size(), 3u);
  EXPECT_NE(left_heard_.malformed[0].context.find("no known type"), std::string::npos);
  EXPECT_NE(left_heard_.malformed[1].context.find("empty"), std::string::npos);
  EXPECT_NE(left_heard_.malformed[2].context.find("too long"), std::string::npos);
  EXPECT_EQ(left_heard_.closed, 0);
}

TEST_F(ChannelTest, TheLastWordsOfAPeerComeBeforeItsEnd) {
  for (std::uint64_t i = 0; i < 70; ++i) put(numbered(i));
  drop_right_fd();
  ASSERT_TRUE(loop_.run_until([&] { return left_heard_.closed > 0; }));
  EXPECT_EQ(left_heard_.messages.size(), 70u);
  settle();
  EXPECT_EQ(left_heard_.closed, 1);
  EXPECT_TRUE(left_->closed());
  EXPECT_EQ(left_->send(numbered(1)).error().code, ErrorCode::kClosed);
}

TEST_F(ChannelTest, APeerThatDiedWithUnreadMessagesIsStillReadToTheEnd) {
  ASSERT_TRUE(left_->send(numbered(1)).ok());
  put(numbered(2));
  drop_right_fd();  // ECONNRESET here: message 1 was never read
  ASSERT_TRUE(loop_.run_until([&] { return left_heard_.closed > 0; }));
  ASSERT_EQ(left_heard_.messages.size(), 1u);
  EXPECT_EQ(left_heard_.id(0), 2u);
}

TEST_F(ChannelTest, ASendToADeadPeerFailsAndOnClosedWaitsForTheLoop) {
  put(numbered(2));
  drop_right_fd();
  EXPECT_FALSE(left_->send(numbered(1)).ok());
  EXPECT_FALSE(left_->send(numbered(1)).ok());
  EXPECT_EQ(left_heard_.closed, 0);
  ASSERT_TRUE(loop_.run_until([&] { return left_heard_.closed > 0; }));
  EXPECT_EQ(left_heard_.messages.size(), 1u);
  settle();
  EXPECT_EQ(left_heard_.closed, 1);
}

TEST_F(ChannelTest, WhatIsQueuedForADeadPeerEndsWithIt) {
  while (left_->queued() < 5) ASSERT_TRUE(left_->send(numbered(1, std::string(4000, 'x'))).ok());
  drop_right_fd();
  ASSERT_TRUE(loop_.run_until([&] { return left_heard_.closed > 0; }));
  EXPECT_EQ(left_->queued(), 0u);
}

TEST_F(ChannelTest, AnEndHasItsFlagsSetWhateverItHadWhenItCame) {
  const int inherited = ::dup(right_fd_);
  drop_right_fd();
  ASSERT_EQ(::fcntl(inherited, F_SETFL, 0), 0);
  ASSERT_EQ(::fcntl(inherited, F_GETFD), 0);
  right_fd_ = inherited;
  open_right();
  EXPECT_EQ(::fcntl(inherited, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
  EXPECT_EQ(::fcntl(inherited, F_GETFL) & O_NONBLOCK, O_NONBLOCK);
}

TEST_F(ChannelTest, ADestroyedChannelIsNotCalledAgain) {
  for (std::uint64_t i = 0; i < 100; ++i) put(numbered(i));
  loop_.turn();  // asked for the next turn as well
  left_.reset();
  settle();
  EXPECT_EQ(left_heard_.messages.size(), 64u);
  EXPECT_EQ(left_heard_.closed, 0);
}

TEST_F(ChannelTest, ASendThatFailedDoesNotOutliveItsChannel) {
  drop_right_fd();
  EXPECT_FALSE(left_->send(numbered(1)).ok());
  left_.reset();
  settle();
  EXPECT_EQ(left_heard_.closed, 0);
}

/// A channel that is destroyed by the callback that it is in; the callback goes on to use what it captured.
class SelfDestroyed : public testing::Test {
 protected:
  SelfDestroyed() {
    const auto pair = Channel::make_pair();
    HF_CHECK(pair.ok());
    peer_ = pair->second;
    const std::string note(64, 'n');  // on the heap: a destroyed callback would be seen by AddressSanitizer
    auto destroy = [this, note] {
      channel_.reset();
      notes_.push_back(note);
    };
    Channel::Listener listener;
    listener.on_message = [destroy](const Message& /*message*/) { destroy(); };
    listener.on_closed = destroy;
    listener.on_malformed = [destroy](const Error& /*error*/) { destroy(); };
    channel_ = std::make_unique<Channel>(*loop_, pair->first, std::move(listener));
  }
  ~SelfDestroyed() override { end(); }
  void end() {
    if (peer_ >= 0) ::close(peer_);
    peer_ = -1;
  }
  void put(const std::string& bytes) { HF_CHECK(::send(peer_, bytes.data(), bytes.size(), MSG_NOSIGNAL) >= 0); }
  void expect_one_call() {
    ASSERT_TRUE(loop_.run_until([&] { return channel_ == nullptr; }));
    for (int i = 0; i < 5; ++i) loop_->turn(Deadline{TimePoint{0}});
    EXPECT_EQ(notes_.size(), 1u);
  }

  runtime::SteppedLoop loop_;
  std::unique_ptr<Channel> channel_;
  std::vector<std::string> notes_;
  int peer_ = -1;
};

TEST_F(SelfDestroyed, ByAMessageWithMoreWaiting) {
  for (int i = 0; i < 3; ++i) put(*encode(Beat{}));
  end();
  expect_one_call();
}

TEST_F(SelfDestroyed, ByAMalformedMessage) {
  put("nonsense");
  put(*encode(Beat{}));
  expect_one_call();
}

TEST_F(SelfDestroyed, ByTheEnd) {
  end();
  expect_one_call();
}

TEST_F(SelfDestroyed, ByTheEndThatASendFound) {
  end();
  EXPECT_FALSE(channel_->send(Beat{}).ok());
  expect_one_call();
}

}  // namespace
}  // namespace hf::guardian
