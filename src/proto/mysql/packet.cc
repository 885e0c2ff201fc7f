#include "proto/mysql/packet.h"

#include <algorithm>
#include <utility>

namespace hf::proto::mysql {

namespace {
constexpr std::size_t kKeptCapacity = 64 * 1024;
}

void append_packet_header(std::string& out, PacketHeader header) {
  append_le(out, header.length, 3);
  append_le(out, header.sequence, 1);
}

std::uint8_t append_packet(std::string& out, std::uint8_t sequence, ByteView payload) {
  out.reserve(out.size() + payload.size() + kPacketHeader * (payload.size() / kMaxPiece + 1));
  for (;;) {
    const ByteView piece = payload.substr(0, kMaxPiece);
    append_packet_header(out, {.length = static_cast<std::uint32_t>(piece.size()), .sequence = sequence});
    out.append(piece);
    payload.remove_prefix(piece.size());
    ++sequence;
    if (piece.size() < kMaxPiece) return sequence;
  }
}

Result<void> PacketAssembler::take_header(PacketHeader header) {
  if (header.sequence != expected_) {
    return {ErrorCode::kProtocol, "packets out of order: sequence id " + std::to_string(header.sequence) +
                                      " instead of " + std::to_string(expected_)};
  }
  ++expected_;
  // An empty piece ends a packet that was let through.
  if (header.length > 0 && body_.size() + header.length >= max_packet_) {
    return {ErrorCode::kOverload, "packet of " + std::to_string(body_.size() + header.length) +
                                      " bytes or more reaches the limit of " + std::to_string(max_packet_)};
  }
  piece_ = header;
  piece_left_ = header.length;
  has_piece_ = true;
  return {};
}

std::optional<std::string> PacketAssembler::take_large() {
  if (!handed_out_ || body_.size() <= kKeptCapacity) return std::nullopt;
  handed_out_ = false;
  return std::exchange(body_, std::string());
}

Result<PacketAssembler::Step> PacketAssembler::next(ByteView input) {
  if (handed_out_) {
    handed_out_ = false;
    body_.clear();
    if (body_.capacity() > kKeptCapacity) body_ = std::string();
  }
  Step step;
  for (;;) {
    if (!has_piece_) {
      const ByteView left = input.substr(step.consumed);
      const std::size_t part = std::min(kPacketHeader - header_.size(), left.size());
      header_.append(left.substr(0, part));
      step.consumed += part;
      if (header_.size() < kPacketHeader) return step;
      HF_RETURN_IF_ERROR(take_header(load_packet_header(header_)));
      header_.clear();
    }
    const bool last = piece_.length < kMaxPiece;
    const ByteView left = input.substr(step.consumed);
    if (last && !joined_ && piece_left_ == piece_.length &&
        left.size() >= piece_left_) {  // whole in the input: no copy
      has_piece_ = false;
      step.payload = left.substr(0, piece_left_);
      step.consumed += piece_left_;
      step.sequence = piece_.sequence;
      return step;
    }
    const std::size_t part = std::min(piece_left_, left.size());
    body_.append(left.substr(0, part));
    step.consumed += part;
    piece_left_ -= part;
    if (piece_left_ > 0) return step;
    has_piece_ = false;
    joined_ = !last;
    if (last) {
      handed_out_ = true;
      step.payload = body_;
      step.sequence = piece_.sequence;
      return step;
    }
  }
}

}  // namespace hf::proto::mysql
