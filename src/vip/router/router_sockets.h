// RouterSockets: the interface of one virtual router: follows it, and has the sockets on it open while it is usable.
//
// Owner: a VirtualRouter. Thread: that of its loop.
// Invariants:
//   1. Attached: there is no obstacle(), and every socket is open, but those of heartbeat paths that cannot be.
//      Otherwise none is.
//   2. Before sockets close because the interface is lost, its user hears of it and may send a last time.
//   3. What the kernel refuses is not asked for again before the time of hold_off() is over.
//   4. The listener must not destroy the RouterSockets.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/call_timer.h"
#include "runtime/event_loop.h"
#include "vip/router/address_holder.h"
#include "vip/router/arbiters.h"
#include "vip/router/heartbeat_paths.h"
#include "vip/router/neighbour_socket.h"
#include "vip/router/peer_log.h"
#include "vip/router/route_socket.h"
#include "vip/router/vrrp_socket.h"
#include "vip/settings.h"

namespace hf::vip::router {

class RouterSockets {
 public:
  /// What it works with; all of it outlives it. `settings` are the router's present ones.
  struct Surroundings {
    runtime::EventLoop& loop;
    RouteSocket& routes;
    HeartbeatPorts& heartbeat_ports;
    std::uint64_t boot_id = 0;
    const RouterSettings& settings;
    AddressHolder& holder;
    PeerLog& peers;
  };

  class Listener {
   public:
    // the interface
    virtual void own_address_is(const IpAddress& address) = 0;
    virtual void attached() = 0;
    virtual void about_to_detach() = 0;  // the interface is lost; the sockets may still work
    // the sockets are closed, the interfaces not yet forgotten by the AddressHolder
    virtual void detaching() = 0;
    virtual void detached() = 0;        // after about_to_detach()
    virtual void places_changed() = 0;  // another MAC address, or another of the interfaces that carry addresses
    virtual void put_back(const std::vector<IpAddress>& addresses) = 0;  // that somebody took off while they are held
    virtual void path_changed(std::size_t path) = 0;                     // its PeerLog::problem()
    virtual void kernel_refused(std::string_view what, const Error& error) = 0;
    virtual void hold_off_over() = 0;

    // what comes in
    virtual void received(const proto::vrrp::Received& message) = 0;
    virtual void refused(const proto::vrrp::Refused& message, const IpAddress& source) = 0;
    virtual void heartbeat_received(std::size_t path, const proto::heartbeat::Heartbeat& heartbeat) = 0;
    virtual void claimed(const NeighbourSocket::Claim& claim) = 0;
    virtual void arbiters_changed() = 0;

   protected:
    ~Listener() = default;
  };

  RouterSockets(Surroundings surroundings, Listener& listener);
  RouterSockets(const RouterSockets&) = delete;
  RouterSockets& operator=(const RouterSockets&) = delete;

  /// Interfaces or addresses of this machine changed, or may have: attaches, detaches, or looks again at where it is
  /// attached.
  void follow();
  /// The settings are others than `before`; the AddressHolder knows it. Opens only what differs, if anything is open.
  void reopen(const RouterSettings& before);
  /// Closes all, without about_to_detach().
  void detach();
  /// Nothing is opened before kKernelRetry is over: then hold_off_over().
  void hold_off();

  bool is_attached() const { return attached_; }
  /// Why the addresses cannot be held here, as far as interfaces and addresses of this machine say: the VRRP interface
  /// is not there, does not carry, or has no address to speak from, or another one that is to have a virtual address
  /// is not there or does not carry.
  struct Obstacle {
    std::string interface;
    std::string why;  // "it has no carrier"
  };
  std::optional<Obstacle> obstacle() const;
  /// The latest; unspecified before the first.
  const IpAddress& own_address() const { return own_address_; }

  /// To the group or to each peer. Counts it.
  void send(const proto::vrrp::Advertisement& advertisement);
  /// On every heartbeat path. Counts it.
  void send(const proto::heartbeat::Heartbeat& heartbeat);
  bool has_heartbeats() const { return heartbeats_.any(); }
  /// Gratuitous ARP and the like for all addresses, each on its interface.
  void announce();
  /// Asks who has the addresses; answers come as claims.
  void probe();
  /// nullptr: none are configured, or nothing is open.
  const Arbiters* arbiters() const { return arbiters_.get(); }

 private:
  static constexpr Nanos kKernelRetry = 5s;

  std::optional<Obstacle> too_small_for_adverts() const;
  std::optional<Obstacle> obstacle_on(const std::string& interface) const;
  std::optional<IpAddress> find_own_address() const;
  std::string why_no_own_address() const;
  void attach(const proto::netlink::Link& link);
  void lose();
  void lose(const Error& error);
  void look_again(const proto::netlink::Link& link);
  Result<void> open_all(const proto::netlink::Link& link);
  Result<void> open_changed(const RouterSettings& before, const proto::netlink::Link& link);
  Result<void> open_vrrp(const proto::netlink::Link& link);
  Result<void> open_neighbours();
  void open_heartbeats();
  Result<void> open_arbiters(const proto::netlink::Link& link);

  Surroundings around_;
  Listener& listener_;
  bool attached_ = false;
  IpAddress own_address_;
  proto::vrrp::SequenceCounter sequence_;  // of authentication headers
  std::unique_ptr<VrrpSocket> vrrp_;
  std::unique_ptr<VrrpSocket> virtual_mac_sender_;            // adverts come from the virtual MAC (RFC 5798 7.2)
  std::vector<std::unique_ptr<NeighbourSocket>> neighbours_;  // one per place of the AddressHolder
  HeartbeatPaths heartbeats_;
  std::unique_ptr<Arbiters> arbiters_;
  runtime::CallTimer hold_off_timer_;
};

}  // namespace hf::vip::router
