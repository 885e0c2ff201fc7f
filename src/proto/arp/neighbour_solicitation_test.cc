// Bytes: written by hand from the layouts of RFC 4861 4.3 and RFC 2464 7, the checksums computed apart.
#include "proto/arp/neighbour_solicitation.h"

#include <gtest/gtest.h>

#include "proto/arp/icmpv6.h"
#include "proto/arp/neighbour_advertisement.h"
#include "proto/vrrp/test_bytes.h"

namespace hf::proto::arp {
namespace {

using vrrp::testing::unhex;

constexpr MacAddress kOwn = {0x02, 0, 0, 0, 0, 0x01};
constexpr MacAddress kOther = {0x02, 0, 0, 0, 0, 0x02};
constexpr IpAddress kVip = IpAddress::v6({0xfd00, 0, 0, 0, 0, 0, 0x00ab, 0xcdef});
constexpr IpAddress kAsker = IpAddress::v6({0xfe80, 0, 0, 0, 0, 0, 0, 1});

TEST(NeighbourSolicitation, GroupAndMacEndLikeTheAddressRfc4291Clause271) {
  EXPECT_EQ(solicited_node_group(kVip).to_string(), "ff02::1:ffab:cdef");
  EXPECT_EQ(to_string(solicited_node_mac(kVip)), "33:33:ff:ab:cd:ef");
}

TEST(NeighbourSolicitation, DadProbeComesFromNowhereWithoutOptionsRfc4862Clause542) {
  EXPECT_EQ(*encode_solicitation(dad_probe(kOwn, kVip)),
            unhex("3333ffabcdef 020000000001 86dd 60000000 0018 3a ff 00000000000000000000000000000000"
                  "ff0200000000000000000001ffabcdef 8700 e071 00000000 fd000000000000000000000000abcdef"));
}

TEST(NeighbourSolicitation, AQuestionTellsWhereToAnswer) {
  EXPECT_EQ(*encode_solicitation(solicitation(kOwn, kAsker, kVip)),
            unhex("3333ffabcdef 020000000001 86dd 60000000 0020 3a ff fe800000000000000000000000000001"
                  "ff0200000000000000000001ffabcdef 8700 dee5 00000000 fd000000000000000000000000abcdef"
                  "0101020000000001"));
}

TEST(NeighbourSolicitation, IsReadAsItWasWritten) {
  for (const NeighbourSolicitation& sent : {dad_probe(kOwn, kVip), solicitation(kOwn, kAsker, kVip)}) {
    const auto read = decode_solicitation(*encode_solicitation(sent));
    ASSERT_TRUE(read.ok()) << read.error().context;
    EXPECT_EQ(*read, sent);
  }
}

TEST(NeighbourSolicitation, EveryTruncationIsRefused) {
  vrrp::testing::for_every_truncation(*encode_solicitation(solicitation(kOwn, kAsker, kVip)), [](ByteView bytes) {
    EXPECT_FALSE(decode_solicitation(bytes).ok()) << bytes.size();
  });
}

TEST(NeighbourSolicitation, AnyChangedByteOfTheMessageIsRefused) {
  vrrp::testing::for_every_changed_byte(*encode_solicitation(dad_probe(kOwn, kVip)),
                                        [](ByteView bytes, std::size_t at) {
                                          if (at < 54) return;
                                          EXPECT_FALSE(decode_solicitation(bytes).ok()) << at;
                                        });
}

TEST(NeighbourSolicitation, FromNowhereWithALinkAddressIsRefusedRfc4861Clause711) {
  NeighbourSolicitation wrong = dad_probe(kOwn, kVip);
  wrong.link_address = kOwn;
  EXPECT_FALSE(decode_solicitation(*encode_solicitation(wrong)).ok());
}

TEST(NeighbourSolicitation, FromNowhereToAnotherGroupIsRefusedRfc4861Clause711) {
  NeighbourSolicitation wrong = dad_probe(kOwn, kVip);
  wrong.destination = kAllNodesV6;
  EXPECT_FALSE(decode_solicitation(*encode_solicitation(wrong)).ok());
}

TEST(NeighbourSolicitation, AnAdvertisementIsNone) {
  EXPECT_FALSE(decode_solicitation(*encode_neighbour(unsolicited_advertisement(kOwn, kVip, RouterFlag::kHost))).ok());
  EXPECT_FALSE(decode_neighbour(*encode_solicitation(dad_probe(kOwn, kVip))).ok());
}

TEST(NeighbourSolicitation, Ipv4IsRefused) {
  NeighbourSolicitation wrong = dad_probe(kOwn, kVip);
  wrong.target = IpAddress::v4(198, 18, 0, 1);
  EXPECT_EQ(encode_solicitation(wrong).error().code, ErrorCode::kInvalidArgument);
}

TEST(SolicitationClaimant, IsWhoProbesForTheAddress) {
  EXPECT_EQ(claimant(dad_probe(kOther, kVip), kVip, kOwn), (Claimant{Claim::kProbes, kOther}));
}

TEST(SolicitationClaimant, IsNobodyWhoOnlyAsksOrIsUsOrMeansAnother) {
  EXPECT_EQ(claimant(solicitation(kOther, kAsker, kVip), kVip, kOwn), std::nullopt);
  EXPECT_EQ(claimant(dad_probe(kOwn, kVip), kVip, kOwn), std::nullopt);
  EXPECT_EQ(claimant(dad_probe(kOther, kAsker), kVip, kOwn), std::nullopt);
}

}  // namespace
}  // namespace hf::proto::arp
