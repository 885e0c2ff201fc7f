#include "vip/router/address_holder.h"

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <vector>

#include "runtime/stepped_loop_fake.h"
#include "vip/router/test_network_fake.h"

namespace hf::vip::router {
namespace {

using namespace vip::router::testing;  // NOLINT(google-build-using-namespace)
using proto::netlink::InterfaceAddress;

constexpr IpAddress kOne = IpAddress::v4(198, 18, 0, 100);
constexpr IpAddress kTwo = IpAddress::v4(198, 18, 0, 101);
constexpr IpAddress kSix = IpAddress::v6({0xfd00, 0, 0, 0, 0, 0, 0, 0x100});
constexpr TimePoint kStart{7'000'000'000};

class AddressHolderTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!network_.ready()) GTEST_SKIP() << "no privilege to make network namespaces";
    auto socket = RouteSocket::open(*loop_, {});
    ASSERT_TRUE(socket.ok()) << socket.error().context;
    routes_ = std::move(*socket);
  }
  static RouterSettings with(const std::vector<IpAddress>& addresses) {
    RouterSettings settings;
    settings.interface = "va";
    for (const IpAddress& each : addresses) {
      VirtualAddress& address = settings.addresses.emplace_back();
      address.address = each;
      address.prefix_length = static_cast<std::uint8_t>(each.is_v4() ? 32 : 128);
    }
    return settings;
  }
  void attach(const std::vector<IpAddress>& addresses) { ASSERT_TRUE(attach(with(addresses)).ok()); }
  Result<void> attach(const RouterSettings& settings) {
    holder_ = std::make_unique<AddressHolder>(*routes_, settings);
    return holder_->attach(*routes_->find_link("va"));
  }
  bool moved_mac() {
    const auto moved = holder_->look_again(*routes_->find_link("va"), kStart);
    return moved.ok() && moved->own_mac;
  }
  /// As the kernel has it now.
  std::optional<InterfaceAddress> there(const IpAddress& address) {
    auto fresh = RouteSocket::open(*loop_, {});
    if (!fresh.ok()) return std::nullopt;
    for (const InterfaceAddress& each : (*fresh)->addresses()) {
      if (each.address == address) return each;
    }
    return std::nullopt;
  }

  TestNetwork network_;
  runtime::SteppedLoop loop_;
  std::unique_ptr<RouteSocket> routes_;
  std::unique_ptr<AddressHolder> holder_;
};

TEST_F(AddressHolderTest, TakesAllAsALeaseAndGivesAllUp) {
  attach({kOne, kTwo});
  ASSERT_TRUE(holder_->take(1500ms, kStart).ok());
  EXPECT_TRUE(holder_->holding());
  for (const IpAddress& each : {kOne, kTwo}) {
    ASSERT_TRUE(there(each) && there(each)->lifetime) << each.to_string();
    EXPECT_LE(there(each)->lifetime->valid, 2s) << "whole seconds, no more than needed";
  }
  ASSERT_TRUE(holder_->release().ok());
  EXPECT_FALSE(holder_->holding());
  EXPECT_FALSE(there(kOne) || there(kTwo));
  EXPECT_TRUE(holder_->release().ok()) << "twice does no harm";
}

TEST_F(AddressHolderTest, AnIpv6AddressIsUsableAtOnceAndNothingBeginsFromIt) {
  attach({kSix});
  ASSERT_TRUE(holder_->take(2s, kStart).ok());
  ASSERT_TRUE(there(kSix) && there(kSix)->lifetime);
  EXPECT_EQ(there(kSix)->flags & proto::netlink::kTentative, 0u);
  EXPECT_EQ(there(kSix)->lifetime->preferred, 0s);
}

TEST_F(AddressHolderTest, RenewsWhatItHoldsAndBringsBackWhatSomebodyTookOff) {
  attach({kOne});
  EXPECT_EQ(holder_->renew(2s, kStart).error().code, ErrorCode::kNotFound) << "nothing is held";
  ASSERT_TRUE(holder_->take(2s, kStart).ok());
  ASSERT_TRUE(network_.run("ip addr del 198.18.0.100/32 dev va"));
  ASSERT_FALSE(there(kOne));
  ASSERT_TRUE(holder_->renew(2s, kStart + 1s).ok());
  EXPECT_TRUE(there(kOne));
  EXPECT_EQ(holder_->renewed_at(), kStart + 1s);
}

TEST_F(AddressHolderTest, ALeaseThatIsOverIsNotRenewed) {
  attach({kOne});
  ASSERT_TRUE(holder_->take(2s, kStart).ok());
  ASSERT_TRUE(network_.run("ip addr del 198.18.0.100/32 dev va"));  // as the kernel does
  const Result<void> renewed = holder_->renew(2s, kStart + 2s);
  ASSERT_FALSE(renewed.ok());
  EXPECT_EQ(renewed.error().code, ErrorCode::kTimeout);
  EXPECT_FALSE(there(kOne));
  EXPECT_EQ(holder_->renewed_at(), kStart);
}

TEST_F(AddressHolderTest, OneThatIsRefusedTakesTheOthersAlong) {
  RouterSettings settings = with({kOne, kTwo});
  settings.addresses[1].label = "notva:1";  // the kernel wants the interface's name first
  settings.addresses[1].prefix_length = 33;
  ASSERT_TRUE(attach(settings).ok());
  EXPECT_FALSE(holder_->take(2s, kStart).ok());
  EXPECT_FALSE(holder_->holding());
  EXPECT_FALSE(there(kOne));
}

TEST_F(AddressHolderTest, AChangeWhileHoldingTakesOffWhatIsGoneAndAddsWhatIsNew) {
  attach({kOne});
  ASSERT_TRUE(holder_->take(2s, kStart).ok());
  ASSERT_TRUE(holder_->change(with({kTwo}), kStart + 1s).ok());
  EXPECT_FALSE(there(kOne));
  EXPECT_TRUE(there(kTwo));
  ASSERT_EQ(holder_->places().size(), 1u);
  EXPECT_EQ(holder_->places()[0].addresses, std::vector<IpAddress>{kTwo});
}

TEST_F(AddressHolderTest, AChangeAfterTheLeaseTakesNothingBack) {
  attach({kOne});
  ASSERT_TRUE(holder_->take(2s, kStart).ok());
  ASSERT_TRUE(holder_->change(with({kOne, kTwo}), kStart + 2s).ok());
  EXPECT_FALSE(holder_->holding());
  EXPECT_FALSE(there(kOne) || there(kTwo));
}

TEST_F(AddressHolderTest, WhatAnEarlierLifeLeftIsSeen) {
  ASSERT_TRUE(network_.run("ip addr add 198.18.0.100/32 dev va valid_lft 60 preferred_lft 60"));
  loop_.turn();
  attach({kOne});
  EXPECT_TRUE(holder_->any_present());
  ASSERT_TRUE(holder_->release().ok());
  EXPECT_FALSE(there(kOne));
}

/// acassen/keepalived PR #353: a copy that was written otherwise stayed on the backup and answered.
TEST_F(AddressHolderTest, EveryCopyGoesWhateverItsPrefixAndLabel) {
  for (const char* how : {"198.18.0.100/24 dev va label va:1", "198.18.0.100/16 dev va", "198.18.0.100/32 dev va"}) {
    ASSERT_TRUE(network_.run(std::string("ip addr add ") + how));
  }
  ASSERT_TRUE(network_.run("ip addr add 198.18.0.7/24 dev va && ip addr add 198.18.0.100/32 dev lo"));
  auto socket = RouteSocket::open(*loop_, {});
  ASSERT_TRUE(socket.ok());
  holder_.reset();
  routes_ = std::move(*socket);
  attach({kOne});
  EXPECT_TRUE(holder_->any_present());
  ASSERT_TRUE(holder_->release().ok());
  EXPECT_FALSE(holder_->any_present());
  EXPECT_FALSE(network_.run("ip addr show dev va | grep -q 198.18.0.100"));
  EXPECT_TRUE(network_.run("ip addr show dev va | grep -q 198.18.0.7/24")) << "somebody's own";
  EXPECT_TRUE(network_.run("ip addr show dev lo | grep -q 198.18.0.100")) << "behind a forwarder, on purpose";
}

TEST_F(AddressHolderTest, CopiesAreSeenAndRemovedWithoutBeingAttached) {
  holder_ = std::make_unique<AddressHolder>(*routes_, with({kOne}));
  EXPECT_FALSE(holder_->any_present());
  ASSERT_TRUE(network_.run("ip addr add 198.18.0.100/24 dev va"));
  ASSERT_TRUE(loop_.run_until([&] { return holder_->any_present(); }));
  ASSERT_TRUE(holder_->release().ok());
  EXPECT_FALSE(there(kOne));
}

TEST_F(AddressHolderTest, AnotherPrefixComesBeforeTheOldOneGoes) {
  attach({kOne});
  ASSERT_TRUE(holder_->take(2s, kStart).ok());
  RouterSettings wider = with({kOne});
  wider.addresses[0].prefix_length = 24;
  ASSERT_TRUE(holder_->change(wider, kStart).ok());
  ASSERT_TRUE(there(kOne));
  EXPECT_EQ(there(kOne)->prefix_length, 24);
  ASSERT_TRUE(holder_->release().ok());
  EXPECT_FALSE(there(kOne));
}

/// A reload may give an address to another router, before or after it took it from the first.
TEST_F(AddressHolderTest, WhatAnotherRouterHasTakenOverIsNotTakenOff) {
  attach({kOne});
  ASSERT_TRUE(holder_->take(2s, kStart).ok());
  AddressHolder other(*routes_, with({kOne, kTwo}));
  ASSERT_TRUE(other.attach(*routes_->find_link("va")).ok());
  other.reserve(with({kOne, kTwo}));
  ASSERT_TRUE(holder_->change(with({}), kStart).ok());
  EXPECT_FALSE(there(kOne)) << "the other one holds nothing";
  ASSERT_TRUE(holder_->change(with({kOne}), kStart).ok());
  ASSERT_TRUE(there(kOne));
  ASSERT_TRUE(other.take(2s, kStart).ok());
  other.reserve(with({kOne, kTwo}));
  ASSERT_TRUE(holder_->renew(2s, kStart).ok()) << "its machine is told of the reload first, and renews";
  ASSERT_TRUE(holder_->change(with({}), kStart).ok());
  EXPECT_TRUE(there(kOne));
  EXPECT_FALSE(holder_->any_present()) << "it is the other one's now";
  ASSERT_TRUE(holder_->release().ok());
  EXPECT_TRUE(there(kOne));
  ASSERT_TRUE(other.release().ok());
  EXPECT_FALSE(there(kOne) || there(kTwo));
}

/// acassen/keepalived#442: the kernel took the second address along with the first.
TEST_F(AddressHolderTest, AnAddressThatGoesTakesNoOtherAlong) {
  ASSERT_TRUE(network_.run("sysctl -qw net.ipv4.conf.va.promote_secondaries=0"));
  RouterSettings first = with({IpAddress::v4(198, 18, 7, 100)});
  RouterSettings second = with({IpAddress::v4(198, 18, 7, 101)});
  first.addresses[0].prefix_length = second.addresses[0].prefix_length = 24;
  ASSERT_TRUE(attach(first).ok());
  ASSERT_TRUE(holder_->take(2s, kStart).ok());
  AddressHolder other(*routes_, second);
  ASSERT_TRUE(other.attach(*routes_->find_link("va")).ok());
  ASSERT_TRUE(other.take(2s, kStart).ok());
  ASSERT_TRUE(holder_->release().ok());
  EXPECT_TRUE(there(IpAddress::v4(198, 18, 7, 101)));
}

TEST_F(AddressHolderTest, AnotherMacIsSeenOnce) {
  attach({kOne});
  EXPECT_FALSE(moved_mac());
  ASSERT_TRUE(network_.run("ip link set va address 02:00:00:00:77:77"));
  const proto::arp::MacAddress other{2, 0, 0, 0, 0x77, 0x77};
  ASSERT_TRUE(loop_.run_until([&] { return routes_->find_link("va")->mac == other; }));
  EXPECT_TRUE(moved_mac());
  EXPECT_EQ(holder_->places()[0].mac, other);
  EXPECT_FALSE(moved_mac());
}

TEST_F(AddressHolderTest, AnInterfaceThatIsMissingIsNamed) {
  RouterSettings settings = with({kOne});
  settings.addresses[0].interface = "nowhere";
  const Result<void> attached = attach(settings);
  ASSERT_FALSE(attached.ok());
  EXPECT_NE(attached.error().context.find("nowhere"), std::string::npos);
}

}  // namespace
}  // namespace hf::vip::router
