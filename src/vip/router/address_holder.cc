#include "vip/router/address_holder.h"

#include <algorithm>
#include <utility>

#include <fmt/core.h>

namespace hf::vip::router {

using proto::netlink::InterfaceAddress;
using proto::netlink::Lifetime;
using proto::netlink::Link;

Result<void> AddressHolder::attach(const RouterSettings& settings, const Link& interface) {
  settings_ = settings;
  interface_ = interface;
  if (settings.virtual_mac) {
    const std::string name = fmt::format("hf{}.{}", settings.router_id, interface.index);
    Result<std::uint32_t> made = routes_.add_virtual_mac(name, interface.index, settings.family(), settings.router_id);
    if (!made.ok()) return std::move(made).error();
    virtual_index_ = *made;
  }
  for (const VirtualAddress& address : settings_.addresses) {
    if (index_of(address) == 0) return Error{ErrorCode::kNotFound, "there is no interface " + address.interface};
  }
  list_places();
  return {};
}

void AddressHolder::detach() {
  if (virtual_index_ != 0) {
    const Result<void> removed = routes_.remove_link(virtual_index_);
    (void)removed;  // the parent may be gone, and the macvlan with it
  }
  virtual_index_ = 0;
  places_.clear();
  holding_ = false;
}

std::uint32_t AddressHolder::index_of(const VirtualAddress& address) const {
  if (!address.interface.empty() && address.interface != interface_.name) {
    const Link* other = routes_.find_link(address.interface);
    return other == nullptr ? 0 : other->index;
  }
  return virtual_index_ != 0 ? virtual_index_ : interface_.index;
}

bool AddressHolder::look_again(const Link& interface) {
  const bool same_mac = interface_.mac == interface.mac;
  interface_ = interface;
  const std::vector<Place> before = std::exchange(places_, {});
  list_places();
  return !same_mac || places_ != before;
}

void AddressHolder::list_places() {
  places_.clear();
  for (const VirtualAddress& address : settings_.addresses) {
    const std::uint32_t index = index_of(address);
    auto place = std::find_if(places_.begin(), places_.end(), [&](const Place& each) { return each.index == index; });
    if (place == places_.end()) {
      Place fresh;
      fresh.index = index;
      if (index == virtual_index_) {
        fresh.interface = interface_.name;
        fresh.mac = proto::vrrp::virtual_mac(settings_.family(), settings_.router_id);
      } else {
        const Link* link = routes_.find_link(address.interface.empty() ? interface_.name : address.interface);
        fresh.interface = link == nullptr ? interface_.name : link->name;
        fresh.mac = link == nullptr ? proto::arp::kZeroMac : link->mac.value_or(proto::arp::kZeroMac);
      }
      places_.push_back(std::move(fresh));
      place = std::prev(places_.end());
    }
    place->addresses.push_back(address.address);
  }
}

Result<InterfaceAddress> AddressHolder::request(const VirtualAddress& address, Nanos lease) const {
  InterfaceAddress wanted;
  wanted.interface_index = index_of(address);
  if (wanted.interface_index == 0) return Error{ErrorCode::kNotFound, "there is no interface " + address.interface};
  wanted.address = address.address;
  wanted.prefix_length = address.prefix_length;
  wanted.scope = address.scope;
  wanted.label = address.label;
  if (!address.address.is_v4()) wanted.flags |= proto::netlink::kNoDad;
  // Preferred for no time in IPv6: the node's own connections must not begin from an address that moves
  // (route_socket.h).
  const Seconds seconds = std::chrono::ceil<Seconds>(lease);
  wanted.lifetime = Lifetime{seconds, address.address.is_v4() ? seconds : 0s};
  return wanted;
}

Result<void> AddressHolder::take(Nanos lease, TimePoint now) {
  for (const VirtualAddress& address : settings_.addresses) {
    const Result<InterfaceAddress> wanted = request(address, lease);
    Result<void> added = wanted.ok() ? routes_.add_address(*wanted) : Result<void>(wanted.error());
    if (!added.ok()) {
      const Result<void> undone = release();
      (void)undone;  // the first error is the one to tell
      return added;
    }
  }
  holding_ = true;
  lease_ = lease;
  renewed_at_ = now;
  return {};
}

Result<void> AddressHolder::renew(Nanos lease, TimePoint now) {
  if (!holding_) return Error{ErrorCode::kNotFound, "the addresses are not held"};
  if (lease_over(now)) return Error{ErrorCode::kTimeout, "the lease is over"};
  return take(lease, now);
}

Result<void> AddressHolder::release() {
  holding_ = false;
  Result<void> first;
  for (const VirtualAddress& address : settings_.addresses) {
    const Result<InterfaceAddress> held = request(address, 1s);
    const Result<void> removed = held.ok() ? routes_.remove_address(*held) : Result<void>{};
    if (!removed.ok() && first.ok()) first = removed;
  }
  return first;
}

Result<void> AddressHolder::change(const RouterSettings& settings, TimePoint now) {
  const RouterSettings before = std::exchange(settings_, settings);
  list_places();
  if (!holding_) return {};
  if (lease_over(now)) return release();
  Result<void> first;
  for (const VirtualAddress& old : before.addresses) {
    if (std::find(settings_.addresses.begin(), settings_.addresses.end(), old) != settings_.addresses.end()) continue;
    const Result<InterfaceAddress> held = request(old, 1s);
    const Result<void> removed = held.ok() ? routes_.remove_address(*held) : Result<void>{};
    if (!removed.ok() && first.ok()) first = removed;
  }
  const Result<void> taken = take(lease_, now);
  return first.ok() ? taken : first;
}

bool AddressHolder::any_present() const {
  for (const InterfaceAddress& there : routes_.addresses()) {
    for (const VirtualAddress& ours : settings_.addresses) {
      if (there.address == ours.address && there.interface_index == index_of(ours)) return true;
    }
  }
  return false;
}

}  // namespace hf::vip::router
