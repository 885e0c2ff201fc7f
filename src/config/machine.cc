#include "config/machine.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "config/file/findings.h"

namespace hf::config {

namespace {

class Presence : private file::Findings {
 public:
  Presence(const Config& config, const file::Machine& machine, file::ReadResult& result)
      : Findings(result), config_(config), machine_(machine), is_meant_(names_this_node(config, result)) {}

  void run() {
    check_user(config_.node.user, "node.user");
    for (std::size_t i = 0; i < config_.vips.size(); ++i) check_vip(config_.vips[i], fmt::format("vip[{}]", i));
    for (std::size_t i = 0; i < config_.notifies.size(); ++i) {
      const std::string place = fmt::format("notify[{}]", i);
      check_program(config_.notifies[i].command, place + ".command");
      check_user(config_.notifies[i].command.user, place + ".user");
    }
  }

 private:
  static bool names_this_node(const Config& config, const file::ReadResult& result) {
    return std::any_of(result.per_node_names.begin(), result.per_node_names.end(),
                       [&](const auto& table) { return table.second.contains(config.node.name); });
  }

  void check_vip(const Vip& vip, const std::string& place) {
    check_interface(vip.interface, place + ".interface");
    for (std::size_t i = 0; i < vip.addresses.size(); ++i) {
      check_interface(vip.addresses[i].interface, fmt::format("{}.addresses[{}].interface", place, i));
    }
    for (std::size_t i = 0; i < vip.heartbeats.size(); ++i) {
      check_interface(vip.heartbeats[i].interface, fmt::format("{}.heartbeat[{}].interface", place, i));
    }
    for (std::size_t i = 0; i < vip.tracks.size(); ++i) {
      const Track& track = vip.tracks[i];
      const std::string where = fmt::format("{}.track[{}]", place, i);
      check_interface(track.target, where + ".interface");
      check_program(track.script, where + ".script");
      check_user(track.script.user, where + ".user");
    }
    check_scripts(vip, place);
  }

  void check_scripts(const Vip& vip, const std::string& place) {
    const std::pair<std::string_view, const Script*> scripts[] = {{"on_master", &vip.on_master},
                                                                  {"on_backup", &vip.on_backup},
                                                                  {"on_fault", &vip.on_fault},
                                                                  {"on_stop", &vip.on_stop},
                                                                  {"on_change", &vip.on_change}};
    for (const auto& [key, script] : scripts) {
      check_program(*script, fmt::format("{}.{}", place, key));
      check_user(script->user, place + ".notify_user");
    }
  }

  void check_interface(const std::string& name, const std::string& place) {
    if (!is_meant_ || !good(place) || machine_.has_interface(name) || !interfaces_.insert(name).second) return;
    warning(at(place), fmt::format("interface = {}", file::quoted(name)), "there is no such interface on this machine",
            "correct the name or make the interface");
  }

  void check_program(const Script& script, const std::string& place) {
    if (!good(place) || script.id.empty()) return;
    const std::string& program = script.command.front();
    const Result<void> runs = machine_.can_run(program);
    if (runs.ok() || !programs_.insert(program).second) return;
    warning(at(place), fmt::format("program {}", file::quoted(program)),
            fmt::format("{} on this machine", runs.error().context), "correct the path or install the program");
  }

  /// Only a user who is written: a default that is missing is told of when it is needed.
  void check_user(const std::string& name, const std::string& place) {
    if (name.empty() || !good(place) || machine_.has_user(name) || !users_.insert(name).second) return;
    warning(at(place), fmt::format("user {}", file::quoted(name)), "there is no such user on this machine",
            fmt::format("correct the name, or make the user with `adduser --system --group {}`", name));
  }

  const Config& config_;
  const file::Machine& machine_;
  const bool is_meant_;
  std::set<std::string> interfaces_, programs_, users_;  // told of
};

}  // namespace

void check_machine(const Config& config, const file::Machine& machine, file::ReadResult& result) {
  Presence(config, machine, result).run();
}

}  // namespace hf::config
