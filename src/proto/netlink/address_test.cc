// Bytes of the kernel: Linux 6.18 on a little-endian machine. That kernel also took the requests that are written here.
#include "proto/netlink/address.h"

#include <gtest/gtest.h>

#include <vector>

#include "base/random.h"
#include "proto/vrrp/test_bytes.h"

namespace hf::proto::netlink {
namespace {

using vrrp::testing::unhex;

// A dump's answers: 127.0.0.1 on lo; the VIP after a replace with 3 s, preferred 0; an IPv6 VIP; a link-local address.
constexpr const char* kDumpV4 =
    "4c0000001400020007000000473c0000 020880fe01000000 080001007f000001 080002007f000001 070003006c6f0000"
    "0800080080000000 14000600ffffffffffffffffa1b70c00a1b70c00"
    "580000001400020007000000473c0000 0218200003000000 08000100c6120064 08000200c6120064 08000400c61200ff"
    "0b00030076613a7669700000 0800080020020000 14000600 00000000 03000000 a4b70c00a4b70c00";
constexpr const char* kDumpV6 =
    "480000001400020007000000473c0000 0a40020003000000 1400010020010db8000000000000000000000100"
    "14000600 01000000 02000000 a4b70c00a4b70c00 0800080002020000"
    "500000001400020007000000473c0000 0a40c0fd03000000 14000100fe80000000000000000000fffe000001"
    "14000600ffffffffffffffffa3b70c00a3b70c00 08000800c0000000 05000b0003000000";

InterfaceAddress vip() {
  return {.interface_index = 3,
          .address = IpAddress::v4(198, 18, 0, 100),
          .prefix_length = 24,
          .flags = kNoPrefixRoute,
          .broadcast = IpAddress::v4(198, 18, 0, 255),
          .label = "va:vip",
          .lifetime = Lifetime{Seconds{2}, Seconds{2}}};
}
InterfaceAddress vip_v6() {
  return {.interface_index = 3,
          .address = IpAddress::v6({0x2001, 0xdb8, 0, 0, 0, 0, 0, 0x100}),
          .prefix_length = 64,
          .flags = kNoDad | kNoPrefixRoute,
          .lifetime = Lifetime{Seconds{2}, Seconds{1}}};
}

Result<InterfaceAddress> read(const std::string& datagram, std::size_t index = 0) {
  const auto messages = split(datagram);
  HF_CHECK(messages.ok() && messages->size() > index);
  return decode_address((*messages)[index]);
}

TEST(AddAddress, IsTheBytesThatTheKernelTook) {
  EXPECT_EQ(
      *add_address(vip(), IfPresent::kRefuse, 3),
      unhex("58000000 1400 0506 0300000000000000 0218000003000000 08000200c6120064 08000100c6120064"
            "0b00030076613a7669700000 0800080000020000 08000400c61200ff 14000600 02000000 02000000 0000000000000000"));
}

TEST(AddAddress, ReplacingDiffersInTheFlagsOnly) {
  std::string refuse = *add_address(vip(), IfPresent::kRefuse, 3);
  const std::string replace = *add_address(vip(), IfPresent::kReplace, 3);
  EXPECT_EQ(load_native<std::uint16_t>(refuse, 6), kFlagRequest | kFlagAck | kFlagCreate | kFlagExclusive);
  EXPECT_EQ(load_native<std::uint16_t>(replace, 6), kFlagRequest | kFlagAck | kFlagCreate | kFlagReplace);
  refuse.replace(6, 2, replace.substr(6, 2));
  EXPECT_EQ(refuse, replace);
}

TEST(AddAddress, IsReadAsItWasWritten) {
  InterfaceAddress peer = vip();
  peer.peer = IpAddress::v4(198, 18, 0, 101);
  peer.lifetime.reset();
  peer.scope = Scope::kLink;
  for (const InterfaceAddress& address : {vip(), vip_v6(), peer}) {
    const auto again = read(*add_address(address, IfPresent::kReplace, 1));
    ASSERT_TRUE(again.ok()) << again.error().context;
    EXPECT_EQ(*again, address);
  }
}

TEST(AddAddress, WhatTheKernelWouldNotTakeIsRefusedWithAReason) {
  std::vector<InterfaceAddress> wrong(12, vip());
  wrong[0].interface_index = 0;
  wrong[1].prefix_length = 33;
  wrong[2].peer = vip_v6().address;
  wrong[3].label = "0123456789abcdef";
  wrong[4].label = std::string("a\0b", 3);
  wrong[5] = vip_v6();
  wrong[5].label = "va:vip";
  wrong[6] = vip_v6();
  wrong[6].broadcast = vip().broadcast;
  wrong[7].broadcast = vip_v6().address;
  wrong[8].lifetime = Lifetime{Seconds{0}, Seconds{0}};
  wrong[9].lifetime = Lifetime{Seconds{2}, Seconds{3}};
  wrong[10].lifetime = Lifetime{Seconds{0xFFFF'FFFF}, Seconds{1}};
  wrong[11].peer = vip().address;
  for (std::size_t i = 0; i < wrong.size(); ++i) {
    const auto bytes = add_address(wrong[i], IfPresent::kReplace, 1);
    ASSERT_FALSE(bytes.ok()) << i;
    EXPECT_EQ(bytes.error().code, ErrorCode::kInvalidArgument) << i;
  }
}

TEST(RemoveAddress, NamesAddressPrefixInterfaceAndLabel) {
  EXPECT_EQ(*remove_address(vip(), 9),
            unhex("34000000 1500 0500 0900000000000000 0218000003000000 08000200c6120064 08000100c6120064"
                  "0b00030076613a7669700000"));
  InterfaceAddress nowhere = vip();
  nowhere.interface_index = 0;
  EXPECT_FALSE(remove_address(nowhere, 9).ok());
}

TEST(ListAddresses, AsksForADumpOfOneFamilyOrBoth) {
  EXPECT_EQ(list_addresses(std::nullopt, 7), unhex("18000000 1600 0103 0700000000000000 0000000000000000"));
  EXPECT_EQ(list_addresses(IpFamily::kIpv4, 7), unhex("18000000 1600 0103 0700000000000000 0200000000000000"));
  EXPECT_EQ(list_addresses(IpFamily::kIpv6, 7), unhex("18000000 1600 0103 0700000000000000 0a00000000000000"));
}

TEST(DecodeAddress, OfAKernelsIpv4Dump) {
  const auto loopback = read(unhex(kDumpV4), 0);
  ASSERT_TRUE(loopback.ok());
  EXPECT_EQ(*loopback, (InterfaceAddress{.interface_index = 1,
                                         .address = IpAddress::v4(127, 0, 0, 1),
                                         .prefix_length = 8,
                                         .scope = Scope::kHost,
                                         .flags = kPermanent,
                                         .label = "lo"}));
  InterfaceAddress expected = vip();
  expected.flags = kNoPrefixRoute | kDeprecated;
  expected.lifetime = Lifetime{Seconds{3}, Seconds{0}};
  EXPECT_EQ(*read(unhex(kDumpV4), 1), expected);
}

TEST(DecodeAddress, OfAKernelsIpv6Dump) {
  EXPECT_EQ(*read(unhex(kDumpV6), 0), vip_v6());
  const auto link_local = read(unhex(kDumpV6), 1);
  ASSERT_TRUE(link_local.ok());
  EXPECT_EQ(link_local->address.to_string(), "fe80::ff:fe00:1");
  EXPECT_EQ(link_local->scope, Scope::kLink);
  EXPECT_EQ(link_local->flags, kTentative | kPermanent);
  EXPECT_FALSE(link_local->lifetime);
}

TEST(DecodeAddress, LocalIsOursAndAddressIsThePeersOnPointToPoint) {
  const auto address =
      read(unhex("28000000140000000000000000000000 0220000005000000 08000100c6120002 08000200c6120001"));
  ASSERT_TRUE(address.ok());
  EXPECT_EQ(address->address, IpAddress::v4(198, 18, 0, 1));
  EXPECT_EQ(address->peer, IpAddress::v4(198, 18, 0, 2));
}

TEST(DecodeAddress, OfAnotherFamilyIsToBeSkipped) {
  EXPECT_EQ(read(unhex("18000000140000000000000000000000 0710000005000000")).error().code, ErrorCode::kUnsupported);
}

TEST(DecodeAddress, MalformedMessagesAreRefused) {
  for (const char* body : {"02180000030000",                                         // body too short
                           "0218000003000000",                                       // no address
                           "0221000003000000 08000100c6120064",                      // prefix 33
                           "0218000003000000 0700010061626300",                      // 3 bytes of address
                           "0a40000003000000 08000100c6120064",                      // IPv4 in an IPv6 message
                           "0218000003000000 08000100c6120064 0600080000020000",     // half of the flags
                           "0218000003000000 08000100c6120064 0800060000000000",     // lifetime too short
                           "0218000003000000 08000100c6120064 ff00040000000000",     // attribute past the end
                           "0218000003000000 08000100c6120064 0000040000000000"}) {  // attribute of length 0
    const std::string bytes = unhex(body);
    const auto address = decode_address(Message{.type = kNewAddress, .body = bytes});
    ASSERT_FALSE(address.ok()) << body;
    EXPECT_EQ(address.error().code, ErrorCode::kProtocol) << body;
  }
  EXPECT_FALSE(decode_address(Message{.type = kNewLink}).ok());
}

TEST(DecodeAddress, EveryTruncatedBodyIsReadInsideItsBounds) {
  const std::string datagram = unhex(kDumpV4);
  const auto messages = split(datagram);
  vrrp::testing::for_every_truncation((*messages)[1].body, [](ByteView body) {
    const auto address = decode_address(Message{.type = kNewAddress, .body = body});
    if (address.ok()) { EXPECT_EQ(address->address, vip().address); }
  });
}

TEST(DecodeAddress, EveryChangedByteGivesAValueOrAnError) {
  const std::string datagram = unhex(kDumpV6);
  const auto messages = split(datagram);
  vrrp::testing::for_every_changed_byte((*messages)[0].body, [](ByteView body, std::size_t) {
    const auto address = decode_address(Message{.type = kDelAddress, .body = body});
    if (address.ok()) { EXPECT_LE(address->prefix_length, address_size(address->address.family()) * 8); }
  });
}

}  // namespace
}  // namespace hf::proto::netlink
