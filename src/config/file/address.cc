#include "config/file/address.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <optional>
#include <utility>

namespace hf::config::file {

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
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
           c == '_';
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

IpAddress value_of(const Address& address) {
  return *IpAddress::from_bytes(ByteView(reinterpret_cast<const char*>(address.bits), address.is_v6 ? 16 : 4));
}

bool all_bits(const Address& address, unsigned from, unsigned to, bool wanted) {
  for (unsigned bit = from; bit < to; ++bit) {
    if (((address.bits[bit / 8] >> (7 - bit % 8) & 1) != 0) != wanted) return false;
  }
  return true;
}

/// Why no host can have the address, or nullptr.
const char* no_host_has(const Address& address, unsigned prefix) {
  const unsigned length = address.is_v6 ? 128 : 32;
  if (all_bits(address, 0, length, false)) return "it stands for no address";
  const bool is_loopback = address.is_v6 ? all_bits(address, 0, 127, false) : address.bits[0] == 127;
  if (is_loopback) return "it is the loopback, which every machine has for itself";
  if (address.is_v6 ? address.bits[0] == 0xff : (address.bits[0] & 0xf0) == 0xe0) return "it is a multicast address";
  if (address.is_v6) return nullptr;
  if (all_bits(address, 0, 32, true)) return "it is the broadcast address";
  if (prefix > 30) return nullptr;  // RFC 3021: a pair or a single address has neither of the two below
  if (all_bits(address, prefix, 32, false)) return "it is the network itself, not a host in it";
  if (all_bits(address, prefix, 32, true)) return "it is the broadcast address of its network";
  return nullptr;
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

Result<IpAddress> parse_ip(std::string_view text) {
  const std::optional<Address> address = numeric(text);
  if (!address) return invalid("it is not an address in numbers");
  return value_of(*address);
}

Result<HostAddress> parse_host_address(std::string_view text) {
  const std::size_t slash = text.find('/');
  const std::optional<Address> address = numeric(text.substr(0, slash));
  if (!address) return invalid("it is not an address in numbers");
  const unsigned length = address->is_v6 ? 128 : 32;
  unsigned prefix = length;
  if (slash != std::string_view::npos) {
    const std::optional<unsigned> written = number_up_to(text.substr(slash + 1), length);
    if (!written || *written == 0) return invalid(fmt::format("a prefix length is a number from 1 to {}", length));
    prefix = *written;
  }
  if (const char* reason = no_host_has(*address, prefix)) return invalid(reason);
  return HostAddress{value_of(*address), static_cast<std::uint8_t>(prefix)};
}

Result<HttpUrl> parse_http_url(std::string_view text) {
  constexpr std::string_view kScheme = "http://";
  if (text.starts_with("https://")) return invalid("only http:// is spoken here, without TLS");
  if (!text.starts_with(kScheme)) return invalid("a URL begins with http://");
  if (!std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7f && c != '#'; })) {
    return invalid("a URL holds no blank, no # and no letter beyond ASCII");
  }
  text.remove_prefix(kScheme.size());
  const std::size_t end = std::min(text.find_first_of("/?"), text.size());
  const std::string_view authority = text.substr(0, end);
  if (authority.find('@') != std::string_view::npos) return invalid("a login in a URL would be in the clear");
  const bool has_port = authority.starts_with('[') ? authority.find("]:") != std::string_view::npos
                                                   : authority.find(':') != std::string_view::npos;
  Result<Endpoint> server = parse_endpoint(has_port ? std::string(authority) : fmt::format("{}:80", authority));
  if (!server.ok()) return server.error();
  if (server->port == 0) return invalid("nobody listens at port 0");
  const std::string_view path = text.substr(end);
  return HttpUrl{*std::move(server), path.starts_with('/') ? std::string(path) : fmt::format("/{}", path)};
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
  return address &&
         std::all_of(std::begin(address->bits), std::end(address->bits), [](std::uint8_t b) { return b == 0; });
}

bool collide(const Endpoint& a, const Endpoint& b) {
  if (a.is_unix() || b.is_unix()) return a.unix_path == b.unix_path;
  if (a.port != b.port || a.port == 0) return false;
  if (same_host(a, b)) return true;
  const bool same_family = (a.host.find(':') == std::string::npos) == (b.host.find(':') == std::string::npos);
  return same_family && (is_wildcard(a) || is_wildcard(b));
}

}  // namespace hf::config::file
