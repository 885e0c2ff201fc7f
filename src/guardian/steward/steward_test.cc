#include "guardian/steward/steward.h"

#include <gtest/gtest.h>

#include <pwd.h>
#include <unistd.h>

#include "guardian/steward/script_folder_fake.h"
#include "runtime/stepped_loop_fake.h"

namespace hf::guardian::steward {
namespace {

std::string own_name() {
  const passwd* entry = ::getpwuid(::geteuid());  // NOLINT(concurrency-mt-unsafe): one thread
  return entry != nullptr ? entry->pw_name : "";
}

class StewardTest : public testing::Test {
 protected:
  StewardTest() {
    config::Vip vip;
    vip.name = "db";
    vip.advert_interval = 100ms;
    vip.addresses.resize(1);
    vip.on_master = script("db/on_master", "echo \"$1 $2 $HOLDFAST_STATE\"");
    vip.tracks.resize(1);
    vip.tracks[0].script = script("db/track/1", "exit 1");
    config_.vips = {vip};
    config_.notifies.resize(1);
    config_.notifies[0].kind = config::NotifyKind::kCommand;
    config_.notifies[0].command = script("notify/0", "echo \"$1 $HOLDFAST_FIELD_SERVER\"");
    std::ofstream(file_) << "x";
  }
  config::Script script(const std::string& id, const std::string& lines) {
    return config::Script{.id = id, .command = {"/bin/sh", "-c", lines}, .user = own_name(), .timeout = 5s};
  }
  void load() { steward_.receive(LoadSettings{}); }
  ScriptDone run(const RunScript& request) {
    sent_.clear();
    steward_.receive(request);
    EXPECT_TRUE(loop_.run_until([this] { return !sent_.empty(); }));
    if (sent_.size() != 1 || !std::holds_alternative<ScriptDone>(sent_[0])) return {};
    return std::get<ScriptDone>(sent_[0]);
  }
  config::LoadResult loaded() const {
    config::LoadResult result;
    if (error_.empty()) {
      result.config = std::make_shared<config::Config>(config_);
    } else {
      result.errors = {{.file = "f", .line = 3, .column = 1, .what = error_, .why = "why", .remedy = "do"},
                       {.file = "f", .line = 4, .column = 1, .what = "second", .why = "why", .remedy = "do"}};
    }
    return result;
  }

  runtime::SteppedLoop loop_;
  ScriptFolder folder_;
  std::string file_ = folder_.path() + "/holdfast.toml";
  config::Config config_;
  std::string error_;
  ErrorCode send_error_{};
  bool sending_fails_ = false;
  std::vector<Message> sent_;
  Steward steward_{*loop_, file_, [this] { return loaded(); },
                   [this](const Message& message) -> Result<void> {
                     if (sending_fails_ && std::holds_alternative<SettingsLoaded>(message)) {
                       return Error{ErrorCode::kInvalidArgument, "too long"};
                     }
                     sent_.push_back(message);
                     return {};
                   }};
};

TEST_F(StewardTest, LoadsTheSettingsOrTellsEveryError) {
  load();
  ASSERT_EQ(sent_.size(), 1U);
  ASSERT_TRUE(std::holds_alternative<SettingsLoaded>(sent_[0]));
  EXPECT_EQ(std::get<SettingsLoaded>(sent_[0]).settings.routers.at(0).name, "db");

  sent_.clear();
  error_ = "first";
  load();
  ASSERT_TRUE(std::holds_alternative<SettingsFailed>(sent_.at(0)));
  EXPECT_EQ(std::get<SettingsFailed>(sent_[0]).reason, "f:3:1: first, why, do\nf:4:1: second, why, do");
}

TEST_F(StewardTest, SettingsThatCannotBeSentAreAFailureToo) {
  sending_fails_ = true;
  load();
  ASSERT_EQ(sent_.size(), 1U);
  EXPECT_TRUE(std::holds_alternative<SettingsFailed>(sent_[0]));
}

TEST_F(StewardTest, RunsAScriptByItsIdWithWhatTheRequestAdds) {
  load();
  EXPECT_EQ(
      run({.id = 5,
           .script = "db/on_master",
           .arguments = {"INSTANCE", "db"},
           .environment = {"HOLDFAST_STATE=MASTER"}}),
      (ScriptDone{.id = 5, .started = true, .timed_out = false, .exit_code = 0, .output = "INSTANCE db MASTER\n"}));
  EXPECT_EQ(run({.id = 6, .script = "db/track/1"}).exit_code, 1);
  EXPECT_EQ(
      run({.id = 7, .script = "notify/0", .arguments = {"EVENT"}, .environment = {"HOLDFAST_FIELD_SERVER=db1"}}).output,
      "EVENT db1\n");
}

TEST_F(StewardTest, RefusesWhatItDoesNotKnow) {
  EXPECT_EQ(run({.id = 1, .script = "db/on_master"}),
            (ScriptDone{.id = 1, .started = false, .output = "no configuration is loaded"}));
  load();
  for (const std::string id : {"", "db/on_backup", "/bin/sh", "db/on_master/", "db"}) {
    const ScriptDone done = run({.id = 2, .script = id});
    EXPECT_FALSE(done.started) << id;
    EXPECT_EQ(done.id, 2U);
    EXPECT_EQ(done.output, "the configuration has no script of that id");
  }
}

TEST_F(StewardTest, ARequestCannotAddMoreThanPlainWords) {
  load();
  EXPECT_FALSE(run({.id = 1, .script = "db/on_master", .arguments = {"$(id)"}}).started);
  EXPECT_FALSE(run({.id = 1, .script = "db/on_master", .environment = {"LD_PRELOAD=/tmp/x.so"}}).started);
}

TEST_F(StewardTest, AFileWithErrorsLeavesTheScriptsOfTheLastGoodOne) {
  load();
  error_ = "first";
  load();
  EXPECT_TRUE(run({.id = 1, .script = "db/on_master"}).started);
}

TEST_F(StewardTest, AMissingUserIsToldWhenTheScriptIsToRun) {
  config_.vips[0].on_master.user = "holdfast-no-such-user";
  load();
  ASSERT_TRUE(std::holds_alternative<SettingsLoaded>(sent_.at(0)));
  const ScriptDone done = run({.id = 1, .script = "db/on_master"});
  EXPECT_FALSE(done.started);
  EXPECT_EQ(done.output, "there is no user 'holdfast-no-such-user'");
}

TEST_F(StewardTest, ANodeWhoseFileAnotherMayWriteRunsNothingAsRoot) {
  config_.vips[0].on_master.user = "root";
  load();
  ::chmod(file_.c_str(), 0666);
  const ScriptDone done = run({.id = 1, .script = "db/on_master"});
  EXPECT_FALSE(done.started);
  EXPECT_NE(done.output.find("not run as root: the configuration: "), std::string::npos) << done.output;
}

TEST_F(StewardTest, MessagesForOthersAreDropped) {
  steward_.receive(SettingsChanged{});
  steward_.receive(Beat{});
  EXPECT_TRUE(sent_.empty());
}

}  // namespace
}  // namespace hf::guardian::steward
