// COM_BINLOG_DUMP: a replica of its own, or mariadb-binlog. Once the server has agreed, the connection belongs to the
// two ends.
#include "proto/mysql/response.h"
#include "service/mysql/handlers/handlers.h"
#include "service/mysql/holdings.h"
#include "service/mysql/lend.h"
#include "service/tcp/relay.h"

namespace hf::service::mysql::handlers {

namespace wire = proto::mysql;
using policy::session::Place;
using runtime::Task;

namespace {

/// What the server says first: a whole ERR, or the beginning of anything else. Errors: those of the stream, also when
/// the client leaves.
Task<Result<std::string>> first_words(Session& session, Connection* connection) {
  session.running() = {.connection = connection, .read = true};
  session.client().stream().watch_peer(&session.peer_watcher());
  std::string first;
  Result<void> heard{};
  const Deadline deadline = session.loop().deadline_in(session.service().config().client_timeout);
  while (first.size() < wire::kPacketHeader + 1 ||
         first.size() < wire::kPacketHeader + wire::load_packet_header(first).length) {
    Result<ByteView> bytes = co_await connection->stream->recv(deadline);
    if (!bytes.ok() || bytes->empty()) {
      heard = bytes.ok() ? Error{ErrorCode::kClosed, "the server closed the connection"} : std::move(bytes).error();
      break;
    }
    first.append(*bytes);
    const bool streams = first.size() > wire::kPacketHeader && byte_at(first, wire::kPacketHeader) != wire::kErrHeader;
    if (streams) break;
  }
  session.client().stream().watch_peer(nullptr);
  session.running().connection = nullptr;
  HF_CO_RETURN_IF_ERROR(heard);
  co_return std::move(first);
}

}  // namespace

Task<bool> on_binlog_dump(Session& session) {
  Holdings& holdings = session.holdings();
  ClientEnd& client = session.client();
  Trial trial;
  trial.hold = session.hold_deadline();
  if (holdings.held == nullptr) {
    const Place place = session.door() == policy::session::Door::kRead ? Place::kReader : Place::kPrimary;
    Result<ConnectionPtr> borrowed = co_await borrow(session, place, &trial);
    if (!borrowed.ok()) {
      client.send_error(trial.refusal.code != 0 ? trial.refusal : wire::own_error(borrowed.error().context));
      co_return borrowed.error().code != ErrorCode::kCancelled;
    }
    co_await hold(session, std::move(*borrowed), policy::session::tie::kDiagnostics, policy::session::PinReason::kNone);
  }
  Connection& connection = *holdings.held;
  std::string packet;
  wire::append_packet(packet, 0, client.request());
  connection.at_rest = false;
  connection.stream->write(packet);
  // The first packet tells: an ERR is an answer like any other, after which the session goes on; anything else begins
  // the stream.
  const Result<std::string> first = co_await first_words(session, &connection);
  if (!first.ok()) {
    lose_held(session);
    client.begin_reply();
    client.send_error(wire::lost_connection());
    co_return false;
  }
  client.write(*first);
  if (byte_at(*first, wire::kPacketHeader) == wire::kErrHeader) {
    connection.at_rest = true;
    co_return true;
  }
  const std::string rest = client.take_inbox();
  if (!rest.empty()) connection.stream->write(rest);
  const tcp::RelayCounters counters{session.service().counters(), session.service().server(connection.slot).counters};
  co_await tcp::relay(&client.stream(), connection.stream.get(), Nanos::zero(), counters);
  connection.facts.must_close = true;
  co_return false;
}

}  // namespace hf::service::mysql::handlers
