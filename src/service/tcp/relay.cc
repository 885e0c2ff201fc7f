#include "service/tcp/relay.h"

#include "runtime/scope.h"
#include "service/service_shard.h"

namespace hf::service::tcp {

using runtime::Task;

namespace {

constexpr std::size_t kQueueLimit = 256 * 1024;
constexpr std::size_t kQueueLow = 64 * 1024;

/// One direction. Ends when `from` ends (then `to` is told so), or when either breaks (then both are).
Task<void> pump(net::Stream* from, net::Stream* to, Nanos idle_timeout, TimePoint* last_byte, Counter* read, Counter* written) {
  runtime::EventLoop& loop = from->loop();
  for (;;) {
    const Deadline deadline = idle_timeout > Nanos::zero() ? Deadline::after(*last_byte, idle_timeout) : Deadline::never();
    Result<ByteView> bytes = co_await from->recv(deadline);
    const bool other_way_is_busy = !bytes.ok() && bytes.error().code == ErrorCode::kTimeout && loop.now() - *last_byte < idle_timeout;
    if (other_way_is_busy) continue;
    if (!bytes.ok()) {
      Error reason = std::move(bytes).error();
      from->abort(reason);
      to->abort(std::move(reason));
      co_return;
    }
    if (bytes->empty()) break;
    *last_byte = loop.now();
    read->add(bytes->size());
    written->add(bytes->size());
    to->write(*bytes);
    if (to->queued() > kQueueLimit) {
      const Deadline patience = idle_timeout > Nanos::zero() ? loop.deadline_in(idle_timeout) : Deadline::never();
      Result<void> drained = co_await to->drained(kQueueLow, patience);
      if (!drained.ok()) {
        from->abort(drained.error());
        to->abort(std::move(drained).error());
        co_return;
      }
    }
  }
  to->shut_write();
}

/// The client of one session. Without it the server's side has nothing to do, so that is cut as well.
class TcpClient final : public LiveClient {
 public:
  TcpClient(LiveClients& list, net::Stream& client) : LiveClient(list), client_(client) {}
  void use_server(net::Stream* server) { server_ = server; }
  void cut(const Error& reason) override {
    client_.cut(reason);
    if (server_ != nullptr) server_->abort(reason);
  }
  const net::Stream& client_stream() const override { return client_; }

 private:
  net::Stream& client_;
  net::Stream* server_ = nullptr;
};

}  // namespace

Task<void> relay(net::Stream* client, net::Stream* server, Nanos idle_timeout, RelayCounters counters) {
  TimePoint last_byte = client->loop().now();  // either way
  runtime::Scope upstream(client->loop());
  upstream.spawn("tcp upstream", pump, client, server, idle_timeout, &last_byte, &counters.service.bytes_from_clients, &counters.server.bytes_to_server);
  co_await pump(server, client, idle_timeout, &last_byte, &counters.server.bytes_from_server, &counters.service.bytes_to_clients);
  if (client->broken() || server->broken()) upstream.cancel();
  co_await upstream.join();
}

Task<void> serve(ServiceShard* service, net::Accepted accepted) {
  TcpClient live(service->live_clients(), *accepted.stream);
  policy::ServerSet tried;
  while (!accepted.stream->broken()) {
    const std::optional<upstream::ServerSlot> slot = service->pick_reader(tried);
    if (!slot) {
      accepted.stream->abort({ErrorCode::kUnreachable, "no server is available"});
      break;
    }
    tried.insert(*slot);
    upstream::ServiceViewPtr view = service->view();
    ServerShard& server = service->server(*slot);
    net::SocketOptions options;
    Result<std::unique_ptr<net::Stream>> connected =
        co_await net::connect(service->loop(), view->servers[*slot].address, options,
                              service->loop().deadline_in(view->service->connect_timeout));
    if (!connected.ok()) {
      if (connected.error().code == ErrorCode::kCancelled) break;
      server.counters.connect_failures.add();
      service->control().server_failed(service->name(), *slot, connected.error().context);
      continue;
    }
    ++server.in_flight;
    server.counters.connections_total.add();
    server.counters.connections_open.add();
    service->counters().clients.add();
    live.use_server(connected->get());
    server.counters.statements.add();
    const RelayCounters counters{service->counters(), server.counters};
    const Nanos idle_timeout = view->service->client_timeout;
    view.reset();  // a relay may last for days; what it was begun under may go
    co_await relay(accepted.stream.get(), connected->get(), idle_timeout, counters);
    live.use_server(nullptr);
    service->counters().clients.subtract();
    server.counters.connections_open.subtract();
    --server.in_flight;
    break;
  }
  service->client_gone();
}

}  // namespace hf::service::tcp
