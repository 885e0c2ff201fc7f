// Retry: what follows when a server was lost under a statement, or refused it. By where it was sent, what was seen of
// the reply, what it is made of, and how often it was tried; never by who is primary by now.
//
// Owner: nobody, pure functions. Thread: any.
// Invariants: 1. Nothing that may have run is sent twice, but for a read, once. 2. A read whose server was lost while
// running it never goes to the primary next. 3. After a KILL nothing is repeated.
#pragma once

#include <cstdint>

#include "policy/session/facts.h"
#include "policy/sql/statement.h"

namespace hf::policy::session {

struct Attempt {
  bool at_primary = false;   // as it was when the statement was sent
  bool sent = true;          // a byte of it may have reached the server. False: the server's end had arrived before
  bool reply_begun = false;  // the client has seen a part
  bool repeatable = false;
  bool reroutable = false;
  bool killed = false;            // somebody's KILL was aimed at it
  bool frail = false;             // a statement of this shape has cost two servers lately
  std::uint32_t ties = 0;         // of the connection it ran on
  std::uint32_t lost_before = 0;  // servers lost by this statement before this one
  bool only_here = false;         // a question about the statement before, which nobody else can answer
  bool prepare = false;           // COM_STMT_PREPARE: does nothing, may always be repeated
  bool bulk = false;              // COM_STMT_BULK_EXECUTE: row by row, and each may be committed
  std::uint32_t rooms_made = 0;   // times that copies of ours were closed for it
};

enum class Next : std::uint8_t {
  kAgain,         // on whichever server the route gives, held while there is none
  kOtherReader,   // once, on another replica; if there is none: the error
  kPrimary,       // not executed by a replica: it runs on the primary
  kMakeRoom,      // the server has too many statements prepared: copies of ours are closed, then again
  kReport,        // the error to the client; the session goes on
  kReportAndEnd,  // … and the session with it: what it had is gone
};

/// The server was lost.
Next after_loss(const Attempt& attempt);

struct Refusal {
  std::uint16_t code = 0;
  bool read_only = false;      // 1290 with --read-only, 1836
  bool shutting_down = false;  // 1053
};
/// The server said no. kReport: the refusal is the statement's answer.
Next after_refusal(const Attempt& attempt, const Refusal& refusal, const sql::Statement& statement);

/// A statement that the server carries out whole or not at all.
bool is_one_statement(const sql::Statement& statement);

}  // namespace hf::policy::session
