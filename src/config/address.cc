#include "config/address.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <optional>

namespace hf::config {

namespace {

constexpr std::size_t kLongestHost = 253;  // RFC 1035, without the final dot

struct Address {
  bool is_v6 = false;
  std::uint8_t bits[16] = {};
};

std::optional<Address> numeric(std::string_view host) {
  const std::string text(host);  // inet_pton wants a terminated string; a zero byte inside is refused below
  if (text.find('\0') != std::string::npos) return std::nullopt;
  Address address;
  if (inet_pton(AF_INET, text.c_str(), address.bits) == 1) return address;
  address.is_v6 = true;
  if (inet_pton(AF_INET6, text.c_str(), address.bits) == 1) return address;
  return std::nullopt;
}

std::string shown(const Address& address) {
  char text[INET6_ADDRSTRLEN] = {};
  inet_ntop(address.is_v6 ? AF_INET6 : AF_INET, address.bits, text, sizeof text);
  return text;
}

bool is_host_name(std::string_view host) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
  };
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  if (host.empty() || host.size() > kLongestHost || host.front() == '-' || host.front() == '.') return false;
  return std::all_of(host.begin(), host.end(), allowed) && std::any_of(host.begin(), host.end(), letter);
}

std::optional<unsigned> number_up_to(std::string_view text, unsigned max) {
  unsigned value = 0;
  const char* end = text.data() + text.size();
  const auto [rest, code] = std::from_chars(text.data(), end, value);
  if (text.empty() || code != std::errc{} || rest != end || value > max) return std::nullopt;
  return value;
}

Error invalid(std::string why) { return Error{ErrorCode::kInvalidArgument, std::move(why)}; }

/// Clears the bits beyond the prefix; true when there were any.
bool mask(Network& network, int length) {
  bool had_any = false;
  for (int byte = 0; byte < length / 8; ++byte) {
    const int kept = std::clamp(network.prefix_length - byte * 8, 0, 8);
    const auto wanted = static_cast<std::uint8_t>(network.bits[byte] & (0xff00 >> kept));
    had_any = had_any || wanted != network.bits[byte];
    network.bits[byte] = wanted;
  }
  return had_any;
}

bool same_host(const Endpoint& a, const Endpoint& b) {
  const std::optional<Address> x = numeric(a.host);
  const std::optional<Address> y = numeric(b.host);
  if (!x || !y) return a.host == b.host;
  return x->is_v6 == y->is_v6 && std::memcmp(x->bits, y->bits, sizeof x->bits) == 0;
}

}  // namespace

std::string Endpoint::to_string() const {
  if (is_unix()) return unix_path;
  if (host.find(':') != std::string::npos) return fmt::format("[{}]:{}", host, port);
  return fmt::format("{}:{}", host, port);
}

Result<Endpoint> parse_endpoint(std::string_view text) {
  std::string_view host;
  std::string_view port;
  if (text.starts_with('[')) {
    const std::size_t close = text.find("]:");
    if (close == std::string_view::npos) return invalid("an IPv6 address is written [address]:port");
    host = text.substr(1, close - 1);
    port = text.substr(close + 2);
    const std::optional<Address> address = numeric(host);
    if (!address || !address->is_v6) return invalid("there is no IPv6 address in the brackets");
  } else {
    const std::size_t colon = text.rfind(':');
    if (colon == std::string_view::npos) return invalid("the port is missing");
    host = text.substr(0, colon);
    port = text.substr(colon + 1);
    if (host.empty()) return invalid("the host is missing");
    if (host.find(':') != std::string_view::npos) return invalid("an IPv6 address needs brackets");
    if (!numeric(host) && !is_host_name(host)) return invalid("the host is neither an address nor a host name");
  }
  const std::optional<unsigned> number = number_up_to(port, 65535);
  if (!number) return invalid("a port is a number from 0 to 65535");
  const std::optional<Address> address = numeric(host);
  return Endpoint{address ? shown(*address) : std::string(host), static_cast<std::uint16_t>(*number), {}};
}

Result<Network> parse_network(std::string_view text) {
  const std::size_t slash = text.find('/');
  const std::optional<Address> address = numeric(text.substr(0, slash));
  if (!address) return invalid("it is not an address or a network in numbers");

  Network network;
  network.is_v6 = address->is_v6;
  std::memcpy(network.bits, address->bits, sizeof network.bits);
  const int length = network.is_v6 ? 128 : 32;
  network.prefix_length = length;
  if (slash != std::string_view::npos) {
    const std::optional<unsigned> prefix = number_up_to(text.substr(slash + 1), static_cast<unsigned>(length));
    if (!prefix) return invalid(fmt::format("a prefix length is a number from 0 to {}", length));
    network.prefix_length = static_cast<int>(*prefix);
  }
  const bool had_host_bits = mask(network, length);
  Address base{network.is_v6, {}};
  std::memcpy(base.bits, network.bits, sizeof base.bits);
  network.text = fmt::format("{}/{}", shown(base), network.prefix_length);
  if (had_host_bits) return invalid(fmt::format("the network of that size is {}", network.text));
  return network;
}

bool contains(const Network& network, std::span<const std::uint8_t> address) {
  constexpr std::uint8_t kMappedPrefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  if (address.size() == 16 && !network.is_v6 && std::equal(address.begin(), address.begin() + 12, kMappedPrefix)) {
    address = address.subspan(12);
  }
  if (address.size() != (network.is_v6 ? 16U : 4U)) return false;
  Network other;
  std::copy(address.begin(), address.end(), other.bits);
  other.prefix_length = network.prefix_length;
  mask(other, network.is_v6 ? 128 : 32);
  return std::memcmp(other.bits, network.bits, sizeof other.bits) == 0;
}

bool is_numeric(const Endpoint& endpoint) { return numeric(endpoint.host).has_value(); }

bool is_loopback(const Endpoint& endpoint) {
  if (endpoint.is_unix() || endpoint.host == "localhost") return true;
  const std::optional<Address> address = numeric(endpoint.host);
  if (!address) return false;
  return address->is_v6 ? shown(*address) == "::1" : address->bits[0] == 127;
}

bool is_wildcard(const Endpoint& endpoint) {
  const std::optional<Address> address = numeric(endpoint.host);
  return address && std::all_of(std::begin(address->bits), std::end(address->bits), [](std::uint8_t b) { return b == 0; });
}

bool collide(const Endpoint& a, const Endpoint& b) {
  if (a.is_unix() || b.is_unix()) return a.unix_path == b.unix_path;
  if (a.port != b.port || a.port == 0) return false;
  if (same_host(a, b)) return true;
  const bool same_family = (a.host.find(':') == std::string::npos) == (b.host.find(':') == std::string::npos);
  return same_family && (is_wildcard(a) || is_wildcard(b));
}

}  // namespace hf::config
