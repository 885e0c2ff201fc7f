// SocketTransport: a connected TCP or Unix socket as a Transport, and the ways to a Stream over one: connect(), and
// adopt() of a file descriptor.
#pragma once

#include <memory>

#include "net/accept_budget.h"
#include "net/address.h"
#include "net/stream.h"
#include "runtime/task.h"

namespace hf::net {

struct SocketOptions {
  bool no_delay = true;
  Nanos keepalive_idle = 60s;  // TCP keepalive: first probe after this, then every 10 s, five times
  // TCP_USER_TIMEOUT: unacknowledged data for this long breaks the connection; 0: kernel's
  Nanos user_timeout = 60s;
};

/// Sets them on a TCP socket (Unix sockets are left alone). What is set on a listening socket holds for those it
/// accepts.
void apply_options(int fd, const SocketOptions& options);

class SocketTransport final : public Transport {
 public:
  SocketTransport(int fd, AcceptPlace place) : fd_(fd), place_(std::move(place)) {}

  IoResult try_read(std::span<char> into) override;
  IoResult try_write(ByteView bytes) override;
  void shut_write() override;
  void drop_unsent() override;
  void close(runtime::Poller& poller, runtime::IoHandler& handler) override;
  Result<Released> release(runtime::Poller& poller, runtime::IoHandler& handler) override;
  Result<Address> local_address() const override { return Address::local_of(fd_); }
  Result<PeerCredentials> peer_credentials() const override;

 private:
  int fd_;
  AcceptPlace place_;
};

/// A stream over a connected, non-blocking socket, which it takes over also when it fails.
Result<std::unique_ptr<Stream>> adopt(runtime::EventLoop& loop, int fd, const SocketOptions& options);
/// The same for a socket that has its options from its listener.
Result<std::unique_ptr<Stream>> adopt_accepted(runtime::EventLoop& loop, int fd, AcceptPlace place);

/// Connects without blocking. Errors: kRefused, kUnreachable, kTimeout, kExhausted (file descriptors, ports),
/// kOutOfMemory, kCancelled.
runtime::Task<Result<std::unique_ptr<Stream>>> connect(runtime::EventLoop& loop, Address address, SocketOptions options,
                                                       Deadline deadline);

}  // namespace hf::net
