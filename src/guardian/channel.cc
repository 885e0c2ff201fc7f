#include "guardian/channel.h"

#include <array>
#include <cerrno>

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/assert.h"

namespace hf::guardian {

namespace {

constexpr std::size_t kBufferSize = kLongestMessage + 1;  // one more, to see what is too long
/// What Linux allows everybody (net.core.wmem_max). It doubles this, and a datagram must fit as a whole. On the
/// receiving side a Unix socket counts nothing.
constexpr int kSendBuffer = 212'992;
static_assert(kLongestMessage < 2 * static_cast<std::size_t>(kSendBuffer));

bool would_wait(int error) { return error == EAGAIN; }
/// The kernel is short of memory at the moment.
bool is_shortage(int error) { return error == ENOBUFS || error == ENOMEM; }

void size_buffer(int fd) {
  int size = 0;
  socklen_t length = sizeof size;
  ::setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &kSendBuffer, sizeof kSendBuffer);
  if (::getsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, &length) == 0 && size >= 2 * kSendBuffer) return;
  // An administrator made wmem_max smaller. Without CAP_NET_ADMIN long messages will fail with EMSGSIZE, the others
  // not.
  ::setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &kSendBuffer, sizeof kSendBuffer);
}

/// recv returns 0 both for an empty datagram and when the other side is gone.
bool peer_gone(int fd) {
  pollfd asked{.fd = fd, .events = POLLRDHUP, .revents = 0};
  return ::poll(&asked, 1, 0) != 0;
}

/// 0, or the errno.
int send_datagram(int fd, const std::string& bytes) {
  while (::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT) < 0) {
    if (errno != EINTR) return errno;
  }
  return 0;
}

}  // namespace

Result<std::pair<int, int>> Channel::make_pair() {
  std::array<int, 2> fds{-1, -1};
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds.data()) != 0) {
    return system_error(errno, "the socket between the guardian and a child");
  }
  return std::pair<int, int>{fds[0], fds[1]};
}

Channel::Channel(runtime::EventLoop& loop, int fd, Listener listener)
    : loop_(loop), fd_(fd), callbacks_(std::make_shared<Callbacks>()), buffer_(new char[kBufferSize]) {
  callbacks_->listener = std::move(listener);
  HF_CHECK(::fcntl(fd_, F_SETFD, FD_CLOEXEC) == 0);
  HF_CHECK(::fcntl(fd_, F_SETFL, O_NONBLOCK) == 0);
  size_buffer(fd_);
  HF_CHECK(loop_.poller().add(fd_, *this).ok());
}

Channel::~Channel() {
  callbacks_->alive = false;
  close();
}

void Channel::close() {
  broken_ = true;
  queue_.clear();
  if (fd_ < 0) return;
  loop_.poller().remove(fd_, *this);
  loop_.forget(*this);
  const Result<void> unwatched = loop_.poller().unwatch(fd_);  // a process being started may hold the socket open
  (void)unwatched;
  ::close(fd_);
  fd_ = -1;
}

void Channel::on_ready(std::uint32_t readiness) {
  if ((readiness & runtime::kWritable) != 0) write_queued();
  if ((readiness & (runtime::kReadable | runtime::kPeerClosed)) != 0) read_all();
}

void Channel::read_all() {
  const std::shared_ptr<Callbacks> callbacks = callbacks_;  // *this may go away in any of them
  for (int i = 0; i < kMostPerTurn; ++i) {
    const Received received = read_one(*callbacks);
    if (!callbacks->alive || received == Received::kNothing) return;
    if (received == Received::kEnd) {
      close();
      if (callbacks->listener.on_closed) callbacks->listener.on_closed();
      return;
    }
  }
  loop_.ready_next_turn(*this, runtime::kReadable);
}

Channel::Received Channel::read_one(Callbacks& callbacks) {
  const ssize_t size = ::recv(fd_, buffer_.get(), kBufferSize, MSG_DONTWAIT);
  if (size > 0) {
    hand_over(ByteView(buffer_.get(), static_cast<std::size_t>(size)), callbacks);
    return Received::kOne;
  }
  if (size == 0) {
    if (peer_gone(fd_)) return Received::kEnd;
    hand_over({}, callbacks);
    return Received::kOne;
  }
  if (would_wait(errno)) return Received::kNothing;
  // ECONNRESET is told once, when the other side went without having read everything; what it had sent is still there,
  // and then comes the end.
  if (errno == EINTR || errno == ECONNRESET || is_shortage(errno)) return Received::kOne;
  return Received::kEnd;
}

void Channel::hand_over(ByteView datagram, Callbacks& callbacks) {
  Result<Message> message = decode(datagram);
  if (message.ok()) {
    if (callbacks.listener.on_message) callbacks.listener.on_message(*std::move(message));
  } else if (callbacks.listener.on_malformed) {
    callbacks.listener.on_malformed(std::move(message).error());
  }
}

Result<void> Channel::send(const Message& message) {
  if (broken_) return Error{ErrorCode::kClosed, "the other side of the guardian's socket is gone"};
  Result<std::string> bytes = encode(message);
  if (!bytes.ok()) return std::move(bytes).error();
  write_queued();
  if (broken_) return Error{ErrorCode::kClosed, "the other side of the guardian's socket is gone"};
  if (queue_.empty()) {
    const int error = send_datagram(fd_, *bytes);
    if (error == 0) return {};
    if (error == EMSGSIZE) return system_error(error, "a message of " + std::to_string(bytes->size()) + " bytes");
    if (!would_wait(error) && !is_shortage(error)) {
      break_off();
      return system_error(error, "the guardian's socket");
    }
  }
  if (queue_.size() >= kMostQueued || queued_bytes_ + bytes->size() > kMostQueuedBytes) {
    return Error{ErrorCode::kOverload, "the other side of the guardian's socket does not read: " +
                                           std::to_string(queue_.size()) + " messages wait"};
  }
  queued_bytes_ += bytes->size();
  queue_.push_back(*std::move(bytes));
  return {};
}

/// Short of memory nobody tells when it goes on: the next send tries again, and beats and reports come all the time.
void Channel::write_queued() {
  while (!broken_ && !queue_.empty()) {
    const int error = send_datagram(fd_, queue_.front());
    if (would_wait(error) || is_shortage(error)) return;
    if (error != 0 && error != EMSGSIZE) return break_off();
    queued_bytes_ -= queue_.front().size();
    queue_.pop_front();
  }
}

/// The other side is gone. What it had sent is read in the next turn, and then the channel closes.
void Channel::break_off() {
  broken_ = true;
  queue_.clear();
  loop_.ready_next_turn(*this, runtime::kReadable | runtime::kPeerClosed);
}

}  // namespace hf::guardian
