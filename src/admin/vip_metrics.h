// What Prometheus is told of virtual addresses and of the processes behind them.
//
// Thread: any (pure functions).
// Invariants:
//   1. Every family is declared even without samples, so that an alert on it can be written before the first VIP.
//   2. holdfast_vip_state has a sample for each state of each VIP; exactly one of them is 1.
#pragma once

#include "admin/exposition.h"
#include "admin/status.h"

namespace hf::admin {

void render_guardian(Exposition& out, const StatusSnapshot& status);
void render_vips(Exposition& out, const StatusSnapshot& status);

}  // namespace hf::admin
