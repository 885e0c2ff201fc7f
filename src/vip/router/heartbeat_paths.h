// HeartbeatPaths: the heartbeat paths of one virtual router, each open while its own interface is there.
//
// Owner: a RouterSockets. Thread: that of its loop.
// Invariants:
//   1. A path that cannot be opened is told to the PeerLog and is in nobody's way: it is opened when its interface
//      comes, and tried again after kRetry where that is there already.
//   2. An interface that went and came again is another one: what was open on the old one is not used any more.
//   3. The listener must not destroy the HeartbeatPaths.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "runtime/call_timer.h"
#include "runtime/event_loop.h"
#include "vip/router/heartbeat_socket.h"
#include "vip/router/peer_log.h"
#include "vip/router/route_socket.h"
#include "vip/settings.h"

namespace hf::vip::router {

class HeartbeatPaths {
 public:
  static constexpr Nanos kRetry = 5s;

  /// What it works with; all of it outlives it. `settings` are the router's present ones.
  struct Surroundings {
    runtime::EventLoop& loop;
    const RouteSocket& routes;
    HeartbeatPorts& ports;
    std::uint64_t boot_id = 0;
    const RouterSettings& settings;
    PeerLog& peers;
  };
  /// `path` counts as the PeerLog does: from 1.
  struct Listener {
    std::function<void(std::size_t path, const proto::heartbeat::Heartbeat&)> received;
    std::function<void(std::size_t path)> problem_changed;  // PeerLog::problem()
  };

  HeartbeatPaths(Surroundings surroundings, Listener listener);
  HeartbeatPaths(const HeartbeatPaths&) = delete;
  HeartbeatPaths& operator=(const HeartbeatPaths&) = delete;

  /// Those of the settings, all anew.
  void open();
  /// Interfaces changed: closes what has lost its own, opens what has one now. Nothing before open().
  void follow();
  void close();

  bool any() const { return !paths_.empty(); }
  /// On every path that is open. Counts it.
  void send(const proto::heartbeat::Heartbeat& heartbeat);

 private:
  struct Path {
    std::size_t number = 1;
    HeartbeatPath settings{};
    std::uint32_t interface_index = 0;  // of the socket; 0: any
    std::unique_ptr<HeartbeatSocket> socket{};
  };

  void follow(Path& path);
  Result<void> open(Path& path, std::uint32_t interface_index);
  void judge(const Path& path, std::string_view problem);

  Surroundings around_;
  Listener listener_;
  std::vector<Path> paths_;
  runtime::CallTimer retry_timer_;
};

}  // namespace hf::vip::router
