// Handlers: one file for each kind of command, each a short script over the session's parts.
//
// Owner: the session. Thread: the shard's. Invariant: a handler answers the client exactly once, or says that the
// session is over.
#pragma once

#include "proto/mysql/command.h"
#include "proto/mysql/error_code.h"
#include "runtime/task.h"
#include "service/mysql/exchange.h"
#include "service/mysql/session.h"

namespace hf::service::mysql::handlers {

/// Runs the command at hand. False: the session is over.
runtime::Task<bool> handle(Session& session, proto::mysql::Command command);

/// The number at the front of a command's argument. Bytes that are missing count as zero: servers read on behind the
/// end of a packet.
std::uint64_t leading_number(ByteView argument, std::size_t width);

// query.cc
HF_SEPARATE_FRAME runtime::Task<bool> on_query(Session& session);
// prepared.cc
HF_SEPARATE_FRAME runtime::Task<bool> on_prepare(Session& session);
HF_SEPARATE_FRAME runtime::Task<bool> on_execute(Session& session, proto::mysql::Command command);
HF_SEPARATE_FRAME runtime::Task<bool> on_fetch(Session& session);
HF_SEPARATE_FRAME runtime::Task<bool> on_statement_reset(Session& session);
void on_long_data(Session& session);
void on_statement_close(Session& session);
// simple.cc
HF_SEPARATE_FRAME runtime::Task<bool> on_ping(Session& session);
HF_SEPARATE_FRAME runtime::Task<bool> on_other(Session& session, proto::mysql::Command command);
HF_SEPARATE_FRAME runtime::Task<bool> on_set_option(Session& session);
// reset_connection.cc
HF_SEPARATE_FRAME runtime::Task<bool> on_reset_connection(Session& session);
// ../login.cc
HF_SEPARATE_FRAME runtime::Task<bool> on_change_user(Session& session);
// binlog_dump.cc
HF_SEPARATE_FRAME runtime::Task<bool> on_binlog_dump(Session& session);
// kill.cc
enum class KillWhat : std::uint8_t { kConnection, kQuery };
struct KillOrder {
  std::uint64_t id = 0;
  KillWhat what = KillWhat::kConnection;
};
/// What the statement is to end, if that is a session of ours; `bound`: the value of its placeholder.
std::optional<KillOrder> kill_of_ours(const policy::sql::Statement& statement,
                                      std::optional<std::uint64_t> bound = std::nullopt);
HF_SEPARATE_FRAME runtime::Task<bool> on_kill(Session& session, KillOrder order);
HF_SEPARATE_FRAME runtime::Task<bool> on_process_kill(Session& session);
/// KILL over another connection of the same account, which needs no place. An error says what the server said of the
/// KILL itself, if it came to that.
runtime::Task<Result<void>> kill_thread(Session& session, upstream::ServerSlot slot, std::uint32_t thread_id,
                                        KillWhat what);

}  // namespace hf::service::mysql::handlers
