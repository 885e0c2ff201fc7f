#include "proto/vrrp/ip_header.h"

#include <gtest/gtest.h>

#include "proto/vrrp/internet_checksum.h"
#include "proto/vrrp/test_bytes.h"

namespace hf::proto::vrrp {
namespace {

using testing::unhex;

constexpr const char* kKeepalivedHeader = "45c0002000010000ff701487c6120001e0000012";

IpHeader keepalived_header() {
  return {.source = IpAddress::v4(198, 18, 0, 1),
          .destination = IpAddress::v4(224, 0, 0, 18),
          .protocol = 112,
          .ttl = 255,
          .traffic_class = 0xC0,
          .identification = 1};
}

TEST(IpHeader, OfKeepalivedIsReadAndWritten) {
  const std::string packet = unhex(kKeepalivedHeader) + std::string(12, 'p');
  const Result<IpPacket> read = decode_ip(packet);
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(read->header, keepalived_header());
  EXPECT_EQ(read->payload, std::string(12, 'p'));
  EXPECT_EQ(*encode_ip(keepalived_header(), std::string(12, 'p')), packet);
}

TEST(IpHeader, OfIpv6IsWrittenAsRfc8200Clause3) {
  const IpHeader header{.source = IpAddress::v6({0xfe80, 0, 0, 0, 0, 0, 0, 1}),
                        .destination = IpAddress::v6({0xff02, 0, 0, 0, 0, 0, 0, 0x12}),
                        .protocol = 112,
                        .ttl = 255,
                        .traffic_class = 0xC0};
  const std::string packet = *encode_ip(header, "abcd");
  EXPECT_EQ(packet,
            unhex("6c000000 0004 70 ff fe800000000000000000000000000001 ff020000000000000000000000000012") + "abcd");
  const Result<IpPacket> read = decode_ip(packet);
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(read->header, header);
  EXPECT_EQ(read->payload, "abcd");
}

TEST(IpHeader, PaddingOfEthernetBehindThePacketIsLeftOut) {
  const std::string padded = *encode_ip(keepalived_header(), "abcd") + std::string(22, '\0');
  const Result<IpPacket> read = decode_ip(padded);
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(read->payload, "abcd");
}

TEST(IpHeader, OptionsAreSteppedOver) {
  std::string packet = unhex("46c0001c00010000ff700000c6120001e0000012 94040000") + "abcd";
  store_be16(packet, 10, InternetChecksum().add(ByteView(packet).substr(0, 24)).result());
  const Result<IpPacket> read = decode_ip(packet);
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(read->payload, "abcd");
}

TEST(IpHeader, EveryTruncationIsRefused) {
  const std::string packet = *encode_ip(keepalived_header(), "abcd");
  testing::for_every_truncation(packet, [](ByteView bytes) { EXPECT_FALSE(decode_ip(bytes).ok()) << bytes.size(); });
}

TEST(IpHeader, EveryChangedByteOfAnIpv4HeaderIsRefused) {
  const std::string packet = *encode_ip(keepalived_header(), "abcd");
  testing::for_every_changed_byte(packet, [](ByteView bytes, std::size_t offset) {
    if (offset < 20) { EXPECT_FALSE(decode_ip(bytes).ok()) << offset; }
  });
}

TEST(IpHeader, AFragmentIsRefusedThoughItsChecksumIsRight) {
  for (const std::uint16_t bits : std::initializer_list<std::uint16_t>{0x2000, 0x0001, 0x1FFF}) {
    std::string packet = *encode_ip(keepalived_header(), "abcd");
    store_be16(packet, 6, bits);
    store_be16(packet, 10, 0);
    store_be16(packet, 10, InternetChecksum().add(ByteView(packet).substr(0, 20)).result());
    EXPECT_FALSE(decode_ip(packet).ok()) << bits;
  }
}

TEST(IpHeader, WhatCannotBeWrittenIsRefused) {
  IpHeader mixed = keepalived_header();
  mixed.destination = IpAddress::v6({});
  EXPECT_EQ(encode_ip(mixed, "").error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(encode_ip(keepalived_header(), std::string(65'001, 'x')).error().code, ErrorCode::kInvalidArgument);
}

}  // namespace
}  // namespace hf::proto::vrrp
