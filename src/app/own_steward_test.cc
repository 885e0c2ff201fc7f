// The program is a script that plays the steward: it cannot answer, only live, read and end.
#include "app/own_steward.h"

#include <gtest/gtest.h>

#include <csignal>
#include <fstream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <sys/wait.h>

#include "guardian/steward/script_folder_fake.h"
#include "runtime/stepped_loop_fake.h"

namespace hf::app {
namespace {

// LoadSettings, RunScript
constexpr const char* kReadOne = "until dd bs=65536 count=1 <&3 >/dev/null 2>&1; do :; done\n";

class OwnStewardTest : public testing::Test {
 protected:
  /// `lines` run in each life.
  OwnSteward& make(const std::string& lines) {
    guardian::StewardKeeper::Options options{.program = folder_.script("holdfast", lines), .config_file = "/etc/file"};
    steward_ = std::make_unique<OwnSteward>(*loop_, std::move(options),
                                            [this](Event event) { events_.push_back(std::move(event)); });
    return *steward_;
  }
  static config::Config with_program() {
    config::Config config;
    config.notifies.resize(1);
    config.notifies[0].command.id = "notify/0";
    return config;
  }
  void run_script() {
    steward_->run_script({"notify/0", {}, {}}, 1s, [this](const vip::ScriptDone& done) { answers_.push_back(done); });
  }
  bool is_there(const std::string& file) const { return std::ifstream(folder_.path() + "/" + file).good(); }
  std::string note(const std::string& file) const { return "touch " + folder_.path() + "/" + file + "\n"; }

  runtime::SteppedLoop loop_;
  guardian::steward::ScriptFolder folder_;
  std::vector<Event> events_;
  std::vector<vip::ScriptDone> answers_;
  std::unique_ptr<OwnSteward> steward_;
};

TEST_F(OwnStewardTest, ComesWithTheFirstFileThatNamesAProgramAndReadsEachOneAfterIt) {
  OwnSteward& steward = make(kReadOne + note("first") + kReadOne + note("second") + "exec sleep 60");
  steward.configure({});
  EXPECT_EQ(steward.pid(), 0);
  steward.configure(with_program());
  const pid_t pid = steward.pid();
  EXPECT_NE(pid, 0);
  ASSERT_TRUE(loop_.run_until([this] { return is_there("first"); }));
  EXPECT_FALSE(is_there("second"));
  steward.configure({});
  ASSERT_TRUE(loop_.run_until([this] { return is_there("second"); })) << "it hears of each file, and stays";
  EXPECT_EQ(steward.pid(), pid);
  EXPECT_TRUE(events_.empty());
}

TEST_F(OwnStewardTest, OneThatEndsAnswersWhatItRanAndIsStartedAnew) {
  OwnSteward& steward = make(std::string(kReadOne) + kReadOne + "exit 3");
  steward.configure(with_program());
  const pid_t first = steward.pid();
  run_script();
  run_script();
  ASSERT_TRUE(loop_.run_until([this] { return answers_.size() == 2; }));
  EXPECT_FALSE(answers_[0].started);
  EXPECT_EQ(answers_[0].output, "the steward has ended: exit code 3");
  ASSERT_EQ(events_.size(), 1u);
  EXPECT_EQ(events_[0].id(), EventId::kStewardRestarted);
  EXPECT_EQ(events_[0].field("reason"), "exit code 3");
  ASSERT_TRUE(loop_.run_until([&] { return steward.pid() != 0 && steward.pid() != first; }))
      << "the first time at once";
}

TEST_F(OwnStewardTest, OneThatCannotBeStartedIsToldAndTriedAgain) {
  steward_ = std::make_unique<OwnSteward>(
      *loop_, guardian::StewardKeeper::Options{.program = "/nonexistent/holdfast", .config_file = "/etc/file"},
      [this](Event event) { events_.push_back(std::move(event)); });
  steward_->configure(with_program());
  EXPECT_EQ(events_.size(), 1u);
  run_script();
  loop_.turn();
  ASSERT_EQ(answers_.size(), 1u);
  EXPECT_EQ(answers_[0].output, "the steward is being restarted");
  for (int i = 0; i < 4; ++i) loop_.advance(guardian::RestartBackoff::kFirstDelay * 2);
  EXPECT_GE(events_.size(), 3u);
}

TEST_F(OwnStewardTest, ClosingEndsItAndNobodyFollows) {
  OwnSteward& steward = make("exec sleep 60");
  steward.configure(with_program());
  run_script();
  runtime::Scope closing(*loop_);
  closing.spawn("close", OwnSteward::close, &steward, loop_->deadline_in(2s));
  ASSERT_TRUE(loop_.run_until_empty(closing));
  EXPECT_EQ(steward.pid(), 0);
  EXPECT_EQ(answers_.size(), 1u) << "what it ran has ended with it";
  loop_.advance(1min);
  EXPECT_EQ(steward.pid(), 0);
  EXPECT_TRUE(events_.empty());
}

TEST_F(OwnStewardTest, OneThatDoesNotEndIsWaitedForUntilTheDeadlineAndKilledWithItsKeeper) {
  OwnSteward& steward = make("trap '' TERM\n" + note("deaf") + "while :; do sleep 0.1; done");
  steward.configure(with_program());
  ASSERT_TRUE(loop_.run_until([this] { return is_there("deaf"); }));
  const pid_t pid = steward.pid();
  runtime::Scope closing(*loop_);
  closing.spawn("close", OwnSteward::close, &steward, loop_->deadline_in(2s));
  loop_.turn();
  EXPECT_FALSE(closing.empty());
  loop_.advance(2s);
  ASSERT_TRUE(loop_.run_until_empty(closing));
  EXPECT_EQ(steward.pid(), pid);
  steward_.reset();
  ASSERT_TRUE(loop_.run_until([&] { return ::kill(pid, 0) != 0 || ::waitpid(pid, nullptr, WNOHANG) == pid; }));
}

TEST_F(OwnStewardTest, OneThatHasNotComeIsClosedAtOnce) {
  OwnSteward& steward = make("exec sleep 60");
  runtime::Scope closing(*loop_);
  closing.spawn("close", OwnSteward::close, &steward, loop_->deadline_in(2s));
  EXPECT_TRUE(closing.empty());
}

}  // namespace
}  // namespace hf::app
