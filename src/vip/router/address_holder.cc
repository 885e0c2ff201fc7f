#include "vip/router/address_holder.h"

#include <algorithm>
#include <utility>

#include <fmt/core.h>

#include "vip/router/interface_sysctls.h"

namespace hf::vip::router {

using proto::netlink::InterfaceAddress;
using proto::netlink::Lifetime;
using proto::netlink::Link;

bool AddressHolder::Allowance::take(TimePoint now, int most) {
  if (now - began >= kPutBackWindow) *this = {.began = now, .used = 0};
  return ++used <= most;
}

Result<void> AddressHolder::attach(const Link& interface) {
  interface_ = interface;
  if (settings_.virtual_mac) HF_RETURN_IF_ERROR(make_virtual_mac());
  if (settings_.family() == IpFamily::kIpv4) keep_secondary_addresses(interface.name);
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
  interface_ = {};
  places_.clear();
  holding_ = false;
}

/// The families have router ids of their own.
std::string AddressHolder::virtual_mac_name() const {
  const char* family = settings_.family() == IpFamily::kIpv4 ? "" : "v6";
  return fmt::format("hf{}{}.{}", settings_.router_id, family, interface_.index);
}

Result<void> AddressHolder::make_virtual_mac() {
  Result<std::uint32_t> made =
      routes_.add_virtual_mac(virtual_mac_name(), interface_.index, settings_.family(), settings_.router_id);
  if (!made.ok()) return std::move(made).error();
  virtual_index_ = *made;
  return {};
}

bool AddressHolder::virtual_mac_works() const {
  const auto found = routes_.links().find(virtual_index_);
  if (found == routes_.links().end()) return false;
  const Link& link = found->second;
  return link.parent == routes_.wire_of(interface_.index) && (link.flags & proto::netlink::kLinkUp) != 0 &&
         link.mac == proto::vrrp::virtual_mac(settings_.family(), settings_.router_id);
}

std::uint32_t AddressHolder::index_of(const VirtualAddress& address) const {
  if (!address.interface.empty() && address.interface != interface_.name) {
    const Link* other = routes_.find_link(address.interface);
    return other == nullptr ? 0 : other->index;
  }
  return virtual_index_ != 0 ? virtual_index_ : interface_.index;
}

Result<AddressHolder::Moved> AddressHolder::look_again(const Link& interface, TimePoint now) {
  Moved moved;
  moved.own_mac = interface_.mac != interface.mac;
  interface_ = interface;
  if (virtual_index_ != 0 && !virtual_mac_works()) {
    const std::uint32_t before = virtual_index_;
    if (!interfaces_made_anew_.take(now, kMostMadeAnew)) {
      return Error{ErrorCode::kExists, virtual_mac_name() + " is taken away or changed again and again"};
    }
    HF_RETURN_IF_ERROR(make_virtual_mac());
    moved.virtual_mac = virtual_index_ != before;
  }
  const std::vector<Place> before = std::exchange(places_, {});
  list_places();
  moved.places = places_ != before;
  if (holding_ && !lease_over(now)) moved.put_back = put_back(now);
  return moved;
}

/// What is refused here is asked for again by the next refresh, which tells of it.
std::vector<IpAddress> AddressHolder::put_back(TimePoint now) {
  std::vector<IpAddress> out;
  for (const VirtualAddress& address : settings_.addresses) {
    const Result<InterfaceAddress> wanted = request(address, lease_);
    if (!wanted.ok() || is_there(*wanted) || routes_.held_by_another(address.address, this)) continue;
    if (!addresses_put_back_.take(now, kMostPutBack)) break;
    if (routes_.add_address(*wanted).ok()) out.push_back(address.address);
  }
  return out;
}

bool AddressHolder::is_there(const InterfaceAddress& address) const {
  const auto& all = routes_.addresses();
  return std::any_of(all.begin(), all.end(), [&](const InterfaceAddress& each) {
    return each.interface_index == address.interface_index && each.address == address.address &&
           each.prefix_length == address.prefix_length;
  });
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
  holding_ = true;
  reserve(settings_);
  return add_all(lease, now);
}

Result<void> AddressHolder::renew(Nanos lease, TimePoint now) {
  if (!holding_) return Error{ErrorCode::kNotFound, "the addresses are not held"};
  if (lease_over(now)) return Error{ErrorCode::kTimeout, "the lease is over"};
  return add_all(lease, now);
}

Result<void> AddressHolder::add_all(Nanos lease, TimePoint now) {
  for (const VirtualAddress& address : settings_.addresses) {
    if (routes_.held_by_another(address.address, this)) continue;  // a reload gives it away
    const Result<InterfaceAddress> wanted = request(address, lease);
    Result<void> added = wanted.ok() ? routes_.add_address(*wanted) : Result<void>(wanted.error());
    if (!added.ok()) {
      const Result<void> undone = release();
      (void)undone;  // the first error is the one to tell
      return added;
    }
  }
  lease_ = lease;
  renewed_at_ = now;
  return {};
}

Result<void> AddressHolder::release() {
  holding_ = false;
  Result<void> first;
  for (const VirtualAddress& address : settings_.addresses) {
    const Result<void> removed = remove(address);
    if (!removed.ok() && first.ok()) first = removed;
  }
  return first;
}

/// Every copy of it, but one that is held, and, as the tables may be behind, the one that we would have put there.
Result<void> AddressHolder::remove(const VirtualAddress& address) {
  if (routes_.held_by_another(address.address, this)) return {};
  std::vector<InterfaceAddress> copies = copies_of(address);
  if (Result<InterfaceAddress> ours = request(address, 1s); ours.ok()) copies.push_back(*ours);
  bool held = false;
  Result<void> first;
  for (const InterfaceAddress& each : copies) {
    if (is_held(each)) {
      held = true;
      continue;
    }
    const Result<void> removed = routes_.remove_address(each);
    if (!removed.ok() && first.ok()) first = removed;
  }
  if (!held) routes_.unset_holder(address.address, this);
  return first;
}

bool AddressHolder::is_held(const InterfaceAddress& there) const {
  return holding_ && std::any_of(settings_.addresses.begin(), settings_.addresses.end(), [&](const auto& ours) {
           return ours.address == there.address && ours.prefix_length == there.prefix_length &&
                  index_of(ours) == there.interface_index;
         });
}

/// On the interface that is to have it, and with a virtual MAC on the one below that, too.
std::vector<InterfaceAddress> AddressHolder::copies_of(const VirtualAddress& address) const {
  const Link* link = routes_.find_link(address.interface.empty() ? settings_.interface : address.interface);
  std::vector<InterfaceAddress> out;
  for (const InterfaceAddress& there : routes_.addresses()) {
    const bool here = (link != nullptr && there.interface_index == link->index) ||
                      (virtual_index_ != 0 && there.interface_index == virtual_index_);
    if (here && there.address == address.address) out.push_back(there);
  }
  return out;
}

void AddressHolder::reserve(const RouterSettings& next) {
  if (!holding_) return;
  for (const VirtualAddress& each : next.addresses) routes_.set_holder(each.address, this);
}

Result<void> AddressHolder::change(const RouterSettings& settings, TimePoint now) {
  const RouterSettings before = std::exchange(settings_, settings);
  if (interface_.index == 0) return {};
  list_places();
  if (!holding_) return {};
  // First what is new: an address that changes its prefix only is there all the time.
  Result<void> first = lease_over(now) ? release() : take(lease_, now);
  for (const VirtualAddress& old : before.addresses) {
    if (std::find(settings_.addresses.begin(), settings_.addresses.end(), old) != settings_.addresses.end()) continue;
    const Result<void> removed = remove(old);
    if (!removed.ok() && first.ok()) first = removed;
  }
  return first;
}

bool AddressHolder::any_present() const {
  return std::any_of(settings_.addresses.begin(), settings_.addresses.end(), [&](const VirtualAddress& ours) {
    return !routes_.held_by_another(ours.address, this) && !copies_of(ours).empty();
  });
}

}  // namespace hf::vip::router
