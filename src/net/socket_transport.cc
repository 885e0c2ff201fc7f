#include "net/socket_transport.h"

#include <cerrno>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "runtime/signal.h"

namespace hf::net {

namespace {

void set_option(int fd, int level, int name, int value) { ::setsockopt(fd, level, name, &value, sizeof value); }

/// Waits for a connecting socket to become writable, which is when the outcome is known.
class ConnectWait final : public runtime::Leaf, private runtime::Timer, private runtime::IoHandler {
 public:
  ConnectWait(runtime::EventLoop& loop, int fd, Deadline deadline) : loop_(loop), fd_(fd), deadline_(deadline) {}

  bool await_ready() const noexcept { return false; }
  template <typename Promise>
  bool await_suspend(std::coroutine_handle<Promise> handle) {
    if (handle.promise().context->cancelled) {
      result_ = Error{ErrorCode::kCancelled, "connect cancelled"};
      return false;
    }
    Result<void> added = loop_.poller().add(fd_, *this);
    if (!added.ok()) {
      result_ = std::move(added);
      return false;
    }
    begin_wait(handle);
    if (!deadline_.is_never()) loop_.arm(*this, deadline_.at);
    return true;
  }
  Result<void> await_resume() { return std::move(result_); }

 private:
  /// After this nothing of the kernel's reaches us any more, so that the end comes once.
  void finish() {
    disarm();
    loop_.poller().remove(fd_, *this);
    const Result<void> unwatched = loop_.poller().unwatch(fd_);
    (void)unwatched;
  }
  void on_ready(std::uint32_t readiness) override {
    if ((readiness & (runtime::kWritable | runtime::kPeerClosed)) == 0) return;
    int error = 0;
    socklen_t length = sizeof error;
    ::getsockopt(fd_, SOL_SOCKET, SO_ERROR, &error, &length);
    if (error != 0) result_ = system_error(error, "connect");
    finish();
    resume_later();
  }
  void on_timer() override {
    result_ = Error{ErrorCode::kTimeout, "connect: no answer in time"};
    finish();
    resume_later();
  }
  void cancel() override {
    result_ = Error{ErrorCode::kCancelled, "connect cancelled"};
    finish();
    resume_later();
  }

  runtime::EventLoop& loop_;
  int fd_;
  Deadline deadline_;
  Result<void> result_;
};

}  // namespace

void apply_options(int fd, const SocketOptions& options) {
  sockaddr_storage local{};
  socklen_t length = sizeof local;
  const bool known = ::getsockname(fd, reinterpret_cast<sockaddr*>(&local), &length) == 0;
  if (!known || local.ss_family == AF_UNIX) return;
  if (options.no_delay) set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
  if (options.keepalive_idle > Nanos::zero()) {
    set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
    set_option(fd, IPPROTO_TCP, TCP_KEEPIDLE, static_cast<int>(options.keepalive_idle / Seconds(1)));
    set_option(fd, IPPROTO_TCP, TCP_KEEPINTVL, 10);
    set_option(fd, IPPROTO_TCP, TCP_KEEPCNT, 5);
  }
  if (options.user_timeout > Nanos::zero()) {
    set_option(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, static_cast<int>(options.user_timeout / Millis(1)));
  }
}

Result<std::unique_ptr<Stream>> adopt(runtime::EventLoop& loop, int fd, const SocketOptions& options) {
  apply_options(fd, options);
  return adopt_accepted(loop, fd, AcceptPlace{});
}

Result<std::unique_ptr<Stream>> adopt_accepted(runtime::EventLoop& loop, int fd, AcceptPlace place) {
  auto stream = std::make_unique<Stream>(loop, std::make_unique<SocketTransport>(fd, std::move(place)));
  Result<void> added = loop.poller().add(fd, *stream);
  if (!added.ok()) return std::move(added).error();
  return stream;
}

Result<PeerCredentials> SocketTransport::peer_credentials() const {
  const Result<Address> local = local_address();
  if (!local.ok() || !local->is_unix()) return Transport::peer_credentials();
  ucred process{};
  socklen_t length = sizeof process;
  if (::getsockopt(fd_, SOL_SOCKET, SO_PEERCRED, &process, &length) != 0) {
    return system_error(errno, "peer credentials");
  }
  PeerCredentials peer{process.uid, process.gid, {}};
  length = 0;  // asked twice: the first answer is how many there are
  if (::getsockopt(fd_, SOL_SOCKET, SO_PEERGROUPS, nullptr, &length) == 0 || errno != ERANGE) return peer;
  peer.groups.resize(length / sizeof(gid_t));
  if (::getsockopt(fd_, SOL_SOCKET, SO_PEERGROUPS, peer.groups.data(), &length) != 0) {
    return system_error(errno, "peer groups");
  }
  return peer;
}

IoResult SocketTransport::try_read(std::span<char> into) {
  for (;;) {
    const ssize_t n = ::recv(fd_, into.data(), into.size(), 0);
    // a short read has drained it
    if (n > 0) return IoResult::done(static_cast<std::size_t>(n), static_cast<std::size_t>(n) == into.size());
    if (n == 0) return IoResult::end_of_stream();
    if (errno == EINTR) continue;
    if (errno == EAGAIN) return IoResult::would_block();
    return IoResult::broken(errno);
  }
}

IoResult SocketTransport::try_write(ByteView bytes) {
  for (;;) {
    const ssize_t n = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n >= 0) return IoResult::done(static_cast<std::size_t>(n));
    if (errno == EINTR) continue;
    if (errno == EAGAIN) return IoResult::would_block();
    return IoResult::broken(errno);
  }
}

void SocketTransport::shut_write() { ::shutdown(fd_, SHUT_WR); }

void SocketTransport::drop_unsent() {
  const linger none{.l_onoff = 1, .l_linger = 0};
  ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &none, sizeof none);
}

void SocketTransport::close(runtime::Poller& poller, runtime::IoHandler& handler) {
  poller.remove(fd_, handler);
  const Result<void> unwatched = poller.unwatch(fd_);  // a process being started may hold the socket open
  (void)unwatched;
  ::close(fd_);
  fd_ = -1;
  place_ = AcceptPlace{};
}

Result<Released> SocketTransport::release(runtime::Poller& poller, runtime::IoHandler& handler) {
  poller.remove(fd_, handler);
  Result<void> unwatched = poller.unwatch(fd_);
  HF_RETURN_IF_ERROR(unwatched);
  place_ = AcceptPlace{};
  return Released{std::exchange(fd_, -1), {}, {}};
}

runtime::Task<Result<std::unique_ptr<Stream>>> connect(runtime::EventLoop& loop, Address address, SocketOptions options,
                                                       Deadline deadline) {
  const int fd = ::socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) co_return system_error(errno, "socket");
  int outcome = ::connect(fd, address.raw(), address.length());
  // A Unix socket whose backlog is full says EAGAIN at once and never becomes ready: try again, bounded by the
  // deadline.
  while (outcome != 0 && errno == EAGAIN && address.is_unix() && !deadline.passed(loop.now())) {
    const Result<void> slept = co_await runtime::sleep_until(loop.deadline_in(5ms).earlier(deadline));
    if (!slept.ok()) {
      ::close(fd);
      co_return slept.error();
    }
    outcome = ::connect(fd, address.raw(), address.length());
  }
  if (outcome != 0 && errno != EINPROGRESS) {
    const int error = errno;
    ::close(fd);
    co_return system_error(error, "connect to " + address.to_string());
  }
  if (outcome != 0) {
    Result<void> waited = co_await ConnectWait(loop, fd, deadline);
    if (!waited.ok()) {
      ::close(fd);
      co_return Error{waited.error().code, waited.error().context + " (" + address.to_string() + ")"};
    }
  }
  Result<std::unique_ptr<Stream>> stream = adopt(loop, fd, options);
  co_return stream;
}

}  // namespace hf::net
