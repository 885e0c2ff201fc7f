#include "config/section/vip.h"

#include <fmt/format.h>

#include <algorithm>
#include <compare>
#include <cstdint>
#include <iterator>
#include <map>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "config/file/findings.h"
#include "config/file/units.h"
#include "proto/vrrp/authentication_header.h"

namespace hf::config::section {

namespace {

constexpr std::size_t kUsualMtu = 1500;
constexpr std::size_t kMostAddresses = 255;    // the count in an advertisement is one byte
constexpr std::size_t kPasswordBytes = 8;      // of both kinds in version 2
constexpr std::int64_t kOwner = 255;           // the priority of a node whose own addresses these are
constexpr Nanos kLongestV3Interval = 40950ms;  // 12 bits of centiseconds

std::string_view in_words(IpFamily family) { return family == IpFamily::kIpv4 ? "IPv4" : "IPv6"; }

/// An address that is not a virtual one, and where it stands.
struct OtherAddress {
  IpAddress address;
  std::string place;
  std::string_view key;
};

class VipRules : private file::Findings {
 public:
  VipRules(const std::vector<Vip>& vips, file::ReadResult& result) : Findings(result), vips_(vips), result_(result) {}

  void run() {
    check_names();
    check_router_ids();
    check_addresses_twice();
    check_sync_groups();
    check_priorities();
    for (std::size_t i = 0; i < vips_.size(); ++i) check_vip(vips_[i], fmt::format("vip[{}]", i));
  }

 private:
  static std::string place_of(std::size_t vip, std::string_view key) { return fmt::format("vip[{}].{}", vip, key); }

  /// The family of the first address that could be read; the others are held to it.
  static IpFamily family_of(const Vip& vip) {
    for (const VipAddress& a : vip.addresses) {
      if (!a.address.is_unspecified()) return a.address.family();
    }
    return IpFamily::kIpv4;
  }

  void check_names() {
    std::vector<std::string> names;
    for (const Vip& vip : vips_) names.push_back(vip.name);
    check_unique("vip", names, [](std::size_t i) { return place_of(i, "name"); });
  }

  void check_router_ids() {
    std::map<std::tuple<std::string, IpFamily, int>, std::size_t> seen;
    for (std::size_t i = 0; i < vips_.size(); ++i) {
      const Vip& vip = vips_[i];
      if (vip.router_id == 0 || vip.interface.empty()) continue;
      const auto [first, is_new] = seen.emplace(std::tuple(vip.interface, family_of(vip), int{vip.router_id}), i);
      if (is_new) continue;
      error(at(place_of(i, "router_id")),
            fmt::format("router_id = {} is there twice on {}", vip.router_id, vip.interface),
            fmt::format("the first one is at line {}, nobody could tell their advertisements apart",
                        at(place_of(first->second, "router_id")).line),
            "give each a router_id of its own");
    }
  }

  void check_addresses_twice() {
    std::map<IpAddress, std::string> seen;
    for (std::size_t i = 0; i < vips_.size(); ++i) {
      const Vip& vip = vips_[i];
      for (std::size_t j = 0; j < vip.addresses.size(); ++j) {
        const IpAddress& address = vip.addresses[j].address;
        const std::string place = fmt::format("vip[{}].addresses[{}]", i, j);
        if (address.is_unspecified()) continue;
        const auto [first, is_new] = seen.emplace(address, place);
        if (is_new) continue;
        error(at(place), fmt::format("address \"{}\" is there twice", address.to_string()),
              fmt::format("the first one is at line {}", at(first->second).line), "remove one of them");
      }
    }
  }

  void check_sync_groups() {
    std::map<std::string, std::vector<std::size_t>> members;
    for (std::size_t i = 0; i < vips_.size(); ++i) {
      if (!vips_[i].sync_group.empty()) members[vips_[i].sync_group].push_back(i);
    }
    for (const auto& [group, vips] : members) {
      if (vips.size() > 1) {
        check_order(group, vips);
        continue;
      }
      warning(at(place_of(vips.front(), "sync_group")),
              fmt::format("sync_group = {} has one member", file::quoted(group)),
              "there is no other VIP that it could move with", "correct the name or remove it");
    }
  }

  /// The members of a group go by the lowest of their priorities on a node (policy/vrrp/sync_group.h).
  void check_order(const std::string& group, const std::vector<std::size_t>& vips) {
    const auto first = std::ranges::find_if(vips, [this](std::size_t vip) { return priorities_of(vip) != nullptr; });
    if (first == vips.end()) return;
    const Priorities& nodes = *priorities_of(*first);
    for (const std::size_t vip : vips) {
      for (auto one = nodes.begin(); one != nodes.end(); ++one) {
        for (auto other = std::next(one); other != nodes.end(); ++other) {
          if (same_order(*first, vip, one->first, other->first)) continue;
          warning(at(place_of(vip, "priority")),
                  fmt::format("sync_group = {} orders {} and {} otherwise than \"{}\" does", file::quoted(group),
                              one->first, other->first, vips_[*first].name),
                  "the lowest priority that a node has in the group counts for all of it",
                  "give the members the same priorities");
          return;
        }
      }
    }
  }

  bool same_order(std::size_t vip, std::size_t other_vip, const std::string& one, const std::string& other) const {
    const auto there = priority_on(vip, one) <=> priority_on(vip, other);
    return there == (priority_on(other_vip, one) <=> priority_on(other_vip, other));
  }

  void check_priorities() {
    for (std::size_t i = 0; i < vips_.size(); ++i) {
      const Priorities* nodes = priorities_of(i);
      if (nodes == nullptr) continue;
      std::map<std::int64_t, std::string> seen;
      for (const auto& [node, priority] : *nodes) {
        const auto [first, is_new] = seen.emplace(priority, node);
        if (is_new) continue;
        const bool owners = priority == kOwner;
        warning(at(place_of(i, "priority")), fmt::format("priority = {} for {} and {}", priority, first->second, node),
                owners ? "255 says that the addresses are a node's own, whenever it runs it takes them"
                       : "of two that are equal the higher address wins, whichever node has it",
                owners ? "write at most 254 for all but one" : "give each node a priority of its own");
        break;
      }
    }
  }

  using Priorities = std::map<std::string, std::int64_t>;
  /// As the file gives them for each node; nullptr: one for all, or none.
  const Priorities* priorities_of(std::size_t vip) const {
    const auto there = result_.per_node_numbers.find(place_of(vip, "priority"));
    return there == result_.per_node_numbers.end() ? nullptr : &there->second;
  }
  std::int64_t priority_on(std::size_t vip, const std::string& node) const {
    const Priorities* nodes = priorities_of(vip);
    if (nodes == nullptr) return vips_[vip].priority;
    const auto there = nodes->find(node);
    return there == nodes->end() ? 0 : there->second;
  }

  void check_vip(const Vip& vip, const std::string& place) {
    check_families(vip, place);
    check_size(vip, place);
    check_prefixes(vip, place);
    check_labels(vip.addresses, vip.interface, place, result_);
    check_version(vip, place);
    check_times(vip, place);
    check_destinations(vip, place);
    check_other_addresses(vip, place);
    check_heartbeats(vip.heartbeats, place, result_);
    check_arbiters(vip.arbiters, vip.arbiters_needed, place, result_);
  }

  /// The MTU of another machine, or of tomorrow, is not known here.
  void check_size(const Vip& vip, const std::string& place) {
    if (vip.addresses.empty()) return;
    const auto version = vip.version == 2 ? proto::vrrp::Version::kV2 : proto::vrrp::Version::kV3;
    const IpFamily family = vip.addresses.front().address.family();
    const std::size_t size = proto::vrrp::packet_size(version, family, vip.addresses.size()) +
                             (vip.auth == VrrpAuth::kHeader ? proto::vrrp::kAuthenticationHeaderSize : 0);
    if (size <= kUsualMtu) return;
    warning(
        at(place + ".addresses"), fmt::format("{} addresses", vip.addresses.size()),
        fmt::format("their advertisement has {} bytes: a node whose interface has the usual MTU of 1500 does not take "
                    "part",
                    size),
        "make two [[vip]] of them, with one sync_group, or raise the MTU of all nodes");
  }

  void check_families(const Vip& vip, const std::string& place) {
    const IpFamily family = family_of(vip);
    for (std::size_t i = 0; i < vip.addresses.size(); ++i) {
      const IpAddress& address = vip.addresses[i].address;
      if (address.is_unspecified() || address.family() == family) continue;
      error(at(fmt::format("{}.addresses[{}]", place, i)),
            fmt::format("address \"{}\" besides {}", address.to_string(), in_words(family)),
            "an advertisement carries addresses of one family", "make two [[vip]] of them, with one sync_group");
      return;
    }
    if (vip.addresses.size() > kMostAddresses) {
      error(at(place + ".addresses"), fmt::format("{} addresses", vip.addresses.size()),
            "an advertisement carries at most 255", "make two [[vip]] of them, with one sync_group");
    }
    const bool first_is_wide = !vip.addresses.empty() && !vip.addresses.front().address.is_v4() &&
                               !vip.addresses.front().address.is_link_local();
    if (!first_is_wide) return;
    warning(at(place + ".addresses[0]"),
            fmt::format("address \"{}\" comes first", vip.addresses.front().address.to_string()),
            "the first address of a VIP over IPv6 is link-local (RFC 5798 5.2.9)", "put one of fe80::/64 before it");
  }

  /// Once for a VIP: who means it means it of all.
  void check_prefixes(const Vip& vip, const std::string& place) {
    for (std::size_t i = 0; i < vip.addresses.size(); ++i) {
      const VipAddress& address = vip.addresses[i];
      const std::string where = fmt::format("{}.addresses[{}].address", place, i);
      if (!good(where) || !result_.without_prefix.contains(where)) continue;
      warning(at(where), fmt::format("address \"{}\" has no prefix", address.address.to_string()),
              fmt::format("it is taken as /{}", address.prefix_length),
              fmt::format("write /{} if that is meant", address.prefix_length));
      return;
    }
  }

  void check_version(const Vip& vip, const std::string& place) {
    if (bad(place + ".version")) return;
    const IpFamily family = family_of(vip);
    if (vip.version == 2 && family == IpFamily::kIpv6) {
      error(at(place + ".version"), "version = 2 with IPv6", "version 2 of VRRP has IPv4 only", "remove it");
    }
    if (vip.version == 3 && vip.auth != VrrpAuth::kNone) {
      error(at(place + ".auth"), "auth in version 3", "version 3 of VRRP has no authentication (RFC 5798 9)",
            "remove it or write version = 2");
    } else if (vip.auth_password.size() > kPasswordBytes) {
      warning(at(place + ".auth"), fmt::format("the password has {} bytes", vip.auth_password.size()),
              "only its first 8 count", "shorten it on all nodes");
    }
    if (vip.version == 3 && vip.strict) {
      error(at(place + ".strict"), "strict = true in version 3", "only version 2 of VRRP demands that (RFC 3768 7.1)",
            "remove it or write version = 2");
    }
    if (!vip.accept) {
      error(at(place + ".accept"), "accept = false",
            "no service of this node would be reached on the addresses (RFC 5798 6.1, Accept_Mode)", "remove it");
    }
    if (!vip.checksum_pseudo_header && (vip.version == 2 || family == IpFamily::kIpv6)) {
      error(at(place + ".checksum"), "checksum = \"plain\"", "only version 3 over IPv4 leaves the choice", "remove it");
    }
  }

  void check_times(const Vip& vip, const std::string& place) {
    check_interval(vip, place);
    if (vip.lease % Nanos(1s) != Nanos{0}) {
      error(at(place + ".lease"), fmt::format("lease = \"{}\"", file::format_duration(vip.lease)),
            "the kernel counts it in whole seconds", "write for example lease = \"1s\"");
    }
    if (!vip.preempt && vip.preempt_delay > Nanos{0} && !bad(place + ".preempt")) {
      error(at(place + ".preempt_delay"), "preempt_delay without preempt",
            "a master of lower priority is never preempted", "remove it or write preempt = true");
    }
  }

  /// As policy::vrrp::validate has it.
  void check_interval(const Vip& vip, const std::string& place) {
    const Nanos interval = vip.advert_interval;
    const std::string where = place + ".advert_interval";
    if (!good(where) || bad(place + ".version")) return;
    const std::string what = fmt::format("advert_interval = \"{}\"", file::format_duration(interval));
    if (vip.version == 2 && interval % Nanos(1s) != Nanos{0}) {
      error(at(where), what, "version 2 of VRRP counts whole seconds",
            "write for example advert_interval = \"1s\" or use version = 3");
    } else if (vip.version == 3 && interval > kLongestV3Interval) {
      error(at(where), what, "the range of version 3 is 10ms to 40950ms",
            "write for example advert_interval = \"100ms\"");
    } else if (vip.version == 3 && interval % Nanos(10ms) != Nanos{0}) {
      error(at(where), what, "version 3 of VRRP counts in steps of 10ms",
            "write for example advert_interval = \"100ms\"");
    }
  }

  void check_destinations(const Vip& vip, const std::string& place) {
    if (vip.multicast_group && !vip.multicast_group->is_multicast()) {
      error(at(place + ".multicast_group"), fmt::format("multicast_group = \"{}\"", vip.multicast_group->to_string()),
            "it is not a multicast address", "write \"224.0.0.18\" or \"ff02::12\", or name the other nodes in peers");
    }
    if (vip.multicast_group && !vip.peers.empty()) {
      error(at(place + ".multicast_group"), "multicast_group besides peers",
            "advertisements go to the peers or to a group, not to both", "remove one of them");
    }
    if (written(place + ".least_ttl") && !written(place + ".peers")) {
      error(at(place + ".least_ttl"), "least_ttl without peers",
            "what comes by multicast must never have passed a router", "remove it");
    }
    if (vip.source && vip.source->is_multicast()) {
      error(at(place + ".source"), fmt::format("source = \"{}\"", vip.source->to_string()),
            "nothing comes from a multicast address", "write an address of this node");
    }
    if (vip.source && std::find(vip.peers.begin(), vip.peers.end(), *vip.source) != vip.peers.end()) {
      error(at(place + ".peers"), fmt::format("peers holds \"{}\"", vip.source->to_string()),
            "it is this node's own source", "leave it out, or make peers a table keyed by node name");
    }
  }

  static std::vector<OtherAddress> other_addresses(const Vip& vip, const std::string& place) {
    std::vector<OtherAddress> all;
    if (vip.source) all.push_back({*vip.source, place + ".source", "source"});
    if (vip.multicast_group) all.push_back({*vip.multicast_group, place + ".multicast_group", "multicast_group"});
    for (const IpAddress& peer : vip.peers) all.push_back({peer, place + ".peers", "peers"});
    return all;
  }

  /// What advertisements travel between is of the VIP's family and is not a virtual address itself.
  void check_other_addresses(const Vip& vip, const std::string& place) {
    const IpFamily family = family_of(vip);
    std::vector<OtherAddress> others = other_addresses(vip, place);
    for (const OtherAddress& other : others) {
      if (other.address.family() == family || vip.addresses.empty()) continue;
      error(at(other.place), fmt::format("{} is \"{}\"", other.key, other.address.to_string()),
            fmt::format("the addresses of the VIP are {}", in_words(family)),
            fmt::format("write an {} address", in_words(family)));
    }
    for (std::size_t i = 0; i < vip.heartbeats.size(); ++i) {
      for (const IpAddress& peer : vip.heartbeats[i].peers) {
        others.push_back({peer, fmt::format("{}.heartbeat[{}].peers", place, i), "peers"});
      }
    }
    for (std::size_t i = 0; i < vip.arbiters.size(); ++i) {
      others.push_back({vip.arbiters[i].address, fmt::format("{}.arbiters[{}]", place, i), "an arbiter"});
    }
    for (const OtherAddress& other : others) {
      const bool is_virtual = std::any_of(vip.addresses.begin(), vip.addresses.end(),
                                          [&](const VipAddress& a) { return a.address == other.address; });
      if (!is_virtual || other.address.is_unspecified()) continue;
      error(at(other.place), fmt::format("{} is \"{}\"", other.key, other.address.to_string()),
            "it is a virtual address, which moves between the nodes", "write an address that stays where it is");
    }
  }

  const std::vector<Vip>& vips_;
  file::ReadResult& result_;
};

}  // namespace

void check_vips(const std::vector<Vip>& vips, file::ReadResult& result) { VipRules(vips, result).run(); }

}  // namespace hf::config::section
