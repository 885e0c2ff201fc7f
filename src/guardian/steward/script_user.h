// ScriptUser: whom a script runs as, looked up ahead of time: between fork and exec no lookup is allowed.
//
// Owner: the steward. Thread: its own (the lookup asks the system's user databases and may wait for them).
#pragma once

#include <string>
#include <vector>

#include <sys/types.h>

#include "base/result.h"

namespace hf::guardian::steward {

struct ScriptUser {
  std::string name{};
  std::string home{};
  uid_t uid = 0;
  gid_t gid = 0;
  std::vector<gid_t> groups{};
};

/// Whom this process is; also one whom the user database does not know.
ScriptUser own_user();

/// kNotFound names the user.
Result<ScriptUser> find_user(const std::string& name);

}  // namespace hf::guardian::steward
