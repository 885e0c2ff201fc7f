#include "base/ip_address.h"

#include <gtest/gtest.h>

#include <string>

namespace hf {
namespace {

using namespace std::string_literals;

TEST(IpAddress, IsMadeOfFourOrSixteenBytesOnly) {
  EXPECT_EQ(IpAddress::from_bytes("\xc6\x12\x00\x64"s), IpAddress::v4(198, 18, 0, 100));
  EXPECT_EQ(IpAddress::from_bytes("\xfe\x80\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01\x00"s),
            IpAddress::v6({0xfe80, 0, 0, 0, 0, 0, 0, 0x100}));
  for (const std::size_t size : {0U, 3U, 5U, 15U, 17U}) EXPECT_FALSE(IpAddress::from_bytes(std::string(size, 'x')));
}

TEST(IpAddress, GivesItsBytesInNetworkOrder) {
  EXPECT_EQ(IpAddress::v4(198, 18, 0, 100).bytes(), "\xc6\x12\x00\x64"s);
  EXPECT_EQ(IpAddress::v6({0x2001, 0xdb8, 0, 0, 0, 0, 0, 1}).bytes(),
            "\x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01"s);
}

TEST(IpAddress, TiesAreBrokenByUnsignedBytesFirstByteFirstRfc5798Clause643) {
  EXPECT_GT(IpAddress::v4(200, 0, 0, 1), IpAddress::v4(100, 255, 255, 255));
  EXPECT_LT(IpAddress::v4(10, 0, 0, 9), IpAddress::v4(10, 0, 0, 10));
  EXPECT_GT(IpAddress::v6({0xfe80, 0, 0, 0, 0, 0, 0, 0xff00}), IpAddress::v6({0xfe80, 0, 0, 0, 0, 0, 0, 0xff}));
}

TEST(IpAddress, AnIpv4AddressIsNoIpv6AddressOfTheSameBytes) {
  EXPECT_NE(IpAddress{}, IpAddress::v6({}));
  EXPECT_TRUE(IpAddress{}.is_unspecified());
  EXPECT_TRUE(IpAddress::v6({}).is_unspecified());
}

TEST(IpAddress, KnowsGroupsAndLinkLocalAddresses) {
  EXPECT_TRUE(IpAddress::v4(224, 0, 0, 18).is_multicast());
  EXPECT_FALSE(IpAddress::v4(223, 255, 255, 255).is_multicast());
  EXPECT_FALSE(IpAddress::v4(240, 0, 0, 1).is_multicast());
  EXPECT_TRUE(IpAddress::v6({0xff02, 0, 0, 0, 0, 0, 0, 1}).is_multicast());
  EXPECT_TRUE(IpAddress::v6({0xfe80, 0, 0, 0, 0, 0, 0, 1}).is_link_local());
  EXPECT_TRUE(IpAddress::v6({0xfebf, 0, 0, 0, 0, 0, 0, 1}).is_link_local());
  EXPECT_FALSE(IpAddress::v6({0xfec0, 0, 0, 0, 0, 0, 0, 1}).is_link_local());
  EXPECT_TRUE(IpAddress::v4(169, 254, 1, 1).is_link_local());
}

TEST(IpAddress, IsWrittenAsRfc5952Asks) {
  EXPECT_EQ(IpAddress::v4(198, 18, 0, 100).to_string(), "198.18.0.100");
  EXPECT_EQ(IpAddress::v6({}).to_string(), "::");
  EXPECT_EQ(IpAddress::v6({0, 0, 0, 0, 0, 0, 0, 1}).to_string(), "::1");
  EXPECT_EQ(IpAddress::v6({0xfe80, 0, 0, 0, 0, 0, 0, 0}).to_string(), "fe80::");
  EXPECT_EQ(IpAddress::v6({0x2001, 0xdb8, 0, 0, 1, 0, 0, 1}).to_string(), "2001:db8::1:0:0:1");
  EXPECT_EQ(IpAddress::v6({0x2001, 0xdb8, 0, 1, 1, 1, 1, 1}).to_string(), "2001:db8:0:1:1:1:1:1");
  EXPECT_EQ(IpAddress::v6({0x2001, 0, 0, 1, 0, 0, 0, 1}).to_string(), "2001:0:0:1::1");
}

}  // namespace
}  // namespace hf
