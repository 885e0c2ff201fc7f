#include "guardian/steward/script_runner.h"

#include <algorithm>
#include <array>
#include <csignal>

#include <sys/wait.h>
#include <unistd.h>

#include "guardian/steward/script_child.h"
#include "guardian/steward/script_security.h"

namespace hf::guardian::steward {
namespace {

constexpr std::size_t kReadAtOnce = 4096;
constexpr int kReadsInATurn = 16;  // a program that floods us gets no more of a turn

/// Calls a function when its fd is ready: a run has two of them.
class Watch final : private runtime::IoHandler {
 public:
  Watch(runtime::EventLoop& loop, int fd, std::function<void()> on_ready)
      : loop_(loop), fd_(fd), on_ready_(std::move(on_ready)) {}
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;
  ~Watch() {
    loop_.poller().remove(fd_, *this);
    loop_.forget(*this);
    // Closing is not enough: a child between fork and exec still has a copy, and the kernel would go on telling us of
    // it.
    const Result<void> off = loop_.poller().unwatch(fd_);
    static_cast<void>(off.ok());  // fails where start() has failed: then there is nothing to take off
    ::close(fd_);
  }
  Result<void> start() { return loop_.poller().add(fd_, *this); }
  void again() { loop_.ready_next_turn(*this, runtime::kReadable); }
  int fd() const { return fd_; }

 private:
  void on_ready(std::uint32_t /*readiness*/) override { on_ready_(); }

  runtime::EventLoop& loop_;
  int fd_;
  std::function<void()> on_ready_;
};

std::int32_t exit_code(const siginfo_t& info) {
  return info.si_code == CLD_EXITED ? info.si_status : 128 + info.si_status;
}

Result<void> may_run(const ScriptUser& user, const std::string& program) {
  if (::geteuid() != 0 && user.uid != ::geteuid()) {
    return Error{ErrorCode::kAccessDenied, "cannot become user '" + user.name + "' without being root"};
  }
  if (user.uid != 0) return {};
  const Result<void> safe = only_root_may_change(program);
  if (safe.ok()) return {};
  return Error{safe.error().code, "not run as root: " + safe.error().context};
}

}  // namespace

class ScriptRunner::Run final : private runtime::Timer {
 public:
  Run(ScriptRunner& owner, ScriptRun run, Done done, const ScriptChild& child)
      : owner_(owner),
        run_(std::move(run)),
        done_(std::move(done)),
        pid_(child.pid),
        failure_(child.failure),
        process_(owner.loop_, child.process, [this] { exited(); }),
        output_(owner.loop_, child.output, [this] { read_output(); }) {}
  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;
  ~Run() {
    if (pid_ > 0) {
      kill_group();
      ::waitpid(pid_, nullptr, 0);  // of a killed child: ends at once
    }
    ::close(failure_);
  }

  Result<void> start() {
    HF_RETURN_IF_ERROR(process_.start());
    HF_RETURN_IF_ERROR(output_.start());
    owner_.loop_.arm(*this, owner_.loop_.now() + run_.timeout);
    return {};
  }
  /// Once, after exited() took itself off the runner.
  void tell() { done_(std::move(outcome_)); }

 private:
  void on_timer() override {
    outcome_.timed_out = true;
    kill_group();
  }

  void kill_group() const {
    ::kill(-pid_, SIGKILL);
    ::kill(pid_, SIGKILL);  // not reaped, so the number is still its own; it may not have become a group yet
  }

  void exited() {
    siginfo_t info = {};
    if (::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG) != 0 || info.si_pid == 0) return;
    pid_ = -1;
    read_output();
    const std::string failure = child_failure(failure_, run_);
    outcome_.started = failure.empty();
    if (failure.empty()) {
      outcome_.exit_code = exit_code(info);
    } else {
      outcome_.output = failure;
    }
    owner_.ended(this);
  }

  void read_output() {
    std::array<char, kReadAtOnce> bytes;
    for (int i = 0; i < kReadsInATurn; ++i) {
      const ssize_t got = ::read(output_.fd(), bytes.data(), bytes.size());
      if (got <= 0) return;
      const std::size_t kept = std::min(static_cast<std::size_t>(got), kKeptOutput - outcome_.output.size());
      outcome_.output.append(bytes.data(), kept);
    }
    output_.again();
  }

  ScriptRunner& owner_;
  ScriptRun run_;
  Done done_;
  pid_t pid_;
  int failure_;
  ScriptOutcome outcome_;
  Watch process_;
  Watch output_;
};

ScriptRunner::ScriptRunner(runtime::EventLoop& loop) : loop_(loop) {}

ScriptRunner::~ScriptRunner() = default;

Result<void> ScriptRunner::start(ScriptRun run, Done done) {
  if (runs_.size() >= kMostRunning) {
    return Error{ErrorCode::kOverload, std::to_string(kMostRunning) + " scripts are running already"};
  }
  if (run.command.empty()) return Error{ErrorCode::kInvalidArgument, "there is no command"};
  const Result<std::string> program = find_program(run.command.front());
  if (!program.ok()) return program.error();
  HF_RETURN_IF_ERROR(may_run(run.user, *program));
  const Result<ScriptChild> child = spawn_script(run, *program);
  if (!child.ok()) return child.error();
  auto started = std::make_unique<Run>(*this, std::move(run), std::move(done), *child);
  HF_RETURN_IF_ERROR(started->start());
  runs_.push_back(std::move(started));
  return {};
}

void ScriptRunner::ended(Run* run) {
  const auto at = std::find_if(runs_.begin(), runs_.end(), [run](const auto& one) { return one.get() == run; });
  const std::unique_ptr<Run> over = std::move(*at);
  runs_.erase(at);
  over->tell();  // may start the next one
}

}  // namespace hf::guardian::steward
