// What is said of a file that names what is not there.
#include "config/machine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "config/file/load_context_fake.h"
#include "config/parse.h"

namespace hf::config {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class MachineTest : public testing::Test {
 protected:
  /// The warnings about a file with one VIP "db", which `keys` (from line 5) belong to.
  std::vector<std::string> warnings_of(const std::string& keys, bool asks = true) {
    LoadContext context = machine_.context();
    if (asks) {
      context.machine = Machine{.has_interface = [this](const std::string& name) { return interfaces_.contains(name); },
                                .has_user = [this](const std::string& name) { return users_.contains(name); },
                                .can_run = [this](const std::string& path) -> Result<void> {
                                  if (!programs_.contains(path))
                                    return Error{ErrorCode::kNotFound, "there is no such file"};
                                  return {};
                                }};
    }
    const LoadResult loaded =
        load_text("[[vip]]\nname = \"db\"\naddresses = [\"198.18.0.100/24\"]\nrouter_id = 51\n" + keys, "f", context);
    EXPECT_TRUE(loaded.ok()) << to_string(loaded);
    std::vector<std::string> texts;
    for (const Diagnostic& each : loaded.warnings) texts.push_back(to_string(each));
    return texts;
  }

  file::FakeMachine machine_;  // "gw-a"
  std::set<std::string> interfaces_ = {"eth1"};
  std::set<std::string> programs_ = {"/bin/true"};
  std::set<std::string> users_ = {"nobody"};
};

const std::string kMissingInterface =
    "there is no such interface on this machine, correct the name or make the interface";
const std::string kMissingProgram = "there is no such file on this machine, correct the path or install the program";

TEST_F(MachineTest, WhatIsThereDrawsNoWarning) {
  EXPECT_THAT(warnings_of("interface = \"eth1\"\npriority = { gw-a = 100, gw-b = 90 }\non_master = \"/bin/true\"\n"
                          "notify_user = \"nobody\"\ntrack = [{ interface = \"eth1\" }]\n"),
              IsEmpty());
}

TEST_F(MachineTest, AnInterfaceThatIsMissingIsToldOfOnceWhereItStandsFirst) {
  EXPECT_THAT(warnings_of("interface = \"eth7\"\npriority = { gw-a = 100, gw-b = 90 }\n"
                          "track = [{ interface = \"eth7\" }, { interface = \"eth8\" }]\n"),
              ElementsAre("f:5:13: interface = \"eth7\", " + kMissingInterface,
                          "f:7:48: interface = \"eth8\", " + kMissingInterface));
}

TEST_F(MachineTest, InterfacesOfAddressesAndHeartbeatsCountToo) {
  EXPECT_THAT(
      warnings_of(
          "interface = { gw-a = \"eth1\", gw-b = \"ens1\" }\n"
          "heartbeat_key_file = \"/etc/holdfast/heartbeat.key\"\n"
          "heartbeat = [{ interface = \"eth2\", peers = { gw-a = [\"198.18.1.2\"], gw-b = [\"198.18.1.1\"] } }]\n"
          "[[vip]]\nname = \"web\"\nrouter_id = 52\ninterface = \"eth1\"\n"
          "addresses = [{ address = \"198.18.2.1/24\", interface = \"eth3\" }]\n"),
      ElementsAre("f:7:28: interface = \"eth2\", " + kMissingInterface,
                  "f:12:55: interface = \"eth3\", " + kMissingInterface));
}

TEST_F(MachineTest, InterfacesAreNotLookedForWhereNoTableNamesThisNode) {
  EXPECT_THAT(warnings_of("interface = \"eth7\"\npriority = 100\n"), IsEmpty());
}

TEST_F(MachineTest, AProgramThatIsMissingIsToldOf) {
  EXPECT_THAT(warnings_of("interface = \"eth1\"\non_master = \"/bin/true\"\non_backup = \"/opt/notify.sh backup\"\n"
                          "on_fault = \"/opt/notify.sh fault\"\ntrack = [{ script = \"/opt/check.sh\" }]\n"
                          "[[notify]]\ncommand = \"/opt/tell.sh\"\n"),
              ElementsAre("f:7:13: program \"/opt/notify.sh\", " + kMissingProgram,
                          "f:9:21: program \"/opt/check.sh\", " + kMissingProgram,
                          "f:11:11: program \"/opt/tell.sh\", " + kMissingProgram));
}

TEST_F(MachineTest, AUserWhoIsWrittenAndMissingIsToldOf) {
  const std::string missing = "there is no such user on this machine, correct the name, or make the user with ";
  EXPECT_THAT(warnings_of("interface = \"eth1\"\non_master = \"/bin/true\"\nnotify_user = \"alice\"\n"
                          "track = [{ script = \"/bin/true\", user = \"bob\" }]\n"
                          "[[notify]]\ncommand = \"/bin/true\"\nuser = \"carol\"\n"
                          "[[notify]]\ncommand = \"/bin/true\"\n"),
              ElementsAre("f:7:15: user \"alice\", " + missing + "`adduser --system --group alice`",
                          "f:8:41: user \"bob\", " + missing + "`adduser --system --group bob`",
                          "f:11:8: user \"carol\", " + missing + "`adduser --system --group carol`"))
      << "the last one is node.user, which nobody wrote";
}

TEST_F(MachineTest, NothingIsSaidWhereNobodyAsks) {
  EXPECT_THAT(warnings_of("interface = \"eth7\"\npriority = { gw-a = 100, gw-b = 90 }\non_master = \"/opt/x\"\n"
                          "notify_user = \"alice\"\n",
                          false),
              IsEmpty());
}

}  // namespace
}  // namespace hf::config
