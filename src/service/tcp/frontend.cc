#include "service/tcp/frontend.h"

#include "service/service_shard.h"
#include "service/tcp/relay.h"

namespace hf::service::tcp {

using runtime::Task;

namespace {

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

struct Reached {
  upstream::ServerSlot slot = 0;
  std::unique_ptr<net::Stream> stream;
};

/// A connection to a server that takes one. Errors: kUnreachable when none is left to try, kCancelled, or why the
/// client has gone.
HF_SEPARATE_FRAME Task<Result<Reached>> reach_a_server(ServiceShard* service, const net::Stream* client) {
  policy::balance::ServerSet tried;
  while (!client->broken()) {
    const std::optional<upstream::ServerSlot> slot = service->pick_reader(tried);
    if (!slot) co_return Error{ErrorCode::kUnreachable, "no server is available"};
    tried.insert(*slot);
    const upstream::ServiceViewPtr view = service->view();
    const Deadline deadline = service->loop().deadline_in(view->service->connect_timeout);
    Result<std::unique_ptr<net::Stream>> connected =
        co_await net::connect(service->loop(), view->servers[*slot].address, net::SocketOptions{}, deadline);
    if (connected.ok()) co_return Reached{*slot, std::move(*connected)};
    if (connected.error().code == ErrorCode::kCancelled) co_return std::move(connected).error();
    service->server(*slot).counters.connect_failures.add();
    service->control().server_failed(service->name(), *slot, connected.error().context);
  }
  co_return Error{ErrorCode::kClosed, "the client went away"};
}

/// A relay that lasts may be days long: it is counted where it can be seen.
class Counted {
 public:
  Counted(ServiceShard& service, ServerShard& server) : service_(service), server_(server) {
    ++server_.in_flight;
    server_.counters.in_flight.add();
    server_.counters.connections_total.add();
    server_.counters.connections_open.add();
    service_.counters().clients.add();
  }
  Counted(const Counted&) = delete;
  Counted& operator=(const Counted&) = delete;
  ~Counted() {
    service_.counters().clients.subtract();
    server_.counters.connections_open.subtract();
    server_.counters.in_flight.subtract();
    --server_.in_flight;
  }

 private:
  ServiceShard& service_;
  ServerShard& server_;
};

/// An unwelcome client hears nothing: TCP has no words.
Task<void> turn_away(ServiceShard* service, std::unique_ptr<net::Stream> /*client*/) {
  service->client_gone();
  co_return;
}

Task<void> relay_to_a_server(ServiceShard* service, std::unique_ptr<net::Stream> from) {
  {
    net::Stream& client = *from;
    TcpClient live(service->live_clients(), client);
    Result<Reached> reached = co_await reach_a_server(service, &client);
    if (reached.ok()) {
      ServerShard& server = service->server(reached->slot);
      const Counted counted(*service, server);
      live.use_server(reached->stream.get());
      const Nanos idle_timeout = service->config().client_timeout;  // no view is kept: what it was begun under may go
      co_await relay(&client, reached->stream.get(), idle_timeout, {service->counters(), server.counters});
      live.use_server(nullptr);
    } else {
      client.abort(std::move(reached).error());
    }
  }
  service->client_gone();
}

}  // namespace

FrontendMaker make_frontends() {
  return [](ServiceShard& service) { return std::make_unique<Frontend>(service); };
}

Task<void> Frontend::serve(net::Accepted accepted, const config::Listen& /*listen*/, Admission admission) {
  if (admission != Admission::kWelcome) return turn_away(&service_, std::move(accepted.stream));
  return relay_to_a_server(&service_, std::move(accepted.stream));
}

Task<Result<void>> Frontend::close() { co_return Result<void>{}; }

}  // namespace hf::service::tcp
