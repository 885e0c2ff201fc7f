#include "service/mysql/lend.h"

#include <algorithm>

#include "base/hex.h"
#include "proto/mysql/handshake.h"
#include "proto/mysql/reply_tracker.h"
#include "service/mysql/events.h"
#include "service/mysql/holdings.h"
#include "service/mysql/session_variables.h"
#include "service/mysql/shard_state.h"
#include "service/mysql/start.h"
#include "service/shard.h"
#include "upstream/places.h"

namespace hf::service::mysql {

namespace wire = proto::mysql;
using policy::session::Needs;
using policy::session::Place;
using policy::session::Step;
using runtime::Task;

namespace {

constexpr Nanos kRetryPause = 50ms;
constexpr int kMostMakingRoom = 5;  // times that our own idle connections give way to one login
constexpr Nanos kRoomPause = 20ms;  // until a server has counted a connection out
constexpr int kMostRestoring = 2;   // the second time without the warnings of the first

bool is_limit(std::uint16_t code) {
  return code == wire::kErConCount || code == wire::kErTooManyUserConnections || code == wire::kErUserLimitReached;
}

std::optional<upstream::ServerSlot> choose(Session& session, const upstream::mysql::View& view, Place place,
                                           const policy::balance::ServerSet& tried) {
  if (place == Place::kReader) {
    const std::optional<upstream::ServerSlot> picked = std::exchange(session.holdings().next_reader, std::nullopt);
    if (picked && view.servers[*picked].reader && !tried.contains(*picked)) return picked;
    const std::optional<upstream::ServerSlot> reader = session.service().pick_reader(tried);
    if (reader) return reader;
    if (!view.service->mysql.reads_fallback_to_primary) return std::nullopt;
  }
  if (view.primary && !tried.contains(*view.primary)) return view.primary;
  return std::nullopt;
}

/// Why a wait was given up: by a KILL QUERY, which is the statement's error, or for good.
Error given_up(Session& session, const runtime::TaskContext& context, const Error& cancelled, Trial* trial) {
  if (!session.interrupted() || context.cancelled) return cancelled;
  trial->refusal = wire::query_interrupted();
  return Error{ErrorCode::kRefused, trial->refusal.message};
}

/// Nobody is there: waits for news. Errors: the client's, or kCancelled, kClosed.
Task<Result<void>> wait_for_server(Session& session, Place place, Trial* trial) {
  ServiceShard& service = session.service();
  const upstream::mysql::ViewPtr view = session.view();
  const std::string reason = nobody(*view, place, trial->latest);
  ShardState& shard = session.shard_state();
  const TimePoint now = session.loop().now();
  if (trial->hold.passed(now)) {
    session.frontend().counters().hold_timeouts.add();
    service.control().event(events::HeldWritesTimeout{.service = service.name(),
                                                      .held = shard.statements_held,
                                                      .waited = now - trial->held_since.value_or(now),
                                                      .reason = reason});
    co_return Error{ErrorCode::kUnreachable, reason};
  }
  if (!trial->held_since) {
    trial->held_since = now;
    session.frontend().counters().held.add();
    if (place == Place::kPrimary && shard.statements_held++ == 0) {
      shard.first_held_at = now;
      service.control().event(events::WritesHeld{.service = service.name(), .reason = reason});
    }
  }
  trial->tried.clear();
  runtime::TaskContext& context = co_await runtime::this_context();
  const Session::Interruptible interruptible(session, context);
  const Result<void> waited =
      co_await service.view_changed(session.loop().deadline_in(kRetryPause).earlier(trial->hold));
  if (!waited.ok() && waited.error().code == ErrorCode::kCancelled) {
    co_return given_up(session, context, waited.error(), trial);
  }
  if (session.client().broken()) co_return Error{ErrorCode::kClosed, "the client went away"};
  co_return Result<void>{};
}

/// Idle connections of this account to this server end, here and on the other shards; of any account, the longest idle
/// one each, where it is the server that is full. Whether there may have been any.
bool make_room(Session& session, upstream::ServerSlot slot, std::uint16_t limit) {
  const auto close = [slot, limit, account = session.identity().account](Frontend& there) {
    upstream::mysql::Pool& pool = there.pool(slot);
    const bool own = pool.close_idle_of(account, &ShardState::account_of) > 0;
    return own || (limit == wire::kErConCount && pool.close_idle());
  };
  const bool any = close(session.frontend());
  const bool asked = session.frontend().on_other_shards(slot, close);
  return any || asked;
}

/// What a login begins with here can only be seen on one of its own.
bool begins_with_init_connect(Session& session) {
  const Identity& identity = session.identity();
  return session.facts().settings == nullptr && identity.beginning == Beginning::kLogin &&
         !identity.defaults->init_connect.empty();
}

/// Opens a connection. Our own idle ones of the account make room where the server counts them.
Task<Result<ConnectionPtr>> open(Session& session, upstream::ServerSlot slot, Trial* trial) {
  ServerShard& server = session.service().server(slot);
  runtime::TaskContext& context = co_await runtime::this_context();
  const Session::Interruptible interruptible(session, context);
  upstream::mysql::Login login = login_for_server(session);
  if (trial->without_schema) login.schema.clear();
  // While it waits for a place it may be handed one that came back: not where only a login of its own will do.
  const std::uint64_t key =
      begins_with_init_connect(session) ? unshared_key(session) : pool_key(session, !login.schema.empty());
  for (int round = 0;; ++round) {
    server.counters.connections_total.add();
    const std::uint64_t moment = session.shard_state().next_moment();
    const std::uint64_t max_packet = terms_of(*session.view()).max_packet;
    Result<ConnectionPtr> opened = co_await session.frontend().pool(slot).open(session.view(), login, key, trial->hold,
                                                                               session.facts().insert_id.value);
    if (opened.ok() && (*opened)->max_packet == 0) (*opened)->max_packet = max_packet;
    // else it came back while this one waited for a place
    const bool fresh = opened.ok() && (*opened)->schema_entered == 0;
    if (fresh) (*opened)->schema_entered = moment;
    if (fresh) {
      Result<void> same = co_await check_account(session, opened->get());
      HF_CO_RETURN_IF_ERROR(same);
    }
    if (opened.ok()) co_return opened;
    const std::uint16_t limit = opened.error().peer_code();
    if (!is_limit(limit) || round >= kMostMakingRoom || !make_room(session, slot, limit)) co_return opened;
    const Result<void> slept = co_await runtime::sleep_until(session.loop().deadline_in(kRoomPause));
    if (!slept.ok()) co_return slept.error();
  }
}

/// What a failed login means. True: another server, or the same one a little later; false: `trial` has the client's
/// error.
Task<Result<bool>> after_failed_login(Session& session, Place place, upstream::ServerSlot slot, const Error& failure,
                                      Trial* trial) {
  ServiceShard& service = session.service();
  const upstream::mysql::ViewPtr view = session.view();
  runtime::TaskContext& context = co_await runtime::this_context();
  if (failure.code == ErrorCode::kCancelled) co_return given_up(session, context, failure, trial);
  trial->latest = failure.context;
  if (failure.code == ErrorCode::kNoPlace) {
    const upstream::Places& places = *view->servers[slot].places;
    service.control().event(events::PoolExhausted{.service = service.name(),
                                                  .server = view->servers[slot].name,
                                                  .limit = places.most(),
                                                  .waiting = places.waiting()});
    co_return failure;
  }
  service.server(slot).counters.connect_failures.add();
  trial->tried.insert(slot);
  const bool answer = (failure.said != nullptr && failure.peer_code() != wire::kErServerShutdown) ||
                      failure.code == ErrorCode::kUnsupported;
  if (answer) {
    if (failure.said != nullptr) trial->refusal = wire::said_by_server(*failure.said);
    const bool another = place == Place::kReader && choose(session, *view, place, trial->tried).has_value();
    if (!another) co_return failure;
    co_return true;
  }
  service.control().server_failed(service.name(), slot, failure.context);
  if (place != Place::kPrimary) co_return true;
  // The primary may be on its way down or up: look again shortly.
  if (trial->hold.passed(session.loop().now())) co_return failure;
  trial->tried.clear();
  const Session::Interruptible interruptible(session, context);
  const Result<void> slept =
      co_await runtime::sleep_until(session.loop().deadline_in(kRetryPause).earlier(trial->hold));
  if (!slept.ok()) co_return given_up(session, context, slept.error(), trial);
  co_return true;
}

/// What only the connection that the session still keeps knows, and another one needs.
bool asks_held(Session& session, const Needs& needs) {
  const Connection* held = session.holdings().held.get();
  return needs.insert_id && held != nullptr && session.facts().insert_id.on == held->facts.serial;
}

/// `needs` gets what the session's login adds to the statement's.
std::vector<Step> steps_to_fit(Session& session, const Connection& connection, Needs* needs) {
  needs->multi_statements = session.client().has(wire::kClientMultiStatements);
  const bool old_rights = connection.schema_entered < session.identity().began_at;
  return policy::session::before(session.facts(), connection.facts, *needs, old_rights);
}

}  // namespace

std::string nobody(const upstream::mysql::View& view, Place place, const std::string& latest) {
  if (place == Place::kPrimary) {
    return "no primary: " + view.no_primary_reason + (latest.empty() ? "" : " (" + latest + ")");
  }
  std::string why;
  for (const upstream::ServerView& server : view.servers) {
    const bool is_primary = view.primary && &view.servers[*view.primary] == &server;
    if (!server.present || server.reader || is_primary) continue;
    why += (why.empty() ? "" : "; ") + server.name + ": " + server.reason;
  }
  if (!latest.empty()) why += (why.empty() ? "" : "; ") + latest;
  return "no server for reads: " + (why.empty() ? std::string("none is configured") : why);
}

upstream::mysql::LendTerms terms_of(const upstream::mysql::View& view) {
  const upstream::mysql::SessionDefaults& defaults = *view.defaults;
  return {{view.service->mysql.max_connection_age, std::chrono::seconds(defaults.wait_timeout)},
          defaults.variables.empty() ? 0 : defaults.max_allowed_packet};
}

upstream::mysql::Login login_for_server(Session& session) {
  upstream::mysql::Login login;
  if (begins_with_init_connect(session)) login.charset = session.identity().collation;  // which init_connect may change
  login.credentials = session.identity().credentials;
  login.account = account_name(session.identity());
  const wire::Capabilities flags = wire::kClientIgnoreSpace | wire::kClientInteractive;  // their effects are settings
  login.capabilities = (session.client().capabilities() & ~flags) | wire::kClientSessionTrack;
  login.schema = session.facts().settings != nullptr ? session.facts().settings->schema() : session.identity().schema;
  wire::append_connect_attribute(login.connect_attributes, "_client_name", "holdfast");
  wire::append_connect_attribute(login.connect_attributes, "service", session.service().name());
  return login;
}

namespace {

/// Whether nobody could tell the one account from the other.
bool may_do_the_same(const upstream::mysql::Accounts* accounts, const Identity& identity, std::string_view other_user,
                     std::string_view other_host) {
  if (accounts == nullptr || other_user != identity.credentials.user) return false;
  const upstream::mysql::Account* own = accounts->exactly(identity.credentials.user, identity.host_pattern);
  const upstream::mysql::Account* other = accounts->exactly(other_user, other_host);
  return own != nullptr && other != nullptr && !own->rights.empty() && own->rights == other->rights;
}

}  // namespace

Task<Result<void>> check_account(Session& session, Connection* connection) {
  const Identity& identity = session.identity();
  if (!identity.of_servers) co_return Result<void>{};
  Result<proto::mysql::TextResult> asked =
      co_await upstream::mysql::query(*connection, "SELECT HEX(CONVERT(CURRENT_USER() USING utf8mb4)) LIMIT 1",
                                      session.loop().deadline_in(session.service().config().connect_timeout));
  HF_CO_RETURN_IF_ERROR(asked);
  if (asked->error) {  // its password has expired, say
    co_return refused_by_peer(ErrorCode::kRefused, asked->error->message,
                              {asked->error->code, asked->error->sqlstate, asked->error->message});
  }
  const bool answered = asked->rows.size() == 1 && asked->rows[0].size() == 1;
  // in whatever charset
  const std::string account = answered ? from_hex(narrow(asked->rows[0][0].value_or(""))).value_or("") : std::string();
  connection->facts.found_rows.reset();
  const std::size_t at = std::min(account.rfind('@'), account.size());
  const std::string_view host = std::string_view(account).substr(std::min(at + 1, account.size()));
  const bool same = account == account_name(identity) || may_do_the_same(session.view()->accounts.get(), identity,
                                                                         std::string_view(account).substr(0, at), host);
  if (same) co_return Result<void>{};
  const std::string why = "the servers take Holdfast's address for " + account;
  co_return refused_by_peer(
      ErrorCode::kRefused, why,
      {wire::kErAccessDenied, "28000",
       "Access denied for " + account_name(identity) + ": " + why + ", an account that may have other rights"});
}

Task<Result<ConnectionPtr>> borrow(Session& session, Place place, Trial* trial) {
  for (;;) {
    if (session.interrupted()) {
      trial->refusal = wire::query_interrupted();
      co_return Error{ErrorCode::kRefused, trial->refusal.message};
    }
    const upstream::mysql::ViewPtr view = session.view();
    const std::optional<upstream::ServerSlot> slot = choose(session, *view, place, trial->tried);
    if (!slot) {
      Result<void> waited = co_await wait_for_server(session, place, trial);
      HF_CO_RETURN_IF_ERROR(waited);
      continue;
    }
    const policy::session::SettingsPtr& wanted = session.facts().settings;
    ConnectionPtr connection;
    if (!begins_with_init_connect(session)) {
      const bool has_schema = !trial->without_schema &&
                              (wanted != nullptr ? !wanted->schema().empty() : !session.identity().schema.empty());
      connection = session.frontend().pool(*slot).take(pool_key(session, has_schema), wanted, terms_of(*view),
                                                       has_schema ? session.identity().began_at : 0);
    }
    if (connection == nullptr) {
      Result<ConnectionPtr> opened = co_await open(session, *slot, trial);
      if (!opened.ok()) {
        const Error failure = opened.error();
        Result<bool> again = co_await after_failed_login(session, place, *slot, failure, trial);
        HF_CO_RETURN_IF_ERROR(again);
        continue;
      }
      connection = std::move(*opened);
    }
    if (session.client().broken()) {  // nothing is begun for it
      give_back(session, std::move(connection));
      co_return Error{ErrorCode::kClosed, "the client went away"};
    }
    const bool begun_otherwise =
        !session.identity().defaults->init_connect.empty() && session.identity().beginning != Beginning::kLogin;
    if (begun_otherwise && session.facts().settings != nullptr && connection->facts.settings == nullptr) {
      // The login has run init_connect, which a reset or a change of user does not.
      connection->facts.must_close = true;
      const Result<void> cleared =
          co_await upstream::mysql::run_steps(*connection, policy::session::reset_steps(*session.facts().settings),
                                              session.loop().deadline_in(session.service().config().connect_timeout));
      if (cleared.ok()) session.frontend().counters().connection_resets.add();
      if (!cleared.ok() && cleared.error().code == ErrorCode::kCancelled) co_return cleared.error();
    }
    if (session.facts().settings == nullptr) {
      Result<void> learnt = co_await learn_start(session, connection.get());
      if (!learnt.ok()) {
        trial->latest = learnt.error().context;
        trial->tried.insert(*slot);
        if (learnt.error().code == ErrorCode::kCancelled || trial->hold.passed(session.loop().now())) {
          co_return learnt.error();
        }
        continue;
      }
    }
    co_return std::move(connection);
  }
}

bool already_fits(Session& session, const Connection& connection, Needs needs) {
  return !asks_held(session, needs) && steps_to_fit(session, connection, &needs).empty();
}

Task<Result<void>> restore(Session& session, Connection* connection, Needs needs, Trial* trial) {
  if (asks_held(session, needs)) co_await ask_held(session);
  const Deadline deadline = session.loop().deadline_in(session.service().config().connect_timeout);
  for (int round = 0; round < kMostRestoring; ++round) {
    std::vector<Step> steps = steps_to_fit(session, *connection, &needs);
    if (steps.empty()) break;
    const bool enters =
        std::any_of(steps.begin(), steps.end(), [](const Step& step) { return step.kind == Step::Kind::kSchema; });
    session.frontend().counters().state_restores.add();
    session.frontend().counters().restore_statements.add(steps.size());
    const std::uint64_t moment = session.shard_state().next_moment();
    Result<void> done = co_await upstream::mysql::run_steps(*connection, std::move(steps), deadline);
    if (!done.ok()) {
      connection->facts.settings = nullptr;  // some of it may have been taken
      connection->facts.stains |= policy::session::stain::kOdd;
      if (done.error().said != nullptr) {
        connection->at_rest = true;  // all was answered: it can say goodbye
        trial->refusal = wire::said_by_server(*done.error().said);
      }
      co_return done;
    }
    if (enters) connection->schema_entered = moment;
    policy::session::restored(session.facts(), connection->facts, needs);
    // A step of ours has come between rows and a question about them, or the prepare of one.
    if (session.facts().last_had_rows) session.holdings().last.row_count = -1;
    if (!connection->warned) break;
    policy::session::left_warnings(connection->facts);
  }
  co_return Result<void>{};
}

Task<Result<ConnectionPtr>> borrow_fit(Session& session, Place place, Needs needs, Trial* trial) {
  for (;;) {
    Result<ConnectionPtr> borrowed = co_await borrow(session, place, trial);
    HF_CO_RETURN_IF_ERROR(borrowed);
    Result<void> fits = co_await restore(session, borrowed->get(), needs, trial);
    if (fits.ok()) co_return std::move(*borrowed);
    const bool over = fits.error().code == ErrorCode::kRefused || fits.error().code == ErrorCode::kCancelled;
    if (over || trial->hold.passed(session.loop().now())) co_return fits.error();
    session.service().control().server_failed(session.service().name(), (*borrowed)->slot, fits.error().context);
  }
}

namespace {

void close_idle_copies(Frontend& frontend, upstream::ServerSlot slot) {
  const auto close = [slot](Frontend& there) { there.pool(slot).close_copies(); };
  close(frontend);
  frontend.on_other_shards(slot, close);
}

}  // namespace

Task<void> make_room_for_copies(Session& session, Connection* connection) {
  upstream::mysql::close_copies(*connection);
  if (session.shard_state().may_close_copies(session.loop().now())) {
    close_idle_copies(session.frontend(), connection->slot);
  }
  const Result<void> slept = co_await runtime::sleep_until(session.loop().deadline_in(kRoomPause));
  (void)slept;  // a session that is cancelled finds out with its next step
}

bool needs_copy(const Request& request) {
  return request.prepared != nullptr && request.command != proto::mysql::Command::kStmtPrepare;
}

bool wants_no_schema(Session& session, const Request& request) {
  if (!needs_copy(request)) return false;
  const policy::session::SettingsPtr& under = request.prepared->meaning.parsed_under;
  const policy::session::SettingsPtr& now = session.facts().settings;
  return under != nullptr && under->schema().empty() && now != nullptr && !now->schema().empty();
}

Task<Result<void>> ensure_copy(Session& session, Connection* connection, const Request* request, Trial* trial) {
  const PreparedStatement& statement = *request->prepared;
  if (statement.copy_in(connection->facts.prepared) != nullptr) co_return Result<void>{};
  // A server keeps a statement's meaning from its prepare: it is prepared again in the state of the first one.
  const policy::session::SettingsPtr& under = statement.meaning.parsed_under;
  const bool elsewhere = under != nullptr && !policy::session::same_meaning(*under, *session.facts().settings);
  if (elsewhere) {
    const AsIf then(session, under);
    Result<void> there = co_await restore(session, connection, {}, trial);
    HF_CO_RETURN_IF_ERROR(there);
  }
  // see take_prepared()
  if (statement.verdict.has(policy::sql::effect::kUserVariable)) {
    connection->facts.stains |= policy::session::stain::kState;
  }
  const Deadline deadline = session.loop().deadline_in(session.service().config().connect_timeout);
  Result<std::uint32_t> id = co_await upstream::mysql::prepare(*connection, *statement.meaning.text, deadline);
  for (int round = 0; !id.ok() && id.error().peer_code() == wire::kErMaxPreparedStatements && round < kMostMakingRoom;
       ++round) {
    co_await make_room_for_copies(session, connection);
    id = co_await upstream::mysql::prepare(*connection, *statement.meaning.text, deadline);
  }
  if (!id.ok() && id.error().said == nullptr) co_return std::move(id).error();
  if (id.ok()) session.frontend().counters().statements_reprepared.add();
  if (elsewhere) {
    Result<void> back = co_await restore(session, connection, {}, trial);
    HF_CO_RETURN_IF_ERROR(back);
  }
  if (!id.ok()) {
    trial->refusal = wire::said_by_server(*id.error().said);
    co_return std::move(id).error();
  }
  const std::optional<std::uint32_t> gone = connection->facts.prepared.add(statement.meaning, *id);
  if (gone) upstream::mysql::close_statement(*connection, *gone);
  co_return Result<void>{};
}

}  // namespace hf::service::mysql
