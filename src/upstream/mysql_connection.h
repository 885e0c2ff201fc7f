// MysqlConnection: one logged-in connection to a MySQL or MariaDB server, and how to get one.
//
// Owner: a pool, or the session that uses it; never both. Thread: that of its loop.
// Invariants:
//   1. Between statements nothing is unread: a connection with unread bytes, or whose peer is gone, is not usable().
//   2. A connection that ends `at_rest` says COM_QUIT first, so that the server does not count a client that was lost. One that
//      ends in the middle of a reply is just closed; one that ends in the middle of its login leaves no broken handshake behind:
//      a server that waits for a proof is given a wrong one.
//   3. What the connection's session on the server holds is described by `state` unless `dirty`; with `dirty` only
//      COM_RESET_CONNECTION makes it known again (and leaves the schema as it was).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "net/address.h"
#include "net/stream.h"
#include "proto/mysql/capabilities.h"
#include "proto/mysql/text_result.h"
#include "runtime/task.h"
#include "upstream/mysql_accounts.h"
#include "upstream/service_view.h"

namespace hf::upstream {

/// What we log in with: a password, or what a client's own proof gave us (SHA1 of it, enough for mysql_native_password).
struct MysqlCredentials {
  std::string user;
  std::optional<std::string> password;
  std::optional<Sha1Digest> native_stage1;
  friend bool operator==(const MysqlCredentials&, const MysqlCredentials&) = default;
};

/// Answers a server's authentication turns in our place: for accounts whose secret only the client has.
class AuthenticationProxy {
 public:
  /// A whole packet's payload from the server (a request for a plugin, or more data for it); the payload to answer with.
  virtual runtime::Task<Result<std::string>> answer(std::string payload) = 0;

 protected:
  ~AuthenticationProxy() = default;
};

struct MysqlLogin {
  MysqlCredentials credentials;
  proto::mysql::Capabilities capabilities = 0;  // wanted; what the server lacks is dropped
  std::uint8_t charset = 45;
  std::string schema;
  std::string connect_attributes;               // raw, as proto::mysql has them
  AuthenticationProxy* proxy = nullptr;         // asked instead of `credentials`, which then only name the user
};

/// A server's refusal keeps its own number and words.
struct MysqlRefusal {
  std::uint16_t code = 0;
  std::string sqlstate;
  std::string message;
};

class MysqlPool;

struct MysqlConnection {
  MysqlConnection() = default;
  MysqlConnection(const MysqlConnection&) = delete;
  MysqlConnection& operator=(const MysqlConnection&) = delete;
  ~MysqlConnection();

  std::unique_ptr<net::Stream> stream;
  ServerSlot slot = 0;
  std::uint32_t thread_id = 0;
  proto::mysql::Capabilities capabilities = 0;
  proto::mysql::Capabilities server_capabilities = 0;
  std::uint8_t server_charset = 0;
  std::string server_version;
  proto::mysql::StatusFlags status = 0;

  /// Nothing that we asked is unanswered. True after the login and in the pool. A session that has it says so itself: true when a
  /// reply is complete, false before it asks the next.
  bool at_rest = false;

  // The pool's.
  std::uint64_t key = 0;       // account, capabilities, charset: only equals may share
  std::uint32_t state = 0;     // interned session state, see service/mysql/session_state.h
  bool dirty = false;
  bool untracked = false;      // session tracking is not set up yet (after login or reset)
  bool opened_schema = false;  // fresh from a login that named the session's schema
  TimePoint opened_at;
  TimePoint idle_since;
  MysqlPool* pool = nullptr;   // set while the pool counts it; it is told when the connection goes
  std::size_t pool_index = 0;

  bool usable() const { return !stream->broken() && !stream->readable(); }
  /// Says goodbye and closes; for a connection at rest. The destructor does it.
  void quit();
};

using MysqlConnectionPtr = std::unique_ptr<MysqlConnection>;

/// Connects and logs in. Errors: those of net::connect, kAccessDenied and kRefused with the server's own words in the context
/// and, when it said any, its number in `refusal`.
runtime::Task<Result<MysqlConnectionPtr>> connect_mysql(runtime::EventLoop& loop, net::Address address, const MysqlLogin& login,
                                                        MysqlRefusal* refusal, Deadline deadline);

/// Runs one small query on an idle connection and reads the whole reply (at most 1 MiB): for the monitor and for ourselves.
runtime::Task<Result<proto::mysql::TextResult>> query(MysqlConnection& connection, std::string sql, Deadline deadline);

}  // namespace hf::upstream
