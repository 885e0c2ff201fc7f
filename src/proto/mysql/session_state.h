// What an OK packet tells about changes of the session: variables, schema, GTIDs, transaction state.
//
// Owner: a reader and its changes are views of OkPacket::session_state. Thread: any.
// Source: MariaDB knowledge base "OK_Packet", MySQL internals "Session State Information"; bytes checked against
// MariaDB 10.11. Invariants:
//   1. Changes come in wire order; one entry that carries several variables gives several changes.
//   2. Types we do not know are given as kOther, not refused.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string>

#include "base/bytes.h"
#include "base/result.h"
#include "proto/mysql/lenenc.h"

namespace hf::proto::mysql {

enum class SessionChange : std::uint8_t {
  kSystemVariable = 0,  // name and value
  kSchema = 1,          // value: the new default database
  kStateChange = 2,     // value "1": something in the session changed (variable, temporary table, prepared, …)
  kGtids = 3,           // value: MySQL's GTID text
  kTransactionCharacteristics = 4,  // value: SQL that would start the same transaction
  kTransactionState = 5,            // value: 8 characters, '_' where unset, such as "T___W_S_"
  kOther = 0xFF,                    // value: the raw entry
};

struct SessionStateEntry {
  SessionChange type = SessionChange::kOther;
  std::uint8_t raw_type = 0;
  ByteView name{};  // of a system variable; else empty
  ByteView value{};

  friend bool operator==(const SessionStateEntry&, const SessionStateEntry&) = default;
};

/// Walks over the changes: call next() until it gives an empty optional, or an Error for malformed bytes.
class SessionStateReader {
 public:
  explicit SessionStateReader(ByteView session_state) : entries_(session_state), variables_(ByteView()) {}
  Result<std::optional<SessionStateEntry>> next();

 private:
  Reader entries_;
  Reader variables_;  // what is left of a variables entry
};

/// Appends one change as the server would write it.
void append_session_change(std::string& session_state, const SessionStateEntry& change);

/// The changes of both: what `later` tells again is as it tells it.
std::string merged_session_changes(ByteView earlier, ByteView later);

}  // namespace hf::proto::mysql
