#include "admin/vip_metrics.h"

#include <algorithm>

namespace hf::admin {
namespace {

using vip::Mode;
using vip::RouterReport;

constexpr Mode kModes[] = {Mode::kInitialize, Mode::kBackup, Mode::kMaster, Mode::kFault};

/// One gauge or counter of the guardian; no sample where there is none.
template <typename Value>
void of_guardian(Exposition& out, const StatusSnapshot& status, std::string_view name, std::string_view type,
                 std::string_view help, Value value) {
  out.family("holdfast_" + std::string(name), type, help);
  if (status.guardian) out.sample({}, value(*status.guardian));
}

/// One gauge or counter over all VIPs.
template <typename Value>
void each_vip(Exposition& out, const StatusSnapshot& status, std::string_view name, std::string_view type,
              std::string_view help, Value value) {
  out.family("holdfast_vip_" + std::string(name), type, help);
  for (const VipStatus& vip : status.vips) out.sample({{"vip", vip.report.name}}, value(vip.report));
}

/// One gauge or counter over what `list` finds in all VIPs; `label` tells the items of one VIP apart.
template <typename List, typename Item, typename Value>
void each_part(Exposition& out, const StatusSnapshot& status, std::string_view label, List list, Item item,
               Value value) {
  for (const VipStatus& vip : status.vips) {
    const auto& parts = list(vip);
    for (auto part = parts.begin(); part != parts.end(); ++part) {
      // Prometheus throws a whole scrape away for one sample that comes twice.
      const auto first = std::find_if(parts.begin(), part, [&](const auto& one) { return item(one) == item(*part); });
      if (first == part) out.sample({{"vip", vip.report.name}, {label, item(*part)}}, value(*part));
    }
  }
}

void render_state(Exposition& out, const StatusSnapshot& status) {
  out.family("holdfast_vip_state", "gauge", "1 for the state that the virtual address is in on this node.");
  for (const VipStatus& vip : status.vips) {
    for (const Mode mode : kModes) {
      out.sample({{"vip", vip.report.name}, {"state", policy::vrrp::to_string(mode)}}, flag(vip.report.mode == mode));
    }
  }
  each_vip(out, status, "holding", "gauge", "1 while the addresses are on this node's interface.",
           [](const RouterReport& report) { return flag(report.holding); });
  each_vip(out, status, "priority", "gauge", "Effective priority, 1 to 255.",
           [](const RouterReport& report) { return std::to_string(report.priority); });
}

void render_counts(Exposition& out, const StatusSnapshot& status) {
  each_vip(out, status, "transitions_total", "counter", "Changes of state.",
           [](const RouterReport& report) { return std::to_string(report.transitions_total); });
  each_vip(out, status, "became_master_total", "counter", "Times that this node became master.",
           [](const RouterReport& report) { return std::to_string(report.became_master_total); });
  each_vip(out, status, "conflicts_total", "counter", "Duplicate masters and address conflicts seen.",
           [](const RouterReport& report) { return std::to_string(report.conflicts_total); });
}

void render_paths(Exposition& out, const StatusSnapshot& status) {
  using vip::PathReport;
  const auto paths = [](const VipStatus& vip) -> const auto& { return vip.report.paths; };
  const auto path = [](const PathReport& each) -> std::string_view { return each.path; };
  out.family("holdfast_vip_adverts_sent_total", "counter", "Advertisements and heartbeats sent on the path.");
  each_part(out, status, "path", paths, path, [](const PathReport& each) { return std::to_string(each.sent); });
  out.family("holdfast_vip_adverts_received_total", "counter", "Advertisements and heartbeats of peers on the path.");
  each_part(out, status, "path", paths, path, [](const PathReport& each) { return std::to_string(each.received); });
  out.family("holdfast_vip_send_failures_total", "counter", "Advertisements and heartbeats that the kernel refused.");
  each_part(out, status, "path", paths, path,
            [](const PathReport& each) { return std::to_string(each.send_failures); });
}

void render_surroundings(Exposition& out, const StatusSnapshot& status) {
  using vip::ArbiterReport;
  using vip::RefusedCount;
  out.family("holdfast_vip_adverts_refused_total", "counter", "Advertisements heard but not obeyed, by reason.");
  each_part(
      out, status, "reason", [](const VipStatus& vip) -> const auto& { return vip.report.refused; },
      [](const RefusedCount& each) -> std::string_view { return each.reason; },
      [](const RefusedCount& each) { return std::to_string(each.count); });
  out.family("holdfast_vip_arbiter_reached", "gauge", "1 while the arbiter answers.");
  each_part(
      out, status, "target", [](const VipStatus& vip) -> const auto& { return vip.report.arbiters; },
      [](const ArbiterReport& each) -> std::string_view { return each.target; },
      [](const ArbiterReport& each) { return flag(each.reached); });
  out.family("holdfast_vip_track_good", "gauge", "1 while the tracked thing is good.");
  each_part(
      out, status, "track", [](const VipStatus& vip) -> const auto& { return vip.tracks; },
      [](const TrackStatus& each) -> std::string_view { return each.track; },
      [](const TrackStatus& each) { return flag(each.good); });
}

}  // namespace

void render_guardian(Exposition& out, const StatusSnapshot& status) {
  of_guardian(out, status, "guardian_connected", "gauge", "1 while the guardian is there.",
              [](const GuardianStatus& guardian) { return flag(guardian.connected); });
  of_guardian(out, status, "guardian_realtime", "gauge", "1 when the guardian runs with a real-time priority.",
              [](const GuardianStatus& guardian) { return flag(guardian.realtime); });
  of_guardian(out, status, "guardian_memory_locked", "gauge", "1 when the guardian's memory is locked.",
              [](const GuardianStatus& guardian) { return flag(guardian.memory_locked); });
  of_guardian(out, status, "guardian_delay_seconds", "gauge", "The latest that a timer of the guardian ever was.",
              [](const GuardianStatus& guardian) { return number(seconds(guardian.longest_delay)); });
  of_guardian(out, status, "gateway_restarts_total", "counter", "Times that the guardian started the gateway anew.",
              [](const GuardianStatus& guardian) { return std::to_string(guardian.gateway_restarts); });
}

void render_vips(Exposition& out, const StatusSnapshot& status) {
  render_state(out, status);
  render_counts(out, status);
  render_paths(out, status);
  render_surroundings(out, status);
}

}  // namespace hf::admin
