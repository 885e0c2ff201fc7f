// Privileges: what each of the three processes of a node with virtual addresses may do, and how it gets rid of the
// rest.
//
//   guardian  root's user id, kGuardianHolds only; memory locked, real-time priority
//   steward   root's user id, everything in kSurvives (by its exec), to become the users of scripts and to kill them
//   gateway   its own user, no capability, no way to regain one, a filter on system calls (system_call_filter.h)
//
// The steward and the gateway are exec'd by the guardian as root, so the kernel gives them the whole bounding set: what
// the guardian leaves in it is kSurvives, which is what it holds itself and what these two need:
//   CAP_SETUID, CAP_SETGID       gateway: to become its user; steward: to run scripts as theirs
//   CAP_SETPCAP                  gateway: to empty its bounding set
//   CAP_KILL                     guardian: the gateway; steward: scripts and what they started
//   CAP_DAC_READ_SEARCH          steward: password files that only the gateway's user may read
// Files of root's need no capability: their owner reads and writes them. Scripts run as root have kSurvives and no
// more.
//
// Owner: each process calls for itself. Thread: the only one there is; call before any other is started.
// Invariants:
//   1. become_gateway either returns with every right gone and checked, or fails; after a failure the process must end.
//   2. harden_guardian never fails as a whole: what could not be had is told, and the guardian does without.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include <linux/capability.h>
#include <sys/types.h>

#include "base/result.h"

namespace hf::app {

inline constexpr std::array<int, 6> kGuardianHolds = {CAP_NET_ADMIN, CAP_NET_RAW,  CAP_NET_BIND_SERVICE,
                                                      CAP_KILL,      CAP_IPC_LOCK, CAP_SYS_NICE};
inline constexpr std::array<int, 10> kSurvives = {CAP_NET_ADMIN, CAP_NET_RAW,        CAP_NET_BIND_SERVICE, CAP_KILL,
                                                  CAP_IPC_LOCK,  CAP_SYS_NICE,       CAP_SETUID,           CAP_SETGID,
                                                  CAP_SETPCAP,   CAP_DAC_READ_SEARCH};

struct UserIds {
  std::string name{};
  uid_t uid = 0;
  gid_t gid = 0;
  std::vector<gid_t> groups{};  // all of them, gid among them
  std::string home{};
};

/// kNotFound when there is no such user, with the command that makes one. Asks the system's user database, which may
/// block.
Result<UserIds> find_user(const std::string& name);

/// Whether this process has the capability in effect.
bool holds(int capability);

/// For good: groups, group and user ids, every capability set with the ambient and the bounding one, no_new_privs, no
/// core dumps and no tracing by others of that user. Nothing kills the process when the guardian dies: it goes on
/// serving for a while. When the process is not root it must be that user already, and the rest is done as far as it is
/// left to do.
Result<void> become_gateway(const UserIds& user);

enum class Child : std::uint8_t { kGateway, kSteward };
/// What a child inherits of the guardian's through exec and must not keep: its protection from the out-of-memory
/// killer. To be called first thing in the child. (Real-time priority and locked memory do not get through fork and
/// exec.)
void shed_inherited(Child child);

/// Something that the guardian wants and could not have: the fields of event guardian_degraded.
struct Degradation {
  std::string what{};
  std::string reason{};  // in words, with what would allow it
};
struct GuardianRights {
  bool capabilities = false;  // exactly kGuardianHolds are held
  // a page that is not there can make an advert late: neither code nor data is ever swapped
  bool memory_locked = false;
  bool realtime = false;       // or none was asked for
  bool runaway_guard = false;  // a loop that does not sleep for kRunawayLimit loses its real-time priority
  bool spared_by_oom = false;
  std::vector<Degradation> degradations{};
};

inline constexpr std::uint64_t kRunawayLimitMicros = 500'000;  // of CPU without a sleep: back to ordinary priority
// and if that did not help: killed; the kernel ends the lease
inline constexpr std::uint64_t kRunawayKillMicros = 2'000'000;

/// `realtime_priority`: SCHED_RR 1 to 99; 0: none. Folders are to be made (gateway_folders.h) and everything that needs
/// other rights done before.
GuardianRights harden_guardian(std::uint32_t realtime_priority);

}  // namespace hf::app
