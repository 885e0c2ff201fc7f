// Route: which kind of server a statement goes to. A table of questions in the order of their precedence.
//
// Owner: nobody, pure functions. Thread: any. Invariants: 1. Unknown state never goes to a reader of its own accord. 2.
// A hard tie comes before everything. 3. A `read` address never reaches the primary by choice of ours (only where the
// service's reads may fall back).
#pragma once

#include <cstdint>

#include "policy/session/facts.h"
#include "policy/sql/statement.h"

namespace hf::policy::session {

enum class Door : std::uint8_t { kSplit, kRead, kWrite };

enum class Place : std::uint8_t {
  kHeld,    // the connection that the session keeps
  kReader,  // a replica, by balance; the primary when there is none
  kPrimary,
};

struct RouteFacts {
  Door door = Door::kSplit;
  Status status;
  std::uint32_t ties = 0;  // of the held connection; 0 also when there is none
  bool holds = false;      // there is a held connection
  bool held_is_primary = false;
};

struct Routed {
  Place place = Place::kPrimary;
  bool repeatable = false;  // a read: may be sent once more where a server was lost
  bool reroutable = false;  // refused as read-only by a replica: runs on the primary
  friend bool operator==(const Routed&, const Routed&) = default;
};

/// Where the statement goes.
Routed route(const sql::Statement& statement, const RouteFacts& facts);

/// SHOW WARNINGS, SELECT @a := FOUND_ROWS(), GET DIAGNOSTICS: it reads what the statement before left, and changes no
/// table by itself.
bool shows_last(const sql::Statement& statement);
/// SHOW WARNINGS, FOUND_ROWS() and the like: questions about the statement before that do nothing else.
bool asks_about_last(const sql::Statement& statement);
/// No mere question, but it reads what the statement before left: INSERT … VALUES (FOUND_ROWS()), SELECT @a :=
/// ROW_COUNT(), CALL p(ROW_COUNT()).
bool acts_on_last(const sql::Statement& statement);

/// Ties the session for good when it runs.
bool may_pin(const sql::Statement& statement);

/// The statement is refused where only reads may be, as a replica refuses it. In doubt too.
bool refused_by_replicas(const sql::Statement& statement);

/// A read-only transaction lives on a replica; this statement ends it implicitly and goes on to write, so it must not
/// be sent there.
bool leaves_read_only_transaction(const sql::Statement& statement, const RouteFacts& facts);

}  // namespace hf::policy::session
