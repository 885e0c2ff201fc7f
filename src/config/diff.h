// What changed between two configurations, by identity: a service is its name and protocol, a server its name in the
// service, a listener its address, an account its user, a VIP its name, a notify its receiver. Reload keeps state,
// counters, pools and sessions of everything not named here.
//
// Owner: the caller. Thread: any (pure function).
// Invariants:
//   1. diff(a, b).empty() exactly when a == b.
//   2. A name is in at most one of added, removed and changed; a service whose protocol changed is removed and added.
//   3. No secret appears: an account is named by its user.
#pragma once

#include <string>
#include <vector>

#include "config/config.h"
#include "config/file/changes.h"

namespace hf::config {

using file::NamesDiff;

/// What changed inside a service that is in both.
struct ServiceDiff {
  std::string name;
  NamesDiff listeners;                // by Endpoint::to_string(); changed: its route
  NamesDiff servers;                  // by name; changed: address or weight
  NamesDiff users;                    // by user; changed: the password
  std::vector<std::string> settings;  // keys below the service that changed: "balance", "check.interval"
  bool empty() const { return listeners.empty() && servers.empty() && users.empty() && settings.empty(); }
};

/// What changed in a VIP that is in both.
struct VipDiff {
  std::string name;
  std::vector<std::string> settings;  // keys below the VIP that changed: "priority", "announce.delay"; never empty
};

struct ConfigDiff {
  NamesDiff services;  // changed: those in service_changes
  std::vector<ServiceDiff> service_changes;
  NamesDiff vips;  // changed: those in vip_changes
  std::vector<VipDiff> vip_changes;
  NamesDiff notifies;  // by receiver: "fifo /run/holdfast/vip.fifo"
  // keys outside services and VIPs that a reload applies: "log.level", "admin.token"
  std::vector<std::string> settings;
  std::vector<std::string> needs_restart;  // in words: "node.shards changed from 2 to 4"
  bool empty() const {
    return services.empty() && vips.empty() && notifies.empty() && settings.empty() && needs_restart.empty();
  }
};

ConfigDiff diff(const Config& before, const Config& after);

/// One line per change, for the reload's answer and its event.
std::vector<std::string> describe(const ConfigDiff& diff);

}  // namespace hf::config
