// ServiceView: what a shard knows of one service: its configuration and what has been observed of its servers. An
// immutable snapshot, made by the control thread and swapped whole. What a protocol adds derives from it
// (mysql/view.h).
//
// Owner: shared_ptr<const>. Thread: any.
// Invariants:
//   1. A server keeps its slot (index) while it is configured, and after that until nobody holds its lease any more:
//      views and connections of before. Then the slot may be another server's, with another lease. There are at most
//      kMostServers slots.
//   2. All views of a service are of its protocol's kind.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "config/config.h"
#include "net/address.h"

namespace hf::upstream {

using ServerSlot = std::uint32_t;

class Places;

/// The right to mean one server by its slot. Whoever keeps the slot's number across a wait keeps the view it is from,
/// or the lease.
struct SlotLease {
  std::uint64_t number = 0;  // unique in the service's life, from 1
};

struct ServerView {
  std::string name;
  net::Address address;
  bool present = false;      // in the configuration
  bool reachable = false;    // answers, as far as we know
  bool reader = false;       // may be picked by the service's balance: for reads (MySQL), for connections (TCP)
  bool drained = false;      // by the operator
  std::uint32_t weight = 1;  // effective: the configured weight, less during slow start; unit: 1/100 of the configured
  std::string reason;        // why it is not used, or empty
  std::shared_ptr<const SlotLease> lease;  // while present
  // connections to it, over all shards: the one piece of state that they share; null: not limited
  std::shared_ptr<Places> places;
};

/// Whether a service can do its work.
struct Standing {
  bool writes = false;  // there is somebody to write to
  std::uint32_t readers = 0;
  std::uint32_t usable = 0;  // servers that serve clients, as whatever
  std::string reason;        // why nobody takes writes, where some could
};

struct ServiceView {
  ServiceView() = default;
  ServiceView(const ServiceView&) = default;
  ServiceView(ServiceView&&) = default;
  ServiceView& operator=(const ServiceView&) = default;
  ServiceView& operator=(ServiceView&&) = default;
  virtual ~ServiceView() = default;

  std::uint64_t version = 0;  // rises with every publication
  config::ConfigPtr config;
  const config::Service* service = nullptr;  // inside *config
  std::vector<ServerView> servers;           // by slot

  virtual Standing standing() const;
  /// Whether shards would do nothing differently. `other`: of the same kind.
  virtual bool same_as(const ServiceView& other) const;
};

using ServiceViewPtr = std::shared_ptr<const ServiceView>;

}  // namespace hf::upstream
