#include "vip/router/vrrp_socket.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <linux/filter.h>
#include <netinet/in.h>
#include <sys/socket.h>

namespace hf::vip::router {
namespace {

using proto::vrrp::Arrival;
using proto::vrrp::Decoded;
using proto::vrrp::Received;
using proto::vrrp::Refusal;
using proto::vrrp::Refused;

constexpr int kControlPriority = 6;  // TC_PRIO_INTERACTIVE, the highest that any process may set
constexpr int kReceiveBuffer = 256 * 1024;

Result<void> attach(Socket& socket, sock_filter* code, std::size_t length) {
  const sock_fprog program{.len = static_cast<unsigned short>(length), .filter = code};
  return socket.set_bytes(SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program, "VRRP filter");
}

/// The same for messages behind an authentication header, which may also be of something else than VRRP.
Result<void> filter_authenticated_router(Socket& socket, std::uint8_t router_id) {
  constexpr auto kRouterId = static_cast<std::uint32_t>(proto::vrrp::kAuthenticationHeaderSize + 1);
  sock_filter code[] = {
      BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, 0),  // X: length of the IP header
      BPF_STMT(BPF_LD | BPF_W | BPF_LEN, 0),
      BPF_STMT(BPF_ALU | BPF_SUB | BPF_K, kRouterId + 1),
      BPF_JUMP(BPF_JMP | BPF_JGE | BPF_X, 0, 0, 4),
      BPF_STMT(BPF_LD | BPF_B | BPF_IND, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, proto::vrrp::kProtocol, 0, 3),
      BPF_STMT(BPF_LD | BPF_B | BPF_IND, kRouterId),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, router_id, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, 0xFFFF),
      BPF_STMT(BPF_RET | BPF_K, 0),
  };
  return attach(socket, code, std::size(code));
}

/// Lets only our router's messages through; those too short to tell pass. An IPv4 socket's filter sees the IP header
/// first, an IPv6 one's the message.
Result<void> filter_router(Socket& socket, IpFamily family, std::uint8_t router_id) {
  if (family == IpFamily::kIpv4) {
    sock_filter code[] = {
        BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, 0),  // X: length of the IP header
        BPF_STMT(BPF_LD | BPF_W | BPF_LEN, 0),
        BPF_STMT(BPF_ALU | BPF_SUB | BPF_K, 2),
        BPF_JUMP(BPF_JMP | BPF_JGE | BPF_X, 0, 0, 2),
        BPF_STMT(BPF_LD | BPF_B | BPF_IND, 1),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, router_id, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, 0xFFFF),
        BPF_STMT(BPF_RET | BPF_K, 0),
    };
    return attach(socket, code, std::size(code));
  }
  sock_filter code[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_LEN, 0), BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 2, 0, 2),
      BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 1), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, router_id, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, 0xFFFF),     BPF_STMT(BPF_RET | BPF_K, 0),
  };
  return attach(socket, code, std::size(code));
}

Result<void> set_up_ipv4(Socket& socket, const VrrpSocket::Options& options) {
  HF_RETURN_IF_ERROR(socket.set(IPPROTO_IP, IP_HDRINCL, 1, "IP_HDRINCL"));
  HF_RETURN_IF_ERROR(socket.set(IPPROTO_IP, IP_MULTICAST_LOOP, 0, "IP_MULTICAST_LOOP"));
  HF_RETURN_IF_ERROR(socket.set(IPPROTO_IP, IP_MULTICAST_ALL, 0, "IP_MULTICAST_ALL"));
  ip_mreqn request{};
  request.imr_ifindex = static_cast<int>(options.interface_index);
  HF_RETURN_IF_ERROR(socket.set_bytes(IPPROTO_IP, IP_MULTICAST_IF, &request, sizeof request, "IP_MULTICAST_IF"));
  if (!options.multicast_group) return {};
  std::memcpy(&request.imr_multiaddr, options.multicast_group->bytes().data(), sizeof request.imr_multiaddr);
  return socket.set_bytes(IPPROTO_IP, IP_ADD_MEMBERSHIP, &request, sizeof request,
                          "join " + options.multicast_group->to_string() + " on " + options.interface);
}

Result<void> set_up_ipv6(Socket& socket, const VrrpSocket::Options& options) {
  const int index = static_cast<int>(options.interface_index);
  HF_RETURN_IF_ERROR(socket.set(IPPROTO_IPV6, IPV6_HDRINCL, 1, "IPV6_HDRINCL"));
  HF_RETURN_IF_ERROR(socket.set(IPPROTO_IPV6, IPV6_RECVHOPLIMIT, 1, "IPV6_RECVHOPLIMIT"));
  HF_RETURN_IF_ERROR(socket.set(IPPROTO_IPV6, IPV6_RECVPKTINFO, 1, "IPV6_RECVPKTINFO"));
  HF_RETURN_IF_ERROR(socket.set(IPPROTO_IPV6, IPV6_MULTICAST_LOOP, 0, "IPV6_MULTICAST_LOOP"));
  HF_RETURN_IF_ERROR(socket.set(IPPROTO_IPV6, IPV6_MULTICAST_ALL, 0, "IPV6_MULTICAST_ALL"));
  HF_RETURN_IF_ERROR(socket.set(IPPROTO_IPV6, IPV6_MULTICAST_IF, index, "IPV6_MULTICAST_IF"));
  if (!options.multicast_group) return {};
  ipv6_mreq request{};
  request.ipv6mr_interface = options.interface_index;
  std::memcpy(&request.ipv6mr_multiaddr, options.multicast_group->bytes().data(), sizeof request.ipv6mr_multiaddr);
  return socket.set_bytes(IPPROTO_IPV6, IPV6_ADD_MEMBERSHIP, &request, sizeof request,
                          "join " + options.multicast_group->to_string() + " on " + options.interface);
}

/// What an IPv6 socket tells about a message beside it.
Arrival read_arrival(msghdr& header, const KernelAddress& from) {
  Arrival out;
  out.source = from_kernel(from).address;
  for (cmsghdr* one = CMSG_FIRSTHDR(&header); one != nullptr; one = CMSG_NXTHDR(&header, one)) {
    if (one->cmsg_level != IPPROTO_IPV6) continue;
    if (one->cmsg_type == IPV6_HOPLIMIT) {
      int hops = 0;
      std::memcpy(&hops, CMSG_DATA(one), sizeof hops);
      out.ttl = static_cast<std::uint8_t>(std::clamp(hops, 0, 255));
    }
    if (one->cmsg_type == IPV6_PKTINFO) {
      in6_pktinfo info{};
      std::memcpy(&info, CMSG_DATA(one), sizeof info);
      out.destination = *IpAddress::from_bytes({reinterpret_cast<const char*>(&info.ipi6_addr), sizeof info.ipi6_addr});
    }
  }
  return out;
}

}  // namespace

Result<std::unique_ptr<VrrpSocket>> VrrpSocket::open(runtime::EventLoop& loop, Options options, Listener listener) {
  const bool v4 = options.family == IpFamily::kIpv4;
  if (options.multicast_group && options.multicast_group->family() != options.family) {
    return Error{ErrorCode::kInvalidArgument, "VRRP: the multicast group is of another family than the addresses"};
  }
  const bool authenticated = options.authentication_header.has_value();
  if (authenticated && (!v4 || options.authentication_header->sequence == nullptr)) {
    return Error{ErrorCode::kInvalidArgument, "VRRP: the authentication header needs IPv4 and a sequence"};
  }
  const int protocol = authenticated ? proto::vrrp::kAuthenticationHeaderProtocol : proto::vrrp::kProtocol;
  Result<Socket> socket =
      Socket::open(v4 ? AF_INET : AF_INET6, SOCK_RAW, protocol, "raw socket for VRRP on " + options.interface);
  if (!socket.ok()) return socket.error();
  // First what lets less in, so that nothing of others waits in the socket.
  HF_RETURN_IF_ERROR(authenticated ? filter_authenticated_router(*socket, options.router_id)
                                   : filter_router(*socket, options.family, options.router_id));
  HF_RETURN_IF_ERROR(socket->bind_to_interface(options.interface));
  HF_RETURN_IF_ERROR(socket->set(SOL_SOCKET, SO_PRIORITY, kControlPriority, "SO_PRIORITY"));
  (void)socket->set(SOL_SOCKET, SO_RCVBUF, kReceiveBuffer, "SO_RCVBUF");
  HF_RETURN_IF_ERROR(v4 ? set_up_ipv4(*socket, options) : set_up_ipv6(*socket, options));
  std::unique_ptr<VrrpSocket> out(new VrrpSocket(loop, std::move(options), std::move(listener), std::move(*socket)));
  HF_RETURN_IF_ERROR(loop.poller().add(out->socket_.fd(), *out));
  return out;
}

VrrpSocket::VrrpSocket(runtime::EventLoop& loop, Options options, Listener listener, Socket socket)
    : loop_(loop), options_(std::move(options)), listener_(std::move(listener)), socket_(std::move(socket)) {}

VrrpSocket::~VrrpSocket() {
  loop_.forget(*this);
  loop_.poller().remove(socket_.fd(), *this);
}

Result<void> VrrpSocket::send(const proto::vrrp::Advertisement& advertisement, const IpAddress& source,
                              const IpAddress& destination, proto::vrrp::ChecksumDialect dialect) {
  const proto::vrrp::Route route{source, destination};
  const auto& header = options_.authentication_header;
  const Result<std::string> packet =
      header ? proto::vrrp::encode_authenticated(advertisement, route, header->password, header->sequence->current())
             : proto::vrrp::encode_packet(advertisement, route, dialect);
  if (!packet.ok()) return packet.error();
  sent_from_ = source;
  const KernelAddress to = to_kernel(destination, 0, options_.interface_index);
  const ssize_t sent = ::sendto(socket_.fd(), packet->data(), packet->size(), MSG_DONTWAIT, to.raw(), to.length);
  if (sent < 0) { return socket_error(errno, "send VRRP to " + destination.to_string() + " on " + options_.interface); }
  return {};
}

void VrrpSocket::on_ready(std::uint32_t /*readiness*/) {
  for (int i = 0; i < kMostPerTurn; ++i) {
    if (!receive_one()) return;
  }
  loop_.ready_next_turn(*this, runtime::kReadable);
}

bool VrrpSocket::receive_one() {
  KernelAddress from;
  alignas(cmsghdr) std::array<char, 256> control{};
  iovec part{.iov_base = buffer_.data(), .iov_len = buffer_.size()};
  msghdr header{};
  header.msg_name = from.raw();
  header.msg_namelen = from.length;
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  header.msg_control = control.data();
  header.msg_controllen = control.size();
  const ssize_t got = ::recvmsg(socket_.fd(), &header, MSG_DONTWAIT);
  // Other errors (the interface went down) are told once each; what waits behind them is still read.
  if (got < 0) return errno != EAGAIN;
  const ByteView bytes(buffer_.data(), static_cast<std::size_t>(got));
  const IpAddress source = from_kernel(from).address;
  if (sent_from_ == source || !listener_.received) return true;
  if ((header.msg_flags & MSG_TRUNC) != 0) {
    hand_over(Refused{.reason = Refusal::kLength, .vrid = options_.router_id}, source);
    return true;
  }
  if (options_.authentication_header) {
    hand_over(decode_authenticated(bytes), source);
    return true;
  }
  const bool v4 = options_.family == IpFamily::kIpv4;
  hand_over(v4 ? proto::vrrp::decode_packet(bytes, options_.rules)
               : proto::vrrp::decode(bytes, read_arrival(header, from), options_.rules),
            source);
  return true;
}

Decoded VrrpSocket::decode_authenticated(ByteView packet) {
  const auto& header = *options_.authentication_header;
  const auto decoded = proto::vrrp::decode_authenticated(packet, header.password, options_.rules);
  if (const auto* refused = std::get_if<Refused>(&decoded)) return *refused;
  const auto& authenticated = std::get<proto::vrrp::Authenticated>(decoded);
  const std::uint8_t vrid = authenticated.received.advertisement.vrid;
  const bool ours = vrid == options_.router_id;  // others count for themselves
  if (ours && !header.sequence->accept(authenticated.sequence)) {
    return Refused{.reason = Refusal::kAhSequence, .vrid = vrid};
  }
  return authenticated.received;
}

void VrrpSocket::hand_over(const Decoded& decoded, const IpAddress& source) {
  if (const auto* received = std::get_if<Received>(&decoded)) {
    const bool to_us = options_.multicast_group || !received->destination.is_multicast();
    const bool ours = to_us && received->advertisement.vrid == options_.router_id;
    if (!ours) return;
    const bool claims = received->advertisement.auth.type == proto::vrrp::AuthType::kAuthenticationHeader;
    if (claims && !options_.authentication_header) {
      return hand_over(Refused{.reason = Refusal::kAuthType, .vrid = options_.router_id}, source);
    }
    listener_.received(*received);
    return;
  }
  const Refused& refused = std::get<Refused>(decoded);
  const bool maybe_ours = refused.vrid.value_or(options_.router_id) == options_.router_id;
  if (maybe_ours && listener_.refused) listener_.refused(refused, source);
}

}  // namespace hf::vip::router
