#include <nlohmann/json.hpp>

#include "admin/metrics.h"
#include "admin/status.h"

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
  out["latency"] = service.latency ? latency_json(*service.latency) : Json(nullptr);
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
  bytes_from_clients += shard.bytes_from_clients.get();
  bytes_to_clients += shard.bytes_to_clients.get();
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
  out["services"] = Json::array();
  for (const ServiceStatus& service : status.services) out["services"].push_back(service_json(service));
  return out.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace hf::admin
