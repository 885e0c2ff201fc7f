// ServiceView: what a shard knows of one service: its configuration and what has been observed of its servers. An immutable
// snapshot, made by the control thread and swapped whole.
//
// Owner: shared_ptr<const>. Thread: any.
// Invariants:
//   1. A server keeps its slot (index) while it is configured, and after that until nobody holds its lease any more: views and
//      connections of before. Then the slot may be another server's, with another lease. There are at most kMostServers slots.
//   2. `primary`, when there is one, is present and usable. There is never more than one.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "config/config.h"
#include "net/address.h"
#include "upstream/mysql_accounts.h"
#include "upstream/session_defaults.h"

namespace hf::upstream {

using ServerSlot = std::uint32_t;

class Places;

/// The right to mean one server by its slot. Whoever keeps the slot's number across a wait keeps the view it is from, or the lease.
struct SlotLease {
  std::uint64_t number = 0;  // unique in the service's life, from 1
};

struct ServerView {
  std::string name;
  net::Address address;
  bool present = false;      // in the configuration
  bool reachable = false;    // answers, as far as we know
  bool reader = false;       // may take reads (MySQL) or connections (TCP)
  bool drained = false;      // by the operator
  std::uint32_t weight = 1;  // effective: the configured weight, less during slow start; unit: 1/100 of the configured
  std::string reason;        // why it is not used, or empty
  std::shared_ptr<const SlotLease> lease;  // while present
  std::shared_ptr<Places> places;          // connections to it, over all shards: the one piece of state that they share
};

struct ServiceView {
  std::uint64_t version = 0;  // rises with every publication
  std::uint64_t epoch = 0;    // rises with every change of primary
  config::ConfigPtr config;
  const config::Service* service = nullptr;  // inside *config
  std::vector<ServerView> servers;           // by slot
  std::optional<ServerSlot> primary;
  std::string no_primary_reason;

  // MySQL: what the greeting to clients says, learnt from the servers.
  std::string server_version;
  bool mariadb = false;  // by that version
  std::uint64_t server_capabilities = 0;
  std::uint8_t server_charset = 45;
  std::shared_ptr<const MysqlAccounts> accounts;
  std::uint64_t accounts_round = 0;  // readings that were asked for and have ended (upstream/refresh.h)
  SessionDefaultsPtr defaults = std::make_shared<const SessionDefaults>();  // the primary's; never null
  std::uint64_t defaults_round = 0;
};

using ServiceViewPtr = std::shared_ptr<const ServiceView>;

}  // namespace hf::upstream
