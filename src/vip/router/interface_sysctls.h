// The sysctls of interfaces that carry virtual addresses.
//
// Owner: none (a function). Thread: any; the network namespace is the calling thread's.
// Invariants:
//   1. Names are an interface's, as the kernel or proto/netlink accepted them: they become part of a path.
#pragma once

#include <string>

#include "base/result.h"
#include "vip/settings.h"

namespace hf::vip::router {

/// An IPv4 address that goes must not take the others of its subnet along, as it does where it was the first one
/// (promote_secondaries, which systemd sets, too).
void keep_secondary_addresses(const std::string& interface);

/// Of a virtual-MAC interface and its parent, before the interface `name` is switched on. The error names the file.
Result<void> set_virtual_mac_sysctls(const std::string& name, const std::string& parent, IpFamily family);

/// Whether the kernel forwards packets of `family` on this interface: the R flag of neighbour advertisements.
bool forwards(const std::string& interface, IpFamily family);

}  // namespace hf::vip::router
