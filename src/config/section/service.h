// [[service]]: something that clients reach at one address.
//
// Owner: plain values. Thread: any (the functions are pure).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/time.h"
#include "config/file/address.h"
#include "config/file/forward.h"
#include "config/section/check.h"
#include "config/section/listen.h"
#include "config/section/mysql.h"
#include "config/section/server.h"

namespace hf::config::section {

enum class Protocol : std::uint8_t { kTcp, kMysql };
enum class Balance : std::uint8_t { kLeastConnections, kRoundRobin };

struct Service {
  std::string name;
  Protocol protocol = Protocol::kTcp;
  std::vector<Listen> listen;
  Balance balance = Balance::kLeastConnections;
  std::vector<file::Network> allow;       // empty: everybody
  std::uint32_t max_connections = 10000;  // clients, all shards together
  Nanos connect_timeout = 3s;             // towards a server
  Nanos client_timeout = 8h;              // idle client (MySQL: as wait_timeout)
  Nanos server_timeout = 0s;              // longest silence of a server inside a reply; 0: none
  // between two look-ups of a server's name, at most; 0: at start and reload only
  Nanos resolve_interval = 30s;
  Check check;
  std::vector<Server> servers;
  Mysql mysql;  // meaningful when protocol is kMysql
  friend bool operator==(const Service&, const Service&) = default;
};

std::span<const file::Key> keys_of_service();

void check_services(const std::vector<Service>& services, file::ReadResult& result);

}  // namespace hf::config::section
