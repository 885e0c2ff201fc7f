// Frontend: one protocol's part of one service on one shard: what it does with a client, its connections to servers,
// and what its sessions share. A virtual call per client, per view and per tick; none per query.
//
// Owner: ServiceShard. Thread: the shard's.
// Invariants:
//   1. It is made before the service has a view, and hears of each one when it holds.
//   2. serve() ends before close() is called, and nothing is called behind close().
//   3. The slot of a server that it uses() is not given to another one.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "config/config.h"
#include "net/listener.h"
#include "runtime/task.h"
#include "service/client_filter.h"
#include "service/counters.h"
#include "upstream/service_view.h"

namespace hf::service {

class ServiceShard;

class Frontend {
 public:
  Frontend() = default;
  Frontend(const Frontend&) = delete;
  Frontend& operator=(const Frontend&) = delete;
  virtual ~Frontend() = default;

  /// Those of this service on this shard, the protocol's own among them.
  virtual std::shared_ptr<ShardCounters> shard_counters() const = 0;
  /// Descriptors that one client takes, that of its own connection among them.
  virtual std::uint32_t descriptors_per_client() const = 0;
  /// Serves one client to its end; one that is not welcome is told so, where the protocol has words for it. `listen`:
  /// where it came in; it may go with the task's first wait. No coroutine itself: what a client needs to the end is in
  /// the frame of one that it calls.
  virtual runtime::Task<void> serve(net::Accepted accepted, const config::Listen& listen, Admission admission) = 0;

  /// The service has another view, which is of the protocol's kind.
  virtual void view_changed() = 0;
  /// There is a server in this slot, not known of before, or another one than before.
  virtual void server_added(upstream::ServerSlot slot) = 0;
  /// The server is down or no longer configured: connections to it end, `reason` in words.
  virtual void server_lost(upstream::ServerSlot slot, const Error& reason) = 0;
  /// Whether anything here is open to the server, beside what ServerShard::in_flight counts.
  virtual bool uses(upstream::ServerSlot slot) const = 0;

  /// A few times a second.
  virtual void tick() = 0;
  /// Sessions with nothing under way end, now and as they come to that.
  virtual void drain() = 0;
  /// No session is left: what is open to servers ends.
  virtual runtime::Task<Result<void>> close() = 0;
};

/// Makes a service's part on each of its shards; what those share among each other lives in it.
using FrontendMaker = std::function<std::unique_ptr<Frontend>(ServiceShard&)>;

}  // namespace hf::service
