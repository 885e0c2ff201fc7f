// A TCP session: one client, one server, bytes both ways, half-close kept.
#pragma once

#include "net/listener.h"
#include "runtime/task.h"
#include "service/counters.h"

namespace hf::service {
class ServiceShard;
}

namespace hf::service::tcp {

/// Serves one client to its end: picks a server, connects (another one when that fails), relays. Bounds: connect_timeout per
/// server, client_timeout without a byte either way, 256 KiB queued per direction.
runtime::Task<void> serve(ServiceShard* service, net::Accepted accepted);

/// Where the bytes of a relay are counted.
struct RelayCounters {
  ServiceCounters& service;
  ServerCounters& server;
};

/// Relays both directions until both have ended or one breaks. For protocols that hand a connection through.
runtime::Task<void> relay(net::Stream* client, net::Stream* server, Nanos idle_timeout, RelayCounters counters);

}  // namespace hf::service::tcp
