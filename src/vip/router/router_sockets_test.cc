#include "vip/router/router_sockets.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "runtime/stepped_loop_fake.h"
#include "vip/router/test_network_fake.h"

namespace hf::vip::router {
namespace {

using namespace vip::router::testing;  // NOLINT(google-build-using-namespace)

using Said = std::vector<std::string>;

/// Writes down what becomes of the interface.
class Recorder final : public RouterSockets::Listener {
 public:
  Said take() { return std::exchange(said_, {}); }
  bool said(const std::string& what) const { return std::find(said_.begin(), said_.end(), what) != said_.end(); }

  void own_address_is(const IpAddress& address) override { said_.push_back("own address " + address.to_string()); }
  void attached() override { said_.push_back("attached"); }
  void about_to_detach() override { said_.push_back("about to detach"); }
  void detaching() override { said_.push_back("detaching"); }
  void detached() override { said_.push_back("detached"); }
  void places_changed() override { said_.push_back("places changed"); }
  void put_back(const std::vector<IpAddress>& addresses) override {
    for (const IpAddress& each : addresses) said_.push_back("put back " + each.to_string());
  }
  void path_changed(std::size_t path) override { said_.push_back("path " + std::to_string(path)); }
  void kernel_refused(std::string_view what, const Error&) override {
    said_.push_back("refused: " + std::string(what));
  }
  void hold_off_over() override { said_.push_back("hold-off over"); }

  void received(const proto::vrrp::Received&) override {}
  void refused(const proto::vrrp::Refused&, const IpAddress&) override {}
  void heartbeat_received(std::size_t, const proto::heartbeat::Heartbeat&) override {}
  void claimed(const NeighbourSocket::Claim&) override {}
  void arbiters_changed() override {}

 private:
  Said said_;
};

/// The sockets of one router on the left, which follow what the kernel tells.
class RouterSocketsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!network_.ready()) GTEST_SKIP() << "no privilege to make network namespaces";
    RouteSocket::Listener listener;
    listener.link = [this](const proto::netlink::Link&, Change) { follow(); };
    listener.address = [this](const proto::netlink::InterfaceAddress&, Change) { follow(); };
    auto socket = RouteSocket::open(*loop_, std::move(listener));
    ASSERT_TRUE(socket.ok()) << socket.error().context;
    routes_ = std::move(*socket);
    settings_.interface = "va";
    settings_.addresses = {{.address = IpAddress::v4(198, 18, 0, 100)}};
    remake();
  }
  /// With the settings as they are now.
  void remake() {
    sockets_.reset();
    holder_.emplace(*routes_, settings_);
    sockets_.emplace(RouterSockets::Surroundings{*loop_, *routes_, ports_, 7, settings_, *holder_, peers_}, recorder_);
  }
  void TearDown() override {
    if (sockets_) sockets_->detach();
  }
  void follow() {
    if (sockets_) sockets_->follow();
  }
  void make_attached() {
    follow();
    ASSERT_EQ(recorder_.take(), (Said{"own address 198.18.0.1", "attached"}));
  }
  /// "va: it has no carrier"; "": nothing is in the way.
  std::string obstacle() const {
    const std::optional<RouterSockets::Obstacle> found = sockets_->obstacle();
    return found ? found->interface + ": " + found->why : "";
  }
  bool becomes(const std::string& words) {
    return loop_.run_until([&] { return obstacle() == words; });
  }
  bool comes_true(const std::string& what) {
    return loop_.run_until([&] { return recorder_.said(what); });
  }

  TestNetwork network_;
  runtime::SteppedLoop loop_;
  HeartbeatPorts ports_;
  RouterSettings settings_;
  PeerLog peers_;
  Recorder recorder_;
  std::unique_ptr<RouteSocket> routes_;
  std::optional<AddressHolder> holder_;
  std::optional<RouterSockets> sockets_;
};

const Said kLost{"about to detach", "detaching", "detached"};

TEST_F(RouterSocketsTest, AreOpenWhileTheInterfaceCarries) {
  make_attached();
  ASSERT_TRUE(TestNetwork::run("ip link set va down"));
  ASSERT_TRUE(comes_true("detached"));
  EXPECT_EQ(recorder_.take(), kLost);
  EXPECT_FALSE(sockets_->is_attached());
  ASSERT_TRUE(TestNetwork::run("ip link set va up"));
  ASSERT_TRUE(comes_true("attached"));
  EXPECT_EQ(recorder_.take(), Said{"attached"}) << "its own address is the old one";
}

TEST_F(RouterSocketsTest, AnInterfaceThatIsMadeAnewIsAnotherOne) {
  make_attached();
  const std::uint32_t before = holder_->interface_index();
  ASSERT_TRUE(TestNetwork::run("ip link del va"));
  ASSERT_TRUE(comes_true("detached"));
  EXPECT_EQ(recorder_.take(), kLost);
  ASSERT_TRUE(
      TestNetwork::run("ip link add va type veth peer name vc && ip link set vc up && ip addr add 198.18.0.9/24 dev va "
                       "&& ip link set va up"));
  ASSERT_TRUE(comes_true("attached"));
  EXPECT_EQ(recorder_.take(), (Said{"own address 198.18.0.9", "attached"}));
  EXPECT_NE(holder_->interface_index(), before);
}

TEST_F(RouterSocketsTest, AnotherAddressOfItsOwnMeansOtherSockets) {
  make_attached();
  ASSERT_TRUE(TestNetwork::run("ip addr del 198.18.0.1/24 dev va && ip addr add 198.18.0.9/24 dev va"));
  ASSERT_TRUE(comes_true("attached"));
  EXPECT_EQ(recorder_.take(), (Said{"about to detach", "detaching", "detached", "own address 198.18.0.9", "attached"}));
}

TEST_F(RouterSocketsTest, AnotherMacAddressIsToldAndTheRestStaysOpen) {
  make_attached();
  ASSERT_TRUE(TestNetwork::run("ip link set va address 02:00:00:00:00:77"));
  ASSERT_TRUE(comes_true("places changed"));
  EXPECT_EQ(recorder_.take(), Said{"places changed"});
}

TEST_F(RouterSocketsTest, WaitForEveryInterfaceThatCarriesAnAddress) {
  settings_.addresses.push_back({.address = IpAddress::v4(198, 18, 9, 100), .interface = "other"});
  follow();
  EXPECT_EQ(recorder_.take(), Said{});
  EXPECT_EQ(obstacle(), "other: it is not there");
  ASSERT_TRUE(TestNetwork::run("ip link add other type veth peer name another && ip link set other up"));
  ASSERT_TRUE(becomes("other: it has no carrier"));
  ASSERT_TRUE(TestNetwork::run("ip link set another up"));
  ASSERT_TRUE(comes_true("attached"));
  recorder_.take();
  ASSERT_TRUE(TestNetwork::run("ip link set another down"));
  ASSERT_TRUE(comes_true("detached")) << "clients of the other one have nobody";
  EXPECT_EQ(obstacle(), "other: it has no carrier");
}

TEST_F(RouterSocketsTest, SayWhatIsInTheWay) {
  make_attached();
  EXPECT_EQ(obstacle(), "");
  ASSERT_TRUE(TestNetwork::run("ip link set va down"));
  EXPECT_TRUE(becomes("va: it is set down"));
  ASSERT_TRUE(TestNetwork::run("ip link set va up && ip addr flush dev va"));
  EXPECT_TRUE(becomes("va: it has no IPv4 address"));
  ASSERT_TRUE(TestNetwork::run("ip addr add 198.18.0.100/24 dev va"));
  EXPECT_TRUE(becomes("va: it has none but virtual addresses, and nothing to speak from"));
  settings_.source = IpAddress::v4(198, 18, 0, 7);
  EXPECT_EQ(obstacle(), "va: it does not have the address of `source`, 198.18.0.7");
  ASSERT_TRUE(TestNetwork::run("ip addr add 198.18.0.7/24 dev va"));
  EXPECT_TRUE(becomes(""));
  ASSERT_TRUE(TestNetwork::run("ip link del va"));
  EXPECT_TRUE(becomes("va: it is not there"));
}

/// acassen/keepalived#2327: nodes that could send nothing held the addresses all the same, both of them.
TEST_F(RouterSocketsTest, WantAnMtuThatAnAdvertisementFitsInto) {
  settings_.addresses = {{.address = IpAddress::v6({0xfe80, 0, 0, 0, 0, 0, 0, 0x100}), .prefix_length = 64}};
  for (std::uint16_t i = 0; i < 90; ++i) {
    settings_.addresses.push_back({.address = IpAddress::v6({0xfd00, 0, 0, 0, 0, 0, 1, i}), .prefix_length = 64});
  }
  EXPECT_EQ(obstacle(), "va: its MTU of 1500 is less than an advertisement of 91 addresses, 1504 bytes");
  settings_.addresses.pop_back();
  EXPECT_EQ(obstacle(), "");
  ASSERT_TRUE(TestNetwork::run("ip link set va mtu 1480"));
  EXPECT_TRUE(becomes("va: its MTU of 1480 is less than an advertisement of 90 addresses, 1488 bytes"));
  ASSERT_TRUE(TestNetwork::run("ip link set va mtu 9000"));
  EXPECT_TRUE(becomes(""));
}

TEST_F(RouterSocketsTest, SayWhatAnIpv6RouterLacks) {
  settings_.addresses = {{.address = IpAddress::v6({0xfe80, 0, 0, 0, 0, 0, 0, 0x100}), .prefix_length = 64}};
  ASSERT_TRUE(TestNetwork::run("sysctl -qw net.ipv6.conf.va.disable_ipv6=1"));
  EXPECT_TRUE(becomes("va: it has no IPv6 link-local address (is IPv6 switched off there?)"));
}

TEST_F(RouterSocketsTest, AreNotOpenedBeforeTheHoldOffIsOver) {
  sockets_->hold_off();
  follow();
  EXPECT_EQ(recorder_.take(), Said{"own address 198.18.0.1"});
  loop_.advance(4900ms);
  EXPECT_EQ(recorder_.take(), Said{});
  loop_.advance(100ms);
  EXPECT_EQ(recorder_.take(), Said{"hold-off over"});
  follow();
  EXPECT_EQ(recorder_.take(), Said{"attached"});
}

TEST_F(RouterSocketsTest, WhatCannotBeOpenedIsToldAndNothingStaysOpen) {
  settings_.virtual_mac = true;
  settings_.router_id = 51;
  remake();
  const std::string name = "hf51." + std::to_string(routes_->find_link("va")->index);
  ASSERT_TRUE(TestNetwork::run("ip link add " + name + " type veth peer name other"));
  follow();
  EXPECT_EQ(recorder_.take(), (Said{"own address 198.18.0.1", "detaching", "refused: interface va"}));
  EXPECT_FALSE(sockets_->is_attached());
}

/// acassen/keepalived#655, #2190: the address was on no node for as long as the interface of a second path was missing,
/// and the path of one that was made anew stayed dead until a restart.
TEST_F(RouterSocketsTest, AHeartbeatPathFollowsItsInterfaceAndIsInNobodysWay) {
  settings_.heartbeats.push_back({.interface = "second", .port = 5405, .peers = {IpAddress::v4(198, 18, 9, 2)}});
  follow();
  EXPECT_EQ(recorder_.take(), (Said{"own address 198.18.0.1", "path 1", "attached"}));
  EXPECT_EQ(peers_.problem(1), "it is not there");
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(
        TestNetwork::run("ip link add second type veth peer name another && ip addr add 198.18.9.1/24 dev second "
                         "&& ip link set second up && ip link set another up"));
    ASSERT_TRUE(loop_.run_until([&] { return peers_.problem(1).empty(); }));
    const std::uint64_t before = peers_.paths(loop_->now())[1].sent;
    sockets_->send(proto::heartbeat::Heartbeat{.priority = 100, .source = kLeft, .addresses = {kRight}});
    EXPECT_EQ(peers_.paths(loop_->now())[1].sent, before + 1);
    ASSERT_TRUE(TestNetwork::run("ip link del second"));
    ASSERT_TRUE(loop_.run_until([&] { return peers_.problem(1) == "it is not there"; }));
  }
  EXPECT_TRUE(sockets_->is_attached());
  EXPECT_FALSE(recorder_.said("detached"));
}

TEST_F(RouterSocketsTest, AHeartbeatPathOfAReloadThatCannotBeOpenedCostsNothing) {
  make_attached();
  const RouterSettings before = settings_;
  settings_.heartbeats.push_back({.interface = "nowhere", .port = 5405, .peers = {kRight}});
  sockets_->reopen(before);
  EXPECT_EQ(recorder_.take(), Said{"path 1"});
  EXPECT_TRUE(sockets_->is_attached());
}

/// The port of the path is somebody else's at first.
TEST_F(RouterSocketsTest, AHeartbeatPortThatIsTakenIsTriedAgain) {
  const int other = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  sockaddr_in own{};
  own.sin_family = AF_INET;
  own.sin_port = htons(5405);
  ASSERT_EQ(::bind(other, reinterpret_cast<const sockaddr*>(&own), sizeof own), 0);
  settings_.heartbeats.push_back({.interface = "va", .port = 5405, .peers = {kRight}});
  follow();
  EXPECT_TRUE(sockets_->is_attached());
  EXPECT_NE(peers_.problem(1).find("Address already in use"), std::string::npos) << peers_.problem(1);
  ::close(other);
  loop_.advance(4900ms);
  EXPECT_NE(peers_.problem(1), "");
  loop_.advance(100ms);
  EXPECT_EQ(peers_.problem(1), "");
}

/// acassen/keepalived#2572: a virtual-MAC interface that was deleted, or set down, stayed so.
TEST_F(RouterSocketsTest, AVirtualMacInterfaceThatIsTakenAwayIsMadeAnew) {
  settings_.virtual_mac = true;
  settings_.router_id = 51;
  remake();
  make_attached();
  ASSERT_TRUE(holder_->take(2s, loop_->poller().now()).ok());
  const std::string name = holder_->virtual_mac_name();
  const std::uint32_t before = holder_->virtual_mac_index();
  ASSERT_TRUE(TestNetwork::run("ip link del " + name));
  ASSERT_TRUE(comes_true("places changed"));
  EXPECT_TRUE(recorder_.said("put back 198.18.0.100"));
  EXPECT_TRUE(sockets_->is_attached());
  EXPECT_NE(holder_->virtual_mac_index(), before);
  EXPECT_TRUE(TestNetwork::run("ip addr show dev " + name + " | grep -q 198.18.0.100/32"));
  ASSERT_TRUE(TestNetwork::run("ip link set " + name + " down"));
  ASSERT_TRUE(loop_.run_until([&] { return routes_->find_link(name)->can_carry(); }));
  ASSERT_TRUE(TestNetwork::run("ip link set " + name + " address 02:00:00:00:00:99"));
  ASSERT_TRUE(loop_.run_until([&] {
    const auto* link = routes_->find_link(name);
    return link != nullptr && link->mac == proto::vrrp::virtual_mac(IpFamily::kIpv4, 51);
  }));
}

/// acassen/keepalived#2570: the families have router ids of their own.
TEST_F(RouterSocketsTest, AVirtualMacInterfaceIsCalledOtherwiseForEachFamily) {
  settings_.virtual_mac = true;
  settings_.router_id = 51;
  remake();
  follow();
  const std::string v4 = holder_->virtual_mac_name();
  RouterSettings six = settings_;
  six.addresses = {{.address = IpAddress::v6({0xfe80, 0, 0, 0, 0, 0, 0, 0x100}), .prefix_length = 64}};
  AddressHolder other(*routes_, six);
  ASSERT_TRUE(other.attach(*routes_->find_link("va")).ok());
  EXPECT_NE(other.virtual_mac_name(), v4);
  EXPECT_NE(routes_->find_link(v4), nullptr);
  EXPECT_NE(routes_->find_link(other.virtual_mac_name()), nullptr);
  other.detach();
}

TEST_F(RouterSocketsTest, AnAddressThatSomebodyTakesOffWhileItIsHeldIsPutBack) {
  make_attached();
  ASSERT_TRUE(holder_->take(2s, loop_->poller().now()).ok());
  ASSERT_TRUE(TestNetwork::run("ip addr del 198.18.0.100/32 dev va"));
  ASSERT_TRUE(comes_true("put back 198.18.0.100"));
  EXPECT_TRUE(TestNetwork::run("ip addr show dev va | grep -q 198.18.0.100/32"));
  ASSERT_TRUE(holder_->release().ok());
  recorder_.take();
  loop_.turn();
  loop_.turn();
  EXPECT_FALSE(recorder_.said("put back 198.18.0.100")) << "it was given up";
}

}  // namespace
}  // namespace hf::vip::router
