// The servers' global variables as the defaults of a session (upstream/mysql/session_defaults.h): which are read, and
// what they say.
//
// Thread: any (pure functions).
#pragma once

#include <string>

#include "proto/mysql/text_result.h"
#include "upstream/mysql/session_defaults.h"

namespace hf::topology::mysql {

/// One query that any account may ask; a server leaves out what it does not have.
std::string defaults_query();

/// The id is left 0.
upstream::mysql::SessionDefaults parse_defaults(const proto::mysql::TextResult& rows);

/// All of it but the id, as one text: equal exactly when the content is.
std::string content_of(const upstream::mysql::SessionDefaults& defaults);

}  // namespace hf::topology::mysql
