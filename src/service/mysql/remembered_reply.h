// RememberedReply: a server's reply to a question about the last statement, with what the session remembers in place of
// what that connection believes. The definitions stay the server's, so the client sees the types and names of a direct
// connection.
//
// Owner: nobody, a pure function. Thread: any.
#pragma once

#include <string>

#include "base/bytes.h"
#include "policy/session/last_statement.h"
#include "proto/mysql/capabilities.h"

namespace hf::service::mysql {

/// `reply`: whole packets, from the column count to the last EOF or OK, as spoken under `capabilities`. `binary`: of a
/// prepared statement. A reply that is not of the answer's shape comes back as it was.
std::string with_answer(ByteView reply, const policy::session::RememberedAnswer& answer, bool binary,
                        proto::mysql::Capabilities capabilities);

}  // namespace hf::service::mysql
