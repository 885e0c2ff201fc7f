// Counters: what a shard counts for one service. Written by the shard's thread alone, read by the admin thread.
//
// Invariant: relaxed atomics with one writer: a plain add on the hot path, no lock prefix.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "base/assert.h"
#include "base/latency_histogram.h"
#include "base/limits.h"
#include "policy/session/hold_reason.h"
#include "service/account_tally.h"

namespace hf::service {

class Counter {
 public:
  void add(std::uint64_t n = 1) { value_.store(value_.load(std::memory_order_relaxed) + n, std::memory_order_relaxed); }
  void subtract(std::uint64_t n = 1) { value_.store(value_.load(std::memory_order_relaxed) - n, std::memory_order_relaxed); }
  void set(std::uint64_t n) { value_.store(n, std::memory_order_relaxed); }
  std::uint64_t get() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

struct ServerCounters {
  Counter connections_open;     // to the server, in use and idle
  Counter connections_total;
  Counter connect_failures;
  Counter statements;           // or, for TCP, sessions
  Counter in_flight;
  Counter lost;                 // connections that broke while in use
  Counter bytes_to_server;
  Counter bytes_from_server;

  /// The slot is another server's from now on. The shard's thread only, while nothing is open to it.
  void restart() {
    for (Counter* each : {&connections_open, &connections_total, &connect_failures, &statements, &in_flight, &lost, &bytes_to_server, &bytes_from_server}) each->set(0);
  }
};

struct ServiceCounters {
  Counter clients;              // now
  Counter clients_total;
  Counter clients_refused;
  Counter login_failures;
  Counter statements;
  Counter reads_on_replicas;
  Counter reads_on_primary;
  Counter writes;
  Counter retried_reads;
  Counter rerouted;             // refused by a replica with 1290, run on the primary
  Counter held;                 // statements that had to wait for a primary or a connection
  Counter hold_timeouts;
  Counter lost_errors;          // clients told that their connection to the server was lost
  Counter state_restores;       // pooled connections that had to be given a session's state
  Counter restore_statements;   // … and what was sent to them for it
  Counter connection_resets;    // server connections made clean of what a session had left, by COM_RESET_CONNECTION
  Counter statements_reprepared;  // clients' prepared statements, on a connection that did not have them
  Counter reads_repeated;       // unseen: on the primary, for what they had left behind on a replica; or for the count of a failed one
  Counter bytes_from_clients;
  Counter bytes_to_clients;
};

/// Pins by policy::session::PinReason.
struct PinCounters {
  std::array<Counter, policy::session::kPinReasons> now;
  std::array<Counter, policy::session::kPinReasons> made;
};

/// All counters of one service on one shard. Outlives the shard's part of the service, so that the admin thread may read on.
class ShardCounters {
 public:
  ShardCounters() = default;
  ShardCounters(const ShardCounters&) = delete;
  ShardCounters& operator=(const ShardCounters&) = delete;
  ~ShardCounters() {
    for (std::atomic<ServerCounters*>& each : servers_) delete each.load(std::memory_order_acquire);
  }

  ServiceCounters service;
  PinCounters pins;
  AccountTally accounts;
  LatencyHistogram latency;  // of a statement, from its arrival to the end of its reply

  /// By slot; made on first use. The shard's thread only.
  ServerCounters& make_server(std::size_t slot) {
    HF_CHECK(slot < kMostServers);
    ServerCounters* known = servers_[slot].load(std::memory_order_relaxed);
    if (known == nullptr) {
      known = new ServerCounters;
      servers_[slot].store(known, std::memory_order_release);
    }
    return *known;
  }
  /// nullptr before the shard has heard of the server. Any thread.
  const ServerCounters* server(std::size_t slot) const {
    return slot < kMostServers ? servers_[slot].load(std::memory_order_acquire) : nullptr;
  }

 private:
  std::array<std::atomic<ServerCounters*>, kMostServers> servers_{};
};

}  // namespace hf::service
