#include "guardian/steward/script_runner.h"

#include <gtest/gtest.h>

#include <csignal>
#include <optional>

#include <fcntl.h>
#include <unistd.h>

#include "guardian/steward/script_folder_fake.h"
#include "runtime/stepped_loop_fake.h"

namespace hf::guardian::steward {
namespace {

ScriptUser whoever_we_are() {
  ScriptUser user{.name = "me", .home = "/", .uid = ::geteuid(), .gid = ::getegid(), .groups = {}};
  return user;
}

class ScriptRunnerTest : public testing::Test {
 protected:
  ScriptRun shell(const std::string& lines) {
    return ScriptRun{.command = {"/bin/sh", "-c", lines}, .user = whoever_we_are(), .environment = {}, .timeout = 5s};
  }
  Result<void> start(ScriptRun run) {
    return runner_.start(std::move(run), [this](ScriptOutcome outcome) { outcome_ = std::move(outcome); });
  }
  ScriptOutcome run(ScriptRun run) {
    outcome_.reset();
    const Result<void> started = start(std::move(run));
    EXPECT_TRUE(started.ok()) << (started.ok() ? "" : started.error().context);
    if (!started.ok()) return {};
    EXPECT_TRUE(loop_.run_until([this] { return outcome_.has_value(); }));
    return outcome_.value_or(ScriptOutcome{});
  }

  runtime::SteppedLoop loop_;
  std::optional<ScriptOutcome> outcome_;
  ScriptRunner runner_{*loop_};
  ScriptFolder folder_;
};

TEST_F(ScriptRunnerTest, TellsExitCodeAndOutputOfBothStreams) {
  EXPECT_EQ(run(shell("echo out; echo err >&2; exit 3")),
            (ScriptOutcome{.started = true, .timed_out = false, .exit_code = 3, .output = "out\nerr\n"}));
  EXPECT_EQ(run(shell("kill -TERM $$")).exit_code, 128 + SIGTERM);
  EXPECT_EQ(runner_.running(), 0U);
}

TEST_F(ScriptRunnerTest, ArgumentsArePassedWithoutAShell) {
  ScriptRun run_it = shell("");
  run_it.command = {folder_.script("echo", "printf '%s|' \"$@\""), "a b", "$(id)", "*"};
  EXPECT_EQ(run(std::move(run_it)).output, "a b|$(id)|*|");
}

TEST_F(ScriptRunnerTest, TheEnvironmentIsCleanAndHasWhatTheRequestGives) {
  ::setenv("HOLDFAST_LEAK", "x", 1);  // NOLINT(concurrency-mt-unsafe)
  ScriptRun run_it = shell("env | grep -v -e ^PWD= -e ^OLDPWD= -e ^_= -e ^SHLVL= | sort | tr '\\n' ' '; pwd; umask");
  run_it.environment = {"HOLDFAST_VIP=db"};
  EXPECT_EQ(run(std::move(run_it)).output,
            "HOLDFAST_VIP=db HOME=/ LOGNAME=me PATH=/usr/sbin:/usr/bin:/sbin:/bin USER=me /\n0022\n");
}

TEST_F(ScriptRunnerTest, NoFileOfOursAndNoSignalStateIsInherited) {
  const int leak = ::open("/dev/null", O_RDONLY);  // not close-on-exec, on purpose
  std::signal(SIGPIPE, SIG_IGN);
  const ScriptOutcome outcome =
      run(shell("for f in /proc/self/fd/*; do n=${f##*/}; [ $n -gt 2 ] && readlink $f; done; "
                "grep -e ^SigIgn -e ^SigBlk /proc/self/status | tr -d '\\t\\n'; readlink /proc/self/fd/0"));
  ::close(leak);
  EXPECT_EQ(outcome.output, "SigBlk:0000000000000000SigIgn:0000000000000000/dev/null\n");
}

TEST_F(ScriptRunnerTest, OutputIsKeptInPartAndDrainedInFull) {
  const ScriptOutcome outcome =
      run(shell("i=0; while [ $i -lt 3000 ]; do echo 0123456789012345678901234567890123456789; i=$((i+1)); done; echo "
                "x >&2; exit 4"));
  EXPECT_EQ(outcome.exit_code, 4);
  EXPECT_EQ(outcome.output.size(), ScriptRunner::kKeptOutput);
}

TEST_F(ScriptRunnerTest, AtItsTimeoutTheWholeGroupIsKilled) {
  const std::string file = folder_.path() + "/child";
  ASSERT_TRUE(
      start(shell("trap '' TERM; sleep 1000 & echo $! > " + file + ".new; mv " + file + ".new " + file + "; wait"))
          .ok());
  ASSERT_TRUE(loop_.run_until([&file] { return std::filesystem::exists(file); }));
  loop_.advance(4999ms);
  loop_.turn();
  EXPECT_FALSE(outcome_.has_value());
  loop_.advance(1ms);
  ASSERT_TRUE(loop_.run_until([this] { return outcome_.has_value(); }));
  EXPECT_TRUE(outcome_->started);
  EXPECT_TRUE(outcome_->timed_out);
  EXPECT_EQ(outcome_->exit_code, 128 + SIGKILL);
  int child = 0;
  std::ifstream(file) >> child;
  ASSERT_GT(child, 0);
  EXPECT_TRUE(loop_.run_until([child] {
    std::ifstream status("/proc/" + std::to_string(child) + "/status");
    const std::string text((std::istreambuf_iterator<char>(status)), {});
    return text.empty() || text.find("State:\tZ") != std::string::npos;
  })) << "the child in the background lives on";
}

TEST_F(ScriptRunnerTest, AChildInTheBackgroundDoesNotKeepTheRunOpen) {
  EXPECT_EQ(run(shell("(exec sleep 3) & echo done")).output, "done\n");
}

TEST_F(ScriptRunnerTest, WhatCannotBeExecutedIsNotStarted) {
  ScriptRun broken = shell("");
  broken.command = {folder_.path() + "/broken"};
  std::ofstream(broken.command[0]) << "#!/no/such/interpreter\n";
  ::chmod(broken.command[0].c_str(), 0755);
  const ScriptOutcome outcome = run(std::move(broken));
  EXPECT_FALSE(outcome.started);
  EXPECT_NE(outcome.output.find("cannot execute"), std::string::npos) << outcome.output;

  ScriptRun missing = shell("");
  missing.command = {folder_.path() + "/none"};
  EXPECT_FALSE(start(std::move(missing)).ok());
  EXPECT_FALSE(start(ScriptRun{}).ok());
}

TEST_F(ScriptRunnerTest, BeyondTheMostAtATimeItRefuses) {
  for (std::size_t i = 0; i < ScriptRunner::kMostRunning; ++i) ASSERT_TRUE(start(shell("sleep 1000")).ok());
  const Result<void> refused = start(shell("true"));
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::kOverload);
  loop_.advance(5s);
  EXPECT_TRUE(loop_.run_until([this] { return runner_.running() == 0; }));
}

TEST_F(ScriptRunnerTest, WhatRunsWhenTheRunnerGoesIsKilledAndNobodyIsTold) {
  bool told = false;
  {
    ScriptRunner runner(*loop_);
    ASSERT_TRUE(runner.start(shell("sleep 1000"), [&told](const ScriptOutcome&) { told = true; }).ok());
  }
  loop_.advance(10s);
  EXPECT_FALSE(told);
}

TEST_F(ScriptRunnerTest, ADoneThatStartsTheNextOneIsFine) {
  bool second = false;
  ASSERT_TRUE(runner_
                  .start(shell("true"),
                         [&](const ScriptOutcome&) {
                           ASSERT_TRUE(
                               runner_.start(shell("true"), [&second](const ScriptOutcome&) { second = true; }).ok());
                         })
                  .ok());
  EXPECT_TRUE(loop_.run_until([&second] { return second; }));
}

TEST_F(ScriptRunnerTest, BecomesTheUserOrRefuses) {
  const Result<ScriptUser> other = find_user(::geteuid() == 0 ? "nobody" : "root");
  ASSERT_TRUE(other.ok());
  ScriptRun run_it = shell("id -u; id -g; id -G; echo $USER $HOME; kill -0 1 2>&1 >/dev/null || echo powerless");
  run_it.user = *other;
  if (::geteuid() != 0) {
    const Result<void> refused = start(std::move(run_it));
    ASSERT_FALSE(refused.ok());
    EXPECT_NE(refused.error().context.find("without being root"), std::string::npos);
    return;
  }
  const std::string uid = std::to_string(other->uid);
  const std::string gid = std::to_string(other->gid);
  const std::string output = run(std::move(run_it)).output;
  EXPECT_EQ(output.find(uid + "\n" + gid + "\n" + gid + "\nnobody " + other->home + "\n"), 0U) << output;
  EXPECT_NE(output.find("powerless"), std::string::npos) << output;
}

TEST_F(ScriptRunnerTest, WithoutRootOnlyOurselvesAreRunAs) {
  const bool was_root = ::geteuid() == 0;
  if (was_root) ASSERT_EQ(::seteuid(65534), 0);
  ScriptRun own = shell("exit 7");
  ScriptRun roots = shell("exit 7");
  roots.user = ScriptUser{.name = "root", .home = "/root", .uid = 0, .gid = 0, .groups = {}};
  EXPECT_FALSE(start(std::move(roots)).ok());
  EXPECT_EQ(run(std::move(own)).exit_code, 7);
  if (was_root) ASSERT_EQ(::seteuid(0), 0);
}

TEST_F(ScriptRunnerTest, AsRootNothingThatOthersMayChangeIsRun) {
  ScriptRun open = shell("");
  open.command = {folder_.script("open", "true")};
  open.user = ScriptUser{.name = "root", .home = "/root", .uid = 0, .gid = 0, .groups = {}};
  ::chmod(open.command[0].c_str(), 0777);
  const Result<void> refused = start(std::move(open));
  ASSERT_FALSE(refused.ok());
  EXPECT_NE(refused.error().context.find(::geteuid() == 0 ? "may be written by everybody" : "without being root"),
            std::string::npos)
      << refused.error().context;
}

}  // namespace
}  // namespace hf::guardian::steward
