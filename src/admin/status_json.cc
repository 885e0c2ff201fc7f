#include <algorithm>
#include <nlohmann/json.hpp>
#include <numeric>
#include <utility>

#include "admin/metrics.h"
#include "admin/status.h"
#include "base/event.h"

namespace hf::admin {
namespace {

using Json = nlohmann::ordered_json;

double millis(Nanos duration) { return static_cast<double>(duration.count()) / 1e6; }

Json millis_or_null(const std::optional<Nanos>& duration) { return duration ? Json(millis(*duration)) : Json(nullptr); }

Json text_or_null(const std::string& text) { return text.empty() ? Json(nullptr) : Json(text); }

template <typename Totals>
Json counters_json(std::span<const MetricRow<Totals>> rows, const Totals& totals) {
  Json out = Json::object();
  for (const auto& row : rows) out[std::string(row.name)] = totals.*row.value;
  return out;
}

Json latency_json(const LatencySnapshot& latency) {
  const auto quantile_ms = [&latency](double share) { return millis(latency.quantile(share)); };
  const double mean = latency.count == 0 ? 0.0 : millis(latency.sum) / static_cast<double>(latency.count);
  return Json{{"count", latency.count}, {"mean_ms", mean}, {"p50_ms", quantile_ms(0.5)}, {"p95_ms", quantile_ms(0.95)}, {"p99_ms", quantile_ms(0.99)}, {"p999_ms", quantile_ms(0.999)}};
}

Json door_json(const DoorStatus& door) {
  return Json{{"connections", door.connections}, {"gave_way", door.gave_way}, {"too_slow", door.too_slow}};
}

Json server_json(const ServerStatus& server) {
  Json out;
  out["name"] = server.name;
  out["address"] = server.address;
  out["role"] = text_or_null(server.role);
  out["health"] = server.health;
  out["reader"] = server.reader;
  out["drained"] = server.drained;
  out["reason"] = server.reason;
  out["check"] = server.check;
  out["check_age_ms"] = millis_or_null(server.check_age);
  out["lag_ms"] = millis_or_null(server.lag);
  out["weight"] = server.weight;
  out["effective_weight"] = server.effective_weight / 100.0;
  out["version"] = text_or_null(server.version);
  out["counters"] = counters_json(server_metrics(), server.counters);
  return out;
}

/// What pinned sessions, as far as anything did.
Json pins_json(const ServiceStatus& service) {
  Json out = Json::array();
  for (std::size_t i = 1; i < policy::session::kPinReasons; ++i) {
    if (service.pins.made[i] == 0) continue;
    const policy::session::HoldReason& words = policy::session::words_of(static_cast<policy::session::PinReason>(i));
    out.push_back(Json{{"reason", words.name}, {"because", words.sentence}, {"now", service.pins.now[i]}, {"so_far", service.pins.made[i]}});
  }
  return out;
}

Json service_json(const ServiceStatus& service) {
  Json out;
  out["name"] = service.name;
  out["protocol"] = service.protocol;
  out["balance"] = service.balance;
  out["epoch"] = service.epoch;
  out["primary"] = text_or_null(service.primary);
  out["primary_reason"] = service.primary_reason;
  out["reads_on_primary"] = service.reads_on_primary;
  out["listeners"] = Json::array();
  for (const ListenerStatus& listener : service.listeners) {
    out["listeners"].push_back(Json{{"address", listener.address},
                                    {"route", text_or_null(listener.route)},
                                    {"open", listener.open},
                                    {"reason", listener.reason}});
  }
  out["servers"] = Json::array();
  for (const ServerStatus& server : service.servers) out["servers"].push_back(server_json(server));
  out["counters"] = counters_json(service_metrics(), service.counters);
  out["counters"]["pinned_sessions"] = service.pins.sessions();
  out["pins"] = pins_json(service);
  out["account_connections"] = Json::array();
  for (const AccountStatus& each : service.accounts) {
    out["account_connections"].push_back(Json{{"account", each.account}, {"connections", each.connections}});
  }
  out["latency"] = service.latency ? latency_json(*service.latency) : Json(nullptr);
  return out;
}

/// Wall time as UTC text; null for a time that was never set.
Json time_or_null(std::int64_t wall_micros) {
  return wall_micros == 0 ? Json(nullptr) : Json(format_utc(wall_micros));
}

Json pid_or_null(std::int64_t pid) { return pid == 0 ? Json(nullptr) : Json(pid); }

/// An array with `one` of each item.
template <typename Item, typename One>
Json list_json(const std::vector<Item>& items, One one) {
  Json out = Json::array();
  for (const Item& item : items) out.push_back(one(item));
  return out;
}

Json vip_state(vip::link::Mode mode) { return Json(policy::vrrp::to_string(mode)); }

Json contribution_json(const vip::link::Contribution& part) {
  return Json{{"source", part.source}, {"points", part.points}, {"release", part.release}, {"reason", part.reason}};
}

Json track_json(const TrackStatus& track) {
  return Json{{"track", track.track},
              {"good", track.good},
              {"weight", track.weight},
              {"reason", track.reason},
              {"since", time_or_null(track.since_wall_micros)}};
}

Json transition_json(const vip::link::Transition& change) {
  return Json{{"time", time_or_null(change.wall_micros)},
              {"from", vip_state(change.from)},
              {"to", vip_state(change.to)},
              {"reason", change.reason}};
}

Json path_json(const vip::link::PathReport& path) {
  return Json{{"path", path.path},
              {"heard_ms", path.heard_ms < 0 ? Json(nullptr) : Json(path.heard_ms)},
              {"sent", path.sent},
              {"received", path.received},
              {"send_failures", path.send_failures}};
}

Json arbiter_json(const vip::link::ArbiterReport& arbiter) {
  return Json{{"target", arbiter.target}, {"reached", arbiter.reached}};
}

Json refused_json(const std::vector<vip::link::RefusedCount>& refused) {
  Json out = Json::object();
  for (const vip::link::RefusedCount& each : refused) out[each.reason] = each.count;
  return out;
}

Json vip_json(const VipStatus& vip) {
  const vip::link::RouterReport& report = vip.report;
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

void ServerTotals::add(const service::ServerCounters& shard) {
  connections_open += shard.connections_open.get();
  connections_total += shard.connections_total.get();
  connect_failures += shard.connect_failures.get();
  statements += shard.statements.get();
  in_flight += shard.in_flight.get();
  lost += shard.lost.get();
  bytes_to_server += shard.bytes_to_server.get();
  bytes_from_server += shard.bytes_from_server.get();
}

void ServiceTotals::add(const service::ServiceCounters& shard) {
  clients += shard.clients.get();
  clients_total += shard.clients_total.get();
  clients_refused += shard.clients_refused.get();
  login_failures += shard.login_failures.get();
  statements += shard.statements.get();
  reads_on_replicas += shard.reads_on_replicas.get();
  reads_on_primary += shard.reads_on_primary.get();
  writes += shard.writes.get();
  retried_reads += shard.retried_reads.get();
  rerouted += shard.rerouted.get();
  held += shard.held.get();
  hold_timeouts += shard.hold_timeouts.get();
  lost_errors += shard.lost_errors.get();
  state_restores += shard.state_restores.get();
  restore_statements += shard.restore_statements.get();
  connection_resets += shard.connection_resets.get();
  statements_reprepared += shard.statements_reprepared.get();
  reads_repeated += shard.reads_repeated.get();
  bytes_from_clients += shard.bytes_from_clients.get();
  bytes_to_clients += shard.bytes_to_clients.get();
}

void PinTotals::add(const service::PinCounters& shard) {
  for (std::size_t i = 0; i < now.size(); ++i) {
    now[i] += shard.now[i].get();
    made[i] += shard.made[i].get();
  }
}

std::uint64_t PinTotals::sessions() const { return std::accumulate(now.begin(), now.end(), std::uint64_t{0}); }

std::vector<AccountStatus> busiest_accounts(const service::AccountConnections& all) {
  std::vector<AccountStatus> out;
  for (const auto& [account, connections] : all) out.push_back({account, connections});
  std::ranges::sort(out, [](const AccountStatus& a, const AccountStatus& b) { return a.connections > b.connections; });
  if (out.size() <= kMostAccounts) return out;
  AccountStatus others{std::string(kOtherAccounts)};
  for (std::size_t i = kMostAccounts; i < out.size(); ++i) others.connections += out[i].connections;
  out.resize(kMostAccounts);
  out.push_back(std::move(others));
  return out;
}

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
  out["services"] = Json::array();
  for (const ServiceStatus& service : status.services) out["services"].push_back(service_json(service));
  out["guardian"] = status.guardian ? guardian_json(*status.guardian) : Json(nullptr);
  out["vips"] = list_json(status.vips, vip_json);
  return out.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace hf::admin
