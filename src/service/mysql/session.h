// Session: one MySQL client. The script is short: log in, then for each command read, route, run, settle, until the
// end. Its parts are values with an owner of their own; what is decided about them is decided in policy/session.
//
// Owner: the coroutine run_session(), in the service's scope. Thread: the shard's.
// Invariants:
//   1. One command at a time; bytes of the next one wait in the ClientEnd.
//   2. The connection that the session holds is the one it cannot do without (Holdings::ties says why); everything else
//      goes back to the pool as soon as the reply is complete.
//   3. After the first byte of a reply went to the client, a failure ends the statement with an ERR packet, never with
//      silence.
//
// Files, in the order of a query: login (until the first command), session.cc (reading commands), handlers/ (one file
// per command), run (one command, on as many servers as it takes), answerable (what asks about the statement before, or
// acts on it), lend (a connection that fits), exchange (one command with one server), settle (what it left behind),
// holdings (the connection that is kept).
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "config/config.h"
#include "policy/session/last_statement.h"
#include "policy/session/ledger.h"
#include "policy/session/route.h"
#include "policy/sql/lexer.h"
#include "proto/mysql/auth/native_password.h"
#include "proto/mysql/command.h"
#include "runtime/task.h"
#include "service/client_filter.h"
#include "service/live_clients.h"
#include "service/mysql/client_end.h"
#include "service/mysql/prepared.h"
#include "service/mysql/frontend.h"
#include "service/service_shard.h"
#include "upstream/mysql/pool.h"

namespace hf::service::mysql {

using Connection = upstream::mysql::Connection;
using ConnectionPtr = upstream::mysql::ConnectionPtr;

/// What a session's settings begin with. None but a login runs init_connect and keeps what handshake flags did; a reset
/// and a refused change of user stay in the schema, and lose its character set.
enum class Beginning : std::uint8_t { kLogin, kChangeUser, kRefusedChange, kReset };

/// Who logged in, and what a session of theirs begins with.
struct Identity {
  upstream::mysql::Credentials credentials;
  std::uint32_t account = 0;       // see Account::id
  std::string host_pattern = "%";  // of the account
  bool of_servers = false;         // see Account::of_servers
  bool limited = false;            // the account has limits that a reset would take out of the accounting
  std::string statement_time;      // see Account::statement_time
  bool proxied = false;            // only the client can log in: the session lives on one connection
  std::uint16_t collation = 0;     // of the login or COM_CHANGE_USER; 0: the servers' own
  // the newest first: a reset goes back to the newest that the servers know (start.h)
  std::array<std::uint16_t, 4> reset_collations{};
  std::array<char, proto::mysql::auth::kNativeNonce> nonce{};  // the greeting's
  // the moment of the login, the change of user or the latest USE: rights in the schema are not older
  std::uint64_t began_at = 0;
  upstream::mysql::SessionDefaultsPtr defaults;  // the servers' as of the login
  policy::session::SettingsPtr start;            // what a fresh login has, without the schema; null: not known yet
  Beginning beginning = Beginning::kLogin;
  std::uint8_t failed_changes = 0;  // of the user, by COM_CHANGE_USER
  std::string schema;               // … and the schema that goes with it until then
};

/// "app@%", for people.
std::string account_name(const Identity& identity);

/// The connection that the session keeps between commands.
struct Holdings {
  ConnectionPtr held;
  std::uint32_t ties = 0;
  policy::session::PinReason pin = policy::session::PinReason::kNone;
  std::string pinned_by;  // the shape of the statement that pinned
  TimePoint pinned_at;
  std::string last_text;                // of the latest read that left diagnostics behind: it may be repeated elsewhere
  policy::session::LastStatement last;  // what no connection can tell of the last statement any more
  std::optional<upstream::ServerSlot> next_reader;  // picked at login: one turn of the balance per session, not two

  bool hard() const { return held != nullptr && (ties & policy::session::tie::kHard) != 0; }
  bool soft() const { return held != nullptr && (ties & ~policy::session::tie::kSoft) == 0; }
  bool has(std::uint32_t tie) const { return held != nullptr && (ties & tie) != 0; }
};

/// What is at work for the session at this moment.
struct Running {
  Connection* connection = nullptr;
  bool read = false;  // serves nobody once the client has left
  bool undone_by_rollback = false;
  bool client_half_closed = false;  // it sends no more: it waits for its answer, or is gone
  bool client_left = false;         // while a read was running for it
  bool killed = false;              // a KILL was aimed at it
};

/// What comes from outside, and where it meets the session.
struct Orders {
  bool killed = false;
  bool interrupted = false;  // the command at hand, by a KILL QUERY, before it was with a server
  bool give_back = false;
  bool ending = false;
  bool in_command = false;                  // else a KILL QUERY has nothing to interrupt
  runtime::TaskContext* waiting = nullptr;  // what an interruption ends: see Session::Interruptible
};

class Session final : private net::PeerWatcher, public LiveClient {
 public:
  Session(Frontend& frontend, net::Accepted&& accepted, config::ListenRoute route);
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  ~Session();

  runtime::Task<void> run(Admission admission);

  // The parts, for the files that do the work.
  Frontend& frontend() { return frontend_; }
  ServiceShard& service() { return frontend_.service(); }
  const ServiceShard& service() const { return frontend_.service(); }
  ShardState& shard_state() { return frontend_.state(); }
  /// Of now. Whoever needs it across a wait keeps the pointer.
  const upstream::mysql::ViewPtr& view() const { return frontend_.view(); }
  ClientEnd& client() { return client_; }
  Identity& identity() { return identity_; }
  policy::session::SessionFacts& facts() { return facts_; }
  Holdings& holdings() { return holdings_; }
  PreparedStatements& prepared() { return prepared_; }
  Running& running() { return running_; }
  policy::session::Door door() const { return door_; }
  std::uint32_t id() const { return id_; }
  net::PeerWatcher& peer_watcher() { return *this; }

  runtime::EventLoop& loop() { return service().loop(); }
  Deadline hold_deadline();
  bool on_primary(const Connection& connection) const;
  policy::session::RouteFacts route_facts();
  policy::sql::Context sql_context();
  policy::sql::Statement classify(ByteView text);
  /// The status word that our own OK packets show.
  proto::mysql::StatusFlags status_flags() const;

  // From other sessions and the shard:
  void give_back(upstream::ServerSlot slot);
  void look_at_held(upstream::ServerSlot slot);
  void end_when_idle();
  std::uint32_t account() const { return identity_.account; }
  /// The server and thread that work for this session right now, or keep its state; nothing when none does.
  struct Backend {
    upstream::ServerSlot slot = 0;
    std::uint32_t thread_id = 0;
  };
  /// A KILL is on its way to it, so that it is not lent to anybody else afterwards.
  std::optional<Backend> aim_at_backend();
  /// Ends the session: the client's connection is closed. What still runs for it, if no KILL was aimed at that yet.
  std::optional<Backend> kill();
  /// KILL QUERY: where a server runs the command at hand, a KILL is to be sent to it; where the command waits, the wait
  /// ends, and the command with error 1317. Between commands nothing happens.
  std::optional<Backend> interrupt();
  bool interrupted() const { return orders_.interrupted; }
  /// While it lives, interrupt() ends what the task waits for, with kCancelled.
  class Interruptible {
   public:
    Interruptible(Session& session, runtime::TaskContext& context) : session_(session) {
      session.orders_.waiting = &context;
    }
    Interruptible(const Interruptible&) = delete;
    Interruptible& operator=(const Interruptible&) = delete;
    ~Interruptible() { session_.orders_.waiting = nullptr; }

   private:
    Session& session_;
  };
  void cut(const Error& reason) override;
  const net::Stream& client_stream() const override { return client_.stream(); }
  // What can be seen of it:
  const Holdings& kept() const { return holdings_; }
  const Running& at_work() const { return running_; }
  const Identity& who() const { return identity_; }
  bool in_transaction() const { return facts_.status.in_transaction; }
  std::string client_name() const { return client_.name(); }

 private:
  Nanos most_idle() const;
  runtime::Task<bool> read_command();
  HF_SEPARATE_FRAME runtime::Task<bool> run_command(proto::mysql::Command command);
  void watch_held(net::PeerWatcher* watcher);
  void peer_closed() override;

  Frontend& frontend_;
  policy::session::Door door_;
  std::uint32_t id_ = 0;
  ClientEnd client_;
  Identity identity_;
  policy::session::SessionFacts facts_;
  Holdings holdings_;
  PreparedStatements prepared_;
  Running running_;
  Orders orders_;
};

/// Serves one client to its end.
runtime::Task<void> run_session(Frontend& frontend, net::Accepted accepted, config::ListenRoute route,
                                Admission admission);

/// Whether the word stands anywhere in the text, case-blind. For rare questions only, not for routing.
bool mentions(ByteView text, ByteView lower_case_word);

}  // namespace hf::service::mysql
