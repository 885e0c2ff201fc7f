// Which clients may come in: the `allow` list of a service, and the outcome of the check at the door.
#pragma once

#include <cstdint>
#include <vector>

#include "config/config.h"
#include "net/address.h"

namespace hf::service {

enum class Admission : std::uint8_t { kWelcome, kAddress, kOverload };

/// Unix sockets are always allowed: the file's permissions decide. An empty list allows everybody.
bool allowed(const std::vector<config::Network>& networks, const net::Address& client);

}  // namespace hf::service
