// One command with one server: sending it, relaying the reply packet by packet, learning from its OK and ERR packets.
#include <algorithm>
#include <array>

#include "proto/mysql/response.h"
#include "proto/mysql/session_state.h"
#include "service/mysql/session.h"
#include "service/mysql/shard_state.h"

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
constexpr std::size_t kHeader = wire::kPacketHeader;

/// What a server tracks by default, so what a client would see of it on a direct connection.
constexpr std::array<ByteView, 5> kTrackedByDefault = {"autocommit", "character_set_client", "character_set_results",
                                                       "character_set_connection", "time_zone"};
bool tracked_by_default(ByteView name) {
  return std::find(kTrackedByDefault.begin(), kTrackedByDefault.end(), name) != kTrackedByDefault.end();
}

/// A statement that the server carries out whole or not at all.
bool is_one_statement(const sql::Statement& statement) {
  switch (statement.kind) {
    case sql::Kind::kInsert:
    case sql::Kind::kReplace:
    case sql::Kind::kUpdate:
    case sql::Kind::kDelete:
    case sql::Kind::kBegin:
    case sql::Kind::kDdl: return !statement.has(effect::kUnknownState | effect::kMultiStatement);
    default: return false;
  }
}

/// Inside a transaction it has no effect but through that transaction's COMMIT.
bool undone_by_rollback(const sql::Statement& statement) {
  switch (statement.kind) {
    case sql::Kind::kSelect:
    case sql::Kind::kInsert:
    case sql::Kind::kReplace:
    case sql::Kind::kUpdate:
    case sql::Kind::kDelete: return !statement.has(effect::kUnknownState | effect::kMultiStatement);
    default: return false;
  }
}

}  // namespace

/// Refusals that say "not executed": by a replica that is read-only, or by a server that goes down.
bool refused_as_read_only(std::uint16_t code, ByteView message) {
  return (code == wire::kErOptionPreventsStatement && message.find("read-only") != ByteView::npos) ||
         code == wire::kErReadOnlyMode;
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
  working_in_transaction_ = in_transaction() && undone_by_rollback(work->statement);
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
  service_.server(connection->slot).counters.bytes_to_server.add(request_.size() + kHeader);
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
    // On the primary only what is one statement to the server: of several, the first may have run before the refusal.
    const bool whole = !on_primary(connection) || is_one_statement(work.statement);
    if (first && work.reroute && ((not_executed && whole) || going_down)) {
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

}  // namespace hf::service::mysql
