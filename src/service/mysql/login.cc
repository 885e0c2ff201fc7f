// The session until its first command: greeting, login, authentication; and COM_CHANGE_USER, which repeats it.
#include <sys/random.h>

#include "proto/mysql/auth/caching_sha2.h"
#include "proto/mysql/auth/ed25519.h"
#include "proto/mysql/auth/native_password.h"
#include "proto/mysql/handshake.h"
#include "proto/mysql/response.h"
#include "service/mysql/session.h"
#include "service/mysql/shard_state.h"

namespace hf::service::mysql {

namespace wire = proto::mysql;
using runtime::Task;

namespace {

constexpr Nanos kLoginTimeout = 10s;  // MariaDB's connect_timeout
constexpr std::size_t kLargestLogin = 64 * 1024;

/// What we take away from a server's capabilities before we show them to a client.
constexpr wire::Capabilities kNotOffered = wire::kClientSsl | wire::kClientCompress | wire::kClientZstdCompression |
                                           wire::kClientOptionalResultsetMetadata | wire::kClientQueryAttributes |
                                           wire::kMariaDbComMulti | wire::kClientSslVerifyServerCert;
constexpr wire::Capabilities kMariaDbDefault =
    wire::kClientFoundRows | wire::kClientLongFlag | wire::kClientConnectWithDb | wire::kClientNoSchema | wire::kClientOdbc |
    wire::kClientLocalFiles | wire::kClientIgnoreSpace | wire::kClientProtocol41 | wire::kClientInteractive |
    wire::kClientTransactions | wire::kClientSecureConnection | wire::kClientMultiStatements | wire::kClientMultiResults |
    wire::kClientPsMultiResults | wire::kClientPluginAuth | wire::kClientConnectAttrs | wire::kClientPluginAuthLenencData |
    wire::kClientCanHandleExpiredPasswords | wire::kClientSessionTrack | wire::kClientDeprecateEof |
    wire::kMariaDbProgress | wire::kMariaDbStmtBulkOperations | wire::kMariaDbExtendedMetadata | wire::kMariaDbCacheMetadata;

/// How character_set_client, given as a collation id, hides quotes (the ids are the servers' own, see SHOW COLLATION).
policy::sql::Charset charset_of(std::uint8_t collation) {
  using policy::sql::Charset;
  switch (collation) {
    case 28:
    case 87: return Charset::kGbk;
    case 248:
    case 249:
    case 250: return Charset::kGb18030;
    case 13:
    case 88:
    case 95:
    case 96: return Charset::kSjis;
    case 1:
    case 84: return Charset::kBig5;
    case 11:
    case 33:
    case 45:
    case 46:
    case 63:
    case 65:
    case 76:
    case 83: return Charset::kUtf8;
    case 35:
    case 54:
    case 56:
    case 60:
    case 90: return Charset::kUnsafe;  // ucs2, utf16, utf32: not allowed for clients
    default: break;
  }
  if (collation >= 192 && collation <= 247) return Charset::kUtf8;
  return collation <= 99 && collation != 0 ? Charset::kSingleByte : Charset::kUnsafe;
}

}  // namespace

std::string Session::make_nonce(std::size_t size) {
  std::string nonce(size, '\0');
  std::size_t filled = 0;
  while (filled < size) {
    const ssize_t n = ::getrandom(nonce.data() + filled, size - filled, 0);
    HF_CHECK(n > 0);
    filled += static_cast<std::size_t>(n);
  }
  for (char& c : nonce) {  // no zero, no '$', as servers do: some clients treat nonces as C strings
    c = static_cast<char>((static_cast<unsigned char>(c) & 0x7F) | 1);
    if (c == '$') c = '%';
  }
  return nonce;
}

void Session::use_charset(std::uint8_t collation) {
  charset_ = collation;
  client_charset_ = charset_of(collation);
}

void Session::deny(const std::string& user, bool using_password, const std::string& why) {
  service_.counters().login_failures.add();
  service_.control().event(Event{EventId::kClientRefusedLogin, {}, 0, {{"service", service_.name()}, {"client", client_host_}, {"user", user}, {"reason", why}}});
  send_error(wire::access_denied(user, client_host_, using_password ? wire::UsingPassword::kYes : wire::UsingPassword::kNo));
}

Task<bool> Session::greet_and_log_in() {
  const upstream::ServiceViewPtr view = service_.view();
  wire::Greeting greeting;
  greeting.server_version = view->server_version.empty() ? "5.5.5-10.11.0-MariaDB" : view->server_version;
  greeting.connection_id = id_;
  greeting.nonce = make_nonce(wire::auth::kNativeNonce);
  greeting.capabilities = (view->server_capabilities != 0 ? view->server_capabilities : kMariaDbDefault) & ~kNotOffered;
  greeting.charset = view->server_charset;
  greeting.status = wire::kStatusAutocommit;
  greeting.auth_plugin = std::string(wire::kNativePasswordPlugin);
  sequence_ = 0;
  send_payload(wire::encode_greeting(greeting));

  const Deadline deadline = service_.loop().deadline_in(kLoginTimeout);
  packets_.set_max_packet(kLargestLogin);
  Result<void> read = co_await read_packet(1, deadline);
  if (!read.ok()) {
    if (read.error().code == ErrorCode::kProtocol) send_error(wire::bad_handshake());
    co_return false;
  }
  sequence_ = 2;
  if (wire::is_ssl_request(request_)) {
    send_error(wire::own_error("this service does not offer TLS"));
    co_return false;
  }
  Result<wire::HandshakeResponse> response = wire::decode_handshake_response(request_);
  if (!response.ok()) {
    send_error(wire::bad_handshake());
    co_return false;
  }
  capabilities_ = wire::mariadb_extended(response->capabilities) & greeting.capabilities;
  if (wire::has(response->capabilities, wire::kClientMysql)) capabilities_ |= wire::kClientMysql;
  use_charset(response->charset == 0 ? greeting.charset : response->charset);
  const std::string schema = std::move(response->database);
  const bool accepted = co_await authenticate(std::move(response->user), std::move(response->auth_plugin),
                                              std::move(response->auth_response), greeting.nonce);
  if (!accepted) co_return false;
  if (!schema.empty()) {
    const bool known = co_await adopt_schema(schema);
    if (!known) co_return false;
  }
  send_ok();
  packets_.set_max_packet(1U << 30);
  co_return true;
}

Task<Result<std::string>> Session::switch_plugin(std::string plugin, std::string nonce) {
  send_payload(wire::encode_auth_switch_request({std::move(plugin), std::move(nonce)}));
  Result<void> read = co_await read_packet(sequence_, service_.loop().deadline_in(kLoginTimeout));
  HF_CO_RETURN_IF_ERROR(read);
  co_return std::string(request_);
}

void Session::remember_login(const upstream::MysqlAccount& account, std::optional<upstream::Sha1Digest> stage1) {
  credentials_ = upstream::MysqlCredentials{account.user, account.password, stage1};
  account_ = account.id;
}

Task<bool> Session::authenticate(std::string user, std::string plugin, std::string proof, std::string nonce) {
  const upstream::ServiceViewPtr view = service_.view();
  const upstream::MysqlAccount* account = view->accounts == nullptr ? nullptr : view->accounts->find(user, client_host_);
  const bool with_password = !proof.empty();
  if (account != nullptr && !account->unusable.empty()) {
    account_ = account->id;
    const std::string reason = account->unusable;
    const bool accepted = co_await log_in_by_proxy(std::move(user), reason);
    co_return accepted;
  }
  const bool knows_password = account != nullptr && account->password.has_value();
  if (knows_password && plugin == wire::kCachingSha2Plugin) {
    const std::string fresh = make_nonce(wire::auth::kSha2Nonce);
    Result<std::string> answer = co_await switch_plugin(plugin, fresh);
    if (!answer.ok()) co_return false;
    if (!wire::auth::sha2_verify(*answer, fresh, *account->password)) {
      deny(user, !answer->empty(), "wrong password");
      co_return false;
    }
    if (!answer->empty()) send_payload(wire::encode_auth_more_data(ByteView(&wire::auth::kSha2FastAuthSuccess, 1)));
    remember_login(*account, std::nullopt);
    co_return true;
  }
  const bool ed25519_only = account != nullptr && account->ed25519_public_key.has_value() && !account->native_hash;
  if (account != nullptr && (ed25519_only || (knows_password && plugin == wire::kEd25519Plugin))) {
    const std::string fresh = make_nonce(wire::auth::kEd25519Nonce);
    Result<std::string> answer = co_await switch_plugin(std::string(wire::kEd25519Plugin), fresh);
    if (!answer.ok()) co_return false;
    const wire::auth::Ed25519PublicKey key = wire::auth::ed25519_public_key(*account->password);
    if (!wire::auth::ed25519_verify(*answer, fresh, key)) {
      deny(user, !answer->empty(), "wrong password");
      co_return false;
    }
    remember_login(*account, std::nullopt);
    co_return true;
  }
  if (!plugin.empty() && plugin != wire::kNativePasswordPlugin) {
    nonce = make_nonce(wire::auth::kNativeNonce);
    Result<std::string> answer = co_await switch_plugin(std::string(wire::kNativePasswordPlugin), nonce);
    if (!answer.ok()) co_return false;
    proof = std::move(*answer);
  }
  if (account == nullptr || account->locked) {
    deny(user, with_password || !proof.empty(), account == nullptr ? "unknown account" : "the account is locked");
    co_return false;
  }
  const bool empty_expected = knows_password ? account->password->empty() : account->empty_password;
  if (empty_expected || proof.empty()) {
    if (!empty_expected || !proof.empty()) {
      deny(user, !proof.empty(), "wrong password");
      co_return false;
    }
    upstream::MysqlAccount passwordless = *account;
    passwordless.password = "";
    remember_login(passwordless, std::nullopt);
    co_return true;
  }
  const wire::auth::Sha1Digest stage2 = knows_password ? wire::auth::native_stage2(*account->password) : *account->native_hash;
  const std::optional<wire::auth::Sha1Digest> stage1 = wire::auth::native_verify(proof, nonce, stage2);
  if (!stage1) {
    deny(user, true, "wrong password");
    co_return false;
  }
  remember_login(*account, stage1);
  co_return true;
}

/// Hands the server's authentication turns to the client and the client's answers back.
class ClientProxy final : public upstream::AuthenticationProxy {
 public:
  using Ask = Task<Result<std::string>> (*)(Session*, std::string);
  ClientProxy(Session* session, Ask ask) : session_(session), ask_(ask) {}
  Task<Result<std::string>> answer(std::string payload) override { return ask_(session_, std::move(payload)); }

 private:
  Session* session_;
  Ask ask_;
};

/// An account whose proof cannot be carried over (ed25519, PAM …): the client proves itself to the primary directly, through us, on
/// a connection that then belongs to this session alone. Everything of such a session runs there: no splitting, no pooling.
Task<bool> Session::log_in_by_proxy(std::string user, std::string reason) {
  struct Ask {
    static Task<Result<std::string>> client(Session* self, std::string payload) {
      self->send_payload(payload);
      Result<void> read = co_await self->read_packet(self->sequence_, self->service_.loop().deadline_in(kLoginTimeout));
      HF_CO_RETURN_IF_ERROR(read);
      co_return std::string(self->request_);
    }
  };
  credentials_ = upstream::MysqlCredentials{user, std::nullopt, std::nullopt};
  ClientProxy proxy(this, Ask::client);
  upstream::MysqlLogin login = login_for_server();
  login.proxy = &proxy;
  const Deadline deadline = service_.loop().deadline_in(service_.config().mysql.hold_timeout);
  upstream::ServiceViewPtr view = service_.view();
  while (!view->primary && !deadline.passed(service_.loop().now())) {
    const Result<void> waited = co_await service_.view_changed(deadline);
    if (!waited.ok()) break;
    view = service_.view();
  }
  if (!view->primary) {
    send_error(wire::own_error("no primary: " + view->no_primary_reason + " (" + reason + ")"));
    co_return false;
  }
  upstream::MysqlRefusal said;
  Result<ConnectionPtr> opened = co_await service_.server(*view->primary).pool.open(view, login, pool_key(), &said, deadline);
  if (!opened.ok()) {
    service_.counters().login_failures.add();
    // The server names our own host in its refusal; the client knows itself by another.
    if (said.code == wire::kErAccessDenied) {
      const bool with_password = said.message.ends_with("YES)");
      send_error(wire::access_denied(user, client_host_, with_password ? wire::UsingPassword::kYes : wire::UsingPassword::kNo));
    } else {
      send_error(said.code != 0 ? wire::ErrorReply{said.code, wire::sqlstate_of(said.code), said.message} : wire::own_error(opened.error().context));
    }
    co_return false;
  }
  held_ = std::move(*opened);
  held_->opened_schema = true;
  Result<void> fitted = co_await fit(held_.get());
  if (!fitted.ok()) {
    send_error(wire::own_error(fitted.error().context));
    co_return false;
  }
  hold_ = hold::kPinned;
  co_return true;
}

/// The schema named at login must exist and be allowed, as a server would say at once. An idle connection that already has
/// this schema proves it; otherwise one is made to, which the first statement then finds ready.
Task<bool> Session::adopt_schema(std::string schema) {
  state_.set_schema(schema);
  if (held_ != nullptr) {  // a login by proxy has its connection already
    state_number_ = service_.mysql().states().intern(state_);
    const Result<void> fitted = co_await fit(held_.get());
    if (!fitted.ok()) send_error(refusal_.code != 0 ? refusal_ : wire::own_error(fitted.error().context));
    co_return fitted.ok();
  }
  state_number_ = service_.mysql().states().intern(state_);
  const upstream::ServiceViewPtr view = service_.view();
  bool server_up = false;
  for (const upstream::ServerView& server : view->servers) server_up = server_up || (server.present && server.reachable);
  if (!server_up) co_return true;  // the first statement will be held and will tell
  policy::ServerSet tried;
  const Target target = route_ == config::ListenRoute::kWrite ? Target::kPrimary : Target::kReader;
  Result<ConnectionPtr> connection = co_await acquire(target, &tried, service_.loop().deadline_in(view->service->mysql.hold_timeout));
  if (!connection.ok()) {
    send_error(refusal_.code != 0 ? refusal_ : wire::own_error(connection.error().context));
    refusal_ = {};
    co_return false;
  }
  if (target == Target::kReader) next_reader_ = (*connection)->slot;
  service_.server((*connection)->slot).pool.give(std::move(*connection));
  co_return true;
}

Task<bool> Session::change_user() {
  Result<wire::ChangeUser> change = wire::decode_change_user(request_, capabilities_);
  if (!change.ok()) {
    send_error(wire::bad_handshake());
    co_return false;
  }
  discard_held();
  prepared_.clear();
  state_.clear();
  insert_id_.reset();
  status_ = wire::kStatusAutocommit;
  if (change->charset != 0) use_charset(static_cast<std::uint8_t>(change->charset));
  // The proof in the packet was made with the greeting's nonce, long used up: a fresh one is asked for, as MariaDB does.
  const std::string nonce = make_nonce(wire::auth::kNativeNonce);
  std::string plugin = change->auth_plugin;
  std::string proof;
  if (plugin.empty() || plugin == wire::kNativePasswordPlugin) {
    Result<std::string> answer = co_await switch_plugin(std::string(wire::kNativePasswordPlugin), nonce);
    if (!answer.ok()) co_return false;
    proof = std::move(*answer);
    plugin = std::string(wire::kNativePasswordPlugin);
  }
  const bool accepted = co_await authenticate(std::move(change->user), std::move(plugin), std::move(proof), nonce);
  if (!accepted) co_return false;
  if (!change->database.empty()) {
    const bool known = co_await adopt_schema(change->database);
    if (!known) co_return false;
  }
  state_number_ = service_.mysql().states().intern(state_);
  send_ok(state_.schema());
  co_return true;
}

}  // namespace hf::service::mysql
