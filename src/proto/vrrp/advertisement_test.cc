// Bytes: "of keepalived" were sent by keepalived 2.2.7 of Debian 12. All other checksums were computed outside of this
// program, from the layouts of the RFCs.
#include "proto/vrrp/advertisement.h"

#include <gtest/gtest.h>

#include <set>

#include "base/random.h"
#include "proto/vrrp/internet_checksum.h"
#include "proto/vrrp/test_bytes.h"

namespace hf::proto::vrrp {
namespace {

using testing::unhex;

constexpr IpAddress kVip = IpAddress::v4(198, 18, 0, 100);
constexpr IpAddress kSource = IpAddress::v4(198, 18, 0, 1);
constexpr IpAddress kSourceV6 = IpAddress::v6({0xfe80, 0, 0, 0, 0, 0, 0, 1});
constexpr IpAddress kVipV6 = IpAddress::v6({0xfe80, 0, 0, 0, 0, 0, 0, 0x100});
constexpr IpAddress kGlobalVipV6 = IpAddress::v6({0x2001, 0xdb8, 0, 0, 0, 0, 0, 0x100});
constexpr Route kRoute{kSource, kGroupV4};
constexpr Route kRouteV6{kSourceV6, kGroupV6};

// keepalived 2.2.7
constexpr const char* kV2Packet = "45c0002800010000ff70147fc6120001e0000012 213364010101ce6ec61200643939393939393939";
constexpr const char* kV3Packet = "45c0002000010000ff701487c6120001e0000012 313364010032fd7fc6120064";
constexpr const char* kV3 = "313364010032fd7fc6120064";
constexpr const char* kV3Plain = "313364010032a422c6120064";
constexpr const char* kV6 = "3133640200643dfd fe800000000000000000000000000100 20010db8000000000000000000000100";
// From the RFCs: priority 0, no authentication, two addresses.
constexpr const char* kV2Resign = "21ff0002000359f7 c0000201 c0000202 0000000000000000";
constexpr const char* kV6Owner = "3107ff010fffc34a fe800000000000000000000000000007";

Arrival arrival(const Route& route, std::uint8_t ttl = 255) { return {route.source, route.destination, ttl}; }

std::optional<Refusal> refusal(const Decoded& decoded) {
  const auto* refused = std::get_if<Refused>(&decoded);
  return refused == nullptr ? std::nullopt : std::optional(refused->reason);
}

/// `message` with the byte at `offset` replaced and the checksum right again (no pseudo header).
std::string with_byte(std::string message, std::size_t offset, std::uint8_t value) {
  message[offset] = static_cast<char>(value);
  store_be16(message, 6, 0);
  store_be16(message, 6, InternetChecksum().add(message).result());
  return message;
}

Advertisement v3_of_keepalived() {
  return {.version = Version::kV3, .vrid = 51, .priority = 100, .interval = Centis{50}, .addresses = {kVip}};
}
Advertisement v2_of_keepalived() {
  return {.version = Version::kV2,
          .vrid = 51,
          .priority = 100,
          .interval = Seconds{1},
          .addresses = {kVip},
          .auth = password_auth("99999999")};
}
Advertisement v6_of_keepalived() {
  return {.vrid = 51, .priority = 100, .interval = Centis{100}, .addresses = {kVipV6, kGlobalVipV6}};
}

TEST(Advertisement, Version2OfKeepalivedIsRead) {
  const Decoded decoded = decode_packet(unhex(kV2Packet));
  ASSERT_TRUE(std::holds_alternative<Received>(decoded));
  EXPECT_EQ(std::get<Received>(decoded), (Received{v2_of_keepalived(), kSource, kGroupV4, ChecksumDialect::kPlain}));
}

TEST(Advertisement, Version3OfKeepalivedIsRead) {
  const Decoded decoded = decode_packet(unhex(kV3Packet));
  ASSERT_TRUE(std::holds_alternative<Received>(decoded));
  EXPECT_EQ(std::get<Received>(decoded),
            (Received{v3_of_keepalived(), kSource, kGroupV4, ChecksumDialect::kPseudoHeader}));
}

TEST(Advertisement, Version3OverIpv6OfKeepalivedIsRead) {
  const Decoded decoded = decode(unhex(kV6), arrival(kRouteV6));
  ASSERT_TRUE(std::holds_alternative<Received>(decoded));
  EXPECT_EQ(std::get<Received>(decoded).advertisement, v6_of_keepalived());
}

TEST(Advertisement, IsWrittenAsKeepalivedDoes) {
  EXPECT_EQ(*encode(v3_of_keepalived(), kRoute), unhex(kV3));
  EXPECT_EQ(*encode(v2_of_keepalived(), kRoute), unhex(kV2Packet).substr(20));
  EXPECT_EQ(*encode(v6_of_keepalived(), kRouteV6), unhex(kV6));
}

TEST(Advertisement, PacketHasTtl255AndProtocol112AndTheRightLengthRfc5798Clause511) {
  // As keepalived's, but identification 0 where that one counts.
  EXPECT_EQ(*encode_packet(v3_of_keepalived(), kRoute), unhex("45c0002000000000ff701488c6120001e0000012") + unhex(kV3));
}

TEST(Advertisement, ByHandFromRfc3768Clause51IsReadAndWritten) {
  const Route route{IpAddress::v4(192, 0, 2, 9), kGroupV4};
  const Advertisement expected{.version = Version::kV2,
                               .vrid = 255,
                               .priority = kPriorityResign,
                               .interval = Seconds{3},
                               .addresses = {IpAddress::v4(192, 0, 2, 1), IpAddress::v4(192, 0, 2, 2)}};
  const Decoded decoded = decode(unhex(kV2Resign), arrival(route));
  ASSERT_TRUE(std::holds_alternative<Received>(decoded));
  EXPECT_EQ(std::get<Received>(decoded).advertisement, expected);
  EXPECT_EQ(*encode(expected, route), unhex(kV2Resign));
}

TEST(Advertisement, ByHandFromRfc5798Clause51IsReadAndWritten) {
  const Route route{IpAddress::v6({0xfe80, 0, 0, 0, 0, 0, 0, 7}), kGroupV6};
  const Advertisement expected{
      .vrid = 7, .priority = kPriorityOwner, .interval = Centis{4095}, .addresses = {route.source}};
  const Decoded decoded = decode(unhex(kV6Owner), arrival(route));
  ASSERT_TRUE(std::holds_alternative<Received>(decoded));
  EXPECT_EQ(std::get<Received>(decoded).advertisement, expected);
  EXPECT_EQ(*encode(expected, route), unhex(kV6Owner));
}

TEST(Advertisement, UnicastCountsTheRealDestinationInThePseudoHeaderRfc5798Clause528) {
  const Route route{IpAddress::v4(10, 0, 0, 8), IpAddress::v4(10, 0, 0, 9)};
  const Advertisement advertisement{
      .vrid = 1,
      .priority = 200,
      .interval = Centis{10},
      .addresses = {IpAddress::v4(10, 0, 0, 1), IpAddress::v4(10, 0, 0, 2), IpAddress::v4(10, 0, 0, 3)}};
  EXPECT_EQ(*encode(advertisement, route), unhex("3101c803000ad455 0a000001 0a000002 0a000003"));
  EXPECT_EQ(*encode(advertisement, route, ChecksumDialect::kPlain),
            unhex("3101c803000ae8ea 0a000001 0a000002 0a000003"));
}

TEST(Advertisement, BothDialectsOfRfc5798AndRfc9568AreAcceptedAndTold) {
  const Decoded with = decode(unhex(kV3), arrival(kRoute));
  const Decoded without = decode(unhex(kV3Plain), arrival(kRoute));
  EXPECT_EQ(std::get<Received>(with).dialect, ChecksumDialect::kPseudoHeader);
  EXPECT_EQ(std::get<Received>(without).dialect, ChecksumDialect::kPlain);
  EXPECT_EQ(std::get<Received>(with).advertisement, std::get<Received>(without).advertisement);
}

TEST(Advertisement, OneDialectCanBeAskedFor) {
  const ReceiveRules pseudo{.dialect = AcceptDialect::kPseudoHeaderOnly};
  const ReceiveRules plain{.dialect = AcceptDialect::kPlainOnly};
  EXPECT_EQ(refusal(decode(unhex(kV3Plain), arrival(kRoute), pseudo)), Refusal::kChecksum);
  EXPECT_EQ(refusal(decode(unhex(kV3), arrival(kRoute), plain)), Refusal::kChecksum);
  EXPECT_EQ(refusal(decode(unhex(kV3), arrival(kRoute), pseudo)), std::nullopt);
  EXPECT_EQ(refusal(decode(unhex(kV3Plain), arrival(kRoute), plain)), std::nullopt);
  // What has but one dialect is not concerned.
  EXPECT_EQ(refusal(decode_packet(unhex(kV2Packet), pseudo)), std::nullopt);
  EXPECT_EQ(refusal(decode(unhex(kV6), arrival(kRouteV6), plain)), std::nullopt);
}

TEST(Advertisement, TtlMustBe255Rfc5798Clause71) {
  EXPECT_EQ(refusal(decode(unhex(kV3), arrival(kRoute, 254))), Refusal::kTtl);
  EXPECT_EQ(refusal(decode(unhex(kV6), arrival(kRouteV6, 0))), Refusal::kTtl);
  EXPECT_EQ(refusal(decode(unhex(kV3), arrival(kRoute, 250), {.least_ttl = 250})), std::nullopt);
  EXPECT_EQ(refusal(decode(unhex(kV3), arrival(kRoute, 249), {.least_ttl = 250})), Refusal::kTtl);
}

TEST(Advertisement, VersionMustBe2Or3Rfc5798Clause71) {
  for (const std::uint8_t first : std::initializer_list<std::uint8_t>{0x01, 0x11, 0x41, 0xF1}) {
    EXPECT_EQ(refusal(decode(with_byte(unhex(kV3), 0, first), arrival(kRoute))), Refusal::kVersion) << int{first};
  }
}

TEST(Advertisement, Version2DoesNotTravelOverIpv6) {
  EXPECT_EQ(refusal(decode(with_byte(unhex(kV6), 0, 0x21), arrival(kRouteV6))), Refusal::kVersion);
}

TEST(Advertisement, UnknownTypesAreDiscardedRfc5798Clause522) {
  for (const std::uint8_t first : std::initializer_list<std::uint8_t>{0x30, 0x32, 0x3F, 0x20, 0x22}) {
    EXPECT_EQ(refusal(decode(with_byte(unhex(kV3), 0, first), arrival(kRoute))), Refusal::kType) << int{first};
  }
}

TEST(Advertisement, VridZeroIsRefusedRfc5798Clause523) {
  EXPECT_EQ(refusal(decode(with_byte(unhex(kV3), 1, 0), arrival(kRoute))), Refusal::kVrid);
}

TEST(Advertisement, TheCountMustFitTheLengthRfc5798Clause71) {
  for (const std::uint8_t count : std::initializer_list<std::uint8_t>{0, 2, 255}) {
    EXPECT_EQ(refusal(decode(with_byte(unhex(kV3), 3, count), arrival(kRoute))), Refusal::kCount) << int{count};
  }
  EXPECT_EQ(refusal(decode(unhex(kV3) + std::string(4, '\0'), arrival(kRoute))), Refusal::kCount);
  EXPECT_EQ(refusal(decode(unhex(kV3) + "x", arrival(kRoute))), Refusal::kLength);
}

TEST(Advertisement, Version3HasAtLeastOneAddressRfc5798Clause525) {
  EXPECT_EQ(refusal(decode(with_byte(unhex("3133640000320000"), 3, 0), arrival(kRoute))), Refusal::kCount);
}

TEST(Advertisement, IntervalZeroWouldMakeEveryBackupMasterAndIsRefused) {
  EXPECT_EQ(refusal(decode(with_byte(unhex(kV3), 5, 0), arrival(kRoute))), Refusal::kInterval);
  EXPECT_EQ(refusal(decode(with_byte(unhex(kV2Packet).substr(20), 5, 0), arrival(kRoute))), Refusal::kInterval);
}

TEST(Advertisement, ReservedBitsAreIgnoredRfc5798Clause526) {
  const Decoded decoded = decode(with_byte(unhex(kV3), 4, 0xF0), arrival(kRoute));
  ASSERT_TRUE(std::holds_alternative<Received>(decoded));
  EXPECT_EQ(std::get<Received>(decoded).advertisement.interval, Centis{50});
}

TEST(Advertisement, AnotherPairOfAddressesBreaksThePseudoHeadersChecksumRfc5798Clause528) {
  const ReceiveRules rules{.dialect = AcceptDialect::kPseudoHeaderOnly};
  const Route other{IpAddress::v4(198, 18, 0, 2), kGroupV4};
  EXPECT_EQ(refusal(decode(unhex(kV3), arrival(other), rules)), Refusal::kChecksum);
  EXPECT_EQ(refusal(decode(unhex(kV6), arrival({kVipV6, kGroupV6}))), Refusal::kChecksum);
}

TEST(Advertisement, ACarpMessageIsNamedAsSuch) {
  // Version 2, type 1, vhid 51, skew 100, 7 words of authentication: 36 bytes in all.
  const std::string carp = unhex("2133640700010000") + std::string(28, '\x5a');
  EXPECT_EQ(refusal(decode(with_byte(carp, 1, 51), arrival(kRoute))), Refusal::kCarp);
}

TEST(Advertisement, RefusalTellsWhoseItWasWhereThatCouldBeRead) {
  const Decoded decoded = decode(unhex(kV3), arrival(kRoute, 1));
  EXPECT_EQ(std::get<Refused>(decoded), (Refused{Refusal::kTtl, 51}));
  EXPECT_EQ(std::get<Refused>(decode(unhex("31"), arrival(kRoute))), (Refused{Refusal::kLength, std::nullopt}));
}

TEST(Advertisement, PacketOfAnotherProtocolIsRefused) {
  std::string packet = unhex(kV3Packet);
  packet[9] = 17;
  store_be16(packet, 10, 0);
  store_be16(packet, 10, InternetChecksum().add(ByteView(packet).substr(0, 20)).result());
  EXPECT_EQ(refusal(decode_packet(packet)), Refusal::kIpHeader);
}

TEST(Advertisement, FamiliesOfSourceAndDestinationMustBeOne) {
  EXPECT_EQ(refusal(decode(unhex(kV3), arrival({kSource, kGroupV6}))), Refusal::kIpHeader);
}

TEST(Advertisement, EthernetPaddingBehindThePacketIsNoHarm) {
  EXPECT_EQ(refusal(decode_packet(unhex(kV3Packet) + std::string(14, '\0'))), std::nullopt);
}

TEST(Advertisement, EveryTruncationIsRefused) {
  for (const char* packet : {kV2Packet, kV3Packet}) {
    testing::for_every_truncation(unhex(packet), [](ByteView bytes) { EXPECT_TRUE(refusal(decode_packet(bytes))); });
  }
  for (const char* message : {kV3, kV2Resign}) {
    testing::for_every_truncation(unhex(message),
                                  [](ByteView bytes) { EXPECT_TRUE(refusal(decode(bytes, arrival(kRoute)))); });
  }
  testing::for_every_truncation(unhex(kV6),
                                [](ByteView bytes) { EXPECT_TRUE(refusal(decode(bytes, arrival(kRouteV6)))); });
}

TEST(Advertisement, EveryChangedByteIsRefused) {
  const ReceiveRules rules{.dialect = AcceptDialect::kPseudoHeaderOnly};
  for (const char* packet : {kV2Packet, kV3Packet}) {
    testing::for_every_changed_byte(unhex(packet), [&rules](ByteView bytes, std::size_t offset) {
      EXPECT_TRUE(refusal(decode_packet(bytes, rules))) << offset;
    });
  }
  testing::for_every_changed_byte(unhex(kV6), [](ByteView bytes, std::size_t offset) {
    EXPECT_TRUE(refusal(decode(bytes, arrival(kRouteV6)))) << offset;
  });
}

IpAddress random_address(Random& random, IpFamily family) {
  std::string bytes;
  append_be(bytes, random.next(), 8);
  append_be(bytes, random.next(), 8);
  return *IpAddress::from_bytes(ByteView(bytes).substr(0, address_size(family)));
}

Advertisement random_advertisement(Random& random, IpFamily family) {
  Advertisement out;
  out.version = family == IpFamily::kIpv4 && random.below(2) == 0 ? Version::kV2 : Version::kV3;
  out.vrid = static_cast<std::uint8_t>(1 + random.below(255));
  out.priority = static_cast<std::uint8_t>(random.below(256));
  const std::size_t least = out.version == Version::kV3 ? 1 : 0;
  const std::size_t count = random.below(8) == 0 ? 255 : least + random.below(6);
  for (std::size_t i = 0; i < count; ++i) out.addresses.push_back(random_address(random, family));
  if (out.version == Version::kV3) {
    out.interval = Centis{static_cast<std::int64_t>(1 + random.below(4095))};
    return out;
  }
  out.interval = Seconds{static_cast<std::int64_t>(1 + random.below(255))};
  out.auth.type = static_cast<AuthType>(random.below(3));
  for (char& c : out.auth.data) c = static_cast<char>(random.below(256));
  return out;
}

TEST(Advertisement, DecodeOfEncodeIsTheSameValue) {
  Random random(112);
  for (int round = 0; round < 4000; ++round) {
    const IpFamily family = random.below(2) == 0 ? IpFamily::kIpv4 : IpFamily::kIpv6;
    const Advertisement advertisement = random_advertisement(random, family);
    const Route route{random_address(random, family), random_address(random, family)};
    const auto dialect = random.below(2) == 0 ? ChecksumDialect::kPseudoHeader : ChecksumDialect::kPlain;
    const Result<std::string> packet = encode_packet(advertisement, route, dialect);
    ASSERT_TRUE(packet.ok());
    EXPECT_EQ(packet->size(),
              packet_size(advertisement.version, route.source.family(), advertisement.addresses.size()));
    ASSERT_TRUE(packet.ok()) << packet.error().context;
    const Decoded decoded = decode_packet(*packet);
    ASSERT_TRUE(std::holds_alternative<Received>(decoded)) << explain(std::get<Refused>(decoded).reason);
    const Received& received = std::get<Received>(decoded);
    EXPECT_EQ(received.advertisement, advertisement);
    EXPECT_EQ(received.source, route.source);
    EXPECT_EQ(received.destination, route.destination);
  }
}

TEST(Advertisement, RandomBytesBehindAGoodHeaderNeverDecodeToNonsense) {
  Random random(7);
  for (int round = 0; round < 20000; ++round) {
    std::string message(random.below(80), '\0');
    for (char& c : message) c = static_cast<char>(random.below(256));
    if (message.size() >= 8) {
      message[0] = random.below(2) == 0 ? '\x31' : '\x21';
      message = with_byte(message, 3, static_cast<std::uint8_t>(random.below(20)));
    }
    const Decoded decoded = decode(message, arrival(kRoute));
    const auto* received = std::get_if<Received>(&decoded);
    if (received == nullptr) continue;
    const Advertisement& advertisement = received->advertisement;
    EXPECT_GE(advertisement.vrid, 1);
    EXPECT_GT(advertisement.interval, Centis{0});
    EXPECT_EQ(advertisement.addresses.size(), static_cast<std::uint8_t>(message[3]));
  }
}

TEST(Advertisement, WhatTheVersionCannotSayIsNotWritten) {
  const auto refused = [](Advertisement advertisement, const Route& route = kRoute) {
    const Result<std::string> bytes = encode(advertisement, route);
    return !bytes.ok() && bytes.error().code == ErrorCode::kInvalidArgument;
  };
  Advertisement a = v3_of_keepalived();
  a.vrid = 0;
  EXPECT_TRUE(refused(a));
  for (const Centis interval : {Centis{0}, Centis{4096}, Centis{-1}}) {
    a = v3_of_keepalived();
    a.interval = interval;
    EXPECT_TRUE(refused(a)) << interval.count();
  }
  for (const Centis interval : {Centis{0}, Centis{50}, Centis{150}, Centis{25600}, Centis{-100}}) {
    a = v2_of_keepalived();
    a.interval = interval;
    EXPECT_TRUE(refused(a)) << interval.count();
  }
  a = v3_of_keepalived();
  a.addresses.clear();
  EXPECT_TRUE(refused(a));
  a.addresses.assign(256, kVip);
  EXPECT_TRUE(refused(a));
  a.addresses = {kVip, kVipV6};
  EXPECT_TRUE(refused(a));
  a = v3_of_keepalived();
  a.auth = password_auth("x");
  EXPECT_TRUE(refused(a));
  EXPECT_TRUE(refused(v3_of_keepalived(), Route{kSource, kGroupV6}));
  a = v6_of_keepalived();
  a.version = Version::kV2;
  EXPECT_TRUE(refused(a, kRouteV6));
}

TEST(CheckAuth, TypeAndDataMustBeOursRfc2338Clause71) {
  const Advertisement advertisement = v2_of_keepalived();
  EXPECT_EQ(check_auth(advertisement, password_auth("99999999")), std::nullopt);
  EXPECT_EQ(check_auth(advertisement, password_auth("9999999")), Refusal::kAuthData);
  EXPECT_EQ(check_auth(advertisement, Auth{}), Refusal::kAuthType);
  Advertisement open = advertisement;
  open.auth = Auth{};
  EXPECT_EQ(check_auth(open, password_auth("99999999")), Refusal::kAuthType);
  EXPECT_EQ(check_auth(open, Auth{}), std::nullopt);
}

TEST(CheckAuth, DataWithoutATypeIsIgnoredRfc3768Clause5310) {
  Advertisement advertisement = v2_of_keepalived();
  advertisement.auth.type = AuthType::kNone;
  EXPECT_EQ(check_auth(advertisement, Auth{}), std::nullopt);
}

TEST(CheckAuth, AuthenticationHeaderGoesByItsTypeAlone) {
  Advertisement advertisement = v2_of_keepalived();
  const Auth expected{.type = AuthType::kAuthenticationHeader};
  EXPECT_EQ(check_auth(advertisement, expected), Refusal::kAuthType);
  advertisement.auth.type = AuthType::kAuthenticationHeader;
  EXPECT_EQ(check_auth(advertisement, expected), std::nullopt);
  EXPECT_EQ(check_auth(advertisement, Auth{}), Refusal::kAuthType);
}

TEST(CheckAuth, PasswordsAreCutToEightBytesAndPaddedWithZeros) {
  EXPECT_EQ(password_auth("123456789"), password_auth("12345678"));
  EXPECT_EQ(password_auth("ab").data, (std::array<char, 8>{'a', 'b'}));
  EXPECT_NE(password_auth(""), Auth{});
}

TEST(Refusal, EveryReasonHasAWordAndASentenceOfItsOwn) {
  std::set<std::string_view> names;
  std::set<std::string_view> sentences;
  for (std::size_t i = 0; i < kRefusals; ++i) {
    names.insert(to_string(static_cast<Refusal>(i)));
    sentences.insert(explain(static_cast<Refusal>(i)));
  }
  EXPECT_EQ(names.size(), kRefusals);
  EXPECT_EQ(sentences.size(), kRefusals);
  EXPECT_FALSE(names.contains("unknown"));
  EXPECT_EQ(to_string(static_cast<Refusal>(kRefusals)), "unknown");
}

TEST(VirtualMac, IsThatOfRfc5798Clause73) {
  EXPECT_EQ(virtual_mac(IpFamily::kIpv4, 51), (std::array<std::uint8_t, 6>{0, 0, 0x5e, 0, 1, 51}));
  EXPECT_EQ(virtual_mac(IpFamily::kIpv6, 255), (std::array<std::uint8_t, 6>{0, 0, 0x5e, 0, 2, 255}));
}

}  // namespace
}  // namespace hf::proto::vrrp
