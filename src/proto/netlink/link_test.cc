// Bytes of the kernel: Linux 6.18 on a little-endian machine, attributes of no concern cut out.
#include "proto/netlink/link.h"

#include <gtest/gtest.h>

#include "proto/vrrp/test_bytes.h"

namespace hf::proto::netlink {
namespace {

using vrrp::testing::unhex;

constexpr const char* kBody =
    "000001000300000043100100 00000000 0700030076610000 08000d00e8030000 0500100006000000 08000400dc050000"
    "0a00010002000000000100000a000200ffffffffffff0000 04004180";

Result<Link> read(const std::string& body, MessageType type = kNewLink) {
  return decode_link(Message{.type = type, .body = body});
}

TEST(ListLinks, AsksForADump) {
  EXPECT_EQ(list_links(1), unhex("20000000 1200 0103 0100000000000000 00000000000000000000000000000000"));
}

TEST(DecodeLink, OfAnEthernetThatIsUp) {
  const auto link = read(unhex(kBody));
  ASSERT_TRUE(link.ok()) << link.error().context;
  EXPECT_EQ(*link, (Link{.index = 3,
                         .hardware_type = 1,
                         .flags = kLinkUp | kLinkRunning | kLinkMulticast | kLinkLowerUp | 0x2,
                         .name = "va",
                         .mtu = 1500,
                         .state = OperationalState::kUp,
                         .mac = std::array<std::uint8_t, 6>{2, 0, 0, 0, 0, 1}}));
  EXPECT_TRUE(link->can_carry());
}

TEST(DecodeLink, CarriesOnlyWhenUpAndWithCarrier) {
  EXPECT_FALSE((Link{.flags = kLinkUp}).can_carry());
  EXPECT_FALSE((Link{.flags = kLinkLowerUp}).can_carry());
  EXPECT_TRUE((Link{.flags = kLinkUp | kLinkLowerUp}).can_carry());
}

TEST(DecodeLink, ARemovedOneIsReadAlike) { EXPECT_EQ(*read(unhex(kBody), kDelLink), *read(unhex(kBody))); }

TEST(DecodeLink, AnAddressThatIsNoMacIsLeftOut) {
  const auto link = read(unhex("00000003090000008000000000000000 0900030074756e3000000000 08000100c6120001"));
  ASSERT_TRUE(link.ok());
  EXPECT_EQ(link->name, "tun0");
  EXPECT_FALSE(link->mac);
}

TEST(DecodeLink, AboutABridgePortIsToBeSkipped) {
  std::string body = unhex(kBody);
  body[0] = 7;  // AF_BRIDGE
  EXPECT_EQ(read(body).error().code, ErrorCode::kUnsupported);
}

TEST(DecodeLink, MalformedMessagesAreRefused) {
  for (const char* body : {"000001000300000043100100",                                                    // too short
                           "00000100030000004310010000000000",                                            // no name
                           "00000100000000004310010000000000 0700030076610000",                           // index 0
                           "00000100ffffffff4310010000000000 0700030076610000",                           // index -1
                           "00000100030000004310010000000000 05000300 00000000",                          // empty name
                           "00000100030000004310010000000000 14000300 61616161616161616161616161616161",  // 16 bytes
                           "00000100030000004310010000000000 0700030076610000 06000400dc050000",          // half an MTU
                           "00000100030000004310010000000000 0700030076610000 04001000",                  // no state
                           "00000100030000004310010000000000 0700030076610000 ffff0400"}) {  // past the end
    const auto link = read(unhex(body));
    ASSERT_FALSE(link.ok()) << body;
    EXPECT_EQ(link.error().code, ErrorCode::kProtocol) << body;
  }
  EXPECT_FALSE(read(unhex(kBody), kNewAddress).ok());
}

TEST(DecodeLink, EveryTruncatedOrChangedBodyIsReadInsideItsBounds) {
  vrrp::testing::for_every_truncation(unhex(kBody), [](ByteView body) {
    const auto link = decode_link(Message{.type = kNewLink, .body = body});
    if (link.ok()) {
      EXPECT_EQ(link->name, "va");
    }
  });
  vrrp::testing::for_every_changed_byte(unhex(kBody), [](ByteView body, std::size_t) {
    const auto link = decode_link(Message{.type = kNewLink, .body = body});
    if (link.ok()) {
      EXPECT_TRUE(!link->name.empty() && link->name.size() <= 15);
    }
  });
}

}  // namespace
}  // namespace hf::proto::netlink
