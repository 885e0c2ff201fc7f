#include "guardian/bind_request.h"

#include <cerrno>
#include <chrono>
#include <cstring>

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace hf::guardian {

namespace {

constexpr std::chrono::milliseconds kPatience{1000};
constexpr std::size_t kAnswerHead = 6;  // number, bound, code
constexpr std::size_t kLongestReason = kLongestBindMessage - kAnswerHead;

void append_number(std::string& out, std::uint32_t number) {
  out.append(reinterpret_cast<const char*>(&number), sizeof number);
}

std::uint32_t number_of(std::string_view bytes) {
  std::uint32_t number = 0;
  std::memcpy(&number, bytes.data(), sizeof number);
  return number;
}

Result<void> send_with_socket(int broker_fd, const std::string& bytes, int fd) {
  iovec part{const_cast<char*>(bytes.data()), bytes.size()};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof fd)] = {};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  cmsghdr* rights = CMSG_FIRSTHDR(&message);
  rights->cmsg_level = SOL_SOCKET;
  rights->cmsg_type = SCM_RIGHTS;
  rights->cmsg_len = CMSG_LEN(sizeof fd);
  std::memcpy(CMSG_DATA(rights), &fd, sizeof fd);
  for (;;) {
    if (::sendmsg(broker_fd, &message, MSG_NOSIGNAL) >= 0) return {};
    if (errno != EINTR) return system_error(errno, "asking the guardian");
  }
}

/// The answer to question `number`; older ones, that came too late, are skipped.
Result<BindAnswer> await_answer(int broker_fd, std::uint32_t number) {
  const auto until = std::chrono::steady_clock::now() + kPatience;
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
    pollfd wait{broker_fd, POLLIN, 0};
    const int ready = left.count() > 0 ? ::poll(&wait, 1, static_cast<int>(left.count())) : 0;
    if (ready < 0 && errno != EINTR) return system_error(errno, "waiting for the guardian");
    if (ready < 0) continue;
    if (ready == 0) return Error{ErrorCode::kTimeout, "the guardian gave no answer within a second"};
    char buffer[kLongestBindMessage];
    const ssize_t n = ::recv(broker_fd, buffer, sizeof buffer, MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) continue;
    if (n < 0) return system_error(errno, "waiting for the guardian");
    if (n == 0) return Error{ErrorCode::kClosed, "there is no guardian any more"};
    std::optional<BindAnswer> answer = decode_bind_answer({buffer, static_cast<std::size_t>(n)});
    if (!answer) return Error{ErrorCode::kProtocol, "the guardian's answer cannot be read"};
    if (answer->number == number) return std::move(*answer);
  }
}

Result<void> ask(int broker_fd, const net::Address& address, int fd) {
  const BindRequest request{static_cast<std::uint32_t>(std::chrono::steady_clock::now().time_since_epoch().count()),
                            address};
  HF_RETURN_IF_ERROR(send_with_socket(broker_fd, encode(request), fd));
  Result<BindAnswer> answer = await_answer(broker_fd, request.number);
  if (!answer.ok()) return std::move(answer).error();
  if (!answer->bound) return Error{answer->code, answer->reason};
  const Result<net::Address> bound = net::Address::local_of(fd);  // a socket that is not bound would listen on any port
  if (!bound.ok() || bound->port() == 0) {
    return Error{ErrorCode::kProtocol, "the guardian said it was bound, the kernel does not"};
  }
  return net::Listener::start_listening(fd, address);
}

}  // namespace

std::string encode(const BindRequest& request) {
  std::string bytes;
  append_number(bytes, request.number);
  bytes.append(reinterpret_cast<const char*>(request.address.raw()), request.address.length());
  return bytes;
}

std::string encode(const BindAnswer& answer) {
  std::string bytes;
  append_number(bytes, answer.number);
  bytes += static_cast<char>(answer.bound);
  bytes += static_cast<char>(answer.code);
  bytes.append(answer.reason, 0, kLongestReason);
  return bytes;
}

std::optional<BindRequest> decode_bind_request(std::string_view bytes) {
  sockaddr_storage storage{};
  const std::size_t length = bytes.size() < sizeof(std::uint32_t) ? 0 : bytes.size() - sizeof(std::uint32_t);
  if (length < sizeof storage.ss_family || length > sizeof storage) return std::nullopt;
  std::memcpy(&storage, bytes.data() + sizeof(std::uint32_t), length);
  const bool v4 = storage.ss_family == AF_INET && length == sizeof(sockaddr_in);
  const bool v6 = storage.ss_family == AF_INET6 && length == sizeof(sockaddr_in6);
  if (!v4 && !v6) return std::nullopt;
  return BindRequest{number_of(bytes),
                     net::Address(reinterpret_cast<const sockaddr*>(&storage), static_cast<socklen_t>(length))};
}

std::optional<BindAnswer> decode_bind_answer(std::string_view bytes) {
  if (bytes.size() < kAnswerHead || static_cast<unsigned char>(bytes[4]) > 1) return std::nullopt;
  if (static_cast<unsigned char>(bytes[5]) > static_cast<unsigned char>(ErrorCode::kSystem)) return std::nullopt;
  return BindAnswer{number_of(bytes), bytes[4] == 1, static_cast<ErrorCode>(bytes[5]),
                    std::string(bytes.substr(kAnswerHead))};
}

Result<std::pair<int, int>> make_bind_sockets() {
  int fds[2] = {-1, -1};
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds) != 0) {
    return system_error(errno, "socketpair");
  }
  return std::pair<int, int>{fds[0], fds[1]};
}

Result<int> bind_by_guardian(int broker_fd, const net::Address& address, net::PortSharing sharing,
                             net::Presence presence) {
  if (address.family() != AF_INET && address.family() != AF_INET6) {
    return Error{ErrorCode::kUnsupported, address.to_string() + ": the guardian binds TCP ports only"};
  }
  Result<int> fd = net::Listener::make_socket(address, sharing, presence);
  if (!fd.ok()) return fd;
  Result<void> done = ask(broker_fd, address, *fd);
  if (done.ok()) return fd;
  ::close(*fd);
  return Error{done.error().code, done.error().context + " (" + address.to_string() + ", bound through the guardian)"};
}

}  // namespace hf::guardian
