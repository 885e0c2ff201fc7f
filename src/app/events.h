// What the program tells of itself: start and stop, configuration, listeners, log, admin interface.
//
// Owner: constant tables, plain values. Thread: any. Invariants: those of base/event.h.
#pragma once

#include "base/event.h"

namespace hf::app::events {

struct Started {
  EventText version, pid, shards, services;

  static constexpr EventWords kWords{
      .id = EventId::kStarted,
      .name = "started",
      .level = EventLevel::kInfo,
      .meaning = "The gateway has read its configuration and opened its listeners.",
      .action = "Nothing. An unexpected start means that the process had ended: look at the end of the log before it.",
  };
  static constexpr EventMember<Started> kFields[] = {{"version", &Started::version},
                                                     {"pid", &Started::pid},
                                                     {"shards", &Started::shards},
                                                     {"services", &Started::services}};
};

struct Stopping {
  EventText reason, clients;

  static constexpr EventWords kWords{
      .id = EventId::kStopping,
      .name = "stopping",
      .level = EventLevel::kInfo,
      .meaning = "A stop was asked for. Listeners are closed, clients are let go at the end of what they are doing.",
      .action = "Nothing. `clients` tells how many connections are still being served.",
  };
  static constexpr EventMember<Stopping> kFields[] = {{"reason", &Stopping::reason}, {"clients", &Stopping::clients}};
};

struct Stopped {
  EventText duration;

  static constexpr EventWords kWords{
      .id = EventId::kStopped,
      .name = "stopped",
      .level = EventLevel::kInfo,
      .meaning =
          "The gateway has ended, `duration` after it was asked to. Connections that had not ended by themselves by "
          "then were closed.",
      .action = "Nothing. A `duration` above ten seconds means that clients were cut: drain them first.",
  };
  static constexpr EventMember<Stopped> kFields[] = {{"duration", &Stopped::duration}};
};

struct ConfigLoaded {
  EventText file, services, servers;

  static constexpr EventWords kWords{
      .id = EventId::kConfigLoaded,
      .name = "config_loaded",
      .level = EventLevel::kInfo,
      .meaning = "The configuration file was read and is in use.",
      .action = "Nothing.",
  };
  static constexpr EventMember<ConfigLoaded> kFields[] = {
      {"file", &ConfigLoaded::file}, {"services", &ConfigLoaded::services}, {"servers", &ConfigLoaded::servers}};
};

struct ConfigRejected {
  EventText file, errors, first;

  static constexpr EventWords kWords{
      .id = EventId::kConfigRejected,
      .name = "config_rejected",
      .level = EventLevel::kError,
      .meaning = "The configuration file has errors. On a reload the running configuration stays in use, untouched.",
      .action = "Run `holdfast check`, which lists all errors with place and remedy; correct the file; reload again.",
  };
  static constexpr EventMember<ConfigRejected> kFields[] = {
      {"file", &ConfigRejected::file}, {"errors", &ConfigRejected::errors}, {"first", &ConfigRejected::first}};
};

struct ConfigReloaded {
  EventText file, changes;

  static constexpr EventWords kWords{
      .id = EventId::kConfigReloaded,
      .name = "config_reloaded",
      .level = EventLevel::kInfo,
      .meaning =
          "A changed configuration took effect. `changes` names what was added, removed and changed; everything else "
          "kept its connections, counters and state.",
      .action = "Compare `changes` with what you meant to change.",
  };
  static constexpr EventMember<ConfigReloaded> kFields[] = {{"file", &ConfigReloaded::file},
                                                            {"changes", &ConfigReloaded::changes}};
};

struct ConfigNeedsRestart {
  EventText file, what;

  static constexpr EventWords kWords{
      .id = EventId::kConfigNeedsRestart,
      .name = "config_needs_restart",
      .level = EventLevel::kWarning,
      .meaning = "A reload met a change that only a restart can apply. The rest of the change is in effect.",
      .action = "Restart when it suits you, or take the change back.",
  };
  static constexpr EventMember<ConfigNeedsRestart> kFields[] = {{"file", &ConfigNeedsRestart::file},
                                                                {"what", &ConfigNeedsRestart::what}};
};

struct ListenerOpened {
  EventText service, address;
  OptionalEventText route{};

  static constexpr EventWords kWords{
      .id = EventId::kListenerOpened,
      .name = "listener_opened",
      .level = EventLevel::kInfo,
      .meaning =
          "Clients can connect to this address. `route` is where its statements go, for protocols that have routes; "
          "after a reload that changed it, it is the new one.",
      .action = "Nothing.",
  };
  static constexpr EventMember<ListenerOpened> kFields[] = {
      {"service", &ListenerOpened::service}, {"address", &ListenerOpened::address}, {"route", &ListenerOpened::route}};
};

struct ListenerFailed {
  EventText service, address, reason;

  static constexpr EventWords kWords{
      .id = EventId::kListenerFailed,
      .name = "listener_failed",
      .level = EventLevel::kError,
      .meaning = "An address could not be opened for clients.",
      .action =
          "`reason` is the system's word for it. Address in use: find the other program with `ss -ltnp`. Permission "
          "denied: ports below 1024 need CAP_NET_BIND_SERVICE.",
  };
  static constexpr EventMember<ListenerFailed> kFields[] = {{"service", &ListenerFailed::service},
                                                            {"address", &ListenerFailed::address},
                                                            {"reason", &ListenerFailed::reason}};
};

struct ListenerClosed {
  EventText service, address;

  static constexpr EventWords kWords{
      .id = EventId::kListenerClosed,
      .name = "listener_closed",
      .level = EventLevel::kInfo,
      .meaning = "The address no longer takes new clients; those already connected stay.",
      .action = "Nothing, if the change was meant.",
  };
  static constexpr EventMember<ListenerClosed> kFields[] = {{"service", &ListenerClosed::service},
                                                            {"address", &ListenerClosed::address}};
};

struct LogReopened {
  EventText file;

  static constexpr EventWords kWords{
      .id = EventId::kLogReopened,
      .name = "log_reopened",
      .level = EventLevel::kInfo,
      .meaning = "The log file was opened anew, as log rotation asks for.",
      .action = "Nothing.",
  };
  static constexpr EventMember<LogReopened> kFields[] = {{"file", &LogReopened::file}};
};

struct LogLinesLost {
  EventText count, reason;

  static constexpr EventWords kWords{
      .id = EventId::kLogLinesLost,
      .name = "log_lines_lost",
      .level = EventLevel::kError,
      .meaning =
          "Lines of the log were lost here: whoever takes them (the reader of a pipe, a disk, a mount) did not in "
          "time, and clients do not wait for the log. The latest events are still in `holdfast events`.",
      .action = "Follow `reason`: a reader that hangs, a full disk, a mount that does not answer.",
  };
  static constexpr EventMember<LogLinesLost> kFields[] = {{"count", &LogLinesLost::count},
                                                          {"reason", &LogLinesLost::reason}};
};

struct LogFailed {
  EventText file, reason;

  static constexpr EventWords kWords{
      .id = EventId::kLogFailed,
      .name = "log_failed",
      .level = EventLevel::kError,
      .meaning =
          "The log file cannot be opened. Until it can, lines go to where they went before; at a start without one, to "
          "standard error.",
      .action = "Correct `file` or its folder's rights, then reload, or send SIGUSR1 to have it opened again.",
  };
  static constexpr EventMember<LogFailed> kFields[] = {{"file", &LogFailed::file}, {"reason", &LogFailed::reason}};
};

struct LogNotTaken {
  EventText file, reason;

  static constexpr EventWords kWords{
      .id = EventId::kLogNotTaken,
      .name = "log_not_taken",
      .level = EventLevel::kError,
      .meaning =
          "The log does not take lines: its disk is full, its mount hangs, or nobody reads the pipe that standard "
          "error is. Everything else goes on. Lines wait, and are lost when there are too many (HF-1031). This is in "
          "`holdfast events`, and told to the receivers of [[notify]]; in the log it comes late.",
      .action = "Follow `reason`: make room, start the reader again, or set `file` to another place and reload.",
  };
  static constexpr EventMember<LogNotTaken> kFields[] = {{"file", &LogNotTaken::file},
                                                         {"reason", &LogNotTaken::reason}};
};

struct AdminCommand {
  EventText command;
  OptionalEventText service{};
  OptionalEventText server{};
  EventText client;

  static constexpr EventWords kWords{
      .id = EventId::kAdminCommand,
      .name = "admin_command",
      .level = EventLevel::kInfo,
      .damping = EventDamping::kNothing,
      .meaning =
          "Somebody gave a command through the admin interface. `service` and `server` are left out where it concerns "
          "neither, as with reload.",
      .action = "Nothing: this is the audit trail.",
  };
  static constexpr EventMember<AdminCommand> kFields[] = {{"command", &AdminCommand::command},
                                                          {"service", &AdminCommand::service},
                                                          {"server", &AdminCommand::server},
                                                          {"client", &AdminCommand::client}};
};

struct AdminRefused {
  EventText client, path, reason;

  static constexpr EventWords kWords{
      .id = EventId::kAdminRefused,
      .name = "admin_refused",
      .level = EventLevel::kWarning,
      .damping = EventDamping::kRepeats,
      .meaning =
          "A request to the admin interface was refused: for its credentials, for its origin, or because it would have "
          "changed something and came over HTTP without a credential.",
      .action =
          "Correct the token or password of the tool that asked; without one, give commands with the command line on "
          "this machine. Unknown clients: close the address to them.",
  };
  static constexpr EventMember<AdminRefused> kFields[] = {
      {"client", &AdminRefused::client}, {"path", &AdminRefused::path}, {"reason", &AdminRefused::reason}};
};

struct AdminCrowded {
  EventText door, limit;

  static constexpr EventWords kWords{
      .id = EventId::kAdminCrowded,
      .name = "admin_crowded",
      .level = EventLevel::kWarning,
      .damping = EventDamping::kRepeats,
      .meaning =
          "All connections that the admin interface serves at this door (http or socket) were taken; for each new one "
          "the one that had waited longest was closed. Whoever asks at once is still answered.",
      .action = "Find who holds them with `ss -tnp`; close the address to clients that have no business there.",
  };
  static constexpr EventMember<AdminCrowded> kFields[] = {{"door", &AdminCrowded::door},
                                                          {"limit", &AdminCrowded::limit}};
};

struct NameMoved {
  EventText name, from, to;

  static constexpr EventWords kWords{
      .id = EventId::kNameMoved,
      .name = "name_moved",
      .level = EventLevel::kInfo,
      .meaning =
          "The name of a server has another address than before. The server takes part at its new one as a new server "
          "does, after its first good look; connections to the old one end as if a reload had changed the address.",
      .action =
          "Nothing if you moved the server. A name that moves again and again gives a part of many addresses each "
          "time: name one server by it, or set `resolve_interval` to \"0s\".",
  };
  static constexpr EventMember<NameMoved> kFields[] = {
      {"name", &NameMoved::name}, {"from", &NameMoved::from}, {"to", &NameMoved::to}};
};

struct NameUnresolved {
  EventText name, address, reason;

  static constexpr EventWords kWords{
      .id = EventId::kNameUnresolved,
      .name = "name_unresolved",
      .level = EventLevel::kWarning,
      .meaning =
          "The name of a server could not be looked up again, or its new address could not take part. The server keeps "
          "its `address` and serves as before. Told with each attempt; the pauses between them grow to five minutes.",
      .action =
          "`reason` tells who failed: look at /etc/resolv.conf, at the name servers in it and at the name (`getent "
          "hosts NAME`). A gateway that starts anew meanwhile cannot know the address.",
  };
  static constexpr EventMember<NameUnresolved> kFields[] = {
      {"name", &NameUnresolved::name}, {"address", &NameUnresolved::address}, {"reason", &NameUnresolved::reason}};
};

struct LoopStalled {
  EventText shard, duration;

  static constexpr EventWords kWords{
      .id = EventId::kLoopStalled,
      .name = "loop_stalled",
      .level = EventLevel::kWarning,
      .damping = EventDamping::kRepeats,
      .meaning = "A shard's event loop did not turn for too long, so its clients waited.",
      .action = "Look for a machine short of CPU, a stopped process, or swapping. Otherwise please report it.",
  };
  static constexpr EventMember<LoopStalled> kFields[] = {{"shard", &LoopStalled::shard},
                                                         {"duration", &LoopStalled::duration}};
};

struct DescriptorsScarce {
  EventText limit, needed, clients;

  static constexpr EventWords kWords{
      .id = EventId::kDescriptorsScarce,
      .name = "descriptors_scarce",
      .level = EventLevel::kWarning,
      .meaning =
          "The process may open fewer files and sockets (`limit`) than its configuration may need (`needed`): "
          "max_connections of all services, the connections to their servers, and a reserve. Clients get `clients` of "
          "them; further ones wait.",
      .action =
          "Raise LimitNOFILE of the service (the hard limit: the program takes all of it by itself), or lower "
          "max_connections.",
  };
  static constexpr EventMember<DescriptorsScarce> kFields[] = {{"limit", &DescriptorsScarce::limit},
                                                               {"needed", &DescriptorsScarce::needed},
                                                               {"clients", &DescriptorsScarce::clients}};
};

struct GuardianLost {
  EventText reason;

  static constexpr EventWords kWords{
      .id = EventId::kGuardianLost,
      .name = "guardian_lost",
      .level = EventLevel::kError,
      .meaning =
          "The guardian is gone. The kernel takes the virtual addresses off this node when their lease ends; another "
          "node takes over.",
      .action =
          "Clients are served by another node if there is one: look at `holdfast status` there. Restart holdfast on "
          "this node. `dmesg` and the service manager's log tell whether the system killed the guardian; report a "
          "crash with the lines of the log before it.",
  };
  static constexpr EventMember<GuardianLost> kFields[] = {{"reason", &GuardianLost::reason}};
};

struct VipCommand {
  EventText vip, command, client, outcome;

  static constexpr EventWords kWords{
      .id = EventId::kVipCommand,
      .name = "vip_command",
      .level = EventLevel::kInfo,
      .damping = EventDamping::kNothing,
      .meaning =
          "Somebody released, preferred or resumed a virtual address. `outcome` is what the guardian made of it.",
      .action = "Nothing: this is the audit trail. A release or a preference holds until `holdfast vip resume NAME`.",
  };
  static constexpr EventMember<VipCommand> kFields[] = {{"vip", &VipCommand::vip},
                                                        {"command", &VipCommand::command},
                                                        {"client", &VipCommand::client},
                                                        {"outcome", &VipCommand::outcome}};
};

struct VipOrderNotKept {
  EventText path, reason;

  static constexpr EventWords kWords{
      .id = EventId::kVipOrderNotKept,
      .name = "vip_order_not_kept",
      .level = EventLevel::kWarning,
      .meaning =
          "What operators ordered of virtual addresses (release, prefer) could not be written to `path`. The orders "
          "hold, but a restart of the program would forget them.",
      .action = "Make room on that file system, or let `node.user` write into `node.state_dir`; then order once more.",
  };
  static constexpr EventMember<VipOrderNotKept> kFields[] = {{"path", &VipOrderNotKept::path},
                                                             {"reason", &VipOrderNotKept::reason}};
};

inline constexpr auto kAll =
    kEventTypes<Started, Stopping, Stopped, ConfigLoaded, ConfigRejected, ConfigReloaded, ConfigNeedsRestart,
                ListenerOpened, ListenerFailed, ListenerClosed, LogReopened, LogLinesLost, LogFailed, LogNotTaken,
                AdminCommand, AdminRefused, AdminCrowded, NameMoved, NameUnresolved, LoopStalled, DescriptorsScarce,
                GuardianLost, VipCommand, VipOrderNotKept>;

}  // namespace hf::app::events
