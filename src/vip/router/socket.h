// Socket: a file descriptor that closes itself, with what the guardian's sockets do again and again: options with
// errors that name them, addresses for the kernel and back.
//
// Owner: whoever uses the descriptor. Thread: any, one at a time.
// Invariants:
//   1. Non-blocking and close-on-exec always.
//   2. Missing privileges are kAccessDenied, not kRefused: nobody at the other end refused anything.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include <netinet/in.h>
#include <sys/socket.h>

#include "base/result.h"
#include "vip/settings.h"

namespace hf::vip::router {

/// system_error, with EPERM and EACCES as kAccessDenied.
Error socket_error(int error_number, std::string_view what);

/// What a kernel takes and gives as the address of an endpoint.
struct KernelAddress {
  sockaddr_storage storage{};
  socklen_t length = sizeof(sockaddr_storage);

  const sockaddr* raw() const { return reinterpret_cast<const sockaddr*>(&storage); }
  sockaddr* raw() { return reinterpret_cast<sockaddr*>(&storage); }
};
/// `scope`: index of the interface, for IPv6 addresses that mean something on one interface only.
KernelAddress to_kernel(const IpAddress& address, std::uint16_t port, std::uint32_t scope);
/// 0.0.0.0 and port 0 for anything but IPv4 and IPv6. Addresses mapped into IPv6 come out as IPv4.
IpEndpoint from_kernel(const KernelAddress& address);

class Socket {
 public:
  Socket() = default;
  /// As socket(2); SOCK_NONBLOCK and SOCK_CLOEXEC are added. `what` names it in the error.
  static Result<Socket> open(int domain, int type, int protocol, std::string_view what);
  Socket(Socket&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Socket& operator=(Socket&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Socket() { close(); }

  int fd() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }
  void close();

  /// `name`: of the option, for the error.
  Result<void> set(int level, int option, int value, std::string_view name);
  Result<void> set_bytes(int level, int option, const void* value, socklen_t size, std::string_view name);
  /// Nothing comes in or goes out but by this interface.
  Result<void> bind_to_interface(const std::string& interface);

 private:
  explicit Socket(int fd) : fd_(fd) {}
  int fd_ = -1;
};

}  // namespace hf::vip::router
