// SessionList: one shard's sessions that are pinned or have a server connection. A walk over all sessions in steps,
// each in a turn of its own, so that the shard's clients never wait for somebody's curiosity.
//
// Owner: itself, by way of what it posts. Thread: the shard's.
// Invariants:
//   1. A step looks at kStep sessions at most; strings are made for those alone that are shown.
//   2. Between steps sessions come and go: who was there all the time is looked at once.
#pragma once

#include <cstddef>
#include <functional>
#include <string>

#include "service/held_sessions.h"

namespace hf::service {
class Shard;
}

namespace hf::service::mysql {

class Session;

inline constexpr std::size_t kStep = 256;

/// From any thread. `service` alone, or all when empty; `most` of them are shown. `done` is called on the shard's
/// thread, or never if the shard ends before.
void list_sessions(Shard& shard, std::string service, std::size_t most, std::function<void(HeldSessions)> done);

}  // namespace hf::service::mysql
