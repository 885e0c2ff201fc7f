// NeighbourSocket: ARP and IPv6 neighbour discovery on one interface: announce addresses, ask who has them, hear who
// claims them.
//
// Owner: a RouterSockets, one per interface that carries its addresses. Thread: that of its loop.
// Invariants:
//   1. Frames that we sent ourselves (own MAC) are never told as claims.
//   2. A filter in the kernel lets only ARP, neighbour advertisements and neighbour solicitations through; at most
//      kMostPerTurn frames a turn.
//   3. `on_claim` must not destroy the socket.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "proto/arp/arp_frame.h"
#include "proto/arp/ethernet.h"
#include "proto/arp/neighbour_advertisement.h"
#include "runtime/event_loop.h"
#include "vip/router/socket.h"
#include "vip/settings.h"

namespace hf::vip::router {

class NeighbourSocket final : private runtime::IoHandler {
 public:
  static constexpr int kMostPerTurn = 512;

  struct Claim {
    IpAddress address{};
    proto::arp::MacAddress mac{};
    proto::arp::Claim kind = proto::arp::Claim::kHolds;
  };
  using OnClaim = std::function<void(const Claim&)>;

  /// kAccessDenied without CAP_NET_RAW. `own_mac`: of the interface (the virtual one on a virtual-MAC interface).
  /// `watched`: the addresses to listen for.
  static Result<std::unique_ptr<NeighbourSocket>> open(runtime::EventLoop& loop, std::uint32_t interface_index,
                                                       proto::arp::MacAddress own_mac, std::vector<IpAddress> watched,
                                                       OnClaim on_claim);
  NeighbourSocket(const NeighbourSocket&) = delete;
  NeighbourSocket& operator=(const NeighbourSocket&) = delete;
  ~NeighbourSocket();

  /// One gratuitous ARP request or unsolicited neighbour advertisement per address, the latter with the R flag as the
  /// kernel forwards on this interface. The first error is returned, all are tried; so with probe.
  Result<void> announce(std::span<const IpAddress> addresses);
  /// One ARP probe (RFC 5227) or neighbour solicitation from :: (RFC 4862 5.4.2) per address; answers come as claims.
  Result<void> probe(std::span<const IpAddress> addresses);
  /// An ordinary ARP request or neighbour solicitation from `sender` for `target` (an arbiter's); the answer comes as a
  /// claim of `target`, which must be watched.
  Result<void> ask(const IpAddress& sender, const IpAddress& target);

 private:
  NeighbourSocket(runtime::EventLoop& loop, std::uint32_t interface_index, proto::arp::MacAddress own_mac,
                  std::vector<IpAddress> watched, OnClaim on_claim, Socket socket);
  void on_ready(std::uint32_t readiness) override;
  void take_frame(ByteView frame);
  void tell(const IpAddress& address, const proto::arp::Claimant& claimant);
  Result<void> send(const Result<std::string>& frame);

  runtime::EventLoop& loop_;
  std::uint32_t interface_index_;
  proto::arp::MacAddress own_mac_;
  std::vector<IpAddress> watched_;
  OnClaim on_claim_;
  proto::arp::RouterFlag router_flag_ = proto::arp::RouterFlag::kHost;
  Socket socket_;
  std::array<char, 2048> buffer_{};
};

}  // namespace hf::vip::router
