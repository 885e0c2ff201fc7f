#include "vip/router/heartbeat_socket.h"

#include <algorithm>

namespace hf::vip::router {

using proto::heartbeat::Heartbeat;
using proto::heartbeat::Refusal;

Result<std::unique_ptr<HeartbeatSocket>> HeartbeatSocket::open(runtime::EventLoop& loop, HeartbeatPorts& ports,
                                                               Options options, Listener listener) {
  std::unique_ptr<HeartbeatSocket> out(new HeartbeatSocket(loop, std::move(options), std::move(listener)));
  const HeartbeatPath& path = out->options_.path;
  for (const IpAddress& peer : path.peers) {
    std::shared_ptr<HeartbeatPort>& port = peer.is_v4() ? out->port_v4_ : out->port_v6_;
    if (port) continue;
    Result<std::shared_ptr<HeartbeatPort>> got = ports.get(loop, path.interface, path.port, peer.family());
    if (!got.ok()) return got.error();
    port = std::move(*got);
    port->subscribe(out->options_.router_id, *out);
  }
  return out;
}

HeartbeatSocket::HeartbeatSocket(runtime::EventLoop& loop, Options options, Listener listener)
    : loop_(loop), options_(std::move(options)), listener_(std::move(listener)) {}

HeartbeatSocket::~HeartbeatSocket() {
  if (port_v4_) port_v4_->unsubscribe(*this);
  if (port_v6_) port_v6_->unsubscribe(*this);
}

const std::shared_ptr<HeartbeatPort>& HeartbeatSocket::port_for(const IpAddress& address) const {
  return address.is_v4() ? port_v4_ : port_v6_;
}

Result<void> HeartbeatSocket::send(Heartbeat heartbeat) {
  const auto clock = static_cast<std::uint64_t>(loop_.now().nanos);
  sequence_ = std::max(sequence_ + 1, clock);
  heartbeat.router_id = options_.router_id;
  heartbeat.boot_id = options_.boot_id;
  heartbeat.sequence = sequence_;
  const Result<std::string> datagram = encode(heartbeat, options_.key);
  if (!datagram.ok()) return datagram.error();
  Result<void> out;
  for (const IpAddress& peer : options_.path.peers) {
    Result<void> sent = port_for(peer)->send(*datagram, {peer, options_.path.port});
    if (out.ok() && !sent.ok()) out = std::move(sent);
  }
  return out;
}

void HeartbeatSocket::on_datagram(const IpEndpoint& from, ByteView datagram) {
  const std::vector<IpAddress>& peers = options_.path.peers;
  if (std::find(peers.begin(), peers.end(), from.address) == peers.end()) return refuse("peer");
  const auto decoded = proto::heartbeat::decode(datagram, options_.key);
  if (const auto* refusal = std::get_if<Refusal>(&decoded)) return refuse(to_string(*refusal));
  const Heartbeat& heartbeat = std::get<Heartbeat>(decoded);
  if (!replay_.accept(heartbeat)) return refuse("replay");
  if (listener_.received) listener_.received(heartbeat);
}

void HeartbeatSocket::refuse(std::string_view reason) {
  if (listener_.refused) listener_.refused(reason);
}

}  // namespace hf::vip::router
