// The elements of service.listen: where clients connect.
//
// Owner: plain values. Thread: any (the function is pure).
#pragma once

#include <cstdint>

#include "config/file/address.h"
#include "config/file/forward.h"

namespace hf::config::section {

enum class ListenRoute : std::uint8_t { kSplit, kRead, kWrite };

/// What only the listeners of a mysql service have.
struct MysqlListen {
  ListenRoute route = ListenRoute::kSplit;
  friend bool operator==(const MysqlListen&, const MysqlListen&) = default;
};

struct Listen {
  file::Endpoint endpoint;
  MysqlListen mysql;  // its default in a service of another protocol
  friend bool operator==(const Listen&, const Listen&) = default;
};

std::span<const file::Key> keys_of_listen();

}  // namespace hf::config::section
