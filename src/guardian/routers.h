// Routers: the virtual routers of this node: those that run, those that are on their way out after a reload, and those
// that wait for them to be gone.
//
// Owner: the Guardian. Thread: that of its loop.
// Invariants:
//   1. No two of one name, one address, or one router id on an interface hold anything at a time: who comes waits for
//      who goes.
//   2. An operator's order holds until it is resumed: also for a router that is made anew by a reload.
//   3. What is to be done after a step of a virtual router is done in a turn's timer, not within the step.
//   4. Nothing is done for a virtual router before the claim on it is had (claims.h).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "guardian/claims.h"
#include "guardian/groups.h"
#include "guardian/messages.h"
#include "runtime/call_timer.h"
#include "runtime/event_loop.h"
#include "vip/gateway_condition.h"
#include "vip/router/route_socket.h"
#include "vip/router/virtual_router.h"

namespace hf::guardian {

/// What the gateway says of itself and of what virtual routers depend on.
struct GatewayWord {
  vip::GatewayCondition condition{};
  Verdicts verdicts{};
};

class Routers {
 public:
  struct Listener {
    std::function<void(News)> news;
    std::function<void(const std::string& router)> leaving;  // its addresses are about to go, or have gone
    std::function<void()> changed;                           // a report would be another
    std::function<void()> at_rest;                           // may be so after stop(): see at_rest()
  };

  /// `orders`: of an earlier life.
  Routers(runtime::EventLoop& loop, std::vector<StandingOrder> orders, Listener listener);
  Routers(const Routers&) = delete;
  Routers& operator=(const Routers&) = delete;
  /// Takes off what addresses are left, which may have to be told.
  ~Routers();

  /// Errors: no netlink.
  Result<void> open();
  /// All of these, before start(). Errors: those of Claims::take.
  Result<void> claim(const std::vector<vip::RouterSettings>& settings);
  void start(const std::vector<vip::RouterSettings>& settings);
  /// What a reload asks for, in words; empty: nothing changed.
  std::string apply(std::vector<vip::RouterSettings> next);
  /// All hand their addresses over. Another process may have them when at_rest().
  void stop();
  /// Once in a while.
  void tidy() { claims_.tidy(); }
  /// Nothing is held any more.
  bool at_rest() const;

  void set_gateway(const vip::GatewayCondition& condition);
  void set_verdicts(const Verdicts& verdicts);
  /// What was done, in words; nullopt: there is none of this name.
  std::optional<std::string> command(std::string_view name, policy::vrrp::OperatorCommand command);
  const std::vector<StandingOrder>& orders() const { return orders_; }
  /// nullptr: there is none of this name.
  vip::router::VirtualRouter* find(std::string_view name);
  /// Their names, with blanks between.
  std::string names() const;
  std::vector<RouterReport> reports() const;

 private:
  using Router = vip::router::VirtualRouter;
  struct Arriving {
    vip::RouterSettings settings;
    bool refused = false;  // told: another process has it
  };

  void add(const vip::RouterSettings& settings);
  void forget_order(std::string_view name);
  void tell_missing();
  Result<void> take(const vip::RouterSettings& settings);
  void tell_refused(const std::string& name, const Error& error);
  void give_back();
  void judge(Router& router);
  std::vector<vip::RouterSettings>::iterator find_successor(const Router& router,
                                                            std::vector<vip::RouterSettings>& next) const;
  void regroup();
  void interfaces_changed();
  void stepped(Router& router);
  void after_steps();
  void let_in();

  runtime::EventLoop& loop_;
  Listener listener_;
  std::uint64_t boot_id_;
  std::unique_ptr<vip::router::RouteSocket> routes_;
  vip::router::HeartbeatPorts heartbeat_ports_;
  Claims claims_;
  std::vector<std::unique_ptr<Router>> running_;
  std::vector<std::unique_ptr<Router>> leaving_;  // on their way out after a reload
  std::vector<Arriving> arriving_;                // wait for who is in the way to be gone
  Groups groups_;
  GatewayWord gateway_;  // its latest
  std::vector<StandingOrder> orders_;
  bool stopping_ = false;
  runtime::CallTimer interfaces_timer_;
  runtime::CallTimer after_timer_;  // when the steps at hand are done
};

}  // namespace hf::guardian
