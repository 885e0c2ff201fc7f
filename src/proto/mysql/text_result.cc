#include "proto/mysql/text_result.h"

#include <algorithm>

#include "proto/mysql/response.h"

namespace hf::proto::mysql {

namespace {

constexpr std::uint8_t kNullValue = 0xFB;
constexpr std::uint64_t kMaxColumns = 4096;

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool same_name(ByteView a, ByteView b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) { return lower(x) == lower(y); });
}

Error malformed(ByteView what) { return Error{ErrorCode::kProtocol, "malformed " + std::string(what)}; }

}  // namespace

std::optional<std::size_t> TextResult::column(ByteView name) const {
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (same_name(columns[i], name)) return i;
  }
  return std::nullopt;
}

std::optional<ByteView> TextResult::value(std::size_t row, ByteView name) const {
  const std::optional<std::size_t> at = column(name);
  if (!at || row >= rows.size() || !rows[row][*at]) return std::nullopt;
  return ByteView(*rows[row][*at]);
}

TextResultReader::TextResultReader(Capabilities capabilities, std::size_t max_bytes)
    : capabilities_(mariadb_extended(capabilities)), packets_(max_bytes), bytes_left_(max_bytes) {
  packets_.expect_sequence(1);
}

Result<std::size_t> TextResultReader::feed(ByteView input) {
  std::size_t consumed = 0;
  while (!done() && consumed < input.size()) {
    Result<PacketAssembler::Step> step = packets_.next(input.substr(consumed));
    if (!step.ok()) return std::move(step).error();
    consumed += step->consumed;
    if (!step->payload) break;
    if (step->payload->size() + kPacketHeader > bytes_left_) {
      return {ErrorCode::kOverload, "query result is larger than its limit"};
    }
    bytes_left_ -= step->payload->size() + kPacketHeader;
    HF_RETURN_IF_ERROR(packet(*step->payload));
  }
  return consumed;
}

Result<void> TextResultReader::packet(ByteView payload) {
  if (payload.empty()) return malformed("reply: empty packet");
  if (is_progress(payload, capabilities_)) return {};
  if (is_err(payload)) return error(payload);
  switch (state_) {
    case State::kResponse: return response(payload);
    case State::kDefinitions: return definition(payload);
    case State::kDefinitionsEof:
      if (!is_eof(payload)) return malformed("reply: no EOF behind the column definitions");
      state_ = State::kRows;
      return {};
    case State::kRows: {
      const bool last = has(capabilities_, kClientDeprecateEof)
                            ? byte_at(payload, 0) == kEofHeader && payload.size() < kMaxPiece
                            : is_eof(payload);
      return last ? end(payload) : row(payload);
    }
    case State::kDone: return {};
  }
  return {};
}

Result<void> TextResultReader::response(ByteView payload) {
  const std::uint8_t first = byte_at(payload, 0);
  if (first == kOkHeader || first == kEofHeader) return end(payload);
  if (first == kLocalInfileHeader) return {ErrorCode::kUnsupported, "the server asks for a local file"};
  Reader reader(payload);
  definitions_left_ = reader.lenenc();
  const bool metadata_follows = !has(capabilities_, kMariaDbCacheMetadata) || reader.u8() != 0;
  if (!reader.ok() || !reader.at_end() || definitions_left_ == 0 || definitions_left_ > kMaxColumns ||
      !metadata_follows) {
    return malformed("column count");
  }
  state_ = State::kDefinitions;
  return {};
}

Result<void> TextResultReader::definition(ByteView payload) {
  Reader reader(payload);
  for (int i = 0; i < 4; ++i) reader.lenenc_string();  // catalog, schema, table alias, table
  result_.columns.emplace_back(reader.lenenc_string());
  if (!reader.ok()) return malformed("column definition");
  if (--definitions_left_ == 0) {
    state_ = has(capabilities_, kClientDeprecateEof) ? State::kRows : State::kDefinitionsEof;
  }
  return {};
}

Result<void> TextResultReader::row(ByteView payload) {
  // A NULL is one byte on the wire and an optional<string> here: what is kept is bounded too, not only what is read.
  const std::size_t kept = result_.columns.size() * sizeof(std::optional<std::string>);
  if (kept > bytes_left_) return {ErrorCode::kOverload, "query result is larger than its limit"};
  bytes_left_ -= kept;
  Reader reader(payload);
  std::vector<std::optional<std::string>> values;
  values.reserve(result_.columns.size());
  for (std::size_t i = 0; i < result_.columns.size(); ++i) {
    if (!reader.at_end() && reader.peek() == kNullValue) {
      reader.skip(1);
      values.emplace_back(std::nullopt);
    } else {
      values.emplace_back(reader.lenenc_string());
    }
  }
  if (!reader.ok() || !reader.at_end()) return malformed("row");
  result_.rows.push_back(std::move(values));
  return {};
}

Result<void> TextResultReader::error(ByteView payload) {
  Result<ErrPacket> err = decode_err(payload);
  if (!err.ok()) return std::move(err).error();
  result_.error = TextError{err->code, std::string(err->sqlstate), std::string(err->message)};
  state_ = State::kDone;
  return {};
}

Result<void> TextResultReader::end(ByteView payload) {
  if (is_eof(payload) && !has(capabilities_, kClientDeprecateEof)) {
    Result<EofPacket> eof = decode_eof(payload, capabilities_);
    if (!eof.ok()) return std::move(eof).error();
    result_.status = eof->status;
    result_.warnings = eof->warnings;
  } else {
    Result<OkPacket> ok = decode_ok(payload, capabilities_);
    if (!ok.ok()) return std::move(ok).error();
    result_.affected_rows = ok->affected_rows;
    result_.insert_id = ok->insert_id;
    result_.status = ok->status;
    result_.warnings = ok->warnings;
  }
  if (has(result_.status, kStatusMoreResults)) {
    return {ErrorCode::kUnsupported, "the reply has more than one result"};
  }
  state_ = State::kDone;
  return {};
}

}  // namespace hf::proto::mysql
