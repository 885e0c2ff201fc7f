// The fields of the messages, for an archive (archive.h). As in settings_fields.h, a field that is not bound does not
// compile.
//
// Owner: functions only. Thread: any.
// Invariant: what is bound is handed to the archive, all of it, in the same order.
#pragma once

#include "guardian/archive.h"
#include "guardian/messages.h"
#include "guardian/settings_fields.h"

namespace hf::guardian {

template <class Archive, Like<Beat> M>
void fields(Archive& archive, M& m) {
  auto& [stalled] = m;
  archive.within(stalled, Nanos{0}, Nanos::max());
}

template <class Archive, Like<GatewayReady> M>
void fields(Archive& archive, M& m) {
  auto& [ready] = m;
  archive(ready);
}

template <class Archive, Like<Verdict> M>
void fields(Archive& archive, M& m) {
  auto& [router, points, release, reason] = m;
  archive(router);
  archive.within(points, -kMostPoints, kMostPoints);
  archive(release, reason);
}

template <class Archive, Like<Verdicts> M>
void fields(Archive& archive, M& m) {
  auto& [verdicts] = m;
  archive(verdicts);
}

template <class Archive, Like<VipCommand> M>
void fields(Archive& archive, M& m) {
  auto& [id, router, command] = m;
  archive(id, router, command);
}

template <class Archive, Like<SettingsChanged> M>
void fields(Archive& /*archive*/, M& /*m*/) {}

template <class Archive, Like<RunScript> M>
void fields(Archive& archive, M& m) {
  auto& [id, script, arguments, environment] = m;
  archive(id, script, arguments, environment);
}

template <class Archive, Like<Transition> M>
void fields(Archive& archive, M& m) {
  auto& [wall_micros, from, to, reason] = m;
  archive(wall_micros, from, to, reason);
}

template <class Archive, Like<Contribution> M>
void fields(Archive& archive, M& m) {
  auto& [source, points, release, reason] = m;
  archive(source, points, release, reason);
}

template <class Archive, Like<PathReport> M>
void fields(Archive& archive, M& m) {
  auto& [path, heard_ms, sent, received, send_failures, problem] = m;
  archive(path, heard_ms, sent, received, send_failures, problem);
}

template <class Archive, Like<ArbiterReport> M>
void fields(Archive& archive, M& m) {
  auto& [target, reached] = m;
  archive(target, reached);
}

template <class Archive, Like<RefusedCount> M>
void fields(Archive& archive, M& m) {
  auto& [reason, count] = m;
  archive(reason, count);
}

template <class Archive, Like<RouterReport> M>
void fields(Archive& archive, M& m) {
  auto& [name, interface, router_id, version, addresses, mode, holding, since_wall_micros, reason, master,
         master_priority, own_address, base_priority, priority, preferred, damped_ms, sync_group, contributions,
         transitions, paths, arbiters, refused, transitions_total, became_master_total, conflicts_total] = m;
  archive(name, interface, router_id, version, addresses, mode, holding, since_wall_micros, reason, master,
          master_priority, own_address, base_priority, priority, preferred, damped_ms, sync_group, contributions,
          transitions, paths, arbiters, refused, transitions_total, became_master_total, conflicts_total);
}

template <class Archive, Like<StandingOrder> M>
void fields(Archive& archive, M& m) {
  auto& [vip, command] = m;
  archive(vip, command);
}

template <class Archive, Like<Report> M>
void fields(Archive& archive, M& m) {
  auto& [guardian_pid, steward_pid, realtime, memory_locked, gateway_restarts, longest_delay, routers, orders] = m;
  archive(guardian_pid, steward_pid, realtime, memory_locked, gateway_restarts, longest_delay, routers, orders);
}

template <class Archive, Like<Event> M>
void fields(Archive& archive, M& m) {
  auto& [type, at, wall_micros, list] = m;
  archive.event_type(type);
  archive(at, wall_micros);
  const EventType& its_type = *type;
  archive.list(list, [&archive, &its_type](auto& field) {
    auto& [name, value] = field;
    archive.field_name(its_type, name);
    archive(LongText{value});
  });
}

template <class Archive, Like<GuardianEvent> M>
void fields(Archive& archive, M& m) {
  auto& [event] = m;
  archive(event);
}

template <class Archive, Like<RouterTransition> M>
void fields(Archive& archive, M& m) {
  auto& [router, router_id, interface, transition, priority, master, in_order] = m;
  archive(router, router_id, interface, transition, priority, master, in_order);
}

template <class Archive, Like<AddressConflict> M>
void fields(Archive& archive, M& m) {
  auto& [wall_micros, router, address, mac] = m;
  archive(wall_micros, router, address, mac);
}

template <class Archive, Like<DuplicateMaster> M>
void fields(Archive& archive, M& m) {
  auto& [wall_micros, router, peer] = m;
  archive(wall_micros, router, peer);
}

template <class Archive, Like<AddressesLeave> M>
void fields(Archive& archive, M& m) {
  auto& [router] = m;
  archive(router);
}

template <class Archive, Like<CommandDone> M>
void fields(Archive& archive, M& m) {
  auto& [id, done, text] = m;
  archive(id, done, text);
}

template <class Archive, Like<LoadSettings> M>
void fields(Archive& /*archive*/, M& /*m*/) {}

template <class Archive, Like<SettingsLoaded> M>
void fields(Archive& archive, M& m) {
  auto& [settings] = m;
  archive(settings);
}

template <class Archive, Like<SettingsFailed> M>
void fields(Archive& archive, M& m) {
  auto& [reason] = m;
  archive(LongText{reason});
}

template <class Archive, Like<ScriptDone> M>
void fields(Archive& archive, M& m) {
  auto& [id, started, timed_out, exit_code, output] = m;
  archive(id, started, timed_out, exit_code, output);
}

}  // namespace hf::guardian
