// The sysctls of a virtual-MAC interface and of its parent.
//
// Owner: none (a function). Thread: any; the network namespace is the calling thread's.
// Invariants:
//   1. Names are an interface's, as the kernel or proto/netlink accepted them: they become part of a path.
#pragma once

#include <string>

#include "base/result.h"
#include "vip/settings.h"

namespace hf::vip::router {

/// Before the interface `name` is switched on. The error names the file.
Result<void> set_virtual_mac_sysctls(const std::string& name, const std::string& parent, IpFamily family);

/// Whether the kernel forwards packets of `family` on this interface: the R flag of neighbour advertisements.
bool forwards(const std::string& interface, IpFamily family);

}  // namespace hf::vip::router
