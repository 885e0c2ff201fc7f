// One command, on as many servers as it takes: choosing and borrowing a connection, making it fit the session, and what to do
// when the server refuses the command or is lost on the way.
#include "proto/mysql/handshake.h"
#include "service/mysql/session.h"
#include "service/mysql/shard_state.h"
#include "service/shard.h"

namespace hf::service::mysql {

namespace wire = proto::mysql;
namespace sql = policy::sql;
namespace effect = policy::sql::effect;
using runtime::Task;
using wire::Command;

namespace {

constexpr Nanos kRetryPause = 50ms;

}  // namespace

upstream::MysqlLogin Session::login_for_server() const {
  upstream::MysqlLogin login;
  login.credentials = credentials_;
  login.capabilities = (capabilities_ | wire::kClientSessionTrack | wire::kClientMultiResults | wire::kClientPsMultiResults);
  login.charset = charset_;
  login.schema = state_.schema();
  wire::append_connect_attribute(login.connect_attributes, "_client_name", "holdfast");
  wire::append_connect_attribute(login.connect_attributes, "service", service_.name());
  return login;
}

std::uint64_t Session::pool_key() {
  return service_.mysql().pool_key(account_, capabilities_, charset_, !state_.schema().empty());
}

bool Session::on_primary(const Connection& connection) const {
  const upstream::ServiceView& view = *service_.view();
  return view.primary && *view.primary == connection.slot;
}

std::optional<upstream::ServerSlot> Session::choose(const upstream::ServiceView& view, Target target,
                                                    const policy::ServerSet& tried) {
  if (target == Target::kReader) {
    const std::optional<upstream::ServerSlot> picked = std::exchange(next_reader_, std::nullopt);
    if (picked && view.servers[*picked].reader && !tried.contains(*picked)) return picked;
    const std::optional<upstream::ServerSlot> reader = service_.pick_reader(tried);
    if (reader) return reader;
    if (!view.service->mysql.reads_fallback_to_primary) return std::nullopt;
  }
  if (view.primary && !tried.contains(*view.primary)) return view.primary;
  return std::nullopt;
}

/// A connection to a server of the wanted kind, made to fit this session. Waits for a server, bounded by `hold_deadline`.
/// On a server's refusal of the login `refusal_` has its words.
Task<Result<Session::ConnectionPtr>> Session::acquire(Target target, policy::ServerSet* tried, Deadline hold_deadline) {
  runtime::EventLoop& loop = service_.loop();
  bool counted = false;
  for (;;) {
    const upstream::ServiceViewPtr view = service_.view();
    const std::optional<upstream::ServerSlot> slot = choose(*view, target, *tried);
    if (!slot) {
      const std::string reason = target == Target::kPrimary ? "no primary: " + view->no_primary_reason
                                                            : "no server for reads: " + view->no_primary_reason;
      if (hold_deadline.passed(loop.now())) {
        service_.counters().hold_timeouts.add();
        service_.control().event(Event{EventId::kHeldWritesTimeout, {}, 0, {{"service", service_.name()}, {"reason", reason}}});
        co_return Error{ErrorCode::kUnreachable, reason};
      }
      if (!counted) {
        counted = true;
        service_.counters().held.add();
        if (service_.mysql().statements_held++ == 0) {
          service_.control().event(Event{EventId::kWritesHeld, {}, 0, {{"service", service_.name()}, {"reason", reason}}});
        }
      }
      tried->clear();
      const Result<void> waited = co_await service_.view_changed(loop.deadline_in(kRetryPause).earlier(hold_deadline));
      if (!waited.ok() && waited.error().code == ErrorCode::kCancelled) co_return waited.error();
      if (client_->broken()) co_return Error{ErrorCode::kClosed, "the client went away"};
      continue;
    }
    ServerShard& server = service_.server(*slot);
    ConnectionPtr connection = server.pool.take(pool_key(), state_number_);
    if (connection == nullptr) {
      upstream::MysqlRefusal said;
      const upstream::MysqlLogin login = login_for_server();
      server.counters.connections_total.add();
      Result<ConnectionPtr> opened = co_await server.pool.open(view, login, pool_key(), &said, hold_deadline);
      if (!opened.ok()) {
        const ErrorCode code = opened.error().code;
        if (code == ErrorCode::kCancelled) co_return opened.error();
        if (code == ErrorCode::kOverload) {
          service_.control().event(Event{EventId::kPoolExhausted, {}, 0, {{"service", service_.name()}, {"server", view->servers[*slot].name}}});
          co_return opened.error();
        }
        server.counters.connect_failures.add();
        if (code == ErrorCode::kAccessDenied || code == ErrorCode::kUnsupported) {
          if (said.code != 0) refusal_ = {said.code, wire::sqlstate_of(said.code), said.message};
          co_return opened.error();
        }
        service_.control().server_failed(service_.name(), *slot, opened.error().context);
        tried->insert(*slot);
        if (target == Target::kPrimary) {
          // The primary may be on its way down or up: look again shortly.
          if (hold_deadline.passed(loop.now())) co_return opened.error();
          tried->clear();
          const Result<void> slept = co_await runtime::sleep_until(loop.deadline_in(kRetryPause).earlier(hold_deadline));
          if (!slept.ok()) co_return slept.error();
        }
        continue;
      }
      connection = std::move(*opened);
    }
    Result<void> fitted = co_await fit(connection.get());
    if (client_->broken()) co_return Error{ErrorCode::kClosed, "the client went away"};  // and nothing is begun for it
    if (fitted.ok()) co_return std::move(connection);
    if (fitted.error().code == ErrorCode::kCancelled) co_return fitted.error();
    connection.reset();
    tried->insert(*slot);
    if (fitted.error().code == ErrorCode::kAccessDenied && target == Target::kPrimary) co_return fitted.error();
    if (target == Target::kPrimary && hold_deadline.passed(loop.now())) co_return fitted.error();
    if (target == Target::kPrimary) tried->clear();
  }
}

/// Brings a pooled connection to this session's state. One round trip per statement sent; none when it fits already.
/// kAccessDenied: the server refused our state (an unknown schema, say) and `refusal_` has its words.
Task<Result<void>> Session::fit(Connection* connection) {
  if (!connection->dirty && !connection->untracked && connection->state == state_number_) co_return Result<void>{};
  const StateTable::Entry* has = service_.mysql().states().find(connection->state);
  const bool fresh = connection->untracked && connection->opened_schema;
  const bool same_variables = !connection->dirty && !connection->untracked && has != nullptr &&
                              has->variables == state_.variables_fingerprint();
  const std::string schema_there = has != nullptr ? has->schema : std::string();
  connection->opened_schema = false;
  service_.counters().state_restores.add();
  if (!same_variables) {
    if (!fresh) {
      Result<void> reset = co_await send_aside(connection, Command::kResetConnection, std::string());
      HF_CO_RETURN_IF_ERROR(reset);
    }
    const std::vector<std::string> statements = state_.replay();
    for (const std::string& statement : statements) {
      Result<void> set = co_await send_aside(connection, Command::kQuery, statement);
      HF_CO_RETURN_IF_ERROR(set);
    }
  }
  if (!fresh && !state_.schema().empty() && schema_there != state_.schema()) {
    Result<void> used = co_await send_aside(connection, Command::kInitDb, state_.schema());
    HF_CO_RETURN_IF_ERROR(used);
  }
  connection->dirty = false;
  connection->untracked = false;
  connection->state = state_number_;
  co_return Result<void>{};
}

/// A command of our own, whose reply nobody else sees.
Task<Result<void>> Session::send_aside(Connection* connection, Command command, std::string argument) {
  std::string payload(1, static_cast<char>(command));
  payload += argument;
  std::string packet;
  wire::append_packet(packet, 0, payload);
  connection->stream->write(packet);
  wire::ReplyTracker reply;
  reply.start(command, connection->capabilities);
  const Deadline deadline = service_.loop().deadline_in(service_.config().connect_timeout);
  while (!reply.done()) {
    Result<ByteView> bytes = co_await connection->stream->recv(deadline);
    HF_CO_RETURN_IF_ERROR(bytes);
    if (bytes->empty()) co_return Error{ErrorCode::kClosed, "the server closed the connection"};
    ByteView input = *bytes;
    while (!input.empty() && !reply.done()) {
      Result<wire::ReplyTracker::Step> step = reply.next(input);
      HF_CO_RETURN_IF_ERROR(step);
      input.remove_prefix(step->consumed);
    }
  }
  connection->status = reply.status();
  if (reply.failed()) {
    refusal_ = {reply.error_code(), wire::sqlstate_of(reply.error_code()), reply.message()};
    co_return Error{ErrorCode::kAccessDenied, reply.message()};
  }
  co_return Result<void>{};
}

/// Runs one command of the client's to its end, on as many servers as it takes. False: the session is over.
Task<bool> Session::execute(Work work) {
  const Deadline hold_deadline = service_.loop().deadline_in(service_.config().mysql.hold_timeout);
  policy::ServerSet tried;
  if (held_ != nullptr && work.target != Target::kHeld) hold_ &= ~hold::kDiagnostics;
  if (held_ != nullptr && hold_ == 0) release_soft_hold();
  const bool on_kept_reader = work.target == Target::kKeptReader;
  if (!on_kept_reader) reader_diagnostics_ = false;

  for (;;) {
    ConnectionPtr connection;
    const bool use_held = !on_kept_reader && held_ != nullptr &&
                          (work.target == Target::kHeld || (work.target == Target::kPrimary && on_primary(*held_)));
    if (on_kept_reader && reader_ != nullptr) {
      connection = std::move(reader_);
    } else if (use_held) {
      connection = std::move(held_);
    } else {
      refusal_ = {};
      Result<ConnectionPtr> acquired = co_await acquire(work.target, &tried, hold_deadline);
      if (!acquired.ok()) {
        if (acquired.error().code == ErrorCode::kCancelled || client_->broken()) co_return false;
        send_error(refusal_.code != 0 ? refusal_ : wire::own_error(acquired.error().context));
        co_return true;
      }
      connection = std::move(*acquired);
    }
    // Also where it cannot be seen: a stored function or procedure may ask for it.
    const bool reads_insert_id = work.statement.has(effect::kReadsLastInsertId | effect::kUnknownState) || work.statement.kind == sql::Kind::kCall;
    if (reads_insert_id && (!use_held || insert_id_)) {
      const bool restored = co_await restore_insert_id(connection.get());
      if (!restored && !use_held && !hold_deadline.passed(service_.loop().now())) {
        tried.insert(connection->slot);
        continue;
      }
    }
    const upstream::ServerSlot slot = connection->slot;
    const bool at_primary = on_primary(*connection);
    ServerShard& server = service_.server(slot);
    ++server.in_flight;
    server.counters.in_flight.add();
    server.counters.statements.add();
    const Outcome outcome = co_await exchange(connection.get(), &work);
    --server.in_flight;
    server.counters.in_flight.subtract();
    count_route(work, at_primary);

    switch (outcome) {
      case Outcome::kDone:
        if (on_kept_reader) {
          reader_ = std::move(connection);
        } else {
          co_await settle(std::move(connection), work);
        }
        co_return !client_->broken();
      case Outcome::kClientGone:
        connection->stream->abort({ErrorCode::kClosed, "the client went away"});
        co_return false;
      case Outcome::kRefused: {
        const bool again = co_await after_refusal(&work, std::move(connection), &tried, hold_deadline);
        if (again) continue;
        co_return !client_->broken();
      }
      case Outcome::kLost: break;
    }

    if (client_left_) {
      connection.reset();
      const Result<void> killed = co_await kill_thread(slot, abandoned_thread_, false);
      (void)killed;
      co_return false;
    }
    server.counters.lost.add();
    service_.control().server_failed(service_.name(), slot, failure_->context);
    connection.reset();
    if (failure_->code == ErrorCode::kCancelled) co_return false;
    if (use_held) {
      const std::uint32_t lost = std::exchange(hold_, 0) & hold::kHard;
      if (lost != 0) {
        status_ &= static_cast<wire::StatusFlags>(~wire::kStatusInTransaction);
        report_lost();
        co_return lost == hold::kTransaction && !client_->broken();  // other state is gone for good: the client must log in anew
      }
    }
    if (!work.retry || forwarded_ || hold_deadline.passed(service_.loop().now())) {
      report_lost();
      co_return !client_->broken();
    }
    service_.counters().retried_reads.add();
    service_.control().event(Event{EventId::kReadRetried, {}, 0, {{"service", service_.name()}, {"server", service_.view()->servers[slot].name}}});
    tried.insert(slot);
  }
}

/// A server refused to run the statement. True: it is to be run again, elsewhere or later; false: the client has the error.
Task<bool> Session::after_refusal(Work* work, ConnectionPtr connection, policy::ServerSet* tried, Deadline hold_deadline) {
  runtime::EventLoop& loop = service_.loop();
  const upstream::ServerSlot slot = connection->slot;
  const bool at_primary = on_primary(*connection);
  const bool read_only = refused_as_read_only(refusal_.code, refusal_.message);
  service_.server(slot).pool.give(std::move(connection));
  if (read_only && !at_primary) {
    service_.counters().rerouted.add();
    service_.control().event(Event{EventId::kStatementRerouted, {}, 0, {{"service", service_.name()}, {"server", service_.view()->servers[slot].name}}});
    work->target = Target::kPrimary;
    work->retry = false;
    tried->clear();
    co_return true;
  }
  service_.control().server_failed(service_.name(), slot, refusal_.message);
  if (hold_deadline.passed(loop.now())) {
    sequence_ = 1;
    send_error(refusal_);
    co_return false;
  }
  if (!at_primary) {
    tried->insert(slot);
    co_return true;
  }
  // The primary was demoted or goes down: hold the statement until the next one is known.
  service_.counters().held.add();
  const Result<void> waited = co_await service_.view_changed(loop.deadline_in(kRetryPause).earlier(hold_deadline));
  co_return waited.ok() || waited.error().code != ErrorCode::kCancelled;
}

}  // namespace hf::service::mysql
