// LastStatement: what a session remembers of its last statement once no connection can tell: ROW_COUNT() and the list
// of warnings. A connection that was given up cannot, nor one on which a question of ours has run since.
//
// Owner: LastStatement a session; the rest pure. Thread: the shard's.
// Invariant: what is remembered is the client's truth, whatever a connection says that was made to look like the one
// given up.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "policy/session/ledger.h"
#include "policy/sql/lexer.h"

namespace hf::policy::session {

/// A row of SHOW WARNINGS.
struct Condition {
  std::string level;  // "Error", "Warning", "Note"
  std::string code;
  std::string message;
  bool is_error() const { return level == "Error"; }
  friend bool operator==(const Condition&, const Condition&) = default;
};

/// The list of warnings. The counts may be larger than it is long (max_error_count).
struct ConditionList {
  std::vector<Condition> conditions;
  std::uint64_t warnings = 0;  // @@warning_count: of all
  std::uint64_t errors = 0;    // @@error_count
  // of the messages: character_set_results when they were read; empty: the server's own, utf8mb4
  std::string charset{};
  friend bool operator==(const ConditionList&, const ConditionList&) = default;
};

struct LastStatement {
  bool whole() const { return row_count && list; }
  std::optional<std::int64_t> row_count;
  std::optional<ConditionList> list;
};

/// Another statement has run: what is remembered of the one before is over, as far as this one has its own.
/// `disturbed`: a statement of ours came behind this one, after which ROW_COUNT() on the connection is another.
void pass_on(LastStatement* last, const sql::Statement& statement, const ReplyFacts& told, bool disturbed);

/// Nobody knows more of the last statement than the session itself: that is what is remembered from now on, whatever
/// becomes of a connection.
void complete(LastStatement* last, const SessionFacts& session);

/// The connection broke: what it alone knew is lost.
void lose_connection(SessionFacts& session, const LastStatement& last, ConnectionSerial serial);

/// An answer, or a part of one, from memory.
struct RememberedAnswer {
  bool whole = false;  // SHOW WARNINGS: `rows` are all there is to say
  std::vector<Condition> rows;
  std::vector<std::optional<std::int64_t>> values;  // otherwise one row of integers; nothing: as the server says
};

/// The answer to a question about the last statement, as far as it is remembered; nothing where the connection's own is
/// right, or where the question is none of SHOW WARNINGS, SHOW ERRORS, SHOW COUNT(*) … and a SELECT or VALUES of
/// nothing but ROW_COUNT(), FOUND_ROWS(), LAST_INSERT_ID(), @@warning_count and @@error_count, under whatever names.
/// `select_limit`: sql_select_limit, of SHOW without a LIMIT of its own. `found_rows`: where no connection can say it.
std::optional<RememberedAnswer> remembered_answer(const LastStatement& last, ByteView sql, const sql::Context& context,
                                                  std::size_t select_limit,
                                                  std::optional<std::int64_t> found_rows = std::nullopt);

/// A statement that leaves a list like this one, as far as SIGNAL can: its last condition. `sql_mode`: in force there.
std::string signals_of(const ConditionList& list, ByteView sql_mode);

/// A question whose one row has the messages as results in `charset` have them; empty where they are these bytes, or
/// too many.
std::string messages_in(const ConditionList& list, ByteView charset);

}  // namespace hf::policy::session
