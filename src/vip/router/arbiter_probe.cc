#include "vip/router/arbiter_probe.h"

#include <array>
#include <cerrno>
#include <cstdint>

#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "proto/vrrp/internet_checksum.h"
#include "proto/vrrp/ip_header.h"
#include "vip/router/neighbour_socket.h"
#include "vip/router/socket.h"

namespace hf::vip::router {
namespace {

std::uint32_t scope_of(const IpAddress& address, const ArbiterProbe::From& from) {
  return address.is_link_local() ? from.interface_index : 0;
}

/// From the own address, where it is of the target's family, to the target.
Result<void> connect_from(Socket& socket, const ArbiterProbe::From& from, const IpEndpoint& to) {
  if (from.address.family() == to.address.family() && !from.address.is_unspecified()) {
    const KernelAddress own = to_kernel(from.address, 0, scope_of(from.address, from));
    (void)socket.set(IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1, "IP_BIND_ADDRESS_NO_PORT");
    if (::bind(socket.fd(), own.raw(), own.length) != 0) {
      return socket_error(errno, "ask from " + from.address.to_string());
    }
  }
  const KernelAddress target = to_kernel(to.address, to.port, scope_of(to.address, from));
  if (::connect(socket.fd(), target.raw(), target.length) == 0 || errno == EINPROGRESS) return {};
  return socket_error(errno, "ask " + to.address.to_string());
}

int domain_of(const IpAddress& address) { return address.is_v4() ? AF_INET : AF_INET6; }

class ArpProbe final : public ArbiterProbe {
 public:
  static Result<std::unique_ptr<ArbiterProbe>> make(runtime::EventLoop& loop, const IpAddress& target, const From& from,
                                                    std::function<void()> answered) {
    std::unique_ptr<ArpProbe> out(new ArpProbe(target, from, std::move(answered)));
    auto socket =
        NeighbourSocket::open(loop, from.interface_index, from.mac, {target},
                              [probe = out.get()](const NeighbourSocket::Claim& claim) { probe->heard(claim); });
    if (!socket.ok()) return socket.error();
    out->socket_ = std::move(*socket);
    return std::unique_ptr<ArbiterProbe>(std::move(out));
  }
  Result<void> ask() override {
    asking_ = true;
    return socket_->ask(from_.address, target_);
  }
  void give_up() override { asking_ = false; }

 private:
  ArpProbe(const IpAddress& target, const From& from, std::function<void()> answered)
      : target_(target), from_(from), answered_(std::move(answered)) {}
  void heard(const NeighbourSocket::Claim& claim) {
    // Whatever the target says with its address shows that it lives.
    if (!asking_ || claim.kind != proto::arp::Claim::kHolds) return;
    asking_ = false;
    answered_();
  }

  IpAddress target_;
  From from_;
  std::function<void()> answered_;
  std::unique_ptr<NeighbourSocket> socket_;
  bool asking_ = false;
};

/// ICMP echo. A socket per question, connected, so that the kernel hands over nothing but the target's replies: one
/// that was connected can neither be bound to another own address nor be disconnected and still hear.
class IcmpProbe final : public ArbiterProbe, private runtime::IoHandler {
 public:
  static Result<std::unique_ptr<ArbiterProbe>> make(runtime::EventLoop& loop, const IpAddress& target, const From& from,
                                                    std::function<void()> answered) {
    std::unique_ptr<IcmpProbe> out(new IcmpProbe(loop, target, from, std::move(answered)));
    HF_RETURN_IF_ERROR(out->open_socket());  // to know now whether it may
    return std::unique_ptr<ArbiterProbe>(std::move(out));
  }
  ~IcmpProbe() override { close(); }
  IcmpProbe(const IcmpProbe&) = delete;
  IcmpProbe& operator=(const IcmpProbe&) = delete;

  Result<void> ask() override {
    close();
    HF_RETURN_IF_ERROR(open_socket());
    HF_RETURN_IF_ERROR(connect_from(socket_, from_, {target_, 0}));
    HF_RETURN_IF_ERROR(loop_.poller().add(socket_.fd(), *this));
    watched_ = true;
    ++sequence_;
    const std::string request = echo(target_.is_v4() ? 8 : 128);
    if (::send(socket_.fd(), request.data(), request.size(), MSG_DONTWAIT) >= 0) return {};
    return socket_error(errno, "ICMP echo to " + target_.to_string());
  }
  void give_up() override { close(); }

 private:
  IcmpProbe(runtime::EventLoop& loop, const IpAddress& target, const From& from, std::function<void()> answered)
      : loop_(loop), target_(target), from_(from), answered_(std::move(answered)) {}

  Result<void> open_socket() {
    Result<Socket> socket =
        Socket::open(domain_of(target_), SOCK_RAW, target_.is_v4() ? int{IPPROTO_ICMP} : int{IPPROTO_ICMPV6},
                     "raw socket for ICMP to " + target_.to_string());
    if (!socket.ok()) return socket.error();
    HF_RETURN_IF_ERROR(only_replies(*socket, target_));
    socket_ = std::move(*socket);
    return {};
  }
  void close() {
    if (watched_) {
      loop_.forget(*this);
      loop_.poller().remove(socket_.fd(), *this);
    }
    watched_ = false;
    socket_.close();
  }

  static Result<void> only_replies(Socket& socket, const IpAddress& target) {
    if (target.is_v4()) {
      constexpr int kIcmpFilter = 1;      // ICMP_FILTER, linux/icmp.h
      const std::uint32_t blocked = ~1U;  // all but type 0
      return socket.set_bytes(SOL_RAW, kIcmpFilter, &blocked, sizeof blocked, "ICMP_FILTER");
    }
    icmp6_filter filter{};
    ICMP6_FILTER_SETBLOCKALL(&filter);
    ICMP6_FILTER_SETPASS(ICMP6_ECHO_REPLY, &filter);
    return socket.set_bytes(IPPROTO_ICMPV6, ICMP6_FILTER, &filter, sizeof filter, "ICMP6_FILTER");
  }

  std::string echo(std::uint8_t type) const {
    std::string out;
    proto::vrrp::append_be(out, type, 1);
    proto::vrrp::append_be(out, 0, 3);
    proto::vrrp::append_be(out, identifier_, 2);
    proto::vrrp::append_be(out, sequence_, 2);
    // The kernel fills in ICMPv6's checksum, over a pseudo header that it knows.
    if (target_.is_v4()) proto::vrrp::store_be16(out, 2, proto::vrrp::InternetChecksum().add(out).result());
    return out;
  }

  void on_ready(std::uint32_t /*readiness*/) override {
    for (int i = 0; i < kMostPerTurn; ++i) {
      const ssize_t got = ::recv(socket_.fd(), buffer_.data(), buffer_.size(), MSG_DONTWAIT);
      if (got < 0 && errno == EAGAIN) return;
      if (got > 0 && is_reply(ByteView(buffer_.data(), static_cast<std::size_t>(got)))) {
        close();
        return answered_();
      }
    }
    loop_.ready_next_turn(*this, runtime::kReadable);
  }

  bool is_reply(ByteView message) const {
    if (target_.is_v4()) {
      const auto packet = proto::vrrp::decode_ip(message);
      if (!packet.ok()) return false;
      message = packet->payload;
    }
    if (message.size() < 8 || byte_at(message, 0) != (target_.is_v4() ? 0 : 129)) return false;
    return proto::vrrp::load_be(message, 4, 2) == identifier_ && proto::vrrp::load_be(message, 6, 2) == sequence_;
  }

  static constexpr int kMostPerTurn = 64;
  runtime::EventLoop& loop_;
  IpAddress target_;
  From from_;
  std::function<void()> answered_;
  Socket socket_;
  // Differs from that of another probe alive, as far as 16 bits can. Were it the same, a reply to the other is a reply.
  std::uint16_t identifier_ = static_cast<std::uint16_t>(reinterpret_cast<std::uintptr_t>(this) >> 6);
  std::uint16_t sequence_ = 0;
  bool watched_ = false;
  std::array<char, 2048> buffer_{};
};

/// TCP connect, or one UDP datagram: a socket per question, which a late answer cannot outlive.
class ConnectProbe final : public ArbiterProbe, private runtime::IoHandler {
 public:
  ConnectProbe(runtime::EventLoop& loop, const ArbiterTarget& target, const From& from, std::function<void()> answered)
      : loop_(loop), target_(target), from_(from), answered_(std::move(answered)) {}
  ~ConnectProbe() override { close(); }
  ConnectProbe(const ConnectProbe&) = delete;
  ConnectProbe& operator=(const ConnectProbe&) = delete;

  Result<void> ask() override {
    close();
    const bool tcp = target_.kind == ArbiterKind::kTcp;
    Result<Socket> socket = Socket::open(domain_of(target_.endpoint.address), tcp ? SOCK_STREAM : SOCK_DGRAM, 0,
                                         "ask " + target_.endpoint.address.to_string());
    if (!socket.ok()) return socket.error();
    socket_ = std::move(*socket);
    if (tcp) {
      const linger at_once{.l_onoff = 1, .l_linger = 0};  // no connection is left behind in TIME_WAIT
      (void)socket_.set_bytes(SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once, "SO_LINGER");
    }
    const Result<void> connected = connect_from(socket_, from_, target_.endpoint);
    if (!connected.ok()) return refused_at_once(connected);
    HF_RETURN_IF_ERROR(loop_.poller().add(socket_.fd(), *this));
    watched_ = true;
    if (!tcp && ::send(socket_.fd(), "\n", 1, MSG_DONTWAIT | MSG_NOSIGNAL) < 0) {
      return socket_error(errno, "ask " + target_.endpoint.address.to_string());
    }
    return {};
  }
  void give_up() override { close(); }

 private:
  /// As connect() on this very machine.
  Result<void> refused_at_once(const Result<void>& connected) {
    if (connected.error().code != ErrorCode::kRefused) return connected;
    answer();
    return {};
  }
  void on_ready(std::uint32_t /*readiness*/) override {
    if (target_.kind == ArbiterKind::kTcp ? tcp_answered() : udp_answered()) answer();
  }
  bool tcp_answered() const {
    int error = 0;
    socklen_t length = sizeof error;
    if (::getsockopt(socket_.fd(), SOL_SOCKET, SO_ERROR, &error, &length) != 0) return false;
    if (error != 0) return error == ECONNREFUSED || error == ECONNRESET;
    KernelAddress peer;
    return ::getpeername(socket_.fd(), peer.raw(), &peer.length) == 0;
  }
  /// A port that is closed is no answer: hosts send "unreachable" once a second at most, so it would come and go.
  bool udp_answered() const {
    char byte = 0;
    return ::recv(socket_.fd(), &byte, 1, MSG_DONTWAIT | MSG_TRUNC) >= 0;
  }
  void answer() {
    close();
    answered_();
  }
  void close() {
    if (watched_) {
      loop_.forget(*this);
      loop_.poller().remove(socket_.fd(), *this);
    }
    watched_ = false;
    socket_.close();
  }

  runtime::EventLoop& loop_;
  ArbiterTarget target_;
  From from_;
  std::function<void()> answered_;
  Socket socket_;
  bool watched_ = false;
};

}  // namespace

Result<std::unique_ptr<ArbiterProbe>> ArbiterProbe::make(runtime::EventLoop& loop, const ArbiterTarget& target,
                                                         const From& from, std::function<void()> answered) {
  switch (target.kind) {
    case ArbiterKind::kArp: return ArpProbe::make(loop, target.endpoint.address, from, std::move(answered));
    case ArbiterKind::kIcmp: return IcmpProbe::make(loop, target.endpoint.address, from, std::move(answered));
    case ArbiterKind::kTcp:
    case ArbiterKind::kUdp: break;
  }
  return std::unique_ptr<ArbiterProbe>(std::make_unique<ConnectProbe>(loop, target, from, std::move(answered)));
}

}  // namespace hf::vip::router
