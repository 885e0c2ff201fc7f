// Bytes both ways between a client and a server, half-close kept.
#pragma once

#include "net/stream.h"
#include "runtime/task.h"
#include "service/counters.h"

namespace hf::service::tcp {

/// Where the bytes of a relay are counted.
struct RelayCounters {
  ServiceCounters& service;
  ServerCounters& server;
};

/// Relays both directions until both have ended or one breaks. For protocols that hand a connection through, too.
/// Bounds: `idle_timeout` without a byte either way, 256 KiB queued per direction.
runtime::Task<void> relay(net::Stream* client, net::Stream* server, Nanos idle_timeout, RelayCounters counters);

}  // namespace hf::service::tcp
