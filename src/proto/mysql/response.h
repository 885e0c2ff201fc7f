// The packets that end a reply or a part of it: OK, ERR, EOF, and MariaDB's progress report that looks like an ERR.
//
// Owner: decoded packets are views of the payload they came from. Thread: any.
// Source: MariaDB knowledge base "OK_Packet", "ERR_Packet", "EOF_Packet"; bytes checked against MariaDB 10.11.
// Invariants:
//   1. Decoders never allocate on success and never read outside the payload.
//   2. Encoders write what `capabilities` (of the receiving side) allow: no sqlstate before kClientProtocol41, no
//      session state without kClientSessionTrack, and then kStatusSessionStateChanged is not set either.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "base/bytes.h"
#include "base/result.h"
#include "proto/mysql/capabilities.h"

namespace hf::proto::mysql {

inline constexpr std::uint8_t kOkHeader = 0x00;
inline constexpr std::uint8_t kEofHeader = 0xFE;
inline constexpr std::uint8_t kErrHeader = 0xFF;
inline constexpr std::uint8_t kLocalInfileHeader = 0xFB;

struct OkPacket {
  std::uint8_t header = kOkHeader;  // kOkHeader, or kEofHeader: an OK that stands for an EOF (kClientDeprecateEof)
  std::uint64_t affected_rows = 0;
  std::uint64_t insert_id = 0;
  StatusFlags status = 0;
  std::uint16_t warnings = 0;
  ByteView info{};           // "Rows matched: 1  Changed: 1  Warnings: 0"
  ByteView session_state{};  // raw; see session_state.h

  friend bool operator==(const OkPacket&, const OkPacket&) = default;
};
std::string encode_ok(const OkPacket& ok, Capabilities capabilities);
Result<OkPacket> decode_ok(ByteView payload, Capabilities capabilities);

struct ErrPacket {
  std::uint16_t code = 0;
  ByteView sqlstate{};  // 5 characters; empty where the sender left it out
  ByteView message{};

  friend bool operator==(const ErrPacket&, const ErrPacket&) = default;
};
/// `capabilities` 0 = before the login is known: no sqlstate is written.
std::string encode_err(const ErrPacket& err, Capabilities capabilities);
/// Needs no capabilities: the '#' in front of the sqlstate says whether there is one.
Result<ErrPacket> decode_err(ByteView payload);
inline bool is_err(ByteView payload) { return !payload.empty() && byte_at(payload, 0) == kErrHeader; }

/// An ERR header with code 0xFFFF is no error but news of a long statement; the real reply follows.
struct ProgressReport {
  std::uint8_t stage = 0;
  std::uint8_t max_stage = 0;
  std::uint32_t progress = 0;  // thousandths of a percent
  ByteView info{};

  friend bool operator==(const ProgressReport&, const ProgressReport&) = default;
};
bool is_progress(ByteView payload, Capabilities capabilities);
Result<ProgressReport> decode_progress(ByteView payload);
std::string encode_progress(const ProgressReport& report);

struct EofPacket {
  std::uint16_t warnings = 0;
  StatusFlags status = 0;

  friend bool operator==(const EofPacket&, const EofPacket&) = default;
};
std::string encode_eof(const EofPacket& eof, Capabilities capabilities);
Result<EofPacket> decode_eof(ByteView payload, Capabilities capabilities);
/// A classic EOF: 0xFE and less than 9 bytes; anything longer is a row that starts with a huge string.
inline bool is_eof(ByteView payload) {
  return !payload.empty() && payload.size() < 9 && byte_at(payload, 0) == kEofHeader;
}

/// Says which tracked system variables the receiver may see. Empty: all.
using VariableFilter = std::function<bool(ByteView name)>;

/// Makes of an OK written under `from` one for a client that negotiated `to`: session state is dropped where `to` lacks
/// kClientSessionTrack, and variables that `keep` refuses are dropped; kStatusSessionStateChanged is cleared when none
/// is left. Everything else, the header byte included, stays.
Result<std::string> rewrite_ok(ByteView ok_payload, Capabilities from, Capabilities to,
                               const VariableFilter& keep = {});

}  // namespace hf::proto::mysql
