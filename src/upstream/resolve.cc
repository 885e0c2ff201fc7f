#include "upstream/resolve.h"

#include <netdb.h>

namespace hf::upstream {

Result<net::Address> resolve(const config::Endpoint& endpoint) {
  if (endpoint.is_unix()) return net::Address::from_unix_path(endpoint.unix_path);
  const std::string host = endpoint.host == "*" ? "0.0.0.0" : endpoint.host;
  Result<net::Address> number = net::Address::from_ip(host, endpoint.port);
  if (number.ok()) return number;
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int status = ::getaddrinfo(host.c_str(), std::to_string(endpoint.port).c_str(), &hints, &found);
  if (status != 0) return Error{ErrorCode::kNotFound, "cannot resolve '" + host + "': " + ::gai_strerror(status)};
  net::Address address(found->ai_addr, found->ai_addrlen);
  ::freeaddrinfo(found);
  return address;
}

}  // namespace hf::upstream
