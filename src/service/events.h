// What a shard tells of clients and of what it lacks for them, whatever they speak.
//
// Owner: constant tables, plain values. Thread: any. Invariants: those of base/event.h.
#pragma once

#include "base/event.h"

namespace hf::service::events {

struct ClientRefusedAddress {
  EventText service, client;

  static constexpr EventWords kWords{
      .id = EventId::kClientRefusedAddress,
      .name = "client_refused_address",
      .level = EventLevel::kWarning,
      .damping = EventDamping::kRepeats,
      .meaning =
          "A client's address is outside the service's `allow` list. Repeats within a moment are counted, not logged "
          "one by one.",
      .action = "Add its network to `allow` if the client is yours.",
  };
  static constexpr EventMember<ClientRefusedAddress> kFields[] = {{"service", &ClientRefusedAddress::service},
                                                                  {"client", &ClientRefusedAddress::client}};
};

struct ClientRefusedOverload {
  EventText service, client, limit;

  static constexpr EventWords kWords{
      .id = EventId::kClientRefusedOverload,
      .name = "client_refused_overload",
      .level = EventLevel::kError,
      .damping = EventDamping::kRepeats,
      .meaning = "The service has as many clients as max_connections allows; further ones are told so.",
      .action = "Look for a client that leaks connections; raise max_connections if the machine can carry more.",
  };
  static constexpr EventMember<ClientRefusedOverload> kFields[] = {{"service", &ClientRefusedOverload::service},
                                                                   {"client", &ClientRefusedOverload::client},
                                                                   {"limit", &ClientRefusedOverload::limit}};
};

struct ClientsCut {
  EventText service, address, clients, reason;

  static constexpr EventWords kWords{
      .id = EventId::kClientsCut,
      .name = "clients_cut",
      .level = EventLevel::kWarning,
      .meaning =
          "A virtual address leaves this node: the connections that came in on it were closed, their open transactions "
          "rolled back, so that no lock outlives them.",
      .action =
          "Nothing: the clients connect again and reach the node that has the address now. `reason` says why it left.",
  };
  static constexpr EventMember<ClientsCut> kFields[] = {{"service", &ClientsCut::service},
                                                        {"address", &ClientsCut::address},
                                                        {"clients", &ClientsCut::clients},
                                                        {"reason", &ClientsCut::reason}};
};

struct OutOfDescriptors {
  EventText what;

  static constexpr EventWords kWords{
      .id = EventId::kOutOfDescriptors,
      .name = "out_of_descriptors",
      .level = EventLevel::kError,
      .damping = EventDamping::kRepeats,
      .meaning =
          "The process may not open more files or sockets, or clients have all that is not kept for servers and the "
          "admin interface. Connections that exist are served; new ones wait.",
      .action = "Raise LimitNOFILE of the service, or lower max_connections.",
  };
  static constexpr EventMember<OutOfDescriptors> kFields[] = {{"what", &OutOfDescriptors::what}};
};

struct OutOfMemory {
  EventText what;

  static constexpr EventWords kWords{
      .id = EventId::kOutOfMemory,
      .name = "out_of_memory",
      .level = EventLevel::kError,
      .damping = EventDamping::kRepeats,
      .meaning = "Memory could not be had for a piece of work, which was refused.",
      .action = "Find out who uses the memory; lower max_connections or give the machine more.",
  };
  static constexpr EventMember<OutOfMemory> kFields[] = {{"what", &OutOfMemory::what}};
};

struct AcceptPaused {
  EventText service, reason;

  static constexpr EventWords kWords{
      .id = EventId::kAcceptPaused,
      .name = "accept_paused",
      .level = EventLevel::kWarning,
      .damping = EventDamping::kRepeats,
      .meaning = "New clients wait in the kernel's queue; connected ones are served.",
      .action = "Follow `reason`; accepting resumes by itself.",
  };
  static constexpr EventMember<AcceptPaused> kFields[] = {{"service", &AcceptPaused::service},
                                                          {"reason", &AcceptPaused::reason}};
};

struct AcceptResumed {
  EventText service;

  static constexpr EventWords kWords{
      .id = EventId::kAcceptResumed,
      .name = "accept_resumed",
      .level = EventLevel::kInfo,
      .damping = EventDamping::kRepeats,
      .meaning = "New clients are accepted again.",
      .action = "Nothing.",
  };
  static constexpr EventMember<AcceptResumed> kFields[] = {{"service", &AcceptResumed::service}};
};

inline constexpr auto kAll = kEventTypes<ClientRefusedAddress, ClientRefusedOverload, ClientsCut, OutOfDescriptors,
                                         OutOfMemory, AcceptPaused, AcceptResumed>;

}  // namespace hf::service::events
