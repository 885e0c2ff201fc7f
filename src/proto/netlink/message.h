// Netlink framing: a datagram of the kernel is one or more messages, a message is a header, a fixed body and
// attributes. Plus the two messages that end a request: acknowledgement and end of a dump.
//
// Owner: plain values; every ByteView is a loan from the datagram. Thread: any.
// Source: linux/netlink.h, RFC 3549; own constants, because system headers do not belong into a pure room.
// Invariants:
//   1. Integers are in the machine's own order, as the kernel and we share one machine.
//   2. split() and Attributes take any bytes: what they hand out lies inside, and they end.
//   3. Lengths count header and body without the padding to 4 bytes behind them. The padding behind the last message or
//      attribute may be missing.
#pragma once

#include <concepts>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace hf::proto::netlink {

using MessageType = std::uint16_t;
inline constexpr MessageType kNoop = 1;
inline constexpr MessageType kError = 2;  // error 0: acknowledgement
inline constexpr MessageType kDone = 3;
inline constexpr MessageType kOverrun = 4;
inline constexpr MessageType kNewLink = 16;
inline constexpr MessageType kDelLink = 17;
inline constexpr MessageType kGetLink = 18;
inline constexpr MessageType kNewAddress = 20;
inline constexpr MessageType kDelAddress = 21;
inline constexpr MessageType kGetAddress = 22;

using MessageFlags = std::uint16_t;
inline constexpr MessageFlags kFlagRequest = 0x0001;
inline constexpr MessageFlags kFlagMulti = 0x0002;
inline constexpr MessageFlags kFlagAck = 0x0004;
inline constexpr MessageFlags kFlagDumpInterrupted = 0x0010;  // the tables changed meanwhile: dump again
inline constexpr MessageFlags kFlagDump = 0x0300;             // NLM_F_ROOT | NLM_F_MATCH
inline constexpr MessageFlags kFlagReplace = 0x0100;          // with a "new" request, like the next two
inline constexpr MessageFlags kFlagExclusive = 0x0200;
inline constexpr MessageFlags kFlagCreate = 0x0400;
inline constexpr MessageFlags kFlagCapped = 0x0100;       // with kError: the request is not quoted
inline constexpr MessageFlags kFlagExtendedAck = 0x0200;  // with kError and kDone: attributes follow

// Groups to join at bind(), bits of sockaddr_nl::nl_groups.
inline constexpr std::uint32_t kGroupLink = 0x001;
inline constexpr std::uint32_t kGroupIpv4Address = 0x010;
inline constexpr std::uint32_t kGroupIpv6Address = 0x100;

struct Message {
  MessageType type = 0;
  MessageFlags flags = 0;
  std::uint32_t sequence = 0;
  std::uint32_t port = 0;  // whom the answer is for; 0 in events
  ByteView body{};
};

/// All messages of one datagram, in order. kProtocol where a length is wrong: nothing of the datagram counts then.
Result<std::vector<Message>> split(ByteView datagram);

/// Integers in the machine's order; the bytes must be there.
template <std::unsigned_integral T>
T load_native(ByteView bytes, std::size_t offset) {
  T value{};
  std::memcpy(&value, bytes.data() + offset, sizeof value);
  return value;
}
template <std::unsigned_integral T>
void append_native(std::string& out, T value) {
  char bytes[sizeof value];
  std::memcpy(bytes, &value, sizeof value);
  out.append(bytes, sizeof value);
}

struct Attribute {
  std::uint16_t type = 0;  // without the bits "nested" and "network byte order"
  ByteView value{};
};

/// Walks over attributes: `while (const auto attribute = attributes.next())`.
class Attributes {
 public:
  explicit Attributes(ByteView bytes) : rest_(bytes) {}
  /// nullopt: no more, or the rest is malformed (see malformed()).
  std::optional<Attribute> next();
  bool malformed() const { return malformed_; }

 private:
  ByteView rest_;
  bool malformed_ = false;
};

/// Writes one request.
class MessageWriter {
 public:
  MessageWriter(MessageType type, MessageFlags flags, std::uint32_t sequence);
  /// The fixed body; before the attributes, a multiple of 4 bytes.
  MessageWriter& body(ByteView bytes);
  MessageWriter& attribute(std::uint16_t type, ByteView value);
  MessageWriter& attribute(std::uint16_t type, std::uint32_t value);
  /// The bytes, with the length filled in.
  std::string take() &&;

 private:
  std::string out_;
};

/// What the kernel answers to a request with kFlagAck, or to any that failed.
struct Acknowledgement {
  std::uint32_t sequence = 0;
  int error_number = 0;  // an errno, positive; 0: done as asked
  std::string reason{};  // the kernel's own words (NETLINK_EXT_ACK), often empty; at most 200 bytes

  friend bool operator==(const Acknowledgement&, const Acknowledgement&) = default;
};
/// For messages of type kError and kDone (an empty kDone means no error). kProtocol where the body is too short.
Result<Acknowledgement> decode_acknowledgement(const Message& message);

}  // namespace hf::proto::netlink
