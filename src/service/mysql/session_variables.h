// What a connection's own variables are, asked of it.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "runtime/task.h"
#include "upstream/mysql/connection.h"

namespace hf::service::mysql {

/// An answer in the client's character_set_results, which may be UTF-16 or UTF-32: names and numbers are ASCII, with
/// NULs beside it there.
std::string narrow(std::string text);

/// In the order of the server's answer; text as ASCII, whatever the connection's character_set_results is.
using SessionVariables = std::vector<std::pair<std::string, std::string>>;

/// `names`: in quotes, with commas between. A SHOW ends after sql_select_limit rows, like anything that a server
/// answers with; so that is asked for first, and lifted for the SHOW, which would show it as lifted. Errors: kRefused
/// with the server's words, or why the connection broke.
runtime::Task<Result<SessionVariables>> read_session_variables(upstream::mysql::Connection* connection,
                                                               std::string names, Deadline deadline);

}  // namespace hf::service::mysql
