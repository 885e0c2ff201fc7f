// Facts: what a session is entitled to (SessionFacts) and what a server connection has (ConnectionFacts): the same
// items, seen from both sides. Only the ledger (ledger.h) changes them.
//
// Owner: SessionFacts a session; ConnectionFacts lives in its connection object and dies with it. Thread: the shard's.
// Invariants:
//   1. A connection is named by its serial number, unique in the process and never used again; never by the server's
//      thread id.
//   2. `settings` of a connection are what the server has now, or null: unknown, and then only a reset makes them
//      known.
//   3. A stain is what a session may have left behind and a reset takes away; a connection with one serves that session
//      only.
//   4. `must_close`: a reset would not take it away (an XA branch, a profile, a role, somebody's KILL on its way).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "policy/session/hold_reason.h"
#include "policy/session/prepared_cache.h"
#include "policy/session/settings.h"

namespace hf::policy::session {

using ConnectionSerial = std::uint64_t;  // 0: none

/// The server's status word, as far as decisions need it.
struct Status {
  bool autocommit = true;
  bool in_transaction = false;
  bool read_only_transaction = false;
  bool no_backslash_escapes = false;
  bool ansi_quotes = false;
  friend bool operator==(const Status&, const Status&) = default;
};

/// What a session may have left on a connection. Bits.
namespace stain {
// user variables, temporary tables, locks, handlers, text PREPARE, unnamed changes
inline constexpr std::uint32_t kState = 1U << 0;
inline constexpr std::uint32_t kSequence = 1U << 1;  // LASTVAL()
inline constexpr std::uint32_t kOdd = 1U << 2;       // a session had it that cannot be told apart: anything
}  // namespace stain

/// A value that the session remembers, or that only one connection knows.
struct Remembered {
  std::uint64_t value = 0;
  ConnectionSerial on = 0;  // 0: `value` is right
  bool known() const { return on == 0; }
};

/// How the client wants the server to track its session (session_track_*). Never set on servers.
struct TrackingWish {
  std::string system_variables =
      "autocommit,character_set_client,character_set_connection,character_set_results,time_zone";
  std::string transaction_info = "OFF";
  bool schema = true;
  bool state_change = false;

  bool names(ByteView variable) const;
  /// A session_track_* variable as the server shows it; any other is passed over.
  void set(ByteView name, ByteView value);
  /// The assignments that put this wish on a connection, as "a='b',…".
  std::string assignments() const;
  friend bool operator==(const TrackingWish&, const TrackingWish&) = default;
};

/// What a session would be told wrongly, since the connection that alone knew it broke. Bits.
namespace lost {
inline constexpr std::uint8_t kInsertId = 1U << 0;   // until the next one is made
inline constexpr std::uint8_t kFoundRows = 1U << 1;  // until the next statement that counts
// warnings, errors, ROW_COUNT(): until the next statement that leaves its own
inline constexpr std::uint8_t kList = 1U << 2;
}  // namespace lost

struct SessionFacts {
  SettingsPtr settings;  // null: not known yet, or not any more
  Status status;
  TrackingWish tracking;
  Remembered insert_id;         // LAST_INSERT_ID()
  Remembered found_rows{1, 0};  // FOUND_ROWS(); 1 is what a fresh login has
  // who knows warnings, errors and ROW_COUNT(); 0: there are none worth asking for
  ConnectionSerial diagnostics_on = 0;
  bool has_list = false;       // … and there are warnings or errors among them
  std::uint8_t lost = 0;       // see namespace lost
  bool last_had_rows = false;  // … or failed: ROW_COUNT() is -1 then, 0 otherwise, where nobody else knows
};

struct ConnectionFacts {
  ConnectionSerial serial = 0;
  SettingsPtr settings;
  std::uint32_t stains = 0;
  bool tracking = false;    // session tracking is as we need it
  bool wish_shown = false;  // session_track_* are the client's at the moment, so that it can read them
  bool must_close = false;
  bool outlives_reset = false;                 // it has what a reset does not take away: a role, profiles
  bool in_xa = false;                          // it has an XA branch: prepared, that lets nothing be read
  bool told_kill = false;                      // a KILL was aimed at it: closed instead of lent on
  bool multi_statements = false;               // CLIENT_MULTI_STATEMENTS as it is now
  std::optional<std::uint64_t> insert_id = 0;  // LAST_INSERT_ID() there; nothing: some value
  // FOUND_ROWS() there; nothing: some value, such as that of the login before on its thread
  std::optional<std::uint64_t> found_rows;
  bool has_list = false;  // warnings or errors of some statement are there to be shown
  PreparedCache prepared;

  bool clean() const { return stains == 0 && !must_close && !told_kill; }
};

/// What a complete reply told, whatever the protocol's bytes.
struct ReplyFacts {
  bool failed = false;
  std::uint16_t error_code = 0;
  std::optional<Status> status;  // of its last OK or EOF, one before the error if it failed; an error carries none
  std::uint64_t affected_rows = 0;
  std::uint64_t insert_id = 0;
  std::uint64_t rows = 0;
  std::uint64_t results = 0;
  std::uint16_t warnings = 0;
  bool state_changed = false;  // the nameless "something changed"
  bool result_set = false;     // rows came, not a lone OK
  bool cursor_open = false;
  std::optional<std::string> schema;
  std::vector<std::pair<std::string, std::string>> variables;  // reported as changed, in order
  std::optional<std::string> next_transaction;                 // transaction characteristics, as SQL
};

}  // namespace hf::policy::session
