#include "service/mysql/remembered_reply.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <vector>

#include "proto/mysql/packet.h"

namespace hf::service::mysql {

namespace wire = proto::mysql;
using policy::session::Condition;
using policy::session::RememberedAnswer;

namespace {

constexpr std::size_t kHeader = wire::kPacketHeader;
constexpr std::size_t kConditionColumns = 3;  // Level, Code, Message

std::vector<ByteView> packets_of(ByteView bytes) {
  std::vector<ByteView> packets;
  while (bytes.size() >= kHeader && bytes.size() >= kHeader + wire::load_packet_header(bytes).length) {
    const std::size_t size = kHeader + wire::load_packet_header(bytes).length;
    packets.push_back(bytes.substr(0, size));
    bytes.remove_prefix(size);
  }
  return packets;
}

/// A binary row's beginning: the header, and that nothing is NULL.
std::string binary_row(std::size_t columns) { return std::string(1 + (columns + 7 + 2) / 8, '\0'); }

std::string row_of(const Condition& condition, bool binary) {
  std::string row = binary ? binary_row(kConditionColumns) : std::string();
  wire::append_lenenc_string(row, condition.level);
  if (binary) {
    std::uint32_t code = 0;
    std::from_chars(condition.code.data(), condition.code.data() + condition.code.size(), code);
    append_le(row, code, 4);
  } else {
    wire::append_lenenc_string(row, condition.code);
  }
  wire::append_lenenc_string(row, condition.message);
  return row;
}

/// In the character set of the server's own number, which may be UTF-16 or UTF-32: NULs before each letter, or behind
/// it.
std::string as_wide_as(ByteView theirs, const std::string& number) {
  const std::size_t before = std::min(theirs.find_first_not_of('\0'), theirs.size());
  const std::size_t next = theirs.find_first_not_of('\0', before + 1);
  const std::size_t behind = before > 0 || theirs.size() <= before + 1 ? 0 : std::min(next, theirs.size()) - before - 1;
  std::string wide;
  for (const char digit : number) wide += std::string(before, '\0') + digit + std::string(behind, '\0');
  return wide;
}

/// The server's row of integers with those that are remembered; nothing if it is another sort of row.
std::optional<std::string> row_of(ByteView said, const std::vector<std::optional<std::int64_t>>& values, bool binary) {
  const std::size_t front = binary ? binary_row(values.size()).size() : 0;
  if (binary && said.size() != front + 8 * values.size()) return std::nullopt;
  wire::Reader reader(said);
  std::string row(reader.bytes(front));
  for (const std::optional<std::int64_t>& value : values) {
    if (binary) {
      const std::uint64_t theirs = reader.u64();
      append_le(row, value ? static_cast<std::uint64_t>(*value) : theirs, 8);
    } else {
      const ByteView theirs = reader.lenenc_string();
      wire::append_lenenc_string(row, value ? as_wide_as(theirs, std::to_string(*value)) : std::string(theirs));
    }
  }
  return reader.ok() && reader.at_end() ? std::optional(std::move(row)) : std::nullopt;
}

}  // namespace

std::string with_answer(ByteView reply, const RememberedAnswer& answer, bool binary, wire::Capabilities capabilities) {
  const std::vector<ByteView> packets = packets_of(reply);
  const std::size_t columns = answer.whole ? kConditionColumns : answer.values.size();
  const std::size_t front = 1 + columns + (wire::has(capabilities, wire::kClientDeprecateEof) ? 0 : 1);
  const bool expected =
      packets.size() > front && wire::payload_of(packets[0]) == ByteView(std::string(1, static_cast<char>(columns)));
  if (!expected) return std::string(reply);
  std::vector<std::string> rows;
  if (answer.whole) {
    std::transform(answer.rows.begin(), answer.rows.end(), std::back_inserter(rows),
                   [&](const Condition& each) { return row_of(each, binary); });
  } else {
    std::optional<std::string> row =
        packets.size() == front + 2 ? row_of(wire::payload_of(packets[front]), answer.values, binary) : std::nullopt;
    if (!row) return std::string(reply);
    rows.push_back(std::move(*row));
  }
  std::string out;
  for (std::size_t i = 0; i < front; ++i) out += packets[i];
  std::uint8_t sequence = wire::load_packet_header(packets[0]).sequence;
  sequence = static_cast<std::uint8_t>(sequence + front);
  for (const std::string& row : rows) sequence = wire::append_packet(out, sequence, row);
  wire::append_packet(out, sequence, wire::payload_of(packets.back()));
  return out;
}

}  // namespace hf::service::mysql
