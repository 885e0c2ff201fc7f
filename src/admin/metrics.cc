#include "admin/metrics.h"

#include <array>
#include <utility>

#include "admin/exposition.h"
#include "admin/vip_metrics.h"

namespace hf::admin {
namespace {

constexpr auto kCounter = MetricType::kCounter;
constexpr auto kGauge = MetricType::kGauge;

constexpr MetricRow<ServiceTotals> kServiceMetrics[] = {
    {"clients", kGauge, "Clients connected now.", &ServiceTotals::clients},
    {"clients_accepted", kCounter, "Clients accepted so far.", &ServiceTotals::clients_total},
    {"clients_refused", kCounter, "Clients refused for their address or for overload.",
     &ServiceTotals::clients_refused},
    {"login_failures", kCounter, "Failed logins of clients.", &ServiceTotals::login_failures},
    {"statements", kCounter, "Statements of clients.", &ServiceTotals::statements},
    {"reads_on_replicas", kCounter, "Reads run on replicas.", &ServiceTotals::reads_on_replicas},
    {"reads_on_primary", kCounter, "Reads run on the primary.", &ServiceTotals::reads_on_primary},
    {"writes", kCounter, "Statements that had to run on the primary.", &ServiceTotals::writes},
    {"retried_reads", kCounter, "Reads run again on another server after theirs failed.",
     &ServiceTotals::retried_reads},
    {"rerouted", kCounter, "Statements that a replica refused as writes and that ran on the primary.",
     &ServiceTotals::rerouted},
    {"held", kCounter, "Statements that waited for a primary or a connection.", &ServiceTotals::held},
    {"hold_timeouts", kCounter, "Statements that waited in vain.", &ServiceTotals::hold_timeouts},
    {"lost_errors", kCounter, "Clients told that the connection to the server was lost.", &ServiceTotals::lost_errors},
    {"state_restores", kCounter, "Pooled connections that were given a session's state.",
     &ServiceTotals::state_restores},
    {"restore_statements", kCounter, "Commands sent to pooled connections to give them a session's state.",
     &ServiceTotals::restore_statements},
    {"connection_resets", kCounter, "Connections made clean by COM_RESET_CONNECTION of what a session had left.",
     &ServiceTotals::connection_resets},
    {"statements_reprepared", kCounter, "Prepared statements prepared again on a connection that did not have them.",
     &ServiceTotals::statements_reprepared},
    {"reads_repeated", kCounter, "Reads repeated on the primary, unseen, for what they had left behind on a replica.",
     &ServiceTotals::reads_repeated},
    {"bytes_from_clients", kCounter, "Bytes read from clients.", &ServiceTotals::bytes_from_clients},
    {"bytes_to_clients", kCounter, "Bytes sent to clients.", &ServiceTotals::bytes_to_clients},
};

constexpr MetricRow<ServerTotals> kServerMetrics[] = {
    {"connections", kGauge, "Connections to the server, in use and idle.", &ServerTotals::connections_open},
    {"connections_opened", kCounter, "Connections opened to the server so far.", &ServerTotals::connections_total},
    {"connect_failures", kCounter, "Connections that could not be opened.", &ServerTotals::connect_failures},
    {"statements", kCounter, "Statements (TCP: sessions) given to the server.", &ServerTotals::statements},
    {"in_flight", kGauge, "Statements on the server now; or, for TCP, sessions.", &ServerTotals::in_flight},
    {"connections_lost", kCounter, "Connections that broke while in use.", &ServerTotals::lost},
    {"bytes_to_server", kCounter, "Bytes sent to the server.", &ServerTotals::bytes_to_server},
    {"bytes_from_server", kCounter, "Bytes read from the server.", &ServerTotals::bytes_from_server},
};

/// One gauge or counter over all services.
template <typename Value>
void each_service(Exposition& out, const StatusSnapshot& status, std::string_view name, std::string_view type,
                  std::string_view help, Value value) {
  out.family("holdfast_service_" + std::string(name), type, help);
  for (const ServiceStatus& service : status.services) out.sample({{"service", service.name}}, value(service));
}

/// One gauge or counter over all servers; a server for which `value` gives an empty text is left out.
template <typename Value>
void each_server(Exposition& out, const StatusSnapshot& status, std::string_view name, std::string_view type,
                 std::string_view help, Value value) {
  out.family("holdfast_server_" + std::string(name), type, help);
  for (const ServiceStatus& service : status.services) {
    for (const ServerStatus& server : service.servers) {
      const std::string text = value(server);
      if (!text.empty()) out.sample({{"service", service.name}, {"server", server.name}}, text);
    }
  }
}

template <typename Totals>
std::pair<std::string, std::string_view> exposed(const MetricRow<Totals>& row) {
  if (row.type == kGauge) return {std::string(row.name), "gauge"};
  return {std::string(row.name) + "_total", "counter"};
}

void render_latency(Exposition& out, const StatusSnapshot& status) {
  out.family("holdfast_service_statement_seconds", "histogram",
             "Time from a statement's arrival to the end of its reply.");
  for (const ServiceStatus& service : status.services) {
    if (!service.latency) continue;
    const LatencySnapshot& latency = *service.latency;
    std::uint64_t total = 0;
    std::size_t bucket = 0;
    for (std::size_t doubling = 0; doubling <= LatencyBuckets::kDoublings; ++doubling) {
      const Micros bound{std::int64_t{1} << doubling};
      for (; bucket < LatencyBuckets::kBounded && LatencyBuckets::upper_bound(bucket) <= bound; ++bucket) {
        total += latency.counts[bucket];
      }
      out.sample({{"service", service.name}, {"le", number(seconds(bound))}}, std::to_string(total), "_bucket");
    }
    out.sample({{"service", service.name}, {"le", "+Inf"}}, std::to_string(latency.count), "_bucket");
    out.sample({{"service", service.name}}, number(seconds(latency.sum)), "_sum");
    out.sample({{"service", service.name}}, std::to_string(latency.count), "_count");
  }
}

void render_pins(Exposition& out, const StatusSnapshot& status) {
  using Counts = std::array<std::uint64_t, policy::session::kPinReasons>;
  const auto each = [&out, &status](std::string_view name, std::string_view type, std::string_view help, Counts PinTotals::* counts) {
    out.family("holdfast_service_" + std::string(name), type, help);
    for (const ServiceStatus& service : status.services) {
      for (std::size_t reason = 1; service.protocol == "mysql" && reason < policy::session::kPinReasons; ++reason) {
        const std::string_view word = to_string(static_cast<policy::session::PinReason>(reason));
        out.sample({{"service", service.name}, {"reason", word}}, std::to_string((service.pins.*counts)[reason]));
      }
    }
  };
  each("pinned_sessions", "gauge", "Sessions that cannot leave their server connection, now, by what pinned them.", &PinTotals::now);
  each("pins_total", "counter", "Sessions pinned so far, by what pinned them.", &PinTotals::made);
}

void render_accounts(Exposition& out, const StatusSnapshot& status) {
  out.family("holdfast_service_account_connections", "gauge",
             "Connections to servers, in use and idle, of the accounts that have most of them; all others together are \"other\".");
  for (const ServiceStatus& service : status.services) {
    for (const AccountStatus& each : service.accounts) {
      out.sample({{"service", service.name}, {"account", each.account}}, std::to_string(each.connections));
    }
  }
}

void render_process(Exposition& out, const StatusSnapshot& status) {
  out.family("holdfast_build_info", "gauge", "Always 1; the version is in the label.");
  out.sample({{"version", status.version}, {"node", status.node}}, "1");
  out.family("holdfast_uptime_seconds", "gauge", "Time since the process started.");
  out.sample({}, number(seconds(status.uptime)));
  out.family("holdfast_ready", "gauge", "1 when the gateway can serve its clients, as /readyz says.");
  out.sample({}, flag(status.readiness.ready));
  out.family("holdfast_config_generation", "gauge", "Grows with every reload that took effect.");
  out.sample({}, std::to_string(status.config_generation));
  out.family("holdfast_events_total", "counter", "Events reported so far.");
  out.sample({}, std::to_string(status.last_event));
}

void render_doors(Exposition& out, const AdminStatus& admin) {
  const auto each = [&out, &admin](std::string_view name, std::string_view type, std::string_view help, std::uint64_t DoorStatus::* value) {
    out.family("holdfast_admin_" + std::string(name), type, help);
    out.sample({{"door", "http"}}, std::to_string(admin.http.*value));
    out.sample({{"door", "socket"}}, std::to_string(admin.socket.*value));
  };
  each("connections", "gauge", "Connections to the admin interface now.", &DoorStatus::connections);
  each("gave_way_total", "counter", "Connections closed for newer ones because all places were taken.", &DoorStatus::gave_way);
  each("too_slow_total", "counter", "Requests that did not arrive in time.", &DoorStatus::too_slow);
}

void render_limits(Exposition& out, const StatusSnapshot& status) {
  out.family("holdfast_descriptors_limit", "gauge", "Files and sockets that the process may have open.");
  out.sample({}, std::to_string(status.descriptors.limit));
  out.family("holdfast_descriptors_needed", "gauge", "Files and sockets that the configuration may need.");
  out.sample({}, std::to_string(status.descriptors.needed));
  out.family("holdfast_descriptors_for_clients", "gauge", "What clients may have of them; the rest is kept for servers and the admin interface.");
  out.sample({}, std::to_string(status.descriptors.for_clients));
  out.family("holdfast_descriptors_held_by_clients", "gauge", "What clients have of them now.");
  out.sample({}, std::to_string(status.descriptors.held_by_clients));
  out.family("holdfast_log_lines_lost_total", "counter", "Lines of the log that nobody took in time.");
  out.sample({}, std::to_string(status.log_lines_lost));
}

void render_servers(Exposition& out, const StatusSnapshot& status) {
  each_server(out, status, "health", "gauge", "1 up, 0 down, -1 not yet checked.", [](const ServerStatus& server) {
    return std::string(server.health == "up" ? "1" : (server.health == "down" ? "0" : "-1"));
  });
  each_server(out, status, "primary", "gauge", "1 for the server that takes the writes.",
              [](const ServerStatus& server) { return flag(server.role == "primary"); });
  each_server(out, status, "reader", "gauge", "1 for a server that gets reads (TCP: connections).",
              [](const ServerStatus& server) { return flag(server.reader); });
  each_server(out, status, "drained", "gauge", "1 for a server that an operator drained.",
              [](const ServerStatus& server) { return flag(server.drained); });
  each_server(out, status, "lag_seconds", "gauge", "Replication lag; absent when not known.",
              [](const ServerStatus& server) { return server.lag ? number(seconds(*server.lag)) : std::string(); });
  each_server(
      out, status, "check_age_seconds", "gauge", "Time since the latest check ended.",
      [](const ServerStatus& server) { return server.check_age ? number(seconds(*server.check_age)) : std::string(); });
  each_server(out, status, "effective_weight", "gauge", "Share of work; the configured weight, less during slow start.",
              [](const ServerStatus& server) { return number(server.effective_weight / 100.0); });
  for (const auto& row : kServerMetrics) {
    const auto [name, type] = exposed(row);
    each_server(out, status, name, type, row.help,
                [&row](const ServerStatus& server) { return std::to_string(server.counters.*row.value); });
  }
}

}  // namespace

std::span<const MetricRow<ServiceTotals>> service_metrics() { return kServiceMetrics; }
std::span<const MetricRow<ServerTotals>> server_metrics() { return kServerMetrics; }

std::string render_prometheus(const StatusSnapshot& status) {
  Exposition out;
  render_process(out, status);
  render_doors(out, status.admin);
  render_limits(out, status);
  each_service(out, status, "epoch", "gauge", "Grows with every change of primary.",
               [](const ServiceStatus& service) { return std::to_string(service.epoch); });
  each_service(out, status, "has_primary", "gauge", "1 when there is a primary.",
               [](const ServiceStatus& service) { return flag(!service.primary.empty()); });
  for (const auto& row : kServiceMetrics) {
    const auto [name, type] = exposed(row);
    each_service(out, status, name, type, row.help,
                 [&row](const ServiceStatus& service) { return std::to_string(service.counters.*row.value); });
  }
  render_pins(out, status);
  render_accounts(out, status);
  render_latency(out, status);
  render_servers(out, status);
  render_guardian(out, status);
  render_vips(out, status);
  return out.take();
}

}  // namespace hf::admin
