#include "policy/replica_set/view.h"

#include <algorithm>
#include <utility>

#include "base/assert.h"

namespace hf::policy::replica_set {

SetView::SetView(const ReplicaSetConfig& config, std::vector<Node> nodes) : config_(config), nodes_(std::move(nodes)) {
  HF_CHECK(nodes_.size() == config_.servers.size());
  sources_.reserve(nodes_.size());
  for (std::size_t i = 0; i < nodes_.size(); ++i) sources_.push_back(find_source(i));
}

std::optional<std::size_t> SetView::find_source(std::size_t i) const {
  const ServerObservation* replica = nodes_[i].last;
  if (replica == nullptr || !replica->is_replica) return std::nullopt;
  std::optional<std::size_t> by_id;
  std::size_t matches = 0;
  for (std::size_t j = 0; j < nodes_.size(); ++j) {
    const bool same = j != i && replica->source_server_id != 0 && nodes_[j].last != nullptr &&
                      nodes_[j].last->server_id == replica->source_server_id;
    if (!same) continue;
    by_id = j;
    ++matches;
  }
  if (matches == 1) return by_id;
  for (std::size_t j = 0; j < nodes_.size(); ++j) {
    const ReplicaSetServer& server = config_.servers[j];
    if (j != i && server.port == replica->source_port && server.host == replica->source_host) return j;
  }
  return std::nullopt;
}

std::size_t SetView::followers(std::size_t i) const {
  std::size_t count = 0;
  for (std::size_t j = 0; j < nodes_.size(); ++j) {
    const ServerObservation* replica = nodes_[j].seen;
    if (replica != nullptr && sources_[j] == i && replica->io_thread != ReplicationThread::kStopped) ++count;
  }
  return count;
}

std::string SetView::names(const std::vector<std::size_t>& servers) const {
  std::string out;
  for (const std::size_t i : servers) {
    if (!out.empty()) out += ", ";
    out += name(i);
  }
  return out;
}

std::string SetView::source_text(std::size_t i) const {
  if (sources_[i]) return name(*sources_[i]);
  const ServerObservation* replica = nodes_[i].last;
  if (replica == nullptr || !replica->is_replica) return "nobody";
  return replica->source_host + ":" + std::to_string(replica->source_port);
}

std::string format_duration(Nanos duration) {
  const auto millis = std::chrono::duration_cast<Millis>(duration).count();
  if (millis % 1000 == 0) return std::to_string(millis / 1000) + "s";
  return std::to_string(millis) + "ms";
}

}  // namespace hf::policy::replica_set
