// SessionDefaults: what a session of a service begins with when it has just logged in to the primary: the servers'
// global variables that change what statements mean, and the status that the greeting shows for them.
//
// Owner: shared_ptr<const>, in the view. Thread: any.
// Invariants:
//   1. The same content has the same id for the life of the process; 0 is what MariaDB has built in, before a server
//      was asked.
//   2. `variables` is sorted by name; names in lower case, values as SHOW VARIABLES and session tracking spell them.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "proto/mysql/capabilities.h"

namespace hf::upstream::mysql {

struct SessionDefaults {
  std::uint64_t id = 0;
  std::vector<std::pair<std::string, std::string>> variables;
  // run by the server at a login of whoever is no administrator; not by a reset, nor by a change of user
  std::string init_connect;
  std::uint64_t max_allowed_packet = 16 * 1024 * 1024;
  std::uint32_t wait_timeout = 28800;         // seconds
  std::uint32_t interactive_timeout = 28800;  // seconds: the wait_timeout of a client that logs in as interactive
  std::uint32_t max_prepared_stmt_count = 16382;
  proto::mysql::StatusFlags status = proto::mysql::kStatusAutocommit;  // autocommit, NO_BACKSLASH_ESCAPES, ANSI_QUOTES

  /// nullopt: the server has no such variable, or none of those that are read.
  std::optional<std::string_view> find(std::string_view name) const {
    const auto found =
        std::lower_bound(variables.begin(), variables.end(), name,
                         [](const auto& variable, std::string_view wanted) { return variable.first < wanted; });
    if (found == variables.end() || found->first != name) return std::nullopt;
    return found->second;
  }
};

using SessionDefaultsPtr = std::shared_ptr<const SessionDefaults>;

}  // namespace hf::upstream::mysql
