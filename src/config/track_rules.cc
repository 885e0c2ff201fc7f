#include "config/track_rules.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdlib>
#include <initializer_list>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "config/findings.h"
#include "config/spelling.h"

namespace hf::config {

namespace {

/// A key of [[vip.track]] and the kinds that have it.
struct KeyOfKinds {
  std::string_view key;
  std::initializer_list<TrackKind> kinds;
};

constexpr std::string_view key_of(TrackKind kind) {
  switch (kind) {
    case TrackKind::kService: return "service";
    case TrackKind::kInterface: return "interface";
    case TrackKind::kScript: return "script";
    case TrackKind::kProcess: return "process";
    case TrackKind::kFile: return "file";
  }
  return {};
}

/// "a script, a process or a file"
std::string in_words(std::initializer_list<TrackKind> kinds) {
  std::string words;
  std::size_t left = kinds.size();
  for (const TrackKind kind : kinds) {
    words += fmt::format("{} {}", kind == TrackKind::kInterface ? "an" : "a", key_of(kind));
    if (--left > 0) words += left == 1 ? " or " : ", ";
  }
  return words;
}

class TrackRules : private Findings {
 public:
  explicit TrackRules(ReadResult& result) : Findings(result), result_(result), config_(result.config) {}

  void run() {
    for (std::size_t i = 0; i < config_.vips.size(); ++i) {
      const Vip& vip = config_.vips[i];
      const std::string place = fmt::format("vip[{}]", i);
      for (std::size_t j = 0; j < vip.tracks.size(); ++j) check_track(vip.tracks[j], fmt::format("{}.track[{}]", place, j));
      check_weights(vip, place);
    }
  }

 private:
  void check_track(const Track& track, const std::string& place) {
    if (!good(fmt::format("{}.{}", place, key_of(track.kind)))) return;
    check_keys(track, place);
    if (track.kind == TrackKind::kService) check_service(track, place);
    if (track.kind == TrackKind::kFile && !written(place + ".weight")) {
      error(at(place), "weight is missing", "a file holds how many times it counts", "add weight = -20 or weight = \"release\"");
    }
    if (good(place + ".weight") && !track.weight.release && track.weight.points == 0) {
      warning(at(place + ".weight"), "weight = 0", "it changes nothing, what keepalived does at 0 is \"release\"", "write weight = \"release\" or a number");
    }
  }

  void check_keys(const Track& track, const std::string& place) {
    using enum TrackKind;
    const KeyOfKinds keys[] = {{"needs", {kService}}, {"at_least", {kService, kProcess}}, {"interval", {kScript, kProcess, kFile}}, {"timeout", {kScript}}, {"rise", {kScript}}, {"fall", {kScript}}, {"user", {kScript}}, {"shell", {kScript}}};
    for (const auto& [key, kinds] : keys) {
      const std::string where = fmt::format("{}.{}", place, key);
      if (!written(where) || std::find(kinds.begin(), kinds.end(), track.kind) != kinds.end()) continue;
      error(at(where), fmt::format("{} besides {}", key, key_of(track.kind)), fmt::format("only {} has it", in_words(kinds)), "remove it");
    }
  }

  void check_service(const Track& track, const std::string& place) {
    const auto service = std::find_if(config_.services.begin(), config_.services.end(), [&](const Service& s) { return s.name == track.target; });
    if (service == config_.services.end()) return unknown_service(track, place);
    const bool protocol_known = good(fmt::format("service[{}].protocol", service - config_.services.begin()));
    if (protocol_known && track.needs != ServiceNeeds::kAny && service->protocol != Protocol::kMysql) {
      error(at(place + ".needs"), fmt::format("needs = \"{}\"", track.needs == ServiceNeeds::kPrimary ? "primary" : "readers"),
            fmt::format("service {} is a tcp service, only mysql services have that", quoted(service->name)), "remove it");
    }
    if (track.needs == ServiceNeeds::kPrimary && track.at_least > 1) {
      error(at(place + ".at_least"), fmt::format("at_least = {}", track.at_least), "a service has one primary", "remove it");
    } else if (track.at_least > service->servers.size() && !service->servers.empty()) {
      error(at(place + ".at_least"), fmt::format("at_least = {}", track.at_least),
            fmt::format("service {} has fewer servers, so it would always be bad", quoted(service->name)),
            fmt::format("write at most {}", service->servers.size()));
    }
  }

  void unknown_service(const Track& track, const std::string& place) {
    std::vector<std::string_view> names;
    for (const Service& service : config_.services) names.push_back(service.name);
    const std::string_view near = nearest(track.target, names);
    error(at(place + ".service"), fmt::format("service = {}", quoted(track.target)), "there is no [[service]] of this name",
          near.empty() ? fmt::format("the services are {}", fmt::join(names, ", ")) : fmt::format("did you mean \"{}\"?", near));
  }

  void check_weights(const Vip& vip, const std::string& place) {
    if (vip.priority == 255) return;  // the owner of the addresses: no weight counts, by definition
    if (!vip.preempt && !bad(place + ".preempt")) return check_points_count(vip, place);
    check_points_suffice(vip, place);
  }

  /// A backup obeys a master of lower priority, so points take nothing from it.
  void check_points_count(const Vip& vip, const std::string& place) {
    const auto check = [&](const Weight& weight, const std::string& where, std::string_view key) {
      if (weight.release || weight.points == 0) return;
      warning(at(where), fmt::format("{} = {} without preempt", key, weight.points),
              "a backup leaves the addresses with a master of lower priority, so they never move by it",
              fmt::format("write {} = \"release\" or preempt = true", key));
    };
    for (std::size_t i = 0; i < vip.tracks.size(); ++i) check(vip.tracks[i].weight, fmt::format("{}.track[{}].weight", place, i), "weight");
    check(vip.gateway_weight, place + ".gateway_weight", "gateway_weight");
  }

  /// All points together that this node can lose; nothing where a file gives the number, or where there are none.
  static std::optional<int> most_points(const Vip& vip) {
    int sum = vip.gateway_weight.release ? 0 : std::abs(vip.gateway_weight.points);
    for (const Track& track : vip.tracks) {
      if (track.weight.release) continue;
      if (track.kind == TrackKind::kFile) return std::nullopt;
      sum += std::abs(track.weight.points);
    }
    if (sum == 0) return std::nullopt;
    return sum;
  }

  void check_points_suffice(const Vip& vip, const std::string& place) {
    const std::optional<int> points = most_points(vip);
    const auto numbers = result_.per_node_numbers.find(place + ".priority");
    if (!points || numbers == result_.per_node_numbers.end()) return;
    std::multiset<std::int64_t> priorities;
    for (const auto& [node, priority] : numbers->second) priorities.insert(priority);
    if (priorities.size() < 2) return;
    const std::int64_t first = *priorities.rbegin();
    const std::int64_t gap = first - *std::next(priorities.rbegin());
    if (*points >= gap || first == 255) return;
    warning(at(place + ".priority"), fmt::format("the two highest priorities are {} apart", gap),
            fmt::format("all weights together are {} points, so they never move the addresses", *points),
            "make the weights larger than the gap, or write \"release\"");
  }

  const ReadResult& result_;
  const Config& config_;
};

}  // namespace

void check_tracks(ReadResult& result) { TrackRules(result).run(); }

}  // namespace hf::config
