// TestNetwork: two network namespaces and a wire between them, for tests of the guardian's sockets. Nothing leads out.
//
//   left: va, 02:00:00:00:00:01, 198.18.0.1/24, fe80::1, fd00::1       right: vb, ...:02, 198.18.0.2/24, fe80::2,
//   fd00::2
//
// Owner: the test. Thread: the test's only; it goes back to its own namespace at the end.
// Invariants:
//   1. A socket belongs to the namespace in which it was opened, whatever the thread enters afterwards.
//   2. Without the privilege to make namespaces ready() is false, and that is all.
#pragma once

#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

#include <fcntl.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <gtest/gtest.h>

#include "vip/router/socket.h"

namespace hf::vip::router::testing {

inline constexpr std::array<std::uint8_t, 6> kLeftMac = {2, 0, 0, 0, 0, 1};
inline constexpr std::array<std::uint8_t, 6> kRightMac = {2, 0, 0, 0, 0, 2};
inline constexpr IpAddress kLeft = IpAddress::v4(198, 18, 0, 1);
inline constexpr IpAddress kRight = IpAddress::v4(198, 18, 0, 2);
inline constexpr IpAddress kLeftLinkLocal = IpAddress::v6({0xfe80, 0, 0, 0, 0, 0, 0, 1});
inline constexpr IpAddress kRightLinkLocal = IpAddress::v6({0xfe80, 0, 0, 0, 0, 0, 0, 2});
inline constexpr IpAddress kLeftV6 = IpAddress::v6({0xfd00, 0, 0, 0, 0, 0, 0, 1});
inline constexpr IpAddress kRightV6 = IpAddress::v6({0xfd00, 0, 0, 0, 0, 0, 0, 2});

class TestNetwork {
 public:
  TestNetwork() : original_(::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC)) {
    if (::unshare(CLONE_NEWNET) != 0) return;
    left_ = ::open("/proc/thread-self/ns/net", O_RDONLY);
    if (::unshare(CLONE_NEWNET) != 0) return;
    right_ = ::open("/proc/thread-self/ns/net", O_RDONLY);
    const std::string left_path = "/proc/" + std::to_string(::getpid()) + "/fd/" + std::to_string(left_);
    ready_ = run("ip link add vb address 02:00:00:00:00:02 type veth peer name va address 02:00:00:00:00:01 netns " +
                 left_path) &&
             set_up("vb", "2");
    enter_left();
    ready_ = ready_ && set_up("va", "1") && runs("va");
    enter_right();
    ready_ = ready_ && runs("vb");
    enter_left();
    EXPECT_TRUE(ready_) << "the test network could not be set up";
  }
  TestNetwork(const TestNetwork&) = delete;
  TestNetwork& operator=(const TestNetwork&) = delete;
  ~TestNetwork() {
    enter(original_);
    for (const int fd : {left_, right_, original_}) {
      if (fd >= 0) ::close(fd);
    }
  }

  bool ready() const { return ready_; }
  void enter_left() { enter(left_); }
  void enter_right() { enter(right_); }
  /// In the namespace entered last.
  static bool run(const std::string& command) { return std::system(command.c_str()) == 0; }  // NOLINT(cert-env33-c)

 private:
  /// The kernel tells its own parts a little later that there is a wire, and IPv6 is deaf until then.
  static bool runs(const char* name) {
    constexpr int kMostMilliseconds = 10'000;
    const int fd = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    ifreq request{};
    std::snprintf(request.ifr_name, sizeof request.ifr_name, "%s", name);
    bool running = false;
    for (int i = 0; i < kMostMilliseconds && !running; ++i) {
      running = ::ioctl(fd, SIOCGIFFLAGS, &request) == 0 && (request.ifr_flags & IFF_RUNNING) != 0;
      if (!running) ::poll(nullptr, 0, 1);
    }
    ::close(fd);
    return running;
  }
  static void enter(int space) {
    if (space >= 0) EXPECT_EQ(::setns(space, CLONE_NEWNET), 0);
  }
  static bool set_up(const std::string& name, const std::string& number) {
    return run("ip link set lo up && ip link set " + name + " addrgenmode none && ip link set " + name +
               " up && ip addr add 198.18.0." + number + "/24 dev " + name + " && ip addr add fe80::" + number +
               "/64 dev " + name + " nodad && ip addr add fd00::" + number + "/64 dev " + name + " nodad");
  }

  int original_ = -1;
  int left_ = -1;
  int right_ = -1;
  bool ready_ = false;
};

/// What the user of a machine without privileges sees: effective rights dropped for a while.
class WithoutPrivileges {
 public:
  WithoutPrivileges() : before_(::geteuid()) { EXPECT_EQ(::seteuid(before_ == 0 ? 65534 : before_), 0); }
  WithoutPrivileges(const WithoutPrivileges&) = delete;
  WithoutPrivileges& operator=(const WithoutPrivileges&) = delete;
  ~WithoutPrivileges() { EXPECT_EQ(::seteuid(before_), 0); }

 private:
  uid_t before_;
};

/// Every frame that an interface of the current namespace receives, and a way to send any.
class Wire {
 public:
  explicit Wire(const char* interface) {
    fd_ = ::socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, htons(ETH_P_ALL));
    sockaddr_ll own{};
    own.sll_family = AF_PACKET;
    own.sll_protocol = htons(ETH_P_ALL);
    own.sll_ifindex = static_cast<int>(::if_nametoindex(interface));
    EXPECT_EQ(::bind(fd_, reinterpret_cast<const sockaddr*>(&own), sizeof own), 0);
  }
  Wire(const Wire&) = delete;
  Wire& operator=(const Wire&) = delete;
  ~Wire() { ::close(fd_); }

  /// The next frame that came in; empty: none. veth delivers before the sender's call returns, or a moment later.
  std::string next() {
    for (;;) {
      char buffer[4096];
      sockaddr_ll from{};
      socklen_t length = sizeof from;
      const ssize_t got = ::recvfrom(fd_, buffer, sizeof buffer, 0, reinterpret_cast<sockaddr*>(&from), &length);
      if (got <= 0) return {};
      if (from.sll_pkttype != PACKET_OUTGOING) return std::string(buffer, static_cast<std::size_t>(got));
    }
  }
  void send(const std::string& frame) {
    EXPECT_EQ(::send(fd_, frame.data(), frame.size(), 0), static_cast<ssize_t>(frame.size()));
  }

 private:
  int fd_ = -1;
};

}  // namespace hf::vip::router::testing
