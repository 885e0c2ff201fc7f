#include "vip/settings_from_config.h"

#include <algorithm>

namespace hf::vip {
namespace {

namespace vrrp = policy::vrrp;

// Five renewals in a lease: four may be late or fail before an address is lost. Of a long lease a node that dies right
// after a renewal would keep the addresses for all of it anyway, so renewing every second only costs a system call.
constexpr int kRefreshesInALease = 5;
constexpr Nanos kLongestRefresh = 1s;

proto::netlink::Scope scope(std::string_view word) {
  if (word == "site") return proto::netlink::Scope::kSite;
  if (word == "link") return proto::netlink::Scope::kLink;
  if (word == "host") return proto::netlink::Scope::kHost;
  return proto::netlink::Scope::kGlobal;
}

vrrp::Config machine(const config::Vip& vip) {
  vrrp::Config out;
  out.version = vip.version == 2 ? vrrp::ProtocolVersion::kV2 : vrrp::ProtocolVersion::kV3;
  out.priority = vip.priority;
  for (const config::VipAddress& address : vip.addresses) out.addresses.push_back(address.address);
  out.advert_interval = vip.advert_interval;
  out.preempt = vip.preempt;
  out.preempt_delay = vip.preempt_delay;
  out.start_delay = vip.start_delay;
  out.strict = vip.strict;
  out.lease = vip.lease;
  out.refresh_interval = std::min(vip.lease / kRefreshesInALease, kLongestRefresh);
  out.probe_wait = vip.probe_wait;
  out.on_probe_answer = vip.take_answered ? vrrp::OnProbeAnswer::kTakeAfter : vrrp::OnProbeAnswer::kWait;
  out.conflict_patience = vip.conflict_patience;
  out.on_held_conflict = vip.release_on_conflict ? vrrp::OnHeldConflict::kRelease : vrrp::OnHeldConflict::kDefend;
  out.announce_repeats = static_cast<std::uint8_t>(std::min(vip.announce_repeats, 255U));
  out.announce_delay = vip.announce_delay;
  out.announce_refresh = vip.announce_refresh;
  return out;
}

std::vector<VirtualAddress> addresses(const config::Vip& vip) {
  std::vector<VirtualAddress> out;
  for (const config::VipAddress& address : vip.addresses) {
    out.push_back(VirtualAddress{.address = address.address,
                                 .prefix_length = address.prefix_length,
                                 .interface = address.interface,
                                 .label = address.label,
                                 .scope = scope(address.scope)});
  }
  return out;
}

ArbiterSettings arbiters(const config::Vip& vip) {
  ArbiterSettings out;
  for (const config::Arbiter& arbiter : vip.arbiters) {
    out.targets.push_back(
        ArbiterTarget{.kind = arbiter.kind, .endpoint = IpEndpoint{.address = arbiter.address, .port = arbiter.port}});
  }
  out.needed = vip.arbiters_needed;
  out.interval = vip.arbiter_interval;
  out.timeout = vip.arbiter_timeout;
  out.fall = vip.arbiter_fall;
  return out;
}

std::vector<InterfaceTrack> interfaces(const config::Vip& vip) {
  std::vector<InterfaceTrack> out;
  for (const config::Track& track : vip.tracks) {
    if (track.kind != config::TrackKind::kInterface) continue;
    out.push_back(InterfaceTrack{.interface = track.target, .weight = track.weight});
  }
  return out;
}

RouterSettings router(const config::Vip& vip) {
  RouterSettings out;
  out.name = vip.name;
  out.interface = vip.interface;
  out.router_id = vip.router_id;
  out.machine = machine(vip);
  out.addresses = addresses(vip);
  if (vip.version == 2 && vip.auth == config::VrrpAuth::kPassword) {
    out.auth = proto::vrrp::password_auth(vip.auth_password);
  }
  if (vip.version == 2 && vip.auth == config::VrrpAuth::kHeader) {
    out.auth.type = proto::vrrp::AuthType::kAuthenticationHeader;
    out.authentication_key = vip.auth_password;
  }
  out.checksum =
      vip.checksum_pseudo_header ? proto::vrrp::ChecksumDialect::kPseudoHeader : proto::vrrp::ChecksumDialect::kPlain;
  out.source = vip.source;
  out.peers = vip.peers;
  out.multicast_group =
      vip.multicast_group.value_or(out.family() == IpFamily::kIpv4 ? proto::vrrp::kGroupV4 : proto::vrrp::kGroupV6);
  out.least_ttl = vip.least_ttl;
  out.virtual_mac = vip.virtual_mac;
  out.heartbeats = vip.heartbeats;
  out.heartbeat_key = vip.heartbeat_key;
  out.arbiters = arbiters(vip);
  out.interfaces = interfaces(vip);
  out.gateway_weight = vip.gateway_weight;
  out.sync_group = vip.sync_group;
  return out;
}

}  // namespace

Settings settings_from(const config::Config& config) {
  Settings out;
  for (const config::Vip& vip : config.vips) out.routers.push_back(router(vip));
  out.gateway_silence = config.node.gateway_silence;
  out.gateway_kill = config.node.gateway_kill;
  return out;
}

}  // namespace hf::vip
