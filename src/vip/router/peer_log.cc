#include "vip/router/peer_log.h"

#include <algorithm>
#include <utility>

namespace hf::vip::router {

void PeerLog::set_paths(std::vector<std::string> names) {
  std::vector<Path> next;
  for (std::string& name : names) {
    Path path;
    for (const Path& old : paths_) {
      if (old.name == name) path = old;
    }
    path.name = std::move(name);
    next.push_back(std::move(path));
  }
  paths_ = std::move(next);
}

bool PeerLog::sent(std::size_t path, const Result<void>& outcome) {
  if (path >= paths_.size()) return false;
  Path& one = paths_[path];
  const std::string before = one.problem();
  ++(outcome.ok() ? one.sent : one.send_failures);
  one.failures_in_a_row = outcome.ok() ? 0 : one.failures_in_a_row + 1;
  if (!outcome.ok()) one.failure = outcome.error().context;
  return one.problem() != before;
}

bool PeerLog::found(std::size_t path, std::string_view problem) {
  if (path >= paths_.size()) return false;
  Path& one = paths_[path];
  const std::string before = one.problem();
  one.found = problem;
  return one.problem() != before;
}

std::string PeerLog::Path::problem() const {
  if (!found.empty()) return found;
  return failures_in_a_row >= kFailuresInARow ? failure : "";
}

std::string PeerLog::problem(std::size_t path) const { return path < paths_.size() ? paths_[path].problem() : ""; }

bool PeerLog::cannot_send() const {
  return !paths_.empty() &&
         std::none_of(paths_.begin(), paths_.end(), [](const Path& path) { return path.problem().empty(); });
}

void PeerLog::heard(std::size_t path, TimePoint now) {
  if (path >= paths_.size()) return;
  paths_[path].heard_at = now;
  ++paths_[path].received;
}

std::optional<std::uint64_t> PeerLog::refused(std::string_view reason, TimePoint now) {
  auto it = refusals_.find(reason);
  if (it == refusals_.end()) it = refusals_.emplace(std::string(reason), Refusals{}).first;
  Refusals& counts = it->second;
  ++counts.total;
  ++counts.untold;
  if (counts.told_at && now - *counts.told_at < kTellAgain) return std::nullopt;
  counts.told_at = now;
  return std::exchange(counts.untold, 0);
}

std::optional<TimePoint> PeerLog::heard_on_heartbeats() const {
  std::optional<TimePoint> latest;
  for (std::size_t i = 1; i < paths_.size(); ++i) {
    if (paths_[i].heard_at && (!latest || *paths_[i].heard_at > *latest)) latest = paths_[i].heard_at;
  }
  return latest;
}

std::vector<PathReport> PeerLog::paths(TimePoint now) const {
  std::vector<PathReport> reports;
  for (const Path& path : paths_) {
    const std::int64_t heard_ms = path.heard_at ? (now - *path.heard_at) / Millis(1) : -1;
    reports.push_back({path.name, heard_ms, path.sent, path.received, path.send_failures, path.problem()});
  }
  return reports;
}

std::vector<RefusedCount> PeerLog::refusals() const {
  std::vector<RefusedCount> counts;
  for (const auto& [reason, each] : refusals_) counts.push_back({reason, each.total});
  return counts;
}

}  // namespace hf::vip::router
