// What the monitor of a MySQL service saw of its servers: the input of the verdict. Observed facts only, nothing
// desired.
//
// Owner: the control thread's monitor fills it. Thread: any (plain values).
// Invariants:
//   1. Text fields come from servers and are not trusted: they are compared and shown, never obeyed.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "policy/health/rise_fall.h"

namespace hf::policy::replica_set {

/// A replication thread as SHOW SLAVE STATUS tells it. kConnecting: Slave_IO_Running is "Connecting" or "Preparing".
enum class ReplicationThread : std::uint8_t { kStopped, kConnecting, kRunning };

struct SemisyncStatus {
  bool primary_enabled = false;       // rpl_semi_sync_master_enabled
  bool primary_active = false;        // Rpl_semi_sync_master_status: commits wait for an acknowledgement right now
  std::uint32_t primary_clients = 0;  // Rpl_semi_sync_master_clients
  bool replica_active = false;        // Rpl_semi_sync_slave_status
};

/// One successful look at one server.
struct ServerObservation {
  TimePoint observed_at;
  std::uint32_t server_id = 0;
  std::string version;
  std::uint64_t capabilities = 0;  // of its handshake: the low half CLIENT_*, the high half MariaDB's own
  bool read_only = true;
  bool is_replica = false;  // SHOW SLAVE STATUS has a row
  ReplicationThread io_thread = ReplicationThread::kStopped;
  bool sql_running = false;
  std::string source_host;
  std::uint16_t source_port = 0;
  std::uint32_t source_server_id = 0;  // 0: not known (it never connected)
  std::optional<Nanos> behind_source;  // Seconds_Behind_Master; nothing when the server says NULL
  std::string gtid_binlog_pos;
  std::string gtid_current_pos;
  std::string gtid_io_pos;            // for promotion: no decision uses it yet
  std::string replication_error;      // Last_IO_Error or Last_SQL_Error
  std::uint32_t threads_running = 0;  // this and what follows: for promotion, too
  SemisyncStatus semisync;
  std::vector<std::uint32_t> follower_server_ids;  // the server's own word for who follows it; nobody asks for it yet
};

enum class AdminState : std::uint8_t { kReady, kDrained };

/// One server of the set at one step. `observation` is that of the latest successful check; nothing before the first.
struct ServerInput {
  health::Health health = health::Health::kUnknown;
  bool suspected = false;    // up, but the latest check failed (RiseFall::suspected)
  std::string check_reason;  // the latest check in words: "connection refused"
  std::optional<ServerObservation> observation;
  AdminState admin = AdminState::kReady;
};

}  // namespace hf::policy::replica_set
