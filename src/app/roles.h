// What `holdfast run` becomes, by who starts it and what the file asks for.
//
//   holdfast run ──┬─ not root: the gateway, in this process, as that user; with a program to run it starts `run --role
//   steward`
//                  │  beside it (own_steward.h)
//                  ├─ root: the gateway, in this process, as node.user, filtered
//                  └─ root, and the file has a [[vip]], a port below 1024 or a program to run: the guardian,
//                     which starts `run --role gateway` and `run --role steward` anew and watches them
//
// Owner: nobody (functions of main). Thread: the main thread.
// Invariants:
//   1. A role that is given by the guardian, or by a gateway, finds its sockets at kChannelFd and kBrokerFd.
//   2. The gateway has given up root before it looks at anything but the configuration file.
#pragma once

#include <string>

namespace hf::app {

inline constexpr int kChannelFd = 3;
inline constexpr int kBrokerFd = 4;  // gateway only: ports below 1024

enum class Role : unsigned char {
  kWhole,    // as the operator starts it
  kGateway,  // as the guardian starts it
  kSteward
};

/// Runs until it is told to stop. Returns the exit code.
int run_role(Role role, const std::string& config_file);

}  // namespace hf::app
