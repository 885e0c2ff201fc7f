#include "upstream/address_book.h"

namespace hf::upstream {

std::optional<Result<net::Address>> without_look_up(const config::Endpoint& endpoint) {
  if (endpoint.is_unix()) return net::Address::from_unix_path(endpoint.unix_path);
  Result<net::Address> number = net::Address::from_ip(endpoint.host, endpoint.port);
  if (number.ok()) return number;
  return std::nullopt;
}

Result<net::Address> AddressBook::find(const config::Endpoint& endpoint) const {
  std::optional<Result<net::Address>> known = without_look_up(endpoint);
  if (known) return std::move(*known);
  const auto found = names_.find(endpoint.host);
  if (found == names_.end()) {
    return Error{ErrorCode::kNotFound, "cannot resolve '" + endpoint.host + "': it was not looked up"};
  }
  if (!found->second.ok()) return found->second.error();
  return net::Address(*found->second, endpoint.port);
}

}  // namespace hf::upstream
