#include "admin/metrics.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "admin/exposition.h"
#include "admin/vip_metrics.h"

namespace hf::admin {
namespace {

using Totals = std::vector<service::CounterTotals::Total>;

/// What a counter is called in the exposition, and of which type it is.
std::pair<std::string, std::string_view> exposed(std::string_view owner, const service::CounterWords& words) {
  const std::string name = "holdfast_" + std::string(owner) + "_" + std::string(words.name);
  return words.kind == service::CounterKind::kGauge ? std::pair{name, std::string_view("gauge")}
                                                    : std::pair{name + "_total", std::string_view("counter")};
}

/// The words of all counters in the lists, each once: services of different protocols have different ones.
std::vector<service::CounterWords> all_words(const std::vector<const Totals*>& lists) {
  std::vector<service::CounterWords> words;
  for (const Totals* list : lists) {
    for (const service::CounterTotals::Total& total : *list) {
      if (std::ranges::find(words, total.words.name, &service::CounterWords::name) == words.end()) {
        words.push_back(total.words);
      }
    }
  }
  return words;
}

const service::CounterTotals::Total* find(const Totals& list, std::string_view name) {
  const auto found =
      std::ranges::find(list, name, [](const service::CounterTotals::Total& total) { return total.words.name; });
  return found == list.end() ? nullptr : &*found;
}

/// One gauge over all services; one for which `value` gives an empty text is left out.
template <typename Value>
void each_service(Exposition& out, const StatusSnapshot& status, std::string_view name, std::string_view help,
                  Value value) {
  out.family("holdfast_service_" + std::string(name), "gauge", help);
  for (const ServiceStatus& service : status.services) {
    const std::string text = value(service);
    if (!text.empty()) out.sample({{"service", service.name}}, text);
  }
}

/// One gauge over all servers; likewise.
template <typename Value>
void each_server(Exposition& out, const StatusSnapshot& status, std::string_view name, std::string_view help,
                 Value value) {
  out.family("holdfast_server_" + std::string(name), "gauge", help);
  for (const ServiceStatus& service : status.services) {
    for (const ServerStatus& server : service.servers) {
      const std::string text = value(service, server);
      if (!text.empty()) out.sample({{"service", service.name}, {"server", server.name}}, text);
    }
  }
}

void render_service_counters(Exposition& out, const StatusSnapshot& status) {
  std::vector<const Totals*> lists;
  for (const ServiceStatus& service : status.services) lists.push_back(&service.totals.counters.all());
  for (const service::CounterWords& words : all_words(lists)) {
    const auto [name, type] = exposed("service", words);
    out.family(name, type, words.help);
    for (const ServiceStatus& service : status.services) {
      const service::CounterTotals::Total* total = find(service.totals.counters.all(), words.name);
      if (total != nullptr) out.sample({{"service", service.name}}, std::to_string(total->value));
    }
  }
}

void render_server_counters(Exposition& out, const StatusSnapshot& status) {
  std::vector<const Totals*> lists;
  for (const ServiceStatus& service : status.services) {
    for (const ServerStatus& server : service.servers) lists.push_back(&server.counters.all());
  }
  for (const service::CounterWords& words : all_words(lists)) {
    const auto [name, type] = exposed("server", words);
    out.family(name, type, words.help);
    for (const ServiceStatus& service : status.services) {
      for (const ServerStatus& server : service.servers) {
        const service::CounterTotals::Total* total = find(server.counters.all(), words.name);
        if (total != nullptr) {
          out.sample({{"service", service.name}, {"server", server.name}}, std::to_string(total->value));
        }
      }
    }
  }
}

/// One table that services have, of all services that have it.
void render_labelled(Exposition& out, const StatusSnapshot& status, const service::LabelledTotals& kind) {
  for (std::size_t column = 0; column < kind.columns.size(); ++column) {
    const auto [name, type] = exposed("service", kind.columns[column].words);
    out.family(name, type, kind.columns[column].words.help);
    for (const ServiceStatus& service : status.services) {
      for (const service::LabelledTotals& table : service.totals.labelled) {
        if (table.name != kind.name) continue;
        for (const service::LabelledTotals::Row& row : table.rows) {
          out.sample({{"service", service.name}, {table.label, row.label}}, std::to_string(row.values[column]));
        }
      }
    }
  }
}

void render_all_labelled(Exposition& out, const StatusSnapshot& status) {
  std::vector<std::string_view> rendered;
  for (const ServiceStatus& service : status.services) {
    for (const service::LabelledTotals& table : service.totals.labelled) {
      if (std::ranges::find(rendered, table.name) != rendered.end()) continue;
      rendered.push_back(table.name);
      render_labelled(out, status, table);
    }
  }
}

void render_buckets(Exposition& out, const std::string& service, const LatencySnapshot& latency) {
  std::uint64_t total = 0;
  std::size_t bucket = 0;
  for (std::size_t doubling = 0; doubling <= LatencyBuckets::kDoublings; ++doubling) {
    const Micros bound{std::int64_t{1} << doubling};
    for (; bucket < LatencyBuckets::kBounded && LatencyBuckets::upper_bound(bucket) <= bound; ++bucket) {
      total += latency.counts[bucket];
    }
    out.sample({{"service", service}, {"le", number(seconds(bound))}}, std::to_string(total), "_bucket");
  }
  out.sample({{"service", service}, {"le", "+Inf"}}, std::to_string(latency.count), "_bucket");
  out.sample({{"service", service}}, number(seconds(latency.sum)), "_sum");
  out.sample({{"service", service}}, std::to_string(latency.count), "_count");
}

void render_latencies(Exposition& out, const StatusSnapshot& status) {
  std::vector<std::string_view> rendered;
  for (const ServiceStatus& first : status.services) {
    if (!first.totals.latency || std::ranges::find(rendered, first.totals.latency->name) != rendered.end()) continue;
    const std::string_view name = rendered.emplace_back(first.totals.latency->name);
    out.family("holdfast_service_" + std::string(name), "histogram", first.totals.latency->help);
    for (const ServiceStatus& service : status.services) {
      if (service.totals.latency && service.totals.latency->name == name) {
        render_buckets(out, service.name, service.totals.latency->snapshot);
      }
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
  const auto each = [&out, &admin](std::string_view name, std::string_view type, std::string_view help,
                                   std::uint64_t DoorStatus::* value) {
    out.family("holdfast_admin_" + std::string(name), type, help);
    out.sample({{"door", "http"}}, std::to_string(admin.http.*value));
    out.sample({{"door", "socket"}}, std::to_string(admin.socket.*value));
  };
  each("connections", "gauge", "Connections to the admin interface now.", &DoorStatus::connections);
  each("gave_way_total", "counter", "Connections closed for newer ones because all places were taken.",
       &DoorStatus::gave_way);
  each("too_slow_total", "counter", "Requests that did not arrive in time.", &DoorStatus::too_slow);
}

void render_limits(Exposition& out, const StatusSnapshot& status) {
  out.family("holdfast_descriptors_limit", "gauge", "Files and sockets that the process may have open.");
  out.sample({}, std::to_string(status.descriptors.limit));
  out.family("holdfast_descriptors_needed", "gauge", "Files and sockets that the configuration may need.");
  out.sample({}, std::to_string(status.descriptors.needed));
  out.family("holdfast_descriptors_for_clients", "gauge",
             "What clients may have of them; the rest is kept for servers and the admin interface.");
  out.sample({}, std::to_string(status.descriptors.for_clients));
  out.family("holdfast_descriptors_held_by_clients", "gauge", "What clients have of them now.");
  out.sample({}, std::to_string(status.descriptors.held_by_clients));
  out.family("holdfast_log_lines_lost_total", "counter", "Lines of the log that nobody took in time.");
  out.sample({}, std::to_string(status.log_lines_lost));
}

void render_servers(Exposition& out, const StatusSnapshot& status) {
  each_server(out, status, "health", "1 up, 0 down, -1 not yet checked.",
              [](const ServiceStatus& /*service*/, const ServerStatus& server) {
                return std::string(server.health == "up" ? "1" : (server.health == "down" ? "0" : "-1"));
              });
  each_server(out, status, "primary", "1 for the server that takes the writes.",
              [](const ServiceStatus& service, const ServerStatus& server) {
                return service.primary ? flag(server.role == "primary") : std::string();
              });
  each_server(out, status, "reader", "1 for a server that gets reads (TCP: connections).",
              [](const ServiceStatus& /*service*/, const ServerStatus& server) { return flag(server.reader); });
  each_server(out, status, "drained", "1 for a server that an operator drained.",
              [](const ServiceStatus& /*service*/, const ServerStatus& server) { return flag(server.drained); });
  each_server(out, status, "lag_seconds", "Replication lag; absent when not known.",
              [](const ServiceStatus& /*service*/, const ServerStatus& server) {
                return server.lag ? number(seconds(*server.lag)) : std::string();
              });
  each_server(out, status, "check_age_seconds", "Time since the latest check ended.",
              [](const ServiceStatus& /*service*/, const ServerStatus& server) {
                return server.check_age ? number(seconds(*server.check_age)) : std::string();
              });
  each_server(out, status, "effective_weight", "Share of work; the configured weight, less during slow start.",
              [](const ServiceStatus& /*service*/, const ServerStatus& server) {
                return number(server.effective_weight / 100.0);
              });
  render_server_counters(out, status);
}

}  // namespace

std::string render_prometheus(const StatusSnapshot& status) {
  Exposition out;
  render_process(out, status);
  render_doors(out, status.admin);
  render_limits(out, status);
  each_service(out, status, "epoch", "Grows with every change of primary.", [](const ServiceStatus& service) {
    return service.primary ? std::to_string(service.primary->epoch) : std::string();
  });
  each_service(out, status, "has_primary", "1 when there is a primary.", [](const ServiceStatus& service) {
    return service.primary ? flag(!service.primary->server.empty()) : std::string();
  });
  render_service_counters(out, status);
  render_all_labelled(out, status);
  render_latencies(out, status);
  render_servers(out, status);
  render_guardian(out, status);
  render_vips(out, status);
  return out.take();
}

}  // namespace hf::admin
