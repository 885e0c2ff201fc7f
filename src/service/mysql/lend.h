// Lend: a connection that fits: choosing a server, taking or opening a connection to it, and giving it what the session
// is entitled to.
//
// Owner: the session's run. Thread: the shard's.
// Invariants:
//   1. A connection that comes out of borrow() is this session's until it is held or given back; it is usable and
//      clean.
//   2. What a server says to a login is an answer: it reaches the client with code and words, after other servers were
//      asked.
//   3. Every wait ends by the deadline that the caller gives.
#pragma once

#include <optional>
#include <string>
#include <utility>

#include "policy/balance/balance.h"
#include "service/mysql/exchange.h"
#include "service/mysql/session.h"

namespace hf::service::mysql {

/// What one statement has tried so far.
struct Trial {
  policy::balance::ServerSet tried;
  Deadline hold;
  std::optional<TimePoint> held_since;  // counted among the held statements since
  bool without_schema = false;          // the connection must have no default schema yet
  std::string latest;                   // why the latest server did not do
  proto::mysql::ErrorReply refusal;     // a server's own words, for the client; code 0: none
};

/// The session as if it were entitled to these settings, for as long as this lives.
class AsIf {
 public:
  AsIf(Session& session, policy::session::SettingsPtr settings)
      : session_(session), own_(std::exchange(session.facts().settings, std::move(settings))) {}
  AsIf(const AsIf&) = delete;
  AsIf& operator=(const AsIf&) = delete;
  ~AsIf() { session_.facts().settings = std::move(own_); }

 private:
  Session& session_;
  policy::session::SettingsPtr own_;
};

/// A connection to a server of the wanted kind. Waits for one until `trial.hold`. Errors: kCancelled, kClosed (the
/// client has left), anything else is the client's error: `trial.refusal` when a server said it, else the error's own
/// words.
runtime::Task<Result<ConnectionPtr>> borrow(Session& session, policy::session::Place place, Trial* trial);

/// Whether restore() would find nothing to do, as for most statements.
bool already_fits(Session& session, const Connection& connection, policy::session::Needs needs);
/// Makes it fit the session for this statement. Errors: those of the stream; kRefused: the server would not take the
/// state (its words in `trial.refusal`).
runtime::Task<Result<void>> restore(Session& session, Connection* connection, policy::session::Needs needs,
                                    Trial* trial);
/// Both, again where a server was lost under them.
runtime::Task<Result<ConnectionPtr>> borrow_fit(Session& session, policy::session::Place place,
                                                policy::session::Needs needs, Trial* trial);

/// A server that has too many statements prepared (max_prepared_stmt_count) gets room: our copies on idle connections
/// to it, of all shards, are closed, and those of this connection. They are prepared again where they are needed.
runtime::Task<void> make_room_for_copies(Session& session, Connection* connection);

/// Whether the command works on a server's copy of a prepared statement.
bool needs_copy(const Request& request);
/// Whether the statement was prepared without a default schema, where the session has one by now: DATABASE() is NULL in
/// it for good. No connection leaves its schema, so that a copy can only be made where there is none yet.
bool wants_no_schema(Session& session, const Request& request);
/// The request's prepared statement has a copy on the connection, made under the state that it was first prepared in.
/// kRefused: the server would not prepare it (its words in `trial.refusal`).
runtime::Task<Result<void>> ensure_copy(Session& session, Connection* connection, const Request* request, Trial* trial);

/// Whether the server has taken us for the session's account, or for one that may do just the same: it picks by our
/// address. Asked on each new connection of an account that the servers have. Errors: those of the stream; kRefused,
/// said as 1045.
runtime::Task<Result<void>> check_account(Session& session, Connection* connection);

/// Logs in as the session's account, beside the pool's places, for KILL; and what a login is made of.
upstream::mysql::Login login_for_server(Session& session);

/// How old a connection may be, and what it has to be from.
upstream::mysql::LendTerms terms_of(const upstream::mysql::View& view);

/// Why there is nobody for this, in words.
std::string nobody(const upstream::mysql::View& view, policy::session::Place place, const std::string& latest);

}  // namespace hf::service::mysql
