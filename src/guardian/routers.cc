#include "guardian/routers.h"

#include <algorithm>
#include <utility>

#include <sys/random.h>

#include "guardian/events.h"

namespace hf::guardian {

namespace {

constexpr Nanos kClaimRetry = 1s;

/// Both would use the same name, adverts or addresses.
bool in_the_way(const vip::RouterSettings& leaving, const vip::RouterSettings& arriving) {
  if (leaving.name == arriving.name) return true;
  if (leaving.interface == arriving.interface && leaving.router_id == arriving.router_id) return true;
  return std::any_of(leaving.addresses.begin(), leaving.addresses.end(), [&](const vip::VirtualAddress& address) {
    return std::any_of(arriving.addresses.begin(), arriving.addresses.end(),
                       [&](const vip::VirtualAddress& each) { return each.address == address.address; });
  });
}

std::uint64_t random_id() {
  std::uint64_t value = 0;
  HF_CHECK(::getrandom(&value, sizeof value, 0) == static_cast<ssize_t>(sizeof value));
  return value;
}

}  // namespace

Routers::Routers(runtime::EventLoop& loop, std::vector<StandingOrder> orders, Listener listener)
    : loop_(loop),
      listener_(std::move(listener)),
      boot_id_(random_id()),
      orders_(std::move(orders)),
      interfaces_timer_([this] { interfaces_changed(); }),
      after_timer_([this] { after_steps(); }) {}

Routers::~Routers() {
  groups_.clear();
  leaving_.clear();
  running_.clear();
}

Result<void> Routers::open() {
  vip::router::RouteSocket::Listener listener;
  // in this turn, once for all changes of it
  const auto look_soon = [this] { loop_.arm(interfaces_timer_, loop_.now()); };
  listener.link = [look_soon](const proto::netlink::Link&, vip::router::Change) { look_soon(); };
  listener.address = [look_soon](const proto::netlink::InterfaceAddress&, vip::router::Change) { look_soon(); };
  Result<std::unique_ptr<vip::router::RouteSocket>> routes = vip::router::RouteSocket::open(loop_, std::move(listener));
  if (!routes.ok()) return std::move(routes).error();
  routes_ = std::move(*routes);
  return {};
}

Result<void> Routers::claim(const std::vector<vip::RouterSettings>& settings) {
  for (const vip::RouterSettings& each : settings) {
    const Result<void> taken = claims_.take(each, loop_.now());
    if (taken.ok()) continue;
    claims_.clear();  // whoever else wants a part of it may have it meanwhile
    (void)claims_.take_missing();
    return Error{taken.error().code, "vip '" + each.name + "': " + taken.error().context};
  }
  tell_missing();
  return {};
}

/// Of a reload.
Result<void> Routers::take(const vip::RouterSettings& settings) {
  Result<void> taken = claims_.take(settings, loop_.now());
  tell_missing();
  return taken;
}

void Routers::tell_missing() {
  for (const std::string& missing : claims_.take_missing()) {
    listener_.news(events::GuardianDegraded{.what = "the sole right to a virtual router", .reason = missing});
  }
}

void Routers::tell_refused(const std::string& name, const Error& error) {
  listener_.news(events::VipHeldElsewhere{.vip = name, .reason = error.context});
}

void Routers::give_back() {
  std::vector<const vip::RouterSettings*> needed;
  for (const auto& router : running_) needed.push_back(&router->settings());
  for (const auto& router : leaving_) needed.push_back(&router->settings());
  claims_.keep(needed);
}

void Routers::start(const std::vector<vip::RouterSettings>& settings) {
  std::erase_if(orders_, [&](const StandingOrder& order) {  // of what the file had once
    return std::none_of(settings.begin(), settings.end(), [&](const auto& each) { return each.name == order.vip; });
  });
  for (const vip::RouterSettings& each : settings) add(each);
  regroup();
  for (const auto& router : running_) router->start();
}

void Routers::add(const vip::RouterSettings& settings) {
  Router::Surroundings around{loop_,
                              *routes_,
                              heartbeat_ports_,
                              boot_id_,
                              [this](News news) { listener_.news(std::move(news)); },
                              [this](Router& router) { listener_.leaving(router.settings().name); },
                              [this](Router& router) { stepped(router); }};
  running_.push_back(std::make_unique<Router>(std::move(around), settings, gateway_.condition));
  judge(*running_.back());
  for (const StandingOrder& order : orders_) {
    if (order.vip == settings.name) (void)running_.back()->command(order.command);
  }
}

std::optional<std::string> Routers::command(std::string_view name, policy::vrrp::OperatorCommand command) {
  Router* router = find(name);
  if (router == nullptr) return std::nullopt;
  forget_order(name);
  if (command != policy::vrrp::OperatorCommand::kResume) orders_.push_back({std::string(name), command});
  return router->command(command);
}

void Routers::forget_order(std::string_view name) {
  std::erase_if(orders_, [&](const StandingOrder& order) { return order.vip == name; });
}

std::string Routers::apply(std::vector<vip::RouterSettings> next) {
  arriving_.clear();  // what still waits is in `next`, or is not wanted any more
  std::string changes;
  const auto note = [&](std::string_view what, const std::string& name) {
    changes += (changes.empty() ? "" : ", ") + std::string(what) + " " + name;
  };
  for (const auto& router : running_) {  // before anybody takes an address off that another one takes over
    const auto wanted = find_successor(*router, next);
    if (wanted != next.end() && router->can_become(*wanted)) router->reserve(*wanted);
  }
  for (auto it = running_.begin(); it != running_.end();) {
    const std::string name = (*it)->settings().name;
    const auto wanted = find_successor(**it, next);
    if (wanted != next.end() && (*it)->can_become(*wanted)) {
      const Result<void> taken = take(*wanted);
      if (!taken.ok()) tell_refused(name, taken.error());
      if (taken.ok() && (*it)->become_if_changed(*wanted)) note(wanted->name == name ? "changed" : "renamed", name);
      for (StandingOrder& order : orders_) {
        if (taken.ok() && order.vip == name) order.vip = wanted->name;
      }
      next.erase(wanted);
      ++it;
      continue;
    }
    note(wanted == next.end() ? "removed" : "restarted", name);
    if (wanted == next.end()) forget_order(name);
    std::unique_ptr<Router> going = std::move(*it);
    it = running_.erase(it);
    leaving_.push_back(std::move(going));
  }
  for (const vip::RouterSettings& fresh : next) {
    const bool same_name_leaves = std::any_of(leaving_.begin(), leaving_.end(),
                                              [&](const auto& each) { return each->settings().name == fresh.name; });
    if (!same_name_leaves) note("added", fresh.name);
    arriving_.push_back({.settings = fresh});
  }
  regroup();
  const std::size_t stops = leaving_.size();
  for (std::size_t i = 0; i < stops; ++i) leaving_[i]->stop();
  loop_.arm(after_timer_, loop_.now());
  return changes;
}

/// By name; else it was renamed, where its place on the wire is asked for under a name that no other has now.
std::vector<vip::RouterSettings>::iterator Routers::find_successor(const Router& router,
                                                                   std::vector<vip::RouterSettings>& next) const {
  const auto same = std::find_if(next.begin(), next.end(),
                                 [&](const vip::RouterSettings& each) { return each.name == router.settings().name; });
  if (same != next.end()) return same;
  return std::find_if(next.begin(), next.end(), [&](const vip::RouterSettings& each) {
    return router.can_become(each) && std::none_of(running_.begin(), running_.end(), [&](const auto& other) {
             return other->settings().name == each.name;
           });
  });
}

void Routers::regroup() {
  std::vector<Groups::Member*> members;
  for (const auto& router : running_) members.push_back(router.get());
  groups_.regroup(members);
}

void Routers::interfaces_changed() {
  for (const auto& router : running_) router->interfaces_changed();
  for (const auto& router : leaving_) router->interfaces_changed();
}

void Routers::stepped(Router& router) {
  listener_.changed();
  groups_.stepped(router);
  if (stopping_ || !leaving_.empty()) loop_.arm(after_timer_, loop_.now());  // not from within a step
}

/// Routers that were on their way out are gone, those that waited for it come in, a stop goes on.
void Routers::after_steps() {
  std::erase_if(leaving_, [](const std::unique_ptr<Router>& router) { return router->at_rest(); });
  if (stopping_) {
    if (at_rest()) claims_.clear();
    return listener_.at_rest();
  }
  give_back();
  let_in();
}

void Routers::let_in() {
  std::vector<Arriving> fresh;
  std::swap(fresh, arriving_);
  for (Arriving& each : fresh) {
    if (std::any_of(leaving_.begin(), leaving_.end(),
                    [&](const auto& router) { return in_the_way(router->settings(), each.settings); })) {
      arriving_.push_back(std::move(each));
      continue;
    }
    const Result<void> taken = take(each.settings);
    if (!taken.ok()) {
      if (!std::exchange(each.refused, true)) tell_refused(each.settings.name, taken.error());
      arriving_.push_back(std::move(each));
      loop_.arm(after_timer_, loop_.now() + kClaimRetry);
      continue;
    }
    add(each.settings);
    regroup();
    running_.back()->start();
  }
}

void Routers::stop() {
  stopping_ = true;
  claims_.announce_end();
  for (const auto& router : running_) router->stop();
  loop_.arm(after_timer_, loop_.now());
}

bool Routers::at_rest() const {
  return leaving_.empty() &&
         std::all_of(running_.begin(), running_.end(), [](const auto& router) { return router->at_rest(); });
}

void Routers::set_gateway(const vip::GatewayCondition& condition) {
  gateway_.condition = condition;
  for (const auto& router : running_) router->set_gateway(condition);
}

void Routers::set_verdicts(const Verdicts& verdicts) {
  gateway_.verdicts = verdicts;
  for (const auto& router : running_) judge(*router);
}

/// The gateway tells what it tracks when that changes, and may have done so before there was this router.
void Routers::judge(Router& router) {
  const std::vector<Verdict>& said = gateway_.verdicts.verdicts;
  const auto verdict = std::find_if(said.begin(), said.end(),
                                    [&](const Verdict& each) { return each.router == router.settings().name; });
  if (verdict != said.end()) router.set_verdict(*verdict);
}

vip::router::VirtualRouter* Routers::find(std::string_view name) {
  for (const auto& router : running_) {
    if (router->settings().name == name) return router.get();
  }
  return nullptr;
}

std::string Routers::names() const {
  std::string names;
  for (const auto& router : running_) names += (names.empty() ? "" : " ") + router->settings().name;
  return names;
}

std::vector<RouterReport> Routers::reports() const {
  std::vector<RouterReport> reports;
  for (const auto& router : running_) reports.push_back(router->report());
  return reports;
}

}  // namespace hf::guardian
