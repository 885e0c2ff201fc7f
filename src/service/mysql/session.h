// Session: one MySQL client. Logs it in, reads its commands, decides for each where it runs, borrows a connection, relays the
// reply, and keeps the connection only when something of the session stays behind on it.
//
// Owner: the coroutine serve(), in the service's scope. Thread: the shard's.
// Invariants:
//   1. One command at a time; bytes of the next one wait in `inbox_`.
//   2. `held_` is the connection that the session cannot do without (hold_ says why); everything else goes back to the pool
//      as soon as the reply is complete.
//   3. A statement is sent again only if no byte of a reply was seen and it is a read, or if the server refused it unexecuted.
//   4. After the first byte of a reply went to the client, a failure ends the statement with an ERR packet, never with silence.
//
// Files, in the order of a query: login.cc (until the first command), session.cc (commands, and where each runs), execute.cc (one
// command, on as many servers as it takes), exchange.cc (one command with one server), hold.cc (what stays behind on it),
// diagnostics.cc (questions about the last statement), prepared.cc (COM_STMT_*), kill.cc (KILL of our own connection ids).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "net/listener.h"
#include "policy/sql/lexer.h"
#include "policy/sql/statement.h"
#include "proto/mysql/command.h"
#include "proto/mysql/error_code.h"
#include "proto/mysql/packet.h"
#include "proto/mysql/reply_tracker.h"
#include "runtime/task.h"
#include "service/client_filter.h"
#include "service/mysql/prepared.h"
#include "service/mysql/session_state.h"
#include "service/service_shard.h"
#include "upstream/mysql_pool.h"

namespace hf::service::mysql {

/// Serves one client to its end.
runtime::Task<void> serve(ServiceShard* service, net::Accepted accepted, config::ListenRoute route, Admission admission);

/// Why a session keeps its connection between commands. Bits.
namespace hold {
inline constexpr std::uint32_t kTransaction = 1U << 0;
inline constexpr std::uint32_t kPinned = 1U << 1;           // state nobody can replay: until reset or the end
inline constexpr std::uint32_t kTableLock = 1U << 2;        // until UNLOCK TABLES
inline constexpr std::uint32_t kNextTransaction = 1U << 3;  // SET TRANSACTION: until the next transaction has ended
inline constexpr std::uint32_t kPrepared = 1U << 4;         // prepared statements live here
inline constexpr std::uint32_t kDiagnostics = 1U << 5;      // warnings, errors, row counts: until the next statement
inline constexpr std::uint32_t kInsertId = 1U << 6;         // LAST_INSERT_ID(): until asked for and kept by us
inline constexpr std::uint32_t kHard = kTransaction | kPinned | kTableLock | kNextTransaction;
inline constexpr std::uint32_t kSoft = kDiagnostics | kInsertId;
}  // namespace hold

/// What a statement may do that ties the session to its connection for good.
inline constexpr std::uint32_t kPins = policy::sql::effect::kUserVariable | policy::sql::effect::kTemporaryTable |
                                       policy::sql::effect::kUserLock | policy::sql::effect::kPreparedText |
                                       policy::sql::effect::kHandlerOpen | policy::sql::effect::kUnknownState |
                                       policy::sql::effect::kConnectionId;

/// Refusals that say "not executed": by a server that is read-only.
bool refused_as_read_only(std::uint16_t code, ByteView message);

/// Whether the word stands anywhere in the text, case-blind. For rare questions only, not for routing.
bool mentions(ByteView text, ByteView lower_case_word);

enum class Target : std::uint8_t {
  kReader,      // a replica, by balance; the primary when there is none
  kPrimary,
  kHeld,        // the connection the session holds
  kKeptReader,  // the replica's connection kept for prepared reads
};

class Session final : private net::PeerWatcher, public LiveClient {
 public:
  Session(ServiceShard& service, net::Accepted accepted, config::ListenRoute route);
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  ~Session();

  runtime::Task<void> run(Admission admission);

  // From other sessions and the shard:
  void give_back(upstream::ServerSlot slot);
  void end_when_idle();
  std::uint32_t id() const { return id_; }
  const std::string& user() const { return credentials_.user; }
  /// The server and thread that work for this session right now, or keep its state; nothing when none does.
  struct Backend {
    upstream::ServerSlot slot = 0;
    std::uint32_t thread_id = 0;
  };
  std::optional<Backend> backend() const;
  /// Ends the session: the client's connection is closed.
  void kill();
  void cut(const Error& reason) override;
  const net::Stream& client_stream() const override { return *client_; }

 private:
  using Connection = upstream::MysqlConnection;
  using ConnectionPtr = upstream::MysqlConnectionPtr;

  enum class Outcome : std::uint8_t {
    kDone,         // the reply is complete and with the client
    kLost,         // the server's connection broke; failure_ says how, forwarded_ whether the client saw a part
    kRefused,      // the server refused to run it (read-only, shutting down); nothing was forwarded
    kClientGone,
  };

  /// One command to be run on some server.
  struct Work {
    proto::mysql::Command command = proto::mysql::Command::kQuery;
    Target target = Target::kPrimary;
    bool retry = false;             // a read: may be sent again elsewhere
    bool reroute = false;           // refused by a replica as read-only: run it on the primary
    policy::sql::Statement statement;
    PreparedStatement* prepared = nullptr;
  };

  // login.cc
  // Not inlined: the compiler would make this frame, and that of each command, part of the session's own for its whole life.
  HF_SEPARATE_FRAME runtime::Task<bool> greet_and_log_in();
  runtime::Task<bool> authenticate(std::string user, std::string plugin, std::string proof, std::string nonce);
  runtime::Task<Result<std::string>> switch_plugin(std::string plugin, std::string nonce);
  runtime::Task<bool> adopt_schema(std::string schema);
  runtime::Task<bool> log_in_by_proxy(std::string user, std::string reason);
  runtime::Task<bool> change_user();
  void remember_login(const upstream::MysqlAccount& account, std::optional<upstream::Sha1Digest> stage1);
  void use_charset(std::uint8_t collation);
  void deny(const std::string& user, bool using_password, const std::string& why);
  std::string make_nonce(std::size_t size);

  // session.cc
  runtime::Task<Result<void>> read_packet(std::uint8_t sequence, Deadline deadline);
  runtime::Task<bool> read_command();
  HF_SEPARATE_FRAME runtime::Task<bool> run_command(proto::mysql::Command command);
  runtime::Task<bool> on_query();
  runtime::Task<bool> on_other(proto::mysql::Command command);
  runtime::Task<bool> on_binlog_dump();
  runtime::Task<bool> reset_connection();
  runtime::Task<bool> set_option();
  Work plan(const policy::sql::Statement& statement) const;
  policy::sql::Statement classify(ByteView sql);
  bool leaves_transaction(const policy::sql::Statement& statement) const;
  runtime::Task<bool> leave_read_only_transaction();
  void send_payload(ByteView payload);
  void send_error(const proto::mysql::ErrorReply& error);
  void send_ok(ByteView schema_change = {});

  // execute.cc
  runtime::Task<bool> execute(Work work);
  runtime::Task<Result<ConnectionPtr>> acquire(Target target, policy::ServerSet* tried, Deadline hold_deadline);
  std::optional<upstream::ServerSlot> choose(const upstream::ServiceView& view, Target target, const policy::ServerSet& tried);
  runtime::Task<Result<void>> fit(Connection* connection);
  runtime::Task<Result<void>> send_aside(Connection* connection, proto::mysql::Command command, std::string argument);
  runtime::Task<bool> after_refusal(Work* work, ConnectionPtr connection, policy::ServerSet* tried, Deadline hold_deadline);
  upstream::MysqlLogin login_for_server() const;
  std::uint64_t pool_key();
  bool on_primary(const Connection& connection) const;
  /// Tells server connections apart; thread ids are unique per server.
  static std::uint64_t thread_of(const Connection& connection) { return (std::uint64_t{connection.slot} + 1) << 32 | connection.thread_id; }

  // exchange.cc
  runtime::Task<Outcome> exchange(Connection* connection, const Work* work);
  runtime::Task<Outcome> relay_reply(Connection* connection, const Work* work);
  runtime::Task<Outcome> stream_local_file(Connection* connection);
  bool take_packet(Connection& connection, const Work& work, ByteView packet);
  void take_session_state(ByteView session_state, const Work& work, std::string* for_client);
  void to_client(ByteView bytes);
  void report_lost();
  void count_route(const Work& work, bool on_primary);

  // hold.cc
  runtime::Task<void> settle(ConnectionPtr connection, Work work);
  void learn(const Connection& connection, const Work& work);
  std::uint32_t hold_after(const Work& work, std::uint32_t before) const;
  void release_soft_hold();
  void release_reader();
  runtime::Task<void> capture_insert_id();
  runtime::Task<bool> restore_insert_id(Connection* connection);
  void discard_held();
  bool in_transaction() const { return (status_ & proto::mysql::kStatusInTransaction) != 0; }

  // diagnostics.cc
  bool names_no_table(const policy::sql::Statement& statement) const;
  runtime::Task<void> recreate_last_statement();
  runtime::Task<void> move_diagnostics_to_primary();

  // prepared.cc
  runtime::Task<bool> on_prepare();
  runtime::Task<bool> on_execute(proto::mysql::Command command);
  runtime::Task<bool> on_fetch();
  runtime::Task<bool> on_statement_reset();
  void on_long_data();
  void on_statement_close();
  PreparedStatement* addressed_statement(ByteView caller);
  runtime::Task<bool> execute_prepared(Work work);
  runtime::Task<Result<void>> ensure_kept(bool reader, policy::ServerSet* tried, Deadline hold_deadline);
  runtime::Task<Result<void>> prepare_on(Connection* connection, PreparedStatement* statement, PreparedStatement::Copy* copy);
  bool runs_on_reader(const Work& work) const;
  PreparedStatement::Copy& copy_on(const Connection& connection, PreparedStatement& statement);
  void write_prepared(Connection& connection, const Work& work);
  void prepared_done(const Work& work, bool on_reader);

  // kill.cc
  runtime::Task<bool> on_kill(std::uint64_t id, bool query_only);
  runtime::Task<Result<void>> kill_thread(upstream::ServerSlot slot, std::uint32_t thread_id, bool query_only);
  void peer_closed() override;

  ServiceShard& service_;
  std::unique_ptr<net::Stream> client_;
  std::string client_host_;
  config::ListenRoute route_;
  std::uint32_t id_ = 0;

  // The login.
  upstream::MysqlCredentials credentials_;
  std::uint32_t account_ = 0;
  proto::mysql::Capabilities capabilities_ = 0;  // the client's
  std::uint8_t charset_ = 0;           // collation id of the login

  // The session.
  SessionState state_;
  std::uint32_t state_number_ = 0;
  policy::sql::Charset client_charset_ = policy::sql::Charset::kUtf8;  // character_set_client
  proto::mysql::StatusFlags status_ = proto::mysql::kStatusAutocommit;
  ConnectionPtr held_;
  std::uint32_t hold_ = 0;
  std::optional<upstream::ServerSlot> next_reader_;  // already picked, at login: one turn of the balance per session, not two
  ConnectionPtr reader_;      // a replica's connection kept for prepared reads
  std::uint64_t found_rows_ = 0;            // what FOUND_ROWS() would say
  std::uint64_t found_rows_thread_ = 0;     // the connection that knows it, see thread_of()
  bool last_had_rows_ = false;              // the last statement gave a result set
  std::optional<std::uint64_t> insert_id_;  // LAST_INSERT_ID() when no connection holds it
  PreparedStatements prepared_;

  // The command at hand.
  proto::mysql::PacketAssembler packets_;
  std::string inbox_;
  std::string request_;       // its payload, command byte first
  std::string last_text_;     // of the latest query that left diagnostics behind
  std::uint8_t sequence_ = 0; // of the next packet to the client, for packets of our own
  proto::mysql::ReplyTracker tracker_;
  Connection* working_ = nullptr;
  bool working_on_read_ = false;
  bool working_in_transaction_ = false;  // on a statement that a rollback undoes
  bool client_left_ = false;         // while a read was running for it
  std::uint32_t abandoned_thread_ = 0;
  bool forwarded_ = false;
  bool reader_diagnostics_ = false;  // SHOW WARNINGS would speak of what reader_ did
  bool state_changed_ = false;       // by the reply at hand: replayable state
  bool other_state_changed_ = false; // something else that the server does not name
  std::optional<Error> failure_;
  proto::mysql::ErrorReply refusal_;
  bool killed_ = false;
  bool give_back_ = false;
  bool ending_ = false;
};

}  // namespace hf::service::mysql
