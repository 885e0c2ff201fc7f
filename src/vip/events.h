// What is told of virtual addresses: by virtual routers, in the guardian, and by the gateway's tracked things.
//
// Owner: constant tables, plain values. Thread: any. Invariants: those of base/event.h.
#pragma once

#include "base/event.h"

namespace hf::vip::events {

// ── of virtual routers ──

struct VipMaster {
  EventText vip, router_id, interface, from, reason, priority, master;

  static constexpr EventWords kWords{
      .id = EventId::kVipMaster,
      .name = "vip_master",
      .level = EventLevel::kInfo,
      .meaning =
          "This node is master of the virtual address: it has put the addresses on the interface and announced them.",
      .action =
          "Nothing, if the move was planned. Otherwise find out what ended the former master: `reason` here, and the "
          "log of that node at the same time.",
  };
  static constexpr EventMember<VipMaster> kFields[] = {
      {"vip", &VipMaster::vip},      {"router_id", &VipMaster::router_id}, {"interface", &VipMaster::interface},
      {"from", &VipMaster::from},    {"reason", &VipMaster::reason},       {"priority", &VipMaster::priority},
      {"master", &VipMaster::master}};
};

struct VipBackup {
  EventText vip, router_id, interface, from, reason, priority, master;

  static constexpr EventWords kWords{
      .id = EventId::kVipBackup,
      .name = "vip_backup",
      .level = EventLevel::kInfo,
      .meaning =
          "This node is backup: it does not hold the addresses and takes them when the master falls silent. `master` "
          "is who holds them, as far as it was heard.",
      .action = "Nothing. If it was master before and nobody asked for the change, follow `reason`.",
  };
  static constexpr EventMember<VipBackup> kFields[] = {
      {"vip", &VipBackup::vip},      {"router_id", &VipBackup::router_id}, {"interface", &VipBackup::interface},
      {"from", &VipBackup::from},    {"reason", &VipBackup::reason},       {"priority", &VipBackup::priority},
      {"master", &VipBackup::master}};
};

struct VipFault {
  EventText vip, router_id, interface, from, reason, priority, master;

  static constexpr EventWords kWords{
      .id = EventId::kVipFault,
      .name = "vip_fault",
      .level = EventLevel::kError,
      .meaning =
          "This node may not hold the addresses, and has given them up if it held them: an interface is down, a "
          "tracked thing demands it, arbiters are out of reach, or the kernel refuses what it needs. What "
          "was asked for is HF-6024 instead.",
      .action =
          "See whether another node is master: `holdfast status` there, or `master` here. Then mend what `reason` "
          "names; the node is backup again by itself.",
  };
  static constexpr EventMember<VipFault> kFields[] = {
      {"vip", &VipFault::vip},      {"router_id", &VipFault::router_id}, {"interface", &VipFault::interface},
      {"from", &VipFault::from},    {"reason", &VipFault::reason},       {"priority", &VipFault::priority},
      {"master", &VipFault::master}};
};

struct VipStopped {
  EventText vip, router_id, interface, from, reason, priority, master;

  static constexpr EventWords kWords{
      .id = EventId::kVipStopped,
      .name = "vip_stopped",
      .level = EventLevel::kInfo,
      .meaning =
          "The virtual address is not run on this node any more: the program stops, or the configuration no longer has "
          "it. If it was held, it was given up in order.",
      .action = "Nothing, if the stop was meant.",
  };
  static constexpr EventMember<VipStopped> kFields[] = {
      {"vip", &VipStopped::vip},      {"router_id", &VipStopped::router_id}, {"interface", &VipStopped::interface},
      {"from", &VipStopped::from},    {"reason", &VipStopped::reason},       {"priority", &VipStopped::priority},
      {"master", &VipStopped::master}};
};

struct VipSetAside {
  EventText vip, router_id, interface, from, reason, priority, master;

  static constexpr EventWords kWords{
      .id = EventId::kVipSetAside,
      .name = "vip_set_aside",
      .level = EventLevel::kInfo,
      .meaning =
          "This node may not hold the addresses for now, and that is in order: the operator released them, the sync "
          "group moves, or the program has not opened its listeners yet. It is in the state `fault` meanwhile.",
      .action =
          "Nothing. After a release by the operator: `holdfast vip resume NAME` when the work is done. If a start does "
          "not end in `backup` or `master`, `forbidden` in `holdfast status` says why.",
  };
  static constexpr EventMember<VipSetAside> kFields[] = {
      {"vip", &VipSetAside::vip},      {"router_id", &VipSetAside::router_id}, {"interface", &VipSetAside::interface},
      {"from", &VipSetAside::from},    {"reason", &VipSetAside::reason},       {"priority", &VipSetAside::priority},
      {"master", &VipSetAside::master}};
};

struct VipDuplicateMaster {
  EventText vip, peer;

  static constexpr EventWords kWords{
      .id = EventId::kVipDuplicateMaster,
      .name = "vip_duplicate_master",
      .level = EventLevel::kError,
      .damping = EventDamping::kRepeats,
      .meaning =
          "Two nodes were master at the same time: this one heard the advertisement of `peer` while it held the "
          "addresses. The one of lower priority (then lower address) gives way at once and the other announces itself "
          "anew.",
      .action =
          "It heals by itself as soon as the nodes hear each other. If it repeats, adverts get lost one way: look for "
          "a firewall that drops IP protocol 112 (51 with auth type ah), a switch that filters multicast (configure "
          "`peers`), or another cluster with the same router id. A further heartbeat path or arbiters prevent it.",
  };
  static constexpr EventMember<VipDuplicateMaster> kFields[] = {{"vip", &VipDuplicateMaster::vip},
                                                                {"peer", &VipDuplicateMaster::peer}};
};

struct VipAddressConflict {
  EventText vip, address, mac;

  static constexpr EventWords kWords{
      .id = EventId::kVipAddressConflict,
      .name = "vip_address_conflict",
      .level = EventLevel::kError,
      .damping = EventDamping::kRepeats,
      .meaning =
          "Another station answers for a virtual address. Before taking it, this node waits while somebody answers; "
          "while holding it, it announces the address again, or gives it up if so configured.",
      .action =
          "Find the station by its `mac` (switch table, `ip neigh`). A node whose holdfast is gone but which kept the "
          "address: remove it with `ip addr del`. Any other machine: give it another address. Until then some clients "
          "reach the wrong one.",
  };
  static constexpr EventMember<VipAddressConflict> kFields[] = {
      {"vip", &VipAddressConflict::vip}, {"address", &VipAddressConflict::address}, {"mac", &VipAddressConflict::mac}};
};

struct VipPeerRefused {
  EventText vip, peer, reason;

  static constexpr EventWords kWords{
      .id = EventId::kVipPeerRefused,
      .name = "vip_peer_refused",
      .level = EventLevel::kWarning,
      .damping = EventDamping::kRepeats,
      .meaning =
          "Adverts of `peer` arrive but are not obeyed, so the two nodes do not know of each other and may both become "
          "master. `count` is how many since the last such event.",
      .action =
          "By `reason`: auth-type, auth-data: the same authentication and password on both nodes (version 2 only; it "
          "uses the first 8 bytes). ah-digest: another password, or something changes packets on their way. "
          "ah-sequence: somebody sends packets again; a few after a restart of the peer heal by themselves. version: "
          "the same VRRP version on both; keepalived's default is 2. checksum: version 3 over IPv4 has two ways, with "
          "and without the pseudo header (keepalived: `v3_checksum_as_v2`). ttl: a router is in between; for unicast "
          "peers allow a lower one. interval, addresses: see HF-6033. length, count, ip-header: not a VRRP router, or "
          "a broken one; look with `tcpdump -vv ip proto 112` (51 with auth type ah).",
  };
  static constexpr EventMember<VipPeerRefused> kFields[] = {
      {"vip", &VipPeerRefused::vip}, {"peer", &VipPeerRefused::peer}, {"reason", &VipPeerRefused::reason}};
};

struct VipSettingsDiffer {
  EventText vip, peer, what;

  static constexpr EventWords kWords{
      .id = EventId::kVipSettingsDiffer,
      .name = "vip_settings_differ",
      .level = EventLevel::kWarning,
      .damping = EventDamping::kRepeats,
      .meaning =
          "The adverts of `peer` show that it is configured otherwise: `what` is the list of addresses or the advert "
          "interval. They are obeyed nevertheless, unless `strict` is set.",
      .action =
          "Make the two configurations equal and reload both. Addresses that only one node has go dark when the other "
          "one is master. Other implementations may refuse our adverts for it and become master too.",
  };
  static constexpr EventMember<VipSettingsDiffer> kFields[] = {
      {"vip", &VipSettingsDiffer::vip}, {"peer", &VipSettingsDiffer::peer}, {"what", &VipSettingsDiffer::what}};
};

struct VipStaleAddresses {
  EventText vip;

  static constexpr EventWords kWords{
      .id = EventId::kVipStaleAddresses,
      .name = "vip_stale_addresses",
      .level = EventLevel::kWarning,
      .damping = EventDamping::kRepeats,
      .meaning =
          "Virtual addresses that this node does not hold were on their interface: left by an earlier run, or put "
          "there by something else than this program. They were taken off at once; the master was asked to announce "
          "itself again.",
      .action =
          "After a kill -9 or a crash: nothing. Otherwise find what puts them there: another program that holds "
          "virtual addresses, /etc/network/interfaces, NetworkManager, a script.",
  };
  static constexpr EventMember<VipStaleAddresses> kFields[] = {{"vip", &VipStaleAddresses::vip}};
};

struct VipStalled {
  EventText vip, late;

  static constexpr EventWords kWords{
      .id = EventId::kVipStalled,
      .name = "vip_stalled",
      .level = EventLevel::kError,
      .meaning =
          "The guardian did not run in time: what was due first was due `late` ago. A master that was silent for "
          "longer than the other nodes wait gives the addresses up before doing anything else, as another node may "
          "have taken them meanwhile; a backup whose turn it is listens once more before it takes them.",
      .action =
          "Look for a paused or migrated virtual machine, a machine short of CPU, or swapping. Let the guardian have a "
          "real-time priority and locked memory (HF-6003), or raise `advert_interval`.",
  };
  static constexpr EventMember<VipStalled> kFields[] = {{"vip", &VipStalled::vip}, {"late", &VipStalled::late}};
};

struct VipForeignRouter {
  EventText vip, router_id, peer, addresses;

  static constexpr EventWords kWords{
      .id = EventId::kVipForeignRouter,
      .name = "vip_foreign_router",
      .level = EventLevel::kError,
      .damping = EventDamping::kRepeats,
      .meaning =
          "Another cluster uses this `router_id` on the same network: the adverts of `peer` are for `addresses`, none "
          "of them ours. They are not obeyed. `count` is how many since the last such event.",
      .action =
          "Give one of the two clusters another router id (`router_id` here, `virtual_router_id` with keepalived, the "
          "VRID of a router). Others may obey our adverts and give their addresses up; and where both use virtual MAC "
          "addresses, they use the same one.",
  };
  static constexpr EventMember<VipForeignRouter> kFields[] = {{"vip", &VipForeignRouter::vip},
                                                              {"router_id", &VipForeignRouter::router_id},
                                                              {"peer", &VipForeignRouter::peer},
                                                              {"addresses", &VipForeignRouter::addresses}};
};

struct VipAddressPutBack {
  EventText vip, addresses;

  static constexpr EventWords kWords{
      .id = EventId::kVipAddressPutBack,
      .name = "vip_address_put_back",
      .level = EventLevel::kWarning,
      .damping = EventDamping::kRepeats,
      .meaning =
          "Somebody took virtual addresses off their interface while this node holds them. They were put back at once.",
      .action =
          "Find what removes them: `ip addr flush` or `del` in a script, NetworkManager or systemd-networkd that keeps "
          "the interface to its own configuration, another program that manages virtual addresses. To move an address "
          "away: `holdfast vip release NAME`.",
  };
  static constexpr EventMember<VipAddressPutBack> kFields[] = {{"vip", &VipAddressPutBack::vip},
                                                               {"addresses", &VipAddressPutBack::addresses}};
};

struct VipPathDown {
  EventText vip, path, reason;

  static constexpr EventWords kWords{
      .id = EventId::kVipPathDown,
      .name = "vip_path_down",
      .level = EventLevel::kWarning,
      .damping = EventDamping::kRepeatsByReason,
      .meaning =
          "Nothing can be said to the other nodes on this path: its interface is not there or does not carry, its "
          "socket cannot be opened, or the kernel refuses to send. The virtual address goes on with its other paths; a "
          "node that can send on none of them gives way to any other master that it hears.",
      .action =
          "Mend it before it is needed. Operation not permitted: a packet filter on this node drops IP protocol 112 "
          "(51 with auth type ah) or the heartbeat's UDP port on their way out. Message too long: the interface's MTU "
          "is less than an advert of so many addresses. Address already in use: another program has the port.",
  };
  static constexpr EventMember<VipPathDown> kFields[] = {
      {"vip", &VipPathDown::vip}, {"path", &VipPathDown::path}, {"reason", &VipPathDown::reason}};
};

struct VipPathUp {
  EventText vip, path;

  static constexpr EventWords kWords{
      .id = EventId::kVipPathUp,
      .name = "vip_path_up",
      .level = EventLevel::kInfo,
      .meaning = "The path of HF-6042 works again, as far as this node can tell.",
      .action = "Nothing. Whether the other nodes are heard on it, `holdfast status` tells.",
  };
  static constexpr EventMember<VipPathUp> kFields[] = {{"vip", &VipPathUp::vip}, {"path", &VipPathUp::path}};
};

struct VipDamped {
  EventText vip, lasts;

  static constexpr EventWords kWords{
      .id = EventId::kVipDamped,
      .name = "vip_damped",
      .level = EventLevel::kWarning,
      .damping = EventDamping::kRepeats,
      .meaning =
          "The virtual address moved too often on this node: a second loss by fault or stall, or a fourth move from or "
          "to another master that lives, each within a minute of the one before. For `lasts` this node leaves a master "
          "of lower priority alone; the next time it is twice as long, 300 s at most. It still takes over at once when "
          "no master is heard.",
      .action =
          "Look at the transitions in `holdfast status`: `reason` says what moves it. A fault that comes and goes: "
          "mend it. A tracked thing whose points take the priority across that of the other node again and again: give "
          "it `rise` and `fall`. Priorities that nodes do not share: make the files equal. An order to prefer, by the "
          "operator, goes through.",
  };
  static constexpr EventMember<VipDamped> kFields[] = {{"vip", &VipDamped::vip}, {"lasts", &VipDamped::lasts}};
};

struct VipArbitersLost {
  EventText vip, reached, needed;

  static constexpr EventWords kWords{
      .id = EventId::kVipArbitersLost,
      .name = "vip_arbiters_lost",
      .level = EventLevel::kError,
      .meaning =
          "This node reaches fewer arbiters than it needs (`reached` of `needed`), so it takes itself for cut off: it "
          "gives the addresses up and does not take them.",
      .action =
          "`holdfast status` lists each arbiter. One out of reach: look at that machine. All of them: this node's "
          "cable, switch port, VLAN or firewall. If all nodes say so at once, nobody holds the addresses: bring an "
          "arbiter back or correct the list.",
  };
  static constexpr EventMember<VipArbitersLost> kFields[] = {
      {"vip", &VipArbitersLost::vip}, {"reached", &VipArbitersLost::reached}, {"needed", &VipArbitersLost::needed}};
};

struct VipArbitersBack {
  EventText vip, reached, needed;

  static constexpr EventWords kWords{
      .id = EventId::kVipArbitersBack,
      .name = "vip_arbiters_back",
      .level = EventLevel::kInfo,
      .meaning = "Enough arbiters are reached again; this node takes part again.",
      .action = "Nothing.",
  };
  static constexpr EventMember<VipArbitersBack> kFields[] = {
      {"vip", &VipArbitersBack::vip}, {"reached", &VipArbitersBack::reached}, {"needed", &VipArbitersBack::needed}};
};

struct VipKernelRefused {
  EventText vip, what, reason;

  static constexpr EventWords kWords{
      .id = EventId::kVipKernelRefused,
      .name = "vip_kernel_refused",
      .level = EventLevel::kError,
      .meaning =
          "The kernel refused something that the guardian needs: an address, a socket, a packet. `what` is the step, "
          "`reason` the system's word for it.",
      .action =
          "Permission denied: the guardian lacks CAP_NET_ADMIN or CAP_NET_RAW (run as root, or look at the unit's "
          "CapabilityBoundingSet). No such device: the interface is gone or misspelt. File exists: the address is "
          "configured on the system already; remove it there. No buffer space: the interface drops packets, look at "
          "`ip -s link`.",
  };
  static constexpr EventMember<VipKernelRefused> kFields[] = {
      {"vip", &VipKernelRefused::vip}, {"what", &VipKernelRefused::what}, {"reason", &VipKernelRefused::reason}};
};

inline constexpr auto kOfRouters =
    kEventTypes<VipMaster, VipBackup, VipFault, VipStopped, VipSetAside, VipDuplicateMaster, VipAddressConflict,
                VipPeerRefused, VipSettingsDiffer, VipStaleAddresses, VipStalled, VipForeignRouter, VipAddressPutBack,
                VipDamped, VipArbitersLost, VipArbitersBack, VipPathDown, VipPathUp, VipKernelRefused>;

// ── of the gateway: what addresses depend on ──

struct TrackFailed {
  EventText vip, track, reason, weight;

  static constexpr EventWords kWords{
      .id = EventId::kTrackFailed,
      .name = "track_failed",
      .level = EventLevel::kWarning,
      .meaning =
          "Something that a virtual address depends on is bad on this node. With weight `release` the node gives the "
          "address up, else its priority changes by the weight.",
      .action = "Follow `reason`, which for a script holds the beginning of its output.",
  };
  static constexpr EventMember<TrackFailed> kFields[] = {{"vip", &TrackFailed::vip},
                                                         {"track", &TrackFailed::track},
                                                         {"reason", &TrackFailed::reason},
                                                         {"weight", &TrackFailed::weight}};
};

struct TrackRecovered {
  EventText vip, track, reason, weight;

  static constexpr EventWords kWords{
      .id = EventId::kTrackRecovered,
      .name = "track_recovered",
      .level = EventLevel::kInfo,
      .meaning = "Something that a virtual address depends on is good again on this node.",
      .action = "Nothing.",
  };
  static constexpr EventMember<TrackRecovered> kFields[] = {{"vip", &TrackRecovered::vip},
                                                            {"track", &TrackRecovered::track},
                                                            {"reason", &TrackRecovered::reason},
                                                            {"weight", &TrackRecovered::weight}};
};

inline constexpr auto kOfTracks = kEventTypes<TrackFailed, TrackRecovered>;

}  // namespace hf::vip::events
