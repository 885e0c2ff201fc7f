// Text to Endpoint and Network, and the questions that listeners and allow lists ask of them.
//
// Thread: any (pure functions). No name is resolved here.
// Invariants:
//   1. parse_*(x.to_string()) gives x again.
//   2. A Network holds no bit beyond its prefix length.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "base/result.h"
#include "config/config.h"

namespace hf::config {

/// "host:port" or "[v6]:port". The port is 0 to 65535. kInvalidArgument with the reason in words.
Result<Endpoint> parse_endpoint(std::string_view text);

/// "10.0.0.0/8", "fd00::/8", or a single address. Bits beyond the prefix are refused.
Result<Network> parse_network(std::string_view text);

/// Whether an address in network byte order (4 or 16 bytes; IPv4-mapped IPv6 counts as IPv4) is in the network.
bool contains(const Network& network, std::span<const std::uint8_t> address);

/// Whether the host is an address in numbers (then no resolver is needed).
bool is_numeric(const Endpoint& endpoint);
/// 127.0.0.0/8, ::1, "localhost" or a Unix socket: only this machine can reach it.
bool is_loopback(const Endpoint& endpoint);
/// 0.0.0.0 or [::]: every address of the machine of that family.
bool is_wildcard(const Endpoint& endpoint);
/// Whether two listeners cannot exist side by side: the same socket, or one port where one of them is the family's wildcard.
/// IPv4 and IPv6 never meet: our IPv6 listeners are IPv6 only.
bool collide(const Endpoint& a, const Endpoint& b);

}  // namespace hf::config
