// The session's commands: reading them, deciding where each runs, and those we answer ourselves.
#include "service/mysql/session.h"

#include <algorithm>

#include "policy/sql/shape_cache.h"
#include "proto/mysql/handshake.h"
#include "proto/mysql/response.h"
#include "proto/mysql/session_state.h"
#include "service/mysql/shard_state.h"
#include "service/tcp/relay.h"

namespace hf::service::mysql {

namespace wire = proto::mysql;
namespace sql = policy::sql;
namespace effect = policy::sql::effect;
using runtime::Task;
using wire::Command;

namespace {

constexpr std::size_t kLargestLogin = 64 * 1024;

/// SHOW WARNINGS, FOUND_ROWS() and the like: questions about the statement before.
bool asks_about_last(const sql::Statement& statement) {
  return statement.has(effect::kReadsDiagnostics) &&
         (statement.kind == sql::Kind::kSelect || statement.kind == sql::Kind::kShow || statement.kind == sql::Kind::kDiagnostics);
}

}  // namespace

Task<void> serve(ServiceShard* service, net::Accepted accepted, config::ListenRoute route, Admission admission) {
  {
    Session session(*service, std::move(accepted), route);
    co_await session.run(admission);
  }
  service->client_gone();
}

Session::Session(ServiceShard& service, net::Accepted accepted, config::ListenRoute route)
    : LiveClient(service.live_clients()),
      service_(service),
      client_(std::move(accepted.stream)),
      client_host_(accepted.peer.host()),
      route_(route),
      packets_(kLargestLogin) {
  id_ = service_.mysql().enter(*this);
  state_number_ = service_.mysql().states().intern(state_);
}

Session::~Session() { service_.mysql().leave(id_); }

Task<void> Session::run(Admission admission) {
  if (admission != Admission::kWelcome) {
    send_error(admission == Admission::kAddress ? wire::host_not_allowed(client_host_) : wire::too_many_connections());
    client_->close();
    co_return;
  }
  service_.counters().clients.add();
  const bool logged_in = co_await greet_and_log_in();
  if (logged_in) {
    for (;;) {
      const bool more = co_await read_command();
      if (!more) break;
      const TimePoint arrived = service_.loop().now();
      const bool go_on = co_await run_command(static_cast<Command>(byte_at(request_, 0)));
      service_.latency().record(service_.loop().now() - arrived);
      if (request_.capacity() > 64) service_.loop().give_buffer(std::move(request_));
      request_ = std::string();
      if (!go_on || client_->broken()) break;
    }
  }
  discard_held();
  client_->close();
  service_.counters().clients.subtract();
}

Task<Result<void>> Session::read_packet(std::uint8_t sequence, Deadline deadline) {
  if (!packets_.in_packet()) packets_.expect_sequence(sequence);
  for (;;) {
    if (!inbox_.empty()) {
      Result<wire::PacketAssembler::Step> step = packets_.next(inbox_);
      HF_CO_RETURN_IF_ERROR(step);
      const bool whole = step->payload.has_value();
      if (whole) request_.assign(*step->payload);
      sequence_ = static_cast<std::uint8_t>(step->sequence + 1);
      inbox_.erase(0, step->consumed);
      if (inbox_.empty()) inbox_ = std::string();
      if (whole) co_return Result<void>{};
    }
    Result<ByteView> bytes = co_await client_->recv(deadline);
    HF_CO_RETURN_IF_ERROR(bytes);
    if (bytes->empty()) co_return Error{ErrorCode::kClosed, "the client closed the connection"};
    service_.counters().bytes_from_clients.add(bytes->size());
    Result<wire::PacketAssembler::Step> step = packets_.next(*bytes);
    HF_CO_RETURN_IF_ERROR(step);
    const bool whole = step->payload.has_value();
    if (whole) {
      if (request_.capacity() < 64) request_ = service_.loop().take_buffer();
      request_.assign(*step->payload);
    }
    sequence_ = static_cast<std::uint8_t>(step->sequence + 1);
    if (step->consumed < bytes->size()) inbox_.assign(bytes->substr(step->consumed));
    if (whole) co_return Result<void>{};
  }
}

/// The next command. False: the session is over.
Task<bool> Session::read_command() {
  const Deadline patience = service_.loop().deadline_in(service_.config().client_timeout);
  for (;;) {
    if (killed_) co_return false;
    const bool free_to_end = (hold_ & hold::kHard) == 0 && inbox_.empty() && !packets_.in_packet();
    if (ending_ && free_to_end) co_return false;
    Result<void> read = co_await read_packet(0, patience);
    if (read.ok()) {
      if (request_.empty()) {
        send_error(wire::unknown_command());
        co_return false;
      }
      co_return true;
    }
    switch (read.error().code) {
      case ErrorCode::kTimeout: break;
      case ErrorCode::kOverload: send_error(wire::packet_too_large()); co_return false;
      case ErrorCode::kProtocol: send_error(wire::packets_out_of_order()); co_return false;
      default: co_return false;
    }
    if (patience.passed(service_.loop().now())) co_return false;
    if (packets_.in_packet()) continue;
    const bool convenient = held_ != nullptr && (hold_ & ~hold::kSoft) == 0;
    if (std::exchange(give_back_, false) && convenient) {
      if ((hold_ & hold::kInsertId) != 0) co_await capture_insert_id();
      release_soft_hold();
    }
  }
}

sql::Statement Session::classify(ByteView text) {
  sql::Context context;
  context.charset = client_charset_;
  context.flavor = service_.view()->server_version.find("MariaDB") != std::string::npos ? sql::Flavor::kMariaDb
                                                                                        : sql::Flavor::kUnknown;
  context.ansi_quotes = (status_ & wire::kStatusAnsiQuotes) != 0 ||
                        state_.variable("sql_mode").find("ANSI_QUOTES") != ByteView::npos;
  context.no_backslash_escapes = (status_ & wire::kStatusNoBackslashEscapes) != 0;
  context.ignore_space = wire::has(capabilities_, wire::kClientIgnoreSpace) ||
                         state_.variable("sql_mode").find("IGNORE_SPACE") != ByteView::npos;
  return service_.mysql().shapes().lookup_or_classify(text, context);
}

/// Where a statement runs. The order of the questions is the order of precedence.
Session::Work Session::plan(const sql::Statement& statement) const {
  Work work;
  work.statement = statement;
  const bool reads = statement.route != sql::Route::kPrimary;
  if (held_ != nullptr && (hold_ & hold::kHard) != 0) {
    work.target = Target::kHeld;
    return work;
  }
  work.retry = reads && !statement.has(effect::kBegin) && state_.autocommit();
  const bool asks_diagnostics = asks_about_last(statement);
  const bool has_diagnostics = held_ != nullptr && (hold_ & hold::kDiagnostics) != 0;
  if (asks_diagnostics || (has_diagnostics && !statement.has(kPins) && names_no_table(statement))) {
    if (has_diagnostics) {
      work.target = Target::kHeld;
      return work;
    }
    if (reader_ != nullptr && reader_diagnostics_) {
      work.target = Target::kKeptReader;
      return work;
    }
  }
  if (held_ != nullptr && statement.route == sql::Route::kAny) {  // what the session keeps must learn what it sets
    work.target = Target::kHeld;
    return work;
  }
  const bool may_leave_primary = state_.autocommit() || statement.has(effect::kBeginReadOnly);
  switch (route_) {
    case config::ListenRoute::kRead: work.target = Target::kReader; break;
    case config::ListenRoute::kWrite: work.target = Target::kPrimary; break;
    case config::ListenRoute::kSplit: work.target = reads && may_leave_primary ? Target::kReader : Target::kPrimary; break;
  }
  work.reroute = route_ != config::ListenRoute::kRead;
  return work;
}

/// A read-only transaction lives on a replica. What ends it implicitly and goes on to write must not be sent there.
bool Session::leaves_transaction(const sql::Statement& statement) const {
  const bool on_replica = held_ != nullptr && (hold_ & hold::kHard) == hold::kTransaction && !on_primary(*held_) &&
                          (status_ & wire::kStatusInTransactionReadOnly) != 0;
  const bool ends_it = statement.has(effect::kBegin) || statement.kind == sql::Kind::kLockTables;
  return on_replica && ends_it && route_ == config::ListenRoute::kSplit;
}

/// False: the session is over.
Task<bool> Session::leave_read_only_transaction() {
  const Result<void> committed = co_await send_aside(held_.get(), Command::kQuery, "COMMIT");
  if (!committed.ok()) {
    if (committed.error().code == ErrorCode::kCancelled) co_return false;
    held_->stream->abort(committed.error());
  }
  status_ &= static_cast<wire::StatusFlags>(~(wire::kStatusInTransaction | wire::kStatusInTransactionReadOnly));
  hold_ &= ~(hold::kTransaction | hold::kDiagnostics);
  if (hold_ == 0) release_soft_hold();
  co_return true;
}

Task<bool> Session::run_command(Command command) {
  service_.counters().statements.add();
  switch (command) {
    case Command::kQuit: co_return false;
    case Command::kPing: send_ok(); co_return true;
    case Command::kQuery: co_return co_await on_query();
    case Command::kStmtPrepare: co_return co_await on_prepare();
    case Command::kStmtExecute:
    case Command::kStmtBulkExecute: co_return co_await on_execute(command);
    case Command::kStmtFetch: co_return co_await on_fetch();
    case Command::kStmtReset: co_return co_await on_statement_reset();
    case Command::kStmtSendLongData: on_long_data(); co_return true;
    case Command::kStmtClose: on_statement_close(); co_return true;
    case Command::kResetConnection: co_return co_await reset_connection();
    case Command::kChangeUser: co_return co_await change_user();
    case Command::kSetOption: co_return co_await set_option();
    case Command::kProcessKill:
      if (request_.size() < 5) {
        send_error(wire::bad_handshake());
        co_return true;
      }
      co_return co_await on_kill(load_le(request_, 1, 4), false);
    case Command::kBinlogDump:
    case Command::kBinlogDumpGtid:
    case Command::kTableDump: co_return co_await on_binlog_dump();
    default: co_return co_await on_other(command);
  }
}

Task<bool> Session::on_query() {
  const ByteView text = ByteView(request_).substr(1);
  const sql::Statement statement = classify(text);
  if (statement.kind == sql::Kind::kKill && statement.kill_target == sql::KillTarget::kNumber &&
      ShardState::is_ours(statement.kill_id) && statement.kill_scope != sql::KillScope::kQueryId) {
    co_return co_await on_kill(statement.kill_id, statement.kill_scope == sql::KillScope::kQuery);
  }
  if (asks_about_last(statement)) {
    const bool bound = held_ != nullptr && (hold_ & hold::kHard) != 0;
    const bool remembered = held_ != nullptr && (hold_ & hold::kDiagnostics) != 0;
    const bool counted_here = held_ != nullptr && found_rows_thread_ == thread_of(*held_);
    const bool forgotten = !bound && !remembered && !reader_diagnostics_;
    const bool counted_elsewhere = !counted_here && mentions(text, "found_rows");
    if (forgotten || counted_elsewhere) co_await recreate_last_statement();
  }
  if (leaves_transaction(statement)) {
    const bool left = co_await leave_read_only_transaction();
    if (!left) co_return false;
  }
  if (statement.route == sql::Route::kPrimary && (hold_ & hold::kDiagnostics) != 0) {
    const bool wants_list = statement.has(effect::kReadsDiagnostics) || names_no_table(statement);
    if (wants_list) co_await move_diagnostics_to_primary();
  }
  const Work work = plan(statement);
  const bool go_on = co_await execute(work);
  co_return go_on;
}

/// Commands that some server must answer and that need no care of their own.
Task<bool> Session::on_other(Command command) {
  Work work;
  work.command = command;
  work.statement.kind = sql::Kind::kUnknown;
  work.statement.effects = 0;
  switch (command) {
    case Command::kInitDb:
    case Command::kFieldList:
    case Command::kStatistics:
      work.statement.kind = command == Command::kInitDb ? sql::Kind::kUse : sql::Kind::kShow;
      work.statement.route = command == Command::kInitDb ? sql::Route::kAny : sql::Route::kReader;
      break;
    case Command::kProcessInfo:
    case Command::kDebug:
    case Command::kRefresh:
    case Command::kShutdown:
    case Command::kCreateDb:
    case Command::kDropDb: work.statement.route = sql::Route::kPrimary; break;
    case Command::kRegisterSlave:
      work.statement.route = sql::Route::kPrimary;
      work.statement.effects = effect::kUnknownState;
      break;
    default: send_error(wire::unknown_command()); co_return true;
  }
  const Work planned = plan(work.statement);
  work.target = planned.target;
  work.retry = planned.retry;
  work.reroute = planned.reroute;
  co_return co_await execute(work);
}

/// A replica of its own, or mariadb-binlog: from here on the connection belongs to the two ends.
Task<bool> Session::on_binlog_dump() {
  ConnectionPtr connection = std::move(held_);
  hold_ = 0;
  if (connection == nullptr) {
    policy::ServerSet tried;
    Result<ConnectionPtr> acquired = co_await acquire(Target::kPrimary, &tried, service_.loop().deadline_in(service_.config().mysql.hold_timeout));
    if (!acquired.ok()) {
      send_error(wire::own_error(acquired.error().context));
      co_return false;
    }
    connection = std::move(*acquired);
  }
  std::string packet;
  wire::append_packet(packet, 0, request_);
  connection->stream->write(packet);
  if (!inbox_.empty()) connection->stream->write(inbox_);
  const tcp::RelayCounters counters{service_.counters(), service_.server(connection->slot).counters};
  co_await tcp::relay(client_.get(), connection->stream.get(), Nanos::zero(), counters);
  co_return false;
}

Task<bool> Session::reset_connection() {
  discard_held();
  prepared_.clear();
  const std::string schema = state_.schema();  // COM_RESET_CONNECTION leaves the schema as it is
  state_.clear();
  state_.set_schema(schema);
  state_number_ = service_.mysql().states().intern(state_);
  use_charset(charset_);
  insert_id_.reset();
  status_ = wire::kStatusAutocommit;
  send_ok();
  co_return true;
}

/// Multi-statements on or off: part of what a connection must have, so the next one is chosen by it. Connections that the
/// session keeps are told.
Task<bool> Session::set_option() {
  const std::uint64_t option = request_.size() >= 3 ? load_le(request_, 1, 2) : 99;
  if (option > 1) {
    send_error(wire::unknown_command());
    co_return true;
  }
  const std::string argument = request_.substr(1);
  for (Connection* kept : {held_.get(), reader_.get()}) {
    if (kept == nullptr) continue;
    const Result<void> told = co_await send_aside(kept, Command::kSetOption, argument);
    if (!told.ok()) kept->stream->abort(told.error());  // found broken by the next statement
  }
  if (option == 0) {
    capabilities_ |= wire::kClientMultiStatements;
  } else {
    capabilities_ &= ~wire::kClientMultiStatements;
  }
  if (wire::has(capabilities_, wire::kClientDeprecateEof)) {
    wire::OkPacket ok;
    ok.header = wire::kEofHeader;
    ok.status = status_;
    send_payload(wire::encode_ok(ok, capabilities_));
  } else {
    send_payload(wire::encode_eof({0, status_}, capabilities_));
  }
  co_return true;
}

void Session::send_payload(ByteView payload) {
  std::string packet;
  sequence_ = wire::append_packet(packet, sequence_, payload);
  to_client(packet);
}

void Session::send_error(const wire::ErrorReply& error) { send_payload(error.encode(capabilities_)); }

void Session::send_ok(ByteView schema_change) {
  wire::OkPacket ok;
  ok.status = status_;
  std::string session_state;
  if (!schema_change.empty() && wire::has(capabilities_, wire::kClientSessionTrack)) {
    wire::append_session_change(session_state, {wire::SessionChange::kSchema, 1, {}, schema_change});
    ok.session_state = session_state;
    ok.status |= wire::kStatusSessionStateChanged;
  }
  send_payload(wire::encode_ok(ok, capabilities_));
}

void Session::to_client(ByteView bytes) {
  client_->write(bytes);
  service_.counters().bytes_to_clients.add(bytes.size());
}

void Session::give_back(upstream::ServerSlot slot) {
  if (held_ == nullptr || held_->slot != slot || (hold_ & ~hold::kSoft) != 0 || working_ != nullptr) return;
  give_back_ = true;
  client_->wake_reader();
}

void Session::end_when_idle() {
  ending_ = true;
  if (working_ == nullptr) client_->wake_reader();
}

void Session::kill() {
  killed_ = true;
  client_->abort({ErrorCode::kReset, "killed"});
}

/// The address that the client came in on leaves this node. What a rollback will undo in any case is ended on the server now,
/// for it may wait for a lock while it holds others; what may take effect runs on, as when a client dies.
void Session::cut(const Error& reason) {
  killed_ = true;
  if (working_ != nullptr && (working_on_read_ || working_in_transaction_)) {
    client_left_ = true;
    working_->stream->abort(reason);
  }
  client_->cut(reason);
}

std::optional<Session::Backend> Session::backend() const {
  const Connection* connection = working_ != nullptr ? working_ : held_.get();
  if (connection == nullptr) return std::nullopt;
  return Backend{connection->slot, connection->thread_id};
}

}  // namespace hf::service::mysql
