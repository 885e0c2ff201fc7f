// StatusSnapshot: everything an operator can see, as values taken at one moment. /api/v1/status and /metrics render it.
//
// Owner: whoever asked the AdminModel for it. Thread: any (plain values).
// Invariants:
//   1. Counters only grow while the process lives (also across reloads), except those that their words call gauges.
//   2. No secrets: neither passwords nor tokens have a place here.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "guardian/messages.h"
#include "service/totals.h"

namespace hf::admin {

struct ServerStatus {
  std::string name;
  std::string address;
  std::string role;     // "primary", "replica", …; empty for services without a primary
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
  service::CounterTotals counters;
};

struct ListenerStatus {
  std::string address;
  std::string route;  // "split", "read", "write"; empty for services without routes
  bool open = false;
  std::string reason;  // why not open
};

/// Of a service that has one server which takes the writes.
struct PrimaryStatus {
  std::uint64_t epoch = 0;
  std::string server;  // its name; empty when there is none now
  std::string reason;  // why this one, or why none
  bool takes_reads = false;
};

struct ServiceStatus {
  std::string name;
  std::string protocol;
  std::string balance;
  std::optional<PrimaryStatus> primary;
  std::vector<ListenerStatus> listeners;
  std::vector<ServerStatus> servers;
  service::ServiceTotals totals;
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
  vip::RouterReport report;  // the guardian's word
  std::vector<TrackStatus> tracks;
};

/// The process that holds the virtual addresses, and what it says of the other two.
struct GuardianStatus {
  std::int64_t pid = 0;
  std::int64_t gateway_pid = 0;
  std::int64_t steward_pid = 0;     // 0: none runs, or not known
  bool connected = false;           // false: it is gone, all that is shown is its last word
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
  std::uint64_t limit = 0;   // of the process
  std::uint64_t needed = 0;  // what the configuration may need
  // what clients may have; the rest is for servers, the admin interface and ourselves
  std::uint64_t for_clients = 0;
  std::uint64_t held_by_clients = 0;  // now
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
