#include <gtest/gtest.h>

#include <csignal>
#include <filesystem>
#include <fstream>

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runtime/stepped_loop_fake.h"
#include "vip/track/file_track.h"
#include "vip/track/process_track.h"
#include "vip/track/script_track.h"
#include "vip/track/service_track.h"

namespace hf::vip::track {
namespace {

TEST(ServiceTrack, JudgesWhatIsNeeded) {
  struct Row {
    config::ServiceNeeds needs;
    std::uint32_t at_least;
    ServiceFact fact;
    bool bad;
  };
  const Row rows[] = {
      {config::ServiceNeeds::kAny, 1, {.usable = 1}, false},
      {config::ServiceNeeds::kAny, 1, {.primary_writable = true, .readers = 9, .usable = 0}, true},
      {config::ServiceNeeds::kAny, 3, {.usable = 2}, true},
      {config::ServiceNeeds::kPrimary, 1, {.primary_writable = true}, false},
      {config::ServiceNeeds::kPrimary, 1, {.primary_writable = false, .readers = 9, .usable = 9}, true},
      {config::ServiceNeeds::kReaders, 2, {.readers = 2}, false},
      {config::ServiceNeeds::kReaders, 2, {.primary_writable = true, .readers = 1, .usable = 9}, true},
  };
  for (const Row& row : rows) {
    config::Track track;
    track.needs = row.needs;
    track.at_least = row.at_least;
    const TrackResult result = judge(track, row.fact);
    EXPECT_TRUE(result.known);
    EXPECT_EQ(result.bad, row.bad) << result.reason;
    EXPECT_FALSE(result.reason.empty());
  }
  EXPECT_FALSE(judge(config::Track{}, std::nullopt).known);
  config::Track primary;
  primary.needs = config::ServiceNeeds::kPrimary;
  EXPECT_EQ(judge(primary, ServiceFact{.reason = "db1 is read only"}).reason, "no writable primary: db1 is read only");
}

/// The steward as far as a script track sees it.
struct Runs {
  struct Call {
    ScriptCall call;
    ScriptAnswer answer;
  };
  std::vector<Call> calls;
  ScriptPort port() {
    return [this](ScriptCall call, ScriptAnswer answer) { calls.push_back({std::move(call), std::move(answer)}); };
  }
  void end(std::int32_t code, const std::string& output = {}) {
    calls.back().answer(ScriptDone{.started = true, .exit_code = code, .output = output});
  }
};

class ScriptTrackTest : public testing::Test {
 protected:
  void begin(std::uint32_t rise, std::uint32_t fall) {
    track_.kind = config::TrackKind::kScript;
    track_.script.id = "db/track/1";
    track_.interval = 1s;
    track_.rise = rise;
    track_.fall = fall;
    source_ = std::make_unique<ScriptTrack>(*loop_, runs_.port(), track_, [this] { ++changes_; });
    source_->start();
  }
  void round(std::int32_t code) {
    loop_.advance(1s);
    runs_.end(code);
  }

  runtime::SteppedLoop loop_;
  Runs runs_;
  config::Track track_;
  std::unique_ptr<ScriptTrack> source_;
  int changes_ = 0;
};

TEST_F(ScriptTrackTest, TheFirstResultCountsAtOnceAndTheOthersInARow) {
  begin(2, 3);
  ASSERT_EQ(runs_.calls.size(), 1U);
  EXPECT_EQ(runs_.calls[0].call.script, "db/track/1");
  EXPECT_TRUE(runs_.calls[0].call.arguments.empty());
  EXPECT_FALSE(source_->result().known);
  runs_.end(1, "no route\nmore");
  EXPECT_TRUE(source_->result().known);
  EXPECT_TRUE(source_->result().bad);
  EXPECT_EQ(source_->result().reason, "exit code 1: no route");
  round(0);
  EXPECT_TRUE(source_->result().bad) << "rise is 2";
  round(0);
  EXPECT_FALSE(source_->result().bad);
  round(1);
  round(1);
  EXPECT_FALSE(source_->result().bad) << "fall is 3";
  round(1);
  EXPECT_TRUE(source_->result().bad);
}

TEST_F(ScriptTrackTest, OneRunAtATime) {
  begin(1, 1);
  loop_.advance(3s);
  EXPECT_EQ(runs_.calls.size(), 1U) << "it still runs";
  runs_.end(0);
  loop_.advance(0s);
  EXPECT_EQ(runs_.calls.size(), 2U) << "the interval was over";
  runs_.end(0);
  loop_.advance(999ms);
  EXPECT_EQ(runs_.calls.size(), 2U);
  loop_.advance(1ms);
  EXPECT_EQ(runs_.calls.size(), 3U);
}

TEST_F(ScriptTrackTest, ATimeoutAndWhatCouldNotBeStartedAreFailures) {
  begin(1, 1);
  runs_.calls.back().answer(ScriptDone{.started = true, .timed_out = true, .exit_code = 137});
  EXPECT_EQ(source_->result().reason, "did not end in time");
  EXPECT_TRUE(source_->result().bad);
  round(0);
  EXPECT_FALSE(source_->result().bad);
  loop_.advance(1s);
  runs_.calls.back().answer(ScriptDone{.started = false, .output = "there is no user 'x'"});
  EXPECT_TRUE(source_->result().bad);
  EXPECT_EQ(source_->result().reason, "could not be started: there is no user 'x'");
}

TEST_F(ScriptTrackTest, AnAnswerThatNeverComesIsAFailureAndItsLateArrivalIsDropped) {
  begin(1, 1);
  loop_.advance(track_.script.timeout + kScriptAnswerGrace);
  EXPECT_TRUE(source_->result().bad);
  loop_.advance(0s);
  ASSERT_EQ(runs_.calls.size(), 2U);
  runs_.calls[0].answer(ScriptDone{.started = true, .exit_code = 0});
  EXPECT_TRUE(source_->result().bad);
  runs_.calls[1].answer(ScriptDone{.started = true, .exit_code = 0});
  EXPECT_FALSE(source_->result().bad);
  runs_.calls[1].answer(ScriptDone{.started = true, .exit_code = 1});
  EXPECT_FALSE(source_->result().bad) << "one answer a run";
}

TEST_F(ScriptTrackTest, AnAnswerAfterTheTrackWentIsDropped) {
  begin(1, 1);
  source_.reset();
  runs_.end(1);
  EXPECT_EQ(changes_, 0);
}

TEST_F(ScriptTrackTest, AReloadKeepsTheStateAndTakesTheInterval) {
  begin(1, 1);
  runs_.end(1);
  track_.interval = 200ms;
  track_.script.id = "db/track/2";
  source_->reconfigure(track_);
  EXPECT_TRUE(source_->result().bad);
  loop_.advance(200ms);
  ASSERT_EQ(runs_.calls.size(), 2U);
  EXPECT_EQ(runs_.calls[1].call.script, "db/track/2");
}

TEST(FileTrack, ReadsNumbers) {
  const std::pair<std::string_view, std::int32_t> rows[] = {{"", 1},
                                                            {"0", 0},
                                                            {"0\n", 0},
                                                            {" 7\n", 7},
                                                            {"-3", -3},
                                                            {"+4", 4},
                                                            {"on", 1},
                                                            {"12abc", 12},
                                                            {"99999", 254},
                                                            {"-99999", -254},
                                                            {"99999999999999999999999", 254},
                                                            {"-99999999999999999999999", -254},
                                                            {"\n", 1}};
  for (const auto& [text, number] : rows) EXPECT_EQ(file_number(text), number) << text;
}

class FolderTest : public testing::Test {
 protected:
  FolderTest() {
    std::string path = testing::TempDir() + "holdfast-track-XXXXXX";
    if (::mkdtemp(path.data()) != nullptr) folder_ = path;
  }
  ~FolderTest() override {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }
  runtime::SteppedLoop loop_;
  std::string folder_;
};

using FileTrackTest = FolderTest;

TEST_F(FileTrackTest, FollowsTheFile) {
  config::Track track;
  track.kind = config::TrackKind::kFile;
  track.target = folder_ + "/maintenance";
  track.interval = 1s;
  int changes = 0;
  FileTrack source(*loop_, track, [&changes] { ++changes; });
  const auto changed_to = [&](int wanted) { return loop_.run_until([&, wanted] { return changes == wanted; }); };
  const auto look = [&] {
    loop_.advance(1s);
    for (int i = 0; i < 20; ++i) loop_.turn();  // what a thread has read comes in a later turn
  };
  source.start();
  ASSERT_TRUE(changed_to(1));
  EXPECT_EQ(source.result(), (TrackResult{.known = true, .bad = false, .factor = 0, .reason = "is not there"}));
  std::ofstream(track.target) << "5";
  loop_.advance(1s);
  ASSERT_TRUE(changed_to(2));
  EXPECT_EQ(source.result(), (TrackResult{.known = true, .bad = true, .factor = 5, .reason = "holds 5"}));
  std::ofstream(track.target) << "";
  loop_.advance(1s);
  ASSERT_TRUE(changed_to(3));
  EXPECT_EQ(source.result().factor, 1);
  EXPECT_EQ(source.result().reason, "holds no number, which counts as 1");
  look();
  EXPECT_EQ(changes, 3) << "told once for each change";
  std::filesystem::remove(track.target);
  ASSERT_EQ(::mkfifo(track.target.c_str(), 0600), 0);
  loop_.advance(1s);
  ASSERT_TRUE(changed_to(4));
  EXPECT_EQ(source.result().reason, "is not a regular file") << "and the loop was not held up";
  EXPECT_TRUE(source.result().bad);
}

TEST(ProcessTrack, Names) {
  EXPECT_TRUE(has_name("mysqld", "mysqld", ""));
  EXPECT_TRUE(has_name("mysqld", "other", "/usr/sbin/mysqld"));
  EXPECT_TRUE(has_name("/usr/sbin/mysqld", "other", "/usr/sbin/mysqld"));
  EXPECT_TRUE(has_name("a-very-long-program-name", "a-very-long-pro", "/opt/a-very-long-program-name"));
  EXPECT_FALSE(has_name("a-very-long-program-name", "a-very-long-pro", "/opt/a-very-long-program-two"));
  EXPECT_FALSE(has_name("mysqld", "mysqld_safe", "/usr/bin/mysqld_safe"));
  EXPECT_FALSE(has_name("sqld", "mysqld", "/usr/sbin/mysqld"));
  EXPECT_FALSE(has_name("", "", ""));
}

/// A process of a name of its own, until the test ends.
class Sleeper {
 public:
  explicit Sleeper(const std::string& name) : pid_(::fork()) {
    if (pid_ != 0) return;
    ::execl("/bin/sleep", name.c_str(), "1000", nullptr);
    ::_exit(127);
  }
  Sleeper(const Sleeper&) = delete;
  Sleeper& operator=(const Sleeper&) = delete;
  ~Sleeper() {
    kill();
    ::waitpid(pid_, nullptr, 0);
  }
  /// Leaves a zombie: it is reaped with this object.
  void kill() const { ::kill(pid_, SIGKILL); }

 private:
  pid_t pid_;
};

class ProcessTrackTest : public testing::Test {
 protected:
  ProcessTrackTest() {
    track_.kind = config::TrackKind::kProcess;
    track_.target = "holdfast-sleeper-" + std::to_string(::getpid());
    track_.interval = 1s;
  }
  bool becomes(const ProcessTrack& source, bool bad) {
    return loop_.run_until([this, &source, bad] {
      loop_.advance(100ms);
      return source.result().known && source.result().bad == bad;
    });
  }
  runtime::SteppedLoop loop_;
  config::Track track_;
};

TEST_F(ProcessTrackTest, AnExitIsSeenWithoutWaitingForTheInterval) {
  Sleeper sleeper(track_.target);
  ProcessTrack source(*loop_, track_, [] {});
  source.start();
  ASSERT_TRUE(becomes(source, false)) << source.result().reason;
  sleeper.kill();
  EXPECT_TRUE(loop_.run_until([&source] { return source.result().bad; })) << "the clock stands still";
  EXPECT_EQ(source.result().reason, "0 running, 1 needed");
}

TEST_F(ProcessTrackTest, OneOfTwoIsEnoughAndANewOneIsFound) {
  auto first = std::make_unique<Sleeper>(track_.target);
  Sleeper second(track_.target);
  int changes = 0;
  ProcessTrack source(*loop_, track_, [&changes] { ++changes; });
  source.start();
  ASSERT_TRUE(becomes(source, false));
  const int before = changes;  // a process that has just been started may not have its name yet: then it was bad first
  first.reset();
  for (int turns = 0; turns < 5; ++turns) loop_.turn();
  EXPECT_FALSE(source.result().bad);
  second.kill();
  ASSERT_TRUE(loop_.run_until([&source] { return source.result().bad; }));
  const Sleeper third(track_.target);
  EXPECT_TRUE(becomes(source, false));
  EXPECT_EQ(changes, before + 2);
}

TEST_F(ProcessTrackTest, AtLeastTwo) {
  track_.at_least = 2;
  const Sleeper one(track_.target);
  ProcessTrack source(*loop_, track_, [] {});
  source.start();
  ASSERT_TRUE(loop_.run_until([&source] { return source.result().known; }));
  EXPECT_TRUE(source.result().bad);
  const Sleeper two(track_.target);
  EXPECT_TRUE(becomes(source, false));
}

}  // namespace
}  // namespace hf::vip::track
