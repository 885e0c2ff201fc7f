#include "vip/router/route_socket.h"

#include <fstream>

#include <gtest/gtest.h>

#include "proto/arp/arp_frame.h"
#include "runtime/stepped_loop_fake.h"
#include "vip/router/test_network_fake.h"

namespace hf::vip::router {
namespace {

using namespace vip::router::testing;  // NOLINT(google-build-using-namespace)
using proto::netlink::InterfaceAddress;
using proto::netlink::Lifetime;
using proto::netlink::Link;

constexpr IpAddress kVip = IpAddress::v4(198, 18, 0, 100);
constexpr IpAddress kVipV6 = IpAddress::v6({0xfd00, 0, 0, 0, 0, 0, 0, 0x100});

class RouteSocketTest : public ::testing::Test {
 protected:
  void open() {
    auto socket = RouteSocket::open(
        *loop_,
        {.link = [this](const Link& one, Change change) { links_.emplace_back(one, change); },
         .address = [this](const InterfaceAddress& one, Change change) { addresses_.emplace_back(one, change); }});
    ASSERT_TRUE(socket.ok()) << socket.error().context;
    route_ = std::move(*socket);
  }
  const InterfaceAddress* find(const IpAddress& address) const {
    for (const InterfaceAddress& one : route_->addresses()) {
      if (one.address == address) return &one;
    }
    return nullptr;
  }
  InterfaceAddress vip(const IpAddress& address = kVip) const {
    return {.interface_index = route_->find_link("va")->index,
            .address = address,
            .prefix_length = static_cast<std::uint8_t>(address.is_v4() ? 32 : 128),
            .lifetime = Lifetime{Seconds{60}, Seconds{0}}};
  }
  static std::string sysctl(const std::string& path) {
    std::ifstream file("/proc/sys/net/" + path);
    std::string value;
    file >> value;
    return value;
  }

  TestNetwork network_;
  runtime::SteppedLoop loop_;
  std::vector<std::pair<Link, Change>> links_;
  std::vector<std::pair<InterfaceAddress, Change>> addresses_;
  std::unique_ptr<RouteSocket> route_;
};

TEST_F(RouteSocketTest, KnowsWhatWasThereWithoutTellingIt) {
  open();  // everybody may read
  ASSERT_NE(route_->find_link("lo"), nullptr);
  EXPECT_EQ(route_->find_link("nowhere"), nullptr);
  if (!network_.ready()) return;
  ASSERT_NE(route_->find_link("va"), nullptr);
  EXPECT_EQ(route_->find_link("va")->mac, kLeftMac);
  EXPECT_EQ(route_->find_link("va")->kind, "veth");
  EXPECT_NE(find(kLeft), nullptr);
  EXPECT_NE(find(kLeftLinkLocal), nullptr);
  EXPECT_TRUE(links_.empty());
  EXPECT_TRUE(addresses_.empty());
}

TEST_F(RouteSocketTest, WithoutPrivilegesNothingIsChanged) {
  open();
  InterfaceAddress address{.interface_index = route_->find_link("lo")->index, .address = kVip};
  const WithoutPrivileges now;
  const Result<void> added = route_->add_address(address);
  ASSERT_FALSE(added.ok());
  EXPECT_EQ(added.error().code, ErrorCode::kAccessDenied);
  EXPECT_NE(added.error().context.find("198.18.0.100 to lo"), std::string::npos) << added.error().context;
}

TEST_F(RouteSocketTest, AddsRenewsAndRemovesAnAddressWithALease) {
  if (!network_.ready()) return;
  open();
  ASSERT_TRUE(route_->add_address(vip()).ok());
  ASSERT_TRUE(loop_.run_until([&] { return addresses_.size() == 1; }));
  EXPECT_EQ(addresses_[0].first.address, kVip);
  EXPECT_EQ(addresses_[0].second, Change::kThere);
  ASSERT_NE(find(kVip), nullptr);
  EXPECT_EQ(find(kVip)->lifetime->valid, Seconds{60});

  InterfaceAddress longer = vip();
  longer.lifetime->valid = Seconds{90};
  ASSERT_TRUE(route_->add_address(longer).ok());
  ASSERT_TRUE(loop_.run_until([&] { return find(kVip)->lifetime->valid == Seconds{90}; }));
  EXPECT_EQ(addresses_.size(), 1U);  // a renewal is no news

  ASSERT_TRUE(route_->remove_address(vip()).ok());
  ASSERT_TRUE(loop_.run_until([&] { return addresses_.size() == 2; }));
  EXPECT_EQ(addresses_[1].second, Change::kGone);
  EXPECT_EQ(find(kVip), nullptr);
  EXPECT_TRUE(route_->remove_address(vip()).ok());  // gone already: as wanted
}

TEST_F(RouteSocketTest, AnIpv6AddressIsUsableAtOnceAndNoSourceByItself) {
  if (!network_.ready()) return;
  open();
  ASSERT_TRUE(route_->add_address(vip(kVipV6)).ok());
  EXPECT_NE(find(kVipV6), nullptr) << "known before the kernel's event";
  ASSERT_TRUE(loop_.run_until([&] { return (find(kVipV6)->flags & proto::netlink::kDeprecated) != 0; }));
  EXPECT_EQ(find(kVipV6)->flags & proto::netlink::kTentative, 0U);
  EXPECT_TRUE(TestNetwork::run("ip -6 route get fd00::2 | grep -q 'src fd00::1 '"));
}

TEST_F(RouteSocketTest, AnIpv4AddressWithALeaseIsNoSourceByItself) {
  if (!network_.ready()) return;
  open();
  ASSERT_TRUE(route_->add_address(vip()).ok());
  EXPECT_TRUE(TestNetwork::run("ip route get 198.18.0.2 | grep -q 'src 198.18.0.1 '"));
}

TEST_F(RouteSocketTest, AnErrorNamesAddressInterfaceAndReason) {
  if (!network_.ready()) return;
  open();
  InterfaceAddress nowhere = vip();
  nowhere.interface_index = 4711;
  const Result<void> added = route_->add_address(nowhere);
  ASSERT_FALSE(added.ok());
  EXPECT_NE(added.error().context.find("add 198.18.0.100 to interface 4711"), std::string::npos)
      << added.error().context;
  EXPECT_TRUE(route_->remove_address(nowhere).ok());
}

TEST_F(RouteSocketTest, TellsOfALinkThatLosesItsCarrierAndOfOneThatGoes) {
  if (!network_.ready()) return;
  open();
  network_.enter_right();
  ASSERT_TRUE(TestNetwork::run("ip link set vb down"));
  ASSERT_TRUE(loop_.run_until([&] { return !route_->find_link("va")->can_carry(); }));
  ASSERT_FALSE(links_.empty());
  EXPECT_EQ(links_.back().first.name, "va");
  ASSERT_TRUE(TestNetwork::run("ip link del vb"));
  ASSERT_TRUE(loop_.run_until([&] { return route_->find_link("va") == nullptr; }));
  EXPECT_EQ(links_.back().second, Change::kGone);
  EXPECT_EQ(find(kLeft), nullptr);
}

TEST_F(RouteSocketTest, AStormOfEventsLosesNothingInTheEnd) {
  if (!network_.ready()) return;
  open();
  // More than the socket's buffer takes: the truth comes from reading the tables again.
  ASSERT_TRUE(
      TestNetwork::run("for i in $(seq 1 250); do for j in $(seq 1 60); do echo addr add 198.19.$i.$j/32 dev va;"
                       " [ $j = 60 ] || echo addr del 198.19.$i.$j/32 dev va; done; done | ip -batch -"));
  ASSERT_TRUE(TestNetwork::run("ip addr del 198.18.0.1/24 dev va"));
  ASSERT_TRUE(
      loop_.run_until([&] { return find(kLeft) == nullptr && find(IpAddress::v4(198, 19, 250, 60)) != nullptr; }));
  std::size_t there = 0;
  for (const InterfaceAddress& one : route_->addresses()) {
    there += one.address.to_string().starts_with("198.19.") ? 1 : 0;
  }
  EXPECT_EQ(there, 250U);
}

TEST_F(RouteSocketTest, AVirtualMacAnswersForItsAddressAndTheParentDoesNot) {
  if (!network_.ready()) return;
  open();
  const auto index = route_->add_virtual_mac("vrrp.51", route_->find_link("va")->index, IpFamily::kIpv4, 51);
  ASSERT_TRUE(index.ok()) << index.error().context;
  const Link* link = route_->find_link("vrrp.51");
  ASSERT_NE(link, nullptr);
  EXPECT_EQ(link->index, *index);
  EXPECT_EQ(link->mac, proto::vrrp::virtual_mac(IpFamily::kIpv4, 51));
  EXPECT_TRUE(link->can_carry());
  EXPECT_EQ(sysctl("ipv4/conf/vrrp.51/arp_ignore"), "1");
  EXPECT_EQ(sysctl("ipv4/conf/va/arp_ignore"), "1");
  EXPECT_EQ(sysctl("ipv4/conf/vrrp.51/rp_filter"), "2");
  InterfaceAddress address = vip();
  address.interface_index = *index;
  ASSERT_TRUE(route_->add_address(address).ok());

  network_.enter_right();
  Wire wire("vb");
  std::vector<std::string> answers;
  const auto collect = [&] {
    for (std::string frame = wire.next(); !frame.empty(); frame = wire.next()) {
      const auto arp = proto::arp::decode_arp(frame);
      if (!arp.ok() || arp->operation != proto::arp::Operation::kReply) continue;
      answers.push_back(arp->sender_ip.to_string() + " is at " + proto::arp::to_string(arp->sender_mac));
    }
  };
  for (const IpAddress& asked : {kVip, kLeft}) {
    wire.send(*proto::arp::encode_arp({proto::arp::kBroadcastMac, kRightMac, proto::arp::Operation::kRequest, kRightMac,
                                       kRight, proto::arp::kZeroMac, asked}));
    ASSERT_TRUE(loop_.run_until([&, before = answers.size()] {
      collect();
      return answers.size() > before;
    }));
  }
  loop_.turn();  // time for a second, wrong answer
  collect();
  EXPECT_EQ(answers,
            (std::vector<std::string>{"198.18.0.100 is at 00:00:5e:00:01:33", "198.18.0.1 is at 02:00:00:00:00:01"}));
  EXPECT_TRUE(TestNetwork::run("ping -c 1 -W 2 198.18.0.100 >/dev/null"));
}

/// acassen/keepalived#998: the kernel puts a macvlan over a macvlan beside it, and it was taken for somebody else's.
TEST_F(RouteSocketTest, AVirtualMacOverAMacvlanIsMadeOnceAndKnownAgain) {
  if (!network_.ready()) return;
  ASSERT_TRUE(TestNetwork::run("ip link add between link va type macvlan mode bridge && ip link set between up"));
  open();
  const std::uint32_t parent = route_->find_link("between")->index;
  const auto made = route_->add_virtual_mac("vrrp.51", parent, IpFamily::kIpv4, 51);
  ASSERT_TRUE(made.ok()) << made.error().context;
  EXPECT_EQ(route_->links().at(*made).parent, route_->wire_of(parent));
  EXPECT_EQ(*route_->add_virtual_mac("vrrp.51", parent, IpFamily::kIpv4, 51), *made);
}

TEST_F(RouteSocketTest, AVirtualMacThatIsThereIsTakenOverOrReplacedButNeverStolen) {
  if (!network_.ready()) return;
  open();
  const std::uint32_t parent = route_->find_link("va")->index;
  const auto first = route_->add_virtual_mac("vrrp.51", parent, IpFamily::kIpv6, 51);
  ASSERT_TRUE(first.ok()) << first.error().context;
  EXPECT_EQ(*route_->add_virtual_mac("vrrp.51", parent, IpFamily::kIpv6, 51), *first);
  const auto other = route_->add_virtual_mac("vrrp.51", parent, IpFamily::kIpv6, 52);  // another MAC
  ASSERT_TRUE(other.ok()) << other.error().context;
  EXPECT_NE(*other, *first);
  EXPECT_EQ(route_->find_link("vrrp.51")->mac, proto::vrrp::virtual_mac(IpFamily::kIpv6, 52));
  EXPECT_EQ(route_->add_virtual_mac("lo", parent, IpFamily::kIpv6, 51).error().code, ErrorCode::kExists);
  ASSERT_TRUE(route_->remove_link(*other).ok());
  ASSERT_TRUE(loop_.run_until([&] { return route_->find_link("vrrp.51") == nullptr; }));
  EXPECT_TRUE(route_->remove_link(*other).ok());
  EXPECT_FALSE(route_->add_virtual_mac("vrrp.51", 4711, IpFamily::kIpv4, 51).ok());
}

}  // namespace
}  // namespace hf::vip::router
