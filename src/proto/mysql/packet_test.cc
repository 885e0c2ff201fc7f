#include "proto/mysql/packet.h"

#include <gtest/gtest.h>

#include <vector>

#include "proto/mysql/test_bytes.h"

namespace hf::proto::mysql {
namespace {

using testing::packet;
using testing::unhex;

std::vector<std::string> assemble(PacketAssembler& assembler, ByteView bytes, Random& random, std::size_t most) {
  std::vector<std::string> packets;
  while (!bytes.empty()) {
    const std::string piece(bytes.substr(0, 1 + static_cast<std::size_t>(random.below(most))));
    const Result<PacketAssembler::Step> step = assembler.next(piece);
    if (!step.ok()) {
      ADD_FAILURE() << step.error().context;
      break;
    }
    if (step->payload) packets.emplace_back(*step->payload);
    bytes.remove_prefix(step->consumed);
  }
  return packets;
}

TEST(Packet, ASmallPayloadIsAHeaderAndThePayload) {
  std::string out;
  EXPECT_EQ(append_packet(out, 3, "abc"), 4);
  EXPECT_EQ(out, unhex("030000 03 616263"));
  out.clear();
  EXPECT_EQ(append_packet(out, 255, ""), 0);
  EXPECT_EQ(out, unhex("000000 ff"));
}

TEST(Packet, AFullPieceIsFollowedByAnEmptyOne) {
  std::string out;
  EXPECT_EQ(append_packet(out, 0, std::string(kMaxPiece, 'x')), 2);
  ASSERT_EQ(out.size(), kMaxPiece + 2 * kPacketHeader);
  EXPECT_EQ(out.substr(0, 4), unhex("ffffff00"));
  EXPECT_EQ(out.substr(out.size() - 4), unhex("00000001"));
}

TEST(Packet, ALongPayloadComesBackWhole) {
  Random random(1);
  for (const std::size_t size : {kMaxPiece - 1, kMaxPiece, kMaxPiece + 1, 2 * kMaxPiece, 2 * kMaxPiece + 5}) {
    std::string payload(size, 'x');
    for (std::size_t i = 0; i < size; i += 4093) payload[i] = static_cast<char>(random.next());
    std::string bytes;
    append_packet(bytes, 0, payload);
    append_packet(bytes, static_cast<std::uint8_t>(size / kMaxPiece + 1), "next");
    PacketAssembler assembler(3 * kMaxPiece);
    const std::vector<std::string> packets = assemble(assembler, bytes, random, 5'000'000);
    ASSERT_EQ(packets.size(), 2U);
    EXPECT_TRUE(packets[0] == payload);
    EXPECT_EQ(packets[1], "next");
  }
}

TEST(Packet, AWholePacketInTheInputIsNotCopied) {
  PacketAssembler assembler(100);
  const std::string bytes = packet(0, "hello") + packet(1, "world");
  const Result<PacketAssembler::Step> step = assembler.next(bytes);
  ASSERT_TRUE(step.ok());
  ASSERT_TRUE(step->payload.has_value());
  EXPECT_EQ(step->payload->data(), bytes.data() + kPacketHeader);
  EXPECT_EQ(step->consumed, 9U);
  EXPECT_EQ(step->sequence, 0);
  EXPECT_FALSE(assembler.in_packet());
}

TEST(Packet, AnyCutGivesTheSamePackets) {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    Random random(seed);
    std::vector<std::string> sent;
    std::string bytes;
    std::uint8_t sequence = 0;
    for (std::uint64_t i = 0; i < 300; ++i) {  // past 256: the ids wrap
      sent.emplace_back(static_cast<std::size_t>(random.below(40)), static_cast<char>(random.next()));
      sequence = append_packet(bytes, sequence, sent.back());
    }
    PacketAssembler assembler(1000);
    EXPECT_EQ(assemble(assembler, bytes, random, 1 + static_cast<std::size_t>(random.below(60))), sent) << seed;
  }
}

TEST(Packet, AWrongSequenceIdIsNamed) {
  PacketAssembler assembler(100);
  const Result<PacketAssembler::Step> step = assembler.next(packet(2, "x"));
  ASSERT_FALSE(step.ok());
  EXPECT_EQ(step.error().code, ErrorCode::kProtocol);
  EXPECT_EQ(step.error().context, "packets out of order: sequence id 2 instead of 0");
}

TEST(Packet, ALargePacketIsRefusedByItsHeaderAlone) {
  PacketAssembler assembler(100);
  EXPECT_TRUE(assembler.next(packet(0, std::string(99, 'x')))->payload.has_value());
  const Result<PacketAssembler::Step> step = assembler.next(unhex("640000 01"));
  ASSERT_FALSE(step.ok());
  EXPECT_EQ(step.error().code, ErrorCode::kOverload);
  EXPECT_EQ(assembler.expected_sequence(), 2);
}

TEST(Packet, TheBoundCountsAllPieces) {
  PacketAssembler assembler(kMaxPiece + 10);
  std::string bytes;
  append_packet(bytes, 0, std::string(kMaxPiece + 10, 'x'));
  const Result<PacketAssembler::Step> step = assembler.next(bytes);
  ASSERT_FALSE(step.ok());
  EXPECT_EQ(step.error().code, ErrorCode::kOverload);
  EXPECT_EQ(assembler.expected_sequence(), 2);
}

TEST(Packet, TheEmptyPieceThatEndsAFullOneIsWithinTheBound) {
  PacketAssembler assembler(kMaxPiece + 1);
  std::string bytes;
  append_packet(bytes, 0, std::string(kMaxPiece, 'x'));
  const Result<PacketAssembler::Step> step = assembler.next(bytes);
  ASSERT_TRUE(step.ok());
  EXPECT_EQ(step->payload->size(), kMaxPiece);
}

TEST(Packet, ALargeOneCanBeTakenAwayWithoutACopy) {
  const std::string large(100'000, 'x');
  const std::string bytes = packet(0, large) + packet(0, "small");
  PacketAssembler assembler(1'000'000);
  EXPECT_FALSE(assembler.next(ByteView(bytes).substr(0, 50'000))->payload.has_value());
  EXPECT_FALSE(assembler.take_large().has_value()) << "unfinished";
  const PacketAssembler::Step whole = assembler.next(ByteView(bytes).substr(50'000)).value();
  ASSERT_TRUE(whole.payload.has_value());
  const void* const where = whole.payload->data();
  const std::optional<std::string> taken = assembler.take_large();
  ASSERT_TRUE(taken == large);
  EXPECT_EQ(taken->data(), where);
  EXPECT_FALSE(assembler.take_large().has_value()) << "twice";
  assembler.expect_sequence(0);
  EXPECT_EQ(assembler.next(ByteView(bytes).substr(50'000 + whole.consumed))->payload, "small");
  EXPECT_FALSE(assembler.take_large().has_value()) << "it is the caller's";
}

TEST(Packet, AnUnfinishedPacketIsKnown) {
  PacketAssembler assembler(100);
  EXPECT_FALSE(assembler.in_packet());
  ASSERT_TRUE(assembler.next(unhex("0500")).ok());
  EXPECT_TRUE(assembler.in_packet());
  ASSERT_TRUE(assembler.next(unhex("0000 6162")).ok());
  EXPECT_TRUE(assembler.in_packet());
  const Result<PacketAssembler::Step> step = assembler.next("cde");
  ASSERT_TRUE(step.ok());
  EXPECT_EQ(step->payload, "abcde");
  EXPECT_FALSE(assembler.in_packet());
}

TEST(Packet, PayloadOfABrokenPacketIsEmpty) {
  EXPECT_EQ(payload_of("ab"), "");
  EXPECT_EQ(payload_of(packet(0, "ab")), "ab");
}

}  // namespace
}  // namespace hf::proto::mysql
