#include "config/section/foreign.h"

namespace hf::config::section {

namespace {

constexpr std::string_view kKeepalived = "keepalived";
constexpr std::string_view kHaproxy = "HAProxy";

// clang-format off: tables read better in columns
constexpr file::ForeignWord kWords[] = {
    // the blocks of the two files
    {"", "vrrp_instance",      kKeepalived, "vip",                   "[[vip]]"},
    {"", "vrrp_sync_group",    kKeepalived, "vip.sync_group",        "sync_group in each [[vip]] of the group"},
    {"", "vrrp_script",        kKeepalived, "vip.track",             "track = [ { script = \"/path\" } ] in a [[vip]]"},
    {"", "vrrp_track_process", kKeepalived, "vip.track",             "track = [ { process = \"name\" } ] in a [[vip]]"},
    {"", "global_defs",        kKeepalived, "node",                  "[node], and [[notify]] for the mails"},
    {"", "global",             kHaproxy,    "node",                  "[node], [log] and [admin]"},
    {"", "defaults",           kHaproxy,    "",                      "each [[service]] has its own, and what it leaves out has the default of docs/config.md"},
    {"", "frontend",           kHaproxy,    "service",               "[[service]] with listen"},
    {"", "backend",            kHaproxy,    "service.server",        "[[service.server]], one for each server"},
    {"", "listen",             kHaproxy,    "service",               "[[service]] with listen and [[service.server]]"},
    {"", "resolvers",          kHaproxy,    "service.resolve_interval", "the system's resolv.conf, and resolve_interval in a [[service]]"},
    {"", "mailers",            kHaproxy,    "notify.smtp",           "[[notify]] with smtp"},

    {"vip", "state",                      kKeepalived, "",                    "the node of the highest priority becomes master"},
    {"vip", "virtual_router_id",          kKeepalived, "vip.router_id",       "router_id"},
    {"vip", "advert_int",                 kKeepalived, "vip.advert_interval", "advert_interval, with a unit: advert_interval = \"1s\""},
    {"vip", "authentication",             kKeepalived, "vip.auth",            "auth = { type = \"pass\", password_file = \"vip.password\" }, with version = 2"},
    {"vip", "auth_type",                  kKeepalived, "vip.auth.type",       "auth = { type = \"pass\", password_file = \"vip.password\" }, with version = 2"},
    {"vip", "auth_pass",                  kKeepalived, "vip.auth.password_file", "auth = { type = \"pass\", password_file = \"vip.password\" }, with version = 2"},
    {"vip", "unicast_peer",               kKeepalived, "vip.peers",           "peers"},
    {"vip", "unicast_src_ip",             kKeepalived, "vip.source",          "source"},
    {"vip", "mcast_src_ip",               kKeepalived, "vip.source",          "source"},
    {"vip", "virtual_ipaddress",          kKeepalived, "vip.addresses",       "addresses"},
    {"vip", "virtual_ipaddress_excluded", kKeepalived, "vip.addresses",       "addresses"},
    {"vip", "virtual_routes",             kKeepalived, "",                    "a program can set them: on_master, on_backup"},
    {"vip", "virtual_rules",              kKeepalived, "",                    "a program can set them: on_master, on_backup"},
    {"vip", "nopreempt",                  kKeepalived, "vip.preempt",         "preempt = false, which is the default"},
    {"vip", "native_ipv6",                kKeepalived, "",                    "the addresses say which family it is"},
    {"vip", "dont_track_primary",         kKeepalived, "",                    "nobody can be reached over an interface that is down"},
    {"vip", "track_interface",            kKeepalived, "vip.track.interface", "track = [ { interface = \"eth2\" } ]"},
    {"vip", "track_script",               kKeepalived, "vip.track.script",    "track = [ { script = \"/path\" } ]"},
    {"vip", "track_process",              kKeepalived, "vip.track.process",   "track = [ { process = \"name\" } ]"},
    {"vip", "track_file",                 kKeepalived, "vip.track.file",      "track = [ { file = \"/path\", weight = -20 } ]"},
    {"vip", "use_vmac",                   kKeepalived, "vip.virtual_mac",     "virtual_mac = true"},
    {"vip", "garp_master_repeat",         kKeepalived, "vip.announce.repeats", "announce = { repeats = 5 }"},
    {"vip", "garp_master_delay",          kKeepalived, "vip.announce.delay",  "announce = { delay = \"5s\" }"},
    {"vip", "garp_master_refresh",        kKeepalived, "vip.announce.refresh", "announce = { refresh = \"60s\" }"},
    {"vip", "notify_master",              kKeepalived, "vip.on_master",       "on_master"},
    {"vip", "notify_backup",              kKeepalived, "vip.on_backup",       "on_backup"},
    {"vip", "notify_fault",               kKeepalived, "vip.on_fault",        "on_fault"},
    {"vip", "notify_stop",                kKeepalived, "vip.on_stop",         "on_stop"},
    {"vip", "notify",                     kKeepalived, "vip.on_change",       "on_change"},
    {"vip", "smtp_alert",                 kKeepalived, "notify.smtp",         "[[notify]] with smtp"},

    {"service", "bind",            kHaproxy, "service.listen",          "listen = [\"127.0.0.1:3306\"]"},
    {"service", "mode",            kHaproxy, "service.protocol",        "protocol = \"tcp\""},
    {"service", "maxconn",         kHaproxy, "service.max_connections", "max_connections"},
    {"service", "timeout",         kHaproxy, "service.client_timeout",  "client_timeout, server_timeout and connect_timeout, with units"},
    {"service", "acl",             kHaproxy, "service.allow",           "allow = [\"10.0.0.0/8\"], for networks"},
    {"service", "default_backend", kHaproxy, "service.server",          "[[service.server]] in the same [[service]]"},

    {"service.server", "check", kHaproxy, "service.check",          "every server is checked, as [service.check] says"},
    {"service.server", "inter", kHaproxy, "service.check.interval", "interval in [service.check]"},
    {"service.server", "rise",  kHaproxy, "service.check.rise",     "rise in [service.check]"},
    {"service.server", "fall",  kHaproxy, "service.check.fall",     "fall in [service.check]"},
};
// clang-format on

}  // namespace

std::span<const file::ForeignWord> foreign_words() { return kWords; }

}  // namespace hf::config::section
