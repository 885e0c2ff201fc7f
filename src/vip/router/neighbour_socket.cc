#include "vip/router/neighbour_socket.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <arpa/inet.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <sys/socket.h>

#include "proto/arp/neighbour_solicitation.h"
#include "vip/router/interface_sysctls.h"

#ifndef PACKET_IGNORE_OUTGOING
#define PACKET_IGNORE_OUTGOING 23  // Linux 4.20
#endif

namespace hf::vip::router {
namespace {

using namespace proto::arp;  // NOLINT(google-build-using-namespace)

constexpr unsigned kIcmpv6 = 58;
constexpr unsigned kEtherTypeOffset = 12;
constexpr unsigned kNextHeaderOffset = 14 + 6;
constexpr unsigned kIcmpv6TypeOffset = 14 + 40;

Result<void> filter_neighbours(Socket& socket) {
  sock_filter code[] = {
      BPF_STMT(BPF_LD | BPF_H | BPF_ABS, kEtherTypeOffset),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, kEtherTypeArp, 6, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, kEtherTypeIpv6, 0, 6),
      BPF_STMT(BPF_LD | BPF_B | BPF_ABS, kNextHeaderOffset),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, kIcmpv6, 0, 4),
      BPF_STMT(BPF_LD | BPF_B | BPF_ABS, kIcmpv6TypeOffset),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 135, 1, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 136, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, 0xFFFF),
      BPF_STMT(BPF_RET | BPF_K, 0),
  };
  const sock_fprog program{.len = static_cast<unsigned short>(std::size(code)), .filter = code};
  return socket.set_bytes(SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program, "neighbour filter");
}

/// The narrowest that has it all: a socket for every protocol is asked about every packet of a busy interface.
std::uint16_t protocol_for(const std::vector<IpAddress>& watched) {
  const auto is_v4 = [](const IpAddress& one) { return one.is_v4(); };
  if (std::all_of(watched.begin(), watched.end(), is_v4)) return ETH_P_ARP;
  return std::none_of(watched.begin(), watched.end(), is_v4) ? ETH_P_IPV6 : ETH_P_ALL;
}

Result<void> join(Socket& socket, std::uint32_t interface_index, const MacAddress& group) {
  packet_mreq request{};
  request.mr_ifindex = static_cast<int>(interface_index);
  request.mr_type = PACKET_MR_MULTICAST;
  request.mr_alen = static_cast<unsigned short>(group.size());
  std::copy(group.begin(), group.end(), std::begin(request.mr_address));
  return socket.set_bytes(SOL_PACKET, PACKET_ADD_MEMBERSHIP, &request, sizeof request, "join an Ethernet group");
}

Result<void> set_up(Socket& socket, std::uint32_t interface_index, const std::vector<IpAddress>& watched) {
  HF_RETURN_IF_ERROR(filter_neighbours(socket));
  const int on = 1;
  (void)::setsockopt(socket.fd(), SOL_PACKET, PACKET_IGNORE_OUTGOING, &on, sizeof on);  // saves work, no more
  for (const IpAddress& address : watched) {
    if (address.is_v4()) continue;
    HF_RETURN_IF_ERROR(join(socket, interface_index, kAllNodesMac));
    HF_RETURN_IF_ERROR(join(socket, interface_index, solicited_node_mac(address)));
  }
  sockaddr_ll own{};
  own.sll_family = AF_PACKET;
  own.sll_protocol = htons(protocol_for(watched));
  own.sll_ifindex = static_cast<int>(interface_index);
  if (::bind(socket.fd(), reinterpret_cast<const sockaddr*>(&own), sizeof own) != 0) {
    return socket_error(errno, "bind the packet socket to interface " + std::to_string(interface_index));
  }
  return {};
}

Result<void> first_error(Result<void> before, Result<void> now) { return before.ok() ? now : before; }

}  // namespace

Result<std::unique_ptr<NeighbourSocket>> NeighbourSocket::open(runtime::EventLoop& loop, std::uint32_t interface_index,
                                                               MacAddress own_mac, std::vector<IpAddress> watched,
                                                               OnClaim on_claim) {
  // Protocol 0: deaf until it is bound, behind its filter.
  Result<Socket> socket = Socket::open(AF_PACKET, SOCK_RAW, 0, "packet socket for ARP and neighbour discovery");
  if (!socket.ok()) return socket.error();
  HF_RETURN_IF_ERROR(set_up(*socket, interface_index, watched));
  std::unique_ptr<NeighbourSocket> out(
      new NeighbourSocket(loop, interface_index, own_mac, std::move(watched), std::move(on_claim), std::move(*socket)));
  HF_RETURN_IF_ERROR(loop.poller().add(out->socket_.fd(), *out));
  return out;
}

NeighbourSocket::NeighbourSocket(runtime::EventLoop& loop, std::uint32_t interface_index, MacAddress own_mac,
                                 std::vector<IpAddress> watched, OnClaim on_claim, Socket socket)
    : loop_(loop),
      interface_index_(interface_index),
      own_mac_(own_mac),
      watched_(std::move(watched)),
      on_claim_(std::move(on_claim)),
      socket_(std::move(socket)) {
  char name[IF_NAMESIZE] = {};
  if (::if_indextoname(interface_index_, name) != nullptr && forwards(name, IpFamily::kIpv6)) {
    router_flag_ = RouterFlag::kRouter;
  }
}

NeighbourSocket::~NeighbourSocket() {
  loop_.forget(*this);
  loop_.poller().remove(socket_.fd(), *this);
}

Result<void> NeighbourSocket::send(const Result<std::string>& frame) {
  if (!frame.ok()) return frame.error();
  if (::send(socket_.fd(), frame->data(), frame->size(), MSG_DONTWAIT) >= 0) return {};
  return socket_error(errno, "send a neighbour frame on interface " + std::to_string(interface_index_));
}

Result<void> NeighbourSocket::announce(std::span<const IpAddress> addresses) {
  Result<void> out;
  for (const IpAddress& address : addresses) {
    out = first_error(
        std::move(out),
        send(address.is_v4() ? encode_arp(gratuitous_request(own_mac_, address))
                             : encode_neighbour(unsolicited_advertisement(own_mac_, address, router_flag_))));
  }
  return out;
}

Result<void> NeighbourSocket::probe(std::span<const IpAddress> addresses) {
  Result<void> out;
  for (const IpAddress& address : addresses) {
    out = first_error(std::move(out), send(address.is_v4() ? encode_arp(proto::arp::probe(own_mac_, address))
                                                           : encode_solicitation(dad_probe(own_mac_, address))));
  }
  return out;
}

Result<void> NeighbourSocket::ask(const IpAddress& sender, const IpAddress& target) {
  if (sender.family() != target.family()) {
    return Error{ErrorCode::kInvalidArgument,
                 "ask for " + target.to_string() + ": the own address is of another family"};
  }
  if (!target.is_v4()) return send(encode_solicitation(solicitation(own_mac_, sender, target)));
  return send(encode_arp({.ethernet_destination = kBroadcastMac,
                          .ethernet_source = own_mac_,
                          .operation = Operation::kRequest,
                          .sender_mac = own_mac_,
                          .sender_ip = sender,
                          .target_mac = kZeroMac,
                          .target_ip = target}));
}

void NeighbourSocket::on_ready(std::uint32_t /*readiness*/) {
  for (int i = 0; i < kMostPerTurn; ++i) {
    const ssize_t got = ::recv(socket_.fd(), buffer_.data(), buffer_.size(), MSG_DONTWAIT);
    if (got < 0 && errno == EAGAIN) return;
    // ENETDOWN is told once when the interface goes down; the socket stays bound to it.
    if (got > 0) take_frame(ByteView(buffer_.data(), static_cast<std::size_t>(got)));
  }
  loop_.ready_next_turn(*this, runtime::kReadable);
}

void NeighbourSocket::take_frame(ByteView frame) {
  if (const auto arp = decode_arp(frame); arp.ok()) {
    for (const IpAddress& address : watched_) {
      if (const auto who = claimant(*arp, address, own_mac_)) tell(address, *who);
    }
  } else if (const auto advertisement = decode_neighbour(frame); advertisement.ok()) {
    for (const IpAddress& address : watched_) {
      if (const auto mac = claimant(*advertisement, address, own_mac_)) {
        tell(address, {proto::arp::Claim::kHolds, *mac});
      }
    }
  } else if (const auto question = decode_solicitation(frame); question.ok()) {
    for (const IpAddress& address : watched_) {
      if (const auto who = claimant(*question, address, own_mac_)) tell(address, *who);
    }
  }
}

void NeighbourSocket::tell(const IpAddress& address, const Claimant& claimant) {
  if (on_claim_) on_claim_(Claim{.address = address, .mac = claimant.mac, .kind = claimant.claim});
}

}  // namespace hf::vip::router
