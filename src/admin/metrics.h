// The text exposition for Prometheus (format 0.0.4). Names of what shards count come from the counters' own tables
// (service/counters.h).
//
// Thread: any (pure functions).
#pragma once

#include <string>
#include <string_view>

#include "admin/status.h"

namespace hf::admin {

/// "text/plain; version=0.0.4; charset=utf-8".
inline constexpr std::string_view kPrometheusContentType = "text/plain; version=0.0.4; charset=utf-8";

std::string render_prometheus(const StatusSnapshot& status);

}  // namespace hf::admin
