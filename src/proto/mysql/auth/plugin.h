// Answers a server's authentication request by plugin name: the client's side of every plugin that we speak.
//
// Owner: plain values. Thread: any.
// Invariants:
//   1. A plugin that we do not speak is ErrorCode::kUnsupported and named; never an empty answer.
//   2. A clear password is never given out here: mysql_clear_password and the like are unsupported.
#pragma once

#include <string>

#include "base/bytes.h"
#include "base/result.h"

namespace hf::proto::mysql::auth {

/// The first answer to `nonce` under `plugin`. An empty plugin name means mysql_native_password.
Result<std::string> answer(ByteView plugin, ByteView password, ByteView nonce);

}  // namespace hf::proto::mysql::auth
