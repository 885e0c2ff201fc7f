#include "service/client_filter.h"

#include <algorithm>
#include <cstring>

#include <netinet/in.h>

namespace hf::service {

namespace {

bool contains(const config::Network& network, const std::uint8_t* address) {
  const int whole = network.prefix_length / 8;
  const int rest = network.prefix_length % 8;
  if (std::memcmp(network.bits, address, static_cast<std::size_t>(whole)) != 0) return false;
  if (rest == 0) return true;
  const int mask = 0xFF00 >> rest & 0xFF;
  return ((network.bits[whole] ^ address[whole]) & mask) == 0;
}

}  // namespace

bool allowed(const std::vector<config::Network>& networks, const net::Address& client) {
  if (networks.empty() || client.is_unix()) return true;
  const std::uint8_t* v4 = nullptr;
  const std::uint8_t* v6 = nullptr;
  if (client.family() == AF_INET) {
    v4 = reinterpret_cast<const std::uint8_t*>(&reinterpret_cast<const sockaddr_in*>(client.raw())->sin_addr);
  } else {
    const in6_addr& address = reinterpret_cast<const sockaddr_in6*>(client.raw())->sin6_addr;
    v6 = address.s6_addr;
    if (IN6_IS_ADDR_V4MAPPED(&address)) v4 = v6 + 12;
  }
  return std::any_of(networks.begin(), networks.end(), [&](const config::Network& network) {
    if (network.is_v6) return v6 != nullptr && contains(network, v6);
    return v4 != nullptr && contains(network, v4);
  });
}

}  // namespace hf::service
