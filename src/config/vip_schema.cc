#include "config/vip_schema.h"

#include <string>
#include <utility>

// clang-format off: tables read better in columns

namespace hf::config {

namespace {

constexpr std::int64_t ns(Nanos duration) { return duration.count(); }

// In the order of the enums in config.h: a choice is stored as its index.
constexpr std::string_view kAuths[] = {"pass", "ah"};
constexpr std::string_view kChecksums[] = {"pseudo-header", "plain"};
constexpr std::string_view kScopes[] = {"global", "site", "link", "host"};
constexpr std::string_view kProbeAnswers[] = {"wait", "take-after"};
constexpr std::string_view kConflicts[] = {"defend", "release"};
constexpr std::string_view kNeeds[] = {"any", "primary", "readers"};

constexpr std::uint32_t u32(const ParsedValue& v) { return static_cast<std::uint32_t>(v.number); }
constexpr std::uint8_t u8(const ParsedValue& v) { return static_cast<std::uint8_t>(v.number); }
constexpr std::uint16_t u16(const ParsedValue& v) { return static_cast<std::uint16_t>(v.number); }

Weight weight(const ParsedValue& v) { return Weight{v.flag, static_cast<int>(v.number)}; }

/// As one word for now: vip_defaults splits it, when it is known whether a shell is to run it.
std::vector<std::string> command(const ParsedValue& v) { return {v.text}; }

void hand_to_shell(Script& script) {
  if (!script.command.empty()) script.command = {"/bin/sh", "-c", script.command.front()};
}

template <typename Change>
void each_notify_script(Vip& vip, Change change) {
  for (Script* script : {&vip.on_master, &vip.on_backup, &vip.on_fault, &vip.on_stop, &vip.on_change}) change(*script);
}

void set_arbiter(Arbiter& arbiter, ArbiterKind kind, const ParsedValue& v) {
  arbiter.kind = kind;
  arbiter.address = v.ips.at(0);
  arbiter.port = v.endpoint.port;
}

void set_track(Track& track, TrackKind kind, const ParsedValue& v) {
  track.kind = kind;
  track.target = v.text;
}

constexpr Key kVipSchema[] = {
    // ---- [[vip]] ----
    {.path = "vip", .kind = Kind::kTableList, .doc = "A group of addresses that one of the nodes holds: a virtual router of VRRP.",
     .enter = [](Target& t) { t.vip = &t.config->vips.emplace_back(); }},
    {.path = "vip.name", .kind = Kind::kName, .doc = "The name, unique in the file; a reload keeps the state of a VIP by it.", .sample = "\"db\"", .required = true,
     .store = [](Target& t, const ParsedValue& v) { t.vip->name = v.text; }},
    {.path = "vip.interface", .kind = Kind::kInterface, .doc = "The interface that the nodes hear each other on and that the addresses are added to.", .required = true,
     .per_node = true, .store = [](Target& t, const ParsedValue& v) { t.vip->interface = v.text; }},
    {.path = "vip.addresses", .kind = Kind::kTableList,
     .doc = "The addresses, all of one family, at most 255: \"198.18.0.100/24\" or { address = \"198.18.0.101/24\", interface = \"eth2\" }.",
     .sample = "[\"198.18.0.100/24\"]", .required = true, .shorthand = "address",
     .enter = [](Target& t) { t.vip_address = &t.vip->addresses.emplace_back(); }},
    {.path = "vip.addresses.address", .kind = Kind::kHostAddress, .doc = "The address and the prefix of its network; a bare address stands alone (/32, /128).",
     .required = true, .store = [](Target& t, const ParsedValue& v) { t.vip_address->address = v.ips.at(0); t.vip_address->prefix_length = v.prefix_length; }},
    {.path = "vip.addresses.interface", .kind = Kind::kInterface, .doc = "The interface that this address is added to.", .fallback_note = "the VIP's",
     .per_node = true, .store = [](Target& t, const ParsedValue& v) { t.vip_address->interface = v.text; }},
    {.path = "vip.addresses.label", .kind = Kind::kText, .doc = "IPv4 only: the label that old tools show, the interface's name and an ending: \"eth2:1\".",
     .sample = "\"eth1:1\"", .per_node = true, .store = [](Target& t, const ParsedValue& v) { t.vip_address->label = v.text; }},
    {.path = "vip.addresses.scope", .kind = Kind::kChoice, .doc = "How far the address is valid.", .fallback = "\"global\"", .choices = kScopes,
     .store = [](Target& t, const ParsedValue& v) { t.vip_address->scope = kScopes[v.choice]; }},
    {.path = "vip.router_id", .kind = Kind::kCount, .doc = "The VRID: the same on all nodes of this VIP, no other's on this network.", .sample = "51",
     .min = 1, .max = 255, .required = true, .store = [](Target& t, const ParsedValue& v) { t.vip->router_id = u8(v); }},
    {.path = "vip.priority", .kind = Kind::kCount,
     .doc = "Who of the healthy nodes is preferred; 255 is the address owner, whose own addresses these are: it always takes them and no weight counts.",
     .fallback = "100", .min = 1, .max = 255, .per_node = true, .store = [](Target& t, const ParsedValue& v) { t.vip->priority = u8(v); }},
    {.path = "vip.version", .kind = Kind::kCount, .doc = "The version of VRRP; 2 for old peers (IPv4 only, whole seconds).",
     .fallback = "3", .min = 2, .max = 3, .store = [](Target& t, const ParsedValue& v) { t.vip->version = u8(v); }},
    {.path = "vip.advert_interval", .kind = Kind::kDuration,
     .doc = "How often the master advertises. Version 3: 10ms to 40950ms in steps of 10ms; version 2: whole seconds.",
     .sample = "\"100ms\"", .fallback_note = "`\"100ms\"`; in version 2 `\"1s\"`", .min = ns(10ms), .max = ns(255s),
     .store = [](Target& t, const ParsedValue& v) { t.vip->advert_interval = v.duration; }},
    {.path = "vip.preempt", .kind = Kind::kFlag, .doc = "Whether a node takes the addresses from a healthy node of lower priority.", .fallback = "false",
     .store = [](Target& t, const ParsedValue& v) { t.vip->preempt = v.flag; }},
    {.path = "vip.preempt_delay", .kind = Kind::kDuration, .doc = "With preempt: how long a master of lower priority is left alone.",
     .fallback = "\"0s\"", .min = 0, .max = ns(1h), .store = [](Target& t, const ParsedValue& v) { t.vip->preempt_delay = v.duration; }},
    {.path = "vip.start_delay", .kind = Kind::kDuration, .doc = "How long a node that started listens before its first take-over.",
     .fallback = "\"0s\"", .min = 0, .max = ns(1h), .store = [](Target& t, const ParsedValue& v) { t.vip->start_delay = v.duration; }},
    {.path = "vip.accept", .kind = Kind::kFlag, .doc = "Accept_Mode: whether the addresses take traffic themselves. Only true, which every service on them needs.", .fallback = "true",
     .store = [](Target& t, const ParsedValue& v) { t.vip->accept = v.flag; }},
    {.path = "vip.strict", .kind = Kind::kFlag, .doc = "Version 2: drop advertisements with other addresses or another interval, as RFC 3768 7.1 has it.",
     .fallback = "false", .store = [](Target& t, const ParsedValue& v) { t.vip->strict = v.flag; }},
    {.path = "vip.checksum", .kind = Kind::kChoice,
     .doc = "Version 3 over IPv4: \"pseudo-header\" as keepalived and FRR, \"plain\" as RFC 9568, Cisco and Juniper.",
     .fallback = "\"pseudo-header\"", .choices = kChecksums,
     .store = [](Target& t, const ParsedValue& v) { t.vip->checksum_pseudo_header = v.choice == 0; }},
    {.path = "vip.source", .kind = Kind::kIp, .doc = "The address that advertisements come from.", .fallback_note = "the interface's first", .per_node = true,
     .store = [](Target& t, const ParsedValue& v) { t.vip->source = v.ips.at(0); }},
    {.path = "vip.peers", .kind = Kind::kIps, .doc = "The other nodes, where advertisements cannot go to a multicast group; empty: they do.", .fallback = "[]",
     .per_node = true, .store = [](Target& t, const ParsedValue& v) { t.vip->peers = v.ips; }},
    {.path = "vip.multicast_group", .kind = Kind::kIp, .doc = "The group that advertisements go to.", .sample = "\"224.0.0.18\"", .fallback_note = "`\"224.0.0.18\"`, `\"ff02::12\"`",
     .store = [](Target& t, const ParsedValue& v) { t.vip->multicast_group = v.ips.at(0); }},
    {.path = "vip.least_ttl", .kind = Kind::kCount, .doc = "With peers: advertisements that came through more routers than this lets are dropped; 255 lets none.",
     .fallback = "255", .min = 1, .max = 255, .store = [](Target& t, const ParsedValue& v) { t.vip->least_ttl = u8(v); }},
    {.path = "vip.virtual_mac", .kind = Kind::kFlag, .doc = "Whether the addresses answer with the virtual router's MAC address instead of the interface's.",
     .fallback = "false", .store = [](Target& t, const ParsedValue& v) { t.vip->virtual_mac = v.flag; }},
    {.path = "vip.lease", .kind = Kind::kDuration,
     .doc = "How long the kernel keeps the addresses of a node whose processes are dead or frozen; whole seconds.",
     .fallback = "\"1s\"", .min = ns(1s), .max = ns(60s), .store = [](Target& t, const ParsedValue& v) { t.vip->lease = v.duration; }},
    {.path = "vip.probe_wait", .kind = Kind::kDuration, .doc = "Before taking the addresses: how long to wait for somebody who still answers for them; \"0s\" does not ask.",
     .fallback = "\"20ms\"", .min = 0, .max = ns(1s), .store = [](Target& t, const ParsedValue& v) { t.vip->probe_wait = v.duration; }},
    {.path = "vip.on_probe_answer", .kind = Kind::kChoice,
     .doc = "When somebody does: wait until nobody does, or take them after conflict_patience (for peers that leave addresses behind).",
     .fallback = "\"wait\"", .choices = kProbeAnswers, .store = [](Target& t, const ParsedValue& v) { t.vip->take_answered = v.choice == 1; }},
    {.path = "vip.conflict_patience", .kind = Kind::kDuration, .doc = "For on_probe_answer = \"take-after\".",
     .fallback = "\"30s\"", .min = 0, .max = ns(1h), .store = [](Target& t, const ParsedValue& v) { t.vip->conflict_patience = v.duration; }},
    {.path = "vip.on_conflict", .kind = Kind::kChoice,
     .doc = "When somebody else claims an address that is held: announce it again, or give it up the second time (RFC 5227 2.4).",
     .fallback = "\"defend\"", .choices = kConflicts, .store = [](Target& t, const ParsedValue& v) { t.vip->release_on_conflict = v.choice == 1; }},
    {.path = "vip.heartbeat_key_file", .kind = Kind::kSecretFile, .doc = "A file that holds the key of the heartbeats, the same on all nodes.", .group = "heartbeat_key",
     .per_node = true, .store = [](Target& t, const ParsedValue& v) { t.vip->heartbeat_key = v.text; }},
    {.path = "vip.heartbeat_key_env", .kind = Kind::kSecretVariable, .doc = "An environment variable that holds the key of the heartbeats.", .group = "heartbeat_key",
     .per_node = true, .store = [](Target& t, const ParsedValue& v) { t.vip->heartbeat_key = v.text; }},
    {.path = "vip.heartbeat_key", .kind = Kind::kRefused, .doc = "heartbeat_key_file or heartbeat_key_env"},
    {.path = "vip.arbiters_needed", .kind = Kind::kCount, .doc = "How many of the arbiters must answer.",
     .fallback = "1", .min = 1, .max = 64, .store = [](Target& t, const ParsedValue& v) { t.vip->arbiters_needed = u32(v); }},
    {.path = "vip.arbiter_interval", .kind = Kind::kDuration, .doc = "The time between two questions to an arbiter.",
     .fallback = "\"100ms\"", .min = ns(10ms), .max = ns(1min), .store = [](Target& t, const ParsedValue& v) { t.vip->arbiter_interval = v.duration; }},
    {.path = "vip.arbiter_timeout", .kind = Kind::kDuration, .doc = "How long an arbiter may take to answer.",
     .fallback = "\"100ms\"", .min = ns(10ms), .max = ns(1min), .store = [](Target& t, const ParsedValue& v) { t.vip->arbiter_timeout = v.duration; }},
    {.path = "vip.arbiter_fall", .kind = Kind::kCount, .doc = "After how many missing answers in a row an arbiter counts as out of reach.",
     .fallback = "3", .min = 1, .max = 100, .store = [](Target& t, const ParsedValue& v) { t.vip->arbiter_fall = u32(v); }},
    {.path = "vip.gateway_weight", .kind = Kind::kWeight, .doc = "What counts while the part that serves clients is dead, stuck or not ready.",
     .fallback = "\"release\"", .min = -253, .max = 253, .store = [](Target& t, const ParsedValue& v) { t.vip->gateway_weight = weight(v); }},
    {.path = "vip.sync_group", .kind = Kind::kName, .doc = "VIPs of one group move together: a node holds all of them or none.", .sample = "\"pair\"",
     .store = [](Target& t, const ParsedValue& v) { t.vip->sync_group = v.text; }},
    {.path = "vip.on_master", .kind = Kind::kCommand, .doc = "Runs when this node has taken the addresses; the program by its whole path, never by a shell unless notify_shell.",
     .sample = "\"/etc/holdfast/notify.sh master\"", .store = [](Target& t, const ParsedValue& v) { t.vip->on_master.command = command(v); }},
    {.path = "vip.on_backup", .kind = Kind::kCommand, .doc = "Runs when this node is backup.", .sample = "\"/etc/holdfast/notify.sh backup\"",
     .store = [](Target& t, const ParsedValue& v) { t.vip->on_backup.command = command(v); }},
    {.path = "vip.on_fault", .kind = Kind::kCommand, .doc = "Runs when this node cannot hold the addresses.", .sample = "\"/etc/holdfast/notify.sh fault\"",
     .store = [](Target& t, const ParsedValue& v) { t.vip->on_fault.command = command(v); }},
    {.path = "vip.on_stop", .kind = Kind::kCommand, .doc = "Runs when this node stops taking part.", .sample = "\"/etc/holdfast/notify.sh stop\"",
     .store = [](Target& t, const ParsedValue& v) { t.vip->on_stop.command = command(v); }},
    {.path = "vip.on_change", .kind = Kind::kCommand, .doc = "Runs at each of these changes.", .sample = "\"/etc/holdfast/notify.sh\"",
     .store = [](Target& t, const ParsedValue& v) { t.vip->on_change.command = command(v); }},
    {.path = "vip.notify_user", .kind = Kind::kName, .doc = "Who runs these.", .sample = "\"nobody\"", .fallback_note = "`node.user`",
     .store = [](Target& t, const ParsedValue& v) { each_notify_script(*t.vip, [&](Script& script) { script.user = v.text; }); }},
    {.path = "vip.notify_shell", .kind = Kind::kFlag, .doc = "Whether /bin/sh runs them, as one line each.", .fallback = "false",
     .store = [](Target& t, const ParsedValue& v) { if (v.flag) each_notify_script(*t.vip, hand_to_shell); }},
    {.path = "vip.notify_timeout", .kind = Kind::kDuration, .doc = "How long each may run before it is killed with its process group.",
     .fallback = "\"5s\"", .min = ns(10ms), .max = ns(1h),
     .store = [](Target& t, const ParsedValue& v) { each_notify_script(*t.vip, [&](Script& script) { script.timeout = v.duration; }); }},

    // ---- [vip.auth] ----
    {.path = "vip.auth", .kind = Kind::kTable, .doc = "Version 2 only: how advertisements show that they are from one of the nodes, as old peers want it. Weak: it keeps mistakes out, not people.",
     .enter = [](Target& t) { t.vip->auth = VrrpAuth::kPassword; }},
    {.path = "vip.auth.type", .kind = Kind::kChoice, .doc = "\"pass\": the password in the clear. \"ah\": an IPsec authentication header (IP protocol 51), HMAC-MD5 with the password as its key.",
     .fallback = "\"pass\"", .choices = kAuths, .store = [](Target& t, const ParsedValue& v) { t.vip->auth = v.choice == 1 ? VrrpAuth::kHeader : VrrpAuth::kPassword; }},
    {.path = "vip.auth.password_file", .kind = Kind::kSecretFile, .doc = "A file that holds the password; its first 8 bytes count.", .required = true, .group = "password",
     .store = [](Target& t, const ParsedValue& v) { t.vip->auth_password = v.text; }},
    {.path = "vip.auth.password_env", .kind = Kind::kSecretVariable, .doc = "An environment variable that holds the password.", .required = true, .group = "password",
     .store = [](Target& t, const ParsedValue& v) { t.vip->auth_password = v.text; }},
    {.path = "vip.auth.password", .kind = Kind::kRefused, .doc = "password_file or password_env"},

    // ---- [vip.announce] ----
    {.path = "vip.announce", .kind = Kind::kTable, .doc = "How the network is told who holds the addresses (gratuitous ARP, neighbour advertisements).", .implicit = true},
    {.path = "vip.announce.repeats", .kind = Kind::kCount, .doc = "How many announcements in one go.", .fallback = "5", .min = 1, .max = 100,
     .store = [](Target& t, const ParsedValue& v) { t.vip->announce_repeats = u32(v); }},
    {.path = "vip.announce.delay", .kind = Kind::kDuration, .doc = "After so long they are sent once more; \"0s\": never.",
     .fallback = "\"5s\"", .min = 0, .max = ns(1h), .store = [](Target& t, const ParsedValue& v) { t.vip->announce_delay = v.duration; }},
    {.path = "vip.announce.refresh", .kind = Kind::kDuration, .doc = "And one every so often as long as the addresses are held; \"0s\": never.",
     .fallback = "\"10s\"", .min = 0, .max = ns(24h), .store = [](Target& t, const ParsedValue& v) { t.vip->announce_refresh = v.duration; }},

    // ---- [[vip.heartbeat]] ----
    {.path = "vip.heartbeat", .kind = Kind::kTableList,
     .doc = "Further ways on which the nodes hear each other: as long as one of them carries the master's heartbeats, a backup stays quiet.", .per_node = true,
     .enter = [](Target& t) { t.heartbeat = &t.vip->heartbeats.emplace_back(); }},
    {.path = "vip.heartbeat.interface", .kind = Kind::kInterface, .doc = "The interface that the heartbeats go out of.", .sample = "\"eth2\"", .required = true, .per_node = true,
     .store = [](Target& t, const ParsedValue& v) { t.heartbeat->interface = v.text; }},
    {.path = "vip.heartbeat.peers", .kind = Kind::kIps, .doc = "The addresses of the other nodes on this way.", .sample = "[\"198.18.1.2\"]", .required = true, .per_node = true,
     .store = [](Target& t, const ParsedValue& v) { t.heartbeat->peers = v.ips; }},
    {.path = "vip.heartbeat.port", .kind = Kind::kCount, .doc = "The UDP port.", .fallback = "694", .min = 1, .max = 65535,
     .store = [](Target& t, const ParsedValue& v) { t.heartbeat->port = u16(v); }},

    // ---- [[vip.arbiters]] ----
    {.path = "vip.arbiters", .kind = Kind::kTableList,
     .doc = "What a node must reach to take or keep the addresses, so that a node that is cut off lets go. Not names: no resolver is asked. "
            "One arbiter for all nodes is a single point that takes the addresses from all of them when it dies; name several and need one.",
     .per_node = true, .enter = [](Target& t) { t.arbiter = &t.vip->arbiters.emplace_back(); }},
    {.path = "vip.arbiters.arp", .kind = Kind::kIp, .doc = "A neighbour on the VIP's interface that answers ARP; IPv4 only.", .required = true, .group = "arbiter", .per_node = true,
     .store = [](Target& t, const ParsedValue& v) { set_arbiter(*t.arbiter, ArbiterKind::kArp, v); }},
    {.path = "vip.arbiters.icmp", .kind = Kind::kIp, .doc = "A host that answers pings.", .required = true, .group = "arbiter", .per_node = true,
     .store = [](Target& t, const ParsedValue& v) { set_arbiter(*t.arbiter, ArbiterKind::kIcmp, v); }},
    {.path = "vip.arbiters.tcp", .kind = Kind::kNumericAddress, .doc = "A TCP port; its host must answer, be it by refusing the connection.", .required = true, .group = "arbiter", .per_node = true,
     .store = [](Target& t, const ParsedValue& v) { set_arbiter(*t.arbiter, ArbiterKind::kTcp, v); }},
    {.path = "vip.arbiters.udp", .kind = Kind::kNumericAddress, .doc = "A UDP port that answers any datagram; a closed port is no answer.", .required = true, .group = "arbiter", .per_node = true,
     .store = [](Target& t, const ParsedValue& v) { set_arbiter(*t.arbiter, ArbiterKind::kUdp, v); }},

    // ---- [[vip.track]] ----
    {.path = "vip.track", .kind = Kind::kTableList, .doc = "What a node watches of itself: while it is bad, its weight counts.",
     .enter = [](Target& t) { t.track = &t.vip->tracks.emplace_back(); }},
    {.path = "vip.track.service", .kind = Kind::kName, .doc = "A [[service]] of this file, by its name.", .required = true, .group = "track",
     .store = [](Target& t, const ParsedValue& v) { set_track(*t.track, TrackKind::kService, v); }},
    {.path = "vip.track.interface", .kind = Kind::kInterface, .doc = "An interface that must be up and have a carrier.", .required = true, .group = "track", .per_node = true,
     .store = [](Target& t, const ParsedValue& v) { set_track(*t.track, TrackKind::kInterface, v); }},
    {.path = "vip.track.script", .kind = Kind::kCommand, .doc = "A program by its whole path, and its arguments; it is bad when it ends with another code than 0.",
     .sample = "\"/etc/holdfast/check.sh\"", .required = true, .group = "track", .store = [](Target& t, const ParsedValue& v) {
       t.track->kind = TrackKind::kScript;
       t.track->script.command = command(v);
     }},
    {.path = "vip.track.process", .kind = Kind::kText, .doc = "A process of this name that must run.", .sample = "\"nginx\"", .required = true, .group = "track",
     .store = [](Target& t, const ParsedValue& v) { set_track(*t.track, TrackKind::kProcess, v); }},
    {.path = "vip.track.file", .kind = Kind::kPath,
     .doc = "A file that holds a whole number: the weight counts that many times (an empty file: once; no file: not at all). With \"release\" any number but 0 releases.",
     .sample = "\"/etc/holdfast/down\"", .required = true, .group = "track",
     .store = [](Target& t, const ParsedValue& v) { set_track(*t.track, TrackKind::kFile, v); }},
    {.path = "vip.track.weight", .kind = Kind::kWeight,
     .doc = "\"release\" gives the addresses up; a number is added to the priority, and only preempt = true moves the addresses by it.",
     .sample = "\"release\"", .fallback_note = "`\"release\"`; required for a file", .min = -253, .max = 253,
     .store = [](Target& t, const ParsedValue& v) { t.track->weight = weight(v); }},
    {.path = "vip.track.needs", .kind = Kind::kChoice, .doc = "Of a service: any usable server, or of a mysql service a writable primary, or servers for reads.",
     .fallback = "\"any\"", .choices = kNeeds, .store = [](Target& t, const ParsedValue& v) { t.track->needs = static_cast<ServiceNeeds>(v.choice); }},
    {.path = "vip.track.at_least", .kind = Kind::kCount, .doc = "Of a service or a process: how many servers or processes are enough.",
     .fallback = "1", .min = 1, .max = 10'000, .store = [](Target& t, const ParsedValue& v) { t.track->at_least = u32(v); }},
    {.path = "vip.track.interval", .kind = Kind::kDuration, .doc = "Of a script, a process or a file: the time between two looks.",
     .fallback = "\"1s\"", .min = ns(10ms), .max = ns(1h), .store = [](Target& t, const ParsedValue& v) { t.track->interval = v.duration; }},
    {.path = "vip.track.timeout", .kind = Kind::kDuration, .doc = "Of a script: how long it may run; then it is killed with its process group and counts as bad.",
     .sample = "\"1s\"", .fallback_note = "the interval", .min = ns(10ms), .max = ns(1h),
     .store = [](Target& t, const ParsedValue& v) { t.track->script.timeout = v.duration; }},
    {.path = "vip.track.rise", .kind = Kind::kCount, .doc = "Of a script: how many good results in a row make it good again.",
     .fallback = "1", .min = 1, .max = 100, .store = [](Target& t, const ParsedValue& v) { t.track->rise = u32(v); }},
    {.path = "vip.track.fall", .kind = Kind::kCount, .doc = "Of a script: how many bad results in a row make it bad.",
     .fallback = "1", .min = 1, .max = 100, .store = [](Target& t, const ParsedValue& v) { t.track->fall = u32(v); }},
    {.path = "vip.track.user", .kind = Kind::kName, .doc = "Of a script: who runs it.", .sample = "\"nobody\"", .fallback_note = "`node.user`",
     .store = [](Target& t, const ParsedValue& v) { t.track->script.user = v.text; }},
    {.path = "vip.track.shell", .kind = Kind::kFlag, .doc = "Of a script: whether /bin/sh runs it, as one line.", .fallback = "false",
     .store = [](Target& t, const ParsedValue& v) { if (v.flag) hand_to_shell(t.track->script); }},

    // ---- [[notify]] ----
    {.path = "notify", .kind = Kind::kTableList, .doc = "Somebody who is told of every change of a VIP's state.",
     .enter = [](Target& t) { t.notify = &t.config->notifies.emplace_back(); }},
    {.path = "notify.fifo", .kind = Kind::kPath, .doc = "A FIFO that gets a JSON object a line.", .sample = "\"/run/holdfast/vip.fifo\"", .required = true, .group = "receiver",
     .store = [](Target& t, const ParsedValue& v) { t.notify->kind = NotifyKind::kFifo; t.notify->path = v.text; }},
    {.path = "notify.socket", .kind = Kind::kSocketPath, .doc = "A Unix stream socket that listens and gets the same.", .required = true, .group = "receiver",
     .store = [](Target& t, const ParsedValue& v) { t.notify->kind = NotifyKind::kSocket; t.notify->path = v.endpoint.unix_path; }},
    {.path = "notify.smtp", .kind = Kind::kServerAddress, .doc = "A mail server that takes a mail for each change.", .sample = "\"127.0.0.1:25\"", .required = true, .group = "receiver",
     .per_node = true, .store = [](Target& t, const ParsedValue& v) { t.notify->kind = NotifyKind::kSmtp; t.notify->server = v.endpoint; }},
    {.path = "notify.webhook", .kind = Kind::kUrl, .doc = "A URL that the JSON object is posted to.", .required = true, .group = "receiver", .per_node = true,
     .store = [](Target& t, const ParsedValue& v) {
       t.notify->kind = NotifyKind::kWebhook;
       t.notify->server = v.endpoint;
       t.notify->url = v.text;
       t.notify->url_path = v.url_path;
     }},
    {.path = "notify.from", .kind = Kind::kText, .doc = "Of smtp: the sender's address.", .sample = "\"holdfast@example.org\"", .per_node = true,
     .store = [](Target& t, const ParsedValue& v) { t.notify->from = v.text; }},
    {.path = "notify.to", .kind = Kind::kTexts, .doc = "Of smtp: the receivers' addresses.", .sample = "[\"ops@example.org\"]",
     .store = [](Target& t, const ParsedValue& v) { t.notify->to = v.texts; }},
    {.path = "notify.token_file", .kind = Kind::kSecretFile, .doc = "Of webhook: a file that holds a bearer token to send.", .group = "token", .per_node = true,
     .store = [](Target& t, const ParsedValue& v) { t.notify->token = v.text; }},
    {.path = "notify.token_env", .kind = Kind::kSecretVariable, .doc = "Of webhook: an environment variable that holds the token.", .group = "token", .per_node = true,
     .store = [](Target& t, const ParsedValue& v) { t.notify->token = v.text; }},
    {.path = "notify.token", .kind = Kind::kRefused, .doc = "token_file or token_env"},
    {.path = "notify.vips", .kind = Kind::kNames, .doc = "The VIPs that it is told of; an empty list: all.", .fallback = "[]",
     .store = [](Target& t, const ParsedValue& v) { t.notify->vips = v.texts; }},
    {.path = "notify.timeout", .kind = Kind::kDuration, .doc = "How long one attempt may take.", .fallback = "\"10s\"", .min = ns(100ms), .max = ns(5min),
     .store = [](Target& t, const ParsedValue& v) { t.notify->timeout = v.duration; }},
    {.path = "notify.retries", .kind = Kind::kCount, .doc = "How many more attempts are made.", .fallback = "3", .min = 0, .max = 100,
     .store = [](Target& t, const ParsedValue& v) { t.notify->retries = u32(v); }},
};

}  // namespace

std::span<const Key> vip_schema() { return kVipSchema; }

}  // namespace hf::config
