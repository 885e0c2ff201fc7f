#include "service/mysql/run.h"

#include <algorithm>
#include <cctype>
#include <optional>

#include "policy/sql/shape_cache.h"
#include "proto/mysql/response.h"
#include "service/mysql/answerable.h"
#include "service/mysql/events.h"
#include "service/mysql/handlers/handlers.h"
#include "service/mysql/holdings.h"
#include "service/mysql/lend.h"
#include "service/mysql/settle.h"
#include "service/mysql/shard_state.h"

namespace hf::service::mysql {

namespace wire = proto::mysql;
namespace sql = policy::sql;
namespace effect = policy::sql::effect;
namespace tie = policy::session::tie;
using policy::session::Attempt;
using policy::session::Next;
using policy::session::Place;
using policy::session::Routed;
using runtime::Task;
using wire::Command;

namespace {

constexpr Nanos kRetryPause = 50ms;
constexpr std::uint16_t kErAccountLocked = 4151;
constexpr Nanos kFrailFor = 60s;
constexpr std::size_t kMostShaped = 4096;
constexpr std::size_t kMostShown = 200;

/// One command under way.
struct Work {
  Session& session;
  Request request;
  Trial trial;
  Routed routed;
  Attempt attempt;
  ConnectionPtr connection;
  std::uint32_t ties = 0;  // of the connection while it was held
  upstream::ServerSlot slot = 0;
  std::uint32_t ended_servers = 0;  // … under this statement
};

enum class Step : std::uint8_t {
  kGoOn,
  kBare,  // … without the session's schema, which is gone
  kAgain,
  kDone,
  kOver
};

void count_route(Session& session, const Request& request, bool at_primary) {
  SessionCounters& counters = session.frontend().counters();
  if (request.verdict.route == sql::Route::kPrimary) {
    counters.writes.add();
  } else if (at_primary) {
    counters.reads_on_primary.add();
  } else {
    counters.reads_on_replicas.add();
  }
}

/// The client is told as a server would tell it, with the reason.
void report_lost(Session& session, const Reply& reply) {
  session.frontend().counters().lost_errors.add();
  wire::ErrorReply error = wire::lost_connection();
  if (reply.failure) error.message += " (" + reply.failure->context + ")";
  if (!reply.begun) session.client().begin_reply();
  session.client().send_error(error);
}

void report(Session& session, const Trial& trial, const Error& error) {
  session.client().begin_reply();
  session.client().send_error(trial.refusal.code != 0 ? trial.refusal : wire::own_error(error.context));
}

/// Statements of one shape are one where it is remembered that they cost servers.
std::uint64_t shape_of(const Work& work) {
  constexpr sql::ShapeKey kKey{0x9E3779B97F4A7C15ULL, 0xC2B2AE3D27D4EB4FULL};
  return sql::shape_of(text_of(work.session, work.request).substr(0, kMostShaped), work.session.sql_context(), kKey)
      .hash.low;
}

std::string shown(const Work& work) {
  return sql::shape_text(text_of(work.session, work.request).substr(0, kMostShaped), work.session.sql_context(),
                         kMostShown);
}

/// Whether what the session keeps is where the statement goes.
bool uses_held(const Work& work) {
  Session& session = work.session;
  const Routed& routed = work.routed;
  const Holdings& holdings = session.holdings();
  if (holdings.held == nullptr) return false;
  if (work.trial.without_schema && !holdings.hard() && !work.attempt.only_here) return false;
  if (routed.place == Place::kHeld) return true;
  if (routed.place == Place::kPrimary) return session.on_primary(*holdings.held);
  // one reader is as good as another, and a second one may not be had
  if (session.door() == policy::session::Door::kRead) return true;
  // … and better, where else it would have to be asked what it alone knows.
  const bool counted_here = session.facts().found_rows.on == holdings.held->facts.serial;
  return counted_here && session.view()->servers[holdings.held->slot].reader;
}

/// The statement's copies are made without the session's schema, which is gone, if they were to be made in it.
void parse_without(const Request& request, const policy::session::SettingsPtr& whole,
                   const policy::session::SettingsPtr& without) {
  if (!needs_copy(request)) return;
  policy::session::SettingsPtr& parsed_under = request.prepared->meaning.parsed_under;
  if (parsed_under != nullptr && parsed_under->schema() == whole->schema()) parsed_under = without;
}

/// A state that the server would not take back. The schema was dropped, say: it is not the statement's error, which
/// runs without it, as on a connection of its own, where only what needs the schema fails.
Task<Step> without_state(Work* work) {
  Session& session = work->session;
  const std::uint16_t code = work->trial.refusal.code;
  const bool schema = code == wire::kErBadDb || code == wire::kErDbaccessDenied;
  const policy::session::SettingsPtr whole = session.facts().settings;
  if (!schema || whole == nullptr || whole->schema().empty()) co_return Step::kDone;
  work->connection.reset();
  policy::session::Settings bare = *whole;
  bare.set_schema({});
  const policy::session::SettingsPtr without = session.shard_state().settings().intern(std::move(bare));
  const AsIf bare_session(session, without);
  work->trial.tried.clear();  // of servers that have no such schema
  Result<ConnectionPtr> borrowed =
      co_await borrow(session, work->routed.place == Place::kReader ? Place::kReader : Place::kPrimary, &work->trial);
  if (borrowed.ok()) {
    Result<void> restored =
        co_await restore(session, borrowed->get(), policy::session::needs_of(work->request.verdict), &work->trial);
    parse_without(work->request, whole, without);
    if (restored.ok() && needs_copy(work->request)) {
      restored = co_await ensure_copy(session, borrowed->get(), &work->request, &work->trial);
    }
    if (restored.ok()) work->connection = std::move(*borrowed);
  }
  if (work->connection == nullptr) co_return Step::kDone;
  work->connection->facts.settings = without;
  work->trial.refusal = {};
  work->request.gone_schema = whole->schema();
  co_return Step::kGoOn;
}

/// The held connection or one of the pool, in `work.connection`.
Task<Step> get_connection(Work* work) {
  Session& session = work->session;
  Holdings& holdings = session.holdings();
  const bool use_held = uses_held(*work);
  if (use_held && !holdings.hard() && !holdings.held->usable() && !work->attempt.only_here) {
    lose_held(session);  // kept for convenience, and gone: another one does as well
    if (work->routed.place == Place::kHeld) {
      work->routed = policy::session::route(work->request.verdict, session.route_facts());
    }
    co_return Step::kAgain;
  }
  if (use_held) {
    work->ties = std::exchange(holdings.ties, 0);
    work->connection = std::move(holdings.held);
    co_return Step::kGoOn;
  }
  work->ties = 0;
  work->trial.refusal = {};
  const Place place = work->routed.place == Place::kHeld ? Place::kPrimary : work->routed.place;
  Result<ConnectionPtr> borrowed = co_await borrow(session, place, &work->trial);
  if (!borrowed.ok()) {
    if (borrowed.error().code == ErrorCode::kCancelled || session.client().broken()) co_return Step::kOver;
    const Step bare = co_await without_state(work);
    if (bare == Step::kGoOn) co_return Step::kBare;
    report(session, work->trial, borrowed.error());
    // A session whose proof is out of date, and of which nothing was kept, can do nothing any more: it does not pretend
    // to live.
    const std::uint16_t code = work->trial.refusal.code;
    co_return code == wire::kErAccessDenied || code == kErAccountLocked ? Step::kOver : Step::kDone;
  }
  work->connection = std::move(*borrowed);
  co_return Step::kGoOn;
}

/// After an error of which the client has been told: what the session keeps it goes on keeping, another connection goes
/// back.
void put_back(Work* work) {
  Session& session = work->session;
  if (work->ties == 0) {
    give_back(session, std::move(work->connection));
    return;
  }
  session.holdings().ties = work->ties;
  session.holdings().held = std::move(work->connection);
}

/// A server would not take the session's state, or would not prepare its statement.
Task<Step> after_refused_fit(Work* work, Error refused) {
  Session& session = work->session;
  Connection* connection = work->connection.get();
  const bool bound = (work->ties & tie::kHard) != 0;
  // the statement cannot be prepared any more: that is its answer
  if (needs_copy(work->request) && connection->facts.settings != nullptr) {
    report(session, work->trial, refused);
    put_back(work);
    co_return Step::kDone;
  }
  const bool elsewhere = !bound && work->routed.place == Place::kReader && !session.on_primary(*connection);
  if (elsewhere) {  // a replica that lacks what the primary has
    work->trial.tried.insert(connection->slot);
    policy::session::forget_connection(session.facts(), connection->facts.serial);
    work->connection.reset();
    co_return Step::kAgain;
  }
  const Step bare = co_await without_state(work);
  if (bare == Step::kGoOn) co_return bare;
  report(session, work->trial, refused);
  if (work->connection != nullptr) work->connection->facts.must_close = true;
  work->connection.reset();
  co_return bound ? Step::kOver : Step::kDone;
}

/// A session that cannot leave its connection came to it without its schema, which was gone and may be there again by
/// now.
bool lacks_schema(const Work& work) {
  const policy::session::SettingsPtr& whole = work.session.facts().settings;
  const policy::session::SettingsPtr& there = work.connection->facts.settings;
  return (work.ties & tie::kHard) != 0 && there != whole && there != nullptr && whole != nullptr &&
         there->schema().empty() && !whole->schema().empty();
}

/// Errors: of the connection. Where the schema is gone still, `work.request.gone_schema` names it.
Task<Result<void>> enter_again(Work* work, policy::session::Needs needs) {
  Session& session = work->session;
  Connection* connection = work->connection.get();
  const policy::session::SettingsPtr whole = session.facts().settings;
  const policy::session::SettingsPtr without = connection->facts.settings;
  // of the statement before, and entering is one, too
  const bool asks = work->request.verdict.has(effect::kReadsDiagnostics);
  Result<void> entered = Error{ErrorCode::kRefused, {}};
  if (!asks) entered = co_await restore(session, connection, needs, &work->trial);
  if (entered.ok() || entered.error().code != ErrorCode::kRefused) co_return entered;
  connection->facts.settings = without;
  work->trial.refusal = {};
  work->request.gone_schema = whole->schema();
  parse_without(work->request, whole, without);
  co_return Result<void>{};
}

/// away: from where the statement was made answerable.
policy::session::Needs needs_to_fit(const Work& work, bool away) {
  policy::session::Needs needs = policy::session::needs_of(work.request.verdict);
  needs.found_rows = needs.found_rows || (away && work.request.verdict.has(effect::kReadsDiagnostics));
  return needs;
}

/// The connection fits the session, and has the prepared statement.
Task<Step> make_fit(Work* work) {
  Session& session = work->session;
  Connection* connection = work->connection.get();
  const Request& request = work->request;
  const bool bound = (work->ties & tie::kHard) != 0;
  Result<void> fits{};
  const bool away = work->trial.without_schema && work->ties == 0;
  const policy::session::Needs needs = needs_to_fit(*work, away);
  std::optional<AsIf> without_schema;
  if (lacks_schema(*work)) fits = co_await enter_again(work, needs);
  if (fits.ok() && !request.gone_schema.empty()) without_schema.emplace(session, connection->facts.settings);
  // A session that cannot leave its connection has made it what it is.
  const bool compared = !bound || needs.tracking || needs.found_rows || needs.insert_id || !connection->facts.tracking;
  if (away && fits.ok()) fits = co_await ensure_copy(session, connection, &request, &work->trial);
  if (fits.ok() && compared && !already_fits(session, *connection, needs)) {
    fits = co_await restore(session, connection, needs, &work->trial);
  }
  const bool copy =
      fits.ok() && needs_copy(request) && request.prepared->copy_in(connection->facts.prepared) == nullptr;
  if (copy) fits = co_await ensure_copy(session, connection, &request, &work->trial);
  without_schema.reset();
  if (fits.ok()) co_return Step::kGoOn;
  if (fits.error().code == ErrorCode::kCancelled) co_return Step::kOver;
  if (fits.error().code == ErrorCode::kRefused) co_return co_await after_refused_fit(work, fits.error());
  // Broken while it was made to fit: nothing of the statement was sent.
  session.service().control().server_failed(session.service().name(), connection->slot, fits.error().context);
  const std::uint32_t lost = work->ties & tie::kHard;
  policy::session::lose_connection(session.facts(), session.holdings().last, connection->facts.serial);
  work->connection.reset();
  if (lost != 0 || work->trial.hold.passed(session.loop().now())) {
    Reply reply;
    reply.failure = fits.error();
    report_lost(session, reply);
    co_return lost != 0 && lost != tie::kTransaction ? Step::kOver : Step::kDone;
  }
  co_return Step::kAgain;
}

/// view: of when the replica refused it.
void tell_rerouted(const Work& work, const upstream::mysql::View& view, std::uint16_t code) {
  ServiceShard& service = work.session.service();
  events::StatementRerouted event{.service = service.name(), .server = view.servers[work.slot].name, .code = code};
  if (view.primary) event.primary = view.servers[*view.primary].name;
  if (work.session.shard_state().shows_shape(work.slot, work.session.loop().now())) event.shape = shown(work);
  service.control().event(std::move(event));
}

/// The server refused the statement, and the client has not heard of it.
Task<Step> after_refusal(Work* work, Reply reply) {
  Session& session = work->session;
  const upstream::mysql::ViewPtr view = session.view();
  ServiceShard& service = session.service();
  const bool read_only = refused_as_read_only(reply.refusal.code, reply.refusal.message);
  const policy::session::Refusal refusal{reply.refusal.code, read_only, reply.refusal.code == wire::kErServerShutdown};
  const Next next = policy::session::after_refusal(work->attempt, refusal, work->request.verdict);
  if (next == Next::kMakeRoom) {
    ++work->attempt.rooms_made;
    co_await make_room_for_copies(session, work->connection.get());
    put_back(work);
    co_return Step::kAgain;
  }
  // a function may have run before another one was refused its write
  work->connection->facts.stains |= policy::session::stain::kOdd;
  if ((work->ties & tie::kSoft) != 0) {  // it is asked what it alone knows: the statement goes elsewhere
    co_await hold(session, std::move(work->connection), work->ties & tie::kSoft, policy::session::PinReason::kNone);
    co_await release_soft(session);
  } else {
    give_back(session, std::move(work->connection));
  }
  if (next == Next::kPrimary) {
    session.frontend().counters().rerouted.add();
    tell_rerouted(*work, *view, reply.refusal.code);
    if (work->request.prepared != nullptr) work->request.prepared->verdict.route = sql::Route::kPrimary;
    work->request.place = Place::kPrimary;
    work->trial.tried.clear();
    co_return Step::kAgain;
  }
  service.control().server_failed(service.name(), work->slot, reply.refusal.message);
  if (work->trial.hold.passed(session.loop().now())) {
    session.client().begin_reply();
    session.client().send_error(reply.refusal);
    co_return Step::kDone;
  }
  if (!work->attempt.at_primary) {
    work->trial.tried.insert(work->slot);
    co_return Step::kAgain;
  }
  // The primary was demoted or goes down: hold the statement until the next one is known.
  if (!work->trial.held_since) {
    work->trial.held_since = session.loop().now();
    session.frontend().counters().held.add();
  }
  const Result<void> waited =
      co_await service.view_changed(session.loop().deadline_in(kRetryPause).earlier(work->trial.hold));
  co_return waited.ok() || waited.error().code != ErrorCode::kCancelled ? Step::kAgain : Step::kOver;
}

/// The server was lost under the statement.
Task<Step> after_loss(Work* work, Reply reply) {
  Session& session = work->session;
  ServiceShard& service = session.service();
  const std::uint32_t thread = work->connection->thread_id;
  const policy::session::ConnectionSerial serial = work->connection->facts.serial;
  work->attempt.killed = work->connection->facts.told_kill;
  work->attempt.reply_begun = reply.begun;
  work->attempt.sent = !reply.unsent;
  work->connection.reset();
  policy::session::lose_connection(session.facts(), session.holdings().last, serial);
  session.prepared().forget_cursors(serial);
  // several statements, one of which ended the connection
  if (reply.begun && releases(session, work->request.verdict)) co_return Step::kOver;
  if (session.running().client_left) {
    const Result<void> killed =
        co_await handlers::kill_thread(session, work->slot, thread, handlers::KillWhat::kConnection);
    (void)killed;  // its end is all the same to a client that has left
    co_return Step::kOver;
  }
  session.frontend().statements_on(work->slot).lost.add();
  if (!work->attempt.killed) service.control().server_failed(service.name(), work->slot, reply.failure->context);
  if (reply.failure->code == ErrorCode::kCancelled) co_return Step::kOver;
  Next next = policy::session::after_loss(work->attempt);
  if (work->trial.hold.passed(session.loop().now()) && next != Next::kReportAndEnd) next = Next::kReport;
  if (work->attempt.sent) ++work->attempt.lost_before;
  // A server that was cut off for being down does not answer anybody: that is nothing of this statement's.
  if (work->attempt.sent && reply.failure->code != ErrorCode::kUnreachable) ++work->ended_servers;
  if (next == Next::kAgain || next == Next::kOtherReader) {
    work->trial.tried.insert(work->slot);
    if (next == Next::kOtherReader) {
      const upstream::mysql::ViewPtr view = session.view();
      if (view->primary) work->trial.tried.insert(*view->primary);
      const std::optional<upstream::ServerSlot> reader = service.pick_reader(work->trial.tried);
      if (!reader) {
        report_lost(session, reply);
        co_return Step::kDone;
      }
      session.holdings().next_reader = reader;
      session.frontend().counters().retried_reads.add();
      service.control().event(events::ReadRetried{.service = service.name(),
                                                  .server = view->servers[work->slot].name,
                                                  .next = view->servers[*reader].name,
                                                  .reason = reply.failure->context});
    }
    co_return Step::kAgain;
  }
  if (work->ended_servers > 1) {
    session.shard_state().mark_frail(shape_of(*work), session.loop().now() + kFrailFor);
    service.control().event(events::FrailStatement{.service = service.name(), .statement = shown(*work)});
  }
  if ((work->ties & tie::kTransaction) != 0) session.facts().status.in_transaction = false;
  report_lost(session, reply);
  co_return next == Next::kReportAndEnd ? Step::kOver : Step::kDone;
}

/// A write that must not be where the session's connection is. The reads of a `read` address have fallen back to the
/// primary, which its clients cannot write to all the same; or the session cannot leave a replica, where somebody with
/// enough rights could write.
bool is_misplaced_write(const Work& work) {
  Session& session = work.session;
  if (!policy::session::refused_by_replicas(work.request.verdict)) return false;
  if (session.door() == policy::session::Door::kRead) return session.on_primary(*work.connection);
  const bool own_value =
      work.request.verdict.kind == sql::Kind::kSet && !work.request.verdict.has(sql::effect::kSetsGlobal);
  if (own_value) return false;
  const bool server_refuses = session.facts().status.read_only_transaction;  // … with an error that says so
  if ((work.ties & tie::kHard) == 0 || server_refuses) return false;
  // Without a primary in the view the one that was may still be it: a transaction that is open there goes on.
  const upstream::mysql::View& view = *session.view();
  const upstream::ServerSlot slot = work.connection->slot;
  return view.primary ? *view.primary != slot : view.servers[slot].reader;
}

/// Of a statement that no server has seen.
void refuse(Work* work, const wire::ErrorReply& error) {
  Session& session = work->session;
  session.client().begin_reply();
  session.client().send_error(error);
  if ((work->ties & tie::kHard) == 0 && work->ties != 0) {
    policy::session::forget_connection(session.facts(), work->connection->facts.serial);
    work->ties = 0;
  }
  put_back(work);
}

Task<Step> once(Work* work) {
  Session& session = work->session;
  const Step got = co_await get_connection(work);
  if (got != Step::kGoOn && got != Step::kBare) co_return got;
  if (got == Step::kGoOn) {
    const Step fit = co_await make_fit(work);
    if (fit != Step::kGoOn) co_return fit;
  }
  if (session.interrupted() || is_misplaced_write(*work)) {
    refuse(work, session.interrupted() ? wire::query_interrupted() : wire::option_prevents_statement("--read-only"));
    co_return Step::kDone;
  }
  Connection* connection = work->connection.get();
  work->slot = connection->slot;
  work->attempt.at_primary = session.on_primary(*connection);
  work->attempt.repeatable = work->routed.repeatable;
  work->attempt.reroutable = work->routed.reroutable;
  work->attempt.ties = work->ties;
  work->attempt.prepare = work->request.command == Command::kStmtPrepare;
  work->attempt.bulk = work->request.command == Command::kStmtBulkExecute;
  ServerShard& server = session.service().server(work->slot);
  if (policy::session::asks_about_last(work->request.verdict)) {
    work->request.answer = from_memory(session, work->request);
  }
  ++server.in_flight;
  server.counters.in_flight.add();
  session.frontend().statements_on(work->slot).statements.add();
  const TimePoint sent_at = session.loop().now();
  Reply reply = co_await exchange(session, connection, &work->request, work->attempt, ReplySink::kClient);
  reply.lasted = session.loop().now() - sent_at;
  --server.in_flight;
  server.counters.in_flight.subtract();
  count_route(session, work->request, work->attempt.at_primary);
  switch (reply.end) {
    case Reply::End::kComplete: {
      const bool go_on = co_await settle(session, std::move(work->connection), &work->request, &reply, work->ties);
      if (reply.said_instead) remember_error(session, *reply.said_instead);
      co_return go_on ? Step::kDone : Step::kOver;
    }
    case Reply::End::kClientGone:
      connection->stream->abort({ErrorCode::kClosed, "the client went away"});
      co_return Step::kOver;
    case Reply::End::kRefused: {
      const Step next = co_await after_refusal(work, std::move(reply));
      co_return next;
    }
    case Reply::End::kLost: break;
  }
  const Step next = co_await after_loss(work, std::move(reply));
  co_return next;
}

/// A read-only transaction on a replica ends before a statement that ends it implicitly and goes on to write. False:
/// the session is over.
Task<bool> leave_read_only_transaction(Session& session) {
  Holdings& holdings = session.holdings();
  co_await ask_held(session);
  std::vector<policy::session::Step> steps;
  // whatever completion_type
  steps.push_back({policy::session::Step::Kind::kStatement, "COMMIT AND NO CHAIN NO RELEASE"});
  const Result<void> committed = co_await upstream::mysql::run_steps(
      *holdings.held, std::move(steps), session.loop().deadline_in(session.service().config().connect_timeout));
  if (!committed.ok() && committed.error().code == ErrorCode::kCancelled) co_return false;
  session.facts().status.in_transaction = false;
  session.facts().status.read_only_transaction = false;
  holdings.ties &= ~(tie::kTransaction | tie::kDiagnostics);
  if (!committed.ok()) lose_held(session);
  if (holdings.held != nullptr && holdings.ties == 0) give_up_held(session);
  co_return true;
}

}  // namespace

Task<bool> run(Session& session, Request request) {
  if (asks_for_what_is_lost(session, request)) {
    Reply reply;
    reply.failure = Error{ErrorCode::kClosed, "the connection that knew the answer broke"};
    report_lost(session, reply);
    co_return true;
  }
  if (policy::session::leaves_read_only_transaction(request.verdict, session.route_facts())) {
    const bool left = co_await leave_read_only_transaction(session);
    if (!left) co_return false;
  }
  Work work{session, std::move(request), {}, {}, {}, nullptr, 0, 0, 0};
  work.trial.hold = session.hold_deadline();
  work.trial.without_schema = wants_no_schema(session, work.request);
  Holdings& holdings = session.holdings();
  for (;;) {
    work.attempt.only_here = false;
    const bool about_last =
        policy::session::asks_about_last(work.request.verdict) || policy::session::acts_on_last(work.request.verdict);
    if (about_last) {
      const Answerable answerable = co_await make_answerable(session, &work.request, work.trial.hold);
      if (answerable == Answerable::kNowhere) {
        report(session, work.trial,
               Error{ErrorCode::kUnsupported,
                     "what the statement before has counted is not known where this one would run"});
        co_return true;
      }
      work.attempt.only_here = answerable == Answerable::kOnlyHere;
    }
    const policy::session::RouteFacts facts = session.route_facts();
    work.routed = policy::session::route(work.request.verdict, facts);
    const bool bound = (facts.ties & tie::kHard) != 0;
    if (work.request.place && !bound) work.routed.place = *work.request.place;
    ShardState& shard = session.shard_state();
    work.attempt.frail =
        work.routed.repeatable && shard.any_frail() && shard.is_frail(shape_of(work), session.loop().now());
    // A statement that goes elsewhere leaves the list of warnings behind, unless it has none of its own (BEGIN), but
    // not the count of rows: it may leave it as it is, or fail.
    if (holdings.has(tie::kDiagnostics) && !uses_held(work)) {
      const bool keeps_list = session.facts().has_list && policy::session::leaves_list(work.request.verdict);
      if (keeps_list || session.facts().found_rows.on == holdings.held->facts.serial) co_await ask_held(session);
      holdings.ties &= ~tie::kDiagnostics;
      session.facts().diagnostics_on = 0;
      if (holdings.ties == 0) give_up_held(session);
    }
    const Step step = co_await once(&work);
    if (step == Step::kAgain) continue;
    co_return step == Step::kDone && !session.client().broken();
  }
}

}  // namespace hf::service::mysql
