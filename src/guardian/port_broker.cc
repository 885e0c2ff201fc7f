#include "guardian/port_broker.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <string>

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace hf::guardian {

namespace {

constexpr std::size_t kMostRights = 8;  // sent at once by a gateway that means harm: taken so that they can be closed

int option_of(int fd, int name) {
  int value = -1;
  socklen_t length = sizeof value;
  return ::getsockopt(fd, SOL_SOCKET, name, &value, &length) == 0 ? value : -1;
}

Result<void> check_socket(int fd, const net::Address& address) {
  const bool tcp = option_of(fd, SO_TYPE) == SOCK_STREAM && option_of(fd, SO_PROTOCOL) == IPPROTO_TCP;
  if (!tcp || option_of(fd, SO_DOMAIN) != address.family()) {
    return Error{ErrorCode::kInvalidArgument, "not a TCP socket of the address's family"};
  }
  const Result<net::Address> local = net::Address::local_of(fd);
  if (!local.ok() || local->port() != 0 || option_of(fd, SO_ACCEPTCONN) != 0) {
    return Error{ErrorCode::kInvalidArgument, "the socket is in use already"};
  }
  return {};
}

Result<void> bind_for_gateway(int fd, const net::Address& address) {
  HF_RETURN_IF_ERROR(check_socket(fd, address));
  return net::Listener::bind_socket(fd, address);
}

/// The last reference may be ours: closing must not wait for what a peer has not taken.
void close_received(int fd) {
  const linger none{.l_onoff = 0, .l_linger = 0};
  ::setsockopt(fd, SOL_SOCKET, SO_LINGER, &none, sizeof none);
  ::close(fd);
}

}  // namespace

/// One datagram with the file descriptors that came along, which are closed with it.
class PortBroker::Question {
 public:
  Question() = default;
  Question(const Question&) = delete;
  Question& operator=(const Question&) = delete;
  ~Question() {
    for (std::size_t i = 0; i < count_; ++i) close_received(rights_[i]);
  }

  /// As recvmsg.
  ssize_t receive(int from) {
    iovec part{bytes_.data(), bytes_.size()};
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int) * kMostRights)];
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    const ssize_t n = ::recvmsg(from, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    if (n < 0) return n;
    size_ = (message.msg_flags & MSG_TRUNC) != 0 ? 0 : static_cast<std::size_t>(n);
    for (cmsghdr* each = CMSG_FIRSTHDR(&message); each != nullptr; each = CMSG_NXTHDR(&message, each)) {
      if (each->cmsg_level == SOL_SOCKET && each->cmsg_type == SCM_RIGHTS) take(*each);
    }
    return n;
  }

  BindAnswer answer() const {
    const std::optional<BindRequest> request = decode_bind_request({bytes_.data(), size_});
    if (!request || count_ != 1) return {0, false, ErrorCode::kProtocol, "the question cannot be read"};
    const Result<void> bound = bind_for_gateway(rights_[0], request->address);
    if (bound.ok()) return {request->number, true, ErrorCode::kSystem, ""};
    return {request->number, false, bound.error().code, bound.error().context};
  }

 private:
  void take(const cmsghdr& rights) {
    const std::size_t sent = (rights.cmsg_len - CMSG_LEN(0)) / sizeof(int);
    const unsigned char* from = CMSG_DATA(const_cast<cmsghdr*>(&rights));
    for (std::size_t i = 0; i < sent && count_ < kMostRights; ++i) {
      std::memcpy(&rights_[count_++], from + i * sizeof(int), sizeof(int));
    }
  }

  std::array<char, kLongestBindMessage> bytes_{};
  std::size_t size_ = 0;
  std::array<int, kMostRights> rights_{};
  std::size_t count_ = 0;
};

Result<std::unique_ptr<PortBroker>> PortBroker::open(runtime::EventLoop& loop, int fd) {
  std::unique_ptr<PortBroker> broker(new PortBroker(loop, fd));
  HF_RETURN_IF_ERROR(loop.poller().add(fd, *broker));
  return broker;
}

PortBroker::~PortBroker() { close(); }

void PortBroker::close() {
  if (fd_ < 0) return;
  loop_.poller().remove(fd_, *this);
  loop_.forget(*this);
  ::close(fd_);
  fd_ = -1;
}

void PortBroker::on_ready(std::uint32_t /*readiness*/) {
  for (int i = 0; i < kMostPerTurn; ++i) {
    if (!answer_one()) return;
  }
  loop_.ready_next_turn(*this, runtime::kReadable);
}

/// False: nothing more waits.
bool PortBroker::answer_one() {
  Question question;
  const ssize_t n = question.receive(fd_);
  if (n < 0 && errno == EINTR) return true;
  if (n < 0 && errno == EAGAIN) return false;
  if (n <= 0) {
    close();
    return false;
  }
  const std::string answer = encode(question.answer());
  (void)::send(fd_, answer.data(), answer.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  return true;
}

}  // namespace hf::guardian
