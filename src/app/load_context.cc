#include "app/load_context.h"

#include <net/if.h>
#include <sys/stat.h>

#include <cerrno>
#include <string>

#include "app/event_catalogue.h"
#include "app/privileges.h"

namespace hf::app {

namespace {

bool has_interface(const std::string& name) { return ::if_nametoindex(name.c_str()) != 0 || errno != ENODEV; }

bool has_user(const std::string& name) {
  const Result<UserIds> user = find_user(name);
  return user.ok() || user.error().code != ErrorCode::kNotFound;
}

/// Whether somebody may execute the file: as whom it is run is not known here.
Result<void> can_run(const std::string& path) {
  struct stat status = {};
  if (::stat(path.c_str(), &status) != 0) {
    if (errno != ENOENT && errno != ENOTDIR) return {};
    return Error{ErrorCode::kNotFound, "there is no such file"};
  }
  if (!S_ISREG(status.st_mode)) return Error{ErrorCode::kInvalidArgument, "it is not a regular file"};
  if ((status.st_mode & 0111) == 0) return Error{ErrorCode::kAccessDenied, "nobody may execute it"};
  return {};
}

}  // namespace

config::LoadContext load_context() {
  config::LoadContext context = config::system_context();
  context.events = event_catalogue();
  return context;
}

config::Machine this_machine() { return {.has_interface = has_interface, .has_user = has_user, .can_run = can_run}; }

}  // namespace hf::app
