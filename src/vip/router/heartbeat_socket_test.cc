#include "vip/router/heartbeat_socket.h"

#include <gtest/gtest.h>

#include "runtime/stepped_loop_fake.h"
#include "vip/router/test_network_fake.h"

namespace hf::vip::router {
namespace {

using namespace vip::router::testing;  // NOLINT(google-build-using-namespace)
using proto::heartbeat::Heartbeat;

constexpr std::uint16_t kPort = 3694;  // each test has namespaces of its own

class HeartbeatSocketTest : public ::testing::Test {
 protected:
  struct Heard {
    std::vector<Heartbeat> received;
    std::vector<std::string> refused;
  };
  static HeartbeatSocket::Options options(const char* interface, const IpAddress& peer, std::uint8_t router_id = 51) {
    return {.path = {.interface = interface, .port = kPort, .peers = {peer}},
            .key = "between us",
            .router_id = router_id,
            .boot_id = 7};
  }
  std::unique_ptr<HeartbeatSocket> open(HeartbeatPorts& ports, const HeartbeatSocket::Options& options, Heard& heard) {
    auto socket =
        HeartbeatSocket::open(*loop_, ports, options,
                              {.received = [&heard](const Heartbeat& one) { heard.received.push_back(one); },
                               .refused = [&heard](std::string_view reason) { heard.refused.emplace_back(reason); }});
    EXPECT_TRUE(socket.ok()) << socket.error().context;
    return socket.ok() ? std::move(*socket) : nullptr;
  }
  static Heartbeat beat(const IpAddress& source = kLeft) {
    return {.priority = 100, .master = true, .interval = 100ms, .source = source, .addresses = {source}};
  }
  /// A datagram from vb's address to va, as anybody there could send it.
  static void send_raw(const std::string& bytes) {
    auto socket = Socket::open(AF_INET, SOCK_DGRAM, 0, "test");
    const KernelAddress to = to_kernel(kLeft, kPort, 0);
    EXPECT_EQ(::sendto(socket->fd(), bytes.data(), bytes.size(), 0, to.raw(), to.length),
              static_cast<ssize_t>(bytes.size()));
  }

  TestNetwork network_;
  runtime::SteppedLoop loop_;
  HeartbeatPorts left_ports_;
  HeartbeatPorts right_ports_;
  Heard left_heard_;
  Heard right_heard_;
};

TEST_F(HeartbeatSocketTest, AnInterfaceThatIsNotThereIsNotFound) {
  const auto socket = HeartbeatSocket::open(*loop_, left_ports_, options("nowhere", kRight), {});
  ASSERT_FALSE(socket.ok());
  EXPECT_EQ(socket.error().code, ErrorCode::kNotFound);
}

TEST_F(HeartbeatSocketTest, WhatOneSendsTheOtherReceives) {
  if (!network_.ready()) return;
  const auto left = open(left_ports_, options("va", kRight), left_heard_);
  network_.enter_right();
  const auto right = open(right_ports_, options("vb", kLeft), right_heard_);
  ASSERT_TRUE(left->send(beat()).ok());
  ASSERT_TRUE(left->send(beat()).ok());
  ASSERT_TRUE(loop_.run_until([&] { return right_heard_.received.size() == 2; }));
  EXPECT_TRUE(right_heard_.refused.empty());
  EXPECT_TRUE(left_heard_.received.empty());
  const Heartbeat& heard = right_heard_.received[0];
  EXPECT_EQ(heard.router_id, 51);
  EXPECT_EQ(heard.boot_id, 7U);
  EXPECT_EQ(heard.source, kLeft);
  EXPECT_GT(right_heard_.received[1].sequence, heard.sequence);
}

TEST_F(HeartbeatSocketTest, LinkLocalPeersAreReachedByTheInterface) {
  if (!network_.ready()) return;
  const auto left = open(left_ports_, options("va", kRightLinkLocal), left_heard_);
  network_.enter_right();
  const auto right = open(right_ports_, options("vb", kLeftLinkLocal), right_heard_);
  ASSERT_TRUE(left->send(beat()).ok());
  EXPECT_TRUE(loop_.run_until([&] { return !right_heard_.received.empty(); }));
}

TEST_F(HeartbeatSocketTest, RoutersShareInterfaceAndPortAndEachHearsItsOwn) {
  if (!network_.ready()) return;
  Heard left_other;
  Heard right_other;
  const auto left = open(left_ports_, options("va", kRight, 51), left_heard_);
  const auto left_52 = open(left_ports_, options("va", kRight, 52), left_other);
  network_.enter_right();
  const auto right = open(right_ports_, options("vb", kLeft, 51), right_heard_);
  auto right_52 = open(right_ports_, options("vb", kLeft, 52), right_other);
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(left->send(beat()).ok());
    ASSERT_TRUE(left_52->send(beat()).ok());
  }
  ASSERT_TRUE(loop_.run_until([&] { return right_heard_.received.size() == 3 && right_other.received.size() == 3; }));
  EXPECT_EQ(right_heard_.received.back().router_id, 51);
  EXPECT_EQ(right_other.received.back().router_id, 52);

  right_52.reset();  // the other keeps the socket
  ASSERT_TRUE(left_52->send(beat()).ok());
  ASSERT_TRUE(left->send(beat()).ok());
  ASSERT_TRUE(loop_.run_until([&] { return right_heard_.received.size() == 4; }));
  EXPECT_EQ(right_other.received.size(), 3U);
}

TEST_F(HeartbeatSocketTest, StrangersOtherKeysReplaysAndRubbishAreRefusedByName) {
  if (!network_.ready()) return;
  const auto left = open(left_ports_, options("va", kRight), left_heard_);
  network_.enter_right();
  Heartbeat one = beat(kRight);
  one.router_id = 51;
  one.sequence = 5;
  send_raw(*encode(one, "another key"));
  send_raw("rubbish");
  send_raw(std::string(9000, 'x'));
  send_raw(*encode(one, "between us"));
  send_raw(*encode(one, "between us"));
  ASSERT_TRUE(
      TestNetwork::run("ip addr add 198.18.0.3/24 dev vb && ip route replace 198.18.0.1/32 dev vb src 198.18.0.3"));
  send_raw(*encode(one, "between us"));
  ASSERT_TRUE(loop_.run_until([&] { return left_heard_.refused.size() == 5; }));
  EXPECT_EQ(left_heard_.refused, (std::vector<std::string>{"key", "malformed", "malformed", "replay", "peer"}));
  EXPECT_EQ(left_heard_.received.size(), 1U);
}

TEST_F(HeartbeatSocketTest, SendErrorsAreToldAndTheOtherPeersAreTried) {
  if (!network_.ready()) return;
  HeartbeatSocket::Options two = options("va", kRight);
  two.path.peers.insert(two.path.peers.begin(), IpAddress::v4(255, 255, 255, 255));
  const auto left = open(left_ports_, two, left_heard_);
  network_.enter_right();
  const auto right = open(right_ports_, options("vb", kLeft), right_heard_);
  const Result<void> sent = left->send(beat());
  ASSERT_FALSE(sent.ok());
  EXPECT_NE(sent.error().context.find("255.255.255.255"), std::string::npos) << sent.error().context;
  EXPECT_TRUE(loop_.run_until([&] { return !right_heard_.received.empty(); }));
}

TEST_F(HeartbeatSocketTest, APortThatSomebodyHasIsAnError) {
  if (!network_.ready()) return;
  const auto left = open(left_ports_, options("va", kRight), left_heard_);
  HeartbeatPorts others;
  const auto again = HeartbeatSocket::open(*loop_, others, options("va", kRight), {});
  ASSERT_FALSE(again.ok());
  EXPECT_EQ(again.error().code, ErrorCode::kExists);
}

}  // namespace
}  // namespace hf::vip::router
