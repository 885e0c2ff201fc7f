// VrrpSocket: sends and receives VRRP advertisements on one interface, multicast or unicast, IPv4 or IPv6.
//
// Owner: a RouterSockets. Thread: that of its loop.
// Invariants:
//   1. All that waits in the socket has been handed over before the turn's timers run, at most kMostPerTurn messages.
//   2. What is sent leaves by this interface, with TTL 255, traffic class 0xC0, and is not looped back.
//   3. Messages of other virtual routers are counted by nobody: they are dropped unseen. So are our own that come back.
//   4. With an authentication header only protocol 51 is spoken and heard, and nothing is handed over that was not
//      authenticated or was sent again. Without one, what claims to be authenticated is refused.
//   5. The listener must not destroy the socket it is called by.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "proto/vrrp/advertisement.h"
#include "proto/vrrp/authentication_header.h"
#include "runtime/event_loop.h"
#include "vip/router/socket.h"
#include "vip/settings.h"

namespace hf::vip::router {

class VrrpSocket final : private runtime::IoHandler {
 public:
  static constexpr int kMostPerTurn = 512;

  /// sequence: the virtual router's one, which outlives its sockets. Whoever sends advances it, once for all
  /// destinations.
  struct AuthenticationHeader {
    std::string password{};
    proto::vrrp::SequenceCounter* sequence = nullptr;
  };
  struct Options {
    std::string interface{};
    std::uint32_t interface_index = 0;
    IpFamily family = IpFamily::kIpv4;
    std::uint8_t router_id = 1;
    std::optional<IpAddress> multicast_group{};  // nullopt: unicast only
    proto::vrrp::ReceiveRules rules{};
    std::optional<AuthenticationHeader> authentication_header{};  // version 2 over IPv4 only
  };
  /// Without functions: nothing is listened to.
  struct Listener {
    std::function<void(const proto::vrrp::Received&)> received;                         // vrid is ours
    std::function<void(const proto::vrrp::Refused&, const IpAddress& source)> refused;  // vrid is ours or unreadable
  };

  /// kAccessDenied without CAP_NET_RAW. Belongs to this one interface: when that is removed and comes again (another
  /// index), open anew. Unicast only: what is sent to a group is not heard.
  static Result<std::unique_ptr<VrrpSocket>> open(runtime::EventLoop& loop, Options options, Listener listener);
  VrrpSocket(const VrrpSocket&) = delete;
  VrrpSocket& operator=(const VrrpSocket&) = delete;
  ~VrrpSocket();

  /// Never waits: a full socket is an error as any other. `source` is written as it is, also where the interface does
  /// not have it (any more).
  Result<void> send(const proto::vrrp::Advertisement& advertisement, const IpAddress& source,
                    const IpAddress& destination, proto::vrrp::ChecksumDialect dialect);

 private:
  static constexpr std::size_t kBufferSize = 8192;  // twice the longest message

  VrrpSocket(runtime::EventLoop& loop, Options options, Listener listener, Socket socket);
  void on_ready(std::uint32_t readiness) override;
  /// false: nothing was there.
  bool receive_one();
  proto::vrrp::Decoded decode_authenticated(ByteView packet);
  void hand_over(const proto::vrrp::Decoded& decoded, const IpAddress& source);

  runtime::EventLoop& loop_;
  Options options_;
  Listener listener_;
  Socket socket_;
  std::optional<IpAddress> sent_from_{};  // the latest
  std::array<char, kBufferSize> buffer_{};
};

}  // namespace hf::vip::router
