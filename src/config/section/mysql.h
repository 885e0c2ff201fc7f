// [service.mysql]: what only services with protocol = "mysql" have.
//
// Owner: plain values. Thread: any (the functions are pure).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/time.h"
#include "config/file/forward.h"
#include "config/section/account.h"

namespace hf::config::section {

enum class ReadYourWrites : std::uint8_t { kOff, kSession, kService };

struct Mysql {
  Account monitor;
  std::vector<Account> users;
  bool users_from_servers = false;
  ReadYourWrites read_your_writes = ReadYourWrites::kOff;
  Nanos max_replica_lag = 2s;
  std::uint32_t max_server_connections = 100;  // per server, all shards together
  Nanos hold_timeout = 10s;                    // how long a statement waits for a primary or for a free connection
  bool reads_fallback_to_primary = true;
  Nanos pool_idle_timeout = 60s;    // an unused server connection is closed after this
  Nanos max_connection_age = 5min;  // an older server connection is lent to nobody else; 0: no limit
  Nanos slow_start = 0s;            // a server that came back takes its full share only after this
  friend bool operator==(const Mysql&, const Mysql&) = default;
};

std::span<const file::Key> keys_of_mysql();

/// `service` is the name of the service, `place` its place: "service[0]".
void check_mysql(const Mysql& mysql, const std::string& service, const std::string& place, file::ReadResult& result);

}  // namespace hf::config::section
