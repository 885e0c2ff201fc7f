#include "app/runner.h"

#include <cstdint>
#include <fstream>

#include <unistd.h>

#include "app/privileges.h"
#include "guardian/steward/script_user.h"

namespace hf::app {

namespace {

/// The lowest port that needs no right.
std::uint16_t first_unprivileged_port() {
  std::ifstream file("/proc/sys/net/ipv4/ip_unprivileged_port_start");
  std::uint16_t port = 0;
  return file >> port ? port : std::uint16_t{1024};
}

}  // namespace

std::optional<config::Runner> present_runner() {
  if (::geteuid() == 0) return std::nullopt;
  const std::uint16_t first = holds(CAP_NET_BIND_SERVICE) ? std::uint16_t{0} : first_unprivileged_port();
  return config::Runner{.user = guardian::steward::own_user().name, .first_port = first};
}

Result<std::optional<config::Runner>> runner_named(const std::string& name) {
  const Result<UserIds> user = find_user(name);
  if (!user.ok() && user.error().code == ErrorCode::kNotFound) {
    return Error{ErrorCode::kNotFound, "there is no user '" + name + "'"};
  }
  if (!user.ok()) return user.error();
  if (user->uid == 0) return std::optional<config::Runner>();
  std::optional<config::Runner> runner = user->uid == ::geteuid()
                                             ? present_runner()
                                             : config::Runner{.user = name, .first_port = first_unprivileged_port()};
  runner->must_have_all = true;
  return runner;
}

}  // namespace hf::app
