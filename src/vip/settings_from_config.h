// settings_from: from the operator's file to what the guardian is to do.
//
// Owner: the steward. Thread: any (a pure function).
// Invariants:
//   1. Of a Config that config::load_* gave, every machine passes policy::vrrp::validate.
//   2. Tracked interfaces go to the guardian, which watches them itself; all other tracks stay with the gateway.
//   3. No secret leaves but those that the guardian needs: the VRRP password and the heartbeat key.
#pragma once

#include "config/config.h"
#include "vip/settings.h"

namespace hf::vip {

Settings settings_from(const config::Config& config);

}  // namespace hf::vip
