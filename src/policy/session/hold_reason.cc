#include "policy/session/hold_reason.h"

#include <algorithm>

namespace hf::policy::session {

namespace {

/// By PinReason.
constexpr std::array<HoldReason, kPinReasons> kPins = {{
    {"none", "nothing pins it"},
    {"user-variable", "it uses user variables (`@x`)"},
    {"temporary-table", "it has made temporary tables"},
    {"user-lock", "it uses named locks (`GET_LOCK` and its family)"},
    {"prepared-text", "it has prepared a statement as SQL text (`PREPARE`)"},
    {"handler", "it has opened a table with `HANDLER`"},
    {"connection-id", "it has asked for `CONNECTION_ID()`, which must stay what it was"},
    {"sequence", "it has used a sequence, whose `LASTVAL()` one connection knows"},
    {"unknown-state",
     "a statement may have left anything behind: `CALL`, an unknown function, text that cannot be read"},
    {"variable", "it has set a variable that no other connection can be given"},
    {"unnamed-change", "the server reported a change and did not name it"},
    {"xa", "it has begun an XA transaction"},
}};

/// What lasts longest comes first; the last one is no tie.
constexpr std::array<HoldReason, 8> kTies = {{
    {"login", "nobody but the client can log in to the server"},
    {"table-lock", "it holds `LOCK TABLES`"},
    {"transaction", "a transaction is open (or may be, after an error)"},
    {"next-transaction", "`SET TRANSACTION` waits for the next transaction"},
    {"cursor", "a cursor (binary protocol) is open"},
    {"insert-id", "a statement made an `AUTO_INCREMENT` value"},
    {"diagnostics",
     "there is something to ask about the statement before: an error, warnings, changed rows, `SQL_CALC_FOUND_ROWS`"},
    {"statement", "a statement runs"},
}};
constexpr std::array<std::uint32_t, 7> kTieBits = {tie::kLogin,           tie::kTableLock, tie::kTransaction,
                                                   tie::kNextTransaction, tie::kCursor,    tie::kInsertId,
                                                   tie::kDiagnostics};

}  // namespace

const HoldReason& words_of(PinReason reason) { return kPins[static_cast<std::size_t>(reason)]; }

const HoldReason& words_of_ties(std::uint32_t ties) {
  for (std::size_t i = 0; i < kTieBits.size(); ++i) {
    if ((ties & kTieBits[i]) != 0) return kTies[i];
  }
  return kTies.back();
}

std::array<HoldReason, kPinReasons - 1> pin_reasons() {
  std::array<HoldReason, kPinReasons - 1> all;
  std::copy(kPins.begin() + 1, kPins.end(), all.begin());
  return all;
}

std::span<const HoldReason> tie_reasons() { return kTies; }

}  // namespace hf::policy::session
