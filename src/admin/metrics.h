// The names of all counters, once, for JSON and for Prometheus; and the text exposition (format 0.0.4).
//
// Thread: any (constant tables, pure functions).
// Invariants:
//   1. Every member of ServiceTotals and ServerTotals has exactly one row.
//   2. JSON uses `name`; Prometheus "holdfast_service_<name>" or "holdfast_server_<name>", with "_total" for counters.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "admin/status.h"

namespace hf::admin {

enum class MetricType : std::uint8_t { kCounter,
                                       kGauge };

template <typename Totals>
struct MetricRow {
  std::string_view name;
  MetricType type;
  std::string_view help;
  std::uint64_t Totals::* value;
};

std::span<const MetricRow<ServiceTotals>> service_metrics();
std::span<const MetricRow<ServerTotals>> server_metrics();

/// "text/plain; version=0.0.4; charset=utf-8".
inline constexpr std::string_view kPrometheusContentType = "text/plain; version=0.0.4; charset=utf-8";

std::string render_prometheus(const StatusSnapshot& status);

}  // namespace hf::admin
