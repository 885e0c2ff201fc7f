// HoldReason: why a session keeps its connection, in words. One table for status, metrics, events and
// docs/mysql-service.md, whose rows a test compares with it.
//
// Owner: nobody, constant tables. Thread: any.
// Invariant: names are a contract with scripts: they are labels of metrics and fields of events.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace hf::policy::session {

/// Why a session keeps its connection between commands. Bits.
namespace tie {
inline constexpr std::uint32_t kTransaction = 1U << 0;
inline constexpr std::uint32_t kTableLock = 1U << 1;        // until UNLOCK TABLES
inline constexpr std::uint32_t kNextTransaction = 1U << 2;  // SET TRANSACTION: until the next transaction has ended
inline constexpr std::uint32_t kCursor = 1U << 3;           // rows of a cursor are still to be fetched
// state nobody can restore: until a reset or the end; see PinReason
inline constexpr std::uint32_t kPinned = 1U << 4;
inline constexpr std::uint32_t kLogin = 1U << 5;        // nobody but the client could log in again
inline constexpr std::uint32_t kDiagnostics = 1U << 8;  // warnings, errors, row counts: until the next statement
inline constexpr std::uint32_t kInsertId = 1U << 9;     // LAST_INSERT_ID(): until asked for and remembered
inline constexpr std::uint32_t kHard = kTransaction | kTableLock | kNextTransaction | kCursor | kPinned | kLogin;
inline constexpr std::uint32_t kSoft = kDiagnostics | kInsertId;  // for convenience: given back when somebody waits
}  // namespace tie

/// What pinned a session.
enum class PinReason : std::uint8_t {
  kNone,
  kUserVariable,
  kTemporaryTable,
  kUserLock,
  kPreparedText,
  kHandler,
  kConnectionId,
  kSequence,
  kUnknownState,   // the statement may leave anything behind: CALL, unknown functions, what we cannot read
  kVariable,       // a variable that makes sense on its own connection only
  kUnnamedChange,  // the server says that something changed and does not name it
  kXa,
};
inline constexpr std::size_t kPinReasons = static_cast<std::size_t>(PinReason::kXa) + 1;  // kNone is one of them

struct HoldReason {
  std::string_view name;      // "user-variable"
  std::string_view sentence;  // as docs/mysql-service.md says it
};

const HoldReason& words_of(PinReason reason);
/// "user-variable", "temporary-table" …
inline std::string_view to_string(PinReason reason) { return words_of(reason).name; }
/// Of several ties, other than kPinned, the one that lasts longest; a statement that runs where there is none.
const HoldReason& words_of_ties(std::uint32_t ties);

/// All of either table, in the order of the documentation.
std::array<HoldReason, kPinReasons - 1> pin_reasons();
std::span<const HoldReason> tie_reasons();

}  // namespace hf::policy::session
