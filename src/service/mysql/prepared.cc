// COM_STMT_*: prepared statements of a session. Reads are prepared on a replica's connection that the session keeps for them,
// everything else on the held one; when a connection is lost or the route changes, the text is prepared anew elsewhere.
#include "service/mysql/prepared.h"

#include "proto/mysql/response.h"
#include "service/mysql/session.h"
#include "service/mysql/shard_state.h"

namespace hf::service::mysql {

namespace wire = proto::mysql;
namespace sql = policy::sql;
namespace effect = policy::sql::effect;
using runtime::Task;
using wire::Command;

namespace {

constexpr std::size_t kMostStatements = 16382;  // MariaDB's max_prepared_stmt_count, which is for a whole server
constexpr std::size_t kMostLongData = 1U << 30;
constexpr std::uint32_t kLastPrepared = 0xFFFFFFFF;  // MariaDB: "the statement prepared just now"

std::string with_id(ByteView payload, std::uint32_t id) {
  std::string patched(payload);
  for (std::size_t i = 0; i < 4 && 1 + i < patched.size(); ++i) patched[1 + i] = static_cast<char>(id >> (8 * i));
  return patched;
}

}  // namespace

PreparedStatement& PreparedStatements::add(std::string text, sql::Statement verdict) {
  const std::uint32_t id = next_id_++;
  PreparedStatement& statement = statements_[id];
  statement.id = id;
  statement.text = std::move(text);
  statement.verdict = verdict;
  return statement;
}

PreparedStatement* PreparedStatements::find(std::uint32_t id) {
  const auto it = statements_.find(id == kLastPrepared ? last_id() : id);
  return it == statements_.end() ? nullptr : &it->second;
}

std::string execute_payload(ByteView client_payload, PreparedStatement& statement, PreparedStatement::Copy& copy) {
  std::string payload = with_id(client_payload, copy.id);
  const bool is_plain = byte_at(client_payload, 0) == static_cast<std::uint8_t>(Command::kStmtExecute);
  if (!is_plain || statement.parameters == 0) return payload;
  constexpr std::size_t kFixed = 10;  // command, id, flags, iterations
  const std::size_t flag_at = kFixed + (statement.parameters + 7U) / 8U;
  const std::size_t types_size = std::size_t{2} * statement.parameters;
  if (payload.size() <= flag_at) return payload;  // malformed: the server will say so
  if (payload[flag_at] == 1) {
    if (payload.size() >= flag_at + 1 + types_size) statement.types = payload.substr(flag_at + 1, types_size);
    copy.types_sent = true;
    return payload;
  }
  if (copy.types_sent || statement.types.size() != types_size) return payload;
  payload[flag_at] = 1;
  payload.insert(flag_at + 1, statement.types);
  copy.types_sent = true;
  return payload;
}

PreparedStatement* Session::addressed_statement(ByteView caller) {
  const auto id = static_cast<std::uint32_t>(request_.size() >= 5 ? load_le(request_, 1, 4) : 0);
  PreparedStatement* statement = prepared_.find(id);
  if (statement == nullptr) send_error(wire::unknown_statement(id, caller));
  return statement;
}

PreparedStatement::Copy& Session::copy_on(const Connection& connection, PreparedStatement& statement) {
  return reader_.get() == &connection ? statement.on_reader : statement.on_held;
}

bool Session::runs_on_reader(const Work& work) const {
  if (held_ != nullptr && (hold_ & hold::kHard) != 0) return false;
  if (route_ == config::ListenRoute::kWrite) return false;
  if (work.prepared->cursor_open) return work.prepared->cursor_on_reader;
  if (route_ == config::ListenRoute::kRead) return true;
  const sql::Statement& verdict = work.prepared->verdict;
  return verdict.route == sql::Route::kReader && state_.autocommit() && !verdict.has(effect::kReadsDiagnostics);
}

Task<bool> Session::on_prepare() {
  if (prepared_.size() >= kMostStatements) {
    send_error(wire::own_error("Can't create more than max_prepared_stmt_count statements (holdfast: 16382 per session)"));
    co_return true;
  }
  const std::string text = request_.substr(1);
  PreparedStatement& statement = prepared_.add(text, classify(text));
  const std::uint32_t id = statement.id;
  Work work;
  work.command = Command::kStmtPrepare;
  work.prepared = &statement;
  const bool bound = held_ != nullptr && (hold_ & (hold::kHard | hold::kDiagnostics)) != 0;
  if (statement.verdict.has(effect::kReadsDiagnostics) && !bound) co_await recreate_last_statement();
  const bool go_on = co_await execute_prepared(work);
  if (tracker_.command() != Command::kStmtPrepare || tracker_.failed() || !tracker_.done()) prepared_.erase(id);
  co_return go_on;
}

Task<bool> Session::on_execute(Command command) {
  PreparedStatement* statement = addressed_statement(command == Command::kStmtExecute ? "mysqld_stmt_execute" : "mysqld_stmt_bulk_execute");
  if (statement == nullptr) co_return true;
  Work work;
  work.command = command;
  work.statement = statement->verdict;
  work.prepared = statement;
  const bool go_on = co_await execute_prepared(work);
  co_return go_on;
}

Task<bool> Session::on_fetch() {
  PreparedStatement* statement = addressed_statement("mysqld_stmt_fetch");
  if (statement == nullptr) co_return true;
  if (!statement->cursor_open) {
    send_error({1421, "HY000", "The statement (" + std::to_string(statement->id) + ") has no open cursor."});
    co_return true;
  }
  Work work;
  work.command = Command::kStmtFetch;
  work.prepared = statement;
  const bool go_on = co_await execute_prepared(work);
  co_return go_on;
}

Task<bool> Session::on_statement_reset() {
  PreparedStatement* statement = addressed_statement("mysqld_stmt_reset");
  if (statement == nullptr) co_return true;
  statement->long_data.clear();
  if (!statement->cursor_open) {
    send_ok();
    co_return true;
  }
  Work work;
  work.command = Command::kStmtReset;
  work.prepared = statement;
  const bool go_on = co_await execute_prepared(work);
  co_return go_on;
}

/// No reply: errors show at the execution. The pieces are kept and sent with it, to whichever connection runs it.
void Session::on_long_data() {
  if (request_.size() < 7) return;
  PreparedStatement* statement = prepared_.find(static_cast<std::uint32_t>(load_le(request_, 1, 4)));
  if (statement == nullptr || statement->long_data.size() + request_.size() > kMostLongData) return;
  append_le(statement->long_data, request_.size(), 4);
  statement->long_data += request_;
}

void Session::on_statement_close() {
  if (request_.size() < 5) return;
  const auto id = static_cast<std::uint32_t>(load_le(request_, 1, 4));
  PreparedStatement* statement = prepared_.find(id);
  if (statement == nullptr) return;
  for (Connection* kept : {held_.get(), reader_.get()}) {
    if (kept == nullptr) continue;
    const PreparedStatement::Copy& copy = copy_on(*kept, *statement);
    if (copy.connection != thread_of(*kept)) continue;
    std::string packet;
    wire::append_packet(packet, 0, with_id(request_, copy.id));
    kept->stream->write(packet);
  }
  prepared_.erase(statement->id);
  if (!prepared_.empty()) return;
  hold_ &= ~hold::kPrepared;
  if (hold_ == 0) release_soft_hold();
  release_reader();
}

/// The kept connection of one side, made if need be.
Task<Result<void>> Session::ensure_kept(bool reader, policy::ServerSet* tried, Deadline hold_deadline) {
  ConnectionPtr& kept = reader ? reader_ : held_;
  const bool bound = !reader && kept != nullptr && (hold_ & hold::kHard) != 0;
  if (kept != nullptr && !bound) {
    const bool fits = kept->usable() && kept->state == state_number_ && (reader || on_primary(*kept));
    if (!fits && reader) release_reader();
    if (!fits && !reader) {
      if ((hold_ & hold::kInsertId) != 0 && kept->usable()) co_await capture_insert_id();
      if (held_ != nullptr) held_->dirty = true;
      hold_ = 0;
      release_soft_hold();
    }
  }
  if (kept == nullptr) {
    refusal_ = {};
    Result<ConnectionPtr> acquired = co_await acquire(reader ? Target::kReader : Target::kPrimary, tried, hold_deadline);
    HF_CO_RETURN_IF_ERROR(acquired);
    kept = std::move(*acquired);
  }
  if (!reader) hold_ |= hold::kPrepared;
  co_return Result<void>{};
}

Task<Result<void>> Session::prepare_on(Connection* connection, PreparedStatement* statement, PreparedStatement::Copy* copy) {
  std::string payload(1, static_cast<char>(Command::kStmtPrepare));
  payload += statement->text;
  std::string packet;
  const std::uint8_t sequence = wire::append_packet(packet, 0, payload);
  connection->stream->write(packet);
  wire::ReplyTracker reply;
  reply.start(Command::kStmtPrepare, connection->capabilities, sequence);
  while (!reply.done()) {
    Result<ByteView> bytes = co_await connection->stream->recv(service_.loop().deadline_in(service_.config().connect_timeout));
    HF_CO_RETURN_IF_ERROR(bytes);
    if (bytes->empty()) co_return Error{ErrorCode::kClosed, "the server closed the connection"};
    ByteView input = *bytes;
    while (!input.empty() && !reply.done()) {
      Result<wire::ReplyTracker::Step> step = reply.next(input);
      HF_CO_RETURN_IF_ERROR(step);
      input.remove_prefix(step->consumed);
    }
  }
  if (reply.failed()) {
    refusal_ = {reply.error_code(), wire::sqlstate_of(reply.error_code()), reply.message()};
    co_return Error{ErrorCode::kAccessDenied, reply.message()};
  }
  *copy = {thread_of(*connection), reply.statement_id(), false};
  co_return Result<void>{};
}

/// Sends the command at hand for the statement's copy on this connection: long data first, then the command itself.
void Session::write_prepared(Connection& connection, const Work& work) {
  PreparedStatement& statement = *work.prepared;
  PreparedStatement::Copy& copy = copy_on(connection, statement);
  std::string packets;
  if (work.command == Command::kStmtPrepare) {
    wire::append_packet(packets, 0, request_);
  } else if (work.command == Command::kStmtExecute || work.command == Command::kStmtBulkExecute) {
    ByteView left = statement.long_data;
    while (left.size() >= 4) {
      const std::size_t size = load_le(left, 0, 4);
      wire::append_packet(packets, 0, with_id(left.substr(4, size), copy.id));
      left.remove_prefix(4 + size);
    }
    wire::append_packet(packets, 0, execute_payload(request_, statement, copy));
  } else {
    wire::append_packet(packets, 0, with_id(request_, copy.id));
  }
  connection.stream->write(packets);
}

/// The reply to a command on a prepared statement is complete.
void Session::prepared_done(const Work& work, bool on_reader) {
  PreparedStatement& statement = *work.prepared;
  const Connection& connection = on_reader ? *reader_ : *held_;
  if (tracker_.failed()) return;
  switch (work.command) {
    case Command::kStmtPrepare:
      statement.parameters = tracker_.statement_parameters();
      copy_on(connection, statement) = {thread_of(connection), tracker_.statement_id(), false};
      break;
    case Command::kStmtExecute:
    case Command::kStmtFetch:
      statement.cursor_open = (tracker_.status() & wire::kStatusCursorExists) != 0 && (tracker_.status() & wire::kStatusLastRowSent) == 0;
      statement.cursor_on_reader = on_reader;
      break;
    case Command::kStmtReset: statement.cursor_open = false; break;
    default: break;
  }
}

Task<bool> Session::execute_prepared(Work work) {
  const Deadline hold_deadline = service_.loop().deadline_in(service_.config().mysql.hold_timeout);
  policy::ServerSet tried;
  const ByteView text = work.prepared->text;
  const bool keeps_list = work.prepared->verdict.kind == sql::Kind::kSelect && !mentions(text, "from");
  if (!keeps_list) hold_ &= ~hold::kDiagnostics;
  if (!keeps_list) reader_diagnostics_ = false;
  for (;;) {
    const bool on_reader = runs_on_reader(work);
    Result<void> kept = co_await ensure_kept(on_reader, &tried, hold_deadline);
    if (!kept.ok()) {
      if (kept.error().code == ErrorCode::kCancelled || client_->broken()) co_return false;
      send_error(refusal_.code != 0 ? refusal_ : wire::own_error(kept.error().context));
      co_return true;
    }
    Connection* connection = on_reader ? reader_.get() : held_.get();
    const upstream::ServerSlot slot = connection->slot;
    ServerShard& server = service_.server(slot);
    PreparedStatement::Copy& copy = copy_on(*connection, *work.prepared);
    Outcome outcome = Outcome::kDone;
    forwarded_ = false;
    if (work.command != Command::kStmtPrepare && copy.connection != thread_of(*connection)) {
      Result<void> prepared = co_await prepare_on(connection, work.prepared, &copy);
      if (!prepared.ok() && prepared.error().code == ErrorCode::kAccessDenied) {
        sequence_ = 1;
        send_error(refusal_);
        co_return true;
      }
      if (!prepared.ok()) {
        failure_ = prepared.error();
        outcome = Outcome::kLost;
      }
    }
    work.reroute = on_reader && route_ == config::ListenRoute::kSplit;
    work.retry = on_reader && !work.prepared->cursor_open;
    const bool at_primary = on_primary(*connection);
    if (outcome == Outcome::kDone && insert_id_ && work.statement.has(effect::kReadsLastInsertId)) {
      const bool restored = co_await restore_insert_id(connection);
      (void)restored;  // a broken connection shows in the exchange
    }
    if (outcome == Outcome::kDone) {
      ++server.in_flight;
      server.counters.statements.add();
      outcome = co_await exchange(connection, &work);
      --server.in_flight;
      count_route(work, at_primary);
    }
    switch (outcome) {
      case Outcome::kDone:
        prepared_done(work, on_reader);
        if (work.command == Command::kStmtExecute || work.command == Command::kStmtBulkExecute) work.prepared->long_data.clear();
        if (on_reader) {
          learn(*reader_, work);
          reader_->state = state_number_;
          reader_diagnostics_ = tracker_.failed() || tracker_.warnings() > 0;
        } else {
          ConnectionPtr held = std::move(held_);
          co_await settle(std::move(held), work);
        }
        co_return !client_->broken();
      case Outcome::kClientGone: connection->stream->abort({ErrorCode::kClosed, "the client went away"}); co_return false;
      case Outcome::kRefused:
        service_.counters().rerouted.add();
        work.prepared->verdict.route = sql::Route::kPrimary;
        continue;
      case Outcome::kLost: break;
    }
    if (client_left_) {
      const Result<void> killed = co_await kill_thread(slot, abandoned_thread_, false);
      (void)killed;
      co_return false;
    }
    server.counters.lost.add();
    service_.control().server_failed(service_.name(), slot, failure_->context);
    if (failure_->code == ErrorCode::kCancelled) co_return false;
    const std::uint32_t lost = on_reader ? 0 : std::exchange(hold_, 0) & hold::kHard;
    (on_reader ? reader_ : held_).reset();
    work.prepared->cursor_open = false;
    if (lost != 0) {
      status_ &= static_cast<wire::StatusFlags>(~wire::kStatusInTransaction);
      report_lost();
      co_return lost == hold::kTransaction && !client_->broken();
    }
    const bool again = (work.retry || work.command == Command::kStmtPrepare) && !forwarded_ && !hold_deadline.passed(service_.loop().now());
    if (!again) {
      report_lost();
      co_return !client_->broken();
    }
    service_.counters().retried_reads.add();
    tried.insert(slot);
  }
}

}  // namespace hf::service::mysql
