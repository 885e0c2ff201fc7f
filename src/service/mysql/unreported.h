// Unreported: what no reply tells of a statement, its connection is asked for: changes kept back by an error or an EOF,
// counts, what a SET has set. A connection that does not answer is aborted.
//
// Owner: the session's settle. Thread: the shard's.
#pragma once

#include "policy/session/ledger.h"
#include "runtime/task.h"
#include "service/mysql/exchange.h"
#include "service/mysql/session.h"

namespace hf::service::mysql {

/// What the server had not told yet.
struct Flushed {
  bool named = false;  // variables, a schema: the session has them by now
  bool any = false;    // the mark that something has changed, with a name or without; a GTID has none
};

/// What the server has not told yet comes out with the next OK that has a change to tell: that the tracking of changes
/// is switched off, which is none that this tracking itself would tell.
runtime::Task<Flushed> flush_changes(Session& session, Connection* connection);

/// After a SET of ours behind rows, ROW_COUNT() and FOUND_ROWS() are made those of the rows again.
runtime::Task<void> count_again(Session& session, Connection* connection);

/// What a read that failed has counted, if it has. Where the connection's count is what it was, the read is run again
/// with another count there, which it leaves or not. (An XA branch that is prepared would not say.)
runtime::Task<void> ask_doubted_count(Session& session, Connection* connection, const Request* request,
                                      const Reply* reply, policy::session::DoubtedCount doubt);

/// What a SET has set and not told (`learnt.ask_tracking`, `learnt.ask_collation`).
runtime::Task<void> ask_for_settings(Session& session, Connection* connection, const Request* request,
                                     const Reply* reply, policy::session::Learnt learnt);

/// What only a connection knows that the session leaves: its last insert id, and FOUND_ROWS().
runtime::Task<void> ask_for_counts(Session& session, Connection* connection);

/// The client's read once more, unseen. Errors: the connection is lost, or the client.
runtime::Task<Result<Reply>> repeat_unseen(Session& session, Connection* connection, const Request* request);

}  // namespace hf::service::mysql
