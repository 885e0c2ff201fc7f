#include "config/section/track.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdlib>
#include <initializer_list>
#include <optional>
#include <set>
#include <string_view>

#include "config/file/findings.h"
#include "config/file/key.h"
#include "config/file/spelling.h"
#include "config/section/service.h"
#include "config/section/vip.h"

namespace hf::config::section {

namespace {

using file::at;
using file::by;
using file::Key;
using file::Kind;
using file::ns;
using file::only_if;
using file::ParsedValue;
using file::when;

// In the order of ServiceNeeds: a choice is stored as its index.
constexpr std::string_view kNeeds[] = {"any", "primary", "readers"};

bool is_script(const Track& track) { return track.kind == TrackKind::kScript; }

/// A program is one word while the file is read; fill_in of a VIP splits it.
struct Program {
  using Owner = Track;
  static void store(Track& track, const ParsedValue& value) {
    track.kind = TrackKind::kScript;
    track.script.command = {value.text};
  }
  static std::optional<ParsedValue> read(const Track& track) {
    if (!is_script(track)) return std::nullopt;
    return ParsedValue{.text = runs_in_shell(track.script) ? shell_text(track.script) : command_line(track.script)};
  }
};

struct Shell {
  using Owner = Track;
  static void store(Track& track, const ParsedValue& value) {
    if (value.flag) hand_to_shell(track.script);
  }
  static std::optional<ParsedValue> read(const Track& track) {
    return ParsedValue{.flag = runs_in_shell(track.script)};
  }
};

// clang-format off: tables read better in columns
constexpr Key kKeys[] = {
    {.path = "vip.track.service", .kind = Kind::kName, .doc = "A [[service]] of this file, by its name.", .required = true, .group = "track",
     .field = when<&Track::kind, TrackKind::kService, &Track::target>()},
    {.path = "vip.track.interface", .kind = Kind::kInterface, .doc = "An interface that must be up and have a carrier.", .required = true, .group = "track", .per_node = true,
     .field = when<&Track::kind, TrackKind::kInterface, &Track::target>()},
    {.path = "vip.track.script", .kind = Kind::kCommand, .doc = "A program by its whole path, and its arguments; it is bad when it ends with another code than 0.",
     .sample = "\"/etc/holdfast/check.sh\"", .required = true, .group = "track", .field = by<Program>()},
    {.path = "vip.track.process", .kind = Kind::kText, .doc = "A process of this name that must run.", .sample = "\"nginx\"", .required = true, .group = "track",
     .field = when<&Track::kind, TrackKind::kProcess, &Track::target>()},
    {.path = "vip.track.file", .kind = Kind::kPath,
     .doc = "A file that holds a whole number: the weight counts that many times (an empty file: once; no file: not at all). With \"release\" any number but 0 releases.",
     .sample = "\"/etc/holdfast/down\"", .required = true, .group = "track", .field = when<&Track::kind, TrackKind::kFile, &Track::target>()},
    {.path = "vip.track.weight", .kind = Kind::kWeight,
     .doc = "\"release\" gives the addresses up; a number is added to the priority, and only preempt = true moves the addresses by it.",
     .sample = "\"release\"", .fallback_note = "`\"release\"`; required for a file", .min = -253, .max = 253, .field = at<&Track::weight>()},
    {.path = "vip.track.needs", .kind = Kind::kChoice, .doc = "Of a service: any usable server, or of a mysql service a writable primary, or servers for reads.",
     .fallback = "\"any\"", .choices = kNeeds, .field = at<&Track::needs>()},
    {.path = "vip.track.at_least", .kind = Kind::kCount, .doc = "Of a service or a process: how many servers or processes are enough.",
     .fallback = "1", .min = 1, .max = 10'000, .field = at<&Track::at_least>()},
    {.path = "vip.track.interval", .kind = Kind::kDuration, .doc = "Of a script, a process or a file: the time between two looks.",
     .fallback = "\"1s\"", .min = ns(10ms), .max = ns(1h), .field = at<&Track::interval>()},
    {.path = "vip.track.timeout", .kind = Kind::kDuration, .doc = "Of a script: how long it may run; then it is killed with its process group and counts as bad.",
     .sample = "\"1s\"", .fallback_note = "the interval", .min = ns(10ms), .max = ns(1h),
     .field = only_if<is_script, &Track::script, &Script::timeout>()},
    {.path = "vip.track.rise", .kind = Kind::kCount, .doc = "Of a script: how many good results in a row make it good again.",
     .fallback = "1", .min = 1, .max = 100, .field = at<&Track::rise>()},
    {.path = "vip.track.fall", .kind = Kind::kCount, .doc = "Of a script: how many bad results in a row make it bad.",
     .fallback = "1", .min = 1, .max = 100, .field = at<&Track::fall>()},
    {.path = "vip.track.user", .kind = Kind::kName, .doc = "Of a script: who runs it.", .sample = "\"nobody\"", .fallback_note = "`node.user`",
     .field = at<&Track::script, &Script::user>()},
    {.path = "vip.track.shell", .kind = Kind::kFlag, .doc = "Of a script: whether /bin/sh runs it, as one line.", .fallback = "false",
     .field = by<Shell>()},
};
// clang-format on

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

class TrackRules : private file::Findings {
 public:
  TrackRules(const std::vector<Vip>& vips, const std::vector<Service>& services, file::ReadResult& result)
      : Findings(result), result_(result), vips_(vips), services_(services) {}

  void run() {
    for (std::size_t i = 0; i < vips_.size(); ++i) {
      const Vip& vip = vips_[i];
      const std::string place = fmt::format("vip[{}]", i);
      for (std::size_t j = 0; j < vip.tracks.size(); ++j) {
        check_track(vip.tracks[j], fmt::format("{}.track[{}]", place, j));
      }
      check_weights(vip, place);
    }
  }

 private:
  void check_track(const Track& track, const std::string& place) {
    if (!good(fmt::format("{}.{}", place, key_of(track.kind)))) return;
    check_keys(track, place);
    if (track.kind == TrackKind::kService) check_service(track, place);
    if (track.kind == TrackKind::kFile && !written(place + ".weight")) {
      error(at(place), "weight is missing", "a file holds how many times it counts",
            "add weight = -20 or weight = \"release\"");
    }
    if (good(place + ".weight") && !track.weight.release && track.weight.points == 0) {
      warning(at(place + ".weight"), "weight = 0", "it changes nothing, what keepalived does at 0 is \"release\"",
              "write weight = \"release\" or a number");
    }
  }

  void check_keys(const Track& track, const std::string& place) {
    using enum TrackKind;
    const KeyOfKinds keys[] = {{"needs", {kService}},
                               {"at_least", {kService, kProcess}},
                               {"interval", {kScript, kProcess, kFile}},
                               {"timeout", {kScript}},
                               {"rise", {kScript}},
                               {"fall", {kScript}},
                               {"user", {kScript}},
                               {"shell", {kScript}}};
    for (const auto& [key, kinds] : keys) {
      const std::string where = fmt::format("{}.{}", place, key);
      if (!written(where) || std::find(kinds.begin(), kinds.end(), track.kind) != kinds.end()) continue;
      error(at(where), fmt::format("{} besides {}", key, key_of(track.kind)),
            fmt::format("only {} has it", in_words(kinds)), "remove it");
    }
  }

  void check_service(const Track& track, const std::string& place) {
    const auto service =
        std::find_if(services_.begin(), services_.end(), [&](const Service& s) { return s.name == track.target; });
    if (service == services_.end()) return unknown_service(track, place);
    const bool protocol_known = good(fmt::format("service[{}].protocol", service - services_.begin()));
    if (protocol_known && track.needs != ServiceNeeds::kAny && service->protocol != Protocol::kMysql) {
      error(at(place + ".needs"),
            fmt::format("needs = \"{}\"", track.needs == ServiceNeeds::kPrimary ? "primary" : "readers"),
            fmt::format("service {} is a tcp service, only mysql services have that", file::quoted(service->name)),
            "remove it");
    }
    if (track.needs == ServiceNeeds::kPrimary && track.at_least > 1) {
      error(at(place + ".at_least"), fmt::format("at_least = {}", track.at_least), "a service has one primary",
            "remove it");
    } else if (track.at_least > service->servers.size() && !service->servers.empty()) {
      error(at(place + ".at_least"), fmt::format("at_least = {}", track.at_least),
            fmt::format("service {} has fewer servers, so it would always be bad", file::quoted(service->name)),
            fmt::format("write at most {}", service->servers.size()));
    }
  }

  void unknown_service(const Track& track, const std::string& place) {
    std::vector<std::string_view> names;
    for (const Service& service : services_) names.push_back(service.name);
    const std::string_view near = file::nearest(track.target, names);
    error(at(place + ".service"), fmt::format("service = {}", file::quoted(track.target)),
          "there is no [[service]] of this name",
          near.empty() ? fmt::format("the services are {}", fmt::join(names, ", "))
                       : fmt::format("did you mean \"{}\"?", near));
  }

  void check_weights(const Vip& vip, const std::string& place) {
    if (vip.priority == 255) return;  // the owner of the addresses: no weight counts, by definition
    if (!vip.preempt && !bad(place + ".preempt")) return check_points_count(vip, place);
    check_points_suffice(vip, place);
  }

  /// A backup obeys a master of lower priority, so points take nothing from it.
  void check_points_count(const Vip& vip, const std::string& place) {
    const auto check = [&](const policy::vrrp::Weight& weight, const std::string& where, std::string_view key) {
      if (weight.release || weight.points == 0) return;
      warning(at(where), fmt::format("{} = {} without preempt", key, weight.points),
              "a backup leaves the addresses with a master of lower priority, so they never move by it",
              fmt::format("write {} = \"release\" or preempt = true", key));
    };
    for (std::size_t i = 0; i < vip.tracks.size(); ++i) {
      check(vip.tracks[i].weight, fmt::format("{}.track[{}].weight", place, i), "weight");
    }
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

  const file::ReadResult& result_;
  const std::vector<Vip>& vips_;
  const std::vector<Service>& services_;
};

}  // namespace

std::span<const Key> keys_of_track() { return kKeys; }

void check_tracks(const std::vector<Vip>& vips, const std::vector<Service>& services, file::ReadResult& result) {
  TrackRules(vips, services, result).run();
}

}  // namespace hf::config::section
