#include "vip/router/neighbour_socket.h"

#include <gtest/gtest.h>

#include "proto/arp/neighbour_solicitation.h"
#include "runtime/stepped_loop_fake.h"
#include "vip/router/test_network_fake.h"

namespace hf::vip::router {
namespace {

using namespace vip::router::testing;  // NOLINT(google-build-using-namespace)
using proto::arp::MacAddress;

constexpr IpAddress kVip = IpAddress::v4(198, 18, 0, 100);
constexpr IpAddress kVipV6 = IpAddress::v6({0xfd00, 0, 0, 0, 0, 0, 0, 0x100});

class NeighbourSocketTest : public ::testing::Test {
 protected:
  using Claims = std::vector<NeighbourSocket::Claim>;

  std::unique_ptr<NeighbourSocket> open(const char* interface, const MacAddress& mac, std::vector<IpAddress> watched,
                                        Claims& claims) {
    auto socket = NeighbourSocket::open(*loop_, ::if_nametoindex(interface), mac, std::move(watched),
                                        [&claims](const NeighbourSocket::Claim& one) { claims.push_back(one); });
    EXPECT_TRUE(socket.ok()) << socket.error().context;
    return socket.ok() ? std::move(*socket) : nullptr;
  }
  /// Until `wire` receives exactly these bytes.
  bool arrives(Wire& wire, const std::string& wanted) {
    return loop_.run_until([&] {
      for (std::string frame = wire.next(); !frame.empty(); frame = wire.next()) {
        if (frame.substr(0, wanted.size()) == wanted) return true;
      }
      return false;
    });
  }
  static void expect_claim(const Claims& claims, const IpAddress& address, const MacAddress& mac,
                           proto::arp::Claim kind) {
    ASSERT_FALSE(claims.empty());
    EXPECT_EQ(claims.front().address, address);
    EXPECT_EQ(claims.front().mac, mac);
    EXPECT_EQ(claims.front().kind, kind);
  }

  TestNetwork network_;
  runtime::SteppedLoop loop_;
  Claims left_claims_;
  Claims right_claims_;
};

TEST_F(NeighbourSocketTest, WithoutPrivilegesIsAccessDenied) {
  const WithoutPrivileges now;
  const auto socket = NeighbourSocket::open(*loop_, 1, kLeftMac, {kVip}, {});
  ASSERT_FALSE(socket.ok());
  EXPECT_EQ(socket.error().code, ErrorCode::kAccessDenied);
}

TEST_F(NeighbourSocketTest, AnnouncesAndProbesWithTheFramesOfTheProtocol) {
  if (!network_.ready()) return;
  const auto left = open("va", kLeftMac, {kVip, kVipV6}, left_claims_);
  network_.enter_right();
  Wire wire("vb");
  const std::vector<IpAddress> both = {kVip, kVipV6};
  ASSERT_TRUE(left->announce(both).ok());
  EXPECT_TRUE(arrives(wire, *encode_arp(proto::arp::gratuitous_request(kLeftMac, kVip))));
  EXPECT_TRUE(arrives(
      wire, *encode_neighbour(proto::arp::unsolicited_advertisement(kLeftMac, kVipV6, proto::arp::RouterFlag::kHost))));
  ASSERT_TRUE(left->probe(both).ok());
  EXPECT_TRUE(arrives(wire, *encode_arp(proto::arp::probe(kLeftMac, kVip))));
  EXPECT_TRUE(arrives(wire, *encode_solicitation(proto::arp::dad_probe(kLeftMac, kVipV6))));
  loop_.turn();
  EXPECT_TRUE(left_claims_.empty());  // its own frames are nobody's claim
}

TEST_F(NeighbourSocketTest, ARouterSaysSo) {
  if (!network_.ready()) return;
  ASSERT_TRUE(TestNetwork::run("echo 1 > /proc/sys/net/ipv6/conf/va/forwarding"));
  const auto left = open("va", kLeftMac, {kVipV6}, left_claims_);
  network_.enter_right();
  Wire wire("vb");
  ASSERT_TRUE(left->announce(std::vector{kVipV6}).ok());
  EXPECT_TRUE(arrives(wire, *encode_neighbour(proto::arp::unsolicited_advertisement(kLeftMac, kVipV6,
                                                                                    proto::arp::RouterFlag::kRouter))));
}

TEST_F(NeighbourSocketTest, TheHolderAnswersAnArpProbe) {
  if (!network_.ready()) return;
  network_.enter_right();
  ASSERT_TRUE(TestNetwork::run("ip addr add 198.18.0.100/32 dev vb"));
  network_.enter_left();
  const auto left = open("va", kLeftMac, {kVip}, left_claims_);
  ASSERT_TRUE(left->probe(std::vector{kVip}).ok());
  ASSERT_TRUE(loop_.run_until([&] { return !left_claims_.empty(); }));
  expect_claim(left_claims_, kVip, kRightMac, proto::arp::Claim::kHolds);
}

TEST_F(NeighbourSocketTest, TheHolderAnswersAnIpv6ProbeToAllNodes) {
  if (!network_.ready()) return;
  network_.enter_right();
  ASSERT_TRUE(TestNetwork::run("ip addr add fd00::100/128 dev vb nodad"));
  network_.enter_left();
  const auto left = open("va", kLeftMac, {kVipV6}, left_claims_);
  ASSERT_TRUE(left->probe(std::vector{kVipV6}).ok());
  ASSERT_TRUE(loop_.run_until([&] { return !left_claims_.empty(); }));
  expect_claim(left_claims_, kVipV6, kRightMac, proto::arp::Claim::kHolds);
}

TEST_F(NeighbourSocketTest, AnothersAnnouncementAndProbeAreClaimsOfTheirKind) {
  if (!network_.ready()) return;
  const std::vector<IpAddress> both = {kVip, kVipV6};
  const auto left = open("va", kLeftMac, both, left_claims_);
  network_.enter_right();
  const auto right = open("vb", kRightMac, both, right_claims_);
  ASSERT_TRUE(right->announce(both).ok());
  ASSERT_TRUE(right->probe(both).ok());
  ASSERT_TRUE(loop_.run_until([&] { return left_claims_.size() == 4; }));
  EXPECT_EQ(left_claims_[0].kind, proto::arp::Claim::kHolds);
  EXPECT_EQ(left_claims_[1].address, kVipV6);
  EXPECT_EQ(left_claims_[1].kind, proto::arp::Claim::kHolds);
  EXPECT_EQ(left_claims_[2].address, kVip);
  EXPECT_EQ(left_claims_[2].kind, proto::arp::Claim::kProbes);
  EXPECT_EQ(left_claims_[3].address, kVipV6);
  EXPECT_EQ(left_claims_[3].kind, proto::arp::Claim::kProbes);
  EXPECT_TRUE(right_claims_.empty());
}

TEST_F(NeighbourSocketTest, TheKernelsOwnDuplicateDetectionIsHeardAsAProbe) {
  if (!network_.ready()) return;
  const auto left = open("va", kLeftMac, {kVipV6}, left_claims_);
  network_.enter_right();
  ASSERT_TRUE(TestNetwork::run("ip addr add fd00::100/128 dev vb"));
  ASSERT_TRUE(loop_.run_until([&] { return !left_claims_.empty(); }));
  expect_claim(left_claims_, kVipV6, kRightMac, proto::arp::Claim::kProbes);
}

TEST_F(NeighbourSocketTest, AQuestionIsAnsweredByItsTarget) {
  if (!network_.ready()) return;
  const auto left = open("va", kLeftMac, {kRight}, left_claims_);
  ASSERT_TRUE(left->ask(kLeft, kRight).ok());
  ASSERT_TRUE(loop_.run_until([&] { return !left_claims_.empty(); }));
  expect_claim(left_claims_, kRight, kRightMac, proto::arp::Claim::kHolds);
}

TEST_F(NeighbourSocketTest, AnIpv6QuestionIsAnsweredByItsTarget) {
  if (!network_.ready()) return;
  const auto left = open("va", kLeftMac, {kRightV6}, left_claims_);
  ASSERT_TRUE(left->ask(kLeftV6, kRightV6).ok());
  ASSERT_TRUE(loop_.run_until([&] { return !left_claims_.empty(); }));
  expect_claim(left_claims_, kRightV6, kRightMac, proto::arp::Claim::kHolds);
}

TEST_F(NeighbourSocketTest, AskingAcrossFamiliesIsRefused) {
  if (!network_.ready()) return;
  const auto left = open("va", kLeftMac, {kRight}, left_claims_);
  EXPECT_EQ(left->ask(kLeftV6, kRight).error().code, ErrorCode::kInvalidArgument);
}

}  // namespace
}  // namespace hf::vip::router
