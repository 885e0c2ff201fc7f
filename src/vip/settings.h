// Settings: what the guardian is to do, compiled from the configuration: one RouterSettings per [[vip]].
//
// Owner: the guardian; made by the steward (settings_from_config.h) and sent over the link. Thread: any (plain values).
// Invariants:
//   1. Values passed config::validate: machine passes policy::vrrp::validate.
//   2. Names are unique; all addresses of one router are of one family.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "policy/vrrp/config.h"
#include "policy/vrrp/heartbeat_path.h"
#include "policy/vrrp/quorum.h"
#include "policy/vrrp/weight.h"
#include "proto/netlink/address.h"
#include "proto/vrrp/advertisement.h"

namespace hf::vip {

using policy::vrrp::ArbiterKind;
using policy::vrrp::HeartbeatPath;
using policy::vrrp::Weight;

struct VirtualAddress {
  IpAddress address{};
  std::uint8_t prefix_length = 32;
  std::string interface{};  // "": the router's own
  std::string label{};
  proto::netlink::Scope scope = proto::netlink::Scope::kGlobal;

  friend bool operator==(const VirtualAddress&, const VirtualAddress&) = default;
};

struct IpEndpoint {
  IpAddress address{};
  std::uint16_t port = 0;

  friend bool operator==(const IpEndpoint&, const IpEndpoint&) = default;
};

/// Something outside of the nodes that a node must reach to become or stay master.
struct ArbiterTarget {
  ArbiterKind kind = ArbiterKind::kArp;
  IpEndpoint endpoint{};  // port: kTcp and kUdp

  friend bool operator==(const ArbiterTarget&, const ArbiterTarget&) = default;
};

struct ArbiterSettings {
  std::vector<ArbiterTarget> targets{};  // empty: no arbiters
  std::uint32_t needed = 1;
  Nanos interval = 100ms;
  Nanos timeout = 100ms;
  std::uint32_t fall = 3;  // unanswered in a row

  friend bool operator==(const ArbiterSettings&, const ArbiterSettings&) = default;
};

struct InterfaceTrack {
  std::string interface{};
  Weight weight{};

  friend bool operator==(const InterfaceTrack&, const InterfaceTrack&) = default;
};

struct RouterSettings {
  std::string name{};
  std::string interface{};
  std::uint8_t router_id = 1;
  policy::vrrp::Config machine{};
  std::vector<VirtualAddress> addresses{};
  proto::vrrp::Auth auth{};          // version 2; of an authentication header without data
  std::string authentication_key{};  // of the authentication header, never sent; its first 8 bytes count
  proto::vrrp::ChecksumDialect checksum = proto::vrrp::ChecksumDialect::kPseudoHeader;
  std::optional<IpAddress> source{};  // instead of the interface's primary address
  std::vector<IpAddress> peers{};     // unicast; empty: the multicast group
  IpAddress multicast_group = proto::vrrp::kGroupV4;
  std::uint8_t least_ttl = proto::vrrp::kRequiredTtl;
  bool virtual_mac = false;
  std::vector<HeartbeatPath> heartbeats{};
  std::string heartbeat_key{};  // any bytes; empty: heartbeats are not authenticated
  ArbiterSettings arbiters{};
  std::vector<InterfaceTrack> interfaces{};
  Weight gateway_weight{};   // while the gateway is dead, stuck or not ready
  std::string sync_group{};  // "": none

  friend bool operator==(const RouterSettings&, const RouterSettings&) = default;
  IpFamily family() const { return addresses.empty() ? IpFamily::kIpv4 : addresses.front().address.family(); }
};

struct Settings {
  std::vector<RouterSettings> routers{};
  Nanos gateway_silence = 1s;  // no beat for so long: the gateway is stuck
  Nanos gateway_kill = 10s;    // stuck for so long: it is killed and started anew
};

}  // namespace hf::vip
