// What is said of a file that an ordinary user runs.
#include "config/rights.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "config/file/load_context_fake.h"
#include "config/parse.h"

namespace hf::config {
namespace {

const std::string kFile =
    "[node]\nuser = \"holdfast\"\n"
    "[[service]]\nname = \"web\"\nprotocol = \"tcp\"\nlisten = [\"127.0.0.1:80\", \"127.0.0.1:8080\", { unix = "
    "\"/run/web.sock\" }]\n"
    "server = [ { address = \"10.0.0.1:80\" } ]\n"
    "[[vip]]\nname = \"db\"\ninterface = \"eth1\"\naddresses = [\"198.18.0.100/24\"]\nrouter_id = 51\non_master = "
    "\"/bin/true\"\n"
    "[[notify]]\ncommand = \"/bin/true\"\n"
    "[[notify]]\ncommand = \"/bin/true\"\nuser = \"alice\"\n"
    "[[notify]]\ncommand = \"/bin/true\"\nuser = \"bob\"\n";

class RightsTest : public testing::Test {
 protected:
  LoadResult load(std::optional<file::Runner> runner) {
    LoadContext context = machine_.context();
    context.runner = std::move(runner);
    return load_text(kFile, "f", context);
  }
  static std::vector<std::string> texts(const std::vector<Diagnostic>& all) {
    std::vector<std::string> out;
    for (const Diagnostic& each : all) out.push_back(to_string(each));
    return out;
  }

  file::FakeMachine machine_;
  const std::vector<std::string> missing_ = {
      "f:6:11: listener \"127.0.0.1:80\" could not be opened, user \"alice\" may have ports from 1024 on, start "
      "holdfast as root, give it CAP_NET_BIND_SERVICE, or choose another port",
      "f:8:1: vip \"db\" would not be held, only root may hold addresses, start holdfast as root, which its gateway "
      "gives up again",
      "f:21:8: the command of user \"bob\" would not be run, user \"alice\" can run programs as himself only, start "
      "holdfast as root, or remove user"};
};

TEST_F(RightsTest, RootMayDoAll) {
  const LoadResult loaded = load(std::nullopt);
  EXPECT_TRUE(loaded.ok());
  EXPECT_EQ(texts(loaded.warnings), std::vector<std::string>());
}

TEST_F(RightsTest, WhatAnOrdinaryUserMayNotDoIsAWarningOfItsLine) {
  const LoadResult loaded = load(file::Runner{.user = "alice"});
  EXPECT_TRUE(loaded.ok()) << "root may run it";
  EXPECT_EQ(texts(loaded.warnings), missing_);
}

TEST_F(RightsTest, OrAnErrorForARunnerWhoMustHaveAll) {
  const LoadResult loaded = load(file::Runner{.user = "alice", .must_have_all = true});
  EXPECT_FALSE(loaded.ok());
  EXPECT_EQ(texts(loaded.errors), missing_);
}

TEST_F(RightsTest, ThePortsAreThoseThatTheMachineLetsHimHave) {
  EXPECT_EQ(load(file::Runner{.user = "alice", .first_port = 80}).warnings.size(), 2u);
  EXPECT_EQ(load(file::Runner{.user = "alice", .first_port = 81}).warnings.size(), 3u);
}

}  // namespace
}  // namespace hf::config
