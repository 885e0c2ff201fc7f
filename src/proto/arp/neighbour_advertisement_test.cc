// Bytes: from the layout of RFC 4861 4.4; the checksum was computed outside of this program.
#include "proto/arp/neighbour_advertisement.h"

#include <gtest/gtest.h>

#include "proto/vrrp/internet_checksum.h"
#include "proto/vrrp/test_bytes.h"

namespace hf::proto::arp {
namespace {

using vrrp::testing::unhex;

constexpr MacAddress kOwn = {0x02, 0, 0, 0, 0, 0x01};
constexpr MacAddress kOther = {0x02, 0, 0, 0, 0, 0x02};
constexpr IpAddress kVip = IpAddress::v6({0x2001, 0xdb8, 0, 0, 0, 0, 0, 0x100});
constexpr const char* kFrame =
    "333300000001 020000000001 86dd 60000000 0020 3a ff 20010db8000000000000000000000100 "
    "ff020000000000000000000000000001"
    "88 00 f72c 20000000 20010db8000000000000000000000100 02 01 020000000001";
constexpr std::size_t kIcmp = 54;  // where ICMPv6 begins in the frame

/// `frame` from ICMPv6 on replaced by `message`, with lengths and checksum right again.
std::string with_message(std::string message) {
  std::string frame = unhex(kFrame).substr(0, kIcmp);
  vrrp::store_be16(frame, 18, static_cast<std::uint16_t>(message.size()));
  vrrp::store_be16(message, 2, 0);
  vrrp::InternetChecksum sum;
  sum.add_pseudo_header(kVip, kAllNodesV6, 58, message.size()).add(message);
  vrrp::store_be16(message, 2, sum.result());
  return frame + message;
}
std::string message() { return unhex(kFrame).substr(kIcmp); }

TEST(NeighbourAdvertisement, UnsolicitedHasOverrideSetAndOurMacRfc4861Clause726) {
  EXPECT_EQ(*encode_neighbour(unsolicited_advertisement(kOwn, kVip, RouterFlag::kHost)), unhex(kFrame));
}

TEST(NeighbourAdvertisement, RouterFlagIsTheHighestBit) {
  const std::string frame = *encode_neighbour(unsolicited_advertisement(kOwn, kVip, RouterFlag::kRouter));
  EXPECT_EQ(byte_at(frame, kIcmp + 4), 0xA0);
}

TEST(NeighbourAdvertisement, IsReadAsItWasWritten) {
  NeighbourAdvertisement plain = unsolicited_advertisement(kOwn, kVip, RouterFlag::kRouter);
  NeighbourAdvertisement answer = plain;
  answer.destination = IpAddress::v6({0xfe80, 0, 0, 0, 0, 0, 0, 9});
  answer.solicited = true;
  answer.override_cached = false;
  answer.link_address.reset();
  for (const NeighbourAdvertisement& value : {plain, answer}) {
    const Result<NeighbourAdvertisement> again = decode_neighbour(*encode_neighbour(value));
    ASSERT_TRUE(again.ok()) << again.error().context;
    EXPECT_EQ(*again, value);
  }
}

TEST(NeighbourAdvertisement, EveryTruncationIsRefused) {
  vrrp::testing::for_every_truncation(
      unhex(kFrame), [](ByteView bytes) { EXPECT_FALSE(decode_neighbour(bytes).ok()) << bytes.size(); });
}

TEST(NeighbourAdvertisement, EveryChangedByteThatTheChecksumCoversIsRefused) {
  vrrp::testing::for_every_changed_byte(unhex(kFrame), [](ByteView bytes, std::size_t offset) {
    if (offset >= 18) { EXPECT_FALSE(decode_neighbour(bytes).ok()) << offset; }
  });
}

TEST(NeighbourAdvertisement, InvalidOnesOfRfc4861Clause712AreRefused) {
  EXPECT_TRUE(decode_neighbour(with_message(message())).ok());
  std::string hops = unhex(kFrame);
  hops[21] = static_cast<char>(254);
  EXPECT_FALSE(decode_neighbour(hops).ok());
  std::string code = message();
  code[1] = 1;
  EXPECT_FALSE(decode_neighbour(with_message(code)).ok());
  std::string group = message();
  group[8] = static_cast<char>(0xFF);
  EXPECT_FALSE(decode_neighbour(with_message(group)).ok());
  std::string solicited = message();
  solicited[4] = 0x60;
  EXPECT_FALSE(decode_neighbour(with_message(solicited)).ok());
  std::string endless = message();
  endless[25] = 0;
  EXPECT_FALSE(decode_neighbour(with_message(endless)).ok());
  std::string too_long = message();
  too_long[25] = 2;
  EXPECT_FALSE(decode_neighbour(with_message(too_long)).ok());
  EXPECT_FALSE(decode_neighbour(with_message(message() + "x")).ok());
  std::string solicitation = message();
  solicitation[0] = static_cast<char>(135);
  EXPECT_FALSE(decode_neighbour(with_message(solicitation)).ok());
}

TEST(NeighbourAdvertisement, UnknownOptionsAreSkipped) {
  const std::string bytes = message();
  const auto read = decode_neighbour(with_message(bytes.substr(0, 24) + unhex("0e01010203040506") + bytes.substr(24)));
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(read->link_address, kOwn);
}

TEST(NeighbourAdvertisement, Ipv4AddressesAreRefused) {
  const auto advertisement = unsolicited_advertisement(kOwn, IpAddress::v4(198, 18, 0, 1), RouterFlag::kHost);
  EXPECT_EQ(encode_neighbour(advertisement).error().code, ErrorCode::kInvalidArgument);
}

TEST(NeighbourAdvertisement, NamesWhoClaimsTheAddress) {
  NeighbourAdvertisement other = unsolicited_advertisement(kOther, kVip, RouterFlag::kHost);
  EXPECT_EQ(claimant(other, kVip, kOwn), kOther);
  other.link_address.reset();
  EXPECT_EQ(claimant(other, kVip, kOwn), kOther);
  EXPECT_EQ(claimant(other, IpAddress::v6({}), kOwn), std::nullopt);
  EXPECT_EQ(claimant(unsolicited_advertisement(kOwn, kVip, RouterFlag::kHost), kVip, kOwn), std::nullopt);
}

}  // namespace
}  // namespace hf::proto::arp
