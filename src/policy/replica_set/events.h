// What the replica set tells of: roles, the primary, who serves reads.
//
// Owner: constant tables, plain values. Thread: any. Invariants: those of base/event.h.
#pragma once

#include "base/event.h"

namespace hf::policy::replica_set::events {

struct ServerSlowStart {
  EventText service, server, duration;

  static constexpr EventWords kWords{
      .id = EventId::kServerSlowStart,
      .name = "server_slow_start",
      .level = EventLevel::kInfo,
      .meaning = "The server came back and gets a share of work that grows to its full weight over `duration`.",
      .action = "Nothing.",
  };
  static constexpr EventMember<ServerSlowStart> kFields[] = {{"service", &ServerSlowStart::service},
                                                             {"server", &ServerSlowStart::server},
                                                             {"duration", &ServerSlowStart::duration}};
};

struct RoleChanged {
  EventText service, server, before, now, reason;

  static constexpr EventWords kWords{
      .id = EventId::kRoleChanged,
      .name = "role_changed",
      .level = EventLevel::kInfo,
      .meaning = "A server was seen in another role than before.",
      .action = "Nothing, if you or a failover changed the replication.",
  };
  static constexpr EventMember<RoleChanged> kFields[] = {{"service", &RoleChanged::service},
                                                         {"server", &RoleChanged::server},
                                                         {"old", &RoleChanged::before},
                                                         {"new", &RoleChanged::now},
                                                         {"reason", &RoleChanged::reason}};
};

struct PrimaryElected {
  EventText service, server, epoch, reason;

  static constexpr EventWords kWords{
      .id = EventId::kPrimaryElected,
      .name = "primary_elected",
      .level = EventLevel::kInfo,
      .meaning = "This server is the primary: all writes go to it from now on. `epoch` counts such changes.",
      .action = "Nothing.",
  };
  static constexpr EventMember<PrimaryElected> kFields[] = {{"service", &PrimaryElected::service},
                                                            {"server", &PrimaryElected::server},
                                                            {"epoch", &PrimaryElected::epoch},
                                                            {"reason", &PrimaryElected::reason}};
};

struct PrimaryLost {
  EventText service, server, epoch, reason;

  static constexpr EventWords kWords{
      .id = EventId::kPrimaryLost,
      .name = "primary_lost",
      .level = EventLevel::kError,
      .meaning =
          "There is no primary any more. Writes are held until one is known or their time is over; reads go on from "
          "the replicas.",
      .action = "Bring the server back, or promote a replica (manual failover) if failover is not automatic.",
  };
  static constexpr EventMember<PrimaryLost> kFields[] = {{"service", &PrimaryLost::service},
                                                         {"server", &PrimaryLost::server},
                                                         {"epoch", &PrimaryLost::epoch},
                                                         {"reason", &PrimaryLost::reason}};
};

struct NoPrimary {
  EventText service, reason;

  static constexpr EventWords kWords{
      .id = EventId::kNoPrimary,
      .name = "no_primary",
      .level = EventLevel::kError,
      .meaning = "All servers were checked and none can be trusted with writes. `reason` says what is missing.",
      .action = "Follow `reason`: usually clear read_only on exactly one server and let the others replicate from it.",
  };
  static constexpr EventMember<NoPrimary> kFields[] = {{"service", &NoPrimary::service},
                                                       {"reason", &NoPrimary::reason}};
};

struct TwoWritableServers {
  EventText service, primary, servers, reason;

  static constexpr EventWords kWords{
      .id = EventId::kTwoWritableServers,
      .name = "two_writable_servers",
      .level = EventLevel::kError,
      .meaning =
          "More than one server accepts writes. Writes go to `primary` only, or to none when it is not clear who it "
          "is; never to both.",
      .action =
          "Set read_only on the server that must not take writes and let it replicate. To decide for one of two "
          "equals, drain the other.",
  };
  static constexpr EventMember<TwoWritableServers> kFields[] = {{"service", &TwoWritableServers::service},
                                                                {"primary", &TwoWritableServers::primary},
                                                                {"servers", &TwoWritableServers::servers},
                                                                {"reason", &TwoWritableServers::reason}};
};

struct ReplicaLagOut {
  EventText service, server, lag, limit;

  static constexpr EventWords kWords{
      .id = EventId::kReplicaLagOut,
      .name = "replica_lag_out",
      .level = EventLevel::kWarning,
      .meaning =
          "The replica is further behind the primary than max_replica_lag allows (or its lag is unknown) and gets no "
          "new reads. Running reads end in peace.",
      .action =
          "Look for a long transaction or a slow disk on the replica. It returns when its lag is below half the limit.",
  };
  static constexpr EventMember<ReplicaLagOut> kFields[] = {{"service", &ReplicaLagOut::service},
                                                           {"server", &ReplicaLagOut::server},
                                                           {"lag", &ReplicaLagOut::lag},
                                                           {"limit", &ReplicaLagOut::limit}};
};

struct ReplicaLagIn {
  EventText service, server, lag, limit;

  static constexpr EventWords kWords{
      .id = EventId::kReplicaLagIn,
      .name = "replica_lag_in",
      .level = EventLevel::kInfo,
      .meaning = "The replica has caught up and serves reads again.",
      .action = "Nothing.",
  };
  static constexpr EventMember<ReplicaLagIn> kFields[] = {{"service", &ReplicaLagIn::service},
                                                          {"server", &ReplicaLagIn::server},
                                                          {"lag", &ReplicaLagIn::lag},
                                                          {"limit", &ReplicaLagIn::limit}};
};

struct ReplicationStopped {
  EventText service, server, source, reason;

  static constexpr EventWords kWords{
      .id = EventId::kReplicationStopped,
      .name = "replication_stopped",
      .level = EventLevel::kWarning,
      .meaning = "A replication thread of the replica does not run.",
      .action = "Look at SHOW SLAVE STATUS on the server; correct the error there and START SLAVE.",
  };
  static constexpr EventMember<ReplicationStopped> kFields[] = {{"service", &ReplicationStopped::service},
                                                                {"server", &ReplicationStopped::server},
                                                                {"source", &ReplicationStopped::source},
                                                                {"reason", &ReplicationStopped::reason}};
};

struct ReplicationRunning {
  EventText service, server, source;

  static constexpr EventWords kWords{
      .id = EventId::kReplicationRunning,
      .name = "replication_running",
      .level = EventLevel::kInfo,
      .meaning = "Both replication threads of the replica run again.",
      .action = "Nothing.",
  };
  static constexpr EventMember<ReplicationRunning> kFields[] = {{"service", &ReplicationRunning::service},
                                                                {"server", &ReplicationRunning::server},
                                                                {"source", &ReplicationRunning::source}};
};

struct ReadersNone {
  EventText service, reason;

  static constexpr EventWords kWords{
      .id = EventId::kReadersNone,
      .name = "readers_none",
      .level = EventLevel::kWarning,
      .meaning = "No replica can serve reads. Reads go where `reason` says.",
      .action = "Look at the reason given for each server in `holdfast status`.",
  };
  static constexpr EventMember<ReadersNone> kFields[] = {{"service", &ReadersNone::service},
                                                         {"reason", &ReadersNone::reason}};
};

struct ReadersBack {
  EventText service, readers;

  static constexpr EventWords kWords{
      .id = EventId::kReadersBack,
      .name = "readers_back",
      .level = EventLevel::kInfo,
      .meaning = "Replicas serve reads again.",
      .action = "Nothing.",
  };
  static constexpr EventMember<ReadersBack> kFields[] = {{"service", &ReadersBack::service},
                                                         {"readers", &ReadersBack::readers}};
};

inline constexpr auto kAll =
    kEventTypes<ServerSlowStart, RoleChanged, PrimaryElected, PrimaryLost, NoPrimary, TwoWritableServers, ReplicaLagOut,
                ReplicaLagIn, ReplicationStopped, ReplicationRunning, ReadersNone, ReadersBack>;

}  // namespace hf::policy::replica_set::events
