// VirtualRouter's interface: when it is usable, and the sockets on it.
#include <algorithm>
#include <utility>

#include "vip/events.h"
#include "vip/router/virtual_router.h"

namespace hf::vip::router {

namespace machine = policy::vrrp;
using proto::netlink::InterfaceAddress;
using proto::netlink::Link;

void VirtualRouter::interfaces_changed() {
  weigh_interfaces();
  const Link* link = around_.routes.find_link(settings_.interface);
  const std::optional<IpAddress> own = find_own_address();
  const bool usable = link != nullptr && link->can_carry() && own.has_value() && other_interfaces_there();
  const bool same = usable && own_address_ == *own && holder_.interface_index() == link->index;
  if (attached_ && !same) lose_interface();  // sockets and arbiters speak from the address
  if (!usable) return;
  if (attached_) return look_again(*link);
  if (std::exchange(own_address_, *own) != *own) feed(machine::OwnAddress{*own});
  if (retry_timer_.armed()) return;  // the kernel refused something: again when that is over
  attach();
  if (started_ || machine::holding(state_)) feed(machine::InterfaceChanged{attached_});
}

/// The machine first: what it has to say still leaves by the sockets that work, a heartbeat path's say.
void VirtualRouter::lose_interface() {
  if (started_ || machine::holding(state_)) feed(machine::InterfaceChanged{false});
  detach();
  around_.stepped(*this);  // who waits for the addresses to be gone may go on
}

/// Another MAC address, or another of the interfaces that carry addresses: what was announced there is wrong now.
void VirtualRouter::look_again(const Link& link) {
  if (!holder_.look_again(link)) return;
  Result<void> opened = open_neighbours();
  if (opened.ok()) opened = open_arbiters(link);
  if (!opened.ok()) return lose_sockets(opened.error());
  if (holder_.holding()) start_announcing(settings_.machine.announce_repeats);
}

void VirtualRouter::lose_sockets(const Error& error) {
  lose_interface();
  kernel_refused("interface " + settings_.interface, error);
}

bool VirtualRouter::other_interfaces_there() const {
  return std::all_of(settings_.addresses.begin(), settings_.addresses.end(), [this](const VirtualAddress& address) {
    return address.interface.empty() || around_.routes.find_link(address.interface) != nullptr;
  });
}

/// `source` where it is set; else the first address that is not virtual: IPv4 no secondary one, IPv6 the link-local
/// one.
std::optional<IpAddress> VirtualRouter::find_own_address() const {
  const Link* link = around_.routes.find_link(settings_.interface);
  if (link == nullptr) return std::nullopt;
  std::optional<IpAddress> secondary;  // where the first of the subnet is virtual, or somebody else's
  for (const InterfaceAddress& there : around_.routes.addresses()) {
    if (there.interface_index != link->index || there.address.family() != settings_.family()) continue;
    if (settings_.source) {
      if (there.address == *settings_.source) return there.address;
      continue;
    }
    const bool is_virtual = std::any_of(settings_.addresses.begin(), settings_.addresses.end(),
                                        [&](const VirtualAddress& each) { return each.address == there.address; });
    if (is_virtual && settings_.machine.priority != machine::kOwnerPriority) continue;
    if (!there.address.is_v4() && !there.address.is_link_local()) continue;
    if ((there.flags & (proto::netlink::kTentative | proto::netlink::kDadFailed)) != 0) continue;
    if (!there.address.is_v4() || (there.flags & proto::netlink::kSecondary) == 0) return there.address;
    if (!secondary) secondary = there.address;
  }
  return secondary;
}

void VirtualRouter::attach() {
  const Link* link = around_.routes.find_link(settings_.interface);
  if (link == nullptr) return;
  Result<void> ready = holder_.attach(settings_, *link);
  if (ready.ok()) ready = open_sockets(*link);
  if (ready.ok()) {
    attached_ = true;
    if (started_) say_alive();
    return;
  }
  detach();
  kernel_refused("interface " + settings_.interface, ready.error());
}

void VirtualRouter::detach() {
  attached_ = false;
  arbiters_.reset();
  heartbeats_.clear();
  neighbours_.clear();
  virtual_mac_sender_.reset();
  vrrp_.reset();
  if (holder_.holding()) remove_addresses();
  holder_.detach();
}

Result<void> VirtualRouter::open_sockets(const Link& link) {
  HF_RETURN_IF_ERROR(open_vrrp(link));
  HF_RETURN_IF_ERROR(open_neighbours());
  HF_RETURN_IF_ERROR(open_heartbeats());
  return open_arbiters(link);
}

/// After a reload only what it changed: arbiters that are opened anew are out of reach until they answer.
Result<void> VirtualRouter::open_changed(const RouterSettings& before) {
  const Link* link = around_.routes.find_link(settings_.interface);
  if (link == nullptr) return {};
  const bool other_peers = before.peers != settings_.peers || before.multicast_group != settings_.multicast_group ||
                           before.least_ttl != settings_.least_ttl || before.auth != settings_.auth ||
                           before.authentication_key != settings_.authentication_key;
  if (other_peers) HF_RETURN_IF_ERROR(open_vrrp(*link));
  if (before.addresses != settings_.addresses) HF_RETURN_IF_ERROR(open_neighbours());
  const bool other_paths = before.heartbeats != settings_.heartbeats || before.heartbeat_key != settings_.heartbeat_key;
  if (other_paths) HF_RETURN_IF_ERROR(open_heartbeats());
  if (before.arbiters != settings_.arbiters) HF_RETURN_IF_ERROR(open_arbiters(*link));
  if (started_) say_alive();
  return {};
}

Result<void> VirtualRouter::open_vrrp(const Link& link) {
  VrrpSocket::Options options;
  options.interface = link.name;
  options.interface_index = link.index;
  options.family = settings_.family();
  options.router_id = settings_.router_id;
  if (settings_.peers.empty()) options.multicast_group = settings_.multicast_group;
  options.rules.least_ttl = settings_.peers.empty() ? proto::vrrp::kRequiredTtl : settings_.least_ttl;
  if (settings_.auth.type == proto::vrrp::AuthType::kAuthenticationHeader) {
    options.authentication_header = VrrpSocket::AuthenticationHeader{settings_.authentication_key, &sequence_};
  }
  VrrpSocket::Listener listener;
  listener.received = [this](const proto::vrrp::Received& message) { received(message); };
  listener.refused = [this](const proto::vrrp::Refused& refused, const IpAddress& source) {
    if (refused.vrid && *refused.vrid != settings_.router_id) return;
    const std::optional<std::uint64_t> count =
        peers_.refused(proto::vrrp::to_string(refused.reason), around_.loop.now());
    if (!count) return;
    around_.news(counted(*count, events::VipPeerRefused{.vip = settings_.name,
                                                        .peer = source.to_string(),
                                                        .reason = proto::vrrp::explain(refused.reason)}));
  };
  Result<std::unique_ptr<VrrpSocket>> opened = VrrpSocket::open(around_.loop, options, std::move(listener));
  if (!opened.ok()) return std::move(opened).error();
  vrrp_ = std::move(*opened);
  virtual_mac_sender_.reset();
  if (holder_.virtual_mac_index() == 0) return {};
  options.interface = "hf" + std::to_string(settings_.router_id) + "." + std::to_string(link.index);
  options.interface_index = holder_.virtual_mac_index();
  options.multicast_group.reset();
  Result<std::unique_ptr<VrrpSocket>> sender = VrrpSocket::open(around_.loop, options, {});
  if (!sender.ok()) return std::move(sender).error();
  virtual_mac_sender_ = std::move(*sender);
  return {};
}

Result<void> VirtualRouter::open_neighbours() {
  neighbours_.clear();
  for (const AddressHolder::Place& place : holder_.places()) {
    Result<std::unique_ptr<NeighbourSocket>> opened =
        NeighbourSocket::open(around_.loop, place.index, place.mac, place.addresses,
                              [this](const NeighbourSocket::Claim& claim) { claimed(claim); });
    if (!opened.ok()) return std::move(opened).error();
    neighbours_.push_back(std::move(*opened));
  }
  return {};
}

Result<void> VirtualRouter::open_heartbeats() {
  heartbeats_.clear();
  std::vector<std::string> names{settings_.interface};
  for (const HeartbeatPath& path : settings_.heartbeats) {
    const std::size_t number = names.size();
    HeartbeatSocket::Listener listener;
    listener.received = [this, number](const proto::heartbeat::Heartbeat& heartbeat) {
      heartbeat_received(number, heartbeat);
    };
    listener.refused = [this](std::string_view reason) {
      (void)peers_.refused("heartbeat-" + std::string(reason), around_.loop.now());
    };
    Result<std::unique_ptr<HeartbeatSocket>> opened = HeartbeatSocket::open(
        around_.loop, around_.heartbeat_ports, {path, settings_.heartbeat_key, settings_.router_id, around_.boot_id},
        std::move(listener));
    if (!opened.ok()) return std::move(opened).error();
    heartbeats_.push_back(std::move(*opened));
    names.push_back("heartbeat " + path.interface);
  }
  peers_.set_paths(std::move(names));
  return {};
}

Result<void> VirtualRouter::open_arbiters(const Link& link) {
  arbiters_.reset();
  if (settings_.arbiters.targets.empty()) return {};
  Arbiters::Options options;
  options.settings = settings_.arbiters;
  options.interface = link.name;
  options.interface_index = link.index;
  options.mac = link.mac.value_or(proto::arp::kZeroMac);
  options.own_address = own_address_;
  Result<std::unique_ptr<Arbiters>> opened =
      Arbiters::open(around_.loop, std::move(options), [this] { weigh_arbiters(); });
  if (!opened.ok()) return std::move(opened).error();
  arbiters_ = std::move(*opened);
  return {};
}

}  // namespace hf::vip::router
