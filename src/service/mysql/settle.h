// Settle: after a complete reply, what the session and the connection have learnt, and whether the connection stays.
//
// Owner: the session's run. Thread: the shard's.
#pragma once

#include "runtime/task.h"
#include "service/mysql/exchange.h"
#include "service/mysql/session.h"

namespace hf::service::mysql {

/// `ties`: why the connection was held until now; 0 when it was borrowed. False: it is over with the session (a
/// connection that the server has released, say).
runtime::Task<bool> settle(Session& session, ConnectionPtr connection, const Request* request, Reply* reply,
                           std::uint32_t ties);

/// Whether the server closes the connection after this COMMIT or ROLLBACK.
bool releases(Session& session, const policy::sql::Statement& statement);

}  // namespace hf::service::mysql
