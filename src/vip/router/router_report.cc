// VirtualRouter as others see it: its report.
#include <fmt/core.h>

#include "vip/router/virtual_router.h"

namespace hf::vip::router {

namespace machine = policy::vrrp;
using machine::Mode;

void VirtualRouter::hear_master(const IpAddress& source, std::uint8_t priority, Nanos interval) {
  if (priority == machine::kReleasePriority) {
    if (heard_master_ && heard_master_->address == source) heard_master_.reset();
    return;
  }
  const Nanos patience = machine::master_down_interval(settings_.machine.version, settings_.machine.priority, interval);
  heard_master_ = HeardMaster{source, priority, around_.loop.now() + patience};
}

/// Ourselves, or the other whose adverts are fresh.
std::optional<VirtualRouter::HeardMaster> VirtualRouter::live_master() const {
  const TimePoint now = around_.loop.now();
  if (state_.mode == Mode::kMaster) {
    return HeardMaster{own_address_, machine::effective_priority(settings_.machine, state_), now};
  }
  return heard_master_ && heard_master_->until > now ? heard_master_ : std::nullopt;
}

RouterReport VirtualRouter::report() const {
  RouterReport report;
  report.name = settings_.name;
  report.interface = settings_.interface;
  report.router_id = settings_.router_id;
  report.version = static_cast<std::uint8_t>(settings_.machine.version);
  for (const VirtualAddress& address : settings_.addresses) {
    report.addresses.push_back(fmt::format("{}/{}", address.address.to_string(), address.prefix_length));
  }
  report.mode = state_.mode;
  report.holding = holder_.holding();
  report.since_wall_micros = mode_since_micros_;
  report.reason = transitions_.empty() ? std::string(machine::to_string(mode_reason_)) : transitions_.back().reason;
  report.priority = machine::effective_priority(settings_.machine, state_);
  if (const std::optional<HeardMaster> master = live_master()) {
    report.master = master->address.to_string();
    report.master_priority = master->priority;
  }
  report.own_address = attached_ ? own_address_.to_string() : "";
  report.base_priority = settings_.machine.priority;
  report.preferred = state_.preferred;
  report.sync_group = settings_.sync_group;
  report.contributions = account_.entries();
  if (state_.faults.operator_release) report.contributions.push_back({"operator", 0, true, "released by command"});
  if (state_.faults.sync_group) {
    report.contributions.push_back({"sync group " + settings_.sync_group, 0, true, "another member is at fault"});
  }
  if (state_.faults.interface_down) {
    report.contributions.push_back(
        {"interface " + settings_.interface, 0, true, "it is not there, has no carrier or no address"});
  }
  if (state_.faults.conflict) {
    report.contributions.push_back({"conflict", 0, true,
                                    "somebody else claims an address: " + last_claim_.address.to_string() + " " +
                                        proto::arp::to_string(last_claim_.mac)});
  }
  report.transitions.assign(transitions_.begin(), transitions_.end());
  report.paths = peers_.paths(around_.loop.now());
  if (arbiters_ != nullptr) report.arbiters = arbiters_->report();
  report.refused = peers_.refusals();
  report.transitions_total = transitions_total_;
  report.became_master_total = became_master_total_;
  report.conflicts_total = conflicts_total_;
  return report;
}

}  // namespace hf::vip::router
