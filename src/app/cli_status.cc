#include "app/cli_status.h"

#include <cstdlib>
#include <utility>

#include <fmt/core.h>

#include "app/cli_request.h"

namespace hf::app {

using nlohmann::json;

namespace {

template <typename... Args>
void add(std::string& out, fmt::format_string<Args...> format, Args&&... args) {
  out += fmt::format(format, std::forward<Args>(args)...);
}

int number_of(const json& object, const char* key) {
  const auto it = object.is_object() ? object.find(key) : object.end();
  return it != object.end() && it->is_number_integer() ? it->get<int>() : 0;
}

std::string yes_no(const json& object, const char* key) { return flag_of(object, key) ? "yes" : "no"; }

/// "2026-11-21 21:23:07.123 UTC" of what the API writes: the day's reader does not need the T and the microseconds.
std::string moment(const json& object, const char* key) {
  const std::string text = text_of(object, key);
  if (text.size() < 23 || text[10] != 'T') return text;
  return text.substr(0, 10) + " " + text.substr(11, 12) + " UTC";
}

std::string joined(const json& list) {
  std::string out;
  for (const json& item : list) {
    if (item.is_string()) out += (out.empty() ? "" : ", ") + item.get<std::string>();
  }
  return out.empty() ? "-" : out;
}

std::string own_mark(const json& vip) {
  return text_of(vip, "master") == text_of(vip, "own_address") ? " (this node)" : "";
}

void add_guardian(std::string& out, const json& status) {
  const auto it = status.is_object() ? status.find("guardian") : status.end();
  if (it == status.end() || !it->is_object()) return;
  const json& guardian = *it;
  add(out,
      "guardian pid {}, gateway pid {}, steward pid {}; real-time {}, memory locked {}; gateway restarted {} times\n",
      text_of(guardian, "pid"), text_of(guardian, "gateway_pid"), text_of(guardian, "steward_pid"),
      yes_no(guardian, "realtime"), yes_no(guardian, "memory_locked"), text_of(guardian, "gateway_restarts"));
  if (!flag_of(guardian, "connected")) {
    add(out, "THE GUARDIAN IS GONE: what follows of virtual addresses is its last word, {} ms old\n",
        text_of(guardian, "report_age_ms"));
  }
}

void add_conditions(std::string& out, const json& vip) {
  for (const json& part : list_of(vip, "contributions")) {
    if (flag_of(part, "release")) {
      add(out, "  {:<10} {}: {}\n", "forbidden", text_of(part, "source"), text_of(part, "reason"));
    }
  }
  for (const json& track : list_of(vip, "tracks")) {
    add(out, "  {:<10} {} is {} ({}): {}\n", "track", text_of(track, "track"), flag_of(track, "good") ? "good" : "BAD",
        text_of(track, "weight"), text_of(track, "reason"));
  }
  for (const json& arbiter : list_of(vip, "arbiters")) {
    add(out, "  {:<10} {} is {}\n", "arbiter", text_of(arbiter, "target"),
        flag_of(arbiter, "reached") ? "reached" : "OUT OF REACH");
  }
}

void add_traffic(std::string& out, const json& vip) {
  for (const json& path : list_of(vip, "paths")) {
    const std::string heard = text_of(path, "heard_ms");
    add(out, "  {:<10} {}: a peer was heard {}; {} sent, {} received, {} not sent\n", "path", text_of(path, "path"),
        heard == "-" ? "never" : heard + " ms ago", text_of(path, "sent"), text_of(path, "received"),
        text_of(path, "send_failures"));
    if (const std::string problem = text_of(path, "problem"); problem != "-" && !problem.empty()) {
      add(out, "  {:<10}   IT DOES NOT WORK: {}\n", "", problem);
    }
  }
  std::string refused;
  const auto it = vip.find("refused");
  if (it != vip.end() && it->is_object()) {
    for (const auto& [reason, count] : it->items()) {
      refused += (refused.empty() ? "" : ", ") + count.dump() + " " + reason;
    }
  }
  if (!refused.empty()) add(out, "  {:<10} {}\n", "refused", refused);
}

void add_vip(std::string& out, const json& vip) {
  add(out, "\nvip {}: {} since {}{}\n", text_of(vip, "name"), text_of(vip, "state"), moment(vip, "since"),
      flag_of(vip, "holding") ? ", holding the addresses" : "");
  add(out, "  {:<10} {}\n", "because", text_of(vip, "reason"));
  add(out, "  {:<10} {}\n", "addresses", joined(list_of(vip, "addresses")));
  add(out, "  {:<10} {}, router id {}, VRRP version {}\n", "on", text_of(vip, "interface"), text_of(vip, "router_id"),
      text_of(vip, "version"));
  const bool known = text_of(vip, "master") != "-";
  add(out, "  {:<10} {}\n", "master",
      known ? text_of(vip, "master") + own_mark(vip) + ", priority " + text_of(vip, "master_priority")
            : std::string("not known"));
  add(out, "  {:<10} {}\n", "priority", render_priority(vip));
  if (number_of(vip, "damped_ms") > 0) {
    add(out, "  {:<10} moved too often: it preempts nobody for another {} ms\n", "damped", number_of(vip, "damped_ms"));
  }
  if (text_of(vip, "sync_group") != "-") add(out, "  {:<10} {}\n", "sync group", text_of(vip, "sync_group"));
  add_conditions(out, vip);
  add_traffic(out, vip);
  add(out, "  {:<10} {} changes of state, {} times master, {} conflicts\n", "so far", text_of(vip, "transitions_total"),
      text_of(vip, "became_master_total"), text_of(vip, "conflicts_total"));
  for (const json& change : list_of(vip, "transitions")) {
    add(out, "  {}  {} -> {}: {}\n", moment(change, "time"), text_of(change, "from"), text_of(change, "to"),
        text_of(change, "reason"));
  }
}

/// Of a service with a primary: roles and lag besides what servers of every service have.
void add_server(std::string& out, const json& server, bool has_role) {
  add(out, "  {:<12} {:<22} ", text_of(server, "name"), text_of(server, "address"));
  if (has_role) add(out, "{:<10} ", text_of(server, "role"));
  add(out, "{:<7} {:<7} ", text_of(server, "health"), text_of(server, "reader"));
  if (has_role) add(out, "{:>8}  ", text_of(server, "lag_ms"));
  add(out, "{}\n", text_of(server, "reason"));
}

void add_service(std::string& out, const json& service) {
  const bool has_primary = service.is_object() && service.contains("primary");
  add(out, "\nservice {} ({})", text_of(service, "name"), text_of(service, "protocol"));
  if (has_primary) add(out, ", primary {}: {}", text_of(service, "primary"), text_of(service, "primary_reason"));
  out += '\n';
  for (const json& listener : list_of(service, "listeners")) {
    const bool has_route = listener.is_object() && listener.contains("route");
    add(out, "  listens on {}{}", text_of(listener, "address"), has_route ? " " + text_of(listener, "route") : "");
    if (listener.is_object() && listener.contains("open") && !flag_of(listener, "open")) {
      add(out, ": NOT OPEN: {}", text_of(listener, "reason"));
    }
    out += '\n';
  }
  add_server(out,
             {{"name", "server"},
              {"address", "address"},
              {"role", "role"},
              {"health", "health"},
              {"reader", "reader"},
              {"lag_ms", "lag ms"},
              {"reason", "reason"}},
             has_primary);
  for (const json& server : list_of(service, "servers")) add_server(out, server, has_primary);
}

}  // namespace

std::string render_priority(const json& vip) {
  const std::string effective = text_of(vip, "priority");
  const std::string base = text_of(vip, "base_priority");
  if (flag_of(vip, "preferred")) return effective + ", preferred by the operator (" + base + " as configured)";
  std::string parts;
  int sum = number_of(vip, "base_priority");
  for (const json& part : list_of(vip, "contributions")) {
    const int points = number_of(part, "points");
    if (points == 0) continue;
    sum += points;
    parts += fmt::format(" {} {} ({}: {})", points < 0 ? '-' : '+', std::abs(points), text_of(part, "source"),
                         text_of(part, "reason"));
  }
  const int shown = number_of(vip, "priority");
  if (sum == shown) return parts.empty() ? effective : effective + " = " + base + parts;
  if (sum < shown && shown == 1) return effective + ", the least there is; " + base + parts;
  if (sum > shown && shown == 254) return effective + ", the most there is; " + base + parts;
  return effective + "; " + base + " as configured" + parts;
}

std::string render_status(const json& status) {
  std::string out;
  add(out, "holdfast {} on {}, pid {}\n", text_of(status, "version"), text_of(status, "node"), text_of(status, "pid"));
  add_guardian(out, status);
  for (const json& vip : list_of(status, "vips")) {
    if (vip.is_object()) add_vip(out, vip);
  }
  for (const json& service : list_of(status, "services")) add_service(out, service);
  return out;
}

}  // namespace hf::app
