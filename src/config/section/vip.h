// [[vip]]: a group of addresses that one of the nodes holds.
//
// Owner: plain values. Thread: any (the functions are pure).
// Invariants:
//   1. What passes check_vips gives a policy::vrrp::Config that its validate() takes, for any refresh interval up to
//      half the lease.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "config/file/forward.h"
#include "config/file/secret_source.h"
#include "config/section/arbiter.h"
#include "config/section/heartbeat.h"
#include "config/section/script.h"
#include "config/section/track.h"
#include "config/section/vip_address.h"
#include "policy/vrrp/weight.h"

namespace hf::config::section {

enum class VrrpAuth : std::uint8_t { kNone, kPassword, kHeader };

struct Vip {
  std::string name;
  std::string interface;
  std::vector<VipAddress> addresses;  // of one family
  std::uint8_t router_id = 0;         // VRID, 1 to 255
  std::uint8_t priority = 100;        // 1 to 254; 255: the address owner
  std::uint8_t version = 3;           // 2 or 3
  Nanos advert_interval{0};           // resolved: 100ms in version 3, 1s in version 2 where not written
  bool preempt = false;
  Nanos preempt_delay{0};
  Nanos start_delay{0};
  bool accept = true;
  bool strict = false;  // version 2: drop adverts as RFC 3768 7.1 has it
  VrrpAuth auth = VrrpAuth::kNone;
  std::string auth_password;  // kHeader: the key
  file::SecretSource auth_password_from = {};
  bool checksum_pseudo_header = true;  // version 3 over IPv4
  std::optional<IpAddress> source;
  std::vector<IpAddress> peers;  // unicast; empty: multicast
  std::optional<IpAddress> multicast_group;
  std::uint8_t least_ttl = 255;  // of unicast adverts
  bool virtual_mac = false;
  Nanos lease = 1s;  // whole seconds
  Nanos probe_wait = 20ms;
  bool take_answered = false;  // on_probe_answer = "take-after"
  Nanos conflict_patience = 30s;
  bool release_on_conflict = false;  // on_conflict = "release"
  std::uint32_t announce_repeats = 5;
  Nanos announce_delay = 5s;
  Nanos announce_refresh = 10s;
  std::vector<HeartbeatPath> heartbeats;
  std::string heartbeat_key;  // the secret itself; empty: not authenticated
  file::SecretSource heartbeat_key_from = {};
  std::vector<Arbiter> arbiters;
  std::uint32_t arbiters_needed = 1;
  Nanos arbiter_interval = 100ms;
  Nanos arbiter_timeout = 100ms;
  std::uint32_t arbiter_fall = 3;
  std::vector<Track> tracks;
  policy::vrrp::Weight gateway_weight;  // while the gateway is dead, stuck or not ready
  std::string sync_group;               // empty: none
  Script on_master, on_backup, on_fault, on_stop, on_change;
  friend bool operator==(const Vip&, const Vip&) = default;
};

std::span<const file::Key> keys_of_vip();

/// The defaults that depend on other keys, and the scripts as words with ids. `user` runs a script that names nobody.
void fill_in(std::vector<Vip>& vips, const std::string& user, file::ReadResult& result);

/// Needs more than one value: who shares what with whom, and what VRRP and the kernel cannot do.
void check_vips(const std::vector<Vip>& vips, file::ReadResult& result);

}  // namespace hf::config::section
