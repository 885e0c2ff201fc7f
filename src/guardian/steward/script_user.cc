#include "guardian/steward/script_user.h"

#include <cerrno>

#include <grp.h>
#include <pwd.h>
#include <unistd.h>

namespace hf::guardian::steward {
namespace {

constexpr std::size_t kLargestEntry = 64 * 1024;
constexpr int kMostGroups = 1024;

std::vector<gid_t> groups_of(const ScriptUser& user) {
  int count = kMostGroups;
  std::vector<gid_t> groups(static_cast<std::size_t>(count));
  if (::getgrouplist(user.name.c_str(), user.gid, groups.data(), &count) < 0) count = kMostGroups;
  groups.resize(static_cast<std::size_t>(count));
  return groups;
}

}  // namespace

ScriptUser own_user() {
  std::string buffer(kLargestEntry, '\0');
  passwd entry{};
  passwd* found = nullptr;
  const uid_t uid = ::geteuid();
  const bool known = ::getpwuid_r(uid, &entry, buffer.data(), buffer.size(), &found) == 0 && found != nullptr;
  return {.name = known ? entry.pw_name : std::to_string(uid),
          .home = known ? entry.pw_dir : "/",
          .uid = uid,
          .gid = ::getegid(),
          .groups = {}};
}

Result<ScriptUser> find_user(const std::string& name) {
  std::string buffer(kLargestEntry, '\0');
  passwd entry{};
  passwd* found = nullptr;
  const int error = ::getpwnam_r(name.c_str(), &entry, buffer.data(), buffer.size(), &found);
  if (error != 0) return system_error(error, "user '" + name + "'");
  if (found == nullptr) return Error{ErrorCode::kNotFound, "there is no user '" + name + "'"};
  ScriptUser user{.name = name, .home = entry.pw_dir, .uid = entry.pw_uid, .gid = entry.pw_gid, .groups = {}};
  user.groups = groups_of(user);
  return user;
}

}  // namespace hf::guardian::steward
