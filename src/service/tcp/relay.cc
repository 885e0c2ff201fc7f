#include "service/tcp/relay.h"

#include "runtime/scope.h"

namespace hf::service::tcp {

using runtime::Task;

namespace {

constexpr std::size_t kQueueLimit = 256 * 1024;
constexpr std::size_t kQueueLow = 64 * 1024;

/// Rare, and not a part of what an idle relay keeps.
HF_SEPARATE_FRAME Task<Result<void>> let_it_drain(net::Stream* to, Deadline patience) {
  co_return co_await to->drained(kQueueLow, patience);
}

/// One direction. Ends when `from` ends (then `to` is told so), or when either breaks (then both are).
Task<void> pump(net::Stream* from, net::Stream* to, Nanos idle_timeout, TimePoint* last_byte, Counter* read,
                Counter* written) {
  runtime::EventLoop& loop = from->loop();
  for (;;) {
    const Deadline deadline =
        idle_timeout > Nanos::zero() ? Deadline::after(*last_byte, idle_timeout) : Deadline::never();
    Result<ByteView> bytes = co_await from->recv(deadline);
    const bool other_way_is_busy =
        !bytes.ok() && bytes.error().code == ErrorCode::kTimeout && loop.now() - *last_byte < idle_timeout;
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
      Result<void> drained = co_await let_it_drain(to, patience);
      if (!drained.ok()) {
        from->abort(drained.error());
        to->abort(std::move(drained).error());
        co_return;
      }
    }
  }
  to->shut_write();
}

}  // namespace

Task<void> relay(net::Stream* client, net::Stream* server, Nanos idle_timeout, RelayCounters counters) {
  TimePoint last_byte = client->loop().now();  // either way
  runtime::Scope upstream(client->loop());
  upstream.spawn("tcp upstream", pump, client, server, idle_timeout, &last_byte, &counters.service.bytes_from_clients,
                 &counters.server.bytes_to_server);
  co_await pump(server, client, idle_timeout, &last_byte, &counters.server.bytes_from_server,
                &counters.service.bytes_to_clients);
  if (client->broken() || server->broken()) upstream.cancel();
  co_await upstream.join();
}

}  // namespace hf::service::tcp
