#include "vip/router/heartbeat_paths.h"

#include <string>
#include <utility>

namespace hf::vip::router {

using proto::netlink::Link;

HeartbeatPaths::HeartbeatPaths(Surroundings surroundings, Listener listener)
    : around_(surroundings), listener_(std::move(listener)), retry_timer_([this] { follow(); }) {}

void HeartbeatPaths::open() {
  close();
  for (const HeartbeatPath& each : around_.settings.heartbeats) {
    paths_.push_back({.number = paths_.size() + 1, .settings = each});
  }
  follow();
}

void HeartbeatPaths::close() {
  retry_timer_.disarm();
  paths_.clear();
}

void HeartbeatPaths::follow() {
  for (Path& path : paths_) follow(path);
}

void HeartbeatPaths::follow(Path& path) {
  const bool on_any = path.settings.interface.empty();
  const Link* link = on_any ? nullptr : around_.routes.find_link(path.settings.interface);
  const std::uint32_t index = link == nullptr ? 0 : link->index;
  if (path.socket && path.interface_index != index) path.socket.reset();
  if (!on_any && link == nullptr) return judge(path, proto::netlink::why_it_cannot_carry(link));
  if (!path.socket) {
    const Result<void> opened = open(path, index);
    if (!opened.ok()) {
      around_.loop.arm(retry_timer_, around_.loop.now() + kRetry);
      return judge(path, opened.error().context);
    }
  }
  judge(path, on_any ? "" : proto::netlink::why_it_cannot_carry(link));
}

Result<void> HeartbeatPaths::open(Path& path, std::uint32_t interface_index) {
  const RouterSettings& settings = around_.settings;
  HeartbeatSocket::Listener listener;
  listener.received = [this, number = path.number](const proto::heartbeat::Heartbeat& heartbeat) {
    listener_.received(number, heartbeat);
  };
  listener.refused = [this](std::string_view reason) {
    (void)around_.peers.refused("heartbeat-" + std::string(reason), around_.loop.now());
  };
  Result<std::unique_ptr<HeartbeatSocket>> opened = HeartbeatSocket::open(
      around_.loop, around_.ports, {path.settings, settings.heartbeat_key, settings.router_id, around_.boot_id},
      std::move(listener));
  if (!opened.ok()) return std::move(opened).error();
  path.socket = std::move(*opened);
  path.interface_index = interface_index;
  return {};
}

void HeartbeatPaths::judge(const Path& path, std::string_view problem) {
  if (around_.peers.found(path.number, problem)) listener_.problem_changed(path.number);
}

void HeartbeatPaths::send(const proto::heartbeat::Heartbeat& heartbeat) {
  for (const Path& path : paths_) {
    if (!path.socket) continue;
    if (around_.peers.sent(path.number, path.socket->send(heartbeat))) listener_.problem_changed(path.number);
  }
}

}  // namespace hf::vip::router
