// SessionDefaults: what a session of a service begins with: the servers' global values of the variables that change what statements mean.
//
// Owner: shared_ptr<const>, in the view. Thread: any. Invariant: equal content has an equal id for the life of the process.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "proto/mysql/capabilities.h"

namespace hf::upstream {

struct SessionDefaults {
  std::uint64_t id = 0;
  std::vector<std::pair<std::string, std::string>> variables;  // by name, values as session tracking spells them
  std::string init_connect;
  std::uint64_t max_allowed_packet = 16 * 1024 * 1024;
  std::uint32_t wait_timeout = 28800;
  std::uint32_t interactive_timeout = 28800;
  std::uint32_t max_prepared_stmt_count = 16382;
  proto::mysql::StatusFlags status = proto::mysql::kStatusAutocommit;
};
using SessionDefaultsPtr = std::shared_ptr<const SessionDefaults>;

}  // namespace hf::upstream
