#include "vip/router/virtual_router.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "runtime/stepped_loop_fake.h"
#include "vip/router/test_network_fake.h"

namespace hf::vip::router {
namespace {

using namespace vip::router::testing;  // NOLINT(google-build-using-namespace)
using policy::vrrp::Mode;

constexpr IpAddress kVip = IpAddress::v4(198, 18, 0, 100);

/// One router on the left; the clock is the test's.
class VirtualRouterTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!network_.ready()) GTEST_SKIP() << "no privilege to make network namespaces";
    RouteSocket::Listener listener;
    listener.link = [this](const proto::netlink::Link&, Change) { changed(); };
    listener.address = [this](const proto::netlink::InterfaceAddress&, Change) { changed(); };
    auto socket = RouteSocket::open(*loop_, std::move(listener));
    ASSERT_TRUE(socket.ok()) << socket.error().context;
    routes_ = std::move(*socket);
  }
  void changed() {
    if (router_) router_->interfaces_changed();
  }
  static RouterSettings settings() {
    RouterSettings out;
    out.name = "db";
    out.interface = "va";
    out.router_id = 51;
    VirtualAddress& address = out.addresses.emplace_back();
    address.address = kVip;
    out.machine.addresses = {kVip};
    out.machine.advert_interval = 1s;
    out.machine.refresh_interval = 400ms;
    out.machine.probe_wait = Nanos{0};
    out.machine.hand_over = false;
    return out;
  }
  void make(const RouterSettings& settings) {
    VirtualRouter::Surroundings around{*loop_,
                                       *routes_,
                                       ports_,
                                       7,
                                       [this](const News& news) { events_.push_back(event_of(news)); },
                                       [this](VirtualRouter&) { ++leaving_; },
                                       [this](VirtualRouter&) { ++steps_; }};
    router_ = std::make_unique<VirtualRouter>(std::move(around), settings, GatewayCondition{.serving = true});
    router_->start();
  }
  /// In steps that no machine takes for a stall.
  void pass(Nanos time) {
    for (Nanos passed{0}; passed < time; passed += 50ms) loop_.advance(50ms);
  }
  void make_master(const RouterSettings& settings) {
    make(settings);
    pass(4s);
    ASSERT_EQ(mode(), Mode::kMaster);
    ASSERT_TRUE(holds());
  }
  /// Time passes inside of a turn, after its beginning and before its other timers.
  void freeze_in_turn(Nanos time) {
    auto& poller = static_cast<runtime::SteppedPoller&>(loop_->poller());
    runtime::CallTimer freeze([&] { poller.advance(time); });
    loop_->arm(freeze, loop_->now());
    loop_.advance(400ms);
  }
  Mode mode() const { return router_->report().mode; }
  bool holds() {
    auto fresh = RouteSocket::open(*loop_, {});
    return fresh.ok() && std::any_of((*fresh)->addresses().begin(), (*fresh)->addresses().end(),
                                     [](const auto& each) { return each.address == kVip; });
  }
  std::size_t told(EventId id) const {
    return static_cast<std::size_t>(
        std::count_if(events_.begin(), events_.end(), [id](const Event& each) { return each.id() == id; }));
  }

  TestNetwork network_;
  runtime::SteppedLoop loop_;
  HeartbeatPorts ports_;
  std::unique_ptr<RouteSocket> routes_;
  std::vector<Event> events_;
  int leaving_ = 0;
  int steps_ = 0;
  std::unique_ptr<VirtualRouter> router_;
};

TEST_F(VirtualRouterTest, AloneOnTheWireItBecomesMasterAndGivesUpAtAStop) {
  make_master(settings());
  EXPECT_EQ(told(EventId::kVipMaster), 1u);
  EXPECT_FALSE(router_->at_rest());
  router_->stop();
  pass(100ms);
  EXPECT_TRUE(router_->at_rest());
  EXPECT_FALSE(holds());
  EXPECT_EQ(leaving_, 2) << "before the addresses go, and after, for who came in between";
}

/// The kernel took the address off, but both the machine's last refresh and its last advert look young.
TEST_F(VirtualRouterTest, ALeaseThatEndsInsideOfATurnIsNotHeldForEver) {
  make_master(settings());
  freeze_in_turn(1700ms);
  ASSERT_TRUE(network_.run("ip addr del 198.18.0.100/32 dev va 2>/dev/null || true"));
  pass(500ms);
  EXPECT_EQ(mode(), Mode::kBackup) << "a master without its address";
  pass(5s);
  EXPECT_EQ(mode(), Mode::kMaster);
  EXPECT_TRUE(holds());
}

TEST_F(VirtualRouterTest, AnotherOwnAddressIsToldToTheMachineFirst) {
  make_master(settings());
  ASSERT_TRUE(
      network_.run("ip addr add 198.18.0.77/24 dev va && sysctl -qw net.ipv4.conf.va.promote_secondaries=1 && ip addr "
                   "del 198.18.0.1/24 dev va"));
  ASSERT_TRUE(loop_.run_until([&] { return router_->report().own_address == "198.18.0.77"; }));
  EXPECT_EQ(mode(), Mode::kBackup);
  EXPECT_EQ(told(EventId::kVipKernelRefused), 0u);
  pass(5s);
  EXPECT_EQ(mode(), Mode::kMaster);
  EXPECT_TRUE(holds());
}

TEST_F(VirtualRouterTest, AShorterIntervalIsNoStall) {
  RouterSettings slow = settings();
  slow.machine.advert_interval = 10s;
  make(slow);
  pass(45s);
  ASSERT_EQ(mode(), Mode::kMaster);
  pass(5s);
  const std::uint64_t before = router_->report().transitions_total;
  ASSERT_TRUE(router_->become_if_changed(settings()));
  pass(3s);
  EXPECT_EQ(router_->report().transitions_total, before);
  EXPECT_TRUE(holds());
}

/// The name of the virtual-MAC interface is somebody else's at first.
TEST_F(VirtualRouterTest, WhatTheKernelRefusedIsTriedAgain) {
  RouterSettings with_mac = settings();
  with_mac.virtual_mac = true;
  const std::string name = "hf51." + std::to_string(routes_->find_link("va")->index);
  ASSERT_TRUE(TestNetwork::run("ip link add " + name + " type veth peer name other"));
  make(with_mac);
  pass(20s);
  EXPECT_EQ(mode(), Mode::kFault);
  EXPECT_LE(told(EventId::kVipKernelRefused), 5u);
  ASSERT_TRUE(TestNetwork::run("ip link del " + name));
  pass(12s);
  EXPECT_EQ(mode(), Mode::kMaster);
}

/// acassen/keepalived#534: both nodes answered for ever, and the one that should not said nothing.
TEST_F(VirtualRouterTest, WhatSomebodyPutsOnABackupGoesAtOnceAndIsTold) {
  RouterSettings patient = settings();
  patient.machine.start_delay = 600s;
  make(patient);
  ASSERT_EQ(mode(), Mode::kBackup);
  for (const char* prefix : {"/32", "/24"}) {
    ASSERT_TRUE(TestNetwork::run(std::string("ip addr add 198.18.0.100") + prefix + " dev va"));
    ASSERT_TRUE(loop_.run_until([&] { return !holds(); }));
  }
  EXPECT_GE(told(EventId::kVipStaleAddresses), 1u);
  ASSERT_TRUE(TestNetwork::run("ip link set va down"));
  ASSERT_TRUE(loop_.run_until([&] { return mode() == Mode::kFault; }));
  ASSERT_TRUE(TestNetwork::run("ip addr add 198.18.0.100/24 dev va"));
  EXPECT_TRUE(loop_.run_until([&] { return !holds(); })) << "at fault, too";
}

TEST_F(VirtualRouterTest, ALinkThatGoesWhileTheAddressesAreHeldIsNoStray) {
  make_master(settings());
  ASSERT_TRUE(TestNetwork::run("ip link set va down"));
  ASSERT_TRUE(loop_.run_until([&] { return mode() == Mode::kFault; }));
  loop_.turn();
  EXPECT_FALSE(holds());
  EXPECT_EQ(told(EventId::kVipStaleAddresses), 0u);
}

TEST_F(VirtualRouterTest, WhatSomebodyTakesOffAMasterIsPutBackAtOnceAndTold) {
  make_master(settings());
  ASSERT_TRUE(TestNetwork::run("ip addr del 198.18.0.100/32 dev va"));
  ASSERT_TRUE(loop_.run_until([&] { return told(EventId::kVipAddressPutBack) > 0; }));
  EXPECT_TRUE(holds());
  EXPECT_EQ(mode(), Mode::kMaster);
}

TEST_F(VirtualRouterTest, APathOnWhichNothingCanBeSentIsToldAndComesBack) {
  RouterSettings two_paths = settings();
  two_paths.heartbeats.push_back({.interface = "second", .port = 5405, .peers = {IpAddress::v4(198, 18, 9, 2)}});
  make_master(two_paths);
  EXPECT_EQ(told(EventId::kVipPathDown), 1u);
  EXPECT_EQ(router_->report().paths.at(1).problem, "it is not there");
  ASSERT_TRUE(
      TestNetwork::run("ip link add second type veth peer name another && ip addr add 198.18.9.1/24 dev second "
                       "&& ip link set second up && ip link set another up"));
  EXPECT_TRUE(loop_.run_until([&] { return told(EventId::kVipPathUp) == 1; }));
  EXPECT_EQ(mode(), Mode::kMaster);
}

/// An alarm for a fault, none for what was asked for.
TEST_F(VirtualRouterTest, AReleaseByTheOperatorIsNoFaultToWakeAnybodyFor) {
  make_master(settings());
  router_->command(policy::vrrp::OperatorCommand::kRelease);
  EXPECT_EQ(told(EventId::kVipFault), 0u);
  EXPECT_EQ(told(EventId::kVipSetAside), 1u);
  router_->command(policy::vrrp::OperatorCommand::kResume);
  router_->set_gateway({.serving = false, .reason = "killed by signal 9"});
  EXPECT_EQ(told(EventId::kVipFault), 1u);
  EXPECT_EQ(router_->report().reason,
            "a tracked check demands that this node gives the addresses up: gateway: killed by signal 9");
  ASSERT_TRUE(TestNetwork::run("ip link set va down"));
  ASSERT_TRUE(loop_.run_until([&] { return router_->report().reason == "the interface is down: va: it is set down"; }))
      << "what is in the way now, not what began it";
}

TEST_F(VirtualRouterTest, ABackupSaysThatItLivesAlsoAfterItsCableWasOut) {
  RouterSettings two_paths = settings();
  two_paths.machine.start_delay = 600s;
  two_paths.heartbeats.push_back({.interface = "va", .port = 5405, .peers = {kRight}});
  make(two_paths);
  const auto sent = [&] { return router_->report().paths.at(1).sent; };
  ASSERT_TRUE(network_.run("ip link set va down"));
  ASSERT_TRUE(loop_.run_until([&] { return mode() == Mode::kFault; }));
  pass(3s);
  ASSERT_TRUE(network_.run("ip link set va up"));
  ASSERT_TRUE(loop_.run_until([&] { return mode() == Mode::kBackup; }));
  const std::uint64_t before = sent();
  pass(3s);
  EXPECT_GE(sent(), before + 2);
}

TEST_F(VirtualRouterTest, AGatewayThatDiesEndsTheHandOverOfAStop) {
  RouterSettings slow = settings();
  slow.machine.hand_over = true;
  make_master(slow);
  router_->stop();
  ASSERT_TRUE(holds()) << "for the successor";
  router_->set_gateway({false, "killed by signal 9"});
  EXPECT_FALSE(holds());
  EXPECT_TRUE(router_->at_rest());
}

}  // namespace
}  // namespace hf::vip::router
