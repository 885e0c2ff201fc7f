// VirtualRouter: one [[vip]] at work: feeds the VRRP machine with what sockets, timers, the gateway and the operator
// say, and does what it asks for.
//
// Owner: the guardian. Thread: that of its loop.
// Invariants:
//   1. The machine is told one thing at a time: inputs that come up while its actions are performed wait in line.
//   2. While the RouterSockets are not attached, the interface counts as down.
//   3. Nothing here waits. A send that fails is counted; an address that the kernel refuses is a fault for a while.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "policy/vrrp/machine.h"
#include "policy/vrrp/quorum.h"
#include "runtime/call_timer.h"
#include "runtime/event_loop.h"
#include "vip/gateway_condition.h"
#include "vip/news.h"
#include "vip/report.h"
#include "vip/router/address_holder.h"
#include "vip/router/announcer.h"
#include "vip/router/fitness.h"
#include "vip/router/group_member.h"
#include "vip/router/peer_log.h"
#include "vip/router/route_socket.h"
#include "vip/router/router_history.h"
#include "vip/router/router_sockets.h"
#include "vip/settings.h"
#include "vip/verdict.h"

namespace hf::vip::router {

class VirtualRouter final : public GroupMember, private RouterSockets::Listener {
 public:
  struct Surroundings {
    runtime::EventLoop& loop;
    RouteSocket& routes;
    HeartbeatPorts& heartbeat_ports;
    std::uint64_t boot_id = 0;
    std::function<void(News)> news;
    std::function<void(VirtualRouter&)> leaving;  // the addresses are about to go, or have gone
    std::function<void(VirtualRouter&)> stepped;  // after each step of the machine
  };

  VirtualRouter(Surroundings surroundings, RouterSettings settings, GatewayCondition gateway);
  VirtualRouter(const VirtualRouter&) = delete;
  VirtualRouter& operator=(const VirtualRouter&) = delete;
  ~VirtualRouter();

  void start();
  /// Releases the addresses, handing them over if it can. Done when at_rest().
  void stop();
  bool at_rest() const;

  const RouterSettings& settings() const { return settings_; }
  /// Whether `next` can be applied while running: same interface, router id, family, version and kind of MAC.
  bool can_become(const RouterSettings& next) const;
  /// Its addresses are this router's from now on, if it holds any: another one that gives one up leaves it where it is.
  void reserve(const RouterSettings& next) { holder_.reserve(next); }
  /// Returns whether anything changed. Only when can_become().
  bool become_if_changed(RouterSettings next);

  void set_gateway(const GatewayCondition& condition);
  void set_verdict(const Verdict& verdict);
  /// What was done, in words. The caller reports it as an event.
  std::string command(policy::vrrp::OperatorCommand command);
  const std::string& group() const override { return settings_.sync_group; }
  IpAddress place() const override;
  void order(const policy::vrrp::Input& order) override;
  policy::vrrp::MemberStatus member_status() const override {
    return policy::vrrp::member_status(settings_.machine, state_, around_.loop.now());
  }

  /// Interfaces or addresses of this machine changed.
  void interfaces_changed();

  RouterReport report() const;

 private:
  void feed(policy::vrrp::Input input);
  void perform(const policy::vrrp::Action& action);
  void on_timer();
  void refuse_if_cut_off();
  /// A stopped machine has nothing to hear any more, unless it holds addresses.
  bool takes_part() const { return started_ || policy::vrrp::holding(state_); }

  // what the actions need
  void say_alive();
  void take_addresses(Nanos lease);
  void renew_addresses(Nanos lease);
  void part_with_addresses(policy::vrrp::Reason reason);
  void remove_addresses();
  void report_transition(const policy::vrrp::Action& action);
  bool is_in_order(const policy::vrrp::Action& action) const;
  std::string in_words(policy::vrrp::Reason reason) const;
  void warn(const policy::vrrp::Action& action);

  /// Copies of addresses that are not held go at once, whoever put them there.
  void drop_strays();

  // what becomes of the interface
  void own_address_is(const IpAddress& address) override;
  void attached() override;
  void about_to_detach() override;
  void detaching() override;
  void detached() override;
  void places_changed() override;
  void put_back(const std::vector<IpAddress>& addresses) override;
  void path_changed(std::size_t path) override;
  void kernel_refused(std::string_view what, const Error& error) override;
  void hold_off_over() override;

  // what comes in
  void received(const proto::vrrp::Received& message) override;
  void refused(const proto::vrrp::Refused& message, const IpAddress& source) override;
  void heartbeat_received(std::size_t path, const proto::heartbeat::Heartbeat& heartbeat) override;
  void claimed(const NeighbourSocket::Claim& claim) override;
  void arbiters_changed() override { weigh_arbiters(); }
  void heard(const IpAddress& source, std::uint8_t priority, Nanos interval);
  void heard_stranger(const IpAddress& source, const std::vector<IpAddress>& addresses);
  void refuse(std::string_view reason, const IpAddress& peer, std::string_view words);

  // how fit this node is
  void weigh_interfaces();
  void weigh_arbiters();
  void fitness_changed();
  policy::vrrp::Contacts contacts() const;

  Nanos damped_for() const;
  std::uint8_t priority() const { return policy::vrrp::effective_priority(settings_.machine, state_); }
  /// Ourselves, or the other whose adverts are fresh.
  std::optional<RouterHistory::Master> live_master() const;

  Surroundings around_;
  RouterSettings settings_;
  policy::vrrp::State state_;
  std::deque<policy::vrrp::Input> inputs_;
  bool stepping_ = false;
  bool started_ = false;

  Fitness fitness_;
  AddressHolder holder_;
  PeerLog peers_;
  RouterSockets sockets_;
  Announcer announcer_;
  RouterHistory history_;

  runtime::CallTimer machine_timer_;
  runtime::CallTimer alive_timer_;
  runtime::CallTimer farewell_timer_;
};

}  // namespace hf::vip::router
