// Bytes: written by hand from the layout; the HMAC was computed by Python's hashlib and hmac.
#include "proto/heartbeat/heartbeat.h"

#include <gtest/gtest.h>

#include "proto/vrrp/internet_checksum.h"
#include "proto/vrrp/test_bytes.h"

namespace hf::proto::heartbeat {
namespace {

using vrrp::testing::unhex;

constexpr ByteView kKey = "between us";

Heartbeat example() {
  return {.router_id = 51,
          .priority = 100,
          .master = true,
          .interval = 100ms,
          .source = IpAddress::v4(198, 18, 0, 1),
          .addresses = {IpAddress::v4(198, 18, 0, 100), IpAddress::v4(198, 18, 0, 101)},
          .boot_id = 0x0102030405060708,
          .sequence = 9};
}
Heartbeat example_v6() {
  Heartbeat out = example();
  out.master = false;
  out.source = IpAddress::v6({0xfe80, 0, 0, 0, 0, 0, 0, 1});
  out.addresses = {IpAddress::v6({0xfd00, 0, 0, 0, 0, 0, 0, 0x100})};
  return out;
}
const char* kExample =
    "48464842 01 01 33 64 0000000005f5e100 0102030405060708 0000000000000009 04 02 0000 c6120001 c6120064 c6120065"
    "f066e29527deec3c1feb74d92aac439c06d3e4bb1c22db8b8f7b77a2bfb69a67";

Refusal refusal(const std::variant<Heartbeat, Refusal>& decoded) {
  EXPECT_TRUE(std::holds_alternative<Refusal>(decoded));
  return std::get<Refusal>(decoded);
}

TEST(Heartbeat, IsTheBytesOfTheLayout) { EXPECT_EQ(*encode(example(), kKey), unhex(kExample)); }

TEST(Heartbeat, IsReadAsItWasWritten) {
  Heartbeat none = example();
  none.addresses.clear();
  Heartbeat most = example_v6();
  most.addresses.assign(kMostAddresses, most.addresses.front());
  for (const Heartbeat& one : {example(), example_v6(), none, most}) {
    for (const ByteView key :
         {ByteView(""), kKey, ByteView("a key that is longer than one block of SHA-256, which is 64 bytes")}) {
      const std::string bytes = *encode(one, key);
      EXPECT_LE(bytes.size(), kLongestHeartbeat);
      const auto read = decode(bytes, key);
      ASSERT_TRUE(std::holds_alternative<Heartbeat>(read));
      EXPECT_EQ(std::get<Heartbeat>(read), one);
    }
  }
  EXPECT_EQ(encode(most, kKey)->size(), kLongestHeartbeat);
}

TEST(Heartbeat, OfAnotherKeyOrOfNoneIsRefusedAsSuch) {
  EXPECT_EQ(refusal(decode(*encode(example(), "other"), kKey)), Refusal::kKey);
  EXPECT_EQ(refusal(decode(*encode(example(), ""), kKey)), Refusal::kKey);
  EXPECT_EQ(refusal(decode(*encode(example(), kKey), "")), Refusal::kKey);
  EXPECT_EQ(to_string(Refusal::kKey), "key");
}

TEST(Heartbeat, AnyChangedByteIsRefused) {
  vrrp::testing::for_every_changed_byte(*encode(example(), kKey), [](ByteView bytes, std::size_t at) {
    EXPECT_TRUE(std::holds_alternative<Refusal>(decode(bytes, kKey))) << at;
  });
}

TEST(Heartbeat, EveryTruncationAndEveryAddedByteIsMalformed) {
  const std::string whole = *encode(example(), kKey);
  vrrp::testing::for_every_truncation(
      whole, [](ByteView bytes) { EXPECT_EQ(refusal(decode(bytes, kKey)), Refusal::kMalformed) << bytes.size(); });
  EXPECT_EQ(refusal(decode(whole + '\0', kKey)), Refusal::kMalformed);
  EXPECT_EQ(to_string(Refusal::kMalformed), "malformed");
}

TEST(Heartbeat, EncodeRefusesWhatDecodeWould) {
  Heartbeat wrong = example();
  wrong.router_id = 0;
  EXPECT_FALSE(encode(wrong, kKey).ok());
  wrong = example();
  wrong.interval = 0ms;
  EXPECT_FALSE(encode(wrong, kKey).ok());
  wrong.interval = 256s;
  EXPECT_FALSE(encode(wrong, kKey).ok());
  wrong = example();
  wrong.addresses.push_back(example_v6().source);
  EXPECT_FALSE(encode(wrong, kKey).ok());
  wrong = example();
  wrong.addresses.assign(kMostAddresses + 1, wrong.source);
  EXPECT_FALSE(encode(wrong, kKey).ok());
}

TEST(Heartbeat, TheRouterIsToldBeforeTheKeyIsTried) {
  EXPECT_EQ(claimed_router_id(*encode(example(), kKey)), 51);
  EXPECT_EQ(claimed_router_id("HFHB"), std::nullopt);
  EXPECT_EQ(claimed_router_id(std::string(100, 'x')), std::nullopt);
}

Heartbeat from(std::uint64_t boot_id, std::uint64_t sequence, std::uint8_t node = 1) {
  Heartbeat out = example();
  out.source = IpAddress::v4(198, 18, 0, node);
  out.boot_id = boot_id;
  out.sequence = sequence;
  return out;
}

TEST(ReplayWindow, TakesEachOnceAndNoneThatIsOlder) {
  ReplayWindow window;
  EXPECT_TRUE(window.accept(from(7, 1)));
  EXPECT_FALSE(window.accept(from(7, 1)));
  EXPECT_TRUE(window.accept(from(7, 5)));
  EXPECT_FALSE(window.accept(from(7, 4)));
  EXPECT_TRUE(window.accept(from(7, 6)));
}

TEST(ReplayWindow, ANewLifeIsHeardAtOnceAndTheOldOneCannotBePlayedAgain) {
  ReplayWindow window;
  EXPECT_TRUE(window.accept(from(7, 100)));
  EXPECT_TRUE(window.accept(from(8, 1)));
  for (std::uint64_t sequence = 1; sequence <= 100; ++sequence) EXPECT_FALSE(window.accept(from(7, sequence)));
  EXPECT_TRUE(window.accept(from(8, 2)));
}

TEST(ReplayWindow, EightEarlierLivesAreRemembered) {
  ReplayWindow window;
  for (std::uint64_t life = 1; life <= 9; ++life) EXPECT_TRUE(window.accept(from(life, 10)));
  for (std::uint64_t life = 1; life <= 9; ++life) EXPECT_FALSE(window.accept(from(life, 10))) << life;
}

TEST(ReplayWindow, APlayedForgottenLifeNeverSilencesTheTrueSender) {
  ReplayWindow window;
  std::uint64_t sequence = 0;
  for (std::uint64_t recorded = 100; recorded < 200; ++recorded) {
    EXPECT_TRUE(window.accept(from(7, ++sequence)));
    EXPECT_TRUE(window.accept(from(recorded, 1)));  // a life that this window never saw
  }
  EXPECT_TRUE(window.accept(from(7, ++sequence)));
  EXPECT_FALSE(window.accept(from(7, sequence)));
}

TEST(ReplayWindow, SourcesAreApartAndBounded) {
  ReplayWindow window;
  for (std::uint8_t node = 1; node <= ReplayWindow::kMostSources; ++node) EXPECT_TRUE(window.accept(from(7, 5, node)));
  for (std::uint8_t node = 1; node <= ReplayWindow::kMostSources; ++node) EXPECT_FALSE(window.accept(from(7, 5, node)));
  EXPECT_TRUE(window.accept(from(7, 5, 200)));  // node 1 is forgotten for it
  EXPECT_FALSE(window.accept(from(7, 5, 2)));
  EXPECT_TRUE(window.accept(from(7, 5, 1)));
}

}  // namespace
}  // namespace hf::proto::heartbeat
