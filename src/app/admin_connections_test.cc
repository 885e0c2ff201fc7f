#include "app/admin_connections.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include <sys/socket.h>
#include <unistd.h>

#include "runtime/stepped_loop_fake.h"

namespace hf::app {
namespace {

constexpr const char* kRequest = "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n";

/// The far end of a connection.
class Caller {
 public:
  explicit Caller(int fd) : fd_(fd) {}
  Caller(Caller&& other) noexcept
      : fd_(std::exchange(other.fd_, -1)), heard_(std::move(other.heard_)), over_(other.over_) {}
  ~Caller() {
    if (fd_ >= 0) ::close(fd_);
  }
  void say(std::string_view text) const {
    EXPECT_EQ(::send(fd_, text.data(), text.size(), MSG_NOSIGNAL), static_cast<ssize_t>(text.size()));
  }
  /// All that came so far.
  const std::string& heard() {
    char buffer[65536];
    for (ssize_t n = 1; n > 0 && !over_;) {
      n = ::recv(fd_, buffer, sizeof buffer, MSG_DONTWAIT);
      if (n > 0) heard_.append(buffer, static_cast<std::size_t>(n));
      if (n == 0 || (n < 0 && errno != EAGAIN)) over_ = true;
    }
    return heard_;
  }
  bool over() {
    heard();
    return over_;
  }

 private:
  int fd_;
  std::string heard_;
  bool over_ = false;
};

class AdminConnectionsTest : public ::testing::Test {
 protected:
  ~AdminConnectionsTest() override { close(); }

  void close() {
    if (closed_) return;
    closed_ = true;
    runtime::Scope scope(*loop_);
    scope.spawn("close", closing, this);
    EXPECT_TRUE(loop_.run_until_empty(scope));
  }
  static runtime::Task<void> closing(AdminConnectionsTest* self) {
    const Result<void> closed = co_await self->door_.close(self->loop_->deadline_in(5s));
    EXPECT_TRUE(closed.ok());
  }

  static runtime::Task<admin::HttpResponse> answer(std::string body) {
    admin::HttpResponse response;
    response.body = std::move(body);
    co_return response;
  }
  Caller call() {
    int ends[2];
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), 0);
    net::Accepted accepted;
    accepted.stream = net::adopt_accepted(*loop_, ends[0], net::AcceptPlace{}).value();
    door_.serve(std::move(accepted));
    return Caller(ends[1]);
  }
  bool answered(Caller& caller, const std::string& status) {
    const bool heard = loop_.run_until([&] { return caller.heard().find("HTTP/1.1 " + status) != std::string::npos; });
    loop_.turn();  // whoever answered learns that the answer is on its way
    return heard;
  }
  bool ended(Caller& caller) {
    return loop_.run_until([&] { return caller.over(); });
  }

  static constexpr std::size_t kFew = 4;
  runtime::SteppedLoop loop_;
  std::string body_ = "{}";
  int crowds_ = 0;
  AdminConnections door_{*loop_,
                         {.places = kFew,
                          .answer = [this](const admin::HttpRequest&, const net::Accepted&) { return answer(body_); },
                          .crowded = [this] { ++crowds_; }}};
  bool closed_ = false;
};

TEST_F(AdminConnectionsTest, AnswersOneRequestAfterTheOtherWhateverThePieces) {
  Caller caller = call();
  for (int i = 1; i <= 3; ++i) {
    for (const char c : std::string(kRequest)) {
      caller.say({&c, 1});
      loop_.turn();
    }
    EXPECT_TRUE(loop_.run_until([&] {
      std::size_t answers = 0;
      for (std::size_t at = 0; (at = caller.heard().find("HTTP/1.1 200", at)) != std::string::npos; ++at) ++answers;
      return answers == static_cast<std::size_t>(i);
    }));
  }
  EXPECT_EQ(door_.open(), 1U);
}

TEST_F(AdminConnectionsTest, IdleConnectionsGiveWayToANewOneTheLongestIdleFirst) {
  std::vector<Caller> idle;
  for (std::size_t i = 0; i < kFew; ++i) {
    idle.push_back(call());
    idle.back().say(kRequest);
    EXPECT_TRUE(answered(idle.back(), "200"));
    loop_.advance(10ms);
  }
  idle[0].say(kRequest);  // not the longest idle any more
  EXPECT_TRUE(loop_.run_until([&] { return idle[0].heard().rfind("HTTP/1.1 200") > 0; }));
  Caller next = call();
  next.say(kRequest);
  EXPECT_TRUE(answered(next, "200"));
  EXPECT_TRUE(ended(idle[1]));
  EXPECT_EQ(idle[1].heard().find("503"), std::string::npos) << "an idle connection may be closed without a word";
  EXPECT_FALSE(idle[0].over() || idle[2].over() || idle[3].over());
  EXPECT_EQ(door_.gave_way(), 1U);
  EXPECT_EQ(crowds_, 1);
  EXPECT_EQ(door_.open(), kFew);
}

TEST_F(AdminConnectionsTest, WhoHoldsAPlaceWithHalfARequestGivesWayAndIsToldWhy) {
  std::vector<Caller> slow;
  for (std::size_t i = 0; i < kFew; ++i) {
    slow.push_back(call());
    slow.back().say("G");
    loop_.advance(10ms);
  }
  for (std::size_t i = 0; i < 3 * kFew; ++i) {
    Caller quick = call();
    quick.say(kRequest);
    EXPECT_TRUE(answered(quick, "200")) << i;
  }
  EXPECT_TRUE(answered(slow[0], "503"));
  EXPECT_NE(slow[0].heard().find("all 4 connections of this address are taken"), std::string::npos) << slow[0].heard();
  EXPECT_TRUE(ended(slow[0]));
}

TEST_F(AdminConnectionsTest, WhoDoesNotTakeHisAnswerGivesWayToo) {
  body_.assign(4 << 20, 'x');
  std::vector<Caller> deaf;
  for (std::size_t i = 0; i < kFew; ++i) {
    deaf.push_back(call());
    deaf.back().say(kRequest);
    loop_.turn();
    loop_.advance(10ms);
  }
  body_ = "{}";
  Caller next = call();
  next.say(kRequest);
  EXPECT_TRUE(answered(next, "200"));
  EXPECT_EQ(door_.gave_way(), 1U);
  EXPECT_EQ(door_.open(), kFew);
}

TEST_F(AdminConnectionsTest, AFloodOfConnectionsNeverHoldsMoreThanThePlaces) {
  std::vector<Caller> flood;
  for (int i = 0; i < 500; ++i) {
    flood.push_back(call());
    EXPECT_LE(door_.open(), kFew);
  }
  Caller caller = call();
  caller.say(kRequest);
  EXPECT_TRUE(answered(caller, "200"));
  EXPECT_EQ(door_.gave_way(), 501 - kFew);
}

/// One byte now and then: each would begin the time anew if it were counted from the last read.
TEST_F(AdminConnectionsTest, ARequestHasItsTimeHoweverItsBytesAreSpread) {
  Caller caller = call();
  const std::string request = kRequest;
  for (std::size_t i = 0; i < 9; ++i) {
    caller.say(request.substr(i, 1));
    EXPECT_TRUE(loop_.run_until([&] { return true; }));
    loop_.advance(1s);
    loop_.turn();
    EXPECT_FALSE(caller.over()) << i;
  }
  loop_.advance(1s);
  EXPECT_TRUE(answered(caller, "408"));
  EXPECT_TRUE(ended(caller));
  EXPECT_EQ(door_.too_slow(), 1U);
  EXPECT_EQ(door_.open(), 0U);
}

TEST_F(AdminConnectionsTest, TheSecondRequestOfAConnectionHasItsOwnTime) {
  Caller caller = call();
  caller.say(kRequest);
  EXPECT_TRUE(answered(caller, "200"));
  loop_.advance(AdminConnections::kIdlePatience - 1s);
  caller.say("GET /");
  loop_.turn();
  loop_.advance(AdminConnections::kRequestPatience - 1s);
  EXPECT_FALSE(caller.over());
  loop_.advance(1s);
  EXPECT_TRUE(answered(caller, "408"));
}

TEST_F(AdminConnectionsTest, AnIdleConnectionEndsWithoutAWord) {
  Caller caller = call();
  caller.say(kRequest);
  EXPECT_TRUE(answered(caller, "200"));
  const std::size_t heard = caller.heard().size();
  loop_.advance(AdminConnections::kIdlePatience);
  EXPECT_TRUE(ended(caller));
  EXPECT_EQ(caller.heard().size(), heard);
  EXPECT_EQ(door_.too_slow(), 0U);
}

TEST_F(AdminConnectionsTest, AnAnswerThatNobodyTakesEndsInTime) {
  body_.assign(4 << 20, 'x');
  Caller caller = call();
  caller.say(kRequest);
  loop_.turn();
  EXPECT_EQ(door_.open(), 1U);
  loop_.advance(AdminConnections::kAnswerPatience);
  EXPECT_TRUE(loop_.run_until([&] { return door_.open() == 0; }));
}

TEST_F(AdminConnectionsTest, ClosingEndsEveryConnection) {
  std::vector<Caller> callers;
  for (std::size_t i = 0; i < kFew; ++i) callers.push_back(call());
  callers[0].say("GET /");
  close();
  for (Caller& caller : callers) EXPECT_TRUE(caller.over());
  EXPECT_EQ(door_.open(), 0U);
}

}  // namespace
}  // namespace hf::app
