// RouteSocket: rtnetlink. Knows every interface and its addresses, tells of changes, adds and removes addresses and
// virtual-MAC interfaces.
//
// Owner: the guardian, one for the process. Thread: that of its loop.
// Invariants:
//   1. links() and addresses() are the kernel's as of the events read so far and the requests made here. A lost event
//      (ENOBUFS) leads to a new dump, after which the differences are told as changes.
//   2. Requests end before their function returns: the kernel answers rtnetlink requests while they are sent. Should it
//      ever not, kPatience ends the wait.
//   3. The listener is not called from inside a request, but told of what that changed by the event that follows. It
//      must not destroy the RouteSocket.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "proto/netlink/address.h"
#include "proto/netlink/link.h"
#include "runtime/event_loop.h"
#include "vip/router/netlink_requests.h"
#include "vip/router/socket.h"
#include "vip/settings.h"

namespace hf::vip::router {

enum class Change : std::uint8_t {
  kThere,  // new, or changed
  kGone
};

class RouteSocket final : private runtime::IoHandler {
 public:
  static constexpr Nanos kPatience = 200ms;

  struct Listener {
    std::function<void(const proto::netlink::Link&, Change)> link;
    std::function<void(const proto::netlink::InterfaceAddress&, Change)> address;
  };

  /// Opens two sockets (events, requests) in the network namespace of the calling thread and reads both tables;
  /// `listener` is called for changes after that only.
  static Result<std::unique_ptr<RouteSocket>> open(runtime::EventLoop& loop, Listener listener);
  RouteSocket(const RouteSocket&) = delete;
  RouteSocket& operator=(const RouteSocket&) = delete;
  ~RouteSocket();

  /// nullptr: there is no interface of that name.
  const proto::netlink::Link* find_link(std::string_view name) const;
  const std::map<std::uint32_t, proto::netlink::Link>& links() const { return links_; }
  const std::vector<proto::netlink::InterfaceAddress>& addresses() const { return addresses_; }

  /// Adds, or renews the lifetime of an address that is there. IPv6 addresses skip duplicate address detection: the
  /// machine has probed, and a tentative address would be deaf for a second. Errors name address and interface and the
  /// kernel's reason.
  ///
  /// A virtual address wants lifetime {valid: the lease, preferred: 0}. For IPv6 that makes it "deprecated" (RFC 4862
  /// 5.5.4): connections to it work and are answered from it, but the node's own connections do not begin from it, so
  /// that they survive its move. IPv4 shows the same flag and does not heed it; there a prefix of 32, or being the
  /// second of its subnet, has that effect.
  Result<void> add_address(const proto::netlink::InterfaceAddress& address);
  /// Exactly this one: interface, address, prefix, peer and label. Ok also when it was not there.
  Result<void> remove_address(const proto::netlink::InterfaceAddress& address);

  /// Who holds the address in this process: the latest who said so. A reload may move it from one router to another,
  /// and who had it before must not take it off then.
  void set_holder(const IpAddress& address, const void* holder) { holders_[address] = holder; }
  void unset_holder(const IpAddress& address, const void* holder);
  bool held_by_another(const IpAddress& address, const void* than) const;

  /// A macvlan interface in bridge mode over `parent`, with the virtual router's MAC, switched on and set so that the
  /// kernel answers ARP for its addresses on it alone; see interface_sysctls.cc for those that stay set on the parent.
  /// A macvlan of that name, parent and MAC which is there is taken over, another macvlan of that name is replaced;
  /// kExists: something else has the name. Returns its index; links() has it at once.
  Result<std::uint32_t> add_virtual_mac(const std::string& name, std::uint32_t parent, IpFamily family,
                                        std::uint8_t router_id);
  Result<void> remove_link(std::uint32_t index);
  /// Where the kernel puts a macvlan that is asked for over this interface: on itself, or on what a macvlan is over.
  std::uint32_t wire_of(std::uint32_t index) const;

 private:
  struct Tables {
    std::map<std::uint32_t, proto::netlink::Link> links;
    std::vector<proto::netlink::InterfaceAddress> addresses;
  };
  RouteSocket(runtime::EventLoop& loop, Listener listener, Socket events, NetlinkRequests requests);
  void on_ready(std::uint32_t readiness) override;
  void take_event(const proto::netlink::Message& message);
  void take_link(const proto::netlink::Link& link, Change change);
  void take_address(const proto::netlink::InterfaceAddress& address, Change change);
  std::vector<proto::netlink::InterfaceAddress>::iterator find_address(const proto::netlink::InterfaceAddress& address);
  void read_again();
  Result<Tables> read_tables();
  Result<std::map<std::uint32_t, proto::netlink::Link>> read_links();
  Result<std::uint32_t> make_macvlan(const proto::netlink::Macvlan& macvlan);
  std::string interface_name(std::uint32_t index) const;

  runtime::EventLoop& loop_;
  Listener listener_;
  Socket events_;
  NetlinkRequests requests_;
  std::unique_ptr<char[]> buffer_;
  bool lost_events_ = false;  // and could not read the tables again yet
  std::map<std::uint32_t, proto::netlink::Link> links_;
  std::vector<proto::netlink::InterfaceAddress> addresses_;
  std::map<IpAddress, const void*> holders_;
};

}  // namespace hf::vip::router
