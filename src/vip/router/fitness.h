// Fitness: how fit this node is to be master of one virtual router: what the gateway, tracked things, interfaces,
// arbiters and the kernel come to, in one PriorityAccount. Pure.
//
// Owner: a VirtualRouter. Thread: any.
// Invariants:
//   1. Every function that weighs returns whether the machine has to be told: then track() is another one.
//   2. Nothing counts that the settings do not name (any more).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "policy/vrrp/input.h"
#include "policy/vrrp/quorum.h"
#include "proto/netlink/link.h"
#include "vip/gateway_condition.h"
#include "vip/report.h"
#include "vip/router/priority_account.h"
#include "vip/settings.h"
#include "vip/verdict.h"

namespace hf::vip::router {

class Fitness {
 public:
  /// `settings` are the router's present ones and outlive it.
  Fitness(const RouterSettings& settings, GatewayCondition gateway);

  bool set_gateway(GatewayCondition condition);
  bool set_verdict(const Verdict& verdict);
  /// `link` nullptr: there is no such interface.
  bool weigh_interface(const InterfaceTrack& track, const proto::netlink::Link* link);
  bool weigh_contacts(const policy::vrrp::Contacts& contacts);
  /// It would take the addresses now, and is cut off.
  bool cut_off();
  /// A router that cannot hold its addresses must not be master, until forget_refusal().
  bool kernel_refused(std::string_view reason);
  bool forget_refusal() { return account_.clear("kernel"); }
  /// They are others than `before`.
  bool settings_changed(const RouterSettings& before);

  policy::vrrp::TrackChanged track() const { return {account_.points(), account_.release(), gateway_.serving}; }
  bool serving() const { return gateway_.serving; }
  bool gateway_in_order() const { return gateway_.in_order; }
  /// As weigh_contacts() found them.
  bool has_contacts() const { return has_contacts_; }
  std::string release_reason() const { return account_.release_reason(); }
  const std::vector<Contribution>& contributions() const { return account_.entries(); }

 private:
  const RouterSettings& settings_;
  GatewayCondition gateway_;
  PriorityAccount account_;
  bool has_contacts_ = true;
};

}  // namespace hf::vip::router
