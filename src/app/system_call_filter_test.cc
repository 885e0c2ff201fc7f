#include "app/system_call_filter.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <ifaddrs.h>
#include <linux/sched.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <fstream>
#include <thread>

#include "app/forked_child_fake.h"
#include "net/listener.h"
#include "net/name_server_fake.h"
#include "net/resolver.h"
#include "runtime/epoll_poller.h"
#include "runtime/scope.h"

namespace hf::app {
namespace {

struct Call {
  const char* name;
  long number;
  long a = 0, b = 0, c = 0;
};

/// None of these does harm when it is let through, and most do not fail with EPERM by themselves: the arguments are
/// nonsense.
constexpr long kBad = -1;
const Call kForbidden[] = {
    {"execve", SYS_execve, 0},
    {"execveat", SYS_execveat, kBad},
    {"ptrace", SYS_ptrace, 0},  // PTRACE_TRACEME, which everybody may
    {"process_vm_readv", SYS_process_vm_readv, kBad},
    {"process_vm_writev", SYS_process_vm_writev, kBad},
    {"pidfd_getfd", 438, kBad},
    {"kcmp", SYS_kcmp, kBad, kBad},
    {"mount", SYS_mount},
    {"umount2", SYS_umount2},
    {"pivot_root", SYS_pivot_root},
    {"chroot", SYS_chroot},
    {"setns", SYS_setns, kBad},
    {"unshare", SYS_unshare, 0},
    {"open_tree", 428, kBad},
    {"fspick", 433, kBad},
    {"mount_setattr", 442, kBad},
    {"clone with a user namespace", SYS_clone, CLONE_NEWUSER | SIGCHLD},
    {"open_by_handle_at", SYS_open_by_handle_at, kBad},
    {"init_module", SYS_init_module},
    {"finit_module", SYS_finit_module, kBad},
    {"kexec_load", SYS_kexec_load, 0, 9999},
    {"reboot", SYS_reboot, 1, 2},
    {"bpf", SYS_bpf, 9999},
    {"perf_event_open", SYS_perf_event_open},
    {"userfaultfd", SYS_userfaultfd, kBad},
    {"keyctl", SYS_keyctl, 9999},
    {"io_uring_setup", 425, 1},
    {"io_uring_register", 427, kBad},
    {"personality", SYS_personality, 0xffffffff},
    {"clock_settime", SYS_clock_settime, 0},
    {"setuid", SYS_setuid, static_cast<long>(::getuid())},
    {"setresgid", SYS_setresgid, kBad, kBad, kBad},
    {"setgroups", SYS_setgroups, 0, 0},
    {"capset", SYS_capset},
    {"quotactl", SYS_quotactl},
    {"acct", SYS_acct, 1},
    {"swapon", SYS_swapon},
    {"packet socket", SYS_socket, AF_PACKET, SOCK_DGRAM},
    {"raw socket", SYS_socket, AF_INET, SOCK_RAW, IPPROTO_ICMP},
    {"raw socket with flags", SYS_socket, AF_INET6, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_ICMPV6},
    {"kernel crypto socket", SYS_socket, AF_ALG, SOCK_SEQPACKET},
    {"vsock", SYS_socket, AF_VSOCK, SOCK_STREAM},
    {"typing into the terminal", SYS_ioctl, 0, TIOCSTI},
};

std::string outcome_of(const Call& call) {
  errno = 0;
  const long result = ::syscall(call.number, call.a, call.b, call.c, 0, 0, 0);
  if (result < 0 && errno == EPERM) return "";
  return std::string(call.name) + " gave " + std::to_string(result) + ", errno " + std::to_string(errno) + "\n";
}

TEST(SystemCallFilter, WhatAGatewayNeverNeedsIsRefusedWithEperm) {
  if (!has_system_call_filter()) {
    EXPECT_TRUE(install_system_call_filter().ok());
    return;
  }
  EXPECT_EQ(in_child([] {
              const Result<void> installed = install_system_call_filter();
              if (!installed.ok()) return installed.error().context;
              std::string wrong;
              for (const Call& call : kForbidden) wrong += outcome_of(call);
              return wrong;
            }),
            ChildEnd{});
}

TEST(SystemCallFilter, HoldsForThreadsThatRunAlready) {
  if (!has_system_call_filter()) return;
  EXPECT_EQ(in_child([] {
              std::atomic<bool> installed = false;
              std::string wrong;
              std::thread early([&] {
                installed.wait(false);
                wrong = outcome_of({"raw socket", SYS_socket, AF_INET, SOCK_RAW, IPPROTO_ICMP});
              });
              const Result<void> done = install_system_call_filter();
              installed = true;
              installed.notify_all();
              early.join();
              return done.ok() ? wrong : done.error().context;
            }),
            ChildEnd{});
}

#if defined(__x86_64__)
TEST(SystemCallFilter, CallsOfAnotherNumberingKill) {
  if (!has_system_call_filter()) return;
  const ChildEnd end = in_child([] {
    const Result<void> installed = install_system_call_filter();
    if (!installed.ok()) return installed.error().context;
    ::syscall(0x40000000 + SYS_getpid);
    return std::string("alive");
  });
  EXPECT_EQ(end, (ChildEnd{"", SIGSYS}));
}
#endif

std::string use_names() {
  addrinfo hints{};
  hints.ai_flags = AI_ADDRCONFIG;  // asks netlink which addresses there are
  addrinfo* found = nullptr;
  const int error = ::getaddrinfo("localhost", "3306", &hints, &found);
  if (error != 0) return std::string("getaddrinfo: ") + ::gai_strerror(error) + "\n";
  ::freeaddrinfo(found);
  ifaddrs* interfaces = nullptr;
  if (::getifaddrs(&interfaces) != 0) return "getifaddrs\n";
  ::freeifaddrs(interfaces);
  return "";
}

runtime::Task<void> look_up(net::Resolver* resolver, std::string* outcome) {
  const Result<net::Resolved> found = co_await resolver->resolve("db1.example", Deadline::never());
  *outcome = found.ok() ? found->addresses.front().to_string() : found.error().context;
}

/// Over UDP, then TCP.
std::string use_a_name_server() {
  runtime::EventLoop loop(std::make_unique<runtime::EpollPoller>());
  net::NameServerFake server(loop);
  server.answer([](const net::Question& question) -> std::vector<std::string> {
    net::Reply reply(question);
    if (!question.over_tcp) return {reply.truncated().bytes()};
    return {(question.type == net::Asked::kA ? reply.address(question.name, {10, 0, 0, 1}, 60) : reply).bytes()};
  });
  const std::string resolv_conf = testing::TempDir() + "hf_filter_resolv_" + std::to_string(::getpid());
  if (!(std::ofstream(resolv_conf) << "nameserver 127.0.0.1\n").good()) return "writing a resolv.conf\n";
  net::Resolver resolver(loop, {.resolv_conf = resolv_conf, .port = server.port(), .patience = 5s, .rounds = 1});
  std::string outcome;
  runtime::Scope scope(loop);
  scope.spawn("look up", look_up, &resolver, &outcome);
  while (!scope.empty()) loop.turn(Deadline::never());
  ::unlink(resolv_conf.c_str());
  return outcome == "10.0.0.1" ? "" : outcome + "\n";
}

std::string use_sockets() {
  const Result<int> listening =
      net::Listener::bind(net::Address::from_ip("127.0.0.1", 0).value(), net::PortSharing::kShared);
  if (!listening.ok()) return listening.error().context + "\n";
  const net::Address address = net::Address::local_of(*listening).value();
  const int client = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (::connect(client, address.raw(), address.length()) != 0) return "connect\n";
  const int accepted = ::accept4(*listening, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (accepted < 0 || ::send(accepted, "x", 1, MSG_NOSIGNAL) != 1) return "accept or send\n";
  for (const int family : {AF_UNIX, AF_INET, AF_INET6}) {
    for (const int type : {SOCK_STREAM, SOCK_DGRAM}) {
      const int fd = ::socket(family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
      if (fd < 0 && errno != EAFNOSUPPORT) return "socket\n";
      if (fd >= 0) ::close(fd);
    }
  }
  int bytes_waiting = 0;
  if (::ioctl(client, FIONREAD, &bytes_waiting) != 0) return "ioctl\n";
  for (const int fd : {client, accepted, *listening}) ::close(fd);
  return "";
}

std::string use_memory_files_and_timers() {
  void* memory = ::mmap(nullptr, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED || ::mprotect(memory, 1 << 20, PROT_READ) != 0 || ::munmap(memory, 1 << 20) != 0) {
    return "mmap\n";
  }
  const std::string path = testing::TempDir() + "hf_filter_" + std::to_string(::getpid());
  if (!(std::ofstream(path) << "text").good()) return "writing a file\n";
  if (::rename(path.c_str(), (path + "x").c_str()) != 0 || ::unlink((path + "x").c_str()) != 0) {
    return "rename or unlink\n";
  }
  const int timer = ::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
  const int poller = ::epoll_create1(EPOLL_CLOEXEC);
  epoll_event event{.events = EPOLLIN, .data = {}};
  if (timer < 0 || ::epoll_ctl(poller, EPOLL_CTL_ADD, timer, &event) != 0) return "timer or epoll\n";
  ::close(timer);
  ::close(poller);
  return "";
}

TEST(SystemCallFilter, OrdinaryWorkGoesOn) {
  EXPECT_EQ(in_child([] {
              const Result<void> installed = install_system_call_filter();
              if (!installed.ok()) return installed.error().context;
              std::string wrong = use_names() + use_a_name_server() + use_sockets() + use_memory_files_and_timers();
              std::thread thread([&wrong] { wrong += use_sockets() + use_names(); });
              thread.join();
              const ChildEnd grandchild = in_child([] { return use_sockets(); });
              return wrong + grandchild.wrong;
            }),
            ChildEnd{});
}

}  // namespace
}  // namespace hf::app
