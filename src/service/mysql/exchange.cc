// One command with one server: choosing and borrowing a connection, making it fit the session, sending, relaying the reply,
// and what to do when the server is lost on the way.
#include <algorithm>
#include <array>

#include "proto/mysql/handshake.h"
#include "proto/mysql/response.h"
#include "proto/mysql/session_state.h"
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

constexpr std::size_t kQueueLimit = 256 * 1024;
constexpr std::size_t kQueueLow = 64 * 1024;
constexpr Nanos kClientWriteTimeout = 60s;   // MariaDB's net_write_timeout
constexpr Nanos kRetryPause = 50ms;
constexpr std::size_t kHeader = wire::kPacketHeader;

/// What a server tracks by default, so what a client would see of it on a direct connection.
constexpr std::array<ByteView, 5> kTrackedByDefault = {"autocommit", "character_set_client", "character_set_results",
                                                       "character_set_connection", "time_zone"};
bool tracked_by_default(ByteView name) {
  return std::find(kTrackedByDefault.begin(), kTrackedByDefault.end(), name) != kTrackedByDefault.end();
}

bool is_set_names(ByteView text) {
  std::string head(text.substr(0, 48));
  std::transform(head.begin(), head.end(), head.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return (head.starts_with("set names ") || head.starts_with("set character set ") || head.starts_with("set charset ")) &&
         text.find(',') == ByteView::npos && text.find(';') == ByteView::npos;
}

/// Refusals that say "not executed": by a replica that is read-only, or by a server that goes down.
bool refused_as_read_only(std::uint16_t code, ByteView message) {
  return (code == wire::kErOptionPreventsStatement && message.find("read-only") != ByteView::npos) ||
         code == wire::kErReadOnlyMode;
}

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
      wire::ErrorReply refusal;
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
      connection->state = 0;
      connection->opened_schema = true;
    }
    Result<void> fitted = co_await fit(connection.get());
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
    const bool reads_insert_id = work.statement.has(effect::kReadsLastInsertId) || work.statement.kind == sql::Kind::kCall;
    if (reads_insert_id && (!use_held || insert_id_)) {
      const bool restored = co_await restore_insert_id(connection.get());
      if (!restored && !use_held) continue;
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
    service_.control().event(Event{EventId::kReadRetried, {}, 0,
                                   {{"service", service_.name()}, {"server", service_.view()->servers[slot].name}}});
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
    service_.control().event(Event{EventId::kStatementRerouted, {}, 0,
                                   {{"service", service_.name()}, {"server", service_.view()->servers[slot].name}}});
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

void Session::count_route(const Work& work, bool at_primary) {
  ServiceCounters& counters = service_.counters();
  if (work.statement.route == sql::Route::kPrimary) {
    counters.writes.add();
  } else if (at_primary) {
    counters.reads_on_primary.add();
  } else {
    counters.reads_on_replicas.add();
  }
}

/// The client is told as a server would tell it, with the reason.
void Session::report_lost() {
  service_.counters().lost_errors.add();
  wire::ErrorReply error = wire::lost_connection();
  error.message += " (" + failure_->context + ")";
  if (!forwarded_) sequence_ = 1;
  send_error(error);
}

Task<Session::Outcome> Session::exchange(Connection* connection, const Work* work) {
  forwarded_ = false;
  state_changed_ = false;
  other_state_changed_ = false;
  failure_.reset();
  refusal_ = {};
  working_ = connection;
  working_on_read_ = work->retry || work->statement.route == sql::Route::kReader;
  abandoned_thread_ = connection->thread_id;
  client_->watch_peer(this);
  std::uint8_t first_sequence = 1;
  if (work->prepared != nullptr) {
    write_prepared(*connection, *work);
  } else if (request_.size() < wire::kMaxPiece) {
    char header[kHeader] = {static_cast<char>(request_.size()), static_cast<char>(request_.size() >> 8),
                            static_cast<char>(request_.size() >> 16), 0};
    connection->stream->write(ByteView(header, kHeader));
    connection->stream->write(request_);
  } else {
    std::string packets;
    first_sequence = wire::append_packet(packets, 0, request_);
    connection->stream->write(packets);
  }
  tracker_.start(work->command, connection->capabilities, first_sequence);
  const Outcome outcome = co_await relay_reply(connection, work);
  client_->watch_peer(nullptr);
  working_ = nullptr;
  co_return outcome;
}

Task<Session::Outcome> Session::relay_reply(Connection* connection, const Work* work) {
  runtime::EventLoop& loop = service_.loop();
  ServerCounters& counters = service_.server(connection->slot).counters;
  const Nanos silence = service_.config().server_timeout;
  while (!tracker_.done()) {
    const Deadline deadline = silence > Nanos::zero() ? loop.deadline_in(silence) : Deadline::never();
    Result<ByteView> bytes = co_await connection->stream->recv(deadline);
    if (!bytes.ok() || bytes->empty()) {
      failure_ = bytes.ok() ? Error{ErrorCode::kClosed, "the server closed the connection"} : std::move(bytes).error();
      failure_->context = "server '" + service_.view()->servers[connection->slot].name + "': " + failure_->context;
      co_return Outcome::kLost;
    }
    counters.bytes_from_server.add(bytes->size());
    ByteView input = *bytes;
    while (!input.empty() && !tracker_.done()) {
      Result<wire::ReplyTracker::Step> step = tracker_.next(input);
      if (!step.ok()) {
        connection->stream->abort(step.error());
        failure_ = std::move(step).error();
        co_return Outcome::kLost;
      }
      input.remove_prefix(step->consumed);
      if (step->action == wire::ReplyTracker::Action::kForward) {
        forwarded_ = true;
        to_client(step->packet);
      } else if (step->action == wire::ReplyTracker::Action::kPacket) {
        if (!take_packet(*connection, *work, step->packet)) co_return Outcome::kRefused;
      }
    }
    if (!input.empty()) {
      connection->stream->abort({ErrorCode::kProtocol, "bytes after the end of a reply"});
    }
    if (tracker_.wants_local_infile()) {
      const Outcome streamed = co_await stream_local_file(connection);
      if (streamed != Outcome::kDone) co_return streamed;
    }
    if (client_->broken()) co_return Outcome::kClientGone;
    if (client_->queued() > kQueueLimit) {
      const Result<void> drained = co_await client_->drained(kQueueLow, loop.deadline_in(kClientWriteTimeout));
      if (!drained.ok()) co_return Outcome::kClientGone;
    }
  }
  co_return Outcome::kDone;
}

/// LOAD DATA LOCAL INFILE: the client's packets go to the server as they are, up to the empty one.
Task<Session::Outcome> Session::stream_local_file(Connection* connection) {
  std::size_t left = 0;       // payload bytes of the packet at hand still to come
  std::string header;
  std::uint8_t last_sequence = 0;
  bool ended = false;
  while (!ended) {
    std::string input = std::move(inbox_);
    inbox_ = std::string();
    if (input.empty()) {
      Result<ByteView> bytes = co_await client_->recv(service_.loop().deadline_in(service_.config().client_timeout));
      if (!bytes.ok() || bytes->empty()) co_return Outcome::kClientGone;
      input = std::string(*bytes);
    }
    std::size_t at = 0;
    while (at < input.size() && !ended) {
      if (left > 0) {
        const std::size_t n = std::min(left, input.size() - at);
        left -= n;
        at += n;
        continue;
      }
      const std::size_t n = std::min(kHeader - header.size(), input.size() - at);
      header.append(input, at, n);
      at += n;
      if (header.size() < kHeader) break;
      left = load_le(header, 0, 3);
      last_sequence = byte_at(header, 3);
      ended = left == 0;
      header.clear();
    }
    connection->stream->write(ByteView(input).substr(0, at));
    inbox_ = input.substr(at);
    if (connection->stream->broken()) break;  // its reply, or the lack of one, is seen by the caller
    if (connection->stream->queued() > kQueueLimit) {
      const Result<void> drained = co_await connection->stream->drained(kQueueLow, service_.loop().deadline_in(kClientWriteTimeout));
      if (!drained.ok()) break;
    }
  }
  sequence_ = static_cast<std::uint8_t>(last_sequence + 1);
  tracker_.resume_after_local_infile(static_cast<std::uint8_t>(last_sequence + 1));
  co_return Outcome::kDone;
}

/// An OK, ERR or EOF of the reply. False: the server refused the statement and the client has not seen anything yet, so that it
/// can be run elsewhere; `refusal_` has the words.
bool Session::take_packet(Connection& connection, const Work& work, ByteView packet) {
  const ByteView payload = wire::payload_of(packet);
  const std::uint8_t head = byte_at(payload, 0);
  if (head == wire::kErrHeader) {
    const bool first = !forwarded_;
    const bool not_executed = refused_as_read_only(tracker_.error_code(), tracker_.message());
    const bool going_down = tracker_.error_code() == wire::kErServerShutdown && work.retry;
    if (first && work.reroute && (not_executed || going_down)) {
      refusal_ = {tracker_.error_code(), wire::sqlstate_of(tracker_.error_code()), tracker_.message()};
      return false;
    }
  }
  const bool is_prepare = work.command == Command::kStmtPrepare && head == wire::kOkHeader;
  const bool is_ok = !is_prepare && (head == wire::kOkHeader ||
                                     (head == wire::kEofHeader && wire::has(connection.capabilities, wire::kClientDeprecateEof)));
  forwarded_ = true;
  sequence_ = static_cast<std::uint8_t>(byte_at(packet, 3) + 1);
  if (is_prepare) {
    std::string patched(packet);
    const std::uint32_t ours = prepared_.last_id();
    for (std::size_t i = 0; i < 4; ++i) patched[kHeader + 1 + i] = static_cast<char>(ours >> (8 * i));
    to_client(patched);
    return true;
  }
  if (!is_ok) {
    if (head == wire::kEofHeader && packet.size() == kHeader + 5) {
      // Our own tracking must not show in the status.
      std::string patched(packet);
      patched[kHeader + 4] = static_cast<char>(static_cast<unsigned char>(patched[kHeader + 4]) & ~(wire::kStatusSessionStateChanged >> 8));
      to_client(patched);
      return true;
    }
    const bool in_read_only = head == wire::kErrHeader && (status_ & wire::kStatusInTransactionReadOnly) != 0;
    if (in_read_only && refused_as_read_only(tracker_.error_code(), tracker_.message())) {
      // A replica says that it is read-only before it looks at the transaction; the primary would have said this.
      std::string said;
      wire::append_packet(said, byte_at(packet, 3), wire::read_only_transaction().encode(capabilities_));
      to_client(said);
      return true;
    }
    to_client(packet);
    return true;
  }
  Result<wire::OkPacket> ok = wire::decode_ok(payload, connection.capabilities);
  if (!ok.ok()) {
    to_client(packet);
    return true;
  }
  if (ok->session_state.empty() && ok->info.empty()) {
    to_client(packet);
    return true;
  }
  std::string visible;
  if (!ok->session_state.empty()) take_session_state(ok->session_state, work, &visible);
  ok->session_state = visible;
  if (visible.empty()) ok->status &= static_cast<wire::StatusFlags>(~wire::kStatusSessionStateChanged);
  std::string rewritten;
  wire::append_packet(rewritten, byte_at(packet, 3), wire::encode_ok(*ok, capabilities_));
  to_client(rewritten);
  return true;
}

/// Learns what changed in the session, and collects what a direct connection would have shown the client of it.
void Session::take_session_state(ByteView session_state, const Work& work, std::string* for_client) {
  wire::SessionStateReader reader(session_state);
  for (;;) {
    Result<std::optional<wire::SessionStateEntry>> entry = reader.next();
    if (!entry.ok() || !*entry) break;
    const wire::SessionStateEntry& change = **entry;
    switch (change.type) {
      case wire::SessionChange::kSystemVariable:
        if (!state_.set_variable(change.name, change.value)) other_state_changed_ = true;
        if (change.name == "character_set_client") client_charset_ = policy::sql::charset_from_name(change.value);
        if (change.name != "last_gtid") state_changed_ = true;
        if (tracked_by_default(change.name)) wire::append_session_change(*for_client, change);
        break;
      case wire::SessionChange::kSchema:
        state_.set_schema(change.value);
        state_changed_ = true;
        wire::append_session_change(*for_client, change);
        break;
      case wire::SessionChange::kStateChange:
        if (work.statement.route == sql::Route::kPrimary || work.prepared != nullptr) other_state_changed_ = true;
        break;
      default: wire::append_session_change(*for_client, change);
    }
  }
}

/// What the completed reply says about the session.
void Session::learn(const Connection& connection, const Work& work) {
  const bool says_status = work.command != Command::kStmtPrepare && work.command != Command::kStatistics;
  if (!tracker_.failed() && says_status) {
    status_ = tracker_.status() & static_cast<wire::StatusFlags>(~wire::kStatusSessionStateChanged);
    const ByteView argument = ByteView(request_).substr(1);
    if (work.command == Command::kQuery && work.statement.kind == sql::Kind::kSet && is_set_names(argument)) {
      state_.set_names(argument);
      state_changed_ = true;
    }
    if (work.command == Command::kInitDb) {
      state_.set_schema(argument);
      state_changed_ = true;
    }
  }
  const bool selects = work.statement.kind == sql::Kind::kSelect || work.statement.kind == sql::Kind::kWith ||
                       work.statement.kind == sql::Kind::kValues || work.statement.kind == sql::Kind::kTable;
  if (!tracker_.failed() && selects) {
    found_rows_ = tracker_.rows();
    found_rows_thread_ = thread_of(connection);
  }
  if (!work.statement.has(effect::kReadsDiagnostics)) last_had_rows_ = tracker_.results() > 0 && tracker_.rows() > 0;
  if (state_changed_) state_number_ = service_.mysql().states().intern(state_);
}

/// Why the connection that ran `work` must be kept; `before` is why it was kept until now.
std::uint32_t Session::hold_after(const Work& work, std::uint32_t before) const {
  const sql::Statement& statement = work.statement;
  const bool failed = tracker_.failed();
  const bool list_unchanged = (before & hold::kDiagnostics) != 0 && work.target == Target::kHeld && !failed && tracker_.warnings() == 0 &&
                              (statement.has(effect::kReadsDiagnostics) || names_no_table(statement));
  std::uint32_t keep = list_unchanged ? before : before & ~hold::kDiagnostics;
  std::uint32_t pins = statement.effects & kPins;
  if (failed) pins &= ~(effect::kTemporaryTable | effect::kPreparedText | effect::kHandlerOpen);  // nothing was made
  const bool value_learnt = statement.has(effect::kComputedValue) && state_changed_ && !other_state_changed_;
  if (value_learnt) pins &= ~effect::kUnknownState;
  const bool unnamed_change = other_state_changed_ && !(statement.kind == sql::Kind::kSet && state_changed_);
  if (pins != 0 || unnamed_change) keep |= hold::kPinned;

  if (statement.has(effect::kLockTables) && !failed) keep |= hold::kTableLock;
  if (statement.kind == sql::Kind::kUnlockTables && !failed) keep &= ~hold::kTableLock;
  if (statement.has(effect::kNextTransaction) && !failed) {
    keep |= hold::kNextTransaction;
  } else if (!in_transaction() && statement.kind != sql::Kind::kSet && statement.kind != sql::Kind::kBegin) {
    keep &= ~hold::kNextTransaction;
  }
  // After an error the server does not say whether a transaction is open: believe so until it does.
  const bool maybe_open = failed && (!state_.autocommit() || (before & hold::kTransaction) != 0);
  if (in_transaction() || maybe_open) {
    keep |= hold::kTransaction;
  } else {
    keep &= ~hold::kTransaction;
  }
  const bool counted = statement.has(effect::kFoundRows) || (!failed && tracker_.affected_rows() > 0);  // FOUND_ROWS(), ROW_COUNT()
  if (failed || tracker_.warnings() > 0 || counted) {
    keep |= hold::kDiagnostics;
  }
  if (!failed && tracker_.insert_id() > 0) keep |= hold::kInsertId;
  return keep;
}

/// The reply is complete: keep the connection for what it now holds of the session, or give it back.
Task<void> Session::settle(ConnectionPtr connection, Work work) {
  learn(*connection, work);
  const std::uint32_t before = held_ == nullptr ? hold_ : 0;  // hold_ speaks of this connection if it was the held one
  const std::uint32_t keep = hold_after(work, before);
  if (!tracker_.failed() && tracker_.insert_id() > 0) insert_id_.reset();
  if ((keep & hold::kDiagnostics) != 0 && work.command == Command::kQuery && !work.statement.has(effect::kReadsDiagnostics)) last_text_ = request_.substr(1);
  connection->status = status_;
  connection->state = state_number_;
  if ((keep & (hold::kPinned | hold::kTableLock)) != 0) connection->dirty = true;
  const bool other_is_prepared = held_ != nullptr && (hold_ & hold::kPrepared) != 0;
  if (keep == 0 || (other_is_prepared && (keep & ~hold::kSoft) == 0)) {
    connection->key = pool_key();
    service_.server(connection->slot).pool.give(std::move(connection));
    co_return;
  }
  if (held_ != nullptr) {  // it was kept for convenience; what it alone knows is taken over
    if ((hold_ & hold::kInsertId) != 0 && (keep & hold::kInsertId) == 0) co_await capture_insert_id();
    hold_ = 0;
    held_.reset();
  }
  held_ = std::move(connection);
  hold_ = keep;
}

/// Gives the held connection back, when nothing but convenience kept it.
void Session::release_soft_hold() {
  if (held_ == nullptr || (hold_ & (hold::kHard | hold::kPrepared)) != 0) return;
  hold_ = 0;
  held_->key = pool_key();
  service_.server(held_->slot).pool.give(std::move(held_));
}

void Session::release_reader() {
  if (reader_ == nullptr) return;
  reader_->dirty = reader_->dirty || !prepared_.empty();
  reader_->key = pool_key();
  service_.server(reader_->slot).pool.give(std::move(reader_));
}

/// Gives up everything the session keeps on servers. Connections with more than replayable state and prepared statements are
/// closed, which rolls back and unlocks at once.
void Session::discard_held() {
  if (held_ != nullptr && (hold_ & hold::kHard) == 0) {
    if ((hold_ & hold::kPrepared) != 0) held_->dirty = true;
    hold_ = 0;
    release_soft_hold();
  }
  held_.reset();
  hold_ = 0;
  release_reader();
}

/// Reads LAST_INSERT_ID() from the connection that holds it, so that the connection can go.
Task<void> Session::capture_insert_id() {
  Result<proto::mysql::TextResult> result = co_await upstream::query(*held_, "SELECT LAST_INSERT_ID()", service_.loop().deadline_in(service_.config().connect_timeout));
  if (result.ok() && !result->error && result->rows.size() == 1 && result->rows[0].size() == 1 && result->rows[0][0]) {
    insert_id_ = std::strtoull(result->rows[0][0]->c_str(), nullptr, 10);
  } else {
    held_->stream->abort({ErrorCode::kReset, "LAST_INSERT_ID() could not be read"});
  }
  hold_ &= ~hold::kInsertId;
  if (hold_ == 0) release_soft_hold();
}

/// A connection that is to run LAST_INSERT_ID() is given this session's value first. False: it could not be.
Task<bool> Session::restore_insert_id(Connection* connection) {
  if (held_ != nullptr && (hold_ & hold::kInsertId) != 0) co_await capture_insert_id();
  const Result<void> set = co_await send_aside(connection, Command::kQuery,
                                               "SET @@session.last_insert_id=" + std::to_string(insert_id_.value_or(0)));
  co_return set.ok();
}

}  // namespace hf::service::mysql
