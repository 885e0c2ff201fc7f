// What a session begins with: the settings that a login of this account with this collation has on a server, without
// asking one where the servers' globals tell it.
//
// Owner: the session's Identity. Thread: the shard's.
#pragma once

#include "runtime/task.h"
#include "service/mysql/session.h"

namespace hf::service::mysql {

/// Whether the session's settings are known. If they are not, the next connection is asked by learn_start().
bool begin_settings(Session& session, const std::string& schema, Beginning beginning);
/// Asks a connection that has just logged in, or is clean, for what begin_settings() could not tell.
runtime::Task<Result<void>> learn_start(Session& session, Connection* connection);
/// A reset goes back to the newest collation of a login or change of user, refused ones too, that the servers know.
/// Which those are is known later.
void remember_for_reset(Identity& identity, std::uint16_t collation);
/// What COM_RESET_CONNECTION gives: the servers' globals of now, the collation of the login, the schema as it is.
void reset_settings(Session& session);
/// What a connection in this schema has behind a reset, once it is brought to the session's start.
policy::session::SettingsPtr start_behind_reset(Session& session, const std::string& schema);
/// A number for what connections must have in common to be shared: account, capabilities, whether a schema is set.
std::uint64_t pool_key(Session& session, bool has_schema);
/// The key of a login that only this session may have: no connection that is given back has it.
std::uint64_t unshared_key(Session& session);
/// The server's status word as these settings make it.
policy::session::Status status_of(const policy::session::Settings& settings);

}  // namespace hf::service::mysql
