#include "app/admin_connections.h"

#include <algorithm>
#include <utility>

#include "admin/request_parser.h"

namespace hf::app {

using admin::Connection;
using admin::RequestParser;
using runtime::Task;

namespace {

constexpr ByteView kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

std::string refusal(int status, std::string_view why) {
  return admin::serialize(admin::error_response(status, why), Connection::kClose);
}

}  // namespace

/// One connection and what it is at.
struct AdminConnections::Client {
  enum class At { kReading, kAnswering, kIdle };

  net::Accepted accepted;
  At at = At::kReading;
  TimePoint since;
  std::string pending;  // bytes that no request has taken yet
  RequestParser parser;

  net::Stream& stream() const { return *accepted.stream; }
  void now_at(At what, TimePoint now) {
    at = what;
    since = now;
  }
};

/// In the list for as long as it lives.
class AdminConnections::Membership {
 public:
  Membership(AdminConnections& all, Client& client) : all_(all), client_(client) { all_.clients_.push_back(&client_); }
  Membership(const Membership&) = delete;
  Membership& operator=(const Membership&) = delete;
  ~Membership() { std::erase(all_.clients_, &client_); }

 private:
  AdminConnections& all_;
  Client& client_;
};

void AdminConnections::serve(net::Accepted accepted) {
  if (clients_.size() >= door_.places) make_room();
  scope_.spawn("admin client", run, this, std::move(accepted));
}

/// Its descriptor is free at once; its task ends within the turn.
void AdminConnections::make_room() {
  const auto oldest = std::ranges::min_element(clients_, {}, [](const Client* client) { return client->since; });
  if (oldest == clients_.end()) return;
  Client& client = **oldest;
  clients_.erase(oldest);
  ++gave_way_;
  if (client.at == Client::At::kReading) {
    client.stream().write(refusal(503, "all " + std::to_string(door_.places) +
                                           " connections of this address are taken, and this one had waited longest; "
                                           "connect again and send the request at once"));
    client.stream().flush();
  }
  client.stream().abort({ErrorCode::kOverload, "gave way to a new connection"});
  door_.crowded();
}

Deadline AdminConnections::deadline_of(const Client& client) const {
  switch (client.at) {
    case Client::At::kReading: return Deadline::after(client.since, kRequestPatience);
    case Client::At::kAnswering: return Deadline::after(client.since, kAnswerPatience);
    case Client::At::kIdle: break;
  }
  return Deadline::after(client.since, kIdlePatience);
}

void AdminConnections::end_late(Client& client) {
  if (client.at != Client::At::kReading) return;
  ++too_slow_;
  client.stream().write(
      refusal(408, "the request did not arrive within " + std::to_string(kRequestPatience / Seconds(1)) + " seconds"));
}

Task<void> AdminConnections::run(AdminConnections* self, net::Accepted accepted) {
  Client client{.accepted = std::move(accepted),
                .at = Client::At::kReading,
                .since = self->loop_.now(),
                .pending = {},
                .parser = {}};
  const Membership membership(*self, client);
  for (;;) {
    const bool more = co_await converse(self, &client);
    if (!more) break;
  }
  client.stream().close();
}

/// A step: takes what can be taken of the bytes that are there, answers, or waits for more. False: the connection is
/// over.
Task<bool> AdminConnections::converse(AdminConnections* self, Client* client) {
  net::Stream& stream = client->stream();
  RequestParser::Fed fed;
  while (!client->pending.empty()) {
    fed = client->parser.feed(client->pending);
    client->pending.erase(0, fed.consumed);
    if (fed.progress != RequestParser::Progress::kNeedMore || fed.consumed == 0) break;
  }
  if (fed.progress == RequestParser::Progress::kBad) {
    stream.write(admin::serialize(client->parser.refusal(), Connection::kClose));
    co_return false;
  }
  if (fed.progress == RequestParser::Progress::kComplete) {
    const admin::HttpRequest request = client->parser.take();
    const Connection after = admin::connection_after(request);
    client->now_at(Client::At::kAnswering, self->loop_.now());
    const admin::HttpResponse answer = co_await self->door_.answer(request, client->accepted);
    stream.write(admin::serialize(answer, after, admin::body_part_for(request)));
    const Result<void> sent = co_await stream.drained(0, self->deadline_of(*client));
    if (!sent.ok() || after == Connection::kClose) co_return false;
    client->now_at(client->pending.empty() ? Client::At::kIdle : Client::At::kReading, self->loop_.now());
    co_return true;
  }
  if (client->parser.wants_continue()) stream.write(kContinue);
  Result<ByteView> bytes = co_await stream.recv(self->deadline_of(*client));
  if (!bytes.ok() && bytes.error().code == ErrorCode::kTimeout) self->end_late(*client);
  if (!bytes.ok() || bytes->empty()) co_return false;
  client->pending.append(*bytes);
  if (client->at == Client::At::kIdle) client->now_at(Client::At::kReading, self->loop_.now());
  co_return true;
}

Task<Result<void>> AdminConnections::close(Deadline deadline) {
  Result<void> closed = co_await scope_.close(deadline);
  co_return closed;
}

}  // namespace hf::app
