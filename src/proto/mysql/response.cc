#include "proto/mysql/response.h"

#include "proto/mysql/lenenc.h"
#include "proto/mysql/session_state.h"

namespace hf::proto::mysql {

namespace {

constexpr std::uint16_t kProgressCode = 0xFFFF;
constexpr std::size_t kSqlStateSize = 5;

Error malformed(ByteView what) { return Error{ErrorCode::kProtocol, "malformed " + std::string(what)}; }

/// Without session tracking the text is length-encoded too (both servers do so), the manual's "rest of packet"
/// notwithstanding.
ByteView read_plain_info(Reader& reader) {
  Reader attempt = reader;
  const ByteView info = attempt.lenenc_string();
  return attempt.ok() && attempt.at_end() ? info : reader.rest();
}

}  // namespace

std::string encode_ok(const OkPacket& ok, Capabilities capabilities) {
  const bool tracks = has(capabilities, kClientSessionTrack);
  StatusFlags status = ok.status;
  if (!tracks || ok.session_state.empty()) status &= static_cast<StatusFlags>(~kStatusSessionStateChanged);
  const bool with_state = tracks && has(status, kStatusSessionStateChanged);

  std::string out;
  append_le(out, ok.header, 1);
  append_lenenc(out, ok.affected_rows);
  append_lenenc(out, ok.insert_id);
  if (has(capabilities, kClientProtocol41) || has(capabilities, kClientTransactions)) append_le(out, status, 2);
  if (has(capabilities, kClientProtocol41)) append_le(out, ok.warnings, 2);
  if (with_state || !ok.info.empty()) append_lenenc_string(out, ok.info);
  if (with_state) append_lenenc_string(out, ok.session_state);
  return out;
}

Result<OkPacket> decode_ok(ByteView payload, Capabilities capabilities) {
  Reader reader(payload);
  OkPacket ok;
  ok.header = reader.u8();
  if (ok.header != kOkHeader && ok.header != kEofHeader) return malformed("OK packet");
  ok.affected_rows = reader.lenenc();
  ok.insert_id = reader.lenenc();
  if (has(capabilities, kClientProtocol41) || has(capabilities, kClientTransactions)) ok.status = reader.u16();
  if (has(capabilities, kClientProtocol41)) ok.warnings = reader.u16();
  if (reader.ok() && !reader.at_end()) {
    ok.info = has(capabilities, kClientSessionTrack) ? reader.lenenc_string() : read_plain_info(reader);
  }
  if (has(capabilities, kClientSessionTrack) && has(ok.status, kStatusSessionStateChanged) && !reader.at_end()) {
    ok.session_state = reader.lenenc_string();
  }
  if (!reader.ok()) return malformed("OK packet");
  return ok;
}

std::string encode_err(const ErrPacket& err, Capabilities capabilities) {
  std::string out;
  append_le(out, kErrHeader, 1);
  append_le(out, err.code, 2);
  if (has(capabilities, kClientProtocol41) && err.sqlstate.size() == kSqlStateSize) {
    out.push_back('#');
    out.append(err.sqlstate);
  }
  out.append(err.message);
  return out;
}

Result<ErrPacket> decode_err(ByteView payload) {
  Reader reader(payload);
  if (reader.u8() != kErrHeader) return malformed("ERR packet");
  ErrPacket err;
  err.code = reader.u16();
  if (!reader.ok()) return malformed("ERR packet");
  if (reader.peek() == '#' && reader.remaining() > kSqlStateSize) {
    reader.skip(1);
    err.sqlstate = reader.bytes(kSqlStateSize);
  }
  err.message = reader.rest();
  return err;
}

bool is_progress(ByteView payload, Capabilities capabilities) {
  const Capabilities caps = mariadb_extended(capabilities);
  const bool negotiated =
      has(caps, kMariaDbProgress) || ((caps & kClientMysql) == 0 && has(caps, kClientProgressObsolete));
  return negotiated && payload.size() >= 3 && is_err(payload) && load_le(payload, 1, 2) == kProgressCode;
}

Result<ProgressReport> decode_progress(ByteView payload) {
  Reader reader(payload);
  if (reader.u8() != kErrHeader || reader.u16() != kProgressCode) return malformed("progress report");
  reader.skip(1);  // number of strings, always 1
  ProgressReport report;
  report.stage = reader.u8();
  report.max_stage = reader.u8();
  report.progress = static_cast<std::uint32_t>(reader.integer(3));
  report.info = reader.lenenc_string();
  if (!reader.ok()) return malformed("progress report");
  return report;
}

std::string encode_progress(const ProgressReport& report) {
  std::string out;
  append_le(out, kErrHeader, 1);
  append_le(out, kProgressCode, 2);
  append_le(out, 1, 1);
  append_le(out, report.stage, 1);
  append_le(out, report.max_stage, 1);
  append_le(out, report.progress, 3);
  append_lenenc_string(out, report.info);
  return out;
}

std::string encode_eof(const EofPacket& eof, Capabilities capabilities) {
  std::string out;
  append_le(out, kEofHeader, 1);
  if (!has(capabilities, kClientProtocol41)) return out;
  append_le(out, eof.warnings, 2);
  append_le(out, eof.status, 2);
  return out;
}

Result<EofPacket> decode_eof(ByteView payload, Capabilities capabilities) {
  if (!is_eof(payload)) return malformed("EOF packet");
  Reader reader(payload);
  reader.skip(1);
  EofPacket eof;
  if (!has(capabilities, kClientProtocol41)) return eof;
  eof.warnings = reader.u16();
  eof.status = reader.u16();
  if (!reader.ok()) return malformed("EOF packet");
  return eof;
}

Result<std::string> rewrite_ok(ByteView ok_payload, Capabilities from, Capabilities to, const VariableFilter& keep) {
  Result<OkPacket> decoded = decode_ok(ok_payload, from);
  if (!decoded.ok()) return std::move(decoded).error();
  OkPacket ok = *decoded;
  std::string kept;
  if (has(to, kClientSessionTrack)) {
    SessionStateReader reader(ok.session_state);
    for (;;) {
      Result<std::optional<SessionStateEntry>> change = reader.next();
      if (!change.ok()) return std::move(change).error();
      if (!change->has_value()) break;
      const SessionStateEntry& entry = **change;
      if (entry.type == SessionChange::kSystemVariable && keep && !keep(entry.name)) continue;
      append_session_change(kept, entry);
    }
  }
  ok.session_state = kept;
  return encode_ok(ok, to);
}

}  // namespace hf::proto::mysql
