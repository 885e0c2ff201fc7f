// AddressHolder: the virtual addresses of one router on the interfaces: taken as a lease, renewed, given up. With a
// virtual MAC they live on a macvlan interface of the router's own.
//
// Owner: a VirtualRouter. Thread: that of its loop.
// Invariants:
//   1. Every address is added with the lease as its lifetime, so that the kernel takes it off when nobody renews it.
//   2. A lease that may have ended is not renewed: the caller's machine decides anew (see renew).
//   3. release() takes off every copy of an address, whatever we believe to hold and whoever put it there with whatever
//      prefix and label; but not where another router of this process has it now (a reload may move it).
//   4. While held, an address or a virtual-MAC interface that somebody takes away is put back by the next look_again().
#pragma once

#include <cstdint>
#include <string>
#include <utility>
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

  /// What look_again() found to be otherwise.
  struct Moved {
    bool own_mac = false;               // the interface has another MAC address
    bool virtual_mac = false;           // the virtual-MAC interface was made anew
    bool places = false;                // places() are others
    std::vector<IpAddress> put_back{};  // somebody had taken these off

    bool any_socket() const { return own_mac || virtual_mac || places; }
  };

  AddressHolder(RouteSocket& routes, RouterSettings settings) : routes_(routes), settings_(std::move(settings)) {}
  AddressHolder(const AddressHolder&) = delete;
  AddressHolder& operator=(const AddressHolder&) = delete;

  /// Finds the interfaces, makes the virtual-MAC one. Errors name the interface that is missing.
  Result<void> attach(const proto::netlink::Link& interface);
  /// Forgets the interfaces; removes the virtual-MAC one.
  void detach();
  const std::vector<Place>& places() const { return places_; }
  /// After a change of interfaces or addresses, where it is attached. Error: the virtual-MAC interface is gone, or set
  /// down, and cannot be mended.
  Result<Moved> look_again(const proto::netlink::Link& interface, TimePoint now);
  /// Where we are attached; 0: nowhere.
  std::uint32_t interface_index() const { return interface_.index; }
  /// The interface of the virtual MAC; 0 without one.
  std::uint32_t virtual_mac_index() const { return virtual_index_; }
  std::string virtual_mac_name() const;

  /// Adds all. On an error what was added is taken off again.
  Result<void> take(Nanos lease, TimePoint now);
  /// Renews all, unless the lease is over at `now`: then kTimeout, and nothing was done.
  Result<void> renew(Nanos lease, TimePoint now);
  /// Takes all off. The first error; all are tried.
  Result<void> release();
  /// What change() will take, if anything is held: nobody else takes it off before.
  void reserve(const RouterSettings& next);
  /// Other settings from now on, of the same interface: addresses that are not among them any more are taken off, new
  /// ones added if we hold. When the lease is over at `now` all are taken off.
  Result<void> change(const RouterSettings& settings, TimePoint now);

  bool holding() const { return holding_; }
  bool lease_over(TimePoint now) const { return now - renewed_at_ >= lease_; }
  TimePoint renewed_at() const { return renewed_at_; }
  /// Some of the addresses are on their interfaces, held or not.
  bool any_present() const;

 private:
  // Of what somebody takes away again and again: the rest waits for the next refresh (addresses), or is an error.
  static constexpr int kMostPutBack = 64;
  static constexpr int kMostMadeAnew = 8;
  static constexpr Nanos kPutBackWindow = 1s;

  /// So many in a window, which begins with the first.
  struct Allowance {
    TimePoint began{};
    int used = 0;
    bool take(TimePoint now, int most);
  };

  Result<void> add_all(Nanos lease, TimePoint now);
  Result<void> make_virtual_mac();
  bool virtual_mac_works() const;
  std::vector<IpAddress> put_back(TimePoint now);
  bool is_there(const proto::netlink::InterfaceAddress& address) const;
  std::vector<proto::netlink::InterfaceAddress> copies_of(const VirtualAddress& address) const;
  bool is_held(const proto::netlink::InterfaceAddress& there) const;
  Result<void> remove(const VirtualAddress& address);
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
  Allowance addresses_put_back_;
  Allowance interfaces_made_anew_;
};

}  // namespace hf::vip::router
