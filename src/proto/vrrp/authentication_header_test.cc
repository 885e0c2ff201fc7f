// Bytes: "of keepalived" were sent by keepalived 2.2.7 of Debian 12 with `auth_type AH`. Digests of changed packets
// were computed by Python's hmac.
#include "proto/vrrp/authentication_header.h"

#include <gtest/gtest.h>

#include <limits>
#include <optional>

#include "proto/vrrp/internet_checksum.h"
#include "proto/vrrp/test_bytes.h"

namespace hf::proto::vrrp {
namespace {

using testing::unhex;

// keepalived 2.2.7: by multicast with auth_pass 99999999, its first packet; to a unicast peer with auth_pass secret.
constexpr const char* kMulticast =
    "45c0004000010000ff3314a4c6120001e0000012 70040000c612000100000001 9912922a4de3eaddc021e8ad"
    "213364010201b253c61200640000000000000000";
constexpr const char* kUnicast =
    "45c0004000020000ff332ea1c6120001c6120002 70040000c612000100000002 01f4995e4f19b496272e2380"
    "213364010201b253c61200640000000000000000";
constexpr IpAddress kSource = IpAddress::v4(198, 18, 0, 1);
constexpr IpAddress kPeer = IpAddress::v4(198, 18, 0, 2);
constexpr std::uint32_t kHighest = std::numeric_limits<std::uint32_t>::max();

Advertisement advertisement_of_keepalived() {
  return {.version = Version::kV2,
          .vrid = 51,
          .priority = 100,
          .interval = Seconds{1},
          .addresses = {IpAddress::v4(198, 18, 0, 100)},
          .auth = {.type = AuthType::kAuthenticationHeader}};
}

using Outcome = std::variant<Authenticated, Refused>;

std::optional<Refusal> refusal(const Outcome& outcome) {
  const auto* refused = std::get_if<Refused>(&outcome);
  return refused == nullptr ? std::nullopt : std::optional(refused->reason);
}

/// `packet` with the byte at `offset` replaced and the IP header's checksum right again.
std::string with_byte(ByteView packet, std::size_t offset, std::uint8_t value) {
  std::string out(packet);
  out[offset] = static_cast<char>(value);
  store_be16(out, 10, 0);
  store_be16(out, 10, InternetChecksum().add(ByteView(out).substr(0, 20)).result());
  return out;
}

TEST(AuthenticationHeader, OfKeepalivedIsAcceptedByMulticastAndUnicast) {
  const Received received{advertisement_of_keepalived(), kSource, kGroupV4, ChecksumDialect::kPlain};
  EXPECT_EQ(decode_authenticated(unhex(kMulticast), "99999999"), Outcome(Authenticated{received, 1}));
  Received to_peer = received;
  to_peer.destination = kPeer;
  EXPECT_EQ(decode_authenticated(unhex(kUnicast), "secret"), Outcome(Authenticated{to_peer, 2}));
}

TEST(AuthenticationHeader, IsWrittenAsKeepalivedDoesButForTheIdentification) {
  // keepalived counts its identification from 1 as its sequence; ours of sequence 0 is 1, too.
  const auto ours = encode_authenticated(advertisement_of_keepalived(), {kSource, kGroupV4}, "99999999", 0);
  ASSERT_TRUE(ours.ok());
  EXPECT_EQ(*ours, unhex("45c0004000010000ff3314a4c6120001e0000012 70040000c612000100000000 914f5a2844fd408592a752ad"
                         "213364010201b253c61200640000000000000000"));
}

TEST(AuthenticationHeader, WhatIsWrittenIsReadForEverySequence) {
  for (const IpAddress& destination : {kGroupV4, kPeer}) {
    for (const std::uint32_t sequence : {0U, 1U, 0xFFFEU, 0xFFFFU, 0x10000U, kHighest}) {
      const auto packet = encode_authenticated(advertisement_of_keepalived(), {kSource, destination}, "k", sequence);
      ASSERT_TRUE(packet.ok());
      EXPECT_NE(load_be(*packet, 4, 2), 0U) << "the kernel would choose another identification";
      const Outcome read = decode_authenticated(*packet, "k");
      ASSERT_TRUE(std::holds_alternative<Authenticated>(read)) << sequence;
      EXPECT_EQ(std::get<Authenticated>(read).sequence, sequence);
      EXPECT_EQ(std::get<Authenticated>(read).received.advertisement, advertisement_of_keepalived());
    }
  }
}

TEST(AuthenticationHeader, AnotherPasswordIsRefusedButOnlyEightBytesCount) {
  const std::string packet = unhex(kMulticast);
  EXPECT_EQ(refusal(decode_authenticated(packet, "9999999")), Refusal::kAhDigest);
  EXPECT_EQ(refusal(decode_authenticated(packet, "")), Refusal::kAhDigest);
  EXPECT_EQ(refusal(decode_authenticated(packet, "99999999 and more")), std::nullopt);
  EXPECT_EQ(std::get<Refused>(decode_authenticated(packet, "x")).vrid, 51);
}

TEST(AuthenticationHeader, EveryChangedByteIsRefusedButThoseThatRoutersMayChange) {
  testing::for_every_changed_byte(unhex(kMulticast), [](ByteView bytes, std::size_t offset) {
    EXPECT_NE(refusal(decode_authenticated(bytes, "99999999")), std::nullopt) << offset;
  });
  const std::string multicast = unhex(kMulticast);
  const std::string unicast = unhex(kUnicast);
  const ReceiveRules far{.least_ttl = 1};
  EXPECT_EQ(refusal(decode_authenticated(with_byte(multicast, 1, 0x10), "99999999")), std::nullopt) << "TOS";
  EXPECT_EQ(refusal(decode_authenticated(with_byte(multicast, 6, 0x40), "99999999")), std::nullopt)
      << "do not fragment";
  EXPECT_EQ(refusal(decode_authenticated(with_byte(unicast, 8, 60), "secret", far)), std::nullopt) << "TTL of unicast";
  EXPECT_EQ(refusal(decode_authenticated(with_byte(unicast, 8, 60), "secret")), Refusal::kTtl);
  EXPECT_EQ(refusal(decode_authenticated(with_byte(multicast, 8, 60), "99999999", far)), Refusal::kAhDigest);
  EXPECT_EQ(refusal(decode_authenticated(with_byte(multicast, 5, 7), "99999999")), Refusal::kAhDigest)
      << "identification";
  EXPECT_EQ(refusal(decode_authenticated(with_byte(multicast, 15, 9), "99999999")), Refusal::kAhDigest) << "source";
}

TEST(AuthenticationHeader, EveryTruncationIsRefusedAndPaddingIsNot) {
  testing::for_every_truncation(unhex(kMulticast), [](ByteView bytes) {
    EXPECT_EQ(refusal(decode_authenticated(bytes, "99999999")), Refusal::kIpHeader) << bytes.size();
  });
  EXPECT_EQ(refusal(decode_authenticated(unhex(kMulticast) + std::string(6, 'x'), "99999999")), std::nullopt);
  std::string hollow = unhex(kMulticast).substr(0, 43);
  hollow[3] = 43;
  EXPECT_EQ(refusal(decode_authenticated(with_byte(hollow, 0, 0x45), "99999999")), Refusal::kLength);
}

TEST(AuthenticationHeader, OfOtherTrafficIsNoVrrp) {
  const std::string packet = unhex(kMulticast);
  EXPECT_EQ(refusal(decode_authenticated(with_byte(packet, 9, 112), "99999999")), Refusal::kIpHeader);
  EXPECT_EQ(refusal(decode_authenticated(with_byte(packet, 20, 6), "99999999")), Refusal::kAhHeader);
  EXPECT_EQ(refusal(decode_authenticated(with_byte(packet, 21, 5), "99999999")), Refusal::kAhHeader);
}

TEST(AuthenticationHeader, OfAnotherSenderIsRefusedThoughItsDigestFits) {
  const std::string packet = unhex(
      "45c0004000010000ff3314a4c6120001e0000012 70040000c612000900000001 82677ed9294877faece6d3d3"
      "213364010201b253c61200640000000000000000");
  EXPECT_EQ(refusal(decode_authenticated(packet, "99999999")), Refusal::kAhHeader);
}

TEST(AuthenticationHeader, TheAdvertisementBehindItIsJudgedAsAnyOther) {
  const std::string packet = unhex(
      "45c0004000010000ff3314a4c6120001e0000012 70040000c612000100000001 8e019645a10bf632b4312ddc"
      "213364010201b254c61200640000000000000000");
  EXPECT_EQ(refusal(decode_authenticated(packet, "99999999")), Refusal::kChecksum);
}

TEST(AuthenticationHeader, WhatItDoesNotCarryIsNotWritten) {
  const auto refused = [](const Advertisement& advertisement, const Route& route = {kSource, kGroupV4}) {
    const auto packet = encode_authenticated(advertisement, route, "k", 1);
    return !packet.ok() && packet.error().code == ErrorCode::kInvalidArgument;
  };
  Advertisement a = advertisement_of_keepalived();
  a.auth = password_auth("secret");
  EXPECT_TRUE(refused(a)) << "a password would go out in the clear";
  a.auth.type = AuthType::kAuthenticationHeader;
  EXPECT_TRUE(refused(a));
  a = advertisement_of_keepalived();
  a.version = Version::kV3;
  EXPECT_TRUE(refused(a));
  EXPECT_TRUE(refused(advertisement_of_keepalived(), {IpAddress::v6({0xfe80, 0, 0, 0, 0, 0, 0, 1}), kGroupV6}));
}

TEST(SequenceCounter, AcceptsOnlyHigherNumbersOfWhomever) {
  SequenceCounter counter;
  EXPECT_TRUE(counter.accept(5000)) << "the first one may be any";
  EXPECT_FALSE(counter.accept(5000));
  EXPECT_FALSE(counter.accept(1));
  EXPECT_TRUE(counter.accept(5001));
  EXPECT_EQ(counter.current(), 5001U);
  EXPECT_FALSE(SequenceCounter().accept(0));
}

TEST(SequenceCounter, GoesOnFromWhatItHeard) {
  SequenceCounter counter;
  counter.advance();
  EXPECT_EQ(counter.current(), 1U);
  EXPECT_FALSE(counter.accept(1)) << "our own, sent back to us";
  EXPECT_TRUE(counter.accept(700));
  counter.advance();
  EXPECT_EQ(counter.current(), 701U);
}

TEST(SequenceCounter, TheFloorIsForWhatIsSentOnly) {
  SequenceCounter counter(1'800'000'000);
  EXPECT_TRUE(counter.accept(7)) << "a peer that counts from 1";
  counter.advance();
  EXPECT_EQ(counter.current(), 1'800'000'001U);
  EXPECT_FALSE(counter.accept(8));
  EXPECT_TRUE(counter.accept(1'800'000'002)) << "it has heard us";
}

TEST(SequenceCounter, APeerThatBeganAnewIsHeardAsSoonAsItHasHeardUs) {
  SequenceCounter ours;
  for (int i = 0; i < 1000; ++i) ours.advance();
  SequenceCounter theirs;
  theirs.advance();
  EXPECT_FALSE(ours.accept(theirs.current()));
  ours.advance();
  EXPECT_TRUE(theirs.accept(ours.current()));
  theirs.advance();
  EXPECT_TRUE(ours.accept(theirs.current()));
}

TEST(SequenceCounter, BeginsAgainAfterTheHighestNumber) {
  SequenceCounter counter(10);
  EXPECT_TRUE(counter.accept(kHighest));
  counter.advance();
  EXPECT_EQ(counter.current(), 11U);
  SequenceCounter highest(kHighest);
  highest.advance();
  EXPECT_EQ(highest.current(), kHighest);
  highest.advance();
  EXPECT_EQ(highest.current(), kHighest);
}

}  // namespace
}  // namespace hf::proto::vrrp
