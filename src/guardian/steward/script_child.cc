#include "guardian/steward/script_child.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>

#include <fcntl.h>
#include <grp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "guardian/steward/script_security.h"

namespace hf::guardian::steward {
namespace {

constexpr rlim_t kScriptFiles = 1024;
constexpr int kFailureFd = 3;  // in the child; 0 to 2 are the standard streams

enum class Step : std::uint8_t { kStreams, kUser, kExec };

/// What the child tells of its failure.
struct Failure {
  Step step = Step::kStreams;
  int error_number = 0;
};

/// Everything the child needs, in the form in which system calls take it.
struct Prepared {
  std::vector<std::string> environment;
  std::vector<char*> argv;
  std::vector<char*> envp;
  const char* program = nullptr;
  const ScriptUser* user = nullptr;
  bool switch_user = false;
  int null_fd = -1;
  int output_fd = -1;
  int failure_fd = -1;
  int file_limit = 1024;
};

// ── from here on in the child: system calls only ──

[[noreturn]] void fail(int failure_fd, Step step) {
  const Failure failure{step, errno};
  [[maybe_unused]] const ssize_t n = ::write(failure_fd, &failure, sizeof failure);
  ::_exit(127);
}

void reset_signals() {
  struct sigaction standard = {};
  standard.sa_handler = SIG_DFL;
  for (int number = 1; number < NSIG; ++number) ::sigaction(number, &standard, nullptr);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

void close_others(int file_limit) {
  constexpr unsigned kFirst = kFailureFd + 1;
  if (::syscall(SYS_close_range, kFirst, ~0U, 0) == 0) return;
  for (int fd = static_cast<int>(kFirst); fd < file_limit; ++fd) ::close(fd);  // kernels before 5.9
}

/// The sources may lie on the very numbers that are to be filled: first all are moved above them.
bool place_streams(const Prepared& prepared) {
  const int null_fd = ::fcntl(prepared.null_fd, F_DUPFD, 10);
  const int output_fd = ::fcntl(prepared.output_fd, F_DUPFD, 10);
  const int failure_fd = ::fcntl(prepared.failure_fd, F_DUPFD, 10);
  return null_fd >= 0 && output_fd >= 0 && failure_fd >= 0 && ::dup2(null_fd, 0) == 0 && ::dup2(output_fd, 1) == 1 &&
         ::dup2(output_fd, 2) == 2 && ::dup3(failure_fd, kFailureFd, O_CLOEXEC) == kFailureFd;
}

bool become(const ScriptUser& user) {
  return ::setgroups(user.groups.size(), user.groups.data()) == 0 && ::setresgid(user.gid, user.gid, user.gid) == 0 &&
         ::setresuid(user.uid, user.uid, user.uid) == 0;
}

void set_limits() {
  const rlimit no_core{0, 0};
  ::setrlimit(RLIMIT_CORE, &no_core);
  const rlimit no_realtime{0, 0};
  ::setrlimit(RLIMIT_RTPRIO, &no_realtime);
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) != 0) return;
  files.rlim_cur = std::min(files.rlim_max, kScriptFiles);
  ::setrlimit(RLIMIT_NOFILE, &files);
}

[[noreturn]] void child(const Prepared& prepared, pid_t parent) {
  ::setsid();
  reset_signals();
  if (!place_streams(prepared)) fail(prepared.failure_fd, Step::kStreams);
  close_others(prepared.file_limit);
  set_limits();
  ::umask(022);
  if (prepared.switch_user && !become(*prepared.user)) fail(kFailureFd, Step::kUser);
  // Only now: a change of user forgets it. Had the parent died meanwhile, the signal would never come.
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(127);
  if (::chdir("/") != 0) fail(kFailureFd, Step::kStreams);
  ::execve(prepared.program, prepared.argv.data(), prepared.envp.data());
  fail(kFailureFd, Step::kExec);
}

// ── the parent again ──

struct Pipe {
  int read = -1;
  int write = -1;
};

Result<Pipe> make_pipe() {
  int fds[2];
  if (::pipe2(fds, O_CLOEXEC) != 0) return system_error(errno, "pipe");
  ::fcntl(fds[0], F_SETFL, O_NONBLOCK);  // our end only: the program's is as it expects it
  return Pipe{fds[0], fds[1]};
}

void close_all(std::initializer_list<int> fds) {
  for (const int fd : fds) {
    if (fd >= 0) ::close(fd);
  }
}

Prepared prepare(const ScriptRun& run, const std::string& program) {
  Prepared out;
  out.environment = {std::string("PATH=") + kScriptPath, "HOME=" + run.user.home, "USER=" + run.user.name,
                     "LOGNAME=" + run.user.name};
  out.environment.insert(out.environment.end(), run.environment.begin(), run.environment.end());
  for (std::string& variable : out.environment) out.envp.push_back(variable.data());
  out.envp.push_back(nullptr);
  // execve takes pointers to char by history; it does not write through them.
  for (const std::string& word : run.command) out.argv.push_back(const_cast<char*>(word.c_str()));
  out.argv.push_back(nullptr);
  out.program = program.c_str();
  out.user = &run.user;
  out.switch_user = ::geteuid() == 0;
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) == 0) {
    out.file_limit = static_cast<int>(std::min<rlim_t>(files.rlim_cur, 65536));
  }
  return out;
}

Result<ScriptChild> fork_with(const Prepared& prepared) {
  const pid_t parent = ::getpid();
  const pid_t pid = ::fork();
  if (pid < 0) return system_error(errno, "fork");
  if (pid == 0) child(prepared, parent);
  const auto process = static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
  if (process < 0) {
    const Error error = system_error(errno, "pidfd_open");
    ::kill(pid, SIGKILL);
    ::waitpid(pid, nullptr, 0);
    return error;
  }
  return ScriptChild{.pid = pid, .process = process};
}

}  // namespace

Result<ScriptChild> spawn_script(const ScriptRun& run, const std::string& program) {
  Result<Pipe> output = make_pipe();
  if (!output.ok()) return output.error();
  Result<Pipe> failure = make_pipe();
  if (!failure.ok()) {
    close_all({output->read, output->write});
    return failure.error();
  }
  Prepared prepared = prepare(run, program);
  prepared.null_fd = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  prepared.output_fd = output->write;
  prepared.failure_fd = failure->write;
  Result<ScriptChild> started = fork_with(prepared);
  close_all({prepared.null_fd, output->write, failure->write});
  if (!started.ok()) {
    close_all({output->read, failure->read});
    return started.error();
  }
  started->output = output->read;
  started->failure = failure->read;
  return started;
}

std::string child_failure(int failure_fd, const ScriptRun& run) {
  Failure failure;
  if (::read(failure_fd, &failure, sizeof failure) != static_cast<ssize_t>(sizeof failure)) return {};
  switch (failure.step) {
    case Step::kUser: return system_error(failure.error_number, "cannot become user '" + run.user.name + "'").context;
    case Step::kExec: return system_error(failure.error_number, "cannot execute '" + run.command.front() + "'").context;
    case Step::kStreams: break;
  }
  return system_error(failure.error_number, "cannot prepare the program's streams").context;
}

}  // namespace hf::guardian::steward
