// StatusSnapshot: everything an operator can see, as values taken at one moment. /api/v1/status and /metrics render it.
//
// Owner: whoever asked the AdminModel for it. Thread: any (plain values).
// Invariants:
//   1. Counters only grow while the process lives (also across reloads), except those that metrics.h calls gauges.
//   2. No secrets: neither passwords nor tokens have a place here.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/latency_histogram.h"
#include "base/time.h"
#include "service/counters.h"
#include "vip/link/messages.h"

namespace hf::admin {

/// service::ServerCounters of all shards, summed.
struct ServerTotals {
  std::uint64_t connections_open = 0;
  std::uint64_t connections_total = 0;
  std::uint64_t connect_failures = 0;
  std::uint64_t statements = 0;
  std::uint64_t in_flight = 0;
  std::uint64_t lost = 0;
  std::uint64_t bytes_to_server = 0;
  std::uint64_t bytes_from_server = 0;

  void add(const service::ServerCounters& shard);
};

/// service::ServiceCounters of all shards, summed.
struct ServiceTotals {
  std::uint64_t clients = 0;
  std::uint64_t clients_total = 0;
  std::uint64_t clients_refused = 0;
  std::uint64_t login_failures = 0;
  std::uint64_t statements = 0;
  std::uint64_t reads_on_replicas = 0;
  std::uint64_t reads_on_primary = 0;
  std::uint64_t writes = 0;
  std::uint64_t retried_reads = 0;
  std::uint64_t rerouted = 0;
  std::uint64_t held = 0;
  std::uint64_t hold_timeouts = 0;
  std::uint64_t lost_errors = 0;
  std::uint64_t state_restores = 0;
  std::uint64_t restore_statements = 0;
  std::uint64_t connection_resets = 0;
  std::uint64_t statements_reprepared = 0;
  std::uint64_t reads_repeated = 0;
  std::uint64_t bytes_from_clients = 0;
  std::uint64_t bytes_to_clients = 0;

  void add(const service::ServiceCounters& shard);
};

/// service::PinCounters of all shards, summed.
struct PinTotals {
  std::array<std::uint64_t, policy::session::kPinReasons> now{};
  std::array<std::uint64_t, policy::session::kPinReasons> made{};

  void add(const service::PinCounters& shard);
  /// Sessions that cannot leave their server connection, now, for whatever reason.
  std::uint64_t sessions() const;
};

/// Connections to servers by account.
struct AccountStatus {
  std::string account;  // "app@%", or kOtherAccounts
  std::uint64_t connections = 0;
};
inline constexpr std::size_t kMostAccounts = 20;
inline constexpr std::string_view kOtherAccounts = "other";
/// Those with the most connections, most first, and last all others together, where there are any.
std::vector<AccountStatus> busiest_accounts(const service::AccountConnections& all);

struct ServerStatus {
  std::string name;
  std::string address;
  std::string role;     // "primary", "replica", …; empty for services without roles
  std::string health;   // "up", "down", "unknown"
  bool reader = false;  // gets reads (MySQL) or connections (TCP)
  bool drained = false;
  std::string reason;              // why it is used, or why not
  std::string check;               // the latest check in words
  std::optional<Nanos> check_age;  // since the latest check ended
  std::optional<Nanos> lag;
  std::uint32_t weight = 1;            // as configured
  std::uint32_t effective_weight = 0;  // in 1/100 of the configured unit
  std::string version;                 // of the server's software
  ServerTotals counters;
};

struct ListenerStatus {
  std::string address;
  std::string route;  // "split", "read", "write"; empty for services without routes
  bool open = false;
  std::string reason;  // why not open
};

struct ServiceStatus {
  std::string name;
  std::string protocol;
  std::string balance;
  std::uint64_t epoch = 0;
  std::string primary;         // name; empty when there is none
  std::string primary_reason;  // why this one, or why none
  bool reads_on_primary = false;
  std::vector<ListenerStatus> listeners;
  std::vector<ServerStatus> servers;
  ServiceTotals counters;
  PinTotals pins;                        // MySQL, as is the rest
  std::vector<AccountStatus> accounts;
  std::optional<LatencySnapshot> latency;  // from a statement's arrival to the end of its reply
};

/// Something of the gateway's that a virtual address depends on: a service, a script, a process, a file.
struct TrackStatus {
  std::string track;  // "service orders: primary", "script /usr/local/bin/check"
  bool good = false;
  std::string weight;  // "release", or the points it counts while it is bad: "-20"
  std::string reason;  // of the latest verdict
  std::int64_t since_wall_micros = 0;
};

struct VipStatus {
  vip::link::RouterReport report;  // the guardian's word
  std::vector<TrackStatus> tracks;
};

/// The process that holds the virtual addresses, and what it says of the other two.
struct GuardianStatus {
  std::int64_t pid = 0;
  std::int64_t gateway_pid = 0;
  std::int64_t steward_pid = 0;  // 0: none runs, or not known
  bool connected = false;        // false: it is gone, all that is shown is its last word
  std::optional<Nanos> report_age;  // nothing: it has not reported yet
  bool realtime = false;
  bool memory_locked = false;
  std::uint64_t gateway_restarts = 0;
  Nanos longest_delay{0};  // the latest that one of its timers ever was
};

/// One way into the admin interface.
struct DoorStatus {
  std::uint64_t connections = 0;  // now
  std::uint64_t gave_way = 0;     // closed so far because all places were taken
  std::uint64_t too_slow = 0;     // requests so far that did not arrive in time
};

struct AdminStatus {
  DoorStatus http;
  DoorStatus socket;
};

/// What the process may have open, and how it is shared out.
struct DescriptorStatus {
  std::uint64_t limit = 0;               // of the process
  std::uint64_t needed = 0;              // what the configuration may need
  std::uint64_t for_clients = 0;         // what clients may have; the rest is for servers, the admin interface and ourselves
  std::uint64_t held_by_clients = 0;     // now
};

struct Readiness {
  bool ready = false;
  std::string reason;  // what is missing
};

struct StatusSnapshot {
  std::string version;
  std::string node;
  std::int64_t pid = 0;
  Nanos uptime{0};
  std::uint32_t shards = 0;
  std::string config_file;
  std::uint64_t config_generation = 0;  // 1 at start, grows with every reload that took effect
  std::uint64_t last_event = 0;         // pass as `since` to be told what happens from now on
  Readiness readiness;
  AdminStatus admin;
  DescriptorStatus descriptors;
  std::uint64_t log_lines_lost = 0;  // so far: whoever takes the log did not take them
  std::vector<ServiceStatus> services;
  std::optional<GuardianStatus> guardian;  // nothing: no virtual addresses are configured
  std::vector<VipStatus> vips;
};

/// The snapshot as JSON text. Durations are in milliseconds (lag_ms), weights in configured units, unknown values null.
std::string status_json(const StatusSnapshot& status);

}  // namespace hf::admin
