#include "app/vip_desk.h"

#include <algorithm>
#include <concepts>
#include <utility>
#include <variant>

#include <unistd.h>

#include "app/events.h"
#include "runtime/wall_clock.h"

namespace hf::app {

namespace {

constexpr std::size_t kMostOrders = 64;

const char* word(admin::VipOrder order) {
  switch (order) {
    case admin::VipOrder::kRelease: return "release";
    case admin::VipOrder::kPrefer: return "prefer";
    case admin::VipOrder::kResume: break;
  }
  return "resume";
}

}  // namespace

VipDesk::VipDesk(Surroundings around, int channel_fd, const config::ConfigPtr& config)
    : around_(std::move(around)),
      config_(config),
      link_(around_.loop, channel_fd, listener()),
      tracker_(around_.loop, vip::track::Tracker::Ports{around_.facts, around_.run_script,
                                                        [this] { link_.verdicts(tracker_.verdicts()); }, around_.emit,
                                                        runtime::wall_micros}),
      order_file_(OrderFile::path_in(config->node.state_dir)) {}

void VipDesk::configure(const config::ConfigPtr& config) {
  config_ = config;
  tracker_.configure(config->vips);
  link_.verdicts(tracker_.verdicts());
}

void VipDesk::reloaded(const config::ConfigPtr& config) {
  configure(config);
  link_.settings_changed();
}

guardian::GuardianLink::Listener VipDesk::listener() {
  guardian::GuardianLink::Listener listener;
  listener.report = [this](const guardian::Report& report) { take_report(report); };
  listener.news = [this](vip::News news) { take_news(std::move(news)); };
  listener.addresses_leave = [this](const guardian::AddressesLeave& leave) {
    const config::Vip* vip = find(leave.router);
    if (vip != nullptr) around_.addresses_leave(*vip);
  };
  listener.command_done = [this](const guardian::CommandDone& done) { command_done(done); };
  listener.lost = [this] { around_.guardian_lost(); };
  listener.stalled = around_.stalled;
  return listener;
}

void VipDesk::take_report(const guardian::Report& report) {
  if (!report_ || report_->orders != report.orders) order_file_.keep(report.orders);
  if (const std::string error = order_file_.take_error(); !error.empty()) {
    around_.emit(events::VipOrderNotKept{.path = OrderFile::path_in(config_->node.state_dir), .reason = error});
  }
  report_ = report;
  reported_at_ = around_.loop.now();
}

void VipDesk::take_news(vip::News news) {
  std::visit(
      [this]<class T>(const T& each) {
        if constexpr (!std::same_as<T, Event>) tell(notify::change_of(each));
      },
      news);
  around_.emit(vip::event_of(std::move(news)));
}

void VipDesk::tell(notify::VipChange change) {
  const config::Vip* vip = find(change.vip);
  if (vip == nullptr) return;
  change.node = config_->node.name;
  for (const config::VipAddress& address : vip->addresses) change.addresses.push_back(address.address.to_string());
  change.sequence = ++told_;
  around_.changed(std::move(change));
}

const config::Vip* VipDesk::find(std::string_view name) const {
  const auto it = std::find_if(config_->vips.begin(), config_->vips.end(),
                               [&](const config::Vip& each) { return each.name == name; });
  return it == config_->vips.end() ? nullptr : &*it;
}

// ── orders ──

Result<void> VipDesk::order(std::string_view vip, admin::VipOrder order, const admin::Caller& caller) {
  if (!link_.connected()) return Error{ErrorCode::kUnreachable, "vip " + std::string(vip) + ": the guardian is gone"};
  if (orders_.size() >= kMostOrders) orders_.erase(orders_.begin());  // its answer was lost
  Result<std::uint64_t> sent = link_.command(std::string(vip), order);
  if (!sent.ok()) return std::move(sent).error();
  orders_.emplace(*sent, Order{std::string(vip), word(order), caller.peer});
  return {};
}

void VipDesk::command_done(const guardian::CommandDone& done) {
  const auto order = orders_.extract(done.id);
  if (order.empty()) return;
  around_.emit(events::VipCommand{.vip = order.mapped().vip,
                                  .command = order.mapped().command,
                                  .client = order.mapped().client,
                                  .outcome = done.text});
}

// ── what the operator is shown ──

void VipDesk::describe(admin::StatusSnapshot& status) const {
  admin::GuardianStatus& guardian = status.guardian.emplace();
  guardian.gateway_pid = ::getpid();
  guardian.connected = link_.connected();
  if (!report_) return;
  guardian.pid = report_->guardian_pid;
  guardian.steward_pid = report_->steward_pid;
  guardian.report_age = around_.loop.now() - reported_at_;
  guardian.realtime = report_->realtime;
  guardian.memory_locked = report_->memory_locked;
  guardian.gateway_restarts = report_->gateway_restarts;
  guardian.longest_delay = report_->longest_delay;
  const std::vector<vip::track::VipTrackReport> tracks = tracker_.report();
  for (const vip::RouterReport& router : report_->routers) {
    admin::VipStatus& shown = status.vips.emplace_back();
    shown.report = router;
    const auto tracked = std::find_if(tracks.begin(), tracks.end(),
                                      [&](const vip::track::VipTrackReport& each) { return each.vip == router.name; });
    if (tracked == tracks.end()) continue;
    for (const vip::track::TrackReport& track : tracked->tracks) {
      shown.tracks.push_back({track.track, track.known && !track.bad, vip::track::weight_text(track.weight),
                              track.reason, track.since_wall_micros});
    }
  }
}

}  // namespace hf::app
