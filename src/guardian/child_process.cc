#include "guardian/child_process.h"

#include <cerrno>
#include <csignal>
#include <utility>

#include <fcntl.h>
#include <sched.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/assert.h"

namespace hf::guardian {

namespace {

constexpr int kFirstFd = 3;

/// The fds for the child, as duplicates beyond all numbers that they will have there: placing one cannot hit another.
class StagedFds {
 public:
  StagedFds() = default;
  StagedFds(const StagedFds&) = delete;
  StagedFds& operator=(const StagedFds&) = delete;
  ~StagedFds() {
    for (const int fd : staged_) ::close(fd);
  }

  /// 0, or the errno.
  int stage(const std::vector<int>& fds) {
    const int beyond = kFirstFd + static_cast<int>(fds.size());
    for (const int fd : fds) {
      const int copy = ::fcntl(fd, F_DUPFD_CLOEXEC, beyond);
      if (copy < 0) return errno;
      staged_.push_back(copy);
    }
    return 0;
  }
  const std::vector<int>& fds() const { return staged_; }

 private:
  std::vector<int> staged_;
};

/// What the child does between vfork and exec.
class SpawnPlan {
 public:
  SpawnPlan() {
    HF_CHECK(::posix_spawnattr_init(&attributes_) == 0);
    HF_CHECK(::posix_spawn_file_actions_init(&actions_) == 0);
  }
  SpawnPlan(const SpawnPlan&) = delete;
  SpawnPlan& operator=(const SpawnPlan&) = delete;
  ~SpawnPlan() {
    ::posix_spawn_file_actions_destroy(&actions_);
    ::posix_spawnattr_destroy(&attributes_);
  }

  /// 0, or the errno.
  int make(const std::vector<int>& fds) {
    sigset_t none;
    sigset_t all;
    ::sigemptyset(&none);
    ::sigfillset(&all);
    const sched_param ordinary{.sched_priority = 0};
    ::posix_spawnattr_setsigmask(&attributes_, &none);
    ::posix_spawnattr_setsigdefault(&attributes_, &all);
    ::posix_spawnattr_setschedpolicy(&attributes_, SCHED_OTHER);
    ::posix_spawnattr_setschedparam(&attributes_, &ordinary);
    ::posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSCHEDULER |
                                                 POSIX_SPAWN_SETPGROUP);

    int target = kFirstFd;
    for (const int fd : fds) {
      const int error = ::posix_spawn_file_actions_adddup2(&actions_, fd, target++);
      if (error != 0) return error;
    }
    return ::posix_spawn_file_actions_addclosefrom_np(&actions_, target);
  }
  const posix_spawnattr_t* attributes() const { return &attributes_; }
  const posix_spawn_file_actions_t* actions() const { return &actions_; }

 private:
  posix_spawnattr_t attributes_{};
  posix_spawn_file_actions_t actions_{};
};

// By number: the header of glibc 2.36 declares these two for C only.
int open_pidfd(pid_t pid) { return static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)); }
/// 0, or the errno.
int send_signal(int pidfd, int signal) {
  return ::syscall(SYS_pidfd_send_signal, pidfd, signal, nullptr, 0) == 0 ? 0 : errno;
}

void kill_and_reap(pid_t pid) {
  ::kill(pid, SIGKILL);
  while (::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {}
}

}  // namespace

Result<std::unique_ptr<ChildProcess>> ChildProcess::start(runtime::EventLoop& loop, const Options& options,
                                                          OnExit on_exit) {
  StagedFds staged;
  SpawnPlan plan;
  int error = staged.stage(options.fds);
  if (error == 0) error = plan.make(staged.fds());
  std::vector<char*> arguments;
  for (const std::string& each : options.arguments) arguments.push_back(const_cast<char*>(each.c_str()));
  arguments.push_back(nullptr);
  pid_t pid = -1;
  if (error == 0) {
    // glibc does this by clone(CLONE_VM | CLONE_VFORK), with all signals blocked meanwhile.
    error = ::posix_spawn(&pid, options.program.c_str(), plan.actions(), plan.attributes(), arguments.data(), environ);
  }
  if (error != 0) return system_error(error, "start " + options.program);

  const int pidfd = open_pidfd(pid);
  if (pidfd < 0) {
    error = errno;
    kill_and_reap(pid);
    return system_error(error, "watch " + options.program);
  }
  std::unique_ptr<ChildProcess> child(new ChildProcess(loop, pid, pidfd, std::move(on_exit)));
  const Result<void> watched = loop.poller().add(pidfd, *child);
  if (!watched.ok()) {
    ::close(std::exchange(child->pidfd_, -1));
    kill_and_reap(pid);
    return watched.error();
  }
  return child;
}

ChildProcess::ChildProcess(runtime::EventLoop& loop, pid_t pid, int pidfd, OnExit on_exit)
    : loop_(loop), pid_(pid), pidfd_(pidfd), on_exit_(std::move(on_exit)) {}

ChildProcess::~ChildProcess() {
  if (!running()) return;
  send_signal(pidfd_, SIGKILL);
  forget();
  ::waitpid(pid_, nullptr, WNOHANG);
}

void ChildProcess::forget() {
  loop_.poller().remove(pidfd_, *this);
  loop_.forget(*this);
  ::close(std::exchange(pidfd_, -1));
}

Result<void> ChildProcess::kill(int signal) {
  const int error = running() ? send_signal(pidfd_, signal) : ESRCH;
  if (error == ESRCH) return Error{ErrorCode::kNotFound, "process " + std::to_string(pid_) + " has ended"};
  if (error != 0) return system_error(error, "signal process " + std::to_string(pid_));
  return {};
}

void ChildProcess::on_ready(std::uint32_t /*readiness*/) {
  int status = 0;
  const pid_t reaped = ::waitpid(pid_, &status, WNOHANG);
  if (reaped == 0 || (reaped < 0 && errno == EINTR)) return;  // the pidfd was only said to be writable
  if (reaped < 0) {
    HF_BUG("a child was reaped by somebody else");
    status = 0xFF00;  // exit code 255
  }
  forget();
  const OnExit on_exit = std::move(on_exit_);  // *this may go away in it
  if (on_exit) on_exit(status);
}

std::string describe_exit(int wait_status) {
  if (WIFEXITED(wait_status)) return "exit code " + std::to_string(WEXITSTATUS(wait_status));
  std::string words = "killed by signal " + std::to_string(WTERMSIG(wait_status));
  if (WCOREDUMP(wait_status)) words += " (core dumped)";
  return words;
}

}  // namespace hf::guardian
