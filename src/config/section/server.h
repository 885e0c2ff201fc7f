// [[service.server]]: a server behind a service.
//
// Owner: plain values. Thread: any (the functions are pure).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "config/file/address.h"
#include "config/file/forward.h"

namespace hf::config::section {

struct Listen;

struct Server {
  std::string name;
  file::Endpoint address;
  std::uint32_t weight = 1;  // 0: takes no new work, keeps being checked
  friend bool operator==(const Server&, const Server&) = default;
};

std::span<const file::Key> keys_of_server();

/// A server without a name has its address for one.
void fill_in(std::vector<Server>& servers);

/// `listeners` are the service's own. `place` is the service's: "service[0]".
void check_servers(const std::vector<Server>& servers, const std::vector<Listen>& listeners, const std::string& service,
                   const std::string& place, file::ReadResult& result);

}  // namespace hf::config::section
