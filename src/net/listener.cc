#include "net/listener.h"

#include <cerrno>

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/signal.h"

namespace hf::net {

namespace {

constexpr int kBacklog = 4096;
constexpr int kIpv6FreeBind = 78;  // IPV6_FREEBIND, which only the kernel's own headers name

std::string path_of(const Address& address) { return address.to_string().substr(5); }

/// Removes a socket file on which nobody listens any more; whatever else is there stays.
void remove_stale(const Address& address) {
  struct stat seen{};
  if (::lstat(path_of(address).c_str(), &seen) != 0 || !S_ISSOCK(seen.st_mode)) return;
  const int probe = ::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (probe < 0) return;
  if (::connect(probe, address.raw(), address.length()) != 0 && errno == ECONNREFUSED) {
    ::unlink(path_of(address).c_str());
  }
  ::close(probe);
}

/// The file comes into being with the mode of its socket less the umask; what the umask took is added afterwards. A
/// link that somebody put in its place meanwhile is not followed.
Result<void> give_mode(const std::string& path, SocketMode mode) {
  const auto wanted = static_cast<mode_t>(mode);
  struct stat seen{};
  if (::lstat(path.c_str(), &seen) != 0) return system_error(errno, "look at unix:" + path);
  if (!S_ISSOCK(seen.st_mode)) return Error{ErrorCode::kRefused, "unix:" + path + " was replaced while it was made"};
  if ((seen.st_mode & 07777) == wanted) return {};
  if (::fchmodat(AT_FDCWD, path.c_str(), wanted, AT_SYMLINK_NOFOLLOW) == 0) return {};
  Error failed = system_error(errno, "mode of unix:" + path);
  ::unlink(path.c_str());
  return failed;
}

}  // namespace

class Listener::Wait final : public runtime::Leaf {
 public:
  explicit Wait(Listener& listener) : listener_(listener) {}
  bool await_ready() const noexcept { return listener_.ready_ || listener_.fd_ < 0; }
  template <typename Promise>
  bool await_suspend(std::coroutine_handle<Promise> handle) {
    if (handle.promise().context->cancelled) {
      cancelled_ = true;
      return false;
    }
    begin_wait(handle);
    listener_.waiting_ = this;
    return true;
  }
  bool await_resume() const { return !cancelled_; }
  void wake() {
    listener_.waiting_ = nullptr;
    resume_later();
  }

 private:
  void cancel() override {
    cancelled_ = true;
    wake();
  }

  Listener& listener_;
  bool cancelled_ = false;
};

Result<int> Listener::make_socket(const Address& address, PortSharing sharing, Presence presence) {
  const int fd = ::socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return system_error(errno, "socket");
  if (address.is_unix()) return fd;
  const bool v6 = address.family() == AF_INET6;
  const int on = 1;
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (sharing == PortSharing::kShared) ::setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
  if (v6) ::setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
  if (presence == Presence::kMayBeAbsent) {
    ::setsockopt(fd, v6 ? IPPROTO_IPV6 : IPPROTO_IP, v6 ? kIpv6FreeBind : IP_FREEBIND, &on, sizeof on);
  }
  return fd;
}

Result<void> Listener::bind_socket(int fd, const Address& address, SocketMode mode) {
  if (address.is_unix() && ::fchmod(fd, static_cast<mode_t>(mode)) != 0) {
    return system_error(errno, "mode of " + address.to_string());
  }
  if (::bind(fd, address.raw(), address.length()) != 0) return system_error(errno, "listen on " + address.to_string());
  return address.is_unix() ? give_mode(path_of(address), mode) : Result<void>{};
}

Result<void> Listener::start_listening(int fd, const Address& address) {
  if (::listen(fd, kBacklog) != 0) return system_error(errno, "listen on " + address.to_string());
  return {};
}

Result<int> Listener::bind(const Address& address, PortSharing sharing, Presence presence, SocketMode mode) {
  if (address.is_unix()) remove_stale(address);
  Result<int> fd = make_socket(address, sharing, presence);
  if (!fd.ok()) return fd;
  Result<void> bound = bind_socket(*fd, address, mode);
  if (bound.ok()) bound = start_listening(*fd, address);
  if (!bound.ok()) {
    ::close(*fd);
    return std::move(bound).error();
  }
  return fd;
}

Listener::Listener(runtime::EventLoop& loop, int fd, const SocketOptions& options, Share share)
    : loop_(loop), fd_(fd), share_(share) {
  apply_options(fd_, options);  // accepted sockets inherit them: no system calls per client
  const Result<void> added = loop_.poller().add(fd_, *this);
  HF_CHECK(added.ok());
}

Listener::~Listener() { close(); }

void Listener::close() {
  if (fd_ >= 0) ::close(release());
}

int Listener::release() {
  HF_CHECK(fd_ >= 0);
  loop_.poller().remove(fd_, *this);
  const Result<void> unwatched = loop_.poller().unwatch(fd_);  // somebody else may hold the same socket open
  (void)unwatched;
  if (waiting_ != nullptr) waiting_->wake();
  return std::exchange(fd_, -1);
}

void Listener::on_ready(std::uint32_t /*readiness*/) {
  ready_ = true;
  if (waiting_ != nullptr) waiting_->wake();
}

Result<AcceptPlace> Listener::take_place() {
  if (share_.budget == nullptr) return AcceptPlace{};
  std::optional<AcceptPlace> place = share_.budget->take(share_.descriptors);
  if (place) return std::move(*place);
  return Error{ErrorCode::kExhausted, "accept: clients have all " + std::to_string(share_.budget->limit()) +
                                          " descriptors that are not kept for servers and the admin interface"};
}

runtime::Task<Result<Accepted>> Listener::accept() {
  for (;;) {
    const bool waited = co_await Wait(*this);
    if (!waited) co_return Error{ErrorCode::kCancelled, "accept cancelled"};
    if (fd_ < 0) co_return Error{ErrorCode::kClosed, "the listener is closed"};
    Result<AcceptPlace> place = take_place();
    HF_CO_RETURN_IF_ERROR(place);
    sockaddr_storage peer{};
    socklen_t length = sizeof peer;
    const int fd = ::accept4(fd_, reinterpret_cast<sockaddr*>(&peer), &length, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) {
      Result<std::unique_ptr<Stream>> stream = adopt_accepted(loop_, fd, std::move(*place));
      HF_CO_RETURN_IF_ERROR(stream);
      Accepted accepted;
      accepted.stream = std::move(*stream);
      accepted.peer = Address(reinterpret_cast<const sockaddr*>(&peer), length);
      co_return std::move(accepted);
    }
    const int error = errno;
    if (error == EAGAIN) {
      ready_ = false;
    } else if (error == EMFILE || error == ENFILE || error == ENOMEM) {
      co_return system_error(error, "accept");
    } else if (error == ENOBUFS) {  // accept(2): memory for its buffers
      co_return system_error(ENOMEM, "accept");
    } else if (error == EINVAL) {  // whoever shares the socket has ended its listening
      close();
    } else if (error == EBADF || error == ENOTSOCK) {
      co_return system_error(error, "accept");
    }
    // Everything else (ECONNABORTED, EINTR, network errors of the client) concerns one client that is gone.
  }
}

}  // namespace hf::net
