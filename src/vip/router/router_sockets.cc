#include "vip/router/router_sockets.h"

#include <algorithm>
#include <string>
#include <utility>

#include <fmt/core.h>

#include "runtime/wall_clock.h"

namespace hf::vip::router {

using proto::netlink::InterfaceAddress;
using proto::netlink::Link;

namespace {

constexpr std::int64_t kMicrosInASecond = 1'000'000;
constexpr std::int64_t kLatestTime = 0xF000'0000;  // of year 2097: numbers are left above it

std::uint32_t seconds_of_the_clock() {
  return static_cast<std::uint32_t>(
      std::clamp<std::int64_t>(runtime::wall_micros() / kMicrosInASecond, 0, kLatestTime));
}

}  // namespace

RouterSockets::RouterSockets(Surroundings surroundings, Listener& listener)
    : around_(surroundings),
      listener_(listener),
      sequence_(seconds_of_the_clock()),
      heartbeats_(
          {around_.loop, around_.routes, around_.heartbeat_ports, around_.boot_id, around_.settings, around_.peers},
          {.received =
               [this](std::size_t path, const proto::heartbeat::Heartbeat& heartbeat) {
                 listener_.heartbeat_received(path, heartbeat);
               },
           .problem_changed = [this](std::size_t path) { listener_.path_changed(path); }}),
      hold_off_timer_([this] { listener_.hold_off_over(); }) {}

// ── the interface ──

void RouterSockets::follow() {
  const Link* link = around_.routes.find_link(around_.settings.interface);
  const std::optional<IpAddress> own = find_own_address();
  const bool usable = link != nullptr && own.has_value() && !obstacle();
  const bool same = usable && own_address_ == *own && around_.holder.interface_index() == link->index;
  if (attached_ && !same) lose();  // sockets and arbiters speak from the address
  if (!usable) return;
  if (attached_) return look_again(*link);
  if (std::exchange(own_address_, *own) != *own) listener_.own_address_is(*own);
  if (!hold_off_timer_.armed()) attach(*link);
}

std::optional<RouterSockets::Obstacle> RouterSockets::obstacle() const {
  const RouterSettings& settings = around_.settings;
  if (std::optional<Obstacle> here = obstacle_on(settings.interface)) return here;
  if (std::optional<Obstacle> small = too_small_for_adverts()) return small;
  if (!find_own_address()) return Obstacle{settings.interface, why_no_own_address()};
  for (const VirtualAddress& address : settings.addresses) {
    if (address.interface.empty()) continue;
    if (std::optional<Obstacle> there = obstacle_on(address.interface)) return there;
  }
  return std::nullopt;
}

/// Adverts are not fragmented: nobody would ever hear of this node.
std::optional<RouterSockets::Obstacle> RouterSockets::too_small_for_adverts() const {
  const RouterSettings& settings = around_.settings;
  const std::uint32_t mtu = around_.routes.find_link(settings.interface)->mtu;
  const bool v2 = settings.machine.version == policy::vrrp::ProtocolVersion::kV2;
  const bool ah = settings.auth.type == proto::vrrp::AuthType::kAuthenticationHeader;
  const std::size_t size = proto::vrrp::packet_size(v2 ? proto::vrrp::Version::kV2 : proto::vrrp::Version::kV3,
                                                    settings.family(), settings.addresses.size()) +
                           (ah ? proto::vrrp::kAuthenticationHeaderSize : 0);
  if (size <= mtu) return std::nullopt;
  return Obstacle{settings.interface,
                  fmt::format("its MTU of {} is less than an advertisement of {} addresses, {} bytes", mtu,
                              settings.addresses.size(), size)};
}

std::optional<RouterSockets::Obstacle> RouterSockets::obstacle_on(const std::string& interface) const {
  const std::string_view why = proto::netlink::why_it_cannot_carry(around_.routes.find_link(interface));
  if (why.empty()) return std::nullopt;
  return Obstacle{interface, std::string(why)};
}

/// `source` where it is set; else the first address that is not virtual: IPv4 no secondary one, IPv6 the link-local
/// one.
std::optional<IpAddress> RouterSockets::find_own_address() const {
  const RouterSettings& settings = around_.settings;
  const Link* link = around_.routes.find_link(settings.interface);
  if (link == nullptr) return std::nullopt;
  std::optional<IpAddress> secondary;  // where the first of the subnet is virtual, or somebody else's
  for (const InterfaceAddress& there : around_.routes.addresses()) {
    if (there.interface_index != link->index || there.address.family() != settings.family()) continue;
    if (settings.source) {
      if (there.address == *settings.source) return there.address;
      continue;
    }
    const bool is_virtual = std::any_of(settings.addresses.begin(), settings.addresses.end(),
                                        [&](const VirtualAddress& each) { return each.address == there.address; });
    if (is_virtual && settings.machine.priority != policy::vrrp::kOwnerPriority) continue;
    if (!there.address.is_v4() && !there.address.is_link_local()) continue;
    if ((there.flags & (proto::netlink::kTentative | proto::netlink::kDadFailed)) != 0) continue;
    if (!there.address.is_v4() || (there.flags & proto::netlink::kSecondary) == 0) return there.address;
    if (!secondary) secondary = there.address;
  }
  return secondary;
}

std::string RouterSockets::why_no_own_address() const {
  const RouterSettings& settings = around_.settings;
  const Link* link = around_.routes.find_link(settings.interface);
  if (settings.source) return "it does not have the address of `source`, " + settings.source->to_string();
  const bool v4 = settings.family() == IpFamily::kIpv4;
  const auto is_ours = [&](const InterfaceAddress& there) {
    return there.interface_index == link->index && there.address.family() == settings.family();
  };
  for (const InterfaceAddress& there : around_.routes.addresses()) {
    if (!is_ours(there)) continue;
    if (v4) return "it has none but virtual addresses, and nothing to speak from";
    if (!there.address.is_link_local()) continue;
    if ((there.flags & proto::netlink::kDadFailed) != 0) {
      return "another machine has its address " + there.address.to_string() + " (duplicate address detection)";
    }
    if ((there.flags & proto::netlink::kTentative) != 0) return "its address is not known to be its own yet";
  }
  return v4 ? "it has no IPv4 address" : "it has no IPv6 link-local address (is IPv6 switched off there?)";
}

void RouterSockets::attach(const Link& link) {
  Result<void> ready = around_.holder.attach(link);
  if (ready.ok()) ready = open_all(link);
  if (ready.ok()) {
    attached_ = true;
    return listener_.attached();
  }
  detach();
  listener_.kernel_refused("interface " + around_.settings.interface, ready.error());
}

void RouterSockets::lose() {
  listener_.about_to_detach();
  detach();
  listener_.detached();
}

void RouterSockets::lose(const Error& error) {
  lose();
  listener_.kernel_refused("interface " + around_.settings.interface, error);
}

/// Another MAC address, or another of the interfaces that carry addresses: what was announced there is wrong now.
void RouterSockets::look_again(const Link& link) {
  heartbeats_.follow();
  const Result<AddressHolder::Moved> moved = around_.holder.look_again(link, around_.loop.poller().now());
  if (!moved.ok()) return lose(moved.error());
  if (!moved->put_back.empty()) listener_.put_back(moved->put_back);
  if (!moved->any_socket()) return;
  Result<void> opened = moved->virtual_mac ? open_vrrp(link) : Result<void>{};
  if (opened.ok()) opened = open_neighbours();
  if (opened.ok() && moved->own_mac) opened = open_arbiters(link);
  if (!opened.ok()) return lose(opened.error());
  listener_.places_changed();
}

void RouterSockets::detach() {
  attached_ = false;
  arbiters_.reset();
  heartbeats_.close();
  neighbours_.clear();
  virtual_mac_sender_.reset();
  vrrp_.reset();
  listener_.detaching();
  around_.holder.detach();
}

void RouterSockets::hold_off() { around_.loop.arm(hold_off_timer_, around_.loop.now() + kKernelRetry); }

// ── opening ──

Result<void> RouterSockets::open_all(const Link& link) {
  HF_RETURN_IF_ERROR(open_vrrp(link));
  HF_RETURN_IF_ERROR(open_neighbours());
  open_heartbeats();
  return open_arbiters(link);
}

void RouterSockets::reopen(const RouterSettings& before) {
  const Link* link = around_.routes.find_link(around_.settings.interface);
  if (!attached_ || link == nullptr) return;
  const Result<void> opened = open_changed(before, *link);
  if (!opened.ok()) lose(opened.error());
}

/// Only what differs: arbiters that are opened anew are out of reach until they answer.
Result<void> RouterSockets::open_changed(const RouterSettings& before, const Link& link) {
  const RouterSettings& now = around_.settings;
  const bool other_peers = before.peers != now.peers || before.multicast_group != now.multicast_group ||
                           before.least_ttl != now.least_ttl || before.auth != now.auth ||
                           before.authentication_key != now.authentication_key;
  if (other_peers) HF_RETURN_IF_ERROR(open_vrrp(link));
  if (before.addresses != now.addresses) HF_RETURN_IF_ERROR(open_neighbours());
  const bool other_paths = before.heartbeats != now.heartbeats || before.heartbeat_key != now.heartbeat_key;
  if (other_paths) open_heartbeats();
  if (before.arbiters != now.arbiters) HF_RETURN_IF_ERROR(open_arbiters(link));
  return {};
}

Result<void> RouterSockets::open_vrrp(const Link& link) {
  const RouterSettings& settings = around_.settings;
  VrrpSocket::Options options;
  options.interface = link.name;
  options.interface_index = link.index;
  options.family = settings.family();
  options.router_id = settings.router_id;
  if (settings.peers.empty()) options.multicast_group = settings.multicast_group;
  options.rules.least_ttl = settings.peers.empty() ? proto::vrrp::kRequiredTtl : settings.least_ttl;
  if (settings.auth.type == proto::vrrp::AuthType::kAuthenticationHeader) {
    options.authentication_header = VrrpSocket::AuthenticationHeader{settings.authentication_key, &sequence_};
  }
  VrrpSocket::Listener listener;
  listener.received = [this](const proto::vrrp::Received& message) { listener_.received(message); };
  listener.refused = [this](const proto::vrrp::Refused& refused, const IpAddress& source) {
    listener_.refused(refused, source);
  };
  Result<std::unique_ptr<VrrpSocket>> opened = VrrpSocket::open(around_.loop, options, std::move(listener));
  if (!opened.ok()) return std::move(opened).error();
  vrrp_ = std::move(*opened);
  virtual_mac_sender_.reset();
  if (around_.holder.virtual_mac_index() == 0) return {};
  options.interface = around_.holder.virtual_mac_name();
  options.interface_index = around_.holder.virtual_mac_index();
  options.multicast_group.reset();
  Result<std::unique_ptr<VrrpSocket>> sender = VrrpSocket::open(around_.loop, options, {});
  if (!sender.ok()) return std::move(sender).error();
  virtual_mac_sender_ = std::move(*sender);
  return {};
}

Result<void> RouterSockets::open_neighbours() {
  neighbours_.clear();
  for (const AddressHolder::Place& place : around_.holder.places()) {
    Result<std::unique_ptr<NeighbourSocket>> opened =
        NeighbourSocket::open(around_.loop, place.index, place.mac, place.addresses,
                              [this](const NeighbourSocket::Claim& claim) { listener_.claimed(claim); });
    if (!opened.ok()) return std::move(opened).error();
    neighbours_.push_back(std::move(*opened));
  }
  return {};
}

void RouterSockets::open_heartbeats() {
  std::vector<std::string> names{around_.settings.interface};
  for (const HeartbeatPath& path : around_.settings.heartbeats) names.push_back("heartbeat " + path.interface);
  around_.peers.set_paths(std::move(names));
  heartbeats_.open();
}

Result<void> RouterSockets::open_arbiters(const Link& link) {
  arbiters_.reset();
  if (around_.settings.arbiters.targets.empty()) return {};
  Arbiters::Options options;
  options.settings = around_.settings.arbiters;
  options.interface = link.name;
  options.interface_index = link.index;
  options.mac = link.mac.value_or(proto::arp::kZeroMac);
  options.own_address = own_address_;
  Result<std::unique_ptr<Arbiters>> opened =
      Arbiters::open(around_.loop, std::move(options), [this] { listener_.arbiters_changed(); });
  if (!opened.ok()) return std::move(opened).error();
  arbiters_ = std::move(*opened);
  return {};
}

// ── what goes out ──

void RouterSockets::send(const proto::vrrp::Advertisement& advertisement) {
  if (advertisement.auth.type == proto::vrrp::AuthType::kAuthenticationHeader) sequence_.advance();
  VrrpSocket* socket = virtual_mac_sender_ != nullptr ? virtual_mac_sender_.get() : vrrp_.get();
  if (socket == nullptr) return;
  const RouterSettings& settings = around_.settings;
  const std::vector<IpAddress> group{settings.multicast_group};
  for (const IpAddress& destination : settings.peers.empty() ? group : settings.peers) {
    const Result<void> sent = socket->send(advertisement, own_address_, destination, settings.checksum);
    if (around_.peers.sent(0, sent)) listener_.path_changed(0);
  }
}

void RouterSockets::send(const proto::heartbeat::Heartbeat& heartbeat) { heartbeats_.send(heartbeat); }

void RouterSockets::announce() {
  for (std::size_t i = 0; i < neighbours_.size(); ++i) {
    const Result<void> announced = neighbours_[i]->announce(around_.holder.places()[i].addresses);
    (void)announced;  // repeated anyway, and a dead interface shows by itself
  }
}

void RouterSockets::probe() {
  for (std::size_t i = 0; i < neighbours_.size(); ++i) {
    const Result<void> asked = neighbours_[i]->probe(around_.holder.places()[i].addresses);
    (void)asked;  // nobody answers then
  }
}

}  // namespace hf::vip::router
