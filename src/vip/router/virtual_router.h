// VirtualRouter: one [[vip]] at work: feeds the VRRP machine with what sockets, timers, the gateway and the operator
// say, and does what it asks for.
//
// Owner: the guardian. Thread: that of its loop.
// Invariants:
//   1. The machine is told one thing at a time: inputs that come up while its actions are performed wait in line.
//   2. Sockets exist while the interface is there, carries and has an address of our own; without them the interface
//      counts as down.
//   3. Nothing here waits. A send that fails is counted; an address that the kernel refuses is a fault for a while.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "policy/vrrp/machine.h"
#include "policy/vrrp/quorum.h"
#include "runtime/call_timer.h"
#include "runtime/event_loop.h"
#include "vip/gateway_condition.h"
#include "vip/news.h"
#include "vip/report.h"
#include "vip/router/address_holder.h"
#include "vip/router/arbiters.h"
#include "vip/router/group_member.h"
#include "vip/router/heartbeat_socket.h"
#include "vip/router/neighbour_socket.h"
#include "vip/router/peer_log.h"
#include "vip/router/priority_account.h"
#include "vip/router/route_socket.h"
#include "vip/router/vrrp_socket.h"
#include "vip/settings.h"
#include "vip/verdict.h"

namespace hf::vip::router {

class VirtualRouter final : public GroupMember {
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
  /// Returns whether anything changed. Only when can_become().
  bool become_if_changed(RouterSettings next);

  void set_gateway(const GatewayCondition& condition);
  void set_verdict(const Verdict& verdict);
  /// What was done, in words. The caller reports it as an event.
  std::string command(policy::vrrp::OperatorCommand command);
  const std::string& group() const override { return settings_.sync_group; }
  void order(policy::vrrp::SyncOrder order) override { feed(order); }
  policy::vrrp::MemberStatus member_status() const override {
    return {state_.mode, state_.faults.own(), policy::vrrp::hears_lower_master(state_, around_.loop.now())};
  }
  bool has_group_fault() const override { return state_.faults.sync_group; }

  /// Interfaces or addresses of this machine changed.
  void interfaces_changed();

  RouterReport report() const;

 private:
  struct HeardMaster {
    IpAddress address{};
    std::uint8_t priority = 0;
    TimePoint until;  // it counts as alive
  };

  void feed(policy::vrrp::Input input);
  void perform(const policy::vrrp::Action& action);
  void on_timer();

  // the interface
  bool other_interfaces_there() const;
  void lose_interface();
  void lose_sockets(const Error& error);
  void look_again(const proto::netlink::Link& link);
  std::optional<IpAddress> find_own_address() const;
  void attach();
  void detach();
  Result<void> open_sockets(const proto::netlink::Link& link);
  Result<void> open_changed(const RouterSettings& before);
  Result<void> open_vrrp(const proto::netlink::Link& link);
  Result<void> open_neighbours();
  Result<void> open_heartbeats();
  Result<void> open_arbiters(const proto::netlink::Link& link);
  void kernel_refused(std::string_view what, const Error& error);

  // what the actions need
  void send_advertisement(std::uint8_t priority);
  void send_heartbeats(std::uint8_t priority, bool master);
  void say_alive();
  void take_addresses(Nanos lease);
  void renew_addresses(Nanos lease);
  void part_with_addresses(policy::vrrp::Reason reason);
  void remove_addresses();
  void start_announcing(std::uint8_t repeats);
  void announce_once();
  void probe();
  void look_for_conflict();
  void report_transition(const policy::vrrp::Action& action);
  void warn(const policy::vrrp::Action& action);

  // what comes in
  void received(const proto::vrrp::Received& message);
  void heartbeat_received(std::size_t path, const proto::heartbeat::Heartbeat& heartbeat);
  void claimed(const NeighbourSocket::Claim& claim);

  // what the priority is composed of
  void weigh_interfaces();
  void weigh_arbiters();
  void account_changed();
  policy::vrrp::Contacts contacts() const;
  void hear_master(const IpAddress& source, std::uint8_t priority, Nanos interval);
  std::optional<HeardMaster> live_master() const;

  Surroundings around_;
  RouterSettings settings_;
  policy::vrrp::State state_;
  std::deque<policy::vrrp::Input> inputs_;
  bool stepping_ = false;
  bool started_ = false;

  GatewayCondition gateway_;
  Verdict verdict_;
  PriorityAccount account_;
  bool enough_arbiters_ = true;

  bool attached_ = false;
  AddressHolder holder_;
  IpAddress own_address_;
  proto::vrrp::SequenceCounter sequence_;  // of authentication headers
  std::unique_ptr<VrrpSocket> vrrp_;
  std::unique_ptr<VrrpSocket> virtual_mac_sender_;  // adverts come from the virtual MAC (RFC 5798 7.2)
  std::vector<std::unique_ptr<NeighbourSocket>> neighbours_;
  std::vector<std::unique_ptr<HeartbeatSocket>> heartbeats_;
  std::unique_ptr<Arbiters> arbiters_;

  PeerLog peers_;
  std::deque<Transition> transitions_;
  policy::vrrp::Reason mode_reason_ = policy::vrrp::Reason::kNone;
  std::int64_t mode_since_micros_ = 0;
  std::uint64_t transitions_total_ = 0;
  std::uint64_t became_master_total_ = 0;
  std::uint64_t conflicts_total_ = 0;
  NeighbourSocket::Claim last_claim_;
  IpAddress last_peer_;
  std::optional<HeardMaster> heard_master_;  // whatever our mode
  unsigned announcements_left_ = 0;

  runtime::CallTimer machine_timer_;
  runtime::CallTimer announce_timer_;
  runtime::CallTimer alive_timer_;
  runtime::CallTimer farewell_timer_;
  runtime::CallTimer conflict_timer_;
  runtime::CallTimer retry_timer_;
};

}  // namespace hf::vip::router
