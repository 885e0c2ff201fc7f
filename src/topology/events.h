// What the watcher of a service tells of its servers, whatever they speak.
//
// Owner: constant tables, plain values. Thread: any. Invariants: those of base/event.h.
#pragma once

#include "base/event.h"

namespace hf::topology::events {

struct ServerUp {
  EventText service, server, reason;

  static constexpr EventWords kWords{
      .id = EventId::kServerUp,
      .name = "server_up",
      .level = EventLevel::kInfo,
      .meaning = "The server passed its checks and takes part again.",
      .action = "Nothing.",
  };
  static constexpr EventMember<ServerUp> kFields[] = {
      {"service", &ServerUp::service}, {"server", &ServerUp::server}, {"reason", &ServerUp::reason}};
};

struct ServerDown {
  EventText service, server, reason;

  static constexpr EventWords kWords{
      .id = EventId::kServerDown,
      .name = "server_down",
      .level = EventLevel::kError,
      .meaning =
          "The server failed its checks and gets no new work. Statements that provably did not run are run elsewhere.",
      .action =
          "`reason` names the last failure. Look at the server itself; it returns by itself once it passes its checks.",
  };
  static constexpr EventMember<ServerDown> kFields[] = {
      {"service", &ServerDown::service}, {"server", &ServerDown::server}, {"reason", &ServerDown::reason}};
};

struct ServerDrained {
  EventText service, server;

  static constexpr EventWords kWords{
      .id = EventId::kServerDrained,
      .name = "server_drained",
      .level = EventLevel::kInfo,
      .meaning =
          "An operator drained the server: no new work, running work ends in peace. A drained primary still takes "
          "writes, because nobody else may.",
      .action = "Wait until its connections are gone, do the maintenance, then `holdfast resume`.",
  };
  static constexpr EventMember<ServerDrained> kFields[] = {{"service", &ServerDrained::service},
                                                           {"server", &ServerDrained::server}};
};

struct ServerResumed {
  EventText service, server;

  static constexpr EventWords kWords{
      .id = EventId::kServerResumed,
      .name = "server_resumed",
      .level = EventLevel::kInfo,
      .meaning = "An operator ended the drain; the server takes part again.",
      .action = "Nothing.",
  };
  static constexpr EventMember<ServerResumed> kFields[] = {{"service", &ServerResumed::service},
                                                           {"server", &ServerResumed::server}};
};

struct MonitorLoginFailed {
  EventText service, server, reason;

  static constexpr EventWords kWords{
      .id = EventId::kMonitorLoginFailed,
      .name = "monitor_login_failed",
      .level = EventLevel::kError,
      .meaning =
          "The server is reachable, but the monitor account cannot log in or lacks a privilege, so its role and lag "
          "are unknown. A server of unknown role is not used.",
      .action = "Create the account on the primary with the grants listed in the manual; check the password file.",
  };
  static constexpr EventMember<MonitorLoginFailed> kFields[] = {{"service", &MonitorLoginFailed::service},
                                                                {"server", &MonitorLoginFailed::server},
                                                                {"reason", &MonitorLoginFailed::reason}};
};

inline constexpr auto kAll = kEventTypes<ServerUp, ServerDown, ServerDrained, ServerResumed, MonitorLoginFailed>;

}  // namespace hf::topology::events
