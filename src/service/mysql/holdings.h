// The connection that a session keeps: giving it back, giving it up, asking it what only it knows.
//
// Owner: the session. Thread: the shard's. Invariant: whatever leaves a session goes to its pool with `reset_to` set,
// so that what the session left behind is taken away before anybody else has it, or the connection is closed.
#pragma once

#include "runtime/task.h"
#include "service/mysql/session.h"

namespace hf::service::mysql {

/// Back to its pool, which resets it if the session has left something behind.
void give_back(Session& session, ConnectionPtr connection);
/// The held connection, of which only convenience is left: asked what it alone knows, then given back.
runtime::Task<void> release_soft(Session& session);
/// The held connection goes back, whatever it held; what it alone knew is forgotten.
void give_up_held(Session& session);
/// The held connection is broken.
void lose_held(Session& session);
/// Keeps it, for these reasons. Another one that was kept for convenience is released.
runtime::Task<void> hold(Session& session, ConnectionPtr connection, std::uint32_t ties,
                         policy::session::PinReason pin);
/// An error of our own, of which no server knows: SHOW WARNINGS says it.
void remember_error(Session& session, const proto::mysql::ErrorReply& error);
/// A command that we answer ourselves has made ROW_COUNT() this: 0 by an OK, -1 by an EOF.
void remember_row_count(Session& session, std::int64_t count);
/// The list of warnings, where only this connection has it, into what is remembered.
runtime::Task<void> remember_list(Session& session, Connection* connection);
/// LAST_INSERT_ID(), FOUND_ROWS(), ROW_COUNT() and the list of warnings of the held connection, as far as only it knows
/// them, into the facts and what is remembered.
runtime::Task<void> ask_held(Session& session);
/// The remembered list in the character set that results have now; whatever connection is held is asked for it.
runtime::Task<void> retell_list(Session& session);

}  // namespace hf::service::mysql
