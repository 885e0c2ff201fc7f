// HeartbeatSocket: one heartbeat path of one virtual router: UDP datagrams to the peers of that path and from them
// (proto/heartbeat). Any live path keeps a backup quiet.
//
// Owner: a RouterSockets. Thread: that of its loop.
// Invariants:
//   1. Only datagrams of configured peers, of our router and, with a key, of whoever has the key are handed over;
//      replays of older ones are not.
//   2. Sequences follow the clock, one scale for all paths: what was recorded on one path is old on another that was
//      alive since.
//   3. The listener must not destroy the socket.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "proto/heartbeat/heartbeat.h"
#include "runtime/event_loop.h"
#include "vip/router/heartbeat_port.h"
#include "vip/settings.h"

namespace hf::vip::router {

class HeartbeatSocket final : private HeartbeatPort::Subscriber {
 public:
  struct Options {
    HeartbeatPath path{};
    std::string key{};
    std::uint8_t router_id = 1;
    std::uint64_t boot_id = 0;  // random, of this life of the guardian
  };
  struct Listener {
    std::function<void(const proto::heartbeat::Heartbeat&)> received;
    std::function<void(std::string_view reason)> refused;  // "peer", "key", "replay", "malformed"
  };

  /// `ports` is the guardian's one, used here only: routers with a path on the same interface and port share its
  /// socket. The port is open for the families of the path's peers. A peer is known by its address; it may send from
  /// any port.
  static Result<std::unique_ptr<HeartbeatSocket>> open(runtime::EventLoop& loop, HeartbeatPorts& ports, Options options,
                                                       Listener listener);
  HeartbeatSocket(const HeartbeatSocket&) = delete;
  HeartbeatSocket& operator=(const HeartbeatSocket&) = delete;
  ~HeartbeatSocket();

  /// To every peer of the path; router id, boot id and sequence are filled in here. The first error is returned, all
  /// are tried.
  Result<void> send(proto::heartbeat::Heartbeat heartbeat);

 private:
  HeartbeatSocket(runtime::EventLoop& loop, Options options, Listener listener);
  void on_datagram(const IpEndpoint& from, ByteView datagram) override;
  void refuse(std::string_view reason);
  const std::shared_ptr<HeartbeatPort>& port_for(const IpAddress& address) const;

  runtime::EventLoop& loop_;
  Options options_;
  Listener listener_;
  proto::heartbeat::ReplayWindow replay_;
  std::uint64_t sequence_ = 0;
  std::shared_ptr<HeartbeatPort> port_v4_;  // null: no peer needs it
  std::shared_ptr<HeartbeatPort> port_v6_;
};

}  // namespace hf::vip::router
