#include "proto/netlink/message.h"

#include <algorithm>

namespace hf::proto::netlink {
namespace {

constexpr std::size_t kHeaderSize = 16;
constexpr std::size_t kAttributeHeaderSize = 4;
constexpr std::uint16_t kAttributeTypeMask = 0x3FFF;
constexpr std::uint16_t kExtendedAckText = 1;  // NLMSGERR_ATTR_MSG
constexpr std::size_t kMostReason = 200;

constexpr std::size_t aligned(std::size_t size) { return (size + 3) & ~std::size_t{3}; }

Error malformed(const char* what) { return Error{ErrorCode::kProtocol, std::string("netlink: ") + what}; }

/// The attributes behind an acknowledgement's errno. Empty where there are none or the bytes do not fit.
ByteView extended_part(const Message& message) {
  if ((message.flags & kFlagExtendedAck) == 0) return {};
  ByteView rest = message.body.substr(4);
  if (message.type == kDone) return rest;
  // The request is quoted: all of it, or only its header.
  if (rest.size() < kHeaderSize) return {};
  const std::size_t quoted =
      (message.flags & kFlagCapped) != 0 ? kHeaderSize : aligned(std::size_t{load_native<std::uint32_t>(rest, 0)});
  return quoted < kHeaderSize || quoted > rest.size() ? ByteView{} : rest.substr(quoted);
}

}  // namespace

Result<std::vector<Message>> split(ByteView datagram) {
  std::vector<Message> out;
  while (!datagram.empty()) {
    if (datagram.size() < kHeaderSize) return malformed("half a message header");
    const std::size_t length = load_native<std::uint32_t>(datagram, 0);
    if (length < kHeaderSize || length > datagram.size()) return malformed("a message of wrong length");
    out.push_back(Message{.type = load_native<std::uint16_t>(datagram, 4),
                          .flags = load_native<std::uint16_t>(datagram, 6),
                          .sequence = load_native<std::uint32_t>(datagram, 8),
                          .port = load_native<std::uint32_t>(datagram, 12),
                          .body = datagram.substr(kHeaderSize, length - kHeaderSize)});
    datagram.remove_prefix(std::min(aligned(length), datagram.size()));
  }
  return out;
}

std::optional<Attribute> Attributes::next() {
  if (rest_.empty()) return std::nullopt;
  const std::size_t length = rest_.size() < kAttributeHeaderSize ? 0 : load_native<std::uint16_t>(rest_, 0);
  if (length < kAttributeHeaderSize || length > rest_.size()) {
    malformed_ = true;
    rest_ = {};
    return std::nullopt;
  }
  const auto type = static_cast<std::uint16_t>(load_native<std::uint16_t>(rest_, 2) & kAttributeTypeMask);
  const Attribute out{type, rest_.substr(kAttributeHeaderSize, length - kAttributeHeaderSize)};
  rest_.remove_prefix(std::min(aligned(length), rest_.size()));
  return out;
}

MessageWriter::MessageWriter(MessageType type, MessageFlags flags, std::uint32_t sequence) {
  append_native<std::uint32_t>(out_, 0);
  append_native(out_, type);
  append_native(out_, flags);
  append_native(out_, sequence);
  append_native<std::uint32_t>(out_, 0);
}

MessageWriter& MessageWriter::body(ByteView bytes) {
  out_.append(bytes);
  return *this;
}

MessageWriter& MessageWriter::attribute(std::uint16_t type, ByteView value) {
  HF_CHECK(value.size() <= 0xFFFF - kAttributeHeaderSize);
  append_native(out_, static_cast<std::uint16_t>(kAttributeHeaderSize + value.size()));
  append_native(out_, type);
  out_.append(value);
  out_.resize(aligned(out_.size()), '\0');
  return *this;
}

MessageWriter& MessageWriter::attribute(std::uint16_t type, std::uint32_t value) {
  std::string bytes;
  append_native(bytes, value);
  return attribute(type, ByteView(bytes));
}

std::string MessageWriter::take() && {
  std::string length;
  append_native(length, static_cast<std::uint32_t>(out_.size()));
  out_.replace(0, length.size(), length);
  return std::move(out_);
}

Result<Acknowledgement> decode_acknowledgement(const Message& message) {
  if (message.type != kError && message.type != kDone) return malformed("not an acknowledgement");
  Acknowledgement out{.sequence = message.sequence};
  if (message.type == kDone && message.body.empty()) return out;
  if (message.body.size() < 4) return malformed("an acknowledgement without its error number");
  const auto negative = static_cast<std::int32_t>(load_native<std::uint32_t>(message.body, 0));
  if (negative > 0 || negative < -4095) return malformed("an acknowledgement whose error number is none");
  out.error_number = -negative;
  Attributes attributes(extended_part(message));
  while (const auto attribute = attributes.next()) {
    if (attribute->type != kExtendedAckText) continue;
    const ByteView text = attribute->value.substr(0, std::min(attribute->value.find('\0'), kMostReason));
    out.reason.assign(text);
  }
  return out;
}

}  // namespace hf::proto::netlink
