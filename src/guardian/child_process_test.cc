#include "guardian/child_process.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <memory>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runtime/stepped_loop_fake.h"

namespace hf::guardian {
namespace {

/// A pipe of which the child gets the end for writing, and that knows where its text ends.
class Pipe {
 public:
  Pipe() { HF_CHECK(::pipe2(fds_, O_CLOEXEC) == 0); }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  ~Pipe() {
    close_writer();
    ::close(fds_[0]);
  }
  int reader() const { return fds_[0]; }
  int writer() const { return fds_[1]; }
  void close_writer() {
    if (fds_[1] >= 0) ::close(fds_[1]);
    fds_[1] = -1;
  }
  std::string text() {
    close_writer();
    std::string all;
    char buffer[4096];
    for (ssize_t n = 0; (n = ::read(fds_[0], buffer, sizeof buffer)) > 0;) {
      all.append(buffer, static_cast<std::size_t>(n));
    }
    return all;
  }

 private:
  int fds_[2] = {-1, -1};
};

class ChildProcessTest : public testing::Test {
 protected:
  Result<std::unique_ptr<ChildProcess>> start(const std::string& script, std::vector<int> fds = {}) {
    return ChildProcess::start(*loop_, {.program = "/bin/sh", .arguments = {"sh", "-c", script}, .fds = std::move(fds)},
                               [this](int status) { exits_.push_back(describe_exit(status)); });
  }
  std::string exit_of(const std::string& script) {
    exits_.clear();
    const auto child = start(script);
    HF_CHECK(child.ok());
    EXPECT_TRUE(loop_.run_until([&] { return !exits_.empty(); }));
    EXPECT_FALSE((*child)->running());
    return exits_.empty() ? "" : exits_[0];
  }
  /// What the script writes to fd 3.
  std::string output_of(const std::string& script) {
    Pipe pipe;
    exits_.clear();
    const auto child = start(script, {pipe.writer()});
    HF_CHECK(child.ok());
    EXPECT_TRUE(loop_.run_until([&] { return !exits_.empty(); }));
    return pipe.text();
  }
  /// The value of a line of the child's /proc/PID/status.
  std::string status_of_child(const std::string& key) {
    std::istringstream all(output_of("while read -r line; do echo \"$line\" >&3; done </proc/$$/status"));
    for (std::string line; std::getline(all, line);) {
      if (line.starts_with(key + ":")) return line.substr(line.find_last_of(" \t") + 1);
    }
    return "none";
  }
  /// Field `number` (counted as in proc(5)) of the child's /proc/PID/stat.
  std::string stat_of_child(int number) {
    std::string all = output_of("read -r line </proc/$$/stat; echo \"$line\" >&3");
    std::istringstream rest(all.substr(all.rfind(')') + 2));
    std::string word;
    for (int i = 3; i <= number; ++i) rest >> word;
    return word;
  }

  runtime::SteppedLoop loop_;
  std::vector<std::string> exits_;
};

TEST_F(ChildProcessTest, TellsHowItEndedInWords) {
  EXPECT_EQ(exit_of("exit 0"), "exit code 0");
  EXPECT_EQ(exit_of("exit 7"), "exit code 7");
  EXPECT_EQ(exit_of("kill -9 $$"), "killed by signal 9");
  EXPECT_EQ(describe_exit(0x8B), "killed by signal 11 (core dumped)");
}

TEST_F(ChildProcessTest, IsKilledThroughItsPidfd) {
  const auto child = start("while :; do read -r line </dev/zero; done");
  ASSERT_TRUE(child.ok());
  EXPECT_GT((*child)->pid(), 0);
  EXPECT_TRUE((*child)->running());
  ASSERT_TRUE((*child)->kill(SIGKILL).ok());
  ASSERT_TRUE(loop_.run_until([&] { return !exits_.empty(); }));
  EXPECT_EQ(exits_, std::vector<std::string>{"killed by signal 9"});
  EXPECT_EQ((*child)->kill(SIGTERM).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(::waitpid((*child)->pid(), nullptr, WNOHANG), -1) << "it was reaped";
}

TEST_F(ChildProcessTest, AProgramThatDoesNotExistIsAnErrorThatNamesIt) {
  const auto child = ChildProcess::start(*loop_, {.program = "/nonexistent/holdfast", .arguments = {"x"}}, nullptr);
  ASSERT_FALSE(child.ok());
  EXPECT_EQ(child.error().code, ErrorCode::kNotFound);
  EXPECT_NE(child.error().context.find("/nonexistent/holdfast"), std::string::npos);
}

TEST_F(ChildProcessTest, GetsItsFdsInOrderAndNoOther) {
  Pipe first;
  Pipe second;
  const int leak = ::fcntl(first.reader(), F_DUPFD, 50);  // without close-on-exec
  ASSERT_GE(leak, 50);
  const std::string list = "fd=0; while [ $fd -lt 100 ]; do [ -e /proc/$$/fd/$fd ] && echo $fd >&4; fd=$((fd+1)); done";
  const auto child = start("echo a >&3; echo b >&4; " + list, {first.writer(), second.writer()});
  ASSERT_TRUE(child.ok());
  ASSERT_TRUE(loop_.run_until([&] { return !exits_.empty(); }));
  EXPECT_EQ(first.text(), "a\n");
  EXPECT_EQ(second.text(), "b\n0\n1\n2\n3\n4\n");
  ::close(leak);
}

TEST_F(ChildProcessTest, FdsThatAlreadyHaveEachOthersNumbersAreNotMixedUp) {
  Pipe first;
  Pipe second;
  const auto at = [](int number) { return static_cast<std::size_t>(number - 3); };
  std::vector<int> fds(at(std::max(first.writer(), second.writer())) + 1, first.writer());
  fds[at(first.writer())] = second.writer();
  fds[at(second.writer())] = first.writer();
  const auto child = start("echo first >/proc/self/fd/" + std::to_string(second.writer()) +
                               "; echo second >/proc/self/fd/" + std::to_string(first.writer()),
                           fds);
  ASSERT_TRUE(child.ok());
  ASSERT_TRUE(loop_.run_until([&] { return !exits_.empty(); }));
  EXPECT_EQ(first.text(), "first\n");
  EXPECT_EQ(second.text(), "second\n");
}

TEST_F(ChildProcessTest, HasNoSignalBlockedOrIgnored) {
  sigset_t blocked;
  sigset_t before;
  ::sigemptyset(&blocked);
  ::sigaddset(&blocked, SIGTERM);
  ::sigaddset(&blocked, SIGHUP);
  ASSERT_EQ(::pthread_sigmask(SIG_BLOCK, &blocked, &before), 0);
  const auto old_pipe = std::signal(SIGPIPE, SIG_IGN);
  EXPECT_EQ(status_of_child("SigBlk"), "0000000000000000");
  // 32 and 33 are glibc's own: posix_spawn ignores them until the new program's glibc wants them.
  EXPECT_EQ(std::stoull(status_of_child("SigIgn"), nullptr, 16) & ~0x180000000ULL, 0u);
  std::signal(SIGPIPE, old_pipe);
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

TEST_F(ChildProcessTest, OfARealTimeParentRunsAsOrdinaryProcess) {
  const sched_param realtime{.sched_priority = 1};
  const sched_param ordinary{.sched_priority = 0};
  const int nice = ::getpriority(PRIO_PROCESS, 0);
  for (const int flags : {0, SCHED_RESET_ON_FORK}) {
    const bool allowed = ::sched_setscheduler(0, SCHED_RR | flags, &realtime) == 0;
    const std::string policy = stat_of_child(41);
    const std::string child_nice = stat_of_child(19);
    if (allowed) ASSERT_EQ(::sched_setscheduler(0, SCHED_OTHER, &ordinary), 0);
    EXPECT_EQ(policy, "0");
    const bool reset = allowed && flags == SCHED_RESET_ON_FORK;  // by the kernel, of a real-time parent to 0
    EXPECT_EQ(child_nice, std::to_string(reset ? 0 : nice));
  }
}

TEST_F(ChildProcessTest, OnExitMayDestroyIt) {
  std::unique_ptr<ChildProcess> child;
  std::vector<std::string> notes;
  const std::string note(64, 'n');
  auto started = ChildProcess::start(*loop_, {.program = "/bin/sh", .arguments = {"sh", "-c", "exit 1"}},
                                     [&child, &notes, note](int /*status*/) {
                                       child.reset();
                                       notes.push_back(note);
                                     });
  ASSERT_TRUE(started.ok());
  child = *std::move(started);
  ASSERT_TRUE(loop_.run_until([&] { return child == nullptr; }));
  for (int i = 0; i < 3; ++i) loop_->turn(Deadline{TimePoint{0}});
  EXPECT_EQ(notes.size(), 1u);
}

TEST_F(ChildProcessTest, DestroyedItKillsAndIsNotCalled) {
  auto child = start("while :; do read -r line </dev/zero; done");
  ASSERT_TRUE(child.ok());
  const pid_t pid = (*child)->pid();
  child->reset();
  int status = 0;
  const pid_t reaped = ::waitpid(pid, &status, 0);  // -1: it ended so fast that the destructor reaped it
  if (reaped == pid) EXPECT_EQ(describe_exit(status), "killed by signal 9");
  loop_->turn(Deadline{TimePoint{0}});
  EXPECT_TRUE(exits_.empty());
}

}  // namespace
}  // namespace hf::guardian
