#include "vip/router/netlink_requests.h"

#include <algorithm>
#include <cerrno>
#include <ctime>

#include <linux/netlink.h>
#include <poll.h>
#include <sys/socket.h>

namespace hf::vip::router {
namespace {

using namespace proto::netlink;  // NOLINT(google-build-using-namespace)

// The kernel's clock and not the loop's: the wait is a real one, inside one turn.
std::int64_t monotonic_nanos() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1'000'000'000LL + now.tv_nsec;
}

Error silent() { return Error{ErrorCode::kTimeout, "netlink: the kernel did not answer"}; }

}  // namespace

Result<ByteView> receive_netlink(const Socket& socket, char* buffer, std::size_t size) {
  sockaddr_nl from{};
  iovec part{.iov_base = buffer, .iov_len = size};
  msghdr header{};
  header.msg_name = &from;
  header.msg_namelen = sizeof from;
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  const ssize_t got = ::recvmsg(socket.fd(), &header, 0);
  if (got < 0 && errno == EAGAIN) return Error{ErrorCode::kTimeout, "netlink: nothing there"};
  if (got < 0 && errno == EINTR) return ByteView{};
  if (got < 0) return system_error(errno, "netlink: receive");  // ENOBUFS is kExhausted
  if ((header.msg_flags & MSG_TRUNC) != 0) return Error{ErrorCode::kExhausted, "netlink: a datagram was cut off"};
  if (header.msg_namelen != sizeof from || from.nl_pid != 0) return ByteView{};  // not from the kernel
  return ByteView(buffer, static_cast<std::size_t>(got));
}

Result<NetlinkRequests> NetlinkRequests::open(Nanos patience) {
  Result<Socket> socket = Socket::open(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE, "netlink socket for requests");
  if (!socket.ok()) return socket.error();
  const int on = 1;
  // Reasons in words, and answers that do not quote the request. Old kernels do without.
  (void)::setsockopt(socket->fd(), SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof on);
  (void)::setsockopt(socket->fd(), SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof on);
  return NetlinkRequests(std::move(*socket), patience);
}

NetlinkRequests::NetlinkRequests(Socket socket, Nanos patience)
    : socket_(std::move(socket)), patience_(patience), buffer_(new char[kBufferSize]) {}

Result<void> NetlinkRequests::send(const std::string& request) {
  sockaddr_nl kernel{};
  kernel.nl_family = AF_NETLINK;
  const ssize_t sent = ::sendto(socket_.fd(), request.data(), request.size(), MSG_DONTWAIT,
                                reinterpret_cast<const sockaddr*>(&kernel), sizeof kernel);
  if (sent < 0) return socket_error(errno, "netlink: send");
  return {};
}

Result<ByteView> NetlinkRequests::receive(std::int64_t until_nanos) {
  Result<ByteView> got = receive_netlink(socket_, buffer_.get(), kBufferSize);
  if (got.ok() || got.error().code != ErrorCode::kTimeout) return got;
  const std::int64_t left = until_nanos - monotonic_nanos();
  if (left <= 0) return silent();
  pollfd watched{.fd = socket_.fd(), .events = POLLIN, .revents = 0};
  if (::poll(&watched, 1, static_cast<int>((left + 999'999) / 1'000'000)) == 0) return silent();
  return ByteView{};  // look again
}

Result<Acknowledgement> NetlinkRequests::ask(const std::string& request) {
  HF_RETURN_IF_ERROR(send(request));
  const std::int64_t until = monotonic_nanos() + patience_.count();
  for (int i = 0; i < kMostDatagrams; ++i) {
    const Result<ByteView> datagram = receive(until);
    if (!datagram.ok()) return datagram.error();
    const Result<std::vector<Message>> messages = split(*datagram);
    if (!messages.ok()) return messages.error();
    for (const Message& message : *messages) {
      if (message.sequence == sequence_ && message.type == kError) return decode_acknowledgement(message);
    }
  }
  return silent();
}

Result<void> NetlinkRequests::dump(const std::string& request, const std::function<void(const Message&)>& part) {
  HF_RETURN_IF_ERROR(send(request));
  const std::int64_t until = monotonic_nanos() + patience_.count();
  bool interrupted = false;
  for (int i = 0; i < kMostDatagrams; ++i) {
    const Result<ByteView> datagram = receive(until);
    if (!datagram.ok()) return datagram.error();
    const Result<std::vector<Message>> messages = split(*datagram);
    if (!messages.ok()) return messages.error();
    for (const Message& message : *messages) {
      if (message.sequence != sequence_) continue;
      interrupted = interrupted || (message.flags & kFlagDumpInterrupted) != 0;
      if (message.type != kDone && message.type != kError) {
        part(message);
        continue;
      }
      const Result<Acknowledgement> end = decode_acknowledgement(message);
      if (!end.ok()) return end.error();
      if (end->error_number != 0) return socket_error(end->error_number, "netlink: dump");
      if (interrupted) return Error{ErrorCode::kReset, "netlink: the tables changed while they were read"};
      return {};
    }
  }
  return silent();
}

}  // namespace hf::vip::router
