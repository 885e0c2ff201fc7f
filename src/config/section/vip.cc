#include "config/section/vip.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "config/file/findings.h"
#include "config/file/key.h"

namespace hf::config::section {

namespace {

using file::at;
using file::by;
using file::chosen;
using file::Key;
using file::Kind;
using file::ns;
using file::ParsedValue;
using file::secret;
using file::table_by;

// In the order of what they are stored as: an enum, or false and true.
constexpr std::string_view kAuths[] = {"pass", "ah"};
constexpr std::string_view kChecksums[] = {"pseudo-header", "plain"};
constexpr std::string_view kProbeAnswers[] = {"wait", "take-after"};
constexpr std::string_view kConflicts[] = {"defend", "release"};

/// The keys on_…, which notify_user, notify_shell and notify_timeout are about.
using ScriptOf = Script Vip::*;
constexpr ScriptOf kScripts[] = {&Vip::on_master, &Vip::on_backup, &Vip::on_fault, &Vip::on_stop, &Vip::on_change};

/// The first script that there is; nullptr where there is none.
const Script* first_script(const Vip& vip) {
  for (const ScriptOf script : kScripts) {
    if (!(vip.*script).command.empty()) return &(vip.*script);
  }
  return nullptr;
}

/// notify_shell is about all of them at once.
bool all_run_in_shell(const Vip& vip) {
  return first_script(vip) != nullptr && std::all_of(std::begin(kScripts), std::end(kScripts), [&vip](ScriptOf script) {
           return (vip.*script).command.empty() || runs_in_shell(vip.*script);
         });
}

/// A program is one word while the file is read; fill_in splits it.
template <ScriptOf kScript>
struct Runs {
  using Owner = Vip;
  static void store(Vip& vip, const ParsedValue& value) { (vip.*kScript).command = {value.text}; }
  static std::optional<ParsedValue> read(const Vip& vip) {
    const Script& script = vip.*kScript;
    if (script.command.empty()) return std::nullopt;
    return ParsedValue{.text = all_run_in_shell(vip) ? shell_text(script) : command_line(script)};
  }
  static bool same(const Vip& a, const Vip& b) { return a.*kScript == b.*kScript; }
};

struct UserOfScripts {
  using Owner = Vip;
  static void store(Vip& vip, const ParsedValue& value) {
    for (const ScriptOf script : kScripts) (vip.*script).user = value.text;
  }
  static std::optional<ParsedValue> read(const Vip& vip) {
    if (first_script(vip) == nullptr) return std::nullopt;
    return ParsedValue{.text = first_script(vip)->user};
  }
};

struct ShellOfScripts {
  using Owner = Vip;
  static void store(Vip& vip, const ParsedValue& value) {
    for (const ScriptOf script : kScripts) {
      if (value.flag) hand_to_shell(vip.*script);
    }
  }
  static std::optional<ParsedValue> read(const Vip& vip) { return ParsedValue{.flag = all_run_in_shell(vip)}; }
};

struct TimeoutOfScripts {
  using Owner = Vip;
  static void store(Vip& vip, const ParsedValue& value) {
    for (const ScriptOf script : kScripts) (vip.*script).timeout = value.duration;
  }
  static std::optional<ParsedValue> read(const Vip& vip) {
    if (first_script(vip) == nullptr) return std::nullopt;
    return ParsedValue{.duration = first_script(vip)->timeout};
  }
};

/// [vip.auth] is there or not: its keys are the VIP's.
struct Auth {
  using Owner = Vip;
  static void enter(Vip& vip) { vip.auth = VrrpAuth::kPassword; }
  static bool is_there(const Vip& vip) { return vip.auth != VrrpAuth::kNone; }
};

struct AuthType {
  using Owner = Vip;
  static void store(Vip& vip, const ParsedValue& value) {
    vip.auth = value.choice == 1 ? VrrpAuth::kHeader : VrrpAuth::kPassword;
  }
  static std::optional<ParsedValue> read(const Vip& vip) {
    return ParsedValue{.choice = vip.auth == VrrpAuth::kHeader ? 1U : 0U};
  }
  static bool same(const Vip& a, const Vip& b) { return a.auth == b.auth; }
};

// clang-format off: tables read better in columns
constexpr Key kKeys[] = {
    {.path = "vip.name", .kind = Kind::kName, .doc = "The name, unique in the file; a reload keeps the state of a VIP by it.", .sample = "\"db\"", .required = true,
     .field = at<&Vip::name>()},
    {.path = "vip.interface", .kind = Kind::kInterface, .doc = "The interface that the nodes hear each other on and that the addresses are added to.", .required = true,
     .per_node = true, .field = at<&Vip::interface>()},
    {.path = "vip.addresses", .kind = Kind::kTableList,
     .doc = "The addresses, all of one family, at most 255: \"198.18.0.100/24\" or { address = \"198.18.0.101/24\", interface = \"eth2\" }.",
     .sample = "[\"198.18.0.100/24\"]", .required = true, .shorthand = "address", .field = at<&Vip::addresses>()},
    {.path = "vip.router_id", .kind = Kind::kCount, .doc = "The VRID: the same on all nodes of this VIP, no other's on this network.", .sample = "51",
     .min = 1, .max = 255, .required = true, .field = at<&Vip::router_id>()},
    {.path = "vip.priority", .kind = Kind::kCount,
     .doc = "Who of the healthy nodes is preferred; 255 is the address owner, whose own addresses these are: it always takes them and no weight counts.",
     .fallback = "100", .min = 1, .max = 255, .per_node = true, .field = at<&Vip::priority>()},
    {.path = "vip.version", .kind = Kind::kCount, .doc = "The version of VRRP; 2 for old peers (IPv4 only, whole seconds).",
     .fallback = "3", .min = 2, .max = 3, .field = at<&Vip::version>()},
    {.path = "vip.advert_interval", .kind = Kind::kDuration,
     .doc = "How often the master advertises. Version 3: 10ms to 40950ms in steps of 10ms; version 2: whole seconds.",
     .sample = "\"100ms\"", .fallback_note = "`\"100ms\"`; in version 2 `\"1s\"`", .min = ns(10ms), .max = ns(255s),
     .field = at<&Vip::advert_interval>()},
    {.path = "vip.preempt", .kind = Kind::kFlag, .doc = "Whether a node takes the addresses from a healthy node of lower priority.", .fallback = "false",
     .field = at<&Vip::preempt>()},
    {.path = "vip.preempt_delay", .kind = Kind::kDuration, .doc = "With preempt: how long a master of lower priority is left alone.",
     .fallback = "\"0s\"", .min = 0, .max = ns(1h), .field = at<&Vip::preempt_delay>()},
    {.path = "vip.start_delay", .kind = Kind::kDuration, .doc = "How long a node that started listens before its first take-over.",
     .fallback = "\"0s\"", .min = 0, .max = ns(1h), .field = at<&Vip::start_delay>()},
    {.path = "vip.accept", .kind = Kind::kFlag, .doc = "Accept_Mode: whether the addresses take traffic themselves. Only true, which every service on them needs.", .fallback = "true",
     .field = at<&Vip::accept>()},
    {.path = "vip.strict", .kind = Kind::kFlag, .doc = "Version 2: drop advertisements with other addresses or another interval, as RFC 3768 7.1 has it.",
     .fallback = "false", .field = at<&Vip::strict>()},
    {.path = "vip.auth", .kind = Kind::kTable, .doc = "Version 2 only: how advertisements show that they are from one of the nodes, as old peers want it. Weak: it keeps mistakes out, not people.",
     .told_whole = true, .field = table_by<Auth>()},
    {.path = "vip.auth.type", .kind = Kind::kChoice, .doc = "\"pass\": the password in the clear. \"ah\": an IPsec authentication header (IP protocol 51), HMAC-MD5 with the password as its key.",
     .fallback = "\"pass\"", .choices = kAuths, .field = by<AuthType>()},
    {.path = "vip.auth.password_file", .kind = Kind::kSecretFile, .doc = "A file that holds the password; its first 8 bytes count.", .required = true, .group = "password",
     .field = secret<&Vip::auth_password, &Vip::auth_password_from>()},
    {.path = "vip.auth.password_env", .kind = Kind::kSecretVariable, .doc = "An environment variable that holds the password.", .required = true, .group = "password",
     .field = secret<&Vip::auth_password, &Vip::auth_password_from>()},
    {.path = "vip.auth.password", .kind = Kind::kRefused, .doc = "password_file or password_env"},
    {.path = "vip.checksum", .kind = Kind::kChoice,
     .doc = "Version 3 over IPv4: \"pseudo-header\" as keepalived and FRR, \"plain\" as RFC 9568, Cisco and Juniper.",
     .fallback = "\"pseudo-header\"", .choices = kChecksums, .field = chosen<&Vip::checksum_pseudo_header, 0>()},
    {.path = "vip.source", .kind = Kind::kIp, .doc = "The address that advertisements come from.", .fallback_note = "the interface's first", .per_node = true,
     .field = at<&Vip::source>()},
    {.path = "vip.peers", .kind = Kind::kIps, .doc = "The other nodes, where advertisements cannot go to a multicast group; empty: they do.", .fallback = "[]",
     .per_node = true, .always_written = true, .field = at<&Vip::peers>()},
    {.path = "vip.multicast_group", .kind = Kind::kIp, .doc = "The group that advertisements go to.", .sample = "\"224.0.0.18\"", .fallback_note = "`\"224.0.0.18\"`, `\"ff02::12\"`",
     .field = at<&Vip::multicast_group>()},
    {.path = "vip.least_ttl", .kind = Kind::kCount, .doc = "With peers: advertisements that came through more routers than this lets are dropped; 255 lets none.",
     .fallback = "255", .min = 1, .max = 255, .field = at<&Vip::least_ttl>()},
    {.path = "vip.virtual_mac", .kind = Kind::kFlag, .doc = "Whether the addresses answer with the virtual router's MAC address instead of the interface's.",
     .fallback = "false", .field = at<&Vip::virtual_mac>()},
    {.path = "vip.lease", .kind = Kind::kDuration,
     .doc = "How long the kernel keeps the addresses of a node whose processes are dead or frozen; whole seconds.",
     .fallback = "\"1s\"", .min = ns(1s), .max = ns(60s), .field = at<&Vip::lease>()},
    {.path = "vip.probe_wait", .kind = Kind::kDuration, .doc = "Before taking the addresses: how long to wait for somebody who still answers for them; \"0s\" does not ask.",
     .fallback = "\"20ms\"", .min = 0, .max = ns(1s), .field = at<&Vip::probe_wait>()},
    {.path = "vip.on_probe_answer", .kind = Kind::kChoice,
     .doc = "When somebody does: wait until nobody does, or take them after conflict_patience (for peers that leave addresses behind).",
     .fallback = "\"wait\"", .choices = kProbeAnswers, .field = chosen<&Vip::take_answered, 1>()},
    {.path = "vip.conflict_patience", .kind = Kind::kDuration, .doc = "For on_probe_answer = \"take-after\".",
     .fallback = "\"30s\"", .min = 0, .max = ns(1h), .field = at<&Vip::conflict_patience>()},
    {.path = "vip.on_conflict", .kind = Kind::kChoice,
     .doc = "When somebody else claims an address that is held: announce it again, or give it up the second time (RFC 5227 2.4).",
     .fallback = "\"defend\"", .choices = kConflicts, .field = chosen<&Vip::release_on_conflict, 1>()},
    {.path = "vip.announce", .kind = Kind::kTable, .doc = "How the network is told who holds the addresses (gratuitous ARP, neighbour advertisements).", .implicit = true},
    {.path = "vip.announce.repeats", .kind = Kind::kCount, .doc = "How many announcements in one go.", .fallback = "5", .min = 1, .max = 100,
     .field = at<&Vip::announce_repeats>()},
    {.path = "vip.announce.delay", .kind = Kind::kDuration, .doc = "After so long they are sent once more; \"0s\": never.",
     .fallback = "\"5s\"", .min = 0, .max = ns(1h), .field = at<&Vip::announce_delay>()},
    {.path = "vip.announce.refresh", .kind = Kind::kDuration, .doc = "And one every so often as long as the addresses are held; \"0s\": never.",
     .fallback = "\"10s\"", .min = 0, .max = ns(24h), .field = at<&Vip::announce_refresh>()},
    {.path = "vip.heartbeat", .kind = Kind::kTableList,
     .doc = "Further ways on which the nodes hear each other: as long as one of them carries the master's heartbeats, a backup stays quiet.", .per_node = true,
     .field = at<&Vip::heartbeats>()},
    {.path = "vip.heartbeat_key_file", .kind = Kind::kSecretFile, .doc = "A file that holds the key of the heartbeats, the same on all nodes.", .group = "heartbeat_key",
     .per_node = true, .field = secret<&Vip::heartbeat_key, &Vip::heartbeat_key_from>()},
    {.path = "vip.heartbeat_key_env", .kind = Kind::kSecretVariable, .doc = "An environment variable that holds the key of the heartbeats.", .group = "heartbeat_key",
     .per_node = true, .field = secret<&Vip::heartbeat_key, &Vip::heartbeat_key_from>()},
    {.path = "vip.heartbeat_key", .kind = Kind::kRefused, .doc = "heartbeat_key_file or heartbeat_key_env"},
    {.path = "vip.arbiters", .kind = Kind::kTableList,
     .doc = "What a node must reach to take or keep the addresses, so that a node that is cut off lets go. Not names: no resolver is asked. "
            "One arbiter for all nodes is a single point that takes the addresses from all of them when it dies; name several and need one.",
     .per_node = true, .field = at<&Vip::arbiters>()},
    {.path = "vip.arbiters_needed", .kind = Kind::kCount, .doc = "How many of the arbiters must answer.",
     .fallback = "1", .min = 1, .max = 64, .field = at<&Vip::arbiters_needed>()},
    {.path = "vip.arbiter_interval", .kind = Kind::kDuration, .doc = "The time between two questions to an arbiter.",
     .fallback = "\"100ms\"", .min = ns(10ms), .max = ns(1min), .field = at<&Vip::arbiter_interval>()},
    {.path = "vip.arbiter_timeout", .kind = Kind::kDuration, .doc = "How long an arbiter may take to answer.",
     .fallback = "\"100ms\"", .min = ns(10ms), .max = ns(1min), .field = at<&Vip::arbiter_timeout>()},
    {.path = "vip.arbiter_fall", .kind = Kind::kCount, .doc = "After how many missing answers in a row an arbiter counts as out of reach.",
     .fallback = "3", .min = 1, .max = 100, .field = at<&Vip::arbiter_fall>()},
    {.path = "vip.track", .kind = Kind::kTableList, .doc = "What a node watches of itself: while it is bad, its weight counts.",
     .field = at<&Vip::tracks>()},
    {.path = "vip.gateway_weight", .kind = Kind::kWeight, .doc = "What counts while the part that serves clients is dead, stuck or not ready.",
     .fallback = "\"release\"", .min = -253, .max = 253, .field = at<&Vip::gateway_weight>()},
    {.path = "vip.sync_group", .kind = Kind::kName, .doc = "VIPs of one group move together: a node holds all of them or none. The lowest of their priorities on a node counts for all.", .sample = "\"pair\"",
     .field = at<&Vip::sync_group>()},
    {.path = "vip.on_master", .kind = Kind::kCommand, .doc = "Runs when this node has taken the addresses; the program by its whole path, never by a shell unless notify_shell.",
     .sample = "\"/etc/holdfast/notify.sh master\"", .field = by<Runs<&Vip::on_master>>()},
    {.path = "vip.on_backup", .kind = Kind::kCommand, .doc = "Runs when this node is backup.", .sample = "\"/etc/holdfast/notify.sh backup\"",
     .field = by<Runs<&Vip::on_backup>>()},
    {.path = "vip.on_fault", .kind = Kind::kCommand, .doc = "Runs when this node cannot hold the addresses.", .sample = "\"/etc/holdfast/notify.sh fault\"",
     .field = by<Runs<&Vip::on_fault>>()},
    {.path = "vip.on_stop", .kind = Kind::kCommand, .doc = "Runs when this node stops taking part.", .sample = "\"/etc/holdfast/notify.sh stop\"",
     .field = by<Runs<&Vip::on_stop>>()},
    {.path = "vip.on_change", .kind = Kind::kCommand, .doc = "Runs at each of these changes.", .sample = "\"/etc/holdfast/notify.sh\"",
     .field = by<Runs<&Vip::on_change>>()},
    {.path = "vip.notify_user", .kind = Kind::kName, .doc = "Who runs these.", .sample = "\"nobody\"", .fallback_note = "`node.user`",
     .field = by<UserOfScripts>()},
    {.path = "vip.notify_shell", .kind = Kind::kFlag, .doc = "Whether /bin/sh runs them, as one line each.", .fallback = "false",
     .field = by<ShellOfScripts>()},
    {.path = "vip.notify_timeout", .kind = Kind::kDuration, .doc = "How long each may run before it is killed with its process group.",
     .fallback = "\"5s\"", .min = ns(10ms), .max = ns(1h), .field = by<TimeoutOfScripts>()},
};
// clang-format on

}  // namespace

std::span<const Key> keys_of_vip() { return kKeys; }

void fill_in(std::vector<Vip>& vips, const std::string& user, file::ReadResult& result) {
  const file::Findings found(result);
  constexpr std::pair<std::string_view, ScriptOf> kKeysOfScripts[] = {{"on_master", &Vip::on_master},
                                                                      {"on_backup", &Vip::on_backup},
                                                                      {"on_fault", &Vip::on_fault},
                                                                      {"on_stop", &Vip::on_stop},
                                                                      {"on_change", &Vip::on_change}};
  for (std::size_t i = 0; i < vips.size(); ++i) {
    Vip& vip = vips[i];
    const std::string place = fmt::format("vip[{}]", i);
    if (!found.written(place + ".advert_interval")) vip.advert_interval = vip.version == 2 ? Nanos(1s) : Nanos(100ms);
    for (std::size_t j = 0; j < vip.tracks.size(); ++j) {
      Track& track = vip.tracks[j];
      const std::string where = fmt::format("{}.track[{}]", place, j);
      if (!found.written(where + ".timeout")) track.script.timeout = track.interval;
      fill_in(track.script, fmt::format("{}/track/{}", vip.name, j), user, {where + ".script", "shell"}, result);
    }
    for (const auto& [key, script] : kKeysOfScripts) {
      fill_in(vip.*script, fmt::format("{}/{}", vip.name, key), user,
              {fmt::format("{}.{}", place, key), "notify_shell"}, result);
    }
  }
}

}  // namespace hf::config::section
