// Bytes: written by hand from the layouts of RFC 826 and RFC 5227.
#include "proto/arp/arp_frame.h"

#include <gtest/gtest.h>

#include "proto/vrrp/test_bytes.h"

namespace hf::proto::arp {
namespace {

using vrrp::testing::unhex;

constexpr MacAddress kOwn = {0x02, 0, 0, 0, 0, 0x01};
constexpr MacAddress kOther = {0x02, 0, 0, 0, 0, 0x02};
constexpr IpAddress kVip = IpAddress::v4(198, 18, 0, 100);
constexpr IpAddress kClient = IpAddress::v4(198, 18, 0, 7);

TEST(ArpFrame, GratuitousRequestIsTheBytesThatKeepalivedSends) {
  EXPECT_EQ(*encode_arp(gratuitous_request(kOwn, kVip)),
            unhex("ffffffffffff 020000000001 0806 0001 0800 06 04 0001 020000000001 c6120064 ffffffffffff c6120064"));
}

TEST(ArpFrame, GratuitousReplyDiffersInTheOperation) {
  EXPECT_EQ(*encode_arp(gratuitous_reply(kOwn, kVip)),
            unhex("ffffffffffff 020000000001 0806 0001 0800 06 04 0002 020000000001 c6120064 ffffffffffff c6120064"));
}

TEST(ArpFrame, ProbeHasNoSenderAddressRfc5227Clause211) {
  EXPECT_EQ(*encode_arp(probe(kOwn, kVip)),
            unhex("ffffffffffff 020000000001 0806 0001 0800 06 04 0001 020000000001 00000000 000000000000 c6120064"));
}

TEST(ArpFrame, AnnouncementNamesTheAddressTwiceRfc5227Clause23) {
  EXPECT_EQ(*encode_arp(announcement(kOwn, kVip)),
            unhex("ffffffffffff 020000000001 0806 0001 0800 06 04 0001 020000000001 c6120064 000000000000 c6120064"));
}

TEST(ArpFrame, IsReadAsItWasWritten) {
  for (const ArpFrame& frame :
       {gratuitous_request(kOwn, kVip), gratuitous_reply(kOwn, kVip), probe(kOwn, kVip), announcement(kOwn, kVip),
        ArpFrame{kOther, kOwn, Operation::kReply, kOwn, kVip, kOther, kClient}}) {
    const Result<ArpFrame> again = decode_arp(*encode_arp(frame));
    ASSERT_TRUE(again.ok()) << again.error().context;
    EXPECT_EQ(*again, frame);
  }
}

TEST(ArpFrame, PaddingOfEthernetIsNoHarm) {
  const Result<ArpFrame> read = decode_arp(*encode_arp(probe(kOwn, kVip)) + std::string(18, '\0'));
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(*read, probe(kOwn, kVip));
}

TEST(ArpFrame, EveryTruncationIsRefused) {
  vrrp::testing::for_every_truncation(*encode_arp(probe(kOwn, kVip)),
                                      [](ByteView bytes) { EXPECT_FALSE(decode_arp(bytes).ok()) << bytes.size(); });
}

TEST(ArpFrame, AnyChangeOfTheFixedFieldsIsRefused) {
  vrrp::testing::for_every_changed_byte(
      *encode_arp(gratuitous_request(kOwn, kVip)), [](ByteView bytes, std::size_t offset) {
        const bool fixed = offset >= 12 && offset < 20;  // EtherType, hardware, protocol, sizes
        if (fixed) { EXPECT_FALSE(decode_arp(bytes).ok()) << offset; }
        if (offset == 21) {  // operation: request or reply
          EXPECT_EQ(decode_arp(bytes).ok(), bytes[21] == 2);
        }
        if (offset > 21) { EXPECT_TRUE(decode_arp(bytes).ok()) << offset; }
      });
}

TEST(ArpFrame, Ipv6AddressesAreRefused) {
  EXPECT_EQ(encode_arp(probe(kOwn, IpAddress::v6({}))).error().code, ErrorCode::kInvalidArgument);
}

TEST(Claimant, IsWhoSendsFromTheAddressRfc5227Clause24) {
  EXPECT_EQ(claimant(gratuitous_request(kOther, kVip), kVip, kOwn), (Claimant{Claim::kHolds, kOther}));
  const ArpFrame reply{kOwn, kOther, Operation::kReply, kOther, kVip, kOwn, IpAddress{}};
  EXPECT_EQ(claimant(reply, kVip, kOwn), (Claimant{Claim::kHolds, kOther}));
  const ArpFrame question{kBroadcastMac, kOther, Operation::kRequest, kOther, kVip, kZeroMac, kClient};
  EXPECT_EQ(claimant(question, kVip, kOwn), (Claimant{Claim::kHolds, kOther}));
}

TEST(Claimant, IsWhoProbesForItRfc5227Clause211) {
  EXPECT_EQ(claimant(probe(kOther, kVip), kVip, kOwn), (Claimant{Claim::kProbes, kOther}));
}

TEST(Claimant, IsNobodyWhenAClientOnlyAsksForTheAddress) {
  const ArpFrame question{kBroadcastMac, kOther, Operation::kRequest, kOther, kClient, kZeroMac, kVip};
  EXPECT_EQ(claimant(question, kVip, kOwn), std::nullopt);
}

TEST(Claimant, IsNobodyWhenWeHearOurselves) {
  EXPECT_EQ(claimant(gratuitous_request(kOwn, kVip), kVip, kOwn), std::nullopt);
  EXPECT_EQ(claimant(probe(kOwn, kVip), kVip, kOwn), std::nullopt);
}

TEST(Claimant, IsNobodyForAnotherAddress) {
  EXPECT_EQ(claimant(gratuitous_request(kOther, kClient), kVip, kOwn), std::nullopt);
  EXPECT_EQ(claimant(probe(kOther, kClient), kVip, kOwn), std::nullopt);
}

TEST(MacAddress, IsWrittenWithColons) { EXPECT_EQ(to_string(MacAddress{0, 0, 0x5e, 0, 1, 0xff}), "00:00:5e:00:01:ff"); }

}  // namespace
}  // namespace hf::proto::arp
