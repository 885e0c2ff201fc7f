// Run: one command of the client's to its end, on as many servers as it takes, text and prepared alike.
//
//   route ─► borrow or the held one ─► restore, copy ─► exchange ─┬─ complete ─► settle: learn, hold or give back
//     ▲                                                           ├─ refused  ─► retry.h: elsewhere, later, or the
//     client's
//     └──────────────────────── again ────────────────────────────┴─ lost     ─► retry.h: once more, or the error
//
// Owner: the session. Thread: the shard's. Invariant: what is sent again is decided in policy/session/retry.h, nowhere
// else.
#pragma once

#include "runtime/task.h"
#include "service/mysql/exchange.h"
#include "service/mysql/session.h"

namespace hf::service::mysql {

/// False: the session is over.
runtime::Task<bool> run(Session& session, Request request);

}  // namespace hf::service::mysql
