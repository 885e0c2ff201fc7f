#include "vip/router/router_history.h"

#include <utility>

#include "policy/vrrp/config.h"

namespace hf::vip::router {

void RouterHistory::moved(Transition transition) {
  since_wall_micros_ = transition.wall_micros;
  ++transitions_total_;
  if (transition.to == Mode::kMaster) ++became_master_total_;
  transitions_.push_back(std::move(transition));
  if (transitions_.size() > kKeptTransitions) transitions_.pop_front();
}

void RouterHistory::heard(const IpAddress& source, std::uint8_t priority, TimePoint until) {
  last_peer_ = source;
  if (priority != policy::vrrp::kReleasePriority) {
    heard_master_ = HeardMaster{{source, priority}, until};
  } else if (heard_master_ && heard_master_->master.address == source) {
    heard_master_.reset();
  }
}

std::optional<RouterHistory::Master> RouterHistory::live_master(TimePoint now) const {
  if (!heard_master_ || heard_master_->until <= now) return std::nullopt;
  return heard_master_->master;
}

void RouterHistory::add_to(RouterReport& report) const {
  report.since_wall_micros = since_wall_micros_;
  report.reason =
      transitions_.empty() ? std::string(policy::vrrp::to_string(policy::vrrp::Reason::kNone)) : latest().reason;
  report.transitions.assign(transitions_.begin(), transitions_.end());
  report.transitions_total = transitions_total_;
  report.became_master_total = became_master_total_;
  report.conflicts_total = conflicts_total_;
}

}  // namespace hf::vip::router
