#include "vip/router/arbiters.h"

#include <gtest/gtest.h>

#include "runtime/stepped_loop_fake.h"
#include "vip/router/test_network_fake.h"

namespace hf::vip::router {
namespace {

using namespace vip::router::testing;  // NOLINT(google-build-using-namespace)

class ArbitersTest : public ::testing::Test {
 protected:
  Arbiters::Options options(std::vector<ArbiterTarget> targets, std::uint32_t needed = 1) {
    return {
        .settings = {.targets = std::move(targets), .needed = needed, .interval = 100ms, .timeout = 50ms, .fall = 3},
        .interface = "va",
        .interface_index = ::if_nametoindex("va"),
        .mac = kLeftMac,
        .own_address = kLeft};
  }
  std::unique_ptr<Arbiters> open(Arbiters::Options options) {
    auto arbiters = Arbiters::open(*loop_, std::move(options), [this] { ++changes_; });
    EXPECT_TRUE(arbiters.ok()) << arbiters.error().context;
    return arbiters.ok() ? std::move(*arbiters) : nullptr;
  }
  /// One that is alone becomes reached.
  bool is_reached(ArbiterKind kind, const IpEndpoint& endpoint) {
    const auto arbiters = open(options({{kind, endpoint}}));
    EXPECT_FALSE(may_hold(arbiters->contacts()));
    loop_.advance(0ms);  // the first question
    return loop_.run_until([&] { return may_hold(arbiters->contacts()); });
  }
  /// Asks `times`, each to the end of its time; the kernels have their moment to answer.
  void let_pass(int times) {
    for (int i = 0; i < times; ++i) {
      loop_.advance(0ms);
      loop_.turn();
      loop_.advance(50ms);
      loop_.advance(50ms);
    }
  }

  TestNetwork network_;
  runtime::SteppedLoop loop_;
  int changes_ = 0;
};

TEST_F(ArbitersTest, WithoutTargetsEnoughAreReached) { EXPECT_TRUE(may_hold(open(options({}))->contacts())); }

TEST_F(ArbitersTest, WithoutPrivilegesArpAndIcmpAreAccessDenied) {
  const WithoutPrivileges now;
  for (const ArbiterKind kind : {ArbiterKind::kArp, ArbiterKind::kIcmp}) {
    const auto arbiters = Arbiters::open(*loop_, options({{kind, {kRight, 0}}}), {});
    ASSERT_FALSE(arbiters.ok());
    EXPECT_EQ(arbiters.error().code, ErrorCode::kAccessDenied);
  }
}

TEST_F(ArbitersTest, ANeighbourAnswersArp) {
  if (!network_.ready()) return;
  EXPECT_TRUE(is_reached(ArbiterKind::kArp, {kRight, 0}));
}

TEST_F(ArbitersTest, ANeighbourAnswersAnIpv6Solicitation) {
  if (!network_.ready()) return;
  Arbiters::Options v6 = options({{ArbiterKind::kArp, {kRightV6, 0}}});
  v6.own_address = kLeftV6;
  const auto arbiters = open(v6);
  loop_.advance(0ms);
  EXPECT_TRUE(loop_.run_until([&] { return may_hold(arbiters->contacts()); }));
}

TEST_F(ArbitersTest, AHostAnswersIcmpOfBothFamilies) {
  if (!network_.ready()) return;
  EXPECT_TRUE(is_reached(ArbiterKind::kIcmp, {kRight, 0}));
  EXPECT_TRUE(is_reached(ArbiterKind::kIcmp, {kRightV6, 0}));
  EXPECT_TRUE(is_reached(ArbiterKind::kIcmp, {kRightLinkLocal, 0}));
}

TEST_F(ArbitersTest, AListenerAndARefusalAreBothAnswers) {
  if (!network_.ready()) return;
  network_.enter_right();
  const auto listener = Socket::open(AF_INET, SOCK_STREAM, 0, "test");
  ASSERT_EQ(::listen(listener->fd(), 4), 0);  // bound to a port of the kernel's choice
  KernelAddress own;
  ASSERT_EQ(::getsockname(listener->fd(), own.raw(), &own.length), 0);
  network_.enter_left();
  EXPECT_TRUE(is_reached(ArbiterKind::kTcp, {kRight, from_kernel(own).port}));
  EXPECT_TRUE(is_reached(ArbiterKind::kTcp, {kRight, 9}));
  EXPECT_TRUE(is_reached(ArbiterKind::kTcp, {kRightV6, 9}));
  EXPECT_TRUE(is_reached(ArbiterKind::kTcp, {kLeft, 9}));  // refused before connect() returns
  const auto arbiters = open(options({{ArbiterKind::kUdp, {kRight, 9}}}));
  let_pass(3);
  EXPECT_FALSE(may_hold(arbiters->contacts()));  // "port unreachable" is rate limited
}

TEST_F(ArbitersTest, WhoIsNotThereIsNotReached) {
  if (!network_.ready()) return;
  const IpAddress nobody = IpAddress::v4(198, 18, 0, 77);
  const IpAddress no_route = IpAddress::v4(198, 51, 100, 1);
  const auto arbiters = open(options({{ArbiterKind::kArp, {nobody, 0}},
                                      {ArbiterKind::kIcmp, {nobody, 0}},
                                      {ArbiterKind::kTcp, {nobody, 9}},
                                      {ArbiterKind::kUdp, {nobody, 9}},
                                      {ArbiterKind::kTcp, {no_route, 9}},
                                      {ArbiterKind::kIcmp, {no_route, 0}}}));
  let_pass(5);
  EXPECT_FALSE(may_hold(arbiters->contacts()));
  EXPECT_EQ(changes_, 0);
  const std::vector<ArbiterReport> report = arbiters->report();
  ASSERT_EQ(report.size(), 6U);
  EXPECT_EQ(report[0], (ArbiterReport{.target = "arp 198.18.0.77", .reached = false}));
  EXPECT_EQ(report[2].target, "tcp 198.18.0.77:9");
}

TEST_F(ArbitersTest, ATargetIsLostAfterFallQuestionsAndFoundWithTheFirstAnswer) {
  if (!network_.ready()) return;
  const auto arbiters = open(options({{ArbiterKind::kArp, {kRight, 0}}, {ArbiterKind::kIcmp, {kRight, 0}}}, 2));
  loop_.advance(0ms);
  ASSERT_TRUE(loop_.run_until([&] { return may_hold(arbiters->contacts()); }));
  EXPECT_EQ(changes_, 2);
  network_.enter_right();
  ASSERT_TRUE(TestNetwork::run("ip link set vb down"));
  network_.enter_left();  // where the questions' sockets are made
  loop_.advance(100ms);   // asks
  loop_.advance(50ms);    // 1
  loop_.advance(50ms);
  loop_.advance(50ms);  // 2
  loop_.advance(50ms);
  EXPECT_TRUE(may_hold(arbiters->contacts()));
  loop_.advance(50ms);  // 3
  EXPECT_FALSE(may_hold(arbiters->contacts()));
  EXPECT_EQ(changes_, 4);
  network_.enter_right();
  ASSERT_TRUE(TestNetwork::run("ip link set vb up"));
  network_.enter_left();
  EXPECT_TRUE(loop_.run_until([&] {  // the kernels take their time to find the way again
    let_pass(1);
    return may_hold(arbiters->contacts());
  }));
}

TEST_F(ArbitersTest, NoneIsAskedWhileItsQuestionIsOut) {
  if (!network_.ready()) return;
  Arbiters::Options slow = options({{ArbiterKind::kIcmp, {kRight, 0}}});
  slow.settings.timeout = 1s;  // longer than the interval
  ASSERT_TRUE(TestNetwork::run("ip neigh replace 198.18.0.2 lladdr 02:00:00:00:00:02 dev va nud permanent"));
  network_.enter_right();
  ASSERT_TRUE(TestNetwork::run("echo 1 > /proc/sys/net/ipv4/icmp_echo_ignore_all"));
  Wire wire("vb");
  network_.enter_left();
  const auto arbiters = open(slow);
  for (int i = 0; i < 9; ++i) loop_.advance(100ms);
  loop_.turn();
  int questions = 0;
  for (std::string frame = wire.next(); !frame.empty(); frame = wire.next()) {
    questions += frame.size() > 34 && frame[23] == 1 && frame[34] == 8 ? 1 : 0;
  }
  EXPECT_EQ(questions, 1);
}

}  // namespace
}  // namespace hf::vip::router
