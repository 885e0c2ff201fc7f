#include "vip/router/socket.h"

#include <cerrno>
#include <cstring>

#include <unistd.h>

namespace hf::vip::router {

Error socket_error(int error_number, std::string_view what) {
  Error error = system_error(error_number, what);
  if (error_number == EPERM || error_number == EACCES) error.code = ErrorCode::kAccessDenied;
  return error;
}

KernelAddress to_kernel(const IpAddress& address, std::uint16_t port, std::uint32_t scope) {
  KernelAddress out;
  if (address.is_v4()) {
    sockaddr_in v4{};
    v4.sin_family = AF_INET;
    v4.sin_port = htons(port);
    std::memcpy(&v4.sin_addr, address.bytes().data(), sizeof v4.sin_addr);
    std::memcpy(&out.storage, &v4, sizeof v4);
    out.length = sizeof v4;
    return out;
  }
  sockaddr_in6 v6{};
  v6.sin6_family = AF_INET6;
  v6.sin6_port = htons(port);
  v6.sin6_scope_id = scope;
  std::memcpy(&v6.sin6_addr, address.bytes().data(), sizeof v6.sin6_addr);
  std::memcpy(&out.storage, &v6, sizeof v6);
  out.length = sizeof v6;
  return out;
}

IpEndpoint from_kernel(const KernelAddress& address) {
  if (address.storage.ss_family == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, &address.storage, sizeof v4);
    const ByteView bytes(reinterpret_cast<const char*>(&v4.sin_addr), sizeof v4.sin_addr);
    return {*IpAddress::from_bytes(bytes), ntohs(v4.sin_port)};
  }
  if (address.storage.ss_family != AF_INET6) return {};
  sockaddr_in6 v6{};
  std::memcpy(&v6, &address.storage, sizeof v6);
  ByteView bytes(reinterpret_cast<const char*>(&v6.sin6_addr), sizeof v6.sin6_addr);
  if (IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr)) bytes.remove_prefix(12);
  return {*IpAddress::from_bytes(bytes), ntohs(v6.sin6_port)};
}

Result<Socket> Socket::open(int domain, int type, int protocol, std::string_view what) {
  const int fd = ::socket(domain, type | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol);
  if (fd < 0) return socket_error(errno, what);
  return Socket(fd);
}

void Socket::close() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

Result<void> Socket::set(int level, int option, int value, std::string_view name) {
  return set_bytes(level, option, &value, sizeof value, name);
}

Result<void> Socket::set_bytes(int level, int option, const void* value, socklen_t size, std::string_view name) {
  if (::setsockopt(fd_, level, option, value, size) != 0) return socket_error(errno, name);
  return {};
}

Result<void> Socket::bind_to_interface(const std::string& interface) {
  return set_bytes(SOL_SOCKET, SO_BINDTODEVICE, interface.c_str(), static_cast<socklen_t>(interface.size() + 1),
                   "bind to interface " + interface);
}

}  // namespace hf::vip::router
