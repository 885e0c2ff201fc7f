#include "proto/vrrp/ip_address.h"

#include <gtest/gtest.h>

#include "proto/vrrp/internet_checksum.h"
#include "proto/vrrp/test_bytes.h"

namespace hf::proto::vrrp {
namespace {

using testing::unhex;

TEST(IpAddress, IsMadeOfFourOrSixteenBytesOnly) {
  EXPECT_EQ(IpAddress::from_bytes(unhex("c6120064")), IpAddress::v4(198, 18, 0, 100));
  EXPECT_EQ(IpAddress::from_bytes(unhex("fe80000000000000 0000000000000100")),
            IpAddress::v6({0xfe80, 0, 0, 0, 0, 0, 0, 0x100}));
  for (const std::size_t size : {0U, 3U, 5U, 15U, 17U}) EXPECT_FALSE(IpAddress::from_bytes(std::string(size, 'x')));
}

TEST(IpAddress, GivesItsBytesInNetworkOrder) {
  EXPECT_EQ(IpAddress::v4(198, 18, 0, 100).bytes(), unhex("c6120064"));
  EXPECT_EQ(IpAddress::v6({0x2001, 0xdb8, 0, 0, 0, 0, 0, 1}).bytes(), unhex("20010db8 00000000 00000000 00000001"));
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

TEST(InternetChecksum, OfRfc1071Clause3IsRight) {
  // The RFC's own example sums to ddf2.
  EXPECT_EQ(InternetChecksum().add(unhex("0001 f203 f4f5 f6f7")).result(), 0xFFFF - 0xDDF2);
}

TEST(InternetChecksum, OfAnOddLengthCountsTheLastByteAsTheHighOne) {
  EXPECT_EQ(InternetChecksum().add(unhex("ab")).result(), 0xFFFF - 0xAB00);
}

TEST(InternetChecksum, OfAMessageThatCarriesItsChecksumIsZero) {
  EXPECT_EQ(InternetChecksum().add(unhex("45c0002000010000ff701487c6120001e0000012")).result(), 0);
}

}  // namespace
}  // namespace hf::proto::vrrp
