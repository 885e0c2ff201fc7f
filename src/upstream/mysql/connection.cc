#include "upstream/mysql/connection.h"

#include <algorithm>
#include <atomic>
#include <utility>

#include "net/socket_transport.h"
#include "proto/mysql/auth/plugin.h"
#include "proto/mysql/auth/caching_sha2.h"
#include "proto/mysql/auth/native_password.h"
#include "proto/mysql/command.h"
#include "proto/mysql/error_code.h"
#include "proto/mysql/handshake.h"
#include "proto/mysql/packet.h"
#include "proto/mysql/reply_tracker.h"
#include "proto/mysql/response.h"
#include "runtime/any_of.h"
#include "upstream/mysql/pool.h"

namespace hf::upstream::mysql {

namespace wire = proto::mysql;
using runtime::Task;

namespace {

constexpr std::size_t kLargestLoginPacket = 64 * 1024;
constexpr std::size_t kLargestReply = 1024 * 1024;
constexpr int kMostLoginTurns = 8;
constexpr std::size_t kEd25519ProofSize = 64;
constexpr std::size_t kSha2ProofSize = 32;
// a server waits 10 s (connect_timeout) for a proof and counts what it waited for in vain against us
constexpr Nanos kProxyPatience = 8s;
constexpr wire::Capabilities kNeeded =
    wire::kClientProtocol41 | wire::kClientSecureConnection | wire::kClientPluginAuth;

/// One for each connection of the process, never the same again.
std::uint64_t next_serial() {
  static std::atomic<std::uint64_t> last{0};
  return last.fetch_add(1, std::memory_order_relaxed) + 1;
}

/// A proof in the form of the plugin that cannot be right.
std::string wrong_proof(ByteView plugin) {
  if (plugin.empty() || plugin == wire::kNativePasswordPlugin) return std::string(wire::auth::kNativeNonce, '\0');
  if (plugin == wire::kEd25519Plugin) return std::string(kEd25519ProofSize, '\0');
  if (plugin == wire::kCachingSha2Plugin) return std::string(kSha2ProofSize, '\0');
  if (plugin == wire::kOldPasswordPlugin) return std::string(8, 'A') + '\0';
  return std::string(1, '\0');  // as text: an empty password
}

std::string wrong_response(const std::string& user) {
  wire::HandshakeResponse response;
  response.capabilities = kNeeded;
  response.charset = wire::kUtf8mb4GeneralCi;
  response.user = user;
  response.auth_plugin = std::string(wire::kNativePasswordPlugin);
  response.auth_response = wrong_proof(response.auth_plugin);
  return wire::encode_handshake_response(response);
}

/// The login conversation: whole packets in, answers out. When it ends while the server waits for us, the server gets a
/// wrong
/// answer: it refuses that as any other, where a connection that breaks off counts as an error of our host, and after
/// max_connect_errors of them in a row the server lets nobody of this host in. A server that has not greeted yet (it
/// was stopped, say) reads the answer when it comes to it.
class LoginDialog {
 public:
  LoginDialog(net::Stream& stream, const std::string& user, Deadline deadline)
      : stream_(stream), user_(user), deadline_(deadline), packets_(kLargestLoginPacket) {}
  LoginDialog(const LoginDialog&) = delete;
  LoginDialog& operator=(const LoginDialog&) = delete;
  ~LoginDialog() {
    if (owed_ == Owed::kNothing) return;
    sequence_ = std::max<std::uint8_t>(sequence_, 1);
    write(owed_ == Owed::kResponse ? wrong_response(user_) : wrong_proof(plugin_));
  }

  Task<Result<std::string>> read() {
    for (;;) {
      if (!input_.empty()) {
        Result<wire::PacketAssembler::Step> step = packets_.next(input_);
        HF_CO_RETURN_IF_ERROR(step);
        std::optional<std::string> payload;
        if (step->payload) payload = std::string(*step->payload);
        sequence_ = static_cast<std::uint8_t>(step->sequence + 1);
        input_.erase(0, step->consumed);
        if (payload) co_return std::move(*payload);
      }
      Result<ByteView> bytes = co_await stream_.recv(deadline_);
      HF_CO_RETURN_IF_ERROR(bytes);
      if (bytes->empty()) co_return Error{ErrorCode::kClosed, "the server closed the connection during the login"};
      input_.append(*bytes);
    }
  }

  /// The server waits for a proof by this plugin, until the next write.
  void owes_proof(const std::string& plugin) {
    owed_ = Owed::kProof;
    plugin_ = plugin;
  }
  void owes_nothing() { owed_ = Owed::kNothing; }

  void write(ByteView payload) {
    owes_nothing();
    std::string packet;
    const std::uint8_t next = wire::append_packet(packet, sequence_, payload);
    packets_.expect_sequence(next);
    stream_.write(packet);
  }

  runtime::EventLoop& loop() { return stream_.loop(); }
  bool has_unread() const { return !input_.empty(); }

 private:
  enum class Owed : std::uint8_t { kNothing, kResponse, kProof };

  net::Stream& stream_;
  const std::string& user_;
  Deadline deadline_;
  wire::PacketAssembler packets_;
  std::string input_;
  std::uint8_t sequence_ = 0;
  Owed owed_ = Owed::kResponse;
  std::string plugin_;
};

Result<std::string> answer(ByteView plugin, const Credentials& credentials, ByteView nonce) {
  if (credentials.password) return wire::auth::answer(plugin, *credentials.password, nonce);
  if (credentials.native_stage1 && (plugin.empty() || plugin == wire::kNativePasswordPlugin)) {
    return wire::auth::native_proof(*credentials.native_stage1, nonce);
  }
  return Error{ErrorCode::kUnsupported,
               "the server wants '" + std::string(plugin) + "' for user '" + credentials.user +
                   "', which needs the password: give the account in `users` with a password_file"};
}

Error refused(ByteView payload) {
  Result<wire::ErrPacket> err = wire::decode_err(payload);
  if (!err.ok()) return std::move(err).error();
  const bool denied = err->code == wire::kErAccessDenied || err->code == wire::kErDbaccessDenied ||
                      err->code == wire::kErHostNotPrivileged || err->code == wire::kErBadDb ||
                      err->code == wire::kErAccessDeniedNoPassword;
  return refused_by_peer(denied ? ErrorCode::kAccessDenied : ErrorCode::kRefused,
                         "the server said " + std::to_string(err->code) + ": " + std::string(err->message),
                         {err->code, std::string(err->sqlstate), std::string(err->message)});
}

Error refused(const wire::ReplyTracker& reply) {
  return refused_by_peer(ErrorCode::kRefused, reply.message(), {reply.error_code(), reply.sqlstate(), reply.message()});
}

wire::HandshakeResponse response_to(const wire::Greeting& greeting, const Login& login, wire::Capabilities agreed) {
  wire::HandshakeResponse response;
  response.capabilities = agreed;
  response.max_packet = wire::kLongestPacket;
  response.charset = login.charset;
  response.user = login.credentials.user;
  response.database = login.schema;
  response.auth_plugin = greeting.auth_plugin;
  response.connect_attributes = login.connect_attributes;
  return response;
}

struct ProxyTurn {
  AuthenticationProxy* proxy;
  std::string payload;
  Result<std::string> answered = Error{ErrorCode::kCancelled, "the login was cancelled"};

  static Task<void> ask(ProxyTurn* turn) { turn->answered = co_await turn->proxy->answer(std::move(turn->payload)); }
  static Task<void> wait(Deadline deadline) {
    const Result<void> slept = co_await runtime::sleep_until(deadline);
    (void)slept;
  }
};

/// One turn of the proxy, in less time than a server waits for it.
Task<Result<std::string>> ask(runtime::EventLoop& loop, AuthenticationProxy* proxy, std::string payload) {
  ProxyTurn turn{proxy, std::move(payload)};
  const Deadline deadline = loop.deadline_in(kProxyPatience);
  const auto answer = [&turn] { return ProxyTurn::ask(&turn); };
  const auto patience = [deadline] { return ProxyTurn::wait(deadline); };
  co_await runtime::any_of(loop, answer, patience);
  if (!turn.answered.ok() && deadline.passed(loop.now())) {
    co_return Error{ErrorCode::kTimeout, "the client did not prove itself in time"};
  }
  co_return std::move(turn.answered);
}

/// Turns of authentication after our response, until OK or ERR.
Task<Result<wire::StatusFlags>> authenticate(LoginDialog& dialog, const Login& login, std::string plugin,
                                             std::string nonce, wire::Capabilities agreed) {
  const Credentials& credentials = login.credentials;
  for (int turn = 0; turn < kMostLoginTurns; ++turn) {
    Result<std::string> payload = co_await dialog.read();
    HF_CO_RETURN_IF_ERROR(payload);
    if (payload->empty()) co_return Error{ErrorCode::kProtocol, "an empty packet during the login"};
    const std::uint8_t head = byte_at(*payload, 0);
    if (head == wire::kErrHeader) co_return refused(*payload);
    if (head == wire::kOkHeader) {
      Result<wire::OkPacket> ok = wire::decode_ok(*payload, agreed);
      HF_CO_RETURN_IF_ERROR(ok);
      co_return ok->status;
    }
    if (head == wire::kEofHeader) {
      Result<wire::AuthSwitchRequest> request = wire::decode_auth_switch_request(*payload);
      HF_CO_RETURN_IF_ERROR(request);
      plugin = request->plugin;
      nonce = request->data;
    }
    dialog.owes_proof(plugin);
    if (login.proxy != nullptr) {
      Result<std::string> answered = co_await ask(dialog.loop(), login.proxy, std::move(*payload));
      HF_CO_RETURN_IF_ERROR(answered);
      dialog.write(*answered);
      continue;
    }
    if (head == wire::kEofHeader) {
      Result<std::string> proof = answer(plugin, credentials, nonce);
      HF_CO_RETURN_IF_ERROR(proof);
      dialog.write(*proof);
      continue;
    }
    Result<ByteView> data = wire::decode_auth_more_data(*payload);
    HF_CO_RETURN_IF_ERROR(data);
    if (plugin != wire::kCachingSha2Plugin || !credentials.password) {
      co_return Error{ErrorCode::kUnsupported, "unexpected authentication data for '" + plugin + "'"};
    }
    if (*data == ByteView(&wire::auth::kSha2FastAuthSuccess, 1)) {
      dialog.owes_nothing();
      continue;
    }
    if (*data == ByteView(&wire::auth::kSha2FullAuthentication, 1)) {
      dialog.write(ByteView(&wire::auth::kSha2RequestPublicKey, 1));
      continue;
    }
    Result<std::string> secret = wire::auth::sha2_encrypt_password(*credentials.password, nonce, *data);
    HF_CO_RETURN_IF_ERROR(secret);
    dialog.write(*secret);
  }
  co_return Error{ErrorCode::kProtocol, "the server's login does not come to an end"};
}

}  // namespace

Connection::~Connection() {
  if (at_rest) quit();
  if (stream != nullptr) stream->close();  // before its place is anybody else's
  if (beside != nullptr) beside->end_turn_beside();
}

void Connection::quit() {
  at_rest = false;
  if (usable()) leave();
}

void Connection::leave() {
  at_rest = false;
  if (stream == nullptr || stream->broken()) return;
  const auto command = static_cast<char>(wire::Command::kQuit);
  std::string packet;
  wire::append_packet(packet, 0, ByteView(&command, 1));
  stream->write(packet);
  stream->close();
}

namespace {

/// What this login is to be like, of what the server can.
wire::Capabilities agree(const wire::Greeting& greeting, const Login& login) {
  wire::Capabilities wanted =
      login.capabilities | kNeeded | wire::kClientPluginAuthLenencData | wire::kClientTransactions;
  wanted &= ~(wire::kClientSsl | wire::kClientCompress | wire::kClientConnectWithDb | wire::kClientConnectAttrs);
  if (!login.schema.empty()) wanted |= wire::kClientConnectWithDb;
  if (!login.connect_attributes.empty()) wanted |= wire::kClientConnectAttrs;
  // CLIENT_MYSQL unset announces the MariaDB dialect; towards a MySQL server it is set.
  const bool mariadb = !wire::has(greeting.capabilities, wire::kClientMysql);
  const wire::Capabilities offered = greeting.capabilities | (mariadb ? 0 : wire::kClientMysql);
  wire::Capabilities agreed = wanted & offered;
  if (!mariadb) agreed |= wire::kClientMysql;
  return wire::mariadb_extended(agreed);
}

}  // namespace

Task<Result<ConnectionPtr>> connect(runtime::EventLoop& loop, net::Address address, const Login& login,
                                    Deadline deadline) {
  Result<std::unique_ptr<net::Stream>> stream = co_await net::connect(loop, address, net::SocketOptions{}, deadline);
  HF_CO_RETURN_IF_ERROR(stream);
  auto connection = std::make_unique<Connection>();
  connection->stream = std::move(*stream);
  connection->account = login.account;
  LoginDialog dialog(*connection->stream, login.credentials.user, deadline);

  Result<std::string> first = co_await dialog.read();
  HF_CO_RETURN_IF_ERROR(first);
  if (wire::is_err(*first)) {
    dialog.owes_nothing();
    co_return refused(*first);
  }
  Result<wire::Greeting> greeting = wire::decode_greeting(*first);
  HF_CO_RETURN_IF_ERROR(greeting);
  if (!wire::has(greeting->capabilities, kNeeded)) {
    co_return Error{ErrorCode::kUnsupported,
                    "the server is too old: it does not speak protocol 4.1 with authentication plugins"};
  }
  const wire::Capabilities agreed = agree(*greeting, login);
  const std::string plugin =
      greeting->auth_plugin.empty() ? std::string(wire::kNativePasswordPlugin) : greeting->auth_plugin;
  wire::HandshakeResponse response = response_to(*greeting, login, agreed);
  // With a proxy nothing is known yet: an answer that cannot be right makes the server ask for the account's plugin.
  Result<std::string> proof =
      login.proxy != nullptr ? Result<std::string>(std::string()) : answer(plugin, login.credentials, greeting->nonce);
  if (!proof.ok()) {
    // The server's default plugin is not the account's; answer for the one we can, it will ask for a switch.
    response.auth_plugin = std::string(wire::kNativePasswordPlugin);
    proof = answer(wire::kNativePasswordPlugin, login.credentials, greeting->nonce);
  }
  HF_CO_RETURN_IF_ERROR(proof);
  response.auth_response = std::move(*proof);
  dialog.write(wire::encode_handshake_response(response));
  Result<wire::StatusFlags> status =
      co_await authenticate(dialog, login, response.auth_plugin, greeting->nonce, agreed);
  HF_CO_RETURN_IF_ERROR(status);
  if (dialog.has_unread()) co_return Error{ErrorCode::kProtocol, "bytes after the end of the login"};

  connection->thread_id = greeting->connection_id;
  connection->capabilities = agreed;
  connection->server_capabilities = greeting->capabilities;
  connection->server_charset = greeting->charset;
  connection->server_version = greeting->server_version;
  connection->status = *status;
  connection->facts.serial = next_serial();
  connection->facts.multi_statements = wire::has(agreed, wire::kClientMultiStatements);
  connection->at_rest = true;
  connection->opened_at = loop.now();
  co_return std::move(connection);
}

namespace {

wire::Command command_of(const policy::session::Step& step) {
  switch (step.kind) {
    case policy::session::Step::Kind::kReset: return wire::Command::kResetConnection;
    case policy::session::Step::Kind::kSchema: return wire::Command::kInitDb;
    case policy::session::Step::Kind::kOption: return wire::Command::kSetOption;
    case policy::session::Step::Kind::kStatement: break;
  }
  return wire::Command::kQuery;
}

}  // namespace

namespace {

/// Reads one reply of our own to its end; bytes behind it stay in `input`.
Task<Result<void>> read_reply(Connection& connection, wire::ReplyTracker& reply, std::string* input,
                              Deadline deadline) {
  while (!reply.done()) {
    if (input->empty()) {
      Result<ByteView> bytes = co_await connection.stream->recv(deadline);
      HF_CO_RETURN_IF_ERROR(bytes);
      if (bytes->empty()) co_return Error{ErrorCode::kClosed, "the server closed the connection"};
      *input = *bytes;
    }
    Result<wire::ReplyTracker::Step> taken = reply.next(*input);
    if (!taken.ok()) {
      connection.stream->abort(taken.error());
      co_return std::move(taken).error();
    }
    input->erase(0, taken->consumed);
  }
  co_return Result<void>{};
}

}  // namespace

Task<Result<void>> run_steps(Connection& connection, std::vector<policy::session::Step> steps, Deadline deadline) {
  std::string packets;
  for (const policy::session::Step& step : steps) {
    std::string payload(1, static_cast<char>(command_of(step)));
    payload += step.text;
    wire::append_packet(packets, 0, payload);
  }
  const bool was_at_rest = std::exchange(connection.at_rest, false);
  connection.warned = false;
  connection.stream->write(packets);
  std::optional<Error> refusal;
  std::string input;
  for (const policy::session::Step& step : steps) {
    wire::ReplyTracker reply;
    reply.start(command_of(step), connection.capabilities);
    Result<void> read = co_await read_reply(connection, reply, &input, deadline);
    HF_CO_RETURN_IF_ERROR(read);
    if (!reply.failed()) connection.status = reply.status();
    connection.warned = connection.warned || reply.warnings() > 0;
    if (reply.failed() && !refusal) refusal = refused(reply);
  }
  connection.at_rest = was_at_rest;
  if (refusal) co_return *std::move(refusal);
  co_return Result<void>{};
}

Task<Result<std::uint32_t>> prepare(Connection& connection, std::string text, Deadline deadline) {
  std::string payload(1, static_cast<char>(wire::Command::kStmtPrepare));
  payload += text;
  std::string packets;
  wire::ReplyTracker reply;
  reply.start(wire::Command::kStmtPrepare, connection.capabilities, wire::append_packet(packets, 0, payload));
  const bool was_at_rest = std::exchange(connection.at_rest, false);
  connection.stream->write(packets);
  std::string input;
  Result<void> read = co_await read_reply(connection, reply, &input, deadline);
  HF_CO_RETURN_IF_ERROR(read);
  connection.at_rest = was_at_rest;
  if (reply.failed()) co_return refused(reply);
  co_return reply.statement_id();
}

void close_statement(Connection& connection, std::uint32_t id) {
  std::string payload(1, static_cast<char>(wire::Command::kStmtClose));
  append_le(payload, id, 4);
  std::string packet;
  wire::append_packet(packet, 0, payload);
  connection.stream->write(packet);
}

void close_copies(Connection& connection) {
  for (const std::uint32_t id : connection.facts.prepared.take_idle()) close_statement(connection, id);
}

namespace {

Task<Result<wire::TextResult>> query_once(Connection& connection, const std::string& sql, Deadline deadline) {
  std::string payload(1, static_cast<char>(wire::Command::kQuery));
  payload += sql;
  std::string packet;
  wire::append_packet(packet, 0, payload);
  const bool was_at_rest = std::exchange(connection.at_rest, false);
  connection.stream->write(packet);
  wire::TextResultReader reader(connection.capabilities, kLargestReply);
  while (!reader.done()) {
    Result<ByteView> bytes = co_await connection.stream->recv(deadline);
    HF_CO_RETURN_IF_ERROR(bytes);
    if (bytes->empty()) co_return Error{ErrorCode::kClosed, "the server closed the connection"};
    Result<std::size_t> used = reader.feed(*bytes);
    HF_CO_RETURN_IF_ERROR(used);
    if (*used < bytes->size()) co_return Error{ErrorCode::kProtocol, "bytes after the end of the reply"};
  }
  connection.status = reader.result().status;
  connection.at_rest = was_at_rest;
  co_return reader.take();
}

}  // namespace

Task<Result<wire::TextResult>> query(Connection& connection, std::string sql, Deadline deadline) {
  for (int round = 0;; ++round) {
    Result<wire::TextResult> result = co_await query_once(connection, sql, deadline);
    const bool interrupted = result.ok() && result->error && result->error->code == wire::kErQueryInterrupted;
    if (!interrupted || round >= kMostInterrupted) co_return result;
  }
}

}  // namespace hf::upstream::mysql
