// Addresses as the file has them: Endpoint and Network from their texts, and the questions that listeners and allow
// lists ask of them.
//
// Thread: any (pure functions). No name is resolved here.
// Invariants:
//   1. parse_*(x.to_string()) gives x again.
//   2. A Network holds no bit beyond its prefix length.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/ip_address.h"

namespace hf::config::file {

/// A TCP address ("127.0.0.1:3306", "[::1]:3306", "db1.example:3306") or a Unix socket path.
struct Endpoint {
  std::string host;        // without brackets; empty for a Unix socket
  std::uint16_t port = 0;  // 0 asks the kernel for a free one (listeners only)
  std::string unix_path;   // set for Unix sockets only

  bool is_unix() const { return !unix_path.empty(); }
  std::string to_string() const;
  friend bool operator==(const Endpoint&, const Endpoint&) = default;
};

/// An address range, "198.18.0.0/15" or "::1/128" or a single address.
struct Network {
  bool is_v6 = false;
  std::uint8_t bits[16] = {};
  int prefix_length = 0;
  std::string text;
  friend bool operator==(const Network&, const Network&) = default;
};

/// "host:port" or "[v6]:port". The port is 0 to 65535. kInvalidArgument with the reason in words.
Result<Endpoint> parse_endpoint(std::string_view text);

/// "10.0.0.0/8", "fd00::/8", or a single address. Bits beyond the prefix are refused.
Result<Network> parse_network(std::string_view text);

/// An address without a port, "198.18.0.1" or "fe80::1".
Result<IpAddress> parse_ip(std::string_view text);

struct HostAddress {
  IpAddress address;
  std::uint8_t prefix_length = 32;
};

/// "198.18.0.100/24": an address that a host may have, and its prefix; without one /32 or /128. Refuses what no host
/// can
/// have: unspecified, loopback, multicast, broadcast, the network itself, and a prefix of 0.
Result<HostAddress> parse_host_address(std::string_view text);

/// "http://host:port/path" in its parts: port 80 and path "/" where they are not written.
struct HttpUrl {
  Endpoint server;
  std::string path;
};
Result<HttpUrl> parse_http_url(std::string_view text);

/// Whether an address in network byte order (4 or 16 bytes; IPv4-mapped IPv6 counts as IPv4) is in the network.
bool contains(const Network& network, std::span<const std::uint8_t> address);

/// Whether the host is an address in numbers (then no resolver is needed).
bool is_numeric(const Endpoint& endpoint);
/// 127.0.0.0/8, ::1, "localhost" or a Unix socket: only this machine can reach it.
bool is_loopback(const Endpoint& endpoint);
/// 0.0.0.0 or [::]: every address of the machine of that family.
bool is_wildcard(const Endpoint& endpoint);
/// Whether two listeners cannot exist side by side: the same socket, or one port where one of them is the family's
/// wildcard. IPv4 and IPv6 never meet: our IPv6 listeners are IPv6 only.
bool collide(const Endpoint& a, const Endpoint& b);

}  // namespace hf::config::file
