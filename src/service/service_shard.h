// ServiceShard: one service as one shard runs it: its listeners, its clients, its servers, its counters. What its
// protocol does with them is the Frontend's.
//
// Owner: the Shard. Thread: the shard's; counters are read from elsewhere.
// Invariants:
//   1. The view is swapped whole; a session takes view() anew for every decision and keeps the shared_ptr across a
//      wait.
//   2. Sessions end before their ServiceShard: close() waits for them.
//   3. No more than max_connections clients, over all shards.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "config/config.h"
#include "net/listener.h"
#include "policy/balance/balance.h"
#include "runtime/scope.h"
#include "runtime/signal.h"
#include "service/control.h"
#include "service/counters.h"
#include "service/frontend.h"
#include "service/live_clients.h"
#include "upstream/service_view.h"

namespace hf::service {

class Shard;

/// What all shards of one service share.
class ServiceShared {
 public:
  ServiceShared(std::string its_name, FrontendMaker frontends)
      : name(std::move(its_name)), make_frontend(std::move(frontends)) {}

  const std::string name;
  const FrontendMaker make_frontend;
  std::atomic<std::uint32_t> clients{0};

  /// One set per shard; registered once each, read by the admin thread.
  void add_counters(std::shared_ptr<ShardCounters> counters) {
    const std::lock_guard lock(mutex_);
    counters_.push_back(std::move(counters));
  }
  std::vector<std::shared_ptr<ShardCounters>> all_counters() const {
    const std::lock_guard lock(mutex_);
    return counters_;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<std::shared_ptr<ShardCounters>> counters_;
};

/// One server as one shard sees it.
struct ServerShard {
  explicit ServerShard(ServerCounters& its_counters) : counters(its_counters) {}
  ServerCounters& counters;
  std::uint32_t in_flight = 0;                       // statements, or TCP sessions: what balancing goes by
  std::shared_ptr<const upstream::SlotLease> lease;  // while the server is configured, or something here refers to it
  std::uint64_t tenant = 0;                          // the number of its lease
};

class ServiceShard {
 public:
  ServiceShard(Shard& shard, std::shared_ptr<ServiceShared> shared, upstream::ServiceViewPtr view);
  ServiceShard(const ServiceShard&) = delete;
  ServiceShard& operator=(const ServiceShard&) = delete;
  ~ServiceShard();

  const std::string& name() const { return shared_->name; }
  ServiceShared& shared() { return *shared_; }
  const upstream::ServiceViewPtr& view() const { return view_; }
  const config::Service& config() const { return *view_->service; }
  runtime::EventLoop& loop() const;
  Shard& shard() { return shard_; }
  const Control& control() const;
  ServiceCounters& counters() { return counters_->service; }
  ServerShard& server(upstream::ServerSlot slot) { return *servers_[slot]; }
  const std::vector<std::unique_ptr<ServerShard>>& servers() const { return servers_; }
  std::size_t sessions() const { return sessions_.size(); }
  Frontend& frontend() { return *frontend_; }

  /// A new view: routes change for the next decision; connections to servers that died are cut.
  void apply(upstream::ServiceViewPtr view);
  /// Waits until the view changes. Errors: kTimeout, kCancelled.
  runtime::Signal::Waiter view_changed(Deadline deadline) { return changed_.wait(deadline); }

  /// Takes the listening socket over and serves it until close_listener or the end. `key` names it for close_listener.
  void listen(std::string key, int fd, config::Listen options);
  /// Other options for whoever comes in from now on.
  void change_listener(const std::string& key, const config::Listen& options);
  void close_listener(const std::string& key);

  /// A server that may take reads (MySQL) or a connection (TCP), by the service's balance; nothing when none is left.
  std::optional<upstream::ServerSlot> pick_reader(const policy::balance::ServerSet& tried);

  /// Ends everything: listeners at once, sessions as they come to an end or when the deadline passes.
  runtime::Task<Result<void>> close(Deadline deadline);

  /// Cuts every client that came in on this address of ours, because it is leaving this node; `reason` in words. Reads
  /// and open transactions of theirs are ended on the servers too; a write outside of one, or a COMMIT, that runs
  /// already runs on. Returns how many.
  std::size_t cut_clients_on(const net::Address& local, const std::string& reason);
  LiveClients& live_clients() { return live_clients_; }

  /// A session has ended: its place among max_connections is free.
  void client_gone();

  /// Housekeeping, a few times a second.
  void tick();

 private:
  struct OpenListener {
    OpenListener(runtime::EventLoop& loop, std::string its_key, int fd, config::Listen its_options,
                 net::Listener::Share share)
        : key(std::move(its_key)), options(std::move(its_options)), listener(loop, fd, net::SocketOptions{}, share) {}
    const std::string key;
    config::Listen options;
    net::Listener listener;
  };
  static runtime::Task<void> accept_loop(ServiceShard* self, OpenListener* open);
  void forget(const OpenListener* open);
  static runtime::Task<void> serve(Frontend* frontend, net::Accepted accepted, const config::Listen* listen,
                                   Admission admission);
  void admit(net::Accepted accepted, const config::Listen& listen);
  void add_servers();
  void take_leases();
  void give_back_leases();

  Shard& shard_;
  std::shared_ptr<ServiceShared> shared_;
  upstream::ServiceViewPtr view_;
  std::shared_ptr<ShardCounters> counters_;
  std::vector<std::unique_ptr<ServerShard>> servers_;
  std::vector<policy::balance::Candidate> readers_;
  policy::balance::LeastConnections least_connections_;
  policy::balance::WeightedRoundRobin round_robin_;
  runtime::Signal changed_;
  LiveClients live_clients_;
  std::unique_ptr<Frontend> frontend_;
  std::vector<std::unique_ptr<OpenListener>> listeners_;
  runtime::Scope accepting_;
  runtime::Scope sessions_;
};

}  // namespace hf::service
