// ServiceReport: what is known of a service and its servers, for people.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "policy/health/rise_fall.h"
#include "upstream/service_view.h"

namespace hf::topology {

struct ServerReport {
  std::string name;
  std::string address;
  upstream::ServerSlot slot = 0;
  policy::health::Health health = policy::health::Health::kUnknown;
  std::string role;  // empty: the protocol has none
  bool reader = false;
  bool drained = false;
  std::string reason;
  std::string check;
  std::optional<TimePoint> checked_at;
  std::optional<Nanos> lag;  // behind its source
  std::uint32_t weight = 1;
  std::uint32_t effective_weight = 0;
  std::string version;  // of its software, where a look tells
};

/// Where one server is the primary of the others.
struct PrimaryReport {
  std::uint64_t epoch = 0;
  std::optional<std::size_t> server;  // index into ServiceReport::servers
  std::string reason;                 // why there is none
  bool reads_on_primary = false;
};

struct ServiceReport {
  std::optional<PrimaryReport> primary;  // nothing: the protocol has no primaries
  std::vector<ServerReport> servers;
};

}  // namespace hf::topology
