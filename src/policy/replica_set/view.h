// SetView: one step's picture of a replica set: who is up, what was last seen of each, who replicates from whom.
//
// Owner: ReplicaSet builds one per step. Thread: the owner's only. Borrows the inputs for the length of the step.
// Invariants:
//   1. `seen` is set only for servers that are up; `last` survives their fall, for identity and positions only.
//   2. source(i) never is i.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "policy/health/rise_fall.h"
#include "policy/replica_set/observation.h"

namespace hf::policy::replica_set {

struct ReplicaSetServer {
  std::string name;
  std::string host;  // as configured: matched against the replicas' source when server ids do not tell
  std::uint16_t port = 0;
  std::uint32_t weight = 1;
};

struct ReplicaSetConfig {
  std::string service;
  std::vector<ReplicaSetServer> servers;
  Nanos max_replica_lag = 2s;
  bool reads_fallback_to_primary = true;
  Nanos slow_start = 0s;
};

struct Node {
  health::Health health = health::Health::kUnknown;
  bool suspected = false;
  bool drained = false;
  const ServerObservation* seen = nullptr;
  const ServerObservation* last = nullptr;
  const std::string* check_reason = nullptr;

  bool writable() const { return seen != nullptr && !seen->read_only; }
};

class SetView {
 public:
  SetView(const ReplicaSetConfig& config, std::vector<Node> nodes);

  std::size_t size() const { return nodes_.size(); }
  const Node& node(std::size_t i) const { return nodes_[i]; }
  const std::string& name(std::size_t i) const { return config_.servers[i].name; }
  const ReplicaSetConfig& config() const { return config_; }

  /// The server of this set that server i replicates from, as last seen. By server id where that is unique, by address
  /// otherwise. Nothing when it does not replicate, or from a server outside of the set.
  std::optional<std::size_t> source(std::size_t i) const { return sources_[i]; }

  /// How many servers that are up replicate directly from i (running or trying to).
  std::size_t followers(std::size_t i) const;

  /// "db1, db2".
  std::string names(const std::vector<std::size_t>& servers) const;

  /// Where server i replicates from, in words: a name of the set or "host:port".
  std::string source_text(std::size_t i) const;

 private:
  std::optional<std::size_t> find_source(std::size_t i) const;

  const ReplicaSetConfig& config_;
  std::vector<Node> nodes_;
  std::vector<std::optional<std::size_t>> sources_;
};

/// "2s", "1500ms": for reasons.
std::string format_duration(Nanos duration);

}  // namespace hf::policy::replica_set
