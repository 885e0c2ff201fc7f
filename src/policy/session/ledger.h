// Ledger: what must happen before a session's statement may run on a connection, and what both have learnt when it has
// run. The one place that changes SessionFacts and ConnectionFacts.
//
// Owner: nobody, pure functions. Thread: the shard's.
//
//   before(session, connection, needs) ──► steps ──► (each answered) restored(...) ──► the statement ──► learn(...) ──►
//   ties
//
// Invariants:
//   1. When every step of before() has succeeded, each item that the statement may read equals the session's, or ties
//      say why not.
//   2. learn() never makes a connection cleaner: only reset() does, when the server has said OK to every step of
//      reset_steps().
//   3. A reply of which something is not known leaves it unknown, on both sides.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "policy/session/facts.h"
#include "policy/sql/lexer.h"
#include "policy/sql/statement.h"

namespace hf::policy::session {

/// One command of our own to a server.
struct Step {
  enum class Kind : std::uint8_t {
    kReset,      // COM_RESET_CONNECTION
    kSchema,     // COM_INIT_DB `text`
    kStatement,  // COM_QUERY `text`
    kOption,     // COM_SET_OPTION: multi-statements on (text "0") or off ("1")
  };
  Kind kind = Kind::kStatement;
  std::string text;
};

/// What this statement may read that is not in Settings.
struct Needs {
  bool insert_id = false;   // LAST_INSERT_ID(), openly or hidden in triggers and programs
  bool found_rows = false;  // FOUND_ROWS(), which it may read, or may leave as it is
  bool own_list = false;    // the session's list of warnings, which it surely leaves as it is
  bool empty_list = false;  // that there is no list of somebody else's, which it may leave as it is
  bool tracking = false;    // session_track_*: the client's own wish must be there to be seen
  // a question about the statement before, which changes nothing: a SET of ours before it would be that statement
  bool quiet = false;
  bool multi_statements = false;  // what the session has; compared with the connection's
};
Needs needs_of(const sql::Statement& statement);

/// The steps that make `connection` fit `session` for a statement; none when it does already. `fresh_rights`: the
/// connection's rights in its schema may be older than the session's login, so the schema is entered anew.
std::vector<Step> before(const SessionFacts& session, const ConnectionFacts& connection, const Needs& needs,
                         bool fresh_rights);
/// Rows that are worth being counted again for who hardly ever asks: they are made one by one.
inline constexpr std::uint64_t kMostCounted = 1000;
/// A statement after which FOUND_ROWS() is `rows` and the list of warnings is empty.
std::string count_statement(std::uint64_t rows);
/// All steps have succeeded.
void restored(const SessionFacts& session, ConnectionFacts& connection, const Needs& needs);

/// A step has left warnings, of a deprecated variable, say: they are to be taken away like anybody's, by another
/// before().
void left_warnings(ConnectionFacts& connection);

/// Steps that make a connection clean again and put it into `start`, in one write. It may be lent when all of them were
/// answered OK.
std::vector<Step> reset_steps(const Settings& start);
void reset(ConnectionFacts& connection, SettingsPtr start);

/// The assignments that every connection of ours has, as "@@session.…=…,…": tracking of all that can be tracked.
ByteView tracking_assignments();

/// A statement has failed on a connection that had counted something else than the session, and nobody tells whether it
/// was before or behind its own counting.
struct DoubtedCount {
  std::uint64_t own = 0;               // FOUND_ROWS() if it was before
  std::optional<std::uint64_t> there;  // what the connection had; nothing: not known
};

struct Learnt {
  std::uint32_t ties = 0;            // why the session must keep the connection now
  PinReason pin = PinReason::kNone;  // the first reason when ties has kPinned and did not before
  // the server may have changes that it has not told: ask by a harmless SET; what has no name is for learn_nameless()
  bool unsettled = false;
  bool ask_collation = false;  // SET NAMES and its like do not tell the collation: ask for it
  // SET session_track_* turns our own tracking off, for its other assignments too, that of @@x is not tracked, and one
  // variable may set another: ask for names_to_ask(), then learn_wish() or learn_values()
  bool ask_tracking = false;
  std::optional<DoubtedCount> doubted_count;  // ask for FOUND_ROWS(), then settle_count()
};

/// Takes a complete reply in. `ties`: why the connection was kept before; 0 when it was not.
Learnt learn(SessionFacts& session, ConnectionFacts& connection, const sql::Statement& statement,
             const ReplyFacts& reply, std::uint32_t ties, SettingsTable& table);

/// An unsettled statement has left what has no name (a user variable, a temporary table): the session must keep the
/// connection.
void learn_nameless(ConnectionFacts& connection, Learnt& learnt);

/// Takes in what FOUND_ROWS() is there now. False: nobody can tell, since it is what it was or since that was not
/// known. Then the session's own stays, as what is there may be another client's; or the read is run again where the
/// count is another one.
bool settle_count(SessionFacts& session, const DoubtedCount& doubt, std::uint64_t there_now);

/// Takes in variables (and a schema) that were asked for, or that a flush brought out. The client's wish for tracking
/// is not among them.
void learn_values(SessionFacts& session, ConnectionFacts& connection, const ReplyFacts& told, SettingsTable& table);

/// Variables whose values are not known after this statement, which sets session_track_*, @@x or others unseen: those,
/// and what else it may have set.
std::vector<std::string> names_to_ask(const SessionFacts& session, const sql::Statement& statement, ByteView sql,
                                      const sql::Context& context);
/// Takes in what was asked for: the client's wish, and settings.
void learn_wish(SessionFacts& session, ConnectionFacts& connection, const ReplyFacts& told, SettingsTable& table);

/// Whether a change that the server named (a schema, a variable) is all that this statement can have changed: what it
/// runs besides, a function behind a view, enters another schema and comes back, which is such a change, and may set a
/// user variable there, which has no name.
bool explained_by_name(const sql::Statement& statement);

/// It may do anything. A computed value is no program: only the value is not known.
bool is_program(const sql::Statement& statement);
/// GET DIAGNOSTICS leaves ROW_COUNT() as it was.
bool left_row_count(const sql::Statement& statement, const ReplyFacts& reply);
/// Whether the statement leaves the list of warnings as it is, if it has none of its own.
bool leaves_list(const sql::Statement& statement);

/// Whether the statement leaves FOUND_ROWS() as it is. Whatever may hold a SELECT (INSERT … SELECT, DO, SHOW, EXPLAIN)
/// does not.
bool leaves_found_rows(const sql::Statement& statement);

/// Whether the server refused the statement before it did anything: parse, name and rights errors. What a routine
/// inside runs may have been refused so, too.
bool not_executed(std::uint16_t error_code);

/// What is lost of what the statement asks for, as bits of lost::. `found_rows`: it names FOUND_ROWS().
std::uint8_t asks_for_lost(const SessionFacts& session, const sql::Statement& statement, bool found_rows);
/// The session gives up a connection that alone knew something; what was asked of it before is in the facts by then.
void forget_connection(SessionFacts& session, ConnectionSerial serial);

}  // namespace hf::policy::session
