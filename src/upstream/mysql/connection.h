// Connection: one logged-in connection to a MySQL or MariaDB server, and how to get one.
//
// Owner: a pool, or the session that uses it; never both. Thread: that of its loop.
// Invariants:
//   1. Between statements nothing is unread: a connection with unread bytes, or whose peer is gone, is not usable().
//   2. A connection that ends `at_rest` says COM_QUIT first, so that the server does not count a client that was lost.
//      One that ends in the middle of a reply is just closed; one that ends in the middle of its login leaves no broken
//      handshake behind: a server that waits for a proof is given a wrong one.
//   3. What the connection's session on the server holds is described by `facts`, which live and die with it; the
//      ledger of policy/session changes them, nobody else.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "net/address.h"
#include "net/stream.h"
#include "policy/session/ledger.h"
#include "proto/mysql/capabilities.h"
#include "proto/mysql/text_result.h"
#include "runtime/task.h"
#include "upstream/mysql/accounts.h"
#include "upstream/pool.h"

namespace hf::upstream::mysql {

/// What we log in with: a password, or what a client's own proof gave us (SHA1 of it, enough for
/// mysql_native_password).
struct Credentials {
  std::string user;
  std::optional<std::string> password;
  std::optional<Sha1Digest> native_stage1;
  friend bool operator==(const Credentials&, const Credentials&) = default;
};

/// Answers a server's authentication turns in our place: for accounts whose secret only the client has.
class AuthenticationProxy {
 public:
  /// A whole packet's payload from the server (a request for a plugin, or more data for it); the payload to answer
  /// with.
  virtual runtime::Task<Result<std::string>> answer(std::string payload) = 0;

 protected:
  ~AuthenticationProxy() = default;
};

struct Login {
  Credentials credentials;
  proto::mysql::Capabilities capabilities = 0;              // wanted; what the server lacks is dropped
  std::uint16_t charset = proto::mysql::kUtf8mb4GeneralCi;  // collation id
  std::string schema;
  std::string connect_attributes;        // raw, as proto::mysql has them
  AuthenticationProxy* proxy = nullptr;  // asked instead of `credentials`, which then only name the user
  std::string account{};                 // for people; the connection keeps it
};

class Pool;

struct Connection : Pooled<Connection> {
  ~Connection();

  std::unique_ptr<net::Stream> stream;
  std::uint32_t thread_id = 0;
  proto::mysql::Capabilities capabilities = 0;
  proto::mysql::Capabilities server_capabilities = 0;
  std::uint8_t server_charset = 0;
  std::string server_version;
  proto::mysql::StatusFlags status = 0;
  bool warned = false;  // the latest steps of our own left warnings

  // The pool's, whose key is made of account, capabilities and whether a schema is set.
  std::string account;  // "app@%", as the login said
  policy::session::ConnectionFacts facts;
  /// What a reset at the giving back puts it into; null: it is closed instead of reset.
  policy::session::SettingsPtr reset_to;
  // the moment (whoever lends it counts them) before it last entered its schema: rights there are as of then or later
  std::uint64_t schema_entered = 0;
  std::uint64_t max_packet = 0;  // max_allowed_packet at the login, as far as known; 0: not known
  Pool* beside = nullptr;        // set instead of `pool` for one that takes no place: see Pool::open_beside

  bool usable() const { return stream->idle(); }
  void cut(const Error& reason) { stream->abort(reason); }
  /// Says goodbye and closes; for a connection at rest. The destructor does it.
  void quit();
  /// The same behind a question of ours whose answer nobody waits for any more. Never in the middle of a client's
  /// command: what the server reads next may be a file's rows.
  void leave();
};

using ConnectionPtr = std::unique_ptr<Connection>;

/// Connects and logs in. Errors: those of net::connect; kAccessDenied and kRefused, with what the server said.
runtime::Task<Result<ConnectionPtr>> connect(runtime::EventLoop& loop, net::Address address, const Login& login,
                                             Deadline deadline);

/// Runs commands of our own, all sent in one write, and reads every reply; nobody else sees them. The first that the
/// server refused is the error: kRefused, with what it said; a broken connection gives that of the stream.
runtime::Task<Result<void>> run_steps(Connection& connection, std::vector<policy::session::Step> steps,
                                      Deadline deadline);

/// COM_STMT_PREPARE whose reply nobody else sees: the server's id. kRefused: with what the server said.
runtime::Task<Result<std::uint32_t>> prepare(Connection& connection, std::string text, Deadline deadline);
/// COM_STMT_CLOSE, which has no reply.
void close_statement(Connection& connection, std::uint32_t id);
/// COM_STMT_CLOSE for all that is prepared there and has no cursor.
void close_copies(Connection& connection);

/// How often a question of ours is asked again because a KILL QUERY, meant for a statement of the client's, hit it.
inline constexpr int kMostInterrupted = 20;

/// Runs one small query on an idle connection and reads the whole reply (at most 1 MiB): for the monitor and for
/// ourselves. Where a KILL QUERY hits it, it is asked again.
runtime::Task<Result<proto::mysql::TextResult>> query(Connection& connection, std::string sql, Deadline deadline);

}  // namespace hf::upstream::mysql
