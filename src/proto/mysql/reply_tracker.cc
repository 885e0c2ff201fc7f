#include "proto/mysql/reply_tracker.h"

#include <algorithm>

#include "proto/mysql/response.h"

namespace hf::proto::mysql {

namespace {

constexpr std::size_t kKeptCapacity = 64 * 1024;
constexpr std::uint64_t kMaxColumns = 0xFFFFF;  // a SELECT of constants may have more than a table

Error protocol_error(std::string what) { return Error{ErrorCode::kProtocol, std::move(what)}; }

}  // namespace

void ReplyTracker::start(Command command, Capabilities capabilities, std::uint8_t first_sequence) {
  capabilities_ = mariadb_extended(capabilities);
  command_ = command;
  begun_ = any_sequence_ = piece_full_ = continuation_ = wants_local_infile_ = lent_ = false;
  first_packet_ = true;
  expected_ = first_sequence;
  piece_left_ = 0;
  definitions_left_ = 0;
  columns_after_parameters_ = 0;
  stash_.clear();
  if (stash_.capacity() > kKeptCapacity) stash_ = std::string();
  affected_rows_ = insert_id_ = rows_ = results_ = 0;
  last_is_rows_ = command == Command::kStmtFetch || command == Command::kFieldList;
  warnings_ = status_ = error_code_ = 0;
  sqlstate_.clear();
  message_.clear();
  statement_id_ = 0;
  statement_columns_ = statement_parameters_ = 0;
  switch (command) {
    case Command::kQuit:
    case Command::kStmtSendLongData:
    case Command::kStmtClose: state_ = State::kDone; break;
    case Command::kStmtPrepare: state_ = State::kPrepareOk; break;
    case Command::kStmtFetch: state_ = State::kRows; break;
    case Command::kFieldList: state_ = State::kFieldList; break;
    case Command::kStatistics: state_ = State::kText; break;
    case Command::kBinlogDump:
    case Command::kBinlogDumpGtid: state_ = State::kStream; break;
    default: state_ = State::kResponse; break;
  }
}

void ReplyTracker::resume_after_local_infile(std::optional<std::uint8_t> next_sequence) {
  wants_local_infile_ = false;
  any_sequence_ = !next_sequence.has_value();
  expected_ = next_sequence.value_or(expected_);
}

Result<ReplyTracker::Step> ReplyTracker::next(ByteView input) {
  if (lent_) {
    lent_ = false;
    stash_.clear();
  }
  if (input.empty() || done()) return Step{};
  begun_ = true;
  if (wants_local_infile_) resume_after_local_infile();  // the server did not wait for the file: its answer counts
  if (!stash_.empty()) return next_from_stash(input);

  std::size_t at = 0;
  while (at < input.size() && !done() && !wants_local_infile_) {
    const ByteView left = input.substr(at);
    if (piece_left_ > 0) {
      const std::size_t part = std::min(piece_left_, left.size());
      at += part;
      piece_left_ -= part;
      if (piece_left_ == 0) end_piece();
      continue;
    }
    const Peek head = peek(left);
    if (head.head == Head::kPass) {
      begin_piece(head.length);
      at += kPacketHeader;
      continue;
    }
    if (head.head == Head::kShort || (head.head == Head::kBad && at > 0)) break;
    if (head.head == Head::kBad) return fault(left);

    const ByteView packet = left.substr(0, kPacketHeader + head.length);
    const bool reported = is_reported(payload_of(packet));
    if (reported && at > 0) break;  // first what lies in front of it
    Result<void> taken = take_control(load_packet_header(packet).sequence, payload_of(packet));
    if (!taken.ok() && at > 0) break;
    if (!taken.ok()) return std::move(taken).error();
    if (reported) return Step{.consumed = packet.size(), .action = Action::kPacket, .packet = packet};
    at += packet.size();
  }
  if (at > 0) return Step{.consumed = at, .action = Action::kForward, .packet = input.substr(0, at)};
  stash_.append(input);
  return Step{.consumed = input.size(), .action = Action::kStashed, .packet = {}};
}

/// Tops the stash up, a little at a time, until it can be judged.
Result<ReplyTracker::Step> ReplyTracker::next_from_stash(ByteView input) {
  std::size_t consumed = 0;
  for (;;) {
    const Peek head = peek(stash_);
    if (head.head == Head::kBad) return fault(stash_);
    if (head.head == Head::kShort) {
      const ByteView part = input.substr(consumed, head.need - stash_.size());
      if (part.empty()) return Step{.consumed = consumed, .action = Action::kStashed, .packet = {}};
      stash_.append(part);
      consumed += part.size();
      continue;
    }
    Action action = Action::kForward;
    if (head.head == Head::kPass) {
      begin_piece(head.length);
      if (stash_.size() > kPacketHeader) {
        piece_left_ -= stash_.size() - kPacketHeader;
        if (piece_left_ == 0) end_piece();
      }
    } else {
      if (is_reported(payload_of(stash_))) action = Action::kPacket;
      HF_RETURN_IF_ERROR(take_control(load_packet_header(stash_).sequence, payload_of(stash_)));
    }
    lent_ = true;
    return Step{.consumed = consumed, .action = action, .packet = stash_};
  }
}

/// Judges the packet at the front of `left` by its header and first byte; changes nothing.
ReplyTracker::Peek ReplyTracker::peek(ByteView left) const {
  const std::size_t need = continuation_ ? kPacketHeader : kPacketHeader + 1;
  if (left.size() < kPacketHeader) return {.head = Head::kShort, .need = need};
  const PacketHeader header = load_packet_header(left);
  if (continuation_) {
    if (header.sequence != expected_) return {.head = Head::kBad};
    return {.head = Head::kPass, .length = header.length};
  }
  if (header.length == 0) return {.head = Head::kBad};
  if (left.size() < need) return {.head = Head::kShort, .need = need};
  const std::uint8_t first = byte_at(left, kPacketHeader);
  // A server that gives a connection up may say so with an id of its own counting.
  const bool any_sequence = any_sequence_ || (first_packet_ && first == kErrHeader);
  if (header.sequence != expected_ && !any_sequence) return {.head = Head::kBad};
  if (!is_control(first, header.length)) return {.head = Head::kPass, .length = header.length};
  if (header.length == kMaxPiece) return {.head = Head::kBad};
  const std::size_t whole = kPacketHeader + header.length;
  if (left.size() < whole) return {.head = Head::kShort, .need = whole};
  return {.head = Head::kWhole, .length = header.length};
}

Error ReplyTracker::fault(ByteView left) const {
  const PacketHeader header = load_packet_header(left);
  const std::string in = "reply to " + std::string(to_string(command_)) + ": ";
  if (!continuation_ && header.length == 0) return protocol_error(in + "empty packet");
  if (header.sequence != expected_) {
    return protocol_error(in + "packets out of order: sequence id " + std::to_string(header.sequence) + " instead of " +
                          std::to_string(expected_));
  }
  return protocol_error(in + "control packet of 16 MiB or more");
}

bool ReplyTracker::is_control(std::uint8_t first, std::size_t length) const {
  if (first == kErrHeader) return true;
  switch (state_) {
    case State::kResponse:
    case State::kPrepareOk:
    case State::kDefinitionsEof: return true;
    case State::kRows:
      if (first != kEofHeader) return false;
      return deprecates_eof() ? length < kMaxPiece : length < 9;
    case State::kFieldList: return first == kEofHeader;
    case State::kStream: return first == kEofHeader && length < 9;
    case State::kDefinitions:
    case State::kText:
    case State::kDone: return false;
  }
  return false;
}

/// Whether a control packet is the caller's business; asked before take_control() moves the state on.
bool ReplyTracker::is_reported(ByteView payload) const {
  if (is_err(payload)) return !is_progress(payload, capabilities_);
  switch (state_) {
    case State::kResponse: return byte_at(payload, 0) == kOkHeader || byte_at(payload, 0) == kEofHeader;
    // Also reported when it says that session state has changed: the client may not have asked to be told.
    case State::kDefinitionsEof:
      return is_terminator(payload) ||
             (is_eof(payload) && payload.size() == 5 && (byte_at(payload, 4) & (kStatusSessionStateChanged >> 8)) != 0);
    default: return true;
  }
}

/// Whether the EOF behind the definitions ends the result set: a cursor was opened, its rows are fetched later. Inside
/// a procedure MariaDB leaves the flag of the procedure's own cursors on, and rows do follow; more results always
/// follow there.
bool ReplyTracker::is_terminator(ByteView payload) const {
  if (command_ != Command::kStmtExecute) return false;
  const Result<EofPacket> eof = decode_eof(payload, capabilities_);
  return eof.ok() && has(eof->status, kStatusCursorExists) && !has(eof->status, kStatusMoreResults);
}

void ReplyTracker::begin_piece(std::size_t length) {
  ++expected_;
  any_sequence_ = first_packet_ = false;
  piece_full_ = length == kMaxPiece;
  piece_left_ = length;
  if (length == 0) end_piece();
}

void ReplyTracker::end_piece() {
  continuation_ = piece_full_;
  if (!continuation_) end_packet();
}

void ReplyTracker::end_packet() {
  switch (state_) {
    case State::kDefinitions:
      if (--definitions_left_ == 0) definitions_done();
      break;
    case State::kRows: ++rows_; break;
    case State::kText: state_ = State::kDone; break;
    default: break;
  }
}

/// Leaves everything as it was when it fails.
Result<void> ReplyTracker::take_control(std::uint8_t sequence, ByteView payload) {
  if (is_progress(payload, capabilities_)) {
    // The reply itself is still to come.
  } else if (is_err(payload)) {
    HF_RETURN_IF_ERROR(take_error(payload));
  } else if (state_ == State::kResponse) {
    HF_RETURN_IF_ERROR(take_response(payload));
  } else if (state_ == State::kPrepareOk) {
    HF_RETURN_IF_ERROR(take_prepare_ok(payload));
  } else if (state_ == State::kDefinitionsEof) {
    HF_RETURN_IF_ERROR(take_definitions_eof(payload));
  } else {
    HF_RETURN_IF_ERROR(take_end(payload));
  }
  expected_ = static_cast<std::uint8_t>(sequence + 1);
  any_sequence_ = first_packet_ = false;
  return {};
}

Result<void> ReplyTracker::take_error(ByteView payload) {
  Result<ErrPacket> err = decode_err(payload);
  if (!err.ok()) return std::move(err).error();
  error_code_ = err->code == 0 ? std::uint16_t{1105} : err->code;
  sqlstate_.assign(err->sqlstate);
  message_.assign(err->message);
  state_ = State::kDone;
  return {};
}

Result<void> ReplyTracker::take_response(ByteView payload) {
  switch (byte_at(payload, 0)) {
    case kOkHeader:
    case kEofHeader: last_is_rows_ = false; return take_end(payload);
    case kLocalInfileHeader: wants_local_infile_ = true; return {};
    default: return take_column_count(payload);
  }
}

/// An OK, an EOF, or an OK that stands for an EOF: the end of one result.
Result<void> ReplyTracker::take_end(ByteView payload) {
  const bool classic_eof = is_eof(payload) && !deprecates_eof();
  if (classic_eof || state_ == State::kDefinitionsEof || state_ == State::kStream) {
    Result<EofPacket> eof = decode_eof(payload, capabilities_);
    if (!eof.ok()) return std::move(eof).error();
    affected_rows_ = insert_id_ = 0;
    warnings_ = std::max(warnings_, eof->warnings);
    status_ = eof->status;
  } else {
    Result<OkPacket> ok = decode_ok(payload, capabilities_);
    if (!ok.ok()) return std::move(ok).error();
    affected_rows_ = ok->affected_rows;
    insert_id_ = ok->insert_id;
    warnings_ = std::max(warnings_, ok->warnings);
    status_ = ok->status;
  }
  finish_result();
  return {};
}

Result<void> ReplyTracker::take_column_count(ByteView payload) {
  const std::string_view name = to_string(command_);
  if (!may_have_rows()) return protocol_error(std::string(name) + " was answered with something that is no OK or ERR");
  Reader reader(payload);
  const std::uint64_t columns = reader.lenenc();
  const bool metadata_follows = !has(capabilities_, kMariaDbCacheMetadata) || reader.u8() != 0;
  if (!reader.ok() || !reader.at_end() || columns == 0 || columns > kMaxColumns) {
    return protocol_error("reply to " + std::string(name) + ": malformed column count");
  }
  last_is_rows_ = true;
  definitions_left_ = metadata_follows ? columns : 0;
  if (definitions_left_ > 0) {
    state_ = State::kDefinitions;
  } else {
    definitions_done();
  }
  return {};
}

Result<void> ReplyTracker::take_prepare_ok(ByteView payload) {
  Reader reader(payload);
  const std::uint8_t header = reader.u8();
  const std::uint32_t id = reader.u32();
  const std::uint16_t columns = reader.u16();
  const std::uint16_t parameters = reader.u16();
  if (!reader.ok() || header != kOkHeader) return protocol_error("reply to COM_STMT_PREPARE: malformed OK packet");
  reader.skip(1);
  statement_id_ = id;
  statement_columns_ = columns;
  statement_parameters_ = parameters;
  warnings_ = reader.u16();  // 0 where an old server leaves it out
  ++results_;
  definitions_left_ = parameters > 0 ? parameters : columns;
  columns_after_parameters_ = parameters > 0 ? columns : std::uint16_t{0};
  state_ = definitions_left_ > 0 ? State::kDefinitions : State::kDone;
  return {};
}

/// All of a block of definitions has passed (or the server left it out): an EOF is next, or what comes behind it.
void ReplyTracker::definitions_done() {
  if (!deprecates_eof()) {
    state_ = State::kDefinitionsEof;
  } else if (command_ != Command::kStmtPrepare) {
    state_ = State::kRows;
  } else {
    definitions_left_ = columns_after_parameters_;
    columns_after_parameters_ = 0;
    state_ = definitions_left_ > 0 ? State::kDefinitions : State::kDone;
  }
}

Result<void> ReplyTracker::take_definitions_eof(ByteView payload) {
  Result<EofPacket> eof = decode_eof(payload, capabilities_);
  if (!eof.ok()) {
    return protocol_error("reply to " + std::string(to_string(command_)) + ": no EOF behind the definitions");
  }
  if (is_terminator(payload)) return take_end(payload);
  status_ = eof->status;
  warnings_ = std::max(warnings_, eof->warnings);
  if (command_ != Command::kStmtPrepare) {
    state_ = State::kRows;
    return {};
  }
  definitions_left_ = columns_after_parameters_;
  columns_after_parameters_ = 0;
  state_ = definitions_left_ > 0 ? State::kDefinitions : State::kDone;
  return {};
}

void ReplyTracker::finish_result() {
  ++results_;
  state_ = may_have_rows() && has(status_, kStatusMoreResults) ? State::kResponse : State::kDone;
}

/// Commands that the protocol allows to answer with result sets. A command we do not know may do anything.
bool ReplyTracker::may_have_rows() const {
  switch (command_) {
    case Command::kQuery:
    case Command::kProcessInfo:
    case Command::kStmtExecute:
    case Command::kStmtBulkExecute: return true;
    default: return to_string(command_) == "COM_UNKNOWN";
  }
}

}  // namespace hf::proto::mysql
