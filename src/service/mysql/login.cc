#include "service/mysql/login.h"

#include <sys/random.h>

#include <algorithm>

#include "proto/mysql/auth/caching_sha2.h"
#include "proto/mysql/auth/ed25519.h"
#include "proto/mysql/auth/native_password.h"
#include "proto/mysql/client_name.h"
#include "proto/mysql/handshake.h"
#include "proto/mysql/response.h"
#include "service/mysql/events.h"
#include "service/mysql/handlers/handlers.h"
#include "service/mysql/holdings.h"
#include "service/mysql/lend.h"
#include "service/mysql/service_changes.h"
#include "service/mysql/shard_state.h"
#include "service/mysql/start.h"

namespace hf::service::mysql {

namespace wire = proto::mysql;
using policy::session::Place;
using runtime::Task;
using upstream::mysql::Account;

namespace {

constexpr Nanos kLoginTimeout = 10s;  // MariaDB's connect_timeout
constexpr Nanos kNewsPatience = 1s;   // for the accounts of now, before a login is refused
constexpr std::size_t kLargestLogin = 64 * 1024;
constexpr std::uint32_t kMostProxied = 32;
constexpr std::uint32_t kMostProxiedOfOne = 8;
constexpr std::uint16_t kErAccountLocked = 4151;
constexpr int kMostFailedChanges = 3;  // of the user; MariaDB answers further ones with 1047
constexpr Nanos kPauseAfterRefusal = 1s;

/// What we take away from a server's capabilities before we show them to a client. Cached metadata is taken away
/// because a statement that is prepared again on another connection would begin without it.
constexpr wire::Capabilities kNotOffered = wire::kClientSsl | wire::kClientCompress | wire::kClientZstdCompression |
                                           wire::kClientOptionalResultsetMetadata | wire::kClientQueryAttributes |
                                           wire::kMariaDbComMulti | wire::kClientSslVerifyServerCert |
                                           wire::kMariaDbCacheMetadata;
constexpr wire::Capabilities kMariaDbDefault =
    wire::kClientFoundRows | wire::kClientLongFlag | wire::kClientConnectWithDb | wire::kClientNoSchema |
    wire::kClientOdbc | wire::kClientLocalFiles | wire::kClientIgnoreSpace | wire::kClientProtocol41 |
    wire::kClientInteractive | wire::kClientTransactions | wire::kClientSecureConnection |
    wire::kClientMultiStatements | wire::kClientMultiResults | wire::kClientPsMultiResults | wire::kClientPluginAuth |
    wire::kClientConnectAttrs | wire::kClientPluginAuthLenencData | wire::kClientCanHandleExpiredPasswords |
    wire::kClientSessionTrack | wire::kClientDeprecateEof | wire::kMariaDbProgress | wire::kMariaDbStmtBulkOperations |
    wire::kMariaDbExtendedMetadata;

std::string make_nonce(std::size_t size) {
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

/// What a client has shown of itself.
struct Claim {
  std::string user;       // as the servers' tables have it
  std::string user_said;  // as the client wrote it, and reads it in a refusal
  std::string plugin;
  std::string proof;
  std::string nonce;
  Deadline deadline;
  bool proof_is_old = false;  // made with a nonce that has been used: another one is to be asked for
};

/// What came of it.
enum class Verdict : std::uint8_t {
  kAccepted,
  kRefused,  // not said yet: the accounts of now may know better
  kOver
};  // the client has heard, or is gone

struct Judgement {
  Verdict verdict = Verdict::kOver;
  std::string why;
  bool with_password = false;
  bool locked = false;
};

Task<Result<std::string>> switch_plugin(Session* session, std::string plugin, std::string nonce, Deadline deadline) {
  ClientEnd& client = session->client();
  client.send_payload(wire::encode_auth_switch_request({std::move(plugin), std::move(nonce)}));
  Result<void> read = co_await client.read_packet(client.sequence(), deadline);
  HF_CO_RETURN_IF_ERROR(read);
  co_return std::string(client.request());
}

void remember_login(Session& session, const Account& account, std::optional<upstream::mysql::Sha1Digest> stage1) {
  Identity& identity = session.identity();
  identity.credentials = upstream::mysql::Credentials{account.user, account.password, stage1};
  identity.account = account.id;
  identity.host_pattern = account.host;
  identity.of_servers = account.of_servers;
  identity.limited = account.limited;
  identity.statement_time = account.statement_time;
  identity.proxied = false;
}

/// The proof was right. Before that nothing is told of an account, not that it is locked either.
void accept(Session& session, const Account& account, std::optional<upstream::mysql::Sha1Digest> stage1,
            Judgement* judgement) {
  if (account.locked) {
    judgement->why = "the account is locked";
    judgement->locked = true;
    return;
  }
  remember_login(session, account, stage1);
  judgement->verdict = Verdict::kAccepted;
}

void deny(Session& session, const Claim& claim, const Judgement& judgement) {
  ServiceShard& service = session.service();
  session.frontend().counters().login_failures.add();
  service.control().event(events::ClientRefusedLogin{
      .service = service.name(), .client = session.client().host(), .user = claim.user, .reason = judgement.why});
  if (judgement.locked) {
    session.client().send_error({kErAccountLocked, "HY000", "Access denied, this account is locked"});
    return;
  }
  session.client().send_error(
      wire::access_denied(claim.user_said, session.client().host(),
                          judgement.with_password ? wire::UsingPassword::kYes : wire::UsingPassword::kNo));
}

/// Hands the server's authentication turns to the client and the client's answers back.
class ClientProxy final : public upstream::mysql::AuthenticationProxy {
 public:
  ClientProxy(Session& session, Deadline deadline) : session_(session), deadline_(deadline) {}
  Task<Result<std::string>> answer(std::string payload) override {
    ClientEnd& client = session_.client();
    client.send_payload(payload);
    Result<void> read = co_await client.read_packet(client.sequence(), deadline_);
    HF_CO_RETURN_IF_ERROR(read);
    co_return std::string(client.request());
  }

 private:
  Session& session_;
  Deadline deadline_;
};

/// A login by proxy under way, counted.
class ProxiedLogin {
 public:
  ProxiedLogin(ShardState& shard, std::string host) : shard_(shard), host_(std::move(host)) {
    ++shard_.proxied_logins[host_];
    ++shard_.proxied_logins[std::string()];
  }
  ProxiedLogin(const ProxiedLogin&) = delete;
  ProxiedLogin& operator=(const ProxiedLogin&) = delete;
  ~ProxiedLogin() {
    --shard_.proxied_logins[std::string()];
    if (--shard_.proxied_logins[host_] == 0) shard_.proxied_logins.erase(host_);
    shard_.proxied_login_ended.notify_all();
  }
  static bool has_room(const ShardState& shard, const std::string& host) {
    const auto under_way = [&shard](const std::string& whose) {
      const auto found = shard.proxied_logins.find(whose);
      return found == shard.proxied_logins.end() ? 0 : found->second;
    };
    return under_way({}) < kMostProxied && under_way(host) < kMostProxiedOfOne;
  }

 private:
  ShardState& shard_;
  std::string host_;
};

/// A pool of an application's opens all its connections at once: they take turns. False: it did not come in time.
Task<bool> wait_for_turn(ShardState& shard, const std::string& host, Deadline deadline) {
  while (!ProxiedLogin::has_room(shard, host)) {
    const Result<void> waited = co_await shard.proxied_login_ended.wait(deadline);
    if (!waited.ok()) co_return false;
  }
  co_return true;
}

/// An account whose proof cannot be carried over (ed25519, PAM …): the client proves itself to the primary directly,
/// through us, on a connection that then belongs to this session alone. Everything of such a session runs there: no
/// splitting, no pooling. `denied`: the server's refusal in the client's words, not said yet.
Task<Verdict> log_in_by_proxy(Session& session, const Account& account, const Claim* claim, wire::ErrorReply* denied) {
  const Deadline deadline = claim->deadline;
  ServiceShard& service = session.service();
  ClientEnd& client = session.client();
  const bool in_turn = co_await wait_for_turn(session.shard_state(), client.host(), deadline);
  if (!in_turn) {
    client.send_error(wire::too_many_connections());
    co_return Verdict::kOver;
  }
  const ProxiedLogin counted(session.shard_state(), client.host());
  Identity& identity = session.identity();
  identity.credentials = upstream::mysql::Credentials{account.user, std::nullopt, std::nullopt};
  identity.account = account.id;
  identity.host_pattern = account.host;
  identity.of_servers = account.of_servers;
  identity.proxied = true;
  ClientProxy proxy(session, deadline);
  upstream::mysql::Login login = login_for_server(session);
  login.proxy = &proxy;
  upstream::mysql::ViewPtr view = session.view();
  while (!view->primary && !deadline.passed(session.loop().now())) {
    const Result<void> waited = co_await service.view_changed(deadline);
    if (!waited.ok()) break;
    view = session.view();
  }
  if (!view->primary) {
    client.send_error(wire::own_error("no primary: " + view->no_primary_reason));
    co_return Verdict::kOver;
  }
  const upstream::ServerView& primary = view->servers[*view->primary];
  Result<ConnectionPtr> opened = co_await upstream::mysql::connect(session.loop(), primary.address, login, deadline);
  if (!opened.ok()) opened = std::move(opened).error().in("server '" + primary.name + "'");
  if (opened.ok()) {
    ConnectionPtr connection = std::move(*opened);
    opened = co_await session.frontend()
                 .pool(*view->primary)
                 .adopt(view, std::move(connection), pool_key(session, false), session.hold_deadline());
    if (opened.ok()) {
      Result<void> same = co_await check_account(session, opened->get());
      if (!same.ok()) opened = std::move(same).error();
    }
  }
  if (!opened.ok()) {
    // The server names our own host in its refusal; the client knows itself by another.
    const PeerSaidPtr& said = opened.error().said;
    if (said != nullptr && said->code == wire::kErAccessDenied) {
      // one that went no further counts too
      const bool with_password = said->words.ends_with("YES)") || !claim->proof.empty();
      *denied = wire::access_denied(claim->user_said, client.host(),
                                    with_password ? wire::UsingPassword::kYes : wire::UsingPassword::kNo);
      co_return Verdict::kRefused;
    }
    session.frontend().counters().login_failures.add();
    client.send_error(wire::reply_of(opened.error()));
    co_return Verdict::kOver;
  }
  co_await hold(session, std::move(*opened), policy::session::tie::kLogin, policy::session::PinReason::kNone);
  co_return Verdict::kAccepted;
}

/// caching_sha2_password and ed25519 for accounts whose password we have.
Task<Judgement> judge_by_plugin(Session* session, const Claim* claim, const Account* account) {
  Judgement judgement;
  const bool sha2 = claim->plugin == wire::kCachingSha2Plugin;
  const std::string fresh = make_nonce(sha2 ? wire::auth::kSha2Nonce : wire::auth::kEd25519Nonce);
  Result<std::string> answer =
      co_await switch_plugin(session, sha2 ? std::string(wire::kCachingSha2Plugin) : std::string(wire::kEd25519Plugin),
                             fresh, claim->deadline);
  if (!answer.ok()) co_return judgement;
  judgement.with_password = !answer->empty();
  judgement.verdict = Verdict::kRefused;
  judgement.why = account == nullptr ? "unknown account" : "wrong password";
  if (account == nullptr) co_return judgement;
  if (sha2) {
    if (!wire::auth::sha2_verify(*answer, fresh, *account->password)) co_return judgement;
    if (!answer->empty()) {
      session->client().send_payload(wire::encode_auth_more_data(ByteView(&wire::auth::kSha2FastAuthSuccess, 1)));
    }
  } else {
    const wire::auth::Ed25519PublicKey key = wire::auth::ed25519_public_key(*account->password);
    if (!wire::auth::ed25519_verify(*answer, fresh, key)) co_return judgement;
  }
  accept(*session, *account, std::nullopt, &judgement);
  co_return judgement;
}

/// By native password: what the client has shown, against the account.
Judgement judge_native(Session& session, const Claim& claim, const Account* account) {
  Judgement judgement{Verdict::kRefused, "wrong password", !claim.proof.empty(), false};
  if (account == nullptr) {
    judgement.why = "unknown account";
    return judgement;
  }
  const bool knows_password = account->password.has_value();
  const bool empty_expected = knows_password ? account->password->empty() : account->empty_password;
  if (empty_expected || claim.proof.empty()) {
    if (!empty_expected || !claim.proof.empty()) return judgement;
    Account passwordless = *account;
    passwordless.password = "";
    accept(session, passwordless, std::nullopt, &judgement);
    return judgement;
  }
  if (!knows_password && !account->native_hash) return judgement;
  const wire::auth::Sha1Digest stage2 =
      knows_password ? wire::auth::native_stage2(*account->password) : *account->native_hash;
  const std::optional<wire::auth::Sha1Digest> stage1 = wire::auth::native_verify(claim.proof, claim.nonce, stage2);
  if (!stage1) return judgement;
  accept(session, *account, stage1, &judgement);
  return judgement;
}

const Account* find_account(const upstream::mysql::View& view, const std::string& user, const std::string& host) {
  return view.accounts == nullptr ? nullptr : view.accounts->find(user, host);
}

/// Waits until the accounts, or the globals, are as of this question. False: they could not be had in time.
Task<bool> wait_for_news(Session& session, upstream::RefreshPtr asked, std::uint64_t upstream::mysql::View::* round,
                         Deadline deadline) {
  ServiceShard& service = session.service();
  const Deadline patience = session.loop().deadline_in(kNewsPatience).earlier(deadline);
  while (!asked->done((*session.view()).*round)) {
    const Result<void> waited = co_await service.view_changed(patience);
    if (!waited.ok()) co_return false;
  }
  co_return true;
}

/// The accounts of now, where the servers have them. False: there is no news to be had.
Task<bool> newer_accounts(Session& session, Deadline deadline) {
  const upstream::RefreshPtr asked = session.frontend().refresh(upstream::mysql::Subject::kAccounts);
  co_return co_await wait_for_news(session, asked, &upstream::mysql::View::accounts_round, deadline);
}

/// What changes accounts and globals through us is seen by every login that begins after its answer.
Task<void> see_changes(Session& session, Deadline deadline) {
  constexpr Nanos kStep = 5ms;
  ServiceChanges& changes = session.frontend().changes();
  const Deadline patience = session.loop().deadline_in(kNewsPatience).earlier(deadline);
  while (changes.underway.load(std::memory_order_relaxed) > 0 && !patience.passed(session.loop().now())) {
    const Result<void> slept = co_await runtime::sleep_until(session.loop().deadline_in(kStep).earlier(patience));
    if (!slept.ok()) co_return;
  }
  const upstream::RefreshPtr globals = changes.defaults_asked();
  if (globals != nullptr) co_await wait_for_news(session, globals, &upstream::mysql::View::defaults_round, deadline);
  const auto ask = [&session] { return session.frontend().refresh(upstream::mysql::Subject::kAccounts); };
  const upstream::RefreshPtr accounts = changes.accounts_asked(session.loop().now(), ask);
  if (accounts != nullptr) co_await wait_for_news(session, accounts, &upstream::mysql::View::accounts_round, deadline);
}

/// Before the servers' accounts were read for the first time nobody is unknown: the login waits for them, as a
/// statement waits for a server. False: they did not come, and the client has heard why.
Task<bool> wait_for_accounts(Session& session, Deadline deadline) {
  constexpr Nanos kStep = 50ms;
  const Deadline patience = session.hold_deadline().earlier(deadline);
  const ShardState& state = session.shard_state();
  while (session.view()->accounts_awaited && !state.draining() && !patience.passed(session.loop().now())) {
    const Result<void> waited =
        co_await session.service().view_changed(session.loop().deadline_in(kStep).earlier(patience));
    if (!waited.ok() && waited.error().code == ErrorCode::kCancelled) co_return false;
  }
  const upstream::mysql::View& view = *session.view();
  if (!view.accounts_awaited) co_return true;
  if (state.draining()) {
    session.client().send_error(wire::server_shutdown());
    co_return false;
  }
  const std::string why = view.primary ? "" : ": " + nobody(view, Place::kPrimary, "");
  session.client().send_error({wire::kErUnknown, "HY000", "the servers' accounts are not known yet" + why});
  co_return false;
}

/// The greeting's nonce serves all native proofs of a session, as with MariaDB: some clients compute that of a
/// COM_CHANGE_USER from it.
Task<bool> ask_native_proof(Session& session, Claim* claim) {
  claim->nonce.assign(session.identity().nonce.begin(), session.identity().nonce.end());
  Result<std::string> answer =
      co_await switch_plugin(&session, std::string(wire::kNativePasswordPlugin), claim->nonce, claim->deadline);
  if (!answer.ok()) co_return false;
  claim->proof = std::move(*answer);
  claim->proof_is_old = false;
  claim->plugin = std::string(wire::kNativePasswordPlugin);
  co_return true;
}

/// Nothing: the account has become one that we can check ourselves.
Task<std::optional<Verdict>> authenticate_by_proxy(Session& session, const Claim* claim, const Account& account) {
  wire::ErrorReply denied;
  const Verdict verdict = co_await log_in_by_proxy(session, account, claim, &denied);
  if (verdict != Verdict::kRefused) co_return verdict;
  const bool news = co_await newer_accounts(session, claim->deadline);
  if (news) {
    const upstream::mysql::ViewPtr view = session.view();
    const Account* now = find_account(*view, claim->user, session.client().host());
    if (now != nullptr && now->unusable.empty()) co_return std::nullopt;
  }
  session.frontend().counters().login_failures.add();
  session.client().send_error(denied);
  co_return Verdict::kRefused;
}

/// Whether the proof is one that needs the password, or a public key. A name that nobody has is asked as those of the
/// file are. Where the servers' accounts are known as well, of most of which there is no password, everybody is asked
/// for the native proof: nobody can tell who exists.
bool proves_by_plugin(const upstream::mysql::View& view, const Account* account, Claim* claim) {
  const auto& config = view.service->mysql;
  const bool knows_password =
      !config.users_from_servers && (account == nullptr ? !config.users.empty() : account->password.has_value());
  const bool ed25519_only = account != nullptr && account->ed25519_public_key.has_value() && !account->native_hash &&
                            account->password.has_value();
  if (ed25519_only) claim->plugin = std::string(wire::kEd25519Plugin);
  return ed25519_only ||
         (knows_password && (claim->plugin == wire::kCachingSha2Plugin || claim->plugin == wire::kEd25519Plugin));
}

/// kRefused: the client has been told why.
Task<Verdict> authenticate(Session& session, Claim claim) {
  co_await see_changes(session, claim.deadline);
  upstream::mysql::ViewPtr view = session.view();
  const Account* account = find_account(*view, claim.user, session.client().host());
  const bool from_servers = view->service->mysql.users_from_servers;
  if (account == nullptr && view->accounts_awaited) {
    const bool known = co_await wait_for_accounts(session, claim.deadline);
    if (!known) co_return Verdict::kOver;
    view = session.view();
    account = find_account(*view, claim.user, session.client().host());
  }
  if (account == nullptr && from_servers) {
    const bool news = co_await newer_accounts(session, claim.deadline);
    if (news) view = session.view();
    account = find_account(*view, claim.user, session.client().host());
  }
  if (account != nullptr && !account->unusable.empty()) {
    const std::optional<Verdict> by_proxy = co_await authenticate_by_proxy(session, &claim, *account);
    if (by_proxy) co_return *by_proxy;
    view = session.view();
    account = find_account(*view, claim.user, session.client().host());
  }

  if (proves_by_plugin(*view, account, &claim)) {
    const Judgement judgement = co_await judge_by_plugin(&session, &claim, account);
    if (judgement.verdict == Verdict::kRefused) deny(session, claim, judgement);
    co_return judgement.verdict;
  }
  if (claim.proof_is_old || (!claim.plugin.empty() && claim.plugin != wire::kNativePasswordPlugin)) {
    const bool asked = co_await ask_native_proof(session, &claim);
    if (!asked) co_return Verdict::kOver;
  }
  Judgement judgement = judge_native(session, claim, account);
  if (judgement.verdict == Verdict::kRefused && from_servers) {  // the password or the lock may have changed just now
    const bool news = co_await newer_accounts(session, claim.deadline);
    if (news) {
      view = session.view();
      judgement = judge_native(session, claim, find_account(*view, claim.user, session.client().host()));
    }
  }
  if (judgement.verdict == Verdict::kRefused) deny(session, claim, judgement);
  co_return judgement.verdict;
}

/// The schema named at login must exist and be allowed, as a server would say at once; and what the session begins with
/// must be known. One connection is asked, which the first statement then finds ready. With no server up, the first
/// statement is held and will tell.
Task<bool> adopt_schema(Session& session, const std::string& schema, Beginning beginning) {
  const bool known = begin_settings(session, schema, beginning);
  Holdings& holdings = session.holdings();
  Trial trial;
  trial.hold = session.hold_deadline();
  if (holdings.held != nullptr) {  // a login by proxy has its connection already
    if (!known) {
      const Result<void> learnt = co_await learn_start(session, holdings.held.get());
      if (!learnt.ok()) {
        session.client().send_error(wire::own_error(learnt.error().context));
        co_return false;
      }
    }
    const Result<void> fitted = co_await restore(session, holdings.held.get(), {}, &trial);
    if (!fitted.ok()) {
      session.client().send_error(trial.refusal.code != 0 ? trial.refusal : wire::own_error(fitted.error().context));
    }
    co_return fitted.ok();
  }
  if (known && schema.empty()) co_return true;
  const upstream::mysql::ViewPtr view = session.view();
  bool server_up = false;
  for (const upstream::ServerView& server : view->servers) {
    server_up = server_up || (server.present && server.reachable);
  }
  if (!server_up) co_return true;
  const Place place = session.door() == policy::session::Door::kWrite ? Place::kPrimary : Place::kReader;
  Result<ConnectionPtr> connection = co_await borrow_fit(session, place, {}, &trial);
  // a replica may not have it yet: the primary's word counts
  if (!connection.ok() && place == Place::kReader && trial.refusal.code != 0) {
    trial.refusal = {};
    connection = co_await borrow_fit(session, Place::kPrimary, {}, &trial);
  }
  if (connection.ok()) {
    if (place == Place::kReader && !session.on_primary(**connection)) {
      session.holdings().next_reader = (*connection)->slot;
    }
    give_back(session, std::move(*connection));
    co_return true;
  }
  session.client().send_error(trial.refusal.code != 0 ? trial.refusal : wire::own_error(connection.error().context));
  co_return false;
}

}  // namespace

Task<bool> log_in(Session& session) {
  const upstream::mysql::ViewPtr view = session.view();
  ClientEnd& client = session.client();
  session.identity().defaults = view->defaults;
  session.identity().began_at = session.shard_state().next_moment();
  wire::Greeting greeting;
  greeting.server_version = view->server_version.empty() ? "5.5.5-10.11.0-MariaDB" : view->server_version;
  greeting.connection_id = session.id();
  greeting.nonce = make_nonce(wire::auth::kNativeNonce);
  std::copy_n(greeting.nonce.begin(), session.identity().nonce.size(), session.identity().nonce.begin());
  greeting.capabilities = (view->server_capabilities != 0 ? view->server_capabilities : kMariaDbDefault) & ~kNotOffered;
  greeting.charset = view->server_charset;
  greeting.status = view->defaults->status;
  greeting.auth_plugin = std::string(wire::kNativePasswordPlugin);
  client.set_sequence(0);
  client.send_payload(wire::encode_greeting(greeting));
  client.set_capabilities(wire::kClientProtocol41);  // for what is said of the login packet itself

  const Deadline deadline = session.loop().deadline_in(kLoginTimeout);
  client.limit_packets(kLargestLogin);
  Result<void> read = co_await client.read_packet(1, deadline);
  if (!read.ok()) {
    if (read.error().code == ErrorCode::kProtocol) client.send_error(wire::packets_out_of_order());
    if (read.error().code == ErrorCode::kOverload) client.send_error(wire::packet_too_large());
    co_return false;
  }
  client.set_sequence(2);
  if (wire::is_ssl_request(client.request())) {
    client.send_error(wire::own_error("this service does not offer TLS"));
    co_return false;
  }
  Result<wire::HandshakeResponse> response = wire::decode_handshake_response(client.request());
  if (!response.ok()) {
    if (response.error().code == ErrorCode::kUnsupported) client.set_capabilities(0);  // from before 4.1
    client.send_error(wire::bad_handshake());
    co_return false;
  }
  wire::Capabilities capabilities = wire::mariadb_extended(response->capabilities) & greeting.capabilities;
  if (wire::has(response->capabilities, wire::kClientMysql)) capabilities |= wire::kClientMysql;
  client.set_capabilities(capabilities);
  session.identity().collation = response->charset;
  const std::string schema = wire::name_from_client(response->database, response->charset);
  Claim claim{.user = wire::name_from_client(response->user, response->charset),
              .user_said = wire::name_said_back(response->user, response->charset),
              .plugin = std::move(response->auth_plugin),
              .proof = std::move(response->auth_response),
              .nonce = greeting.nonce,
              .deadline = deadline};
  const Verdict verdict = co_await authenticate(session, std::move(claim));
  if (verdict != Verdict::kAccepted) co_return false;
  const bool adopted = co_await adopt_schema(session, schema, Beginning::kLogin);
  if (!adopted) co_return false;
  const upstream::mysql::SessionDefaults& defaults = *session.identity().defaults;
  const bool before_init_connect = !defaults.init_connect.empty();  // the servers answer a login before they run it
  client.send_ok(before_init_connect ? defaults.status : session.status_flags(), schema, session.facts().tracking);
  client.limit_packets(defaults.variables.empty() ? wire::kLongestPacket : defaults.max_allowed_packet);
  co_return true;
}

namespace {

/// A refused change of user leaves the user and the schema as they were, in a session begun anew; a pause makes
/// guessing slow. As servers do.
Task<bool> stay_who_one_was(Session& session, Identity before, const std::string& schema) {
  if (session.client().broken() || before.proxied) co_return false;  // nobody but the client could log in as that again
  give_up_held(session);
  before.collation = 0;  // … with the servers' own character set, until a reset gives it that of the refused change
  remember_for_reset(before, session.identity().collation);
  before.failed_changes = static_cast<std::uint8_t>(std::min(before.failed_changes + 1, kMostFailedChanges));
  session.identity() = std::move(before);
  begin_settings(session, schema, Beginning::kRefusedChange);
  const Result<void> slept = co_await runtime::sleep_until(session.loop().deadline_in(kPauseAfterRefusal));
  co_return slept.ok();
}

Task<Verdict> become(Session& session, Claim claim, const std::string& schema) {
  const Verdict verdict = co_await authenticate(session, std::move(claim));
  if (verdict != Verdict::kAccepted) co_return verdict;
  const bool adopted = co_await adopt_schema(session, schema, Beginning::kChangeUser);
  co_return adopted ? Verdict::kAccepted : Verdict::kRefused;
}

}  // namespace

Task<bool> handlers::on_change_user(Session& session) {
  ClientEnd& client = session.client();
  Result<wire::ChangeUser> change = wire::decode_change_user(client.request(), client.capabilities());
  Holdings& holdings = session.holdings();
  policy::session::SessionFacts& facts = session.facts();
  if (holdings.held != nullptr && facts.found_rows.on == holdings.held->facts.serial) co_await ask_held(session);
  give_up_held(session);
  holdings.last = {};
  session.prepared().clear();
  client.untold_changes().clear();
  const std::string schema_before = facts.settings != nullptr ? facts.settings->schema() : session.identity().schema;
  const policy::session::Remembered found = facts.found_rows;  // survives, as on a connection of one's own
  facts = {};
  facts.found_rows = found;
  Identity before = session.identity();
  if (!change.ok() || before.failed_changes >= kMostFailedChanges) {
    session.identity().collation = 0;  // nothing was tried
    client.send_error(wire::unknown_command());
    co_return co_await stay_who_one_was(session, std::move(before), schema_before);
  }
  session.identity().began_at = session.shard_state().next_moment();
  session.identity().collation = change->charset;
  const Deadline deadline = session.loop().deadline_in(kLoginTimeout);
  const std::uint16_t charset = change->charset != 0 ? change->charset : before.collation;
  std::string user = wire::name_from_client(change->user, charset);
  Claim claim{.user = user,
              .user_said = user,
              .plugin = std::move(change->auth_plugin),
              .proof = {},
              .nonce = {},
              .deadline = deadline,
              .proof_is_old = true};
  const std::string schema = wire::name_from_client(change->database, charset);
  const Verdict verdict = co_await become(session, std::move(claim), schema);
  if (verdict == Verdict::kOver) co_return false;
  if (verdict == Verdict::kRefused) co_return co_await stay_who_one_was(session, std::move(before), schema_before);
  client.send_ok(session.status_flags(), schema, session.facts().tracking);
  co_return true;
}

}  // namespace hf::service::mysql
