// What the guardian tells of itself and its children, over the link. What its virtual routers tell stands in
// vip/events.h.
//
// Owner: constant tables, plain values. Thread: any. Invariants: those of base/event.h.
#pragma once

#include "base/event.h"

namespace hf::guardian::events {

struct GuardianStarted {
  EventText pid, vips, realtime, locked;

  static constexpr EventWords kWords{
      .id = EventId::kGuardianStarted,
      .name = "guardian_started",
      .level = EventLevel::kInfo,
      .meaning =
          "The guardian, the process that holds the virtual addresses, has started. `realtime` tells whether it runs "
          "with a real-time priority, `locked` whether its memory is locked.",
      .action =
          "Nothing, if you started the program. Otherwise an earlier guardian had ended: look for HF-6002 and for the "
          "kernel's and the service manager's word on it. \"no\" in `realtime` or `locked`: see HF-6003.",
  };
  static constexpr EventMember<GuardianStarted> kFields[] = {{"pid", &GuardianStarted::pid},
                                                             {"vips", &GuardianStarted::vips},
                                                             {"realtime", &GuardianStarted::realtime},
                                                             {"locked", &GuardianStarted::locked}};
};

struct GuardianDegraded {
  EventText what, reason;

  static constexpr EventWords kWords{
      .id = EventId::kGuardianDegraded,
      .name = "guardian_degraded",
      .level = EventLevel::kWarning,
      .meaning =
          "The guardian, which holds the virtual addresses, could not get a right or a guarantee that it wants. It "
          "works without, but `what` is missing: a busy or swapping machine may then delay its adverts, and a late "
          "master gives its addresses up.",
      .action =
          "Follow `reason`. Under systemd, holdfast.service.d/vip.conf grants all of it; in a container the rights "
          "come from its runtime.",
  };
  static constexpr EventMember<GuardianDegraded> kFields[] = {{"what", &GuardianDegraded::what},
                                                              {"reason", &GuardianDegraded::reason}};
};

struct GatewayDied {
  EventText pid, reason, vips;

  static constexpr EventWords kWords{
      .id = EventId::kGatewayDied,
      .name = "gateway_died",
      .level = EventLevel::kError,
      .meaning =
          "The gateway, the process that serves clients, has ended without being asked to. Its connections are lost. "
          "`vips` are the virtual addresses it served; what becomes of them is what `gateway_weight` says (unless "
          "configured otherwise: released at once).",
      .action =
          "The guardian starts it anew by itself (HF-6012). `reason` is its exit code or signal: 9 is usually the "
          "kernel short of memory (`dmesg`); others are a crash, please report it with the end of the log.",
  };
  static constexpr EventMember<GatewayDied> kFields[] = {
      {"pid", &GatewayDied::pid}, {"reason", &GatewayDied::reason}, {"vips", &GatewayDied::vips}};
};

struct GatewayStuck {
  EventText pid, silence;

  static constexpr EventWords kWords{
      .id = EventId::kGatewayStuck,
      .name = "gateway_stuck",
      .level = EventLevel::kError,
      .meaning =
          "The gateway's process exists but was not heard for `silence`: it hangs, is stopped, or gets no CPU. For its "
          "virtual addresses it counts as dead.",
      .action =
          "Look for a stopped process (state T in `ps`), a machine short of CPU, swapping, or a full or slow disk. If "
          "it stays stuck it is killed and started anew.",
  };
  static constexpr EventMember<GatewayStuck> kFields[] = {{"pid", &GatewayStuck::pid},
                                                          {"silence", &GatewayStuck::silence}};
};

struct GatewayRestarted {
  EventText pid, attempt;

  static constexpr EventWords kWords{
      .id = EventId::kGatewayRestarted,
      .name = "gateway_restarted",
      .level = EventLevel::kWarning,
      .meaning =
          "The guardian has started the gateway anew. `attempt` counts the starts so far; the delay before each grows "
          "while they fail.",
      .action =
          "If `attempt` grows, the gateway ends soon after each start: run `holdfast check`, and look at its last "
          "words in the log. HF-6010 tells why it ended.",
  };
  static constexpr EventMember<GatewayRestarted> kFields[] = {{"pid", &GatewayRestarted::pid},
                                                              {"attempt", &GatewayRestarted::attempt}};
};

struct StewardRestarted {
  EventText reason;

  static constexpr EventWords kWords{
      .id = EventId::kStewardRestarted,
      .name = "steward_restarted",
      .level = EventLevel::kWarning,
      .meaning =
          "The steward, the process that runs the programs of the file and reads it for the guardian, had ended, or "
          "could not be started, and is started anew. Programs that it ran were ended and count as failed.",
      .action =
          "Nothing, if it stays alone. If it repeats, `reason` is its exit code or signal, or why it could not be "
          "started; report it with the lines of the log around it.",
  };
  static constexpr EventMember<StewardRestarted> kFields[] = {{"reason", &StewardRestarted::reason}};
};

struct VipSettingsRejected {
  EventText reason;

  static constexpr EventWords kWords{
      .id = EventId::kVipSettingsRejected,
      .name = "vip_settings_rejected",
      .level = EventLevel::kError,
      .meaning =
          "The guardian could not use the configuration of the virtual addresses. It goes on with the one it had; "
          "without one it moves no address.",
      .action = "Run `holdfast check`, correct the file, and reload. `reason` names the first thing that is wrong.",
  };
  static constexpr EventMember<VipSettingsRejected> kFields[] = {{"reason", &VipSettingsRejected::reason}};
};

struct VipSettingsApplied {
  EventText changes;

  static constexpr EventWords kWords{
      .id = EventId::kVipSettingsApplied,
      .name = "vip_settings_applied",
      .level = EventLevel::kInfo,
      .meaning =
          "The guardian took over a changed configuration. Virtual addresses that did not change were not touched.",
      .action = "Compare `changes` with what you meant to change.",
  };
  static constexpr EventMember<VipSettingsApplied> kFields[] = {{"changes", &VipSettingsApplied::changes}};
};

struct VipHeldElsewhere {
  EventText vip, reason;

  static constexpr EventWords kWords{
      .id = EventId::kVipHeldElsewhere,
      .name = "vip_held_elsewhere",
      .level = EventLevel::kError,
      .meaning =
          "A reload asks for a virtual router, or for an address of one, that another process on this machine runs. "
          "This process does not touch it: a new VIP waits until the other process gives it up, a changed one stays "
          "as it was.",
      .action =
          "`reason` names the other process. End it if it is a second Holdfast by mistake; else give one of the two "
          "another router_id and other addresses. For a changed VIP reload again afterwards.",
  };
  static constexpr EventMember<VipHeldElsewhere> kFields[] = {{"vip", &VipHeldElsewhere::vip},
                                                              {"reason", &VipHeldElsewhere::reason}};
};

inline constexpr auto kAll = kEventTypes<GuardianStarted, GuardianDegraded, GatewayDied, GatewayStuck, GatewayRestarted,
                                         StewardRestarted, VipSettingsRejected, VipSettingsApplied, VipHeldElsewhere>;

}  // namespace hf::guardian::events
