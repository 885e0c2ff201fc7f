// Login: the session until its first command: greeting, authentication, the schema named at login; and COM_CHANGE_USER,
// which repeats it.
//
// Owner: the session. Thread: the shard's.
// Invariants:
//   1. Everything until the OK is within one deadline, kLoginTimeout.
//   2. A name that nobody has is asked the same questions as one that somebody has.
//   3. A login whose proof only a server can judge takes no place of the pool before the server has accepted it, and no
//      more of these are under way at once than kMostProxied, nor from one client address than kMostProxiedOfOne:
//      others wait for their turn.
#pragma once

#include "runtime/task.h"
#include "service/mysql/session.h"

namespace hf::service::mysql {

/// Greets, authenticates, says OK or the error. False: the session is over.
HF_SEPARATE_FRAME runtime::Task<bool> log_in(Session& session);

}  // namespace hf::service::mysql
