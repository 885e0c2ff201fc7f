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
    if (link.ok()) { EXPECT_EQ(link->name, "va"); }
  });
  vrrp::testing::for_every_changed_byte(unhex(kBody), [](ByteView body, std::size_t) {
    const auto link = decode_link(Message{.type = kNewLink, .body = body});
    if (link.ok()) { EXPECT_TRUE(!link->name.empty() && link->name.size() <= 15); }
  });
}

constexpr std::array<std::uint8_t, 6> kVirtualMac = {0x00, 0x00, 0x5e, 0x00, 0x01, 0x33};

TEST(AddMacvlan, IsTheBytesThatLinuxTakes) {
  const auto request = add_macvlan({.name = "vrrp.51", .parent = 3, .mac = kVirtualMac}, 7);
  ASSERT_TRUE(request.ok()) << request.error().context;
  EXPECT_EQ(*request, unhex("5c000000 1000 0506 07000000 00000000"
                            "00000000 00000000 00000000 00000000"
                            "0a000100 00005e000133 0000"
                            "0c000300 767272702e353100"
                            "08000500 03000000"
                            "1c001280 0b000100 6d6163766c616e00 0c000280 08000100 04000000"));
}

TEST(AddMacvlan, IsReadAsTheLinkThatWasAskedFor) {
  const auto request = add_macvlan({.name = "vrrp.51", .parent = 3, .mac = kVirtualMac}, 7);
  std::string body(split(*request)->front().body);
  body[4] = 9;  // the index, which the kernel chooses
  const auto link = read(body);
  ASSERT_TRUE(link.ok()) << link.error().context;
  EXPECT_EQ(*link, (Link{.index = 9, .name = "vrrp.51", .mac = kVirtualMac, .parent = 3, .kind = "macvlan"}));
}

TEST(AddMacvlan, RefusesWhatCannotBeAnInterface) {
  for (const char* name : {"", "..", "a/b", "a b", "abcdefghijklmnop"}) {
    EXPECT_EQ(add_macvlan({.name = name, .parent = 3, .mac = kVirtualMac}, 7).error().code, ErrorCode::kInvalidArgument)
        << name;
  }
  EXPECT_EQ(add_macvlan({.name = "vrrp.51", .parent = 0, .mac = kVirtualMac}, 7).error().code,
            ErrorCode::kInvalidArgument);
}

TEST(SwitchLink, ChangesTheOneFlag) {
  EXPECT_EQ(switch_link(3, LinkSwitch::kOn, 8), unhex("20000000 1000 0500 08000000 00000000"
                                                      "00000000 03000000 01000000 01000000"));
  EXPECT_EQ(switch_link(3, LinkSwitch::kOff, 8), unhex("20000000 1000 0500 08000000 00000000"
                                                       "00000000 03000000 00000000 01000000"));
}

TEST(RemoveLink, NamesTheIndex) {
  EXPECT_EQ(remove_link(3, 9), unhex("20000000 1100 0500 09000000 00000000"
                                     "00000000 03000000 00000000 00000000"));
}

}  // namespace
}  // namespace hf::proto::netlink
