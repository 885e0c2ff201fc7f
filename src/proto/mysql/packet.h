// Packets: three bytes of length, one of sequence id, then the payload. A payload of 0xFFFFFF bytes goes on in the next
// packet.
//
// Owner: one PacketAssembler per direction of a connection. Thread: the owner's.
// Source: MySQL internals "MySQL Packets", "Sending More Than 16Mb".
// Invariants:
//   1. A logical packet is one or more pieces; all but the last are exactly kMaxPiece long, the last is shorter (maybe
//   empty).
//   2. Sequence ids rise by one from piece to piece and wrap from 255 to 0.
//   3. PacketAssembler holds at most its bound plus one header, and copies only what a call's end or a piece's end cut
//   apart.
//   4. How the bytes are cut between calls never changes which packets come out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "base/bytes.h"
#include "base/result.h"
#include "proto/mysql/lenenc.h"

namespace hf::proto::mysql {

inline constexpr std::size_t kPacketHeader = 4;
inline constexpr std::size_t kMaxPiece = 0xFF'FFFF;

struct PacketHeader {
  std::uint32_t length = 0;  // of this piece's payload
  std::uint8_t sequence = 0;
};

/// `bytes` must hold at least kPacketHeader.
inline PacketHeader load_packet_header(ByteView bytes) {
  return PacketHeader{.length = static_cast<std::uint32_t>(load_le(bytes, 0, 3)), .sequence = byte_at(bytes, 3)};
}
void append_packet_header(std::string& out, PacketHeader header);

/// Appends `payload` as one logical packet whose first piece has id `sequence`; splits at kMaxPiece, including the
/// closing short (or empty) piece. Returns the id that the next packet would have.
std::uint8_t append_packet(std::string& out, std::uint8_t sequence, ByteView payload);

/// The payload of a whole single packet (header and payload), as ReplyTracker hands them out.
inline ByteView payload_of(ByteView packet) {
  return packet.substr(packet.size() < kPacketHeader ? packet.size() : kPacketHeader);
}

/// Makes logical packets of a byte stream.
class PacketAssembler {
 public:
  /// A logical packet of `max_packet` bytes or more is an error (ErrorCode::kOverload: ER_NET_PACKET_TOO_LARGE), as it
  /// is to a server.
  explicit PacketAssembler(std::size_t max_packet) : max_packet_(max_packet) {}

  struct Step {
    std::size_t consumed = 0;         // bytes of the input that are done with
    std::optional<ByteView> payload;  // the packet that ended there; empty optional: more bytes are needed
    std::uint8_t sequence = 0;        // id of the packet's last piece
  };
  /// Takes bytes from the front of `input`, at most up to the end of one logical packet. Without a packet everything
  /// was consumed. The payload is a view of `input` or of the assembler, good until the next call. After an error the
  /// stream is unusable, and expected_sequence() is the id that a peer would answer with: that of the missing piece, or
  /// the one behind the piece that was too large.
  Result<Step> next(ByteView input);

  /// The packet that was just handed out, when it is ours and too large to be kept for the next one: without a copy of
  /// it. The view of it is good no more. nullopt: copy the view.
  std::optional<std::string> take_large();

  /// The next piece must have this id. Both sides restart at 0 with each command.
  void expect_sequence(std::uint8_t sequence) { expected_ = sequence; }
  std::uint8_t expected_sequence() const { return expected_; }
  void set_max_packet(std::size_t max_packet) { max_packet_ = max_packet; }
  /// Bytes of an unfinished packet are held.
  bool in_packet() const { return has_piece_ || !header_.empty() || joined_; }

 private:
  Result<void> take_header(PacketHeader header);

  std::size_t max_packet_;
  std::string header_;  // an unfinished header
  std::string body_;    // what arrived so far of an unfinished logical packet
  PacketHeader piece_;  // the piece being read, valid while has_piece_
  std::size_t piece_left_ = 0;
  bool has_piece_ = false;
  bool joined_ = false;      // the piece continues an earlier one
  bool handed_out_ = false;  // body_ was lent to the caller and is cleared on the next call
  std::uint8_t expected_ = 0;
};

}  // namespace hf::proto::mysql
