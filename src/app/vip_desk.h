// VipDesk: the gateway's side of virtual addresses: talks to the guardian, runs the tracked things, and keeps what the
// operator is shown.
//
// Owner: the gateway. Thread: the control thread's.
// Invariants:
//   1. The guardian's word is shown as it came, with its age; after the guardian is gone the last one stays.
//   2. Every change of an address is handed on to be told once, in order.
//   3. The guardian's standing orders are in the state_dir, as of its latest report.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "admin/admin_model.h"
#include "admin/status.h"
#include "app/order_file.h"
#include "config/config.h"
#include "guardian/guardian_link.h"
#include "notify/vip_change.h"
#include "runtime/event_loop.h"
#include "vip/news.h"
#include "vip/track/tracker.h"

namespace hf::app {

class VipDesk {
 public:
  struct Surroundings {
    runtime::EventLoop& loop;
    std::function<void(Event)> emit;
    std::function<void(notify::VipChange)> changed;
    std::function<Nanos()> stalled;
    vip::track::ServiceFacts facts;
    vip::ScriptPort run_script;
    std::function<void()> guardian_lost;
    std::function<void(const config::Vip&)> addresses_leave;  // its clients are to be cut
  };

  /// Takes `channel_fd` over.
  VipDesk(Surroundings around, int channel_fd, const config::ConfigPtr& config);
  VipDesk(const VipDesk&) = delete;
  VipDesk& operator=(const VipDesk&) = delete;

  /// Tracking begins, scripts too: `run_script` has to know of this desk by now.
  void start() { configure(config_); }
  /// A reload: tracked things and listeners follow at once, the guardian has the steward read the file.
  void reloaded(const config::ConfigPtr& config);
  void ready(bool ready) { link_.ready(ready); }
  void service_changed(const std::string& service) { tracker_.service_changed(service); }
  Result<void> order(std::string_view vip, admin::VipOrder order, const admin::Caller& caller);
  void describe(admin::StatusSnapshot& status) const;
  /// For what is not about virtual addresses alone.
  guardian::GuardianLink& link() { return link_; }

 private:
  struct Order {
    std::string vip;
    std::string command;
    std::string client;
  };

  void configure(const config::ConfigPtr& config);
  guardian::GuardianLink::Listener listener();
  void take_report(const guardian::Report& report);
  void take_news(vip::News news);
  void tell(notify::VipChange change);
  void command_done(const guardian::CommandDone& done);
  const config::Vip* find(std::string_view name) const;

  Surroundings around_;
  config::ConfigPtr config_;
  guardian::GuardianLink link_;
  vip::track::Tracker tracker_;
  OrderFile order_file_;
  std::optional<guardian::Report> report_;
  TimePoint reported_at_;
  std::map<std::uint64_t, Order> orders_;  // sent, not yet answered
  std::uint64_t told_ = 0;
};

}  // namespace hf::app
