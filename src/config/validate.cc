#include "config/validate.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "config/file/findings.h"
#include "config/file/spelling.h"

namespace hf::config {

namespace {

constexpr std::size_t kMostNodes = 64;

/// A listener and how to name it and its owner.
struct Listening {
  Endpoint endpoint;
  std::string owner;
  file::Position at;
};

/// What no section can say alone.
class WholeFile : private file::Findings {
 public:
  WholeFile(const Config& config, file::ReadResult& result)
      : Findings(result), config_(config), per_node_names_(result.per_node_names) {}

  void check_there_is_work() {
    if (written("service") || written("service[0]") || written("vip") || written("vip[0]")) return;
    error({1, 1}, "[[service]] is missing", "the file needs a service or a VIP at least", "add [[service]] or [[vip]]");
  }

  void check_listeners() {
    const std::vector<Listening> all = listeners();
    for (std::size_t later = 1; later < all.size(); ++later) {
      const auto end = all.begin() + static_cast<std::ptrdiff_t>(later);
      const auto first =
          std::find_if(all.begin(), end, [&](const Listening& l) { return collide(l.endpoint, all[later].endpoint); });
      if (first == end) continue;
      const std::string same =
          first->endpoint == all[later].endpoint ? "there" : fmt::format("on \"{}\"", first->endpoint.to_string());
      error(all[later].at, fmt::format("listener \"{}\" is taken", all[later].endpoint.to_string()),
            fmt::format("{} listens {} already", first->owner, same), "choose another address or port");
    }
  }

  /// A table without a value for a node is an error there: all of them name the same nodes.
  void check_node_names() {
    if (per_node_names_.size() < 2) return;
    std::map<std::string_view, std::size_t> tables;
    for (const auto& [place, names] : per_node_names_) {
      for (const auto& [name, position] : names) ++tables[name];
    }
    for (const auto& [place, names] : per_node_names_) {
      for (const auto& [name, position] : names) {
        if (tables.at(name) > 1) continue;
        warning(position, fmt::format("node {} is in {} only", file::quoted(name), place.substr(place.rfind('.') + 1)),
                "no other table keyed by node name has it", remedy_for_lone(name, names, tables));
      }
    }
  }

 private:
  using NodesOfTable = file::PerNodeNames::mapped_type;

  /// The names beside it were not meant. Among more nodes than a cluster has there is no search.
  static std::string remedy_for_lone(const std::string& name, const NodesOfTable& beside,
                                     const std::map<std::string_view, std::size_t>& tables) {
    std::vector<std::string_view> candidates;
    for (const auto& [other, count] : tables) {
      if (tables.size() <= kMostNodes && !beside.contains(std::string(other))) candidates.push_back(other);
    }
    const std::string_view near = file::nearest(name, candidates);
    if (near.empty()) return "add it to the others or remove it";
    return fmt::format("did you mean \"{}\"?", near);
  }

  std::vector<Listening> listeners() const {
    std::vector<Listening> all;
    all.push_back({config_.admin.http, "admin.http", at("admin.http")});
    all.push_back({config_.admin.socket, "admin.socket", at("admin.socket")});
    for (std::size_t i = 0; i < config_.services.size(); ++i) {
      const Service& service = config_.services[i];
      for (std::size_t j = 0; j < service.listen.size(); ++j) {
        all.push_back({service.listen[j].endpoint, fmt::format("service {}", file::quoted(service.name)),
                       at(fmt::format("service[{}].listen[{}]", i, j))});
      }
    }
    std::erase_if(all, [](const Listening& l) { return l.endpoint == Endpoint{}; });
    return all;
  }

  const Config& config_;
  const file::PerNodeNames& per_node_names_;
};

}  // namespace

void validate(const Config& config, EventTypes events, file::ReadResult& result) {
  WholeFile whole(config, result);
  section::check_node(config.node, result);
  section::check_admin(config.admin, result);
  whole.check_there_is_work();
  whole.check_node_names();
  section::check_services(config.services, result);
  whole.check_listeners();
  section::check_vips(config.vips, result);
  section::check_tracks(config.vips, config.services, result);
  section::check_notifies(config.notifies, config.vips, events, result);
}

}  // namespace hf::config
