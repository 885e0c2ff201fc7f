#include "net/listener.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "runtime/epoll_poller.h"
#include "runtime/scope.h"

namespace hf::net {
namespace {

using runtime::EventLoop;
using runtime::Scope;
using runtime::Task;

struct Outcome {
  int accepted = 0;
  std::string error;
};

Task<void> accept_some(Listener* listener, int wanted, Outcome* outcome) {
  std::vector<std::unique_ptr<Stream>> kept;
  while (outcome->accepted < wanted) {
    Result<Accepted> accepted = co_await listener->accept();
    if (!accepted.ok()) {
      outcome->error = to_string(accepted.error().code);
      co_return;
    }
    kept.push_back(std::move(accepted->stream));
    ++outcome->accepted;
  }
}

int connect_to(const Address& address) {
  const int fd = ::socket(address.family(), SOCK_STREAM | SOCK_CLOEXEC, 0);
  return fd >= 0 && ::connect(fd, address.raw(), address.length()) == 0 ? fd : -1;
}

void use_up_descriptors(std::vector<int>& used) {
  for (int fd = ::open("/dev/null", O_RDONLY | O_CLOEXEC); fd >= 0; fd = ::open("/dev/null", O_RDONLY | O_CLOEXEC)) {
    used.push_back(fd);
  }
}

/// Runs in a child of its own, for it takes all descriptors. The exit code names the first step that went wrong; 0:
/// none.
int run_out_of_descriptors() {
  const rlimit few{64, 64};
  if (::setrlimit(RLIMIT_NOFILE, &few) != 0) return 1;
  EventLoop loop(std::make_unique<runtime::EpollPoller>());
  Result<int> fd = Listener::bind(Address::from_ip("127.0.0.1", 0).value(), PortSharing::kExclusive);
  if (!fd.ok()) return 2;
  const Address address = Address::local_of(*fd).value();
  Listener listener(loop, *fd, SocketOptions{});
  // all is well, and sanitizers, which need descriptors of their own to look at an object, have seen ours
  Outcome before;
  const int early = connect_to(address);
  Scope scope(loop);
  scope.spawn("accept", accept_some, &listener, 1, &before);
  for (int turns = 0; turns < 100 && !scope.empty(); ++turns) loop.turn(loop.deadline_in(1s));
  const int first = connect_to(address);
  const int second = connect_to(address);
  if (before.accepted != 1 || early < 0 || first < 0 || second < 0) return 3;
  std::vector<int> used;
  use_up_descriptors(used);

  Outcome starved;
  scope.spawn("accept", accept_some, &listener, 1, &starved);
  for (int turns = 0; turns < 100 && !scope.empty(); ++turns) loop.turn(loop.deadline_in(1s));
  if (!scope.empty() || starved.accepted != 0) return 4;
  if (starved.error != to_string(ErrorCode::kExhausted)) return 5;
  // Asked again at once it says the same again and does not wait for a readiness that will not come.
  Outcome again;
  scope.spawn("accept", accept_some, &listener, 1, &again);
  for (int turns = 0; turns < 100 && !scope.empty(); ++turns) loop.turn(loop.deadline_in(1s));
  if (again.error != starved.error) return 6;

  for (int i = 0; i < 4; ++i) {
    ::close(used.back());
    used.pop_back();
  }
  Outcome recovered;  // both clients have been waiting in the backlog
  scope.spawn("accept", accept_some, &listener, 2, &recovered);
  for (int turns = 0; turns < 100 && !scope.empty(); ++turns) loop.turn(loop.deadline_in(1s));
  if (!scope.empty() || recovered.accepted != 2) return 7;
  return 0;
}

TEST(Listener, OutOfDescriptorsItSaysSoAndGoesOnWhenThereAreSomeAgain) {
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) ::_exit(run_out_of_descriptors());
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0) << "the step that failed";
}

TEST(Listener, ABurstOfClientsIsAcceptedWithoutFurtherReadiness) {
  EventLoop loop(std::make_unique<runtime::EpollPoller>());
  const int fd = Listener::bind(Address::from_ip("127.0.0.1", 0).value(), PortSharing::kExclusive).value();
  const Address address = Address::local_of(fd).value();
  Listener listener(loop, fd, SocketOptions{});
  std::vector<int> clients;
  for (int i = 0; i < 50; ++i) clients.push_back(connect_to(address));
  Outcome outcome;
  Scope scope(loop);
  scope.spawn("accept", accept_some, &listener, 50, &outcome);
  loop.turn(Deadline{TimePoint{0}});
  EXPECT_EQ(outcome.accepted, 50);
  for (const int client : clients) ::close(client);
}

TEST(Listener, CancelEndsTheWait) {
  EventLoop loop(std::make_unique<runtime::EpollPoller>());
  Listener listener(loop, Listener::bind(Address::from_ip("127.0.0.1", 0).value(), PortSharing::kExclusive).value(),
                    SocketOptions{});
  Outcome outcome;
  Scope scope(loop);
  scope.spawn("accept", accept_some, &listener, 1, &outcome);
  loop.turn(Deadline{TimePoint{0}});
  scope.cancel();
  loop.turn(Deadline{TimePoint{0}});
  EXPECT_TRUE(scope.empty());
  EXPECT_EQ(outcome.error, "cancelled");
}

TEST(Listener, AnAddressInUseIsRefusedUnlessItIsShared) {
  const int exclusive = Listener::bind(Address::from_ip("127.0.0.1", 0).value(), PortSharing::kExclusive).value();
  const Address taken = Address::local_of(exclusive).value();
  EXPECT_FALSE(Listener::bind(taken, PortSharing::kExclusive).ok());
  EXPECT_FALSE(Listener::bind(taken, PortSharing::kShared).ok());
  ::close(exclusive);
  const int shared = Listener::bind(Address::from_ip("127.0.0.1", 0).value(), PortSharing::kShared).value();
  const Result<int> second = Listener::bind(Address::local_of(shared).value(), PortSharing::kShared);
  ASSERT_TRUE(second.ok());
  ::close(*second);
  ::close(shared);
}

/// 198.18.0.0/15 and 2001:db8::/32 are nobody's; no packet is sent.
TEST(Listener, AnAddressThatIsNotHereIsAnErrorUnlessItMayBeAbsent) {
  for (const char* ip : {"198.19.255.77", "2001:db8:77::1"}) {
    const Address absent = Address::from_ip(ip, 0).value();
    const Result<int> strict = Listener::bind(absent, PortSharing::kShared);
    ASSERT_FALSE(strict.ok()) << ip;
    EXPECT_NE(strict.error().context.find(ip), std::string::npos) << strict.error().context;
    const Result<int> relaxed = Listener::bind(absent, PortSharing::kShared, Presence::kMayBeAbsent);
    ASSERT_TRUE(relaxed.ok()) << relaxed.error().context;
    const Address bound = Address::local_of(*relaxed).value();
    EXPECT_EQ(bound.host(), ip);
    const Result<int> second_shard = Listener::bind(bound, PortSharing::kShared, Presence::kMayBeAbsent);
    EXPECT_TRUE(second_shard.ok());
    if (second_shard.ok()) ::close(*second_shard);
    ::close(*relaxed);
  }
}

TEST(Listener, AnAddressThatMayBeAbsentServesLikeAnyOtherWhileItIsHere) {
  EventLoop loop(std::make_unique<runtime::EpollPoller>());
  const int fd =
      Listener::bind(Address::from_ip("127.0.0.1", 0).value(), PortSharing::kExclusive, Presence::kMayBeAbsent).value();
  const Address address = Address::local_of(fd).value();
  Listener listener(loop, fd, SocketOptions{});
  const int client = connect_to(address);
  ASSERT_GE(client, 0);
  Outcome outcome;
  Scope scope(loop);
  scope.spawn("accept", accept_some, &listener, 1, &outcome);
  loop.turn(Deadline{TimePoint{0}});
  EXPECT_EQ(outcome.accepted, 1);
  ::close(client);
}

TEST(Listener, AStaleSocketFileIsReplacedAndALiveOneIsNot) {
  const std::string path = testing::TempDir() + "hf_listener_" + std::to_string(::getpid()) + ".sock";
  const Address address = Address::from_unix_path(path).value();
  const Result<int> first = Listener::bind(address, PortSharing::kExclusive);
  ASSERT_TRUE(first.ok()) << first.error().context;
  const Result<int> second = Listener::bind(address, PortSharing::kExclusive);
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().code, ErrorCode::kExists);
  ::close(*first);  // as a process that was killed: the file stays
  const Result<int> third = Listener::bind(address, PortSharing::kExclusive);
  EXPECT_TRUE(third.ok());
  if (third.ok()) ::close(*third);
  ::unlink(path.c_str());
}

mode_t mode_of(const std::string& path) {
  struct stat seen{};
  return ::lstat(path.c_str(), &seen) == 0 ? seen.st_mode & 07777 : 0;
}

/// With every umask, for the umask is the process's and not ours to change.
TEST(Listener, AUnixSocketHasItsModeBeforeAnybodyCanConnect) {
  const std::string path = testing::TempDir() + "hf_mode_" + std::to_string(::getpid()) + ".sock";
  const Address address = Address::from_unix_path(path).value();
  for (const mode_t mask : {0000U, 0022U, 0077U, 0777U}) {
    const mode_t before = ::umask(mask);
    for (const SocketMode mode : {SocketMode::kOwner, SocketMode::kEverybody}) {
      const Result<int> fd = Listener::make_socket(address, PortSharing::kExclusive, Presence::kMustBeLocal);
      ASSERT_TRUE(fd.ok());
      ASSERT_TRUE(Listener::bind_socket(*fd, address, mode).ok());
      EXPECT_EQ(mode_of(path), static_cast<mode_t>(mode)) << "umask " << std::oct << mask;
      EXPECT_EQ(connect_to(address), -1) << "it must not listen yet";
      EXPECT_TRUE(Listener::start_listening(*fd, address).ok());
      ::close(*fd);
      ::unlink(path.c_str());
    }
    ::umask(before);
  }
}

TEST(Listener, AUnixSocketIsItsOwnersAloneUnlessToldOtherwise) {
  const std::string path = testing::TempDir() + "hf_owner_" + std::to_string(::getpid()) + ".sock";
  const Address address = Address::from_unix_path(path).value();
  const mode_t before = ::umask(0);
  const Result<int> closed = Listener::bind(address, PortSharing::kExclusive);
  EXPECT_EQ(mode_of(path), 0600U);
  ::close(*closed);
  const Result<int> open =
      Listener::bind(address, PortSharing::kExclusive, Presence::kMustBeLocal, SocketMode::kEverybody);
  EXPECT_EQ(mode_of(path), 0777U);
  ::close(*open);
  ::unlink(path.c_str());
  ::umask(before);
}

TEST(Listener, AFileThatIsNoSocketIsNotTakenAway) {
  const std::string path = testing::TempDir() + "hf_file_" + std::to_string(::getpid());
  ::close(::open(path.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0640));
  const Result<int> fd = Listener::bind(Address::from_unix_path(path).value(), PortSharing::kExclusive);
  ASSERT_FALSE(fd.ok());
  EXPECT_EQ(fd.error().code, ErrorCode::kExists);
  EXPECT_EQ(mode_of(path), 0640U);
  ::unlink(path.c_str());
}

/// What is kept for others is never touched; who waits is served as soon as a place is given back.
TEST(Listener, ClientsTakeNoMoreThanTheirShareOfTheDescriptors) {
  EventLoop loop(std::make_unique<runtime::EpollPoller>());
  AcceptBudget budget;
  budget.set_limit(5);
  const int fd = Listener::bind(Address::from_ip("127.0.0.1", 0).value(), PortSharing::kExclusive).value();
  const Address address = Address::local_of(fd).value();
  Listener listener(loop, fd, SocketOptions{}, Listener::Share{&budget, 2});
  std::vector<int> clients;
  for (int i = 0; i < 4; ++i) clients.push_back(connect_to(address));
  std::vector<Accepted> kept;
  std::string error;
  const auto accept_all = [&] {
    struct Accepting {
      static Task<void> run(Listener* from, std::vector<Accepted>* into, std::string* why) {
        for (;;) {
          Result<Accepted> accepted = co_await from->accept();
          if (!accepted.ok()) {
            *why = accepted.error().context;
            co_return;
          }
          into->push_back(std::move(*accepted));
        }
      }
    };
    Scope scope(loop);
    scope.spawn("accept", Accepting::run, &listener, &kept, &error);
    for (int turns = 0; turns < 5 && !scope.empty(); ++turns) loop.turn(loop.deadline_in(10ms));
    scope.cancel();  // where it waits for another client
    for (int turns = 0; turns < 100 && !scope.empty(); ++turns) loop.turn(loop.deadline_in(1s));
  };
  accept_all();
  EXPECT_EQ(kept.size(), 2U);
  EXPECT_EQ(budget.used(), 4U) << "a place that was not to be had is not kept";
  EXPECT_NE(error.find("kept for servers and the admin interface"), std::string::npos) << error;
  kept[0].stream->close();
  EXPECT_EQ(budget.used(), 2U) << "given back with the socket";
  accept_all();
  EXPECT_EQ(kept.size(), 3U);
  kept.clear();
  EXPECT_EQ(budget.used(), 0U);
  accept_all();
  EXPECT_EQ(kept.size(), 1U) << "no client was lost while it waited";
  for (const int client : clients) ::close(client);
}

TEST(Listener, AUnixSocketKnowsWhoConnected) {
  const std::string path = testing::TempDir() + "hf_peer_" + std::to_string(::getpid()) + ".sock";
  const Address address = Address::from_unix_path(path).value();
  EventLoop loop(std::make_unique<runtime::EpollPoller>());
  Listener listener(loop, Listener::bind(address, PortSharing::kExclusive).value(), SocketOptions{});
  const int client = connect_to(address);
  struct Asking {
    static Task<void> run(Listener* from, PeerCredentials* into) {
      Result<Accepted> accepted = co_await from->accept();
      const Result<PeerCredentials> peer = accepted->stream->peer_credentials();
      EXPECT_TRUE(peer.ok());
      if (peer.ok()) *into = *peer;
    }
  };
  PeerCredentials peer{12345, 12345, {}};
  Scope scope(loop);
  scope.spawn("accept", Asking::run, &listener, &peer);
  for (int turns = 0; turns < 100 && !scope.empty(); ++turns) loop.turn(loop.deadline_in(1s));
  EXPECT_EQ(peer.uid, ::geteuid());
  EXPECT_EQ(peer.gid, ::getegid());
  const int groups = ::getgroups(0, nullptr);
  EXPECT_EQ(peer.groups.size(), static_cast<std::size_t>(groups));
  ::close(client);
  ::unlink(path.c_str());
}

}  // namespace
}  // namespace hf::net
