// Rules about [[vip]] that need more than one value: who shares what with whom, and what VRRP and the kernel cannot do.
//
// Thread: any (pure function).
// Invariants:
//   1. What passes gives a policy::vrrp::Config that its validate() takes, for any refresh interval up to half the lease.
#pragma once

#include "config/reader.h"

namespace hf::config {

/// Adds its complaints to result.errors and result.warnings.
void check_vips(ReadResult& result);

}  // namespace hf::config
