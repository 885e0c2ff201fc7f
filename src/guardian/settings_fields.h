// The fields of Settings, for an archive (archive.h). A field that is added to a struct is added to its list here:
// until then the structured binding does not compile.
//
// Owner: functions only. Thread: any.
// Invariant: what is bound is handed to the archive, all of it, in the same order.
#pragma once

#include "guardian/archive.h"
#include "vip/settings.h"

namespace hf::guardian {

template <class Archive, Like<policy::vrrp::Damping> M>
void fields(Archive& archive, M& m) {
  auto& [window, base, limit] = m;
  archive(window, base, limit);
}

template <class Archive, Like<policy::vrrp::Config> M>
void fields(Archive& archive, M& m) {
  auto& [version, priority, addresses, advert_interval, preempt, preempt_delay, start_delay, strict, answer_lower,
         advertise_loss, check_stall, hand_over, lease, refresh_interval, probe_wait, probe_again, on_probe_answer,
         conflict_patience, on_held_conflict, conflict_hold, announce_repeats, announce_delay, announce_refresh,
         damping] = m;
  archive(version, priority, addresses, advert_interval, preempt, preempt_delay, start_delay, strict, answer_lower,
          advertise_loss, check_stall, hand_over, lease, refresh_interval, probe_wait, probe_again, on_probe_answer,
          conflict_patience, on_held_conflict, conflict_hold, announce_repeats, announce_delay, announce_refresh,
          damping);
}

template <class Archive, Like<proto::vrrp::Auth> M>
void fields(Archive& archive, M& m) {
  auto& [type, data] = m;
  archive(type, data);
}

template <class Archive, Like<policy::vrrp::Weight> M>
void fields(Archive& archive, M& m) {
  auto& [release, points] = m;
  archive(release, points);
}

template <class Archive, Like<vip::VirtualAddress> M>
void fields(Archive& archive, M& m) {
  auto& [address, prefix_length, interface, label, scope] = m;
  archive(address, prefix_length, interface, label, scope);
}

template <class Archive, Like<vip::IpEndpoint> M>
void fields(Archive& archive, M& m) {
  auto& [address, port] = m;
  archive(address, port);
}

template <class Archive, Like<policy::vrrp::HeartbeatPath> M>
void fields(Archive& archive, M& m) {
  auto& [interface, port, peers] = m;
  archive(interface, port, peers);
}

template <class Archive, Like<vip::ArbiterTarget> M>
void fields(Archive& archive, M& m) {
  auto& [kind, endpoint] = m;
  archive(kind, endpoint);
}

template <class Archive, Like<vip::ArbiterSettings> M>
void fields(Archive& archive, M& m) {
  auto& [targets, needed, interval, timeout, fall] = m;
  archive(targets, needed, interval, timeout, fall);
}

template <class Archive, Like<vip::InterfaceTrack> M>
void fields(Archive& archive, M& m) {
  auto& [interface, weight] = m;
  archive(interface, weight);
}

template <class Archive, Like<vip::RouterSettings> M>
void fields(Archive& archive, M& m) {
  auto& [name, interface, router_id, machine, addresses, auth, authentication_key, checksum, source, peers,
         multicast_group, least_ttl, virtual_mac, heartbeats, heartbeat_key, arbiters, interfaces, gateway_weight,
         sync_group] = m;
  archive(name, interface, router_id, machine, addresses, auth, authentication_key, checksum, source, peers,
          multicast_group, least_ttl, virtual_mac, heartbeats, heartbeat_key, arbiters, interfaces, gateway_weight,
          sync_group);
}

template <class Archive, Like<Settings> M>
void fields(Archive& archive, M& m) {
  auto& [routers, gateway_silence, gateway_kill] = m;
  archive(routers, gateway_silence, gateway_kill);
}

}  // namespace hf::guardian
