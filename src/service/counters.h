// Counters: what a shard counts for one service. Written by the shard's thread alone, read by the admin thread.
//
// Invariants:
//   1. Relaxed atomics with one writer: a plain add on the hot path, no lock prefix.
//   2. Each struct of counters has one table of rows beside it, with a row for every member; totals, JSON and /metrics
//      come from the rows.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/assert.h"
#include "base/limits.h"

namespace hf::service {

class Counter {
 public:
  void add(std::uint64_t n = 1) { value_.store(value_.load(std::memory_order_relaxed) + n, std::memory_order_relaxed); }
  void subtract(std::uint64_t n = 1) {
    value_.store(value_.load(std::memory_order_relaxed) - n, std::memory_order_relaxed);
  }
  void set(std::uint64_t n) { value_.store(n, std::memory_order_relaxed); }
  std::uint64_t get() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

enum class CounterKind : std::uint8_t {
  kCounter,  // only grows while the process lives
  kGauge
};

/// What is said of a counter. JSON uses `name`; Prometheus "holdfast_service_<name>" or "holdfast_server_<name>",
/// "_total" behind it for what only grows. Rows of one name in the tables of several protocols say the same.
struct CounterWords {
  std::string_view name;
  CounterKind kind;
  std::string_view help;
};

template <typename Counters>
struct CounterRow {
  CounterWords words;
  Counter Counters::* counter;
};

/// For a static_assert beside each table: a row for every member, each once.
template <typename Counters, std::size_t kRows>
consteval bool covers(const CounterRow<Counters> (&rows)[kRows]) {
  for (std::size_t i = 0; i < kRows; ++i) {
    for (std::size_t k = 0; k < i; ++k) {
      if (rows[i].counter == rows[k].counter || rows[i].words.name == rows[k].words.name) return false;
    }
  }
  return kRows * sizeof(Counter) == sizeof(Counters);
}

/// Of one server, for any protocol.
struct ServerCounters {
  Counter connections_open;
  Counter connections_total;
  Counter connect_failures;
  Counter in_flight;
  Counter bytes_to_server;
  Counter bytes_from_server;
};

inline constexpr CounterRow<ServerCounters> kServerCounters[] = {
    {{"connections", CounterKind::kGauge, "Connections to the server, in use and idle."},
     &ServerCounters::connections_open},
    {{"connections_opened", CounterKind::kCounter, "Connections opened to the server so far."},
     &ServerCounters::connections_total},
    {{"connect_failures", CounterKind::kCounter, "Connections that could not be opened."},
     &ServerCounters::connect_failures},
    {{"in_flight", CounterKind::kGauge, "Statements on the server now; or, for TCP, sessions."},
     &ServerCounters::in_flight},
    {{"bytes_to_server", CounterKind::kCounter, "Bytes sent to the server."}, &ServerCounters::bytes_to_server},
    {{"bytes_from_server", CounterKind::kCounter, "Bytes read from the server."}, &ServerCounters::bytes_from_server},
};
static_assert(covers(kServerCounters));

/// Of a service's clients, for any protocol.
struct ServiceCounters {
  Counter clients;
  Counter clients_total;
  Counter clients_refused;
  Counter bytes_from_clients;
  Counter bytes_to_clients;
};

inline constexpr CounterRow<ServiceCounters> kServiceCounters[] = {
    {{"clients", CounterKind::kGauge, "Clients connected now."}, &ServiceCounters::clients},
    {{"clients_accepted", CounterKind::kCounter, "Clients accepted so far."}, &ServiceCounters::clients_total},
    {{"clients_refused", CounterKind::kCounter, "Clients refused for their address or for overload."},
     &ServiceCounters::clients_refused},
    {{"bytes_from_clients", CounterKind::kCounter, "Bytes read from clients."}, &ServiceCounters::bytes_from_clients},
    {{"bytes_to_clients", CounterKind::kCounter, "Bytes sent to clients."}, &ServiceCounters::bytes_to_clients},
};
static_assert(covers(kServiceCounters));

/// One set of counters for each server, by slot; made on first use by the shard's thread, found by any.
template <typename Counters>
class PerServer {
 public:
  PerServer() = default;
  PerServer(const PerServer&) = delete;
  PerServer& operator=(const PerServer&) = delete;
  ~PerServer() {
    for (std::atomic<Counters*>& each : by_slot_) delete each.load(std::memory_order_acquire);
  }

  Counters& make(std::size_t slot) {
    HF_CHECK(slot < kMostServers);
    Counters* known = by_slot_[slot].load(std::memory_order_relaxed);
    if (known == nullptr) {
      known = new Counters;
      by_slot_[slot].store(known, std::memory_order_release);
    }
    return *known;
  }
  /// nullptr before the shard has heard of the server.
  const Counters* find(std::size_t slot) const {
    return slot < kMostServers ? by_slot_[slot].load(std::memory_order_acquire) : nullptr;
  }

 private:
  std::array<std::atomic<Counters*>, kMostServers> by_slot_{};
};

/// The slot is another server's from now on. The shard's thread only, while nothing is open to it.
template <typename Counters, std::size_t kRows>
void restart(Counters& counters, const CounterRow<Counters> (&rows)[kRows]) {
  for (const CounterRow<Counters>& row : rows) (counters.*row.counter).set(0);
}

class CounterTotals;
struct ServiceTotals;

/// All counters of one service on one shard, those of its protocol among them. Outlives the shard's part of the
/// service, so that the admin thread may read on.
class ShardCounters {
 public:
  ShardCounters() = default;
  ShardCounters(const ShardCounters&) = delete;
  ShardCounters& operator=(const ShardCounters&) = delete;
  virtual ~ShardCounters() = default;

  ServiceCounters service;
  PerServer<ServerCounters> servers;

  /// On top of what other shards have counted. Any thread.
  virtual void add_to(ServiceTotals& totals) const;
  virtual void add_server_to(std::size_t slot, CounterTotals& totals) const;
};

}  // namespace hf::service
