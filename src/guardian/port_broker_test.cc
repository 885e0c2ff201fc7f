#include "guardian/port_broker.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/capability.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <functional>

#include "runtime/epoll_poller.h"

namespace hf::guardian {
namespace {

using net::Address;
using net::Listener;
using net::PortSharing;
using net::Presence;
using runtime::EventLoop;

constexpr uid_t kGatewayUser = 65534;

Address at(const char* ip, std::uint16_t port) { return Address::from_ip(ip, port).value(); }

/// Another user, if we are root; without capabilities in any case (whoever made a user namespace has them all in it).
bool become_powerless() {
  if (::geteuid() == 0 && ::setresuid(kGatewayUser, kGatewayUser, kGatewayUser) != 0) return false;
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  const __user_cap_data_struct none[2] = {};
  return ::syscall(SYS_capset, &header, none) == 0;
}

/// Runs `gateway`, which returns what is wrong, in a process with a user of its own and no capability, and a guardian
/// beside it until it ends.
std::string with_guardian(const std::function<std::string(int broker_fd)>& gateway) {
  const std::pair<int, int> ends = make_bind_sockets().value();
  int report[2] = {-1, -1};
  if (::pipe2(report, O_CLOEXEC) != 0) return "pipe";
  const pid_t child = ::fork();
  if (child == 0) {
    ::close(ends.first);
    const bool dropped = become_powerless();
    const std::string wrong = dropped ? gateway(ends.second) : "rights were not given up";
    (void)!::write(report[1], wrong.data(), wrong.size());
    ::_exit(0);
  }
  ::close(ends.second);
  ::close(report[1]);
  EventLoop loop(std::make_unique<runtime::EpollPoller>());
  std::unique_ptr<PortBroker> broker = PortBroker::open(loop, ends.first).value();
  const Deadline patience = loop.deadline_in(20s);
  while (!broker->closed() && !patience.passed(loop.now())) loop.turn(loop.deadline_in(100ms));
  char text[1024];
  const ssize_t n = ::read(report[0], text, sizeof text);
  ::close(report[0]);
  ::waitpid(child, nullptr, 0);
  return n < 0 ? "no report" : std::string(text, static_cast<std::size_t>(n));
}

/// In a network of its own, so that low ports are free and nobody is reached; ordinary users need a user namespace for
/// it.
std::string in_own_network(const std::function<std::string()>& work) {
  int report[2] = {-1, -1};
  if (::pipe2(report, O_CLOEXEC) != 0) return "pipe";
  const pid_t child = ::fork();
  if (child == 0) {
    const int flags = CLONE_NEWNET | (::geteuid() == 0 ? 0 : CLONE_NEWUSER);
    const std::string wrong = ::unshare(flags) == 0 ? work() : "unshare";
    (void)!::write(report[1], wrong.data(), wrong.size());
    ::_exit(0);
  }
  ::close(report[1]);
  char text[1024];
  const ssize_t n = ::read(report[0], text, sizeof text);
  ::close(report[0]);
  ::waitpid(child, nullptr, 0);
  return n < 0 ? "no report" : std::string(text, static_cast<std::size_t>(n));
}

std::string bind_low_ports(int broker) {
  for (const char* ip : {"198.18.0.100", "fd00::100"}) {
    const Address address = at(ip, 443);
    const Result<int> own = Listener::bind(address, PortSharing::kShared, Presence::kMayBeAbsent);
    if (own.ok() || own.error().code != ErrorCode::kRefused) return "the port was not forbidden";
    const Result<int> probe = bind_by_guardian(broker, address, PortSharing::kExclusive, Presence::kMayBeAbsent);
    if (!probe.ok()) return probe.error().context;
    const Result<int> taken = bind_by_guardian(broker, address, PortSharing::kShared, Presence::kMayBeAbsent);
    if (taken.ok() || taken.error().code != ErrorCode::kExists) return "the exclusive probe did not keep others away";
    ::close(*probe);
    for (int shard = 0; shard < 3; ++shard) {
      const Result<int> fd = bind_by_guardian(broker, address, PortSharing::kShared, Presence::kMayBeAbsent);
      if (!fd.ok()) return fd.error().context;
      int listening = 0;
      socklen_t length = sizeof listening;
      ::getsockopt(*fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &length);
      if (listening != 1 || Address::local_of(*fd).value().to_string() != address.to_string()) {
        return "it does not listen";
      }
    }
  }
  return "";
}

TEST(PortBroker, BindsPortsThatTheGatewayMayNotForEveryShard) {
  EXPECT_EQ(in_own_network([] { return with_guardian(bind_low_ports); }), "");
}

TEST(PortBroker, TheGatewayCannotJoinAPortThatRootShares) {
  if (::geteuid() != 0) return;  // there are no two users then
  EXPECT_EQ(in_own_network([] {
              const Result<int> of_root = Listener::bind(at("0.0.0.0", 443), PortSharing::kShared);
              if (!of_root.ok()) return of_root.error().context;
              return with_guardian([](int broker) {
                const Result<int> joined = bind_by_guardian(broker, at("0.0.0.0", 443), PortSharing::kShared);
                return std::string(joined.ok() ? "joined root's port" : "");
              });
            }),
            "");
}

TEST(PortBroker, AnAddressThatIsNotHereIsRefusedInWordsUnlessItMayBeAbsent) {
  EXPECT_EQ(with_guardian([](int broker) {
              const Result<int> strict = bind_by_guardian(broker, at("198.19.255.77", 0), PortSharing::kShared);
              if (strict.ok()) return std::string("bound");
              const bool named = strict.error().context.find("198.19.255.77") != std::string::npos;
              return named ? std::string() : strict.error().context;
            }),
            "");
}

/// Sends what a gateway that was taken over might, and returns the guardian's answer.
BindAnswer send_raw(int broker, std::string bytes, std::vector<int> fds) {
  iovec part{bytes.data(), bytes.size()};
  std::vector<char> control(CMSG_SPACE(sizeof(int) * fds.size()));
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  if (!fds.empty()) {
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    cmsghdr* rights = CMSG_FIRSTHDR(&message);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(sizeof(int) * fds.size());
    std::memcpy(CMSG_DATA(rights), fds.data(), sizeof(int) * fds.size());
  }
  if (::sendmsg(broker, &message, MSG_NOSIGNAL) < 0) return {0, true, ErrorCode::kSystem, "not sent"};
  char answer[kLongestBindMessage];
  ssize_t n = -1;
  do { n = ::recv(broker, answer, sizeof answer, 0); } while (n < 0 && errno == EINTR);
  return n < 0 ? BindAnswer{0, true, ErrorCode::kSystem, "no answer"}
               : decode_bind_answer({answer, static_cast<std::size_t>(n)}).value();
}

TEST(PortBroker, WhateverElseIsSentIsRefusedAndClosed) {
  EXPECT_EQ(with_guardian([](int broker) {
              ::fcntl(broker, F_SETFL, 0);  // answers are waited for
              const std::string question = encode(BindRequest{7, at("127.0.0.1", 0)});
              const int tcp = ::socket(AF_INET, SOCK_STREAM, 0);
              const int tcp6 = ::socket(AF_INET6, SOCK_STREAM, 0);
              const int udp = ::socket(AF_INET, SOCK_DGRAM, 0);
              const int unix_stream = ::socket(AF_UNIX, SOCK_STREAM, 0);
              const int file = ::open("/dev/null", O_RDONLY);
              const int listening = Listener::bind(at("127.0.0.1", 0), PortSharing::kExclusive).value();
              struct Wrong {
                const char* name;
                std::string bytes;
                std::vector<int> fds;
              };
              const Wrong all[] = {
                  {"no socket", question, {}},
                  {"no address", "x", {tcp}},
                  {"half an address", question.substr(0, 10), {tcp}},
                  {"an unknown family", encode(BindRequest{7, Address::from_unix_path("/tmp/x").value()}), {tcp}},
                  {"much too long", question + std::string(10'000, 'x'), {tcp}},
                  {"two sockets", question, {tcp, tcp}},
                  {"many sockets", question, std::vector<int>(50, tcp)},
                  {"another family", question, {tcp6}},
                  {"udp", question, {udp}},
                  {"a Unix socket", question, {unix_stream}},
                  {"a file", question, {file}},
                  {"one that listens", question, {listening}}};
              for (const Wrong& wrong : all) {
                const BindAnswer answer = send_raw(broker, wrong.bytes, wrong.fds);
                if (answer.bound || answer.reason.empty()) return wrong.name + (": " + answer.reason);
              }
              const BindAnswer right = send_raw(broker, question, {tcp});
              if (!right.bound || right.number != 7) return "then a right one: " + right.reason;
              return std::string();
            }),
            "");
}

TEST(PortBroker, AGatewayThatIsGoneClosesIt) {
  EXPECT_EQ(with_guardian([](int) { return std::string(); }), "");
}

TEST(BindRequest, WithoutAGuardianItIsAnErrorAtOnce) {
  const std::pair<int, int> ends = make_bind_sockets().value();
  ::close(ends.first);
  const Result<int> bound = bind_by_guardian(ends.second, at("127.0.0.1", 0), PortSharing::kShared);
  ASSERT_FALSE(bound.ok());
  EXPECT_EQ(bound.error().code, ErrorCode::kReset);
  ::close(ends.second);
}

TEST(BindRequest, AnAnswerToAnEarlierQuestionIsNotTakenForThisOne) {
  const std::pair<int, int> ends = make_bind_sockets().value();
  const std::string stale = encode(BindAnswer{1, true, ErrorCode::kSystem, ""});
  ASSERT_EQ(::send(ends.first, stale.data(), stale.size(), 0), static_cast<ssize_t>(stale.size()));
  ASSERT_EQ(::shutdown(ends.first, SHUT_WR), 0);  // then nothing more comes: no need to wait for the second to pass
  const Result<int> bound = bind_by_guardian(ends.second, at("127.0.0.1", 0), PortSharing::kShared);
  ASSERT_FALSE(bound.ok());
  EXPECT_EQ(bound.error().code, ErrorCode::kClosed) << bound.error().context;
  ::close(ends.first);
  ::close(ends.second);
}

TEST(BindRequest, OnlyTcp) {
  const Result<int> bound = bind_by_guardian(-1, Address::from_unix_path("/tmp/x").value(), PortSharing::kExclusive);
  ASSERT_FALSE(bound.ok());
  EXPECT_EQ(bound.error().code, ErrorCode::kUnsupported);
}

TEST(BindRequest, WhatIsEncodedIsDecodedAndPiecesOfItAreNot) {
  const std::string request = encode(BindRequest{42, at("fd00::1", 80)});
  const std::optional<BindRequest> decoded = decode_bind_request(request);
  ASSERT_TRUE(decoded);
  EXPECT_EQ(decoded->number, 42U);
  EXPECT_EQ(decoded->address.to_string(), "[fd00::1]:80");
  for (std::size_t n = 0; n < request.size(); ++n) EXPECT_FALSE(decode_bind_request(request.substr(0, n))) << n;
  const std::string answer = encode(BindAnswer{42, false, ErrorCode::kExists, std::string(5000, 'x')});
  EXPECT_EQ(answer.size(), kLongestBindMessage);
  const std::optional<BindAnswer> said = decode_bind_answer(answer);
  ASSERT_TRUE(said);
  EXPECT_EQ(said->number, 42U);
  EXPECT_FALSE(said->bound);
  EXPECT_EQ(said->code, ErrorCode::kExists);
  for (std::size_t n = 0; n < 6; ++n) EXPECT_FALSE(decode_bind_answer(answer.substr(0, n))) << n;
  std::string unknown = answer;
  unknown[5] = 120;
  EXPECT_FALSE(decode_bind_answer(unknown));
}

}  // namespace
}  // namespace hf::guardian
