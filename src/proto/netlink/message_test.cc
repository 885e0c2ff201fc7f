// Bytes of the kernel: Linux 6.18 on a little-endian machine.
#include "proto/netlink/message.h"

#include <gtest/gtest.h>

#include "proto/vrrp/test_bytes.h"

namespace hf::proto::netlink {
namespace {

using vrrp::testing::unhex;

constexpr const char* kAcknowledged = "240000000200000102000000473c00000000000058000000140005060200000000000000";
// EEXIST, the request quoted, then the reason.
constexpr const char* kExists =
    "900000000200000203000000473c0000 efffffff 580000001400050603000000000000000218000003000000 08000200c6120064"
    "08000100c6120064 0b00030076613a7669700000 0800080000020000 08000400c61200ff"
    "1400060002000000020000000000000000000000 23000100697076343a204164647265737320616c72656164792061737369676e65640000";
constexpr const char* kEndOfDump = "140000000300020007000000473c000000000000";

Message only(const std::string& datagram) {
  const auto messages = split(datagram);
  HF_CHECK(messages.ok() && messages->size() == 1);
  return messages->front();  // its body is a loan from `datagram`
}

TEST(Split, GivesEveryMessageOfADatagramInOrder) {
  const std::string datagram = unhex(kAcknowledged) + unhex(kEndOfDump);
  const auto messages = split(datagram);
  ASSERT_TRUE(messages.ok());
  ASSERT_EQ(messages->size(), 2U);
  EXPECT_EQ((*messages)[0].type, kError);
  EXPECT_EQ((*messages)[0].flags, kFlagCapped);
  EXPECT_EQ((*messages)[0].sequence, 2U);
  EXPECT_EQ((*messages)[0].port, 0x3c47U);
  EXPECT_EQ((*messages)[0].body.size(), 20U);
  EXPECT_EQ((*messages)[1].type, kDone);
  EXPECT_EQ((*messages)[1].flags, kFlagMulti);
}

TEST(Split, StepsOverThePaddingBetweenMessages) {
  const std::string odd = unhex("1100000001000000 0000000000000000 ab 000000");  // 17 bytes long
  const std::string datagram = odd + unhex(kEndOfDump);
  const auto messages = split(datagram);
  ASSERT_TRUE(messages.ok());
  ASSERT_EQ(messages->size(), 2U);
  EXPECT_EQ((*messages)[0].body, "\xab");
  EXPECT_EQ(split(odd.substr(0, 17))->size(), 1U);  // no padding behind the last
}

TEST(Split, OfNothingIsNothing) { EXPECT_TRUE(split("")->empty()); }

TEST(Split, WrongLengthsAreRefused) {
  EXPECT_FALSE(split(unhex("0000000003000200 0700000000000000")).ok());  // 0: would never end
  EXPECT_FALSE(split(unhex("0f00000003000200 0700000000000000")).ok());  // less than a header
  EXPECT_FALSE(split(unhex("1100000003000200 0700000000000000")).ok());  // more than there is
  EXPECT_FALSE(split(unhex("ffffffff03000200 0700000000000000")).ok());  // would wrap around when aligned
  vrrp::testing::for_every_truncation(unhex(kExists),
                                      [](ByteView bytes) { EXPECT_EQ(split(bytes).ok(), bytes.empty()); });
}

TEST(Attributes, AreWalkedWithTheirPadding) {
  const std::string bytes = unhex("0500010061000000 0800020001000000");
  Attributes attributes(bytes);
  auto attribute = attributes.next();
  ASSERT_TRUE(attribute);
  EXPECT_EQ(attribute->type, 1);
  EXPECT_EQ(attribute->value, "a");
  attribute = attributes.next();
  ASSERT_TRUE(attribute);
  EXPECT_EQ(attribute->type, 2);
  EXPECT_EQ(load_native<std::uint32_t>(attribute->value, 0), 1U);
  EXPECT_FALSE(attributes.next());
  EXPECT_FALSE(attributes.malformed());
}

TEST(Attributes, TheNestedBitIsNoPartOfTheType) {
  const std::string bytes = unhex("04003e80");
  Attributes attributes(bytes);
  EXPECT_EQ(attributes.next()->type, 0x3e);
}

TEST(Attributes, WrongLengthsEndTheWalk) {
  for (const char* hex : {"0000010061000000", "0300010061000000", "0900010061000000", "050001"}) {
    const std::string bytes = unhex(hex);
    Attributes attributes(bytes);
    EXPECT_FALSE(attributes.next()) << hex;
    EXPECT_TRUE(attributes.malformed()) << hex;
    EXPECT_FALSE(attributes.next()) << hex;
  }
}

TEST(MessageWriter, PadsAttributesAndCountsTheLength) {
  MessageWriter writer(kNewAddress, kFlagRequest, 9);
  writer.body("bbbb").attribute(3, ByteView("abc")).attribute(8, std::uint32_t{0x200});
  const std::string bytes = std::move(writer).take();
  EXPECT_EQ(bytes, unhex("24000000 1400 0100 09000000 00000000 62626262 0700030061626300 0800080000020000"));
}

TEST(Acknowledgement, OfSuccessHasNoErrorNumber) {
  const std::string datagram = unhex(kAcknowledged);
  const auto acknowledgement = decode_acknowledgement(only(datagram));
  ASSERT_TRUE(acknowledgement.ok());
  EXPECT_EQ(*acknowledgement, (Acknowledgement{.sequence = 2}));
}

TEST(Acknowledgement, OfFailureHasTheErrorNumberAndTheKernelsWords) {
  const std::string datagram = unhex(kExists);
  const auto acknowledgement = decode_acknowledgement(only(datagram));
  ASSERT_TRUE(acknowledgement.ok());
  EXPECT_EQ(*acknowledgement, (Acknowledgement{3, 17, "ipv4: Address already assigned"}));
}

TEST(Acknowledgement, EndOfADumpMayCarryAnErrorNumberOrNothing) {
  std::string datagram = unhex(kEndOfDump);
  EXPECT_EQ(*decode_acknowledgement(only(datagram)), (Acknowledgement{.sequence = 7}));
  datagram = unhex("140000000300020007000000473c0000 f4ffffff");
  EXPECT_EQ(*decode_acknowledgement(only(datagram)), (Acknowledgement{.sequence = 7, .error_number = 12}));
  datagram = unhex("100000000300020007000000473c0000");
  EXPECT_EQ(*decode_acknowledgement(only(datagram)), (Acknowledgement{.sequence = 7}));
}

TEST(Acknowledgement, CutShortOrWithImpossibleNumbersIsRefused) {
  for (const char* hex : {"1200000002000000 0000000000000000 ffff0000",     // 2 bytes of error number
                          "1400000002000000 0000000000000000 01000000",     // positive
                          "1400000002000000 0000000000000000 00000080",     // INT_MIN: has no positive
                          "1400000010000000 0000000000000000 00000000"}) {  // another type
    const std::string datagram = unhex(hex);
    EXPECT_FALSE(decode_acknowledgement(only(datagram)).ok()) << hex;
  }
}

TEST(Acknowledgement, AQuotedRequestOfWrongLengthCostsOnlyTheWords) {
  for (const char* length : {"00000000", "0f000000", "ffffffff", "fdffffff", "71000000"}) {
    std::string datagram = unhex(kExists);
    datagram.replace(20, 4, unhex(length));
    const auto acknowledgement = decode_acknowledgement(only(datagram));
    ASSERT_TRUE(acknowledgement.ok());
    EXPECT_EQ(*acknowledgement, (Acknowledgement{3, 17, ""})) << length;
  }
}

}  // namespace
}  // namespace hf::proto::netlink
