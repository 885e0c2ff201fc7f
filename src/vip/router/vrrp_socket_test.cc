// Bytes: what keepalived 2.2.7 sends, captured; the kernel fills in the IP header's identification and checksum.
#include "vip/router/vrrp_socket.h"

#include <gtest/gtest.h>

#include "proto/arp/ethernet.h"
#include "proto/vrrp/ip_header.h"
#include "proto/vrrp/test_bytes.h"
#include "runtime/stepped_loop_fake.h"
#include "vip/router/test_network_fake.h"

namespace hf::vip::router {
namespace {

using namespace vip::router::testing;  // NOLINT(google-build-using-namespace)
using proto::vrrp::Advertisement;
using proto::vrrp::Centis;
using proto::vrrp::ChecksumDialect;
using proto::vrrp::Received;
using proto::vrrp::Refusal;
using proto::vrrp::Refused;
using proto::vrrp::Version;
using proto::vrrp::testing::unhex;

constexpr IpAddress kVip = IpAddress::v4(198, 18, 0, 100);

Advertisement golden_v3() {
  return {.version = Version::kV3, .vrid = 51, .priority = 100, .interval = Centis{50}, .addresses = {kVip}};
}

Advertisement golden_authenticated() {
  return {.version = Version::kV2,
          .vrid = 51,
          .priority = 100,
          .interval = Centis{100},
          .addresses = {kVip},
          .auth = {.type = proto::vrrp::AuthType::kAuthenticationHeader}};
}

class VrrpSocketTest : public ::testing::Test {
 protected:
  struct Heard {
    std::vector<Received> received;
    std::vector<std::pair<Refused, IpAddress>> refused;
  };
  VrrpSocket::Options options(const char* interface, IpFamily family = IpFamily::kIpv4, std::uint8_t router_id = 51) {
    return {.interface = interface,
            .interface_index = ::if_nametoindex(interface),
            .family = family,
            .router_id = router_id,
            .multicast_group = family == IpFamily::kIpv4 ? proto::vrrp::kGroupV4 : proto::vrrp::kGroupV6};
  }
  std::unique_ptr<VrrpSocket> open(const VrrpSocket::Options& options, Heard& heard) {
    auto socket =
        VrrpSocket::open(*loop_, options,
                         {.received = [&heard](const Received& one) { heard.received.push_back(one); },
                          .refused = [&heard](const Refused& one,
                                              const IpAddress& source) { heard.refused.emplace_back(one, source); }});
    EXPECT_TRUE(socket.ok()) << socket.error().context;
    return socket.ok() ? std::move(*socket) : nullptr;
  }
  std::string next_packet(Wire& wire, std::uint8_t protocol) {
    std::string packet;
    EXPECT_TRUE(loop_.run_until([&] {
      for (std::string frame = wire.next(); !frame.empty(); frame = wire.next()) {
        const auto ip = proto::vrrp::decode_ip(ByteView(frame).substr(14));
        if (ip.ok() && ip->header.protocol == protocol) packet = frame.substr(14);
      }
      return !packet.empty();
    }));
    return packet;
  }
  VrrpSocket::Options authenticated(const char* interface, proto::vrrp::SequenceCounter& sequence) {
    VrrpSocket::Options out = options(interface);
    out.authentication_header = {.password = "99999999", .sequence = &sequence};
    return out;
  }
  /// Everything that `wire` receives until a VRRP packet comes; its IP packet, identification and checksum cleared.
  std::string next_vrrp(Wire& wire) {
    std::string packet = next_packet(wire, 112);
    if (!packet.empty() && packet[0] == 0x45) {
      for (const std::size_t at : {4U, 5U, 10U, 11U}) packet[at] = 0;
    }
    return packet;
  }

  TestNetwork network_;
  runtime::SteppedLoop loop_;
  Heard left_heard_;
  Heard right_heard_;
};

TEST_F(VrrpSocketTest, WithoutPrivilegesIsAccessDenied) {
  const WithoutPrivileges now;
  const auto socket = VrrpSocket::open(*loop_, options("lo"), {});
  ASSERT_FALSE(socket.ok());
  EXPECT_EQ(socket.error().code, ErrorCode::kAccessDenied);
}

TEST_F(VrrpSocketTest, SendsTheBytesThatKeepalivedSends) {
  if (!network_.ready()) return;
  const auto left = open(options("va"), left_heard_);
  network_.enter_right();
  Wire wire("vb");
  ASSERT_TRUE(left->send(golden_v3(), kLeft, proto::vrrp::kGroupV4, ChecksumDialect::kPseudoHeader).ok());
  EXPECT_EQ(next_vrrp(wire), unhex("45c0002000000000ff700000c6120001e0000012 313364010032fd7fc6120064"));
  ASSERT_TRUE(left->send(golden_v3(), kLeft, proto::vrrp::kGroupV4, ChecksumDialect::kPlain).ok());
  EXPECT_EQ(next_vrrp(wire), unhex("45c0002000000000ff700000c6120001e0000012 313364010032a422c6120064"));
  const Advertisement v2{.version = Version::kV2,
                         .vrid = 51,
                         .priority = 100,
                         .interval = Centis{100},
                         .addresses = {kVip},
                         .auth = proto::vrrp::password_auth("99999999")};
  ASSERT_TRUE(left->send(v2, kLeft, proto::vrrp::kGroupV4, ChecksumDialect::kPseudoHeader).ok());
  EXPECT_EQ(next_vrrp(wire),
            unhex("45c0002800000000ff700000c6120001e0000012 213364010101ce6ec61200643939393939393939"));
}

TEST_F(VrrpSocketTest, SendsTheIpv6BytesThatKeepalivedSends) {
  if (!network_.ready()) return;
  const auto left = open(options("va", IpFamily::kIpv6), left_heard_);
  network_.enter_right();
  Wire wire("vb");
  const Advertisement v3{.version = Version::kV3,
                         .vrid = 51,
                         .priority = 100,
                         .interval = Centis{100},
                         .addresses = {IpAddress::v6({0xfe80, 0, 0, 0, 0, 0, 0, 0x100}),
                                       IpAddress::v6({0x2001, 0xdb8, 0, 0, 0, 0, 0, 0x100})}};
  ASSERT_TRUE(left->send(v3, kLeftLinkLocal, proto::vrrp::kGroupV6, ChecksumDialect::kPseudoHeader).ok());
  EXPECT_EQ(next_vrrp(wire),
            unhex("6c000000 0028 70 ff fe800000000000000000000000000001 ff020000000000000000000000000012"
                  "3133640200643dfd fe800000000000000000000000000100 20010db8000000000000000000000100"));
}

TEST_F(VrrpSocketTest, WhatOneSendsTheOtherReceivesAndNotTheSender) {
  if (!network_.ready()) return;
  const auto left = open(options("va"), left_heard_);
  network_.enter_right();
  const auto right = open(options("vb"), right_heard_);
  ASSERT_TRUE(left->send(golden_v3(), kLeft, proto::vrrp::kGroupV4, ChecksumDialect::kPlain).ok());
  ASSERT_TRUE(loop_.run_until([&] { return !right_heard_.received.empty(); }));
  ASSERT_EQ(right_heard_.received.size(), 1U);
  EXPECT_EQ(right_heard_.received[0], (Received{.advertisement = golden_v3(),
                                                .source = kLeft,
                                                .destination = proto::vrrp::kGroupV4,
                                                .dialect = ChecksumDialect::kPlain}));
  EXPECT_TRUE(left_heard_.received.empty());
}

TEST_F(VrrpSocketTest, Ipv6IsReceivedWithItsHopLimitAndDestination) {
  if (!network_.ready()) return;
  const auto left = open(options("va", IpFamily::kIpv6), left_heard_);
  network_.enter_right();
  const auto right = open(options("vb", IpFamily::kIpv6), right_heard_);
  const Advertisement sent{.vrid = 51, .addresses = {IpAddress::v6({0xfe80, 0, 0, 0, 0, 0, 0, 0x100})}};
  ASSERT_TRUE(left->send(sent, kLeftLinkLocal, proto::vrrp::kGroupV6, ChecksumDialect::kPseudoHeader).ok());
  ASSERT_TRUE(loop_.run_until([&] { return !right_heard_.received.empty() || !right_heard_.refused.empty(); }));
  ASSERT_EQ(right_heard_.received.size(), 1U);
  EXPECT_EQ(right_heard_.received[0].advertisement, sent);
  EXPECT_EQ(right_heard_.received[0].source, kLeftLinkLocal);
  EXPECT_EQ(right_heard_.received[0].destination, proto::vrrp::kGroupV6);
  EXPECT_TRUE(left_heard_.received.empty());
}

TEST_F(VrrpSocketTest, UnicastGoesToThePeerAndTheGroupIsNotHeard) {
  if (!network_.ready()) return;
  VrrpSocket::Options unicast = options("va");
  unicast.multicast_group.reset();
  const auto left = open(unicast, left_heard_);
  network_.enter_right();
  unicast = options("vb");
  unicast.multicast_group.reset();
  const auto right = open(unicast, right_heard_);
  ASSERT_TRUE(left->send(golden_v3(), kLeft, proto::vrrp::kGroupV4, ChecksumDialect::kPlain).ok());
  ASSERT_TRUE(left->send(golden_v3(), kLeft, kRight, ChecksumDialect::kPlain).ok());
  ASSERT_TRUE(loop_.run_until([&] { return !right_heard_.received.empty(); }));
  ASSERT_EQ(right_heard_.received.size(), 1U);
  EXPECT_EQ(right_heard_.received[0].destination, kRight);
}

TEST_F(VrrpSocketTest, OtherRoutersAreUnseenAndOwnPacketsThatComeBackToo) {
  if (!network_.ready()) return;
  const auto left = open(options("va"), left_heard_);
  network_.enter_right();
  const auto right = open(options("vb"), right_heard_);
  const auto stranger = open(options("vb", IpFamily::kIpv4, 52), right_heard_);
  Advertisement other = golden_v3();
  other.vrid = 52;
  ASSERT_TRUE(left->send(golden_v3(), kLeft, proto::vrrp::kGroupV4, ChecksumDialect::kPlain).ok());
  ASSERT_TRUE(stranger->send(other, kRight, proto::vrrp::kGroupV4, ChecksumDialect::kPlain).ok());
  ASSERT_TRUE(right->send(golden_v3(), kLeft, proto::vrrp::kGroupV4, ChecksumDialect::kPlain).ok());  // as an echo
  ASSERT_TRUE(right->send(golden_v3(), kRight, proto::vrrp::kGroupV4, ChecksumDialect::kPlain).ok());
  ASSERT_TRUE(loop_.run_until([&] { return !left_heard_.received.empty(); }));
  ASSERT_EQ(left_heard_.received.size(), 1U);
  EXPECT_EQ(left_heard_.received[0].source, kRight);
  EXPECT_TRUE(left_heard_.refused.empty());
}

TEST_F(VrrpSocketTest, ARefusedMessageIsToldWithItsSourceAndReason) {
  if (!network_.ready()) return;
  const auto left = open(options("va"), left_heard_);
  network_.enter_right();
  Wire wire("vb");
  auto packet = *proto::vrrp::encode_packet(golden_v3(), {kRight, proto::vrrp::kGroupV4});
  packet.back() = 101;  // the address, which the checksum covers
  const proto::arp::EthernetFrame frame{{0x01, 0x00, 0x5e, 0, 0, 0x12}, kRightMac, proto::arp::kEtherTypeIpv4, packet};
  wire.send(proto::arp::encode_ethernet(frame));
  ASSERT_TRUE(loop_.run_until([&] { return !left_heard_.refused.empty(); }));
  EXPECT_EQ(left_heard_.refused[0].first, (Refused{.reason = Refusal::kChecksum, .vrid = 51}));
  EXPECT_EQ(left_heard_.refused[0].second, kRight);
  EXPECT_TRUE(left_heard_.received.empty());
}

TEST_F(VrrpSocketTest, AnAuthenticatedPacketLeavesAsItsDigestCoversIt) {
  if (!network_.ready()) return;
  proto::vrrp::SequenceCounter sequence;
  const auto left = open(authenticated("va", sequence), left_heard_);
  network_.enter_right();
  Wire wire("vb");
  for (const IpAddress& destination : {proto::vrrp::kGroupV4, kRight}) {
    sequence.advance();
    ASSERT_TRUE(left->send(golden_authenticated(), kLeft, destination, ChecksumDialect::kPseudoHeader).ok());
    const std::string packet = next_packet(wire, 51);
    EXPECT_EQ(packet, *proto::vrrp::encode_authenticated(golden_authenticated(), {kLeft, destination}, "99999999",
                                                         sequence.current()));
  }
}

TEST_F(VrrpSocketTest, AuthenticatedOnesHearEachOtherByMulticastAndUnicast) {
  if (!network_.ready()) return;
  proto::vrrp::SequenceCounter left_sequence(1000);
  proto::vrrp::SequenceCounter right_sequence;
  const auto left = open(authenticated("va", left_sequence), left_heard_);
  network_.enter_right();
  const auto right = open(authenticated("vb", right_sequence), right_heard_);
  left_sequence.advance();
  ASSERT_TRUE(left->send(golden_authenticated(), kLeft, proto::vrrp::kGroupV4, ChecksumDialect::kPlain).ok());
  left_sequence.advance();
  ASSERT_TRUE(left->send(golden_authenticated(), kLeft, kRight, ChecksumDialect::kPlain).ok());
  ASSERT_TRUE(loop_.run_until([&] { return right_heard_.received.size() == 2; }));
  EXPECT_EQ(right_heard_.received[0], (Received{.advertisement = golden_authenticated(),
                                                .source = kLeft,
                                                .destination = proto::vrrp::kGroupV4,
                                                .dialect = ChecksumDialect::kPlain}));
  EXPECT_EQ(right_heard_.received[1].destination, kRight);
  EXPECT_EQ(right_sequence.current(), 1002U) << "it would go on from there";
  EXPECT_TRUE(right_heard_.refused.empty());
  EXPECT_TRUE(left_heard_.received.empty());
}

TEST_F(VrrpSocketTest, WhatIsSentAgainOrWithAnotherPasswordIsRefused) {
  if (!network_.ready()) return;
  proto::vrrp::SequenceCounter sequence;
  const auto left = open(authenticated("va", sequence), left_heard_);
  network_.enter_right();
  Wire wire("vb");
  const auto send = [&](const char* password, std::uint32_t number, std::uint8_t vrid) {
    Advertisement advertisement = golden_authenticated();
    advertisement.vrid = vrid;
    const auto packet =
        *proto::vrrp::encode_authenticated(advertisement, {kRight, proto::vrrp::kGroupV4}, password, number);
    const proto::arp::EthernetFrame frame{
        {0x01, 0x00, 0x5e, 0, 0, 0x12}, kRightMac, proto::arp::kEtherTypeIpv4, packet};
    wire.send(proto::arp::encode_ethernet(frame));
  };
  send("99999999", 500, 52);  // of another router: neither heard nor counted
  send("another", 400, 51);
  send("99999999", 7, 51);
  send("99999999", 7, 51);
  ASSERT_TRUE(loop_.run_until([&] { return left_heard_.refused.size() == 2; }));
  EXPECT_EQ(left_heard_.refused[0].first, (Refused{.reason = Refusal::kAhDigest, .vrid = 51}));
  EXPECT_EQ(left_heard_.refused[1].first, (Refused{.reason = Refusal::kAhSequence, .vrid = 51}));
  EXPECT_EQ(left_heard_.refused[1].second, kRight);
  EXPECT_EQ(left_heard_.received.size(), 1U);
  EXPECT_EQ(sequence.current(), 7U);
}

TEST_F(VrrpSocketTest, WhatOnlyClaimsToBeAuthenticatedIsRefused) {
  if (!network_.ready()) return;
  const auto left = open(options("va"), left_heard_);
  network_.enter_right();
  const auto right = open(options("vb"), right_heard_);
  ASSERT_TRUE(left->send(golden_authenticated(), kLeft, proto::vrrp::kGroupV4, ChecksumDialect::kPlain).ok());
  ASSERT_TRUE(loop_.run_until([&] { return !right_heard_.refused.empty(); }));
  EXPECT_EQ(right_heard_.refused[0].first, (Refused{.reason = Refusal::kAuthType, .vrid = 51}));
  EXPECT_TRUE(right_heard_.received.empty());
}

TEST_F(VrrpSocketTest, AuthenticationHeadersAreOfIpv4) {
  proto::vrrp::SequenceCounter sequence;
  VrrpSocket::Options wrong = options("lo", IpFamily::kIpv6);
  wrong.authentication_header = {.password = "99999999", .sequence = &sequence};
  const auto socket = VrrpSocket::open(*loop_, wrong, {});
  ASSERT_FALSE(socket.ok());
  EXPECT_EQ(socket.error().code, ErrorCode::kInvalidArgument);
}

TEST_F(VrrpSocketTest, AFloodIsReadOverSeveralTurns) {
  if (!network_.ready()) return;
  const auto left = open(options("va"), left_heard_);
  network_.enter_right();
  const auto right = open(options("vb"), right_heard_);
  constexpr std::size_t kFlood = 600;
  std::size_t taken = 0;
  for (std::size_t i = 0; i < kFlood; ++i) {
    taken += left->send(golden_v3(), kLeft, proto::vrrp::kGroupV4, ChecksumDialect::kPlain).ok() ? 1 : 0;
  }
  ASSERT_GT(taken, 0U);
  loop_.turn();
  EXPECT_LE(right_heard_.received.size(), static_cast<std::size_t>(VrrpSocket::kMostPerTurn));
  right_heard_.received.clear();
  ASSERT_TRUE(left->send(golden_v3(), kLeft, kRight, ChecksumDialect::kPlain).ok());
  EXPECT_TRUE(loop_.run_until(
      [&] { return !right_heard_.received.empty() && right_heard_.received.back().destination == kRight; }));
}

TEST_F(VrrpSocketTest, AnInterfaceThatIsNotThereIsAnError) {
  if (!network_.ready()) return;
  VrrpSocket::Options wrong = options("va");
  wrong.interface = "nowhere";
  EXPECT_FALSE(VrrpSocket::open(*loop_, wrong, {}).ok());
}

TEST_F(VrrpSocketTest, ItHearsAgainAfterTheInterfaceWasOff) {
  if (!network_.ready()) return;
  const auto left = open(options("va"), left_heard_);
  ASSERT_TRUE(TestNetwork::run("ip link set va down"));
  EXPECT_FALSE(left->send(golden_v3(), kLeft, proto::vrrp::kGroupV4, ChecksumDialect::kPlain).ok());
  loop_.turn();
  ASSERT_TRUE(TestNetwork::run("ip link set va up"));
  network_.enter_right();
  const auto right = open(options("vb"), right_heard_);
  ASSERT_TRUE(right->send(golden_v3(), kRight, proto::vrrp::kGroupV4, ChecksumDialect::kPlain).ok());
  EXPECT_TRUE(loop_.run_until([&] { return !left_heard_.received.empty(); }));
}

}  // namespace
}  // namespace hf::vip::router
