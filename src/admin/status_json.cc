#include <algorithm>
#include <nlohmann/json.hpp>
#include <iterator>
#include <utility>

#include "admin/status.h"
#include "base/event.h"

namespace hf::admin {
namespace {

using Json = nlohmann::ordered_json;

double millis(Nanos duration) { return static_cast<double>(duration.count()) / 1e6; }

Json millis_or_null(const std::optional<Nanos>& duration) { return duration ? Json(millis(*duration)) : Json(nullptr); }

Json text_or_null(const std::string& text) { return text.empty() ? Json(nullptr) : Json(text); }

/// An array with `one` of each item.
template <typename Item, typename One>
Json list_json(const std::vector<Item>& items, One one) {
  Json out = Json::array();
  for (const Item& item : items) out.push_back(one(item));
  return out;
}

Json counters_json(const service::CounterTotals& totals) {
  Json out = Json::object();
  for (const auto& [words, value] : totals.all()) out[std::string(words.name)] = value;
  return out;
}

Json latency_json(const LatencySnapshot& latency) {
  const auto quantile_ms = [&latency](double share) { return millis(latency.quantile(share)); };
  const double mean = latency.count == 0 ? 0.0 : millis(latency.sum) / static_cast<double>(latency.count);
  return Json{{"count", latency.count},      {"mean_ms", mean},
              {"p50_ms", quantile_ms(0.5)},  {"p95_ms", quantile_ms(0.95)},
              {"p99_ms", quantile_ms(0.99)}, {"p999_ms", quantile_ms(0.999)}};
}

Json door_json(const DoorStatus& door) {
  return Json{{"connections", door.connections}, {"gave_way", door.gave_way}, {"too_slow", door.too_slow}};
}

Json server_json(const ServerStatus& server, bool has_role) {
  Json out;
  out["name"] = server.name;
  out["address"] = server.address;
  if (has_role) out["role"] = text_or_null(server.role);
  out["health"] = server.health;
  out["reader"] = server.reader;
  out["drained"] = server.drained;
  out["reason"] = server.reason;
  out["check"] = server.check;
  out["check_age_ms"] = millis_or_null(server.check_age);
  if (has_role) out["lag_ms"] = millis_or_null(server.lag);
  out["weight"] = server.weight;
  out["effective_weight"] = server.effective_weight / 100.0;
  if (has_role) out["version"] = text_or_null(server.version);
  out["counters"] = counters_json(server.counters);
  return out;
}

/// Its rows, as far as anything was counted there.
Json labelled_json(const service::LabelledTotals& table) {
  Json out = Json::array();
  for (const service::LabelledTotals::Row& row : table.rows) {
    if (std::ranges::count(row.values, 0) == std::ssize(row.values)) continue;
    Json& shown = out.emplace_back();
    shown[std::string(table.label)] = row.label;
    if (!row.note.empty()) shown[std::string(table.note_key)] = row.note;
    for (std::size_t i = 0; i < row.values.size(); ++i) shown[std::string(table.columns[i].key)] = row.values[i];
  }
  return out;
}

void add_totals(Json& out, const service::ServiceTotals& totals) {
  Json counters = counters_json(totals.counters);
  for (const service::LabelledTotals& table : totals.labelled) {
    for (std::size_t i = 0; i < table.columns.size(); ++i) {
      if (table.columns[i].summed) counters[std::string(table.columns[i].words.name)] = table.sum(i);
    }
  }
  out["counters"] = std::move(counters);
  for (const service::LabelledTotals& table : totals.labelled) out[std::string(table.name)] = labelled_json(table);
  if (totals.latency) out["latency"] = latency_json(totals.latency->snapshot);
}

Json listener_json(const ListenerStatus& listener) {
  Json out;
  out["address"] = listener.address;
  if (!listener.route.empty()) out["route"] = listener.route;
  out["open"] = listener.open;
  out["reason"] = listener.reason;
  return out;
}

/// What only some services have is left out where it is not there: a primary with its roles and lag, routes, a
/// protocol's counters.
Json service_json(const ServiceStatus& service) {
  Json out;
  out["name"] = service.name;
  out["protocol"] = service.protocol;
  out["balance"] = service.balance;
  if (service.primary) {
    out["epoch"] = service.primary->epoch;
    out["primary"] = text_or_null(service.primary->server);
    out["primary_reason"] = service.primary->reason;
    out["reads_on_primary"] = service.primary->takes_reads;
  }
  out["listeners"] = list_json(service.listeners, listener_json);
  out["servers"] = list_json(service.servers, [&service](const ServerStatus& server) {
    return server_json(server, service.primary.has_value());
  });
  add_totals(out, service.totals);
  return out;
}

/// Wall time as UTC text; null for a time that was never set.
Json time_or_null(std::int64_t wall_micros) { return wall_micros == 0 ? Json(nullptr) : Json(format_utc(wall_micros)); }

Json pid_or_null(std::int64_t pid) { return pid == 0 ? Json(nullptr) : Json(pid); }

Json vip_state(vip::Mode mode) { return Json(policy::vrrp::to_string(mode)); }

Json contribution_json(const vip::Contribution& part) {
  return Json{{"source", part.source}, {"points", part.points}, {"release", part.release}, {"reason", part.reason}};
}

Json track_json(const TrackStatus& track) {
  return Json{{"track", track.track},
              {"good", track.good},
              {"weight", track.weight},
              {"reason", track.reason},
              {"since", time_or_null(track.since_wall_micros)}};
}

Json transition_json(const vip::Transition& change) {
  return Json{{"time", time_or_null(change.wall_micros)},
              {"from", vip_state(change.from)},
              {"to", vip_state(change.to)},
              {"reason", change.reason}};
}

Json path_json(const vip::PathReport& path) {
  return Json{{"path", path.path},
              {"heard_ms", path.heard_ms < 0 ? Json(nullptr) : Json(path.heard_ms)},
              {"sent", path.sent},
              {"received", path.received},
              {"send_failures", path.send_failures},
              {"problem", path.problem}};
}

Json arbiter_json(const vip::ArbiterReport& arbiter) {
  return Json{{"target", arbiter.target}, {"reached", arbiter.reached}};
}

Json refused_json(const std::vector<vip::RefusedCount>& refused) {
  Json out = Json::object();
  for (const vip::RefusedCount& each : refused) out[each.reason] = each.count;
  return out;
}

Json vip_json(const VipStatus& vip) {
  const vip::RouterReport& report = vip.report;
  Json out;
  out["name"] = report.name;
  out["interface"] = report.interface;
  out["router_id"] = report.router_id;
  out["version"] = report.version;
  out["addresses"] = report.addresses;
  out["state"] = vip_state(report.mode);
  out["holding"] = report.holding;
  out["since"] = time_or_null(report.since_wall_micros);
  out["reason"] = report.reason;
  out["master"] = text_or_null(report.master);
  out["master_priority"] = report.master.empty() ? Json(nullptr) : Json(report.master_priority);
  out["own_address"] = text_or_null(report.own_address);
  out["priority"] = report.priority;
  out["base_priority"] = report.base_priority;
  out["preferred"] = report.preferred;
  out["damped_ms"] = report.damped_ms;
  out["contributions"] = list_json(report.contributions, contribution_json);
  out["tracks"] = list_json(vip.tracks, track_json);
  out["sync_group"] = text_or_null(report.sync_group);
  out["transitions"] = list_json(report.transitions, transition_json);
  out["paths"] = list_json(report.paths, path_json);
  out["arbiters"] = list_json(report.arbiters, arbiter_json);
  out["refused"] = refused_json(report.refused);
  out["transitions_total"] = report.transitions_total;
  out["became_master_total"] = report.became_master_total;
  out["conflicts_total"] = report.conflicts_total;
  return out;
}

Json guardian_json(const GuardianStatus& guardian) {
  Json out;
  out["pid"] = pid_or_null(guardian.pid);
  out["gateway_pid"] = pid_or_null(guardian.gateway_pid);
  out["steward_pid"] = pid_or_null(guardian.steward_pid);
  out["connected"] = guardian.connected;
  out["report_age_ms"] = millis_or_null(guardian.report_age);
  out["realtime"] = guardian.realtime;
  out["memory_locked"] = guardian.memory_locked;
  out["gateway_restarts"] = guardian.gateway_restarts;
  out["longest_delay_ms"] = millis(guardian.longest_delay);
  return out;
}

}  // namespace

std::string status_json(const StatusSnapshot& status) {
  Json out;
  out["version"] = status.version;
  out["node"] = status.node;
  out["pid"] = status.pid;
  out["uptime_seconds"] = static_cast<double>(status.uptime.count()) / 1e9;
  out["shards"] = status.shards;
  out["config"] = Json{{"file", status.config_file}, {"generation", status.config_generation}};
  out["last_event"] = status.last_event;
  out["ready"] = status.readiness.ready;
  out["ready_reason"] = status.readiness.reason;
  out["admin"] = Json{{"http", door_json(status.admin.http)}, {"socket", door_json(status.admin.socket)}};
  out["descriptors"] = Json{{"limit", status.descriptors.limit},
                            {"needed", status.descriptors.needed},
                            {"for_clients", status.descriptors.for_clients},
                            {"held_by_clients", status.descriptors.held_by_clients}};
  out["log_lines_lost"] = status.log_lines_lost;
  out["services"] = list_json(status.services, service_json);
  out["guardian"] = status.guardian ? guardian_json(*status.guardian) : Json(nullptr);
  out["vips"] = list_json(status.vips, vip_json);
  return out.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace hf::admin
