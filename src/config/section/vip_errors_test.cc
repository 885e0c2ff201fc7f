// Bad [[vip]] and the exact words that an operator gets for them. The words are part of the interface.
#include <gtest/gtest.h>

#include <string>

#include "config/section/vip_file_fake.h"

// clang-format off: tables read better in columns

namespace hf::config::section {
namespace {

using Case = BadFileCase;

/// A good file with the first `from` in it replaced.
std::string edited(std::string text, const std::string& from, const std::string& to) { return text.replace(text.find(from), from.size(), to); }

class BadVip : public testing::TestWithParam<Case> {};

TEST_P(BadVip, IsToldExactly) { EXPECT_EQ(complaints(GetParam().text), GetParam().expected + "\n") << GetParam().text; }

TEST(VipSyncGroup, MembersMayDifferInNumbersButNotInOrder) {
  const std::string group = "sync_group = \"pair\"\n";
  const auto inner = [&group](const std::string& priority) {
    return "[[vip]]\nname = \"inner\"\ninterface = \"eth2\"\naddresses = [\"198.18.1.1/24\"]\nrouter_id = 52\n" + group +
           "priority = " + priority + "\n";
  };
  const std::string outer = group + "priority = { gw-a = 110, gw-b = 100 }";
  EXPECT_EQ(complaints(vip(outer, inner("{ gw-a = 120, gw-b = 10 }"))), "");
  EXPECT_NE(complaints(vip(outer, inner("{ gw-a = 10, gw-b = 120 }"))), "");
}

INSTANTIATE_TEST_SUITE_P(Values, BadVip, testing::Values(
    Case{vip(R"(priority = 256)"),
         R"(hf.toml:6:12: priority = 256, the range is 1 to 255, write for example priority = 100)"},
    Case{vip(R"(priority = { gw-b = 5 })"),
         R"(hf.toml:6:1: priority has no value for this node, this node is "gw-a" and the table is keyed by node name, add gw-a = 100 or write one value for all nodes)"},
    Case{vip("priority = { gw-a = 100, gw-b = 90 }\npeers = { gw-a = [\"198.18.0.2\"], gw-d = [\"198.18.0.1\"] }"),
         "warning: hf.toml:6:26: node \"gw-b\" is in priority only, no other table keyed by node name has it, did you mean \"gw-d\"?\n"
         "warning: hf.toml:7:34: node \"gw-d\" is in peers only, no other table keyed by node name has it, did you mean \"gw-b\"?"},
    Case{vip("priority = { gw-a = 100, gw-b = 90, gw-c = 80 }\nsource = { gw-a = \"198.18.0.1\", gw-b = \"198.18.0.2\" }"),
         R"(warning: hf.toml:6:37: node "gw-c" is in priority only, no other table keyed by node name has it, add it to the others or remove it)"},
    Case{vip(R"(accept = false)"),
         "hf.toml:6:10: accept = false, no service of this node would be reached on the addresses (RFC 5798 6.1, Accept_Mode), remove it"},
    Case{vip(R"(version = 4)"),
         R"(hf.toml:6:11: version = 4, the range is 2 to 3, write for example version = 3)"},
    Case{vip(R"(lease = "61s")"),
         R"(hf.toml:6:9: lease = "61s", the range is 1s to 1m, write for example lease = "1s")"},
    Case{vip(R"(lease = "1500ms")"),
         R"(hf.toml:6:9: lease = "1500ms", the kernel counts it in whole seconds, write for example lease = "1s")"},
    Case{vip(R"(probe_wait = "2s")"),
         R"(hf.toml:6:14: probe_wait = "2s", the range is 0s to 1s, write for example probe_wait = "20ms")"},
    Case{edited(vip(""), R"("eth1")", R"("averylonginterface")"),
         R"(hf.toml:3:13: interface = "averylonginterface", the name of an interface has 1 to 15 bytes, write for example interface = "eth1")"},
    Case{edited(vip(""), R"("eth1")", R"("eth1:1")"),
         R"(hf.toml:3:13: interface = "eth1:1", an alias is not an interface, it is the label of an address, write for example interface = "eth1")"},
    Case{edited(vip(""), R"("eth1")", R"("eth 1")"),
         R"(hf.toml:3:13: interface = "eth 1", the name of an interface has no blank, no slash and no letter beyond ASCII, write for example interface = "eth1")"},
    Case{edited(vip(""), R"("eth1")", R"("..")"),
         R"(hf.toml:3:13: interface = "..", no interface has this name, write for example interface = "eth1")"},
    Case{vip(R"(gateway_weight = "fault")"),
         R"(hf.toml:6:18: gateway_weight = "fault", "release" or a whole number without quotes is expected, write for example gateway_weight = "release")"},
    Case{vip(R"(gateway_weight = -254)"),
         R"(hf.toml:6:18: gateway_weight = -254, the range is -253 to 253, write for example gateway_weight = "release")"},
    Case{vip(R"(gateway_weight = 2.5)"),
         R"(hf.toml:6:18: gateway_weight = 2.5, "release" or a whole number without quotes is expected, write for example gateway_weight = "release")"},
    Case{vip(R"(source = "gw-a")"),
         R"(hf.toml:6:10: source = "gw-a", it is not an address in numbers, write for example source = "198.18.0.1")"},
    Case{vip(R"(source = "0.0.0.0")"),
         R"(hf.toml:6:10: source = "0.0.0.0", it stands for no address, write for example source = "198.18.0.1")"},
    Case{vip(R"(source = "224.0.0.5")"),
         R"(hf.toml:6:10: source = "224.0.0.5", nothing comes from a multicast address, write an address of this node)"},
    Case{vip(R"(peers = "198.18.0.2")"),
         R"(hf.toml:6:9: peers = "198.18.0.2", a list is expected, write for example peers = ["198.18.0.2"])"},
    Case{vip(R"(peers = ["198.18.0.2", "gw-b"])"),
         R"(hf.toml:6:24: peers holds "gw-b", it is not an address in numbers, write for example peers = ["198.18.0.2"])"},
    Case{vip(R"(peers = ["198.18.0.2", "198.18.0.2"])"),
         R"(hf.toml:6:24: peers holds "198.18.0.2", it is there twice, write for example peers = ["198.18.0.2"])"},
    Case{vip(R"(peers = ["224.0.0.18"])"),
         R"(hf.toml:6:10: peers holds "224.0.0.18", it is a multicast address, write for example peers = ["198.18.0.2"])"},
    Case{vip(R"(peers = [5])"),
         R"(hf.toml:6:10: peers holds 5, a text in quotes is expected, write for example peers = ["198.18.0.2"])"},
    Case{vip(R"(peers = ["0.0.0.0"])"),
         R"(hf.toml:6:10: peers holds "0.0.0.0", it stands for no address, write for example peers = ["198.18.0.2"])"},
    Case{vip(R"(on_probe_answer = "take")"),
         R"(hf.toml:6:19: on_probe_answer = "take", the choice is wait, take-after, write for example on_probe_answer = "wait")"},
    Case{vip(R"(on_conflict = "fight")"),
         R"(hf.toml:6:15: on_conflict = "fight", the choice is defend, release, write for example on_conflict = "defend")"},
    Case{vip(R"(announce = { repeats = 0 })"),
         R"(hf.toml:6:24: repeats = 0, the range is 1 to 100, write for example repeats = 5)"},
    Case{vip(R"(arbiters_needed = 0)"),
         R"(hf.toml:6:19: arbiters_needed = 0, the range is 1 to 64, write for example arbiters_needed = 1)"},
    Case{vip(R"(advert_interval = "5ms")"),
         R"(hf.toml:6:19: advert_interval = "5ms", the range is 10ms to 255s, write for example advert_interval = "100ms")"},
    Case{vip(R"(advert_interval = "1.5s")"),
         R"(hf.toml:6:19: advert_interval = "1.5s", the units of a duration are ns, us, ms, s, m, h, d, write for example advert_interval = "100ms")"},
    Case{vip(R"(track = { interface = "eth1" })"),
         R"(hf.toml:6:9: vip.track is a table, a list is expected, write [[vip.track]])"},
    Case{vip(R"(heartbeat = { interface = "eth2", peers = ["198.18.1.2"] })"),
         R"(hf.toml:6:13: vip.heartbeat is a table, a list is expected, write [[vip.heartbeat]]
warning: hf.toml:6:13: heartbeat without a key, anyone on that network can keep a backup quiet, add heartbeat_key_file, the same on all nodes)"}));

INSTANTIATE_TEST_SUITE_P(Addresses, BadVip, testing::Values(
    Case{on(R"([])"),
         R"(hf.toml:4:13: addresses is empty, at least one is needed, write addresses = ["198.18.0.100/24"])"},
    Case{on(R"(["198.18.0.0/24"])"),
         R"(hf.toml:4:14: address = "198.18.0.0/24", it is the network itself, not a host in it, write for example address = "198.18.0.100/24")"},
    Case{on(R"(["198.18.0.255/24"])"),
         R"(hf.toml:4:14: address = "198.18.0.255/24", it is the broadcast address of its network, write for example address = "198.18.0.100/24")"},
    Case{on(R"(["198.18.0.100/0"])"),
         R"(hf.toml:4:14: address = "198.18.0.100/0", a prefix length is a number from 1 to 32, write for example address = "198.18.0.100/24")"},
    Case{on(R"(["198.18.0.100/33"])"),
         R"(hf.toml:4:14: address = "198.18.0.100/33", a prefix length is a number from 1 to 32, write for example address = "198.18.0.100/24")"},
    Case{on(R"(["fe80::1/129"])"),
         R"(hf.toml:4:14: address = "fe80::1/129", a prefix length is a number from 1 to 128, write for example address = "198.18.0.100/24")"},
    Case{on(R"(["db.example"])"),
         R"(hf.toml:4:14: address = "db.example", it is not an address in numbers, write for example address = "198.18.0.100/24")"},
    Case{on(R"(["0.0.0.0/24"])"),
         R"(hf.toml:4:14: address = "0.0.0.0/24", it stands for no address, write for example address = "198.18.0.100/24")"},
    Case{on(R"(["127.0.0.1/8"])"),
         R"(hf.toml:4:14: address = "127.0.0.1/8", it is the loopback, which every machine has for itself, write for example address = "198.18.0.100/24")"},
    Case{on(R"(["224.0.0.1"])"),
         R"(hf.toml:4:14: address = "224.0.0.1", it is a multicast address, write for example address = "198.18.0.100/24")"},
    Case{on(R"(["::1"])"),
         R"(hf.toml:4:14: address = "::1", it is the loopback, which every machine has for itself, write for example address = "198.18.0.100/24")"},
    Case{on(R"(["ff02::1"])"),
         R"(hf.toml:4:14: address = "ff02::1", it is a multicast address, write for example address = "198.18.0.100/24")"},
    Case{on(R"(["::"])"),
         R"(hf.toml:4:14: address = "::", it stands for no address, write for example address = "198.18.0.100/24")"},
    Case{on(R"(["255.255.255.255"])"),
         R"(hf.toml:4:14: address = "255.255.255.255", it is the broadcast address, write for example address = "198.18.0.100/24")"},
    Case{on(R"(["198.18.0.100/24", "fe80::100/64"])"),
         R"(hf.toml:4:33: address "fe80::100" besides IPv4, an advertisement carries addresses of one family, make two [[vip]] of them, with one sync_group)"},
    Case{on(R"(["198.18.0.100", "198.18.0.101"])"),
         R"(warning: hf.toml:4:14: address "198.18.0.100" has no prefix, it is taken as /32, write /32 if that is meant)"},
    Case{on(R"(["fe80::100/64", { address = "2001:db8::100" }])"),
         R"(warning: hf.toml:4:42: address "2001:db8::100" has no prefix, it is taken as /128, write /128 if that is meant)"},
    Case{on(R"(["198.18.0.100/24", "198.18.0.100/32"])"),
         R"(hf.toml:4:33: address "198.18.0.100" is there twice, the first one is at line 4, remove one of them)"},
    Case{on(R"(["2001:db8::100/64", "fe80::100/64"])"),
         R"(warning: hf.toml:4:14: address "2001:db8::100" comes first, the first address of a VIP over IPv6 is link-local (RFC 5798 5.2.9), put one of fe80::/64 before it)"},
    Case{on(R"([{ address = "198.18.0.100/24", label = "eth2:1" }])"),
         R"(hf.toml:4:53: label = "eth2:1", a label begins with the name of the interface, write for example "eth1:1")"},
    Case{on(R"([{ address = "198.18.0.100/24", label = "eth1:averylong12" }])"),
         R"(hf.toml:4:53: label = "eth1:averylong12", a label has at most 15 bytes, write for example "eth1:1")"},
    Case{on(R"([{ address = "198.18.0.100/24", interface = "eth2", label = "eth1:1" }])"),
         R"(hf.toml:4:73: label = "eth1:1", a label begins with the name of the interface, write for example "eth2:1")"},
    Case{on(R"([{ address = "fe80::100/64", label = "eth1:1" }])"),
         R"(hf.toml:4:50: label = "eth1:1", only IPv4 addresses have labels, remove it)"},
    Case{on(R"([{ address = "198.18.0.100/24", scope = "world" }])"),
         R"(hf.toml:4:53: scope = "world", the choice is global, site, link, host, write for example scope = "global")"},
    Case{on(R"([{ label = "eth1:1" }])"),
         R"(hf.toml:4:14: address is missing, [vip.addresses] needs it, add address = "198.18.0.100/24")"},
    Case{vip("", R"([[vip]]
name = "two"
interface = "eth1"
addresses = ["198.18.0.100/24"]
router_id = 52
)"),
         R"(hf.toml:10:14: address "198.18.0.100" is there twice, the first one is at line 4, remove one of them)"},
    Case{vip(R"(source = "198.18.0.100")"),
         R"(hf.toml:6:10: source is "198.18.0.100", it is a virtual address, which moves between the nodes, write an address that stays where it is)"},
    Case{vip(R"(peers = ["198.18.0.100"])"),
         R"(hf.toml:6:9: peers is "198.18.0.100", it is a virtual address, which moves between the nodes, write an address that stays where it is)"},
    Case{vip(R"(peers = ["fe80::2"])"),
         R"(hf.toml:6:9: peers is "fe80::2", the addresses of the VIP are IPv4, write an IPv4 address)"},
    Case{vip(R"(source = "fe80::2")"),
         R"(hf.toml:6:10: source is "fe80::2", the addresses of the VIP are IPv4, write an IPv4 address)"},
    Case{vip(R"(source = "198.18.0.1"
peers = ["198.18.0.1"])"),
         R"(hf.toml:7:9: peers holds "198.18.0.1", it is this node's own source, leave it out, or make peers a table keyed by node name)"},
    Case{vip(R"(heartbeat_key_env = "REPORT_PASSWORD"
heartbeat = [{ interface = "eth2", peers = ["198.18.0.100"] }])"),
         R"(hf.toml:7:44: peers is "198.18.0.100", it is a virtual address, which moves between the nodes, write an address that stays where it is)"},
    Case{vip(R"(arbiters = [{ icmp = "198.18.0.100" }])"),
         R"(hf.toml:6:13: an arbiter is "198.18.0.100", it is a virtual address, which moves between the nodes, write an address that stays where it is)"},
    Case{vip(R"(multicast_group = "198.18.0.2")"),
         R"(hf.toml:6:19: multicast_group = "198.18.0.2", it is not a multicast address, write "224.0.0.18" or "ff02::12", or name the other nodes in peers)"},
    Case{vip(R"(multicast_group = "ff02::12")"),
         R"(hf.toml:6:19: multicast_group is "ff02::12", the addresses of the VIP are IPv4, write an IPv4 address)"},
    Case{vip(R"(multicast_group = "224.0.0.19"
peers = ["198.18.0.2"])"),
         R"(hf.toml:6:19: multicast_group besides peers, advertisements go to the peers or to a group, not to both, remove one of them)"},
    Case{vip(R"(least_ttl = 64)"),
         R"(hf.toml:6:13: least_ttl without peers, what comes by multicast must never have passed a router, remove it)"}));

INSTANTIATE_TEST_SUITE_P(Identities, BadVip, testing::Values(
    Case{vip("", R"([[vip]]
name = "two"
interface = "eth1"
addresses = ["198.18.1.1/24"]
router_id = 51
)"),
         R"(hf.toml:11:13: router_id = 51 is there twice on eth1, the first one is at line 5, nobody could tell their advertisements apart, give each a router_id of its own)"},
    Case{vip("", R"([[vip]]
name = "db"
interface = "eth1"
addresses = ["198.18.1.1/24"]
router_id = 52
)"),
         R"(hf.toml:8:8: vip "db" is there twice, the first one is at line 2, give each a name of its own)"},
    Case{vip(R"(sync_group = "pair")"),
         R"(warning: hf.toml:6:14: sync_group = "pair" has one member, there is no other VIP that it could move with, correct the name or remove it)"},
    Case{vip("sync_group = \"pair\"\npriority = { gw-a = 110, gw-b = 100 }", R"([[vip]]
name = "inner"
interface = "eth2"
addresses = ["198.18.1.1/24"]
router_id = 52
sync_group = "pair"
priority = { gw-a = 100, gw-b = 110 }
)"),
         R"(warning: hf.toml:14:21: sync_group = "pair" orders gw-a and gw-b otherwise than "db" does, the lowest priority that a node has in the group counts for all of it, give the members the same priorities)"},
    Case{vip("sync_group = \"pair\"\npriority = { gw-a = 110, gw-b = 100 }", R"([[vip]]
name = "inner"
interface = "eth2"
addresses = ["198.18.1.1/24"]
router_id = 52
sync_group = "pair"
priority = 100
)"),
         R"(warning: hf.toml:14:12: sync_group = "pair" orders gw-a and gw-b otherwise than "db" does, the lowest priority that a node has in the group counts for all of it, give the members the same priorities)"},
    Case{vip("priority = { gw-a = 110, gw-b = 110, gw-c = 100 }"),
         R"(warning: hf.toml:6:21: priority = 110 for gw-a and gw-b, of two that are equal the higher address wins, whichever node has it, give each node a priority of its own)"},
    Case{vip("priority = { gw-a = 255, gw-b = 255 }"),
         R"(warning: hf.toml:6:21: priority = 255 for gw-a and gw-b, 255 says that the addresses are a node's own, whenever it runs it takes them, write at most 254 for all but one)"},
    Case{edited(vip(""), "router_id = 51\n", R"()"),
         R"(hf.toml:1:1: router_id is missing, [[vip]] needs it, add router_id = 51)"},
    Case{edited(vip(""), R"(router_id = 51)", R"(router_id = 0)"),
         R"(hf.toml:5:13: router_id = 0, the range is 1 to 255, write for example router_id = 51)"},
    Case{edited(vip(""), "name = \"db\"\n", R"()"),
         R"(hf.toml:1:1: name is missing, [[vip]] needs it, add name = "db")"},
    Case{edited(vip(""), R"("db")", R"("a/b")"),
         R"(hf.toml:2:8: name = "a/b", a name has at most 64 letters, digits, dots, dashes and underscores, write for example name = "db")"}));

INSTANTIATE_TEST_SUITE_P(Versions, BadVip, testing::Values(
    Case{edited(on(R"(["fe80::100/64"])"), R"(router_id = 51)", "router_id = 51\nversion = 2"),
         R"(hf.toml:6:11: version = 2 with IPv6, version 2 of VRRP has IPv4 only, remove it)"},
    Case{vip(R"(version = 2
advert_interval = "100ms")"),
         R"(hf.toml:7:19: advert_interval = "100ms", version 2 of VRRP counts whole seconds, write for example advert_interval = "1s" or use version = 3)"},
    Case{vip(R"(version = 2
advert_interval = "1500ms")"),
         R"(hf.toml:7:19: advert_interval = "1500ms", version 2 of VRRP counts whole seconds, write for example advert_interval = "1s" or use version = 3)"},
    Case{vip(R"(advert_interval = "41s")"),
         R"(hf.toml:6:19: advert_interval = "41s", the range of version 3 is 10ms to 40950ms, write for example advert_interval = "100ms")"},
    Case{vip(R"(advert_interval = "15ms")"),
         R"(hf.toml:6:19: advert_interval = "15ms", version 3 of VRRP counts in steps of 10ms, write for example advert_interval = "100ms")"},
    Case{vip(R"(auth = { password_env = "REPORT_PASSWORD" })"),
         R"(hf.toml:6:8: auth in version 3, version 3 of VRRP has no authentication (RFC 5798 9), remove it or write version = 2)"},
    Case{vip(R"(version = 2
auth = { type = "md5", password_env = "REPORT_PASSWORD" })"),
         R"(hf.toml:7:17: type = "md5", the choice is pass, ah, write for example type = "pass")"},
    Case{vip(R"(auth = { type = "ah", password_env = "REPORT_PASSWORD" })"),
         R"(hf.toml:6:8: auth in version 3, version 3 of VRRP has no authentication (RFC 5798 9), remove it or write version = 2)"},
    Case{vip(R"(version = 2
auth = { type = "ah" })"),
         R"(hf.toml:7:8: password_file or password_env is missing, [vip.auth] needs one of them, add password_file = "/etc/holdfast/file")"},
    Case{vip(R"(version = 2
auth = { password = "x" })"),
         R"(hf.toml:7:10: password is in the clear, secrets come from a file or from the environment, use password_file or password_env)"},
    Case{vip(R"(version = 2
auth = { type = "pass" })"),
         R"(hf.toml:7:8: password_file or password_env is missing, [vip.auth] needs one of them, add password_file = "/etc/holdfast/file")"},
    Case{vip(R"(version = 2
auth = { password_env = "LONG_PASSWORD" })"),
         R"(warning: hf.toml:7:8: the password has 17 bytes, only its first 8 count, shorten it on all nodes)"},
    Case{vip(R"(strict = true)"),
         R"(hf.toml:6:10: strict = true in version 3, only version 2 of VRRP demands that (RFC 3768 7.1), remove it or write version = 2)"},
    Case{vip(R"(version = 2
checksum = "plain")"),
         R"(hf.toml:7:12: checksum = "plain", only version 3 over IPv4 leaves the choice, remove it)"},
    Case{edited(on(R"(["fe80::100/64"])"), R"(router_id = 51)", "router_id = 51\nchecksum = \"plain\""),
         R"(hf.toml:6:12: checksum = "plain", only version 3 over IPv4 leaves the choice, remove it)"},
    Case{vip(R"(preempt_delay = "5s")"),
         R"(hf.toml:6:17: preempt_delay without preempt, a master of lower priority is never preempted, remove it or write preempt = true)"}));

INSTANTIATE_TEST_SUITE_P(Paths, BadVip, testing::Values(
    Case{vip(R"(heartbeat = [{ interface = "eth2", peers = ["198.18.1.2"] }])"),
         R"(warning: hf.toml:6:13: heartbeat without a key, anyone on that network can keep a backup quiet, add heartbeat_key_file, the same on all nodes)"},
    Case{vip(R"(heartbeat_key_env = "REPORT_PASSWORD")"),
         R"(hf.toml:6:21: heartbeat_key_env without heartbeat, only heartbeats are authenticated with it, advertisements are not, add [[vip.heartbeat]] or remove it)"},
    Case{vip(R"(heartbeat_key = "x")"),
         R"(hf.toml:6:1: heartbeat_key is in the clear, secrets come from a file or from the environment, use heartbeat_key_file or heartbeat_key_env)"},
    Case{vip(R"(heartbeat_key_env = "REPORT_PASSWORD"
heartbeat = [{ interface = "eth2", peers = [] }])"),
         R"(hf.toml:7:44: peers = a list, at least one is needed, write for example peers = ["198.18.1.2"])"},
    Case{vip(R"(heartbeat_key_env = "REPORT_PASSWORD"
heartbeat = [{ interface = "eth2" }])"),
         R"(hf.toml:7:14: peers is missing, [[vip.heartbeat]] needs it, add peers = ["198.18.1.2"])"},
    Case{vip(R"(heartbeat_key_env = "REPORT_PASSWORD"
heartbeat = [{ interface = "eth2", peers = ["198.18.1.2"], port = 0 }])"),
         R"(hf.toml:7:67: port = 0, the range is 1 to 65535, write for example port = 694)"},
    Case{vip(R"(arbiters = [{ arp = "fe80::1" }])"),
         R"(hf.toml:6:21: arp = "fe80::1", ARP is of IPv4 only, use icmp)"},
    Case{vip(R"(arbiters = [{ tcp = "witness:22" }])"),
         R"(hf.toml:6:21: tcp = "witness:22", no resolver is asked here, so a name cannot be used, write for example tcp = "198.18.0.9:22")"},
    Case{vip(R"(arbiters = [{ tcp = "198.18.0.9" }])"),
         R"(hf.toml:6:21: tcp = "198.18.0.9", the port is missing, write for example tcp = "198.18.0.9:22")"},
    Case{vip(R"(arbiters = [{ udp = "198.18.0.9:0" }])"),
         R"(hf.toml:6:21: udp = "198.18.0.9:0", nobody listens at port 0, write for example udp = "198.18.0.9:22")"},
    Case{vip(R"(arbiters = [{ icmp = "224.0.0.1" }])"),
         R"(hf.toml:6:13: an arbiter is "224.0.0.1", it is a multicast address, write the address of one host)"},
    Case{vip(R"(arbiters = [{ icmp = "198.18.0.9", arp = "198.18.0.9" }])"),
         R"(hf.toml:6:15: icmp besides arp, [[vip.arbiters]] takes one of arp or icmp or tcp or udp, remove one of them)"},
    Case{vip(R"(arbiters = [{ }])"),
         R"(hf.toml:6:13: arp or icmp or tcp or udp is missing, [[vip.arbiters]] needs one of them, add arp = "198.18.0.1")"},
    Case{vip(R"(arbiters = ["198.18.0.9"])"),
         R"(hf.toml:6:13: arbiters holds "198.18.0.9", each element is a table, write arbiters = [ { … } ])"},
    Case{vip(R"(arbiters_needed = 1)"),
         R"(hf.toml:6:19: arbiters_needed without arbiters, there is nobody to reach, add arbiters or remove it)"},
    Case{vip(R"(arbiters_needed = 2
arbiters = [{ icmp = "198.18.0.9" }])"),
         R"(hf.toml:6:19: arbiters_needed = 2, with 1 in arbiters no node could ever take the addresses, write at most 1)"}));

INSTANTIATE_TEST_SUITE_P(Tracks, BadVip, testing::Values(
    Case{vip(R"(track = [{ service = "wep" }])"),
         R"(hf.toml:6:22: service = "wep", there is no [[service]] of this name, did you mean "web"?)"},
    Case{vip(R"(track = [{ service = "zzzzzz" }])"),
         R"(hf.toml:6:22: service = "zzzzzz", there is no [[service]] of this name, the services are web)"},
    Case{vip(R"(track = [{ service = "web", needs = "primary" }])"),
         R"(hf.toml:6:37: needs = "primary", service "web" is a tcp service, only mysql services have that, remove it)"},
    Case{vip(R"(track = [{ service = "web", needs = "readers" }])"),
         R"(hf.toml:6:37: needs = "readers", service "web" is a tcp service, only mysql services have that, remove it)"},
    Case{vip(R"(track = [{ service = "web", at_least = 2 }])"),
         R"(hf.toml:6:40: at_least = 2, service "web" has fewer servers, so it would always be bad, write at most 1)"},
    Case{vip(R"(track = [{ weight = -5 }])"),
         R"(hf.toml:6:10: service or interface or script or process or file is missing, [[vip.track]] needs one of them, add service = "orders"
warning: hf.toml:6:21: weight = -5 without preempt, a backup leaves the addresses with a master of lower priority, so they never move by it, write weight = "release" or preempt = true)"},
    Case{vip(R"(track = [{ interface = "eth2", process = "nginx" }])"),
         R"(hf.toml:6:32: process besides interface, [[vip.track]] takes one of service or interface or script or process or file, remove one of them)"},
    Case{vip(R"(track = [{ file = "/down" }])"),
         R"(hf.toml:6:10: weight is missing, a file holds how many times it counts, add weight = -20 or weight = "release")"},
    Case{vip(R"(track = [{ interface = "eth2", weight = 0 }])"),
         R"(warning: hf.toml:6:41: weight = 0, it changes nothing, what keepalived does at 0 is "release", write weight = "release" or a number)"},
    Case{vip(R"(track = [{ interface = "eth2", rise = 2 }])"),
         R"(hf.toml:6:39: rise besides interface, only a script has it, remove it)"},
    Case{vip(R"(track = [{ interface = "eth2", needs = "primary" }])"),
         R"(hf.toml:6:40: needs besides interface, only a service has it, remove it)"},
    Case{vip(R"(track = [{ interface = "eth2", interval = "1s" }])"),
         R"(hf.toml:6:43: interval besides interface, only a script, a process or a file has it, remove it)"},
    Case{vip(R"(track = [{ interface = "eth2", at_least = 2 }])"),
         R"(hf.toml:6:43: at_least besides interface, only a service or a process has it, remove it)"},
    Case{vip(R"(track = [{ process = "nginx", user = "nobody" }])"),
         R"(hf.toml:6:38: user besides process, only a script has it, remove it)"},
    Case{vip(R"(track = [{ file = "/down", weight = "release", timeout = "1s" }])"),
         R"(hf.toml:6:58: timeout besides file, only a script has it, remove it)"},
    Case{vip(R"(track = [{ file = "/down", weight = "release", shell = true }])"),
         R"(hf.toml:6:56: shell besides file, only a script has it, remove it)"},
    Case{vip(R"(track = [{ interface = "eth2", fall = 2 }])"),
         R"(hf.toml:6:39: fall besides interface, only a script has it, remove it)"},
    Case{vip(R"(track = [{ interface = "eth2", weight = -20 }])"),
         R"(warning: hf.toml:6:41: weight = -20 without preempt, a backup leaves the addresses with a master of lower priority, so they never move by it, write weight = "release" or preempt = true)"},
    Case{vip(R"(gateway_weight = -20)"),
         R"(warning: hf.toml:6:18: gateway_weight = -20 without preempt, a backup leaves the addresses with a master of lower priority, so they never move by it, write gateway_weight = "release" or preempt = true)"},
    Case{vip(R"(preempt = true
priority = { gw-a = 110, gw-b = 90 }
track = [{ interface = "eth2", weight = -10 }]
gateway_weight = -5)"),
         R"(warning: hf.toml:7:21: the two highest priorities are 20 apart, all weights together are 15 points, so they never move the addresses, make the weights larger than the gap, or write "release")"}));

INSTANTIATE_TEST_SUITE_P(Scripts, BadVip, testing::Values(
    Case{vip(R"(track = [{ script = "[ -f /etc/keepalived/down ] && exit 1 || exit 0" }])"),
         R"(hf.toml:6:21: script = "[ -f /etc/keepalived/down ] && exit 1 || exit 0", only a shell understands "[", and none runs it, write shell = true, or put it in single quotes)"},
    Case{vip(R"(track = [{ script = "/usr/bin/curl localhost | grep ok" }])"),
         R"(hf.toml:6:21: script = "/usr/bin/curl localhost | grep ok", only a shell understands "|", and none runs it, write shell = true, or put it in single quotes)"},
    Case{vip(R"(track = [{ script = "/bin/echo \"$HOME\"" }])"),
         R"(hf.toml:6:21: script = "/bin/echo "$HOME"", only a shell understands "$", and none runs it, write shell = true, or put it in single quotes)"},
    Case{vip(R"(track = [{ script = "/bin/echo 'a" }])"),
         R"(hf.toml:6:21: script = "/bin/echo 'a", a quote is not closed, correct the line)"},
    Case{vip(R"(track = [{ script = '/bin/echo "a' }])"),
         R"(hf.toml:6:21: script = "/bin/echo "a", a quote is not closed, correct the line)"},
    Case{vip(R"(track = [{ script = '/bin/echo \' }])"),
         R"(hf.toml:6:21: script = "/bin/echo \", a backslash at the end escapes nothing, correct the line)"},
    Case{vip(R"(track = [{ script = "check.sh" }])"),
         R"(hf.toml:6:21: script = "check.sh", a program is named by its whole path, write it from the / on)"},
    Case{vip(R"(track = [{ script = "  " }])"),
         R"(hf.toml:6:21: script = "  ", it names no program, correct the line)"},
    Case{vip(R"(on_master = "/etc/holdfast/notify.sh > /tmp/log")"),
         R"(hf.toml:6:13: on_master = "/etc/holdfast/notify.sh > /tmp/log", only a shell understands ">", and none runs it, write notify_shell = true, or put it in single quotes)"},
    Case{vip(R"(on_fault = "notify.sh")"),
         R"(hf.toml:6:12: on_fault = "notify.sh", a program is named by its whole path, write it from the / on)"},
    Case{vip(R"(on_change = "/bin/true\nfalse")"),
         R"(hf.toml:6:13: on_change = "/bin/true\x0afalse", it holds a control character, write for example on_change = "/etc/holdfast/notify.sh")"},
    Case{vip(R"(notify_user = "no body"
on_stop = "/bin/true")"),
         R"(hf.toml:6:15: notify_user = "no body", a name has at most 64 letters, digits, dots, dashes and underscores, write for example notify_user = "nobody")"},
    Case{vip(R"(notify_timeout = "0s")"),
         R"(hf.toml:6:18: notify_timeout = "0s", the range is 10ms to 1h, write for example notify_timeout = "5s")"}));

INSTANTIATE_TEST_SUITE_P(Node, BadVip, testing::Values(
    Case{vip("", R"([node]
gateway_silence = "100ms"
)"),
         R"(hf.toml:8:19: gateway_silence = "100ms", the range is 200ms to 1m, write for example gateway_silence = "1s")"},
    Case{vip("", R"([node]
gateway_silence = "20s"
)"),
         R"(hf.toml:7:1: gateway_kill is shorter than gateway_silence, it would be killed before it counts as stuck, make gateway_kill the longer one)"},
    Case{vip("", R"([node]
realtime_priority = 51
)"),
         R"(hf.toml:8:21: realtime_priority = 51, the range is 0 to 50, write for example realtime_priority = 20)"},
    Case{vip("", R"([node]
user = "a b"
)"),
         R"(hf.toml:8:8: user = "a b", a name has at most 64 letters, digits, dots, dashes and underscores, write for example user = "holdfast")"}));

TEST(BadVips, AnAdvertisementCarriesAtMost255Addresses) {
  std::string addresses = "[";
  for (int i = 0; i < 256; ++i) addresses += "\"198.18." + std::to_string(i / 100) + "." + std::to_string(i % 100 + 1) + "/32\", ";
  EXPECT_EQ(complaints(on(addresses + "]")), "hf.toml:4:13: 256 addresses, an advertisement carries at most 255, make two [[vip]] of them, with one sync_group\n");
  addresses.resize(addresses.rfind('"', addresses.size() - 4));
  EXPECT_EQ(complaints(on(addresses + "]")), "");
}

TEST(BadVips, EverythingThatIsWrongIsToldAtOnceAlsoWhereAKeyIsMissing) {
  EXPECT_EQ(complaints(edited(vip("strict = true\nauth = { password_env = \"REPORT_PASSWORD\" }\ngateway_weight = -5"), "router_id = 51\n", "")),
            R"(hf.toml:1:1: router_id is missing, [[vip]] needs it, add router_id = 51
hf.toml:5:10: strict = true in version 3, only version 2 of VRRP demands that (RFC 3768 7.1), remove it or write version = 2
hf.toml:6:8: auth in version 3, version 3 of VRRP has no authentication (RFC 5798 9), remove it or write version = 2
warning: hf.toml:7:18: gateway_weight = -5 without preempt, a backup leaves the addresses with a master of lower priority, so they never move by it, write gateway_weight = "release" or preempt = true
)");
}

}  // namespace
}  // namespace hf::config::section
