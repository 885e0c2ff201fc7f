#include "app/privileges.h"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace hf::app {

namespace {

constexpr int kGuardianOom = -900;
constexpr int kGatewayOom = -500;  // as in packaging/holdfast.service
constexpr int kStewardOom = 0;
constexpr std::size_t kLargestUserRecord = 1024 * 1024;

// ── capabilities, without a library: two system calls ──

struct CapabilitySets {
  std::uint64_t effective = 0;
  std::uint64_t permitted = 0;
  std::uint64_t inheritable = 0;
};

constexpr std::uint64_t bit(int capability) { return std::uint64_t{1} << capability; }

template <std::size_t n>
constexpr std::uint64_t bits(const std::array<int, n>& capabilities) {
  std::uint64_t all = 0;
  for (const int each : capabilities) all |= bit(each);
  return all;
}

Result<CapabilitySets> capabilities_now() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[2] = {};
  if (::syscall(SYS_capget, &header, data) != 0) return system_error(errno, "capget");
  const auto joined = [](std::uint32_t low, std::uint32_t high) { return std::uint64_t{high} << 32 | low; };
  return CapabilitySets{joined(data[0].effective, data[1].effective), joined(data[0].permitted, data[1].permitted),
                        joined(data[0].inheritable, data[1].inheritable)};
}

Result<void> set_capabilities(const CapabilitySets& sets) {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[2] = {};
  for (int word = 0; word < 2; ++word) {
    data[word].effective = static_cast<std::uint32_t>(sets.effective >> (32 * word));
    data[word].permitted = static_cast<std::uint32_t>(sets.permitted >> (32 * word));
    data[word].inheritable = static_cast<std::uint32_t>(sets.inheritable >> (32 * word));
  }
  if (::syscall(SYS_capset, &header, data) != 0) return system_error(errno, "capset");
  return {};
}

/// Everything but `kept` leaves the bounding set.
Result<void> limit_bounding_set(std::uint64_t kept) {
  for (int capability = 0; capability < 64; ++capability) {
    const int there = ::prctl(PR_CAPBSET_READ, capability, 0, 0, 0);
    if (there < 0) break;  // past the last one that this kernel knows
    if (there == 0 || (kept & bit(capability)) != 0) continue;
    if (::prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) != 0) {
      return system_error(
          errno, "taking capability " + std::to_string(capability) + " off the bounding set, which needs CAP_SETPCAP");
    }
  }
  return {};
}

std::string capability_name(int capability) {
  switch (capability) {
    case CAP_NET_ADMIN: return "CAP_NET_ADMIN";
    case CAP_NET_RAW: return "CAP_NET_RAW";
    case CAP_NET_BIND_SERVICE: return "CAP_NET_BIND_SERVICE";
    case CAP_KILL: return "CAP_KILL";
    case CAP_IPC_LOCK: return "CAP_IPC_LOCK";
    case CAP_SYS_NICE: return "CAP_SYS_NICE";
    default: return "capability " + std::to_string(capability);
  }
}

// ── the gateway ──

Result<void> take_ids(const UserIds& user) {
  if (::setgroups(user.groups.size(), user.groups.data()) != 0) {
    return system_error(errno, "setgroups to those of user '" + user.name + "'");
  }
  if (::setresgid(user.gid, user.gid, user.gid) != 0) {
    return system_error(errno, "setresgid to the group of user '" + user.name + "'");
  }
  if (::setresuid(user.uid, user.uid, user.uid) != 0) {
    return system_error(errno, "setresuid to user '" + user.name + "'");
  }
  return {};
}

/// Nothing of the above is believed: the kernel is asked.
Result<void> check_powerless(const UserIds& user) {
  uid_t uids[3] = {};
  gid_t gids[3] = {};
  if (::getresuid(&uids[0], &uids[1], &uids[2]) != 0 || ::getresgid(&gids[0], &gids[1], &gids[2]) != 0) {
    return system_error(errno, "getresuid");
  }
  const bool all_theirs = std::all_of(uids, uids + 3, [&](uid_t id) { return id == user.uid; }) &&
                          std::all_of(gids, gids + 3, [&](gid_t id) { return id == user.gid; });
  if (!all_theirs) return Error{ErrorCode::kSystem, "the process is not user '" + user.name + "' after all"};
  if (::setresuid(0, 0, 0) == 0 || ::setuid(0) == 0 || ::setresgid(0, 0, 0) == 0) {
    return Error{ErrorCode::kSystem, "root could be regained after it was given up"};
  }
  Result<CapabilitySets> sets = capabilities_now();
  if (!sets.ok()) return std::move(sets).error();
  if ((sets->effective | sets->permitted | sets->inheritable) != 0) {
    return Error{ErrorCode::kSystem, "a capability is left after all were given up"};
  }
  return {};
}

// ── the guardian ──

void write_oom_score(int score) {
  const int fd = ::open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
  if (fd < 0) return;
  const std::string text = std::to_string(score);
  (void)!::write(fd, text.data(), text.size());  // read back by whoever depends on it
  ::close(fd);
}

int read_oom_score() {
  char text[16] = {};
  const int fd = ::open("/proc/self/oom_score_adj", O_RDONLY | O_CLOEXEC);
  if (fd < 0) return 0;
  (void)!::read(fd, text, sizeof text - 1);
  ::close(fd);
  return static_cast<int>(std::strtol(text, nullptr, 10));
}

/// SIGXCPU: the loop has not slept for kRunawayLimitMicros. Its priority would keep everybody else off this CPU.
extern "C" void give_up_realtime(int /*signal*/) {
  const int saved = errno;
  const sched_param ordinary{};
  ::sched_setscheduler(0, SCHED_OTHER | SCHED_RESET_ON_FORK, &ordinary);
  errno = saved;
}

Result<void> guard_against_runaway() {
  struct sigaction action{};
  action.sa_handler = give_up_realtime;
  action.sa_flags = SA_RESTART;
  if (::sigaction(SIGXCPU, &action, nullptr) != 0) return system_error(errno, "sigaction");
  rlimit limit{};
  if (::getrlimit(RLIMIT_RTTIME, &limit) != 0) return system_error(errno, "getrlimit");
  limit.rlim_max = std::min<rlim_t>(limit.rlim_max, kRunawayKillMicros);
  limit.rlim_cur = std::min<rlim_t>(limit.rlim_max, kRunawayLimitMicros);
  if (::setrlimit(RLIMIT_RTTIME, &limit) != 0) return system_error(errno, "setrlimit");
  return {};
}

Result<void> take_realtime(std::uint32_t priority) {
  const sched_param wanted{.sched_priority = static_cast<int>(priority)};
  if (::sched_setscheduler(0, SCHED_RR | SCHED_RESET_ON_FORK, &wanted) == 0) return {};
  Error error = system_error(errno, "SCHED_RR priority " + std::to_string(priority));
  error.context +=
      "; it needs CAP_SYS_NICE or LimitRTPRIO, RestrictRealtime=no, and a control group that is allowed real time";
  return error;
}

/// Whole, not as pages are touched (MCL_ONFAULT): the first use of a rare path must not wait for the disk either. The
/// guardian is small and has one thread, so that nothing large is reserved that would be filled.
Result<void> lock_memory() {
  if (::mlockall(MCL_CURRENT | MCL_FUTURE) == 0) return {};
  Error error = system_error(errno, "mlockall");
  error.context += "; it needs CAP_IPC_LOCK or LimitMEMLOCK=infinity";
  return error;
}

Result<void> keep_only_guardian_capabilities() {
  Result<CapabilitySets> before = capabilities_now();
  if (!before.ok()) return std::move(before).error();
  const Result<void> limited = limit_bounding_set(bits(kSurvives));
  ::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  const std::uint64_t held = before->permitted & bits(kGuardianHolds);
  HF_RETURN_IF_ERROR(set_capabilities({held, held, 0}));
  std::string missing;
  for (const int each : kGuardianHolds) {
    if ((held & bit(each)) == 0) missing += (missing.empty() ? "" : ", ") + capability_name(each);
  }
  if (!missing.empty()) {
    return Error{ErrorCode::kAccessDenied, missing + " was not given to this process; see CapabilityBoundingSet"};
  }
  return limited;
}

}  // namespace

Result<UserIds> find_user(const std::string& name) {
  std::vector<char> buffer(4096);
  passwd record{};
  passwd* found = nullptr;
  int error = ERANGE;
  while ((error = ::getpwnam_r(name.c_str(), &record, buffer.data(), buffer.size(), &found)) == ERANGE &&
         buffer.size() < kLargestUserRecord) {
    buffer.resize(buffer.size() * 2);
  }
  if (error != 0) return system_error(error, "user '" + name + "' could not be looked up");
  if (found == nullptr) {
    return Error{ErrorCode::kNotFound, "there is no user '" + name + "'; make one with `adduser --system --group " +
                                           name + "`, or name another one as node.user"};
  }
  UserIds user{name, record.pw_uid, record.pw_gid, {}, record.pw_dir};
  int count = 64;
  user.groups.resize(static_cast<std::size_t>(count));
  while (::getgrouplist(name.c_str(), user.gid, user.groups.data(), &count) < 0 &&
         user.groups.size() < kLargestUserRecord) {
    user.groups.resize(std::max(user.groups.size() * 2, static_cast<std::size_t>(count)));
    count = static_cast<int>(user.groups.size());
  }
  user.groups.resize(static_cast<std::size_t>(std::max(count, 0)));
  return user;
}

bool holds(int capability) {
  const Result<CapabilitySets> sets = capabilities_now();
  return sets.ok() && (sets->effective & bit(capability)) != 0;
}

Result<void> become_gateway(const UserIds& user) {
  if (user.uid == 0) {
    return Error{ErrorCode::kInvalidArgument, "the gateway must not be root: name another user as node.user"};
  }
  const bool is_root = ::geteuid() == 0;
  if (!is_root && (::geteuid() != user.uid || ::getegid() != user.gid)) {
    return Error{ErrorCode::kAccessDenied, "only root can become user '" + user.name + "'"};
  }
  const rlimit no_core{0, 0};
  if (::setrlimit(RLIMIT_CORE, &no_core) != 0) return system_error(errno, "switching core dumps off");
  ::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  if (is_root) {
    HF_RETURN_IF_ERROR(limit_bounding_set(0));
    if (::prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0) != 0) return system_error(errno, "PR_SET_KEEPCAPS");
    HF_RETURN_IF_ERROR(take_ids(user));
  }
  HF_RETURN_IF_ERROR(set_capabilities({}));
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return system_error(errno, "PR_SET_NO_NEW_PRIVS");
  if (::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) return system_error(errno, "PR_SET_DUMPABLE");
  return check_powerless(user);
}

void shed_inherited(Child child) {
  const int least = child == Child::kGateway ? kGatewayOom : kStewardOom;
  if (read_oom_score() < least) write_oom_score(least);
}

GuardianRights harden_guardian(std::uint32_t realtime_priority) {
  GuardianRights rights;
  const auto got = [&rights](const char* what, const Result<void>& outcome) {
    if (!outcome.ok()) rights.degradations.push_back({what, outcome.error().context});
    return outcome.ok();
  };
  // While all rights are still there:
  if (read_oom_score() > kGuardianOom) write_oom_score(kGuardianOom);
  rights.spared_by_oom = read_oom_score() <= kGuardianOom;
  if (!rights.spared_by_oom) {
    rights.degradations.push_back(
        {"oom_score_adj", "it may not be lowered to " + std::to_string(kGuardianOom) +
                              ", which needs CAP_SYS_RESOURCE or OOMScoreAdjust= in the unit"});
  }
  ::prctl(PR_SET_TIMERSLACK, 1, 0, 0, 0);  // for when there is no real-time priority
  rights.memory_locked = got("locked memory", lock_memory());
  rights.realtime = true;
  if (realtime_priority > 0) {
    rights.runaway_guard = got("guard against a runaway loop", guard_against_runaway());
    rights.realtime = got("real-time priority", take_realtime(realtime_priority));
  }
  rights.capabilities = got("capabilities", keep_only_guardian_capabilities());
  return rights;
}

}  // namespace hf::app
