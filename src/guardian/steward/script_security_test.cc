#include "guardian/steward/script_security.h"

#include <gtest/gtest.h>

#include <unistd.h>

#include "base/events.h"
#include "guardian/steward/script_folder_fake.h"
#include "notify/event_notice.h"
#include "notify/vip_change.h"

namespace hf::guardian::steward {
namespace {

std::string why_not(const std::string& path) {
  const Result<void> result = only_root_may_change(path);
  return result.ok() ? "" : result.error().context;
}

TEST(ScriptSecurity, TheSystemsShellIsRootsAlone) { EXPECT_EQ(why_not("/bin/sh"), ""); }

TEST(ScriptSecurity, WhatIsMissingOrRelativeIsRefused) {
  EXPECT_NE(why_not("bin/sh"), "");
  EXPECT_NE(why_not("/bin/holdfast-there-is-no-such-program"), "");
}

TEST(ScriptSecurity, AFileThatAnotherMayWriteIsRefused) {
  const ScriptFolder folder;
  const std::string file = folder.script("check", "true");
  if (::geteuid() != 0) {
    EXPECT_NE(why_not(file).find("does not belong to root"), std::string::npos);
    return;
  }
  EXPECT_EQ(why_not(file), "");
  ::chmod(file.c_str(), 0757);
  EXPECT_NE(why_not(file).find("written by everybody"), std::string::npos);
  ASSERT_EQ(::chown(file.c_str(), 0, 65534), 0);
  ::chmod(file.c_str(), 0775);
  EXPECT_NE(why_not(file).find("written by a group"), std::string::npos);
  ASSERT_EQ(::chown(file.c_str(), 65534, 0), 0);
  ::chmod(file.c_str(), 0755);
  EXPECT_NE(why_not(file).find("does not belong to root"), std::string::npos);
}

TEST(ScriptSecurity, AFolderOnTheWayCountsAsTheFile) {
  const ScriptFolder folder;
  const std::string file = folder.script("check", "true");
  ::chmod(folder.path().c_str(), 0777);
  EXPECT_NE(why_not(file), "");
  EXPECT_NE(why_not(folder.path() + "/../.." + file), "") << "a detour over .. is a way too";
}

TEST(ScriptSecurity, LinksAreFollowedStepByStep) {
  const ScriptFolder safe;
  const ScriptFolder open;
  const std::string file = safe.script("check", "true");
  ASSERT_EQ(::symlink(file.c_str(), (open.path() + "/hop").c_str()), 0);
  ASSERT_EQ(::symlink((open.path() + "/hop").c_str(), (safe.path() + "/start").c_str()), 0);
  ASSERT_EQ(::symlink("loop", (safe.path() + "/loop").c_str()), 0);
  if (::geteuid() == 0) { EXPECT_EQ(why_not(safe.path() + "/start"), ""); }
  ::chmod(open.path().c_str(), 0777);
  EXPECT_NE(why_not(safe.path() + "/start"), "") << "the link in the middle can be exchanged";
  EXPECT_NE(why_not(safe.path() + "/loop"), "");
}

TEST(ScriptSecurity, ProgramsAreFoundByPathOrName) {
  const ScriptFolder folder;
  EXPECT_EQ(find_program("/bin/sh").value(), "/bin/sh");
  EXPECT_TRUE(find_program("sh").ok());
  for (const std::string name : {"", "./sh", "bin/sh", "/bin", "holdfast-there-is-no-such-program"}) {
    EXPECT_FALSE(find_program(name).ok()) << name;
  }
  EXPECT_FALSE(find_program(folder.path()).ok());
}

TEST(ScriptSecurity, OnlyPlainWordsAreAdded) {
  EXPECT_TRUE(
      check_request({"INSTANCE", "db-1.main", "MASTER", "100"}, {"HOLDFAST_VIP=db", "HOLDFAST_REASON=cable: \"out\" ü"})
          .ok());
  for (const std::string argument : {"", "-x", "a b", "$(id)", "a;b", "`id`", "a\n", "ü", "*"}) {
    EXPECT_FALSE(check_request({argument}, {}).ok()) << argument;
  }
  EXPECT_FALSE(check_request({std::string("a\0b", 3)}, {}).ok());
  EXPECT_FALSE(check_request({std::string(257, 'a')}, {}).ok());
  EXPECT_FALSE(check_request(std::vector<std::string>(9, "a"), {}).ok());
  for (const std::string variable : {"", "LD_PRELOAD=x", "PATH=/tmp", "HOLDFAST_=x", "HOLDFAST_x=1", "HOLDFAST_A", "=x",
                                     "HOLDFAST_A=\n", "HOLDFAST_A B=1", "holdfast_A=1"}) {
    EXPECT_FALSE(check_request({}, {variable}).ok()) << variable;
  }
  EXPECT_FALSE(check_request({}, {"HOLDFAST_A=" + std::string(3000, 'x')}).ok());
  EXPECT_FALSE(check_request({}, std::vector<std::string>(17, "HOLDFAST_A=1")).ok());
}

/// Whatever the values hold that peers have chosen.
TEST(CheckRequest, TakesWhatNoticesAskFor) {
  constexpr char kBytes[] = "x\r\nBcc: a@b\0\"}\n.\r\n\x1b[0m\xff";
  const std::string hostile(kBytes, sizeof kBytes - 1);
  notify::VipChange change{
      .vip = "db", .state = "MASTER", .previous = "BACKUP", .reason = hostile, .priority = 100, .node = "gw-a"};
  change.addresses.assign(255, "fd00:1111:2222:3333:4444:5555:6666:7777/64");
  const vip::ScriptCall of_change = notify::script_call("db/on_master", change);
  EXPECT_TRUE(check_request(of_change.arguments, of_change.environment).ok());
  notify::EventNotice notice{.event = hf::events::BugSurvived{.where = hostile, .what = hostile}, .node = hostile};
  for (int i = 0; i < 20; ++i) notice.event.fields.push_back({"what", std::string(5000, 'x')});
  const vip::ScriptCall of_event = notify::script_call("notify/0", notice);
  EXPECT_TRUE(check_request(of_event.arguments, of_event.environment).ok());
}

}  // namespace
}  // namespace hf::guardian::steward
