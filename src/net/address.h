// Address: where a socket listens or connects to. IPv4, IPv6 or a Unix path, already resolved to numbers.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include <sys/socket.h>

#include "base/ip_address.h"
#include "base/result.h"

namespace hf::net {

class Address {
 public:
  Address() = default;
  Address(const sockaddr* address, socklen_t length);
  Address(const IpAddress& ip, std::uint16_t port);

  /// "127.0.0.1", "::1" and the like; no names.
  static Result<Address> from_ip(std::string_view ip, std::uint16_t port);
  static Result<Address> from_unix_path(std::string_view path);
  /// The address a socket is bound to.
  static Result<Address> local_of(int fd);

  const sockaddr* raw() const { return reinterpret_cast<const sockaddr*>(&storage_); }
  socklen_t length() const { return length_; }
  int family() const { return storage_.ss_family; }
  bool is_unix() const { return family() == AF_UNIX; }
  std::uint16_t port() const;
  /// Nothing for Unix sockets.
  std::optional<IpAddress> ip() const;
  /// Without the port: "127.0.0.1", "::1", "localhost" for Unix sockets (as a database names such clients).
  std::string host() const;
  /// "127.0.0.1:3306", "[::1]:3306", "unix:/run/x.sock".
  std::string to_string() const;

  friend bool operator==(const Address& a, const Address& b) {
    return a.length_ == b.length_ && std::memcmp(&a.storage_, &b.storage_, a.length_) == 0;
  }

 private:
  sockaddr_storage storage_{};
  socklen_t length_ = 0;
};

}  // namespace hf::net
