#include "service/mysql/exchange.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "proto/mysql/reply_tracker.h"
#include "proto/mysql/response.h"
#include "proto/mysql/session_state.h"
#include "service/mysql/remembered_reply.h"
#include "service/mysql/shard_state.h"

namespace hf::service::mysql {

namespace wire = proto::mysql;
namespace sql = policy::sql;
namespace effect = policy::sql::effect;
using runtime::Task;
using wire::Command;

namespace {

constexpr std::size_t kHeader = wire::kPacketHeader;
constexpr std::size_t kUpToId = 5;              // of COM_STMT_EXECUTE: the command and the statement's id
constexpr std::size_t kMostUntold = 16 * 1024;  // of changes that came with errors: a client may never have an OK
/// How long a silent read goes on for a client that has closed its half: some wait for their answer, most are gone.
constexpr Nanos kLeavingPatience = 2s;

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

policy::session::Status status_of(wire::StatusFlags flags) {
  policy::session::Status status;
  status.autocommit = (flags & wire::kStatusAutocommit) != 0;
  status.in_transaction = (flags & wire::kStatusInTransaction) != 0;
  status.read_only_transaction = (flags & wire::kStatusInTransactionReadOnly) != 0;
  status.no_backslash_escapes = (flags & wire::kStatusNoBackslashEscapes) != 0;
  status.ansi_quotes = (flags & wire::kStatusAnsiQuotes) != 0;
  return status;
}

/// The one exchange at hand.
class Exchange {
 public:
  Exchange(Session& session, Connection& connection, const Request& request, const policy::session::Attempt& attempt,
           ReplySink sink)
      : session_(session),
        client_(session.client()),
        connection_(connection),
        request_(request),
        attempt_(attempt),
        sink_(sink) {}

  /// Too much to be written at once: send_in_parts().
  bool is_large() const;
  void send();
  Task<void> send_in_parts();
  /// The reply to its end, whatever that is.
  Task<void> relay();
  Reply take_reply() { return std::move(reply_); }

 private:
  bool executes() const {
    return request_.command == Command::kStmtExecute || request_.command == Command::kStmtBulkExecute;
  }
  /// By a SET of ours, which is nobody's business.
  bool is_our_own(ByteView name) const { return sink_ == ReplySink::kNobody && name.starts_with("session_track_"); }
  std::uint8_t write_request();
  std::uint8_t write_prepared();
  std::uint8_t append_prepared(std::string& packets);
  void write_with_id(ByteView payload, std::uint32_t id);
  Task<bool> write_in_parts(ByteView bytes);
  Task<bool> server_takes_more();
  void sent(std::uint8_t first);
  Task<bool> stream_local_file();
  bool take_packet(ByteView packet);
  void say_instead(ByteView packet, wire::ErrorReply error);
  bool refused(ByteView payload);
  void take_ok(ByteView packet, ByteView payload);
  void take_prepare_ok(ByteView packet);
  void take_session_state(ByteView session_state, std::string* for_client);
  void to_client(ByteView bytes);
  void lose(Error failure);
  void finish();

  Session& session_;
  ClientEnd& client_;
  Connection& connection_;
  const Request& request_;
  const policy::session::Attempt& attempt_;
  ReplySink sink_;
  wire::ReplyTracker tracker_;
  Reply reply_;
  // of the statement that is executed: nothing is prepared here meanwhile
  policy::session::PreparedCache::Copy* copy_ = nullptr;
  std::string kept_back_;  // the whole reply, where something in it is ours
};

void Exchange::to_client(ByteView bytes) {
  reply_.begun = true;
  if (sink_ != ReplySink::kClient) return;
  if (request_.answer) {
    kept_back_ += bytes;
  } else {
    client_.write(bytes);
  }
}

/// The request as it is, for another id.
void Exchange::write_with_id(ByteView payload, std::uint32_t id) {
  const std::size_t size = payload.size();
  const char front[kHeader + kUpToId] = {static_cast<char>(size),
                                         static_cast<char>(size >> 8),
                                         static_cast<char>(size >> 16),
                                         0,
                                         payload[0],
                                         static_cast<char>(id),
                                         static_cast<char>(id >> 8),
                                         static_cast<char>(id >> 16),
                                         static_cast<char>(id >> 24)};
  connection_.stream->write(ByteView(front, sizeof(front)));
  connection_.stream->write(payload.substr(kUpToId));
}

/// Long data first, then the command itself, all for the statement's copy on this connection. The sequence id of the
/// reply's first packet.
std::uint8_t Exchange::append_prepared(std::string& packets) {
  PreparedStatement& statement = *request_.prepared;
  const std::string& payload = client_.request();
  if (copy_ == nullptr) return wire::append_packet(packets, 0, payload);  // COM_STMT_PREPARE itself
  if (!executes()) return wire::append_packet(packets, 0, with_statement_id(payload, copy_->id));
  ByteView left = statement.long_data;
  // An execution that was not read has left the pieces before it on the server, where the cursor's copy is this
  // statement's alone.
  if (statement.cursor_on == connection_.facts.serial) left.remove_prefix(std::min(copy_->long_data, left.size()));
  while (left.size() >= 4) {
    const std::size_t size = load_le(left, 0, 4);
    wire::append_packet(packets, 0, with_statement_id(left.substr(4, size), copy_->id));
    left.remove_prefix(4 + size);
  }
  copy_->long_data = statement.long_data.size();
  return wire::append_packet(packets, 0, execute_payload(payload, statement, *copy_));
}

std::uint8_t Exchange::write_prepared() {
  PreparedStatement& statement = *request_.prepared;
  copy_ = statement.copy_in(connection_.facts.prepared);
  const std::string& payload = client_.request();
  const bool but_for_id = copy_ != nullptr && executes() && statement.long_data.empty() && payload.size() >= kUpToId;
  if (but_for_id && has_its_types(payload, statement, *copy_)) {
    write_with_id(payload, copy_->id);
    return 1;
  }
  std::string packets;
  const std::uint8_t next = append_prepared(packets);
  connection_.stream->write(packets);
  return next;
}

/// The sequence id of the first packet of the reply.
std::uint8_t Exchange::write_request() {
  if (request_.text) {
    std::string payload(1, static_cast<char>(Command::kQuery));
    payload += *request_.text;
    std::string packets;
    const std::uint8_t next = wire::append_packet(packets, 0, payload);
    connection_.stream->write(packets);
    return next;
  }
  if (request_.prepared != nullptr && request_.command != Command::kStmtPrepare) { return write_prepared(); }
  const std::string& payload = client_.request();
  const char header[kHeader] = {static_cast<char>(payload.size()), static_cast<char>(payload.size() >> 8),
                                static_cast<char>(payload.size() >> 16), 0};
  connection_.stream->write(ByteView(header, kHeader));
  connection_.stream->write(payload);
  return 1;
}

bool Exchange::is_large() const {
  if (request_.text) return false;
  const bool executes = request_.prepared != nullptr && request_.command != Command::kStmtPrepare;
  return client_.request().size() + (executes ? request_.prepared->long_data.size() : 0) > kQueueLimit;
}

void Exchange::send() {
  connection_.at_rest = false;
  sent(write_request());
}

/// What the client has sent goes to the server as the server takes it: nobody waits for the copying of a text of
/// hundreds of megabytes.
Task<void> Exchange::send_in_parts() {
  connection_.at_rest = false;
  if (request_.prepared != nullptr && request_.command != Command::kStmtPrepare) {
    copy_ = request_.prepared->copy_in(connection_.facts.prepared);
    std::string packets;
    const std::uint8_t next = append_prepared(packets);
    co_await write_in_parts(packets);
    sent(next);
    co_return;
  }
  std::uint8_t sequence = 0;
  bool last = false;
  for (ByteView left = client_.request(); !last; ++sequence) {
    const ByteView piece = left.substr(0, wire::kMaxPiece);
    last = piece.size() < wire::kMaxPiece;
    left.remove_prefix(piece.size());
    std::string header;
    wire::append_packet_header(header, {.length = static_cast<std::uint32_t>(piece.size()), .sequence = sequence});
    connection_.stream->write(header);
    const bool goes_on = co_await write_in_parts(piece);
    if (!goes_on) break;  // relay() hears why
  }
  sent(sequence);
}

void Exchange::sent(std::uint8_t first) {
  session_.service().server(connection_.slot).counters.bytes_to_server.add(client_.request().size() + kHeader);
  tracker_.start(request_.text ? Command::kQuery : request_.command, connection_.capabilities, first);
}

/// False: the server takes nothing more.
Task<bool> Exchange::write_in_parts(ByteView bytes) {
  for (; !bytes.empty(); bytes.remove_prefix(std::min(bytes.size(), kQueueLimit))) {
    connection_.stream->write(bytes.substr(0, kQueueLimit));
    if (connection_.stream->queued() <= kQueueLow) continue;
    const bool more = co_await server_takes_more();
    if (!more) co_return false;
  }
  co_return true;
}

Task<bool> Exchange::server_takes_more() {
  runtime::EventLoop& loop = session_.loop();
  const Nanos silence = session_.service().config().server_timeout;
  const Deadline patience = silence > Nanos::zero() ? loop.deadline_in(silence) : Deadline::never();
  for (;;) {
    const Result<void> drained =
        co_await connection_.stream->drained(kQueueLow, patience.earlier(loop.deadline_in(kLeavingPatience)));
    if (drained.ok()) co_return true;
    if (drained.error().code != ErrorCode::kTimeout) co_return false;
    if (session_.running().client_half_closed) {  // a read that serves nobody any more
      session_.running().client_left = true;
      connection_.stream->abort({ErrorCode::kClosed, "the client went away"});
      co_return false;
    }
    if (patience.passed(loop.now())) {
      connection_.stream->abort({ErrorCode::kTimeout, "the server takes nothing more of the statement"});
      co_return false;
    }
  }
}

Task<void> Exchange::relay() {
  runtime::EventLoop& loop = session_.loop();
  ServerCounters& counters = session_.service().server(connection_.slot).counters;
  const Nanos silence = session_.service().config().server_timeout;
  Running& running = session_.running();
  while (!tracker_.done()) {
    const Deadline deadline = silence > Nanos::zero() ? loop.deadline_in(silence) : Deadline::never();
    const bool leaving = running.client_half_closed;
    Result<ByteView> bytes =
        co_await connection_.stream->recv(leaving ? deadline.earlier(loop.deadline_in(kLeavingPatience)) : deadline);
    const bool timed_out = !bytes.ok() && bytes.error().code == ErrorCode::kTimeout;
    if (timed_out && !leaving && running.client_half_closed) continue;  // that woke us
    if (timed_out && leaving) {  // a read that serves nobody any more: the server is told to stop
      running.client_left = true;
      connection_.stream->abort({ErrorCode::kClosed, "the client went away"});
    }
    if (!bytes.ok() || bytes->empty()) {
      Error failure =
          bytes.ok() ? Error{ErrorCode::kClosed, "the server closed the connection"} : std::move(bytes).error();
      failure.context = "server '" + session_.view()->servers[connection_.slot].name + "': " + failure.context;
      lose(std::move(failure));
      co_return;
    }
    counters.bytes_from_server.add(bytes->size());
    ByteView input = *bytes;
    while (!input.empty() && !tracker_.done()) {
      Result<wire::ReplyTracker::Step> step = tracker_.next(input);
      if (!step.ok()) {
        connection_.stream->abort(step.error());
        lose(std::move(step).error());
        co_return;
      }
      input.remove_prefix(step->consumed);
      if (step->action == wire::ReplyTracker::Action::kForward) {
        to_client(step->packet);
      } else if (step->action == wire::ReplyTracker::Action::kPacket && !take_packet(step->packet)) {
        reply_.end = Reply::End::kRefused;
        connection_.at_rest = true;
        co_return;
      }
    }
    if (!input.empty()) connection_.stream->abort({ErrorCode::kProtocol, "bytes after the end of a reply"});
    if (tracker_.wants_local_infile()) {
      const bool streamed = co_await stream_local_file();
      if (!streamed) {
        reply_.end = Reply::End::kClientGone;
        co_return;
      }
    }
    const bool room = sink_ == ReplySink::kNobody || client_.has_room() || co_await client_.room();
    if (!room) {
      reply_.end = Reply::End::kClientGone;
      co_return;
    }
  }
  finish();
}

/// The server is lost. What the client has of the reply can be ended by an ERR behind it, but not in the middle of a
/// packet: there only the end of its own connection tells.
void Exchange::lose(Error failure) {
  reply_.failure = std::move(failure);
  reply_.end = Reply::End::kLost;
  if (sink_ != ReplySink::kClient || !reply_.begun) return;
  const std::optional<std::uint8_t> next = request_.answer ? std::uint8_t{1} : tracker_.next_sequence();
  if (next) {
    client_.set_sequence(*next);
    return;
  }
  client_.stream().close();
  client_.stream().abort(*reply_.failure);
}

/// LOAD DATA LOCAL INFILE: the client's packets go to the server as they are, up to the empty one. False: the client is
/// gone.
Task<bool> Exchange::stream_local_file() {
  std::size_t left = 0;  // payload bytes of the packet at hand still to come
  std::string header;
  std::uint8_t last_sequence = 0;
  bool goes_on = false;  // the piece before was full: an empty one ends that packet, not the file
  bool ended = false;
  while (!ended) {
    std::string input = client_.take_inbox();
    if (input.empty()) {
      Result<ByteView> bytes =
          co_await client_.stream().recv(session_.loop().deadline_in(session_.service().config().client_timeout));
      if (!bytes.ok() || bytes->empty()) co_return false;
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
      ended = left == 0 && !goes_on;
      goes_on = left == wire::kMaxPiece;
      header.clear();
    }
    connection_.stream->write(ByteView(input).substr(0, at));
    client_.put_back(ByteView(input).substr(at));
    if (connection_.stream->broken()) break;  // its reply, or the lack of one, is seen by the caller
    if (connection_.stream->queued() > kQueueLimit) {
      const Result<void> drained =
          co_await connection_.stream->drained(kQueueLow, session_.loop().deadline_in(kWritePatience));
      if (!drained.ok()) break;
    }
  }
  client_.set_sequence(static_cast<std::uint8_t>(last_sequence + 1));
  tracker_.resume_after_local_infile(static_cast<std::uint8_t>(last_sequence + 1));
  co_return true;
}

/// An OK, ERR or EOF of the reply. False: a refusal that the client must not see.
bool Exchange::take_packet(ByteView packet) {
  const ByteView payload = wire::payload_of(packet);
  const std::uint8_t head = byte_at(payload, 0);
  if (head == wire::kErrHeader && refused(payload)) return false;
  const bool sends = sink_ == ReplySink::kClient;
  if (sends) client_.set_sequence(static_cast<std::uint8_t>(byte_at(packet, 3) + 1));
  if (request_.command == Command::kStmtPrepare && !request_.text && head == wire::kOkHeader) {
    take_prepare_ok(packet);
    return true;
  }
  const bool is_ok = head == wire::kOkHeader ||
                     (head == wire::kEofHeader && wire::has(connection_.capabilities, wire::kClientDeprecateEof));
  if (is_ok) {
    take_ok(packet, payload);
    return true;
  }
  if (head == wire::kEofHeader && packet.size() == kHeader + 5) {
    const bool changed =
        (static_cast<unsigned char>(packet[kHeader + 4]) & (wire::kStatusSessionStateChanged >> 8)) != 0;
    if (changed) {  // what it was, an EOF cannot say; and our own tracking must not show
      reply_.pending_change = true;
      reply_.facts.state_changed = true;
      std::string patched(packet);
      patched[kHeader + 4] = static_cast<char>(static_cast<unsigned char>(patched[kHeader + 4]) &
                                               ~(wire::kStatusSessionStateChanged >> 8));
      to_client(patched);
      return true;
    }
  }
  if (head == wire::kErrHeader && !request_.gone_schema.empty() && tracker_.error_code() == wire::kErNoDb) {
    // A connection of the client's own would still have the schema's name.
    say_instead(packet, wire::unknown_database(request_.gone_schema));
    return true;
  }
  const bool in_read_only = head == wire::kErrHeader && session_.facts().status.read_only_transaction &&
                            session_.door() != policy::session::Door::kRead;
  if (in_read_only && refused_as_read_only(tracker_.error_code(), tracker_.message())) {
    // A replica says that it is read-only before it looks at the transaction; the primary would have said this.
    say_instead(packet, wire::read_only_transaction());
    return true;
  }
  to_client(packet);
  return true;
}

/// Another error in the place of the server's.
void Exchange::say_instead(ByteView packet, wire::ErrorReply error) {
  std::string said;
  wire::append_packet(said, byte_at(packet, 3), error.encode(client_.capabilities()));
  to_client(said);
  reply_.said_instead = std::move(error);
}

/// Whether the error is one that the statement is tried again for.
bool Exchange::refused(ByteView /*payload*/) {
  policy::session::Attempt attempt = attempt_;
  attempt.reply_begun = reply_.begun;
  const policy::session::Refusal refusal{tracker_.error_code(),
                                         refused_as_read_only(tracker_.error_code(), tracker_.message()),
                                         tracker_.error_code() == wire::kErServerShutdown};
  if (policy::session::after_refusal(attempt, refusal, request_.verdict) == policy::session::Next::kReport) {
    return false;
  }
  reply_.refusal = wire::said_by_server(tracker_.error_code(), tracker_.sqlstate(), tracker_.message());
  if (copy_ != nullptr) copy_->long_data = 0;
  return true;
}

/// The client knows the statement by our id.
void Exchange::take_prepare_ok(ByteView packet) {
  std::string patched(packet);
  const std::uint32_t ours = request_.prepared->id;
  for (std::size_t i = 0; i < 4; ++i) patched[kHeader + 1 + i] = static_cast<char>(ours >> (8 * i));
  to_client(patched);
}

void Exchange::take_ok(ByteView packet, ByteView payload) {
  Result<wire::OkPacket> ok = wire::decode_ok(payload, connection_.capabilities);
  std::string& untold = client_.untold_changes();
  // One that says "changed" has the length of nothing behind it.
  const bool bare = ok.ok() && ok->session_state.empty() && ok->info.empty() &&
                    !wire::has(ok->status, wire::kStatusSessionStateChanged);
  if (!ok.ok() || bare) {
    to_client(packet);
    return;
  }
  std::string visible;
  if (!ok->session_state.empty()) take_session_state(ok->session_state, &visible);
  if (sink_ == ReplySink::kNobody) {
    // A server that did not tell a change with an error tells it with the next OK that has one to tell; here that was
    // an OK of ours.
    if (!request_.text || !client_.has(wire::kClientSessionTrack)) return;
    if (untold.size() + visible.size() > kMostUntold) untold.clear();
    if (visible.size() <= kMostUntold) untold = wire::merged_session_changes(untold, visible);
    return;
  }
  if (!untold.empty() && !visible.empty()) {
    visible = wire::merged_session_changes(std::exchange(untold, std::string()), visible);
  }
  if (!visible.empty()) ok->status |= wire::kStatusSessionStateChanged;
  ok->session_state = visible;
  if (visible.empty()) ok->status &= static_cast<wire::StatusFlags>(~wire::kStatusSessionStateChanged);
  std::string rewritten;
  wire::append_packet(rewritten, byte_at(packet, 3), wire::encode_ok(*ok, client_.capabilities()));
  to_client(rewritten);
}

/// What changed in the session, and what a direct connection would have shown the client of it.
void Exchange::take_session_state(ByteView session_state, std::string* for_client) {
  policy::session::ReplyFacts& facts = reply_.facts;
  const policy::session::TrackingWish& wish = session_.facts().tracking;
  // Where the client's own tracking is in force, the server tells what the client is to hear.
  const bool all = connection_.facts.wish_shown;
  wire::SessionStateReader reader(session_state);
  for (;;) {
    Result<std::optional<wire::SessionStateEntry>> entry = reader.next();
    if (!entry.ok() || !*entry) break;
    const wire::SessionStateEntry& change = **entry;
    switch (change.type) {
      case wire::SessionChange::kSystemVariable:
        facts.variables.emplace_back(std::string(change.name), std::string(change.value));
        if (all || (wish.names(change.name) && !is_our_own(change.name))) {
          wire::append_session_change(*for_client, change);
        }
        break;
      case wire::SessionChange::kSchema:
        facts.schema = std::string(change.value);
        if (all || wish.schema) wire::append_session_change(*for_client, change);
        break;
      case wire::SessionChange::kStateChange:
        facts.state_changed = true;
        if (all || wish.state_change) wire::append_session_change(*for_client, change);
        break;
      case wire::SessionChange::kTransactionCharacteristics:
        facts.next_transaction = std::string(change.value);
        if (all || wish.transaction_info == "CHARACTERISTICS") wire::append_session_change(*for_client, change);
        break;
      case wire::SessionChange::kTransactionState:
        if (all || wish.transaction_info != "OFF") wire::append_session_change(*for_client, change);
        break;
      default: wire::append_session_change(*for_client, change);
    }
  }
}

void Exchange::finish() {
  policy::session::ReplyFacts& facts = reply_.facts;
  facts.failed = tracker_.failed();
  facts.error_code = tracker_.error_code();
  const bool says_status = request_.command != Command::kStmtPrepare && request_.command != Command::kStatistics;
  const bool said_status = !facts.failed || tracker_.results() > 0;  // an error says none; what came before it did
  if (says_status && said_status) {
    facts.status = status_of(tracker_.status());
    connection_.status = tracker_.status();
    facts.cursor_open = !facts.failed && (tracker_.status() & wire::kStatusCursorExists) != 0 &&
                        (tracker_.status() & wire::kStatusLastRowSent) == 0;
  }
  facts.affected_rows = tracker_.affected_rows();
  facts.insert_id = tracker_.insert_id();
  facts.rows = tracker_.rows();
  facts.results = tracker_.results();
  facts.result_set = tracker_.last_is_rows();
  facts.warnings = tracker_.warnings();
  if (facts.failed) {
    reply_.refusal = wire::said_by_server(tracker_.error_code(), tracker_.sqlstate(), tracker_.message());
  }
  reply_.statement_id = tracker_.statement_id();
  reply_.parameters = tracker_.statement_parameters();
  if (executes() && facts.failed) {
    reply_.kept = kept_by_failure(client_.request(), facts.error_code, tracker_.message());
  }
  const bool long_data_left = reply_.kept == Kept::kAll || request_.command == Command::kStmtFetch;
  if (copy_ != nullptr && !long_data_left) copy_->long_data = 0;
  connection_.at_rest = true;
  if (!request_.answer) return;
  const bool answered = !facts.failed && facts.result_set;
  client_.write(answered
                    ? with_answer(kept_back_, *request_.answer, request_.prepared != nullptr, connection_.capabilities)
                    : kept_back_);
}

}  // namespace

ByteView text_of(Session& session, const Request& request) {
  if (request.prepared != nullptr) return *request.prepared->meaning.text;
  return request.text ? ByteView(*request.text) : session.client().argument();
}

bool refused_as_read_only(std::uint16_t code, ByteView message) {
  return (code == wire::kErOptionPreventsStatement && message.find("read-only") != ByteView::npos) ||
         code == wire::kErReadOnlyMode;
}

Task<Reply> exchange(Session& session, Connection* connection, const Request* request, policy::session::Attempt attempt,
                     ReplySink sink) {
  if (!connection->usable()) {  // its end has arrived already: nothing is sent
    Reply lost;
    lost.end = Reply::End::kLost;
    lost.unsent = true;
    lost.failure = Error{ErrorCode::kClosed, "server '" + session.view()->servers[connection->slot].name +
                                                 "': the server closed the connection"};
    co_return lost;
  }
  // while a connection was made ready for it: nothing is begun
  if (sink == ReplySink::kClient && session.client().broken()) {
    Reply unsent;
    unsent.end = Reply::End::kClientGone;
    co_return unsent;
  }
  Running& running = session.running();
  running = {};
  running.connection = connection;
  running.read = attempt.repeatable || request->verdict.route == sql::Route::kReader;
  running.undone_by_rollback = session.facts().status.in_transaction && undone_by_rollback(request->verdict);
  const bool clients = sink == ReplySink::kClient || !request->text;  // and its end is of interest
  if (clients) session.client().stream().watch_peer(&session.peer_watcher());
  Exchange at_hand(session, *connection, *request, attempt, sink);
  if (at_hand.is_large()) {
    co_await at_hand.send_in_parts();
  } else {
    at_hand.send();
  }
  running.client_half_closed =
      clients && running.read && session.client().stream().peer_closed() && session.client().quiet();
  co_await at_hand.relay();
  session.client().stream().watch_peer(nullptr);
  running.connection = nullptr;
  co_return at_hand.take_reply();
}

}  // namespace hf::service::mysql
