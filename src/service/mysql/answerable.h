// Answerable: a question about the statement before (SHOW WARNINGS, FOUND_ROWS()), and what acts on that (INSERT …
// VALUES (FOUND_ROWS())), runs where the answer is, or where it is made to look so; what memory can say is put into the
// reply.
//
// Owner: the session. Thread: the shard's.
#pragma once

#include <optional>

#include "policy/session/last_statement.h"
#include "runtime/task.h"
#include "service/mysql/exchange.h"
#include "service/mysql/session.h"

namespace hf::service::mysql {

/// Where the statement before, and the session's memory, can answer.
enum class Answerable : std::uint8_t {
  kAnywhere,
  kOnlyHere,  // on the connection that the session keeps
  kNowhere
};  // the statement would be told, or would store, something else

/// Before each attempt anew: what the session keeps, or another connection, can answer. Of statements that ask about
/// the last one, or act on it. `patience`: how long it may take to get a connection that can.
runtime::Task<Answerable> make_answerable(Session& session, const Request* request, Deadline patience);

/// What the session remembers of the statement before, where it is asked for that.
std::optional<policy::session::RememberedAnswer> from_memory(Session& session, const Request& request);

/// The answer broke with its connection. It is told once; from then on the answer is that of a session begun anew.
bool asks_for_what_is_lost(Session& session, const Request& request);

/// The session's warnings are on a replica, and a statement that needs them may pin the session: not there, where it
/// could not write any more. The read that left them is repeated on the primary, unseen.
runtime::Task<void> move_diagnostics_to_primary(Session& session);

}  // namespace hf::service::mysql
