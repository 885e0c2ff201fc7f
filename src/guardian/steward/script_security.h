// What may run as root, and what a request may add to a configured command. The steward is root and the requests come,
// by way of the guardian, from the gateway, which talks to clients: it is trusted with nothing.
//
// Owner: the steward. Thread: its own.
// Invariants:
//   1. A program passes only if nobody but root can change it, or exchange it or any folder or link on its way.
//   2. A request that passes carries plain words and variables named HOLDFAST_…, none of which a loader, a shell or an
//      option parser reads as anything else.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"

namespace hf::guardian::steward {

/// Every folder, link and file on the way, links followed: owned by root and writable by nobody else (a folder with the
/// sticky bit may be: what is root's in it stays root's). kAccessDenied names the one that is not.
Result<void> only_root_may_change(const std::string& path);

/// A name without a slash is looked for in kScriptPath; the result is a regular file that somebody may execute.
Result<std::string> find_program(const std::string& name);

/// Arguments and environment of a request, as words that are safe to hand to a script that runs as root.
Result<void> check_request(const std::vector<std::string>& arguments, const std::vector<std::string>& environment);

inline constexpr const char* kScriptPath = "/usr/sbin:/usr/bin:/sbin:/bin";

}  // namespace hf::guardian::steward
