#include "vip/router/heartbeat_port.h"

#include <algorithm>
#include <cerrno>

#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>

namespace hf::vip::router {
namespace {

constexpr int kControlPriority = 6;
constexpr int kReceiveBuffer = 256 * 1024;

}  // namespace

Result<std::shared_ptr<HeartbeatPort>> HeartbeatPort::open(runtime::EventLoop& loop, const std::string& interface,
                                                           std::uint16_t port, IpFamily family) {
  const bool v4 = family == IpFamily::kIpv4;
  const std::string what = "heartbeat port " + std::to_string(port) + " on " + interface;
  Result<Socket> socket = Socket::open(v4 ? AF_INET : AF_INET6, SOCK_DGRAM, 0, what);
  if (!socket.ok()) return socket.error();
  if (!interface.empty()) HF_RETURN_IF_ERROR(socket->bind_to_interface(interface));
  (void)socket->set(SOL_SOCKET, SO_PRIORITY, kControlPriority, "SO_PRIORITY");
  (void)socket->set(SOL_SOCKET, SO_RCVBUF, kReceiveBuffer, "SO_RCVBUF");
  if (v4) {
    (void)socket->set(IPPROTO_IP, IP_TOS, proto::vrrp::kTrafficClass, "IP_TOS");
  } else {
    HF_RETURN_IF_ERROR(socket->set(IPPROTO_IPV6, IPV6_V6ONLY, 1, "IPV6_V6ONLY"));
    (void)socket->set(IPPROTO_IPV6, IPV6_TCLASS, proto::vrrp::kTrafficClass, "IPV6_TCLASS");
  }
  const KernelAddress own = to_kernel(v4 ? IpAddress{} : IpAddress::v6({}), port, 0);
  if (::bind(socket->fd(), own.raw(), own.length) != 0) return socket_error(errno, what);
  std::shared_ptr<HeartbeatPort> out(new HeartbeatPort(loop, ::if_nametoindex(interface.c_str()), std::move(*socket)));
  HF_RETURN_IF_ERROR(loop.poller().add(out->socket_.fd(), *out));
  return out;
}

HeartbeatPort::HeartbeatPort(runtime::EventLoop& loop, std::uint32_t interface_index, Socket socket)
    : loop_(loop), interface_index_(interface_index), socket_(std::move(socket)) {}

HeartbeatPort::~HeartbeatPort() {
  HF_ASSERT(subscribers_.empty());
  loop_.forget(*this);
  loop_.poller().remove(socket_.fd(), *this);
}

void HeartbeatPort::subscribe(std::uint8_t router_id, Subscriber& subscriber) {
  subscribers_.emplace_back(router_id, &subscriber);
}

void HeartbeatPort::unsubscribe(Subscriber& subscriber) {
  std::erase_if(subscribers_, [&](const auto& one) { return one.second == &subscriber; });
}

Result<void> HeartbeatPort::send(ByteView datagram, const IpEndpoint& to) {
  const KernelAddress kernel = to_kernel(to.address, to.port, to.address.is_link_local() ? interface_index_ : 0);
  const ssize_t sent = ::sendto(socket_.fd(), datagram.data(), datagram.size(), MSG_DONTWAIT | MSG_NOSIGNAL,
                                kernel.raw(), kernel.length);
  if (sent < 0) return socket_error(errno, "send a heartbeat to " + to.address.to_string());
  return {};
}

void HeartbeatPort::on_ready(std::uint32_t /*readiness*/) {
  for (int i = 0; i < kMostPerTurn; ++i) {
    KernelAddress from;
    const ssize_t got =
        ::recvfrom(socket_.fd(), buffer_.data(), buffer_.size(), MSG_DONTWAIT, from.raw(), &from.length);
    if (got < 0 && errno == EAGAIN) return;
    if (got >= 0) hand_over(from_kernel(from), ByteView(buffer_.data(), static_cast<std::size_t>(got)));
  }
  loop_.ready_next_turn(*this, runtime::kReadable);
}

void HeartbeatPort::hand_over(const IpEndpoint& from, ByteView datagram) {
  const std::optional<std::uint8_t> claimed = proto::heartbeat::claimed_router_id(datagram);
  for (const auto& [router_id, subscriber] : subscribers_) {
    if (!claimed || *claimed == router_id) subscriber->on_datagram(from, datagram);
  }
}

Result<std::shared_ptr<HeartbeatPort>> HeartbeatPorts::get(runtime::EventLoop& loop, const std::string& interface,
                                                           std::uint16_t port, IpFamily family) {
  std::uint32_t index = 0;
  if (!interface.empty()) {
    index = ::if_nametoindex(interface.c_str());
    if (index == 0) return Error{ErrorCode::kNotFound, "heartbeat: there is no interface " + interface};
  }
  std::erase_if(ports_, [](const auto& entry) { return entry.second.expired(); });
  const Key key{interface, index, port, family};
  if (const auto found = ports_.find(key); found != ports_.end()) return found->second.lock();
  Result<std::shared_ptr<HeartbeatPort>> opened = HeartbeatPort::open(loop, interface, port, family);
  if (opened.ok()) ports_.insert_or_assign(key, *opened);
  return opened;
}

}  // namespace hf::vip::router
