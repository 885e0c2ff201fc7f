#include "app/privileges.h"

#include <fcntl.h>
#include <grp.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>

#include "app/forked_child_fake.h"
#include "app/system_call_filter.h"

namespace hf::app {
namespace {

bool is_root() { return ::geteuid() == 0; }

/// Somebody to become: nobody for root, ourselves for everybody else.
UserIds somebody() {
  if (is_root()) return find_user("nobody").value();
  UserIds self{"self", ::getuid(), ::getgid(), {}, "/"};
  self.groups.resize(256);
  self.groups.resize(static_cast<std::size_t>(std::max(0, ::getgroups(256, self.groups.data()))));
  return self;
}

/// A line of /proc/self/status, "CapEff:" say.
std::string status_line(const std::string& name, const char* file = "/proc/self/status") {
  std::ifstream status(file);
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with(name)) return line.substr(line.find_first_not_of(" \t", name.size()));
  }
  return "";
}

std::string mask(std::uint64_t bits) {
  char text[32];
  std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(bits));
  return text;
}

template <typename Capabilities>
std::uint64_t bits(const Capabilities& capabilities) {
  std::uint64_t all = 0;
  for (const int each : capabilities) all |= std::uint64_t{1} << each;
  return all;
}

TEST(Privileges, AUserThatDoesNotExistIsNamedWithTheRemedy) {
  const Result<UserIds> missing = find_user("hf-no-such-user");
  ASSERT_FALSE(missing.ok());
  EXPECT_EQ(missing.error().code, ErrorCode::kNotFound);
  EXPECT_NE(missing.error().context.find("adduser --system --group hf-no-such-user"), std::string::npos)
      << missing.error().context;
}

TEST(Privileges, AUserIsFoundWithGroupsAndHome) {
  const Result<UserIds> root = find_user("root");
  ASSERT_TRUE(root.ok()) << root.error().context;
  EXPECT_EQ(root->uid, 0U);
  EXPECT_EQ(root->gid, 0U);
  EXPECT_NE(std::find(root->groups.begin(), root->groups.end(), 0U), root->groups.end());
  EXPECT_EQ(root->home, "/root");
}

TEST(Privileges, TheGatewayIsNeverRoot) {
  EXPECT_EQ(in_child([] {
              const Result<void> became = become_gateway(find_user("root").value());
              return std::string(became.ok() ? "became root" : "");
            }),
            ChildEnd{});
}

std::string check_gateway() {
  const UserIds user = somebody();
  const Result<void> became = become_gateway(user);
  if (!became.ok()) return became.error().context;
  if (::getuid() != user.uid || ::getgid() != user.gid) return "other ids";
  gid_t groups[256] = {};
  if (static_cast<std::size_t>(::getgroups(256, groups)) != user.groups.size()) return "other groups";
  if (::setuid(0) == 0 || ::setgid(0) == 0 || ::setgroups(0, nullptr) == 0) return "root regained";
  for (const char* each : {"CapInh:", "CapPrm:", "CapEff:", "CapAmb:"}) {
    if (status_line(each) != mask(0)) return std::string(each) + status_line(each);
  }
  if (is_root() && status_line("CapBnd:") != mask(0)) return "bounding set " + status_line("CapBnd:");
  if (::prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1) return "new privileges are possible";
  if (::prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) != 0) return "dumpable";
  int death_signal = 0;
  if (::prctl(PR_GET_PDEATHSIG, &death_signal, 0, 0, 0) != 0 || death_signal != 0) return "dies with its parent";
  rlimit core{};
  if (::getrlimit(RLIMIT_CORE, &core) != 0 || core.rlim_max != 0) return "core dumps";
  if (::open("/etc/shadow", O_RDONLY | O_CLOEXEC) >= 0) return "reads /etc/shadow";
  return "";
}

TEST(Privileges, TheGatewayHasNoRightLeftAndNoWayBack) { EXPECT_EQ(in_child(check_gateway), ChildEnd{}); }

TEST(Privileges, WithTheFilterOnTopTheGatewayStillKnowsItself) {
  EXPECT_EQ(in_child([] {
              const Result<void> became = become_gateway(somebody());
              if (!became.ok()) return became.error().context;
              const Result<void> filtered = install_system_call_filter();
              if (!filtered.ok()) return filtered.error().context;
              return std::string(std::ifstream("/proc/self/stat").is_open() ? "" : "cannot read /proc/self/stat");
            }),
            ChildEnd{});
}

TEST(Privileges, AnOrdinaryUserCannotBecomeAnother) {
  EXPECT_EQ(in_child([] {
              UserIds other = somebody();
              if (is_root() && ::setresuid(other.uid, other.uid, other.uid) != 0) return std::string("setresuid");
              other.uid += 1;
              const Result<void> became = become_gateway(other);
              if (became.ok()) return std::string("became another");
              return std::string(became.error().code == ErrorCode::kAccessDenied ? "" : became.error().context);
            }),
            ChildEnd{});
}

bool told(const GuardianRights& rights, const std::string& what) {
  return std::any_of(rights.degradations.begin(), rights.degradations.end(),
                     [&](const Degradation& each) { return each.what == what && !each.reason.empty(); });
}

/// Whatever this machine allows: what was claimed is true, and what was not is told.
std::string check_guardian() {
  const GuardianRights rights = harden_guardian(1);
  if (rights.memory_locked == told(rights, "locked memory")) return "locked memory";
  if (rights.realtime == told(rights, "real-time priority")) return "real-time priority";
  if (rights.runaway_guard == told(rights, "guard against a runaway loop")) return "guard";
  if (rights.spared_by_oom == told(rights, "oom_score_adj")) return "oom_score_adj";
  if (rights.capabilities == told(rights, "capabilities")) return "capabilities";
  const bool locks_for_real = has_system_call_filter();  // sanitizers make mlockall do nothing
  if (rights.memory_locked && locks_for_real && status_line("VmLck:").starts_with("0 ")) return "nothing is locked";
  if (rights.realtime && ::sched_getscheduler(0) != (SCHED_RR | SCHED_RESET_ON_FORK)) return "not SCHED_RR";
  if (rights.spared_by_oom && status_line("", "/proc/self/oom_score_adj") != "-900") return "oom_score_adj differs";
  if (rights.capabilities && status_line("CapEff:") != mask(bits(kGuardianHolds))) {
    return "CapEff " + status_line("CapEff:");
  }
  if (rights.capabilities && status_line("CapPrm:") != mask(bits(kGuardianHolds))) {
    return "CapPrm " + status_line("CapPrm:");
  }
  if (::prctl(PR_GET_TIMERSLACK, 0, 0, 0, 0) > 1) return "timers are slack";
  return "";
}

TEST(Privileges, TheGuardianHasWhatItClaimsAndTellsWhatItLacks) { EXPECT_EQ(in_child(check_guardian), ChildEnd{}); }

TEST(Privileges, WithoutRightsTheGuardianTellsAllThatItLacksAndGoesOn) {
  EXPECT_EQ(in_child([] {
              const UserIds user = somebody();
              if (is_root() && ::setresuid(user.uid, user.uid, user.uid) != 0) return std::string("setresuid");
              const rlimit nothing{0, 0};
              ::setrlimit(RLIMIT_RTPRIO, &nothing);
              const GuardianRights rights = harden_guardian(20);
              if (rights.realtime || !told(rights, "real-time priority")) return std::string("real-time priority");
              if (rights.capabilities || !told(rights, "capabilities")) return std::string("capabilities");
              return std::string();
            }),
            ChildEnd{});
}

TEST(Privileges, WhatTheGuardianExecsHasWhatStewardAndGatewayNeed) {
  if (!is_root()) return;  // only root's programs get the bounding set
  EXPECT_EQ(in_child([] {
              const std::uint64_t before = std::strtoull(status_line("CapBnd:").c_str(), nullptr, 16);
              harden_guardian(0);
              std::FILE* child = ::popen("grep CapEff /proc/self/status", "r");
              char line[128] = {};
              if (child == nullptr || std::fgets(line, sizeof line, child) == nullptr) return std::string("no child");
              ::pclose(child);
              const std::string wanted = mask(bits(kSurvives) & before);
              return std::string(line).find(wanted) != std::string::npos ? std::string()
                                                                         : line + ("instead of " + wanted);
            }),
            ChildEnd{});
}

TEST(Privileges, AChildOfTheGuardianIsNeitherRealTimeNorSpared) {
  EXPECT_EQ(in_child([] {
              const GuardianRights rights = harden_guardian(1);
              const ChildEnd child = in_child([] {
                shed_inherited(Child::kSteward);
                if (::sched_getscheduler(0) != SCHED_OTHER) return std::string("real-time");
                if (!status_line("VmLck:").starts_with("0 ")) return std::string("locked memory");
                return std::string(std::atoi(status_line("", "/proc/self/oom_score_adj").c_str()) >= 0 ? "" : "spared");
              });
              return child.wrong;
            }),
            ChildEnd{});
}

TEST(Privileges, ALoopThatNeverSleepsLosesItsRealTimePriorityAndLives) {
  EXPECT_EQ(in_child([] {
              const GuardianRights rights = harden_guardian(1);
              if (!rights.realtime || !rights.runaway_guard) return std::string();  // nothing to lose on this machine
              while ((::sched_getscheduler(0) & ~SCHED_RESET_ON_FORK) == SCHED_RR) {}
              return std::string();
            }),
            ChildEnd{});
}

}  // namespace
}  // namespace hf::app
