// AddressBook: what the names of a configuration are as addresses at the moment. Who looks names up makes one; whoever
// configures himself by it waits for nobody.
//
// Owner: plain values. Thread: any.
// Invariant: numbers and Unix paths are in every book.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "base/ip_address.h"
#include "base/result.h"
#include "config/config.h"
#include "net/address.h"

namespace hf::upstream {

/// The address of an endpoint that has no name; nothing: it has one, which has to be looked up.
std::optional<Result<net::Address>> without_look_up(const config::Endpoint& endpoint);

class AddressBook {
 public:
  void put(const std::string& name, Result<IpAddress> found) { names_.insert_or_assign(name, std::move(found)); }
  /// The error of the look-up, or kNotFound for a name that the book does not have; both name it.
  Result<net::Address> find(const config::Endpoint& endpoint) const;

 private:
  std::map<std::string, Result<IpAddress>> names_;
};

/// The address of an endpoint that may be in numbers only: of a listener.
inline Result<net::Address> address_in_numbers(const config::Endpoint& endpoint) {
  return AddressBook().find(endpoint);
}

}  // namespace hf::upstream
