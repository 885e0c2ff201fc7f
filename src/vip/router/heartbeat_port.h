// HeartbeatPort: the one UDP socket on an interface and port, shared by all virtual routers that have a path there.
// Were there several, the kernel would hand each datagram to one of them only.
// HeartbeatPorts: which there are.
//
// Owner: HeartbeatPorts is the guardian's; a port is kept by the HeartbeatSockets that use it. Thread: that of the
// loop. Invariants:
//   1. A datagram is handed to every subscriber of the router that it claims to be for; one that is no heartbeat to
//      all.
//   2. At most kMostPerTurn datagrams a turn.
//   3. Subscribers neither come nor go while a datagram is handed over.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <tuple>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "proto/heartbeat/heartbeat.h"
#include "runtime/event_loop.h"
#include "vip/router/socket.h"
#include "vip/settings.h"

namespace hf::vip::router {

class HeartbeatPort final : private runtime::IoHandler {
 public:
  static constexpr int kMostPerTurn = 512;

  class Subscriber {
   public:
    virtual void on_datagram(const IpEndpoint& from, ByteView datagram) = 0;

   protected:
    ~Subscriber() = default;
  };

  /// `interface` "": any.
  static Result<std::shared_ptr<HeartbeatPort>> open(runtime::EventLoop& loop, const std::string& interface,
                                                     std::uint16_t port, IpFamily family);
  HeartbeatPort(const HeartbeatPort&) = delete;
  HeartbeatPort& operator=(const HeartbeatPort&) = delete;
  ~HeartbeatPort();

  void subscribe(std::uint8_t router_id, Subscriber& subscriber);
  void unsubscribe(Subscriber& subscriber);
  /// Never waits.
  Result<void> send(ByteView datagram, const IpEndpoint& to);

 private:
  HeartbeatPort(runtime::EventLoop& loop, std::uint32_t interface_index, Socket socket);
  void on_ready(std::uint32_t readiness) override;
  void hand_over(const IpEndpoint& from, ByteView datagram);

  runtime::EventLoop& loop_;
  std::uint32_t interface_index_;
  Socket socket_;
  std::vector<std::pair<std::uint8_t, Subscriber*>> subscribers_;
  std::array<char, proto::heartbeat::kLongestHeartbeat + 1> buffer_{};  // one more: what is longer is seen to be
};

class HeartbeatPorts {
 public:
  /// The port that is open already, or a new one. kNotFound: there is no such interface. kExists: another process has
  /// it.
  Result<std::shared_ptr<HeartbeatPort>> get(runtime::EventLoop& loop, const std::string& interface, std::uint16_t port,
                                             IpFamily family);

 private:
  // The index as well: an interface that went and came again is another one.
  using Key = std::tuple<std::string, std::uint32_t, std::uint16_t, IpFamily>;
  std::map<Key, std::weak_ptr<HeartbeatPort>> ports_;
};

}  // namespace hf::vip::router
