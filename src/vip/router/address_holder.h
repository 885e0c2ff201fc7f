// AddressHolder: the virtual addresses of one router on the interfaces: taken as a lease, renewed, given up. With a
// virtual MAC they live on a macvlan interface of the router's own.
//
// Owner: a VirtualRouter. Thread: that of its loop.
// Invariants:
//   1. Every address is added with the lease as its lifetime, so that the kernel takes it off when nobody renews it.
//   2. A lease that may have ended is not renewed: the caller's machine decides anew (see renew).
//   3. release() asks the kernel for every address, whatever we believe to hold.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "proto/arp/ethernet.h"
#include "vip/router/route_socket.h"
#include "vip/settings.h"

namespace hf::vip::router {

class AddressHolder {
 public:
  /// An interface that carries some of the addresses.
  struct Place {
    std::string interface{};
    std::uint32_t index = 0;
    proto::arp::MacAddress mac{};
    std::vector<IpAddress> addresses{};

    friend bool operator==(const Place&, const Place&) = default;
  };

  explicit AddressHolder(RouteSocket& routes) : routes_(routes) {}
  AddressHolder(const AddressHolder&) = delete;
  AddressHolder& operator=(const AddressHolder&) = delete;

  /// Finds the interfaces, makes the virtual-MAC one. Errors name the interface that is missing.
  Result<void> attach(const RouterSettings& settings, const proto::netlink::Link& interface);
  /// Forgets the interfaces; removes the virtual-MAC one.
  void detach();
  const std::vector<Place>& places() const { return places_; }
  /// After a change of interfaces. Whether one has another number or MAC address now: sockets have to be opened anew.
  bool look_again(const proto::netlink::Link& interface);
  /// Where we are attached; 0: nowhere.
  std::uint32_t interface_index() const { return interface_.index; }
  /// The interface of the virtual MAC; 0 without one.
  std::uint32_t virtual_mac_index() const { return virtual_index_; }

  /// Adds all. On an error what was added is taken off again.
  Result<void> take(Nanos lease, TimePoint now);
  /// Renews all, unless the lease is over at `now`: then kTimeout, and nothing was done.
  Result<void> renew(Nanos lease, TimePoint now);
  /// Takes all off. The first error; all are tried.
  Result<void> release();
  /// Other addresses from now on, on the same interfaces: those that are gone are taken off, new ones added if we hold.
  /// When the lease is over at `now` all are taken off.
  Result<void> change(const RouterSettings& settings, TimePoint now);

  bool holding() const { return holding_; }
  bool lease_over(TimePoint now) const { return now - renewed_at_ >= lease_; }
  TimePoint renewed_at() const { return renewed_at_; }
  /// Some of the addresses are on an interface already: left by an earlier life.
  bool any_present() const;

 private:
  Result<proto::netlink::InterfaceAddress> request(const VirtualAddress& address, Nanos lease) const;
  std::uint32_t index_of(const VirtualAddress& address) const;
  void list_places();

  RouteSocket& routes_;
  RouterSettings settings_;
  proto::netlink::Link interface_;
  std::uint32_t virtual_index_ = 0;
  std::vector<Place> places_;
  bool holding_ = false;
  Nanos lease_{0};
  TimePoint renewed_at_;
};

}  // namespace hf::vip::router
