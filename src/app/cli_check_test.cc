#include "app/cli.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace hf::app {
namespace {

class CheckCommand : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = (std::filesystem::temp_directory_path() / "holdfast-check-XXXXXX").string();
    ASSERT_NE(mkdtemp(folder_.data()), nullptr);
    std::ofstream(folder_ + "/token") << "hunter2\n";
    std::filesystem::permissions(folder_ + "/token", std::filesystem::perms::owner_read);
    file_ = folder_ + "/holdfast.toml";
    write(
        "[node]\nname = \"gw-a\"\nshards = { gw-a = 3, gw-b = 5 }\n[admin]\ntoken_file = \"token\"\nhttp = "
        "\"127.0.0.1:9400\"\n");
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  void write(const std::string& top) {
    std::ofstream(file_) << top
                         << "[[service]]\nname = \"web\"\nprotocol = \"tcp\"\nlisten = \"127.0.0.1:8080\"\nserver = [ "
                            "{ address = \"10.0.0.1:80\" } ]\n";
  }

  int holdfast(std::vector<std::string> words) {
    words.insert(words.begin(), "holdfast");
    std::vector<char*> argv;
    for (std::string& word : words) argv.push_back(word.data());
    testing::internal::CaptureStdout();
    testing::internal::CaptureStderr();
    const int code = run_command_line(static_cast<int>(argv.size()), argv.data());
    std::fflush(nullptr);
    out_ = testing::internal::GetCapturedStdout();
    err_ = testing::internal::GetCapturedStderr();
    return code;
  }

  std::string printed() const {
    return "[node]\nname = \"gw-a\"\nshards = 3\n\n[admin]\ntoken_file = \"" + folder_ +
           "/token\"\n\n[[service]]\nname = \"web\"\nprotocol = \"tcp\"\nlisten = "
           "[\"127.0.0.1:8080\"]\n\n[[service.server]]\naddress = \"10.0.0.1:80\"\n";
  }

  std::string folder_;
  std::string file_;
  std::string out_;
  std::string err_;
};

TEST_F(CheckCommand, KnowsWhichEventsThereAre) {
  write("[[notify]]\nfifo = \"/run/told\"\nevents = [\"HF-2002\", \"HF-60xx\"]\n");
  EXPECT_EQ(holdfast({"check", "--config", file_}), 0) << err_;
  write("[[notify]]\nfifo = \"/run/told\"\nevents = [\"HF-2999\"]\n");
  EXPECT_EQ(holdfast({"check", "--config", file_}), 1);
  EXPECT_NE(err_.find("3:10: events holds \"HF-2999\", there is no such event"), std::string::npos) << err_;
}

TEST_F(CheckCommand, SaysOkOrEverythingThatIsWrong) {
  EXPECT_EQ(holdfast({"check", "--config", file_}), 0);
  EXPECT_EQ(out_, file_ + ": ok\n");
  write("[node]\nshardz = 3\n");
  EXPECT_EQ(holdfast({"check", "--config", file_}), 1);
  EXPECT_EQ(out_, "");
  EXPECT_NE(err_.find(":2:1: unknown key \"shardz\""), std::string::npos) << err_;
}

TEST_F(CheckCommand, WhatTheUserWhoIsToRunItHasNoRightToIsAnError) {
  write("[[vip]]\nname = \"db\"\ninterface = \"eth1\"\naddresses = [\"198.18.0.100/24\"]\nrouter_id = 51\n");
  EXPECT_EQ(holdfast({"check", "--config", file_}), 0) << "another user may run it: " << err_;
  EXPECT_EQ(holdfast({"check", "--config", file_, "--as", "root"}), 0) << err_;
  EXPECT_EQ(err_, "");
  EXPECT_EQ(holdfast({"check", "--config", file_, "--as", "nobody"}), 1);
  EXPECT_NE(err_.find(":1:1: vip \"db\" would not be held, only root may hold addresses"), std::string::npos) << err_;
  EXPECT_EQ(holdfast({"check", "--config", file_, "--as", "holdfast-no-such-user"}), 1);
  EXPECT_EQ(err_, "holdfast: there is no user 'holdfast-no-such-user'\n");
}

TEST_F(CheckCommand, WarnsOfWhatIsNotThereOnThisMachine) {
  std::ofstream(folder_ + "/plain") << "#!/bin/sh\n";
  const std::string node = "[node]\nname = \"gw-a\"\n";
  const std::string vip =
      "[[vip]]\nname = \"db\"\naddresses = [\"198.18.0.100/24\"]\nrouter_id = 51\npriority = { gw-a = 100, gw-b = 90 "
      "}\n";
  write(node + vip + "interface = \"lo\"\non_master = \"/bin/sh\"\nnotify_user = \"root\"\n");
  EXPECT_EQ(holdfast({"check", "--config", file_, "--as", "root"}), 0);
  EXPECT_EQ(err_, "");
  write(node + vip + "interface = \"hf-none0\"\non_master = \"" + folder_ + "/plain\"\non_stop = \"" + folder_ +
        "/none\"\nnotify_user = \"holdfast-no-such-user\"\n");
  EXPECT_EQ(holdfast({"check", "--config", file_, "--as", "root"}), 0) << "another machine may have it";
  EXPECT_NE(err_.find(":8:13: interface = \"hf-none0\", there is no such interface on this machine"), std::string::npos)
      << err_;
  EXPECT_NE(err_.find("/plain\", nobody may execute it on this machine"), std::string::npos) << err_;
  EXPECT_NE(err_.find("/none\", there is no such file on this machine"), std::string::npos) << err_;
  EXPECT_NE(err_.find(":11:15: user \"holdfast-no-such-user\", there is no such user on this machine"),
            std::string::npos)
      << err_;
}

TEST_F(CheckCommand, PrintsWhatTheFileComesTo) {
  EXPECT_EQ(holdfast({"check", "--print-config", file_}), 0);
  EXPECT_EQ(out_, printed());
  EXPECT_EQ(err_, "");
  EXPECT_EQ(holdfast({"check", "--config", file_, "--print-config"}), 0);
  EXPECT_EQ(out_, printed());
  EXPECT_EQ(holdfast({"check", "--json", "--config", file_, "--print-config"}), 0);
  EXPECT_EQ(nlohmann::json::parse(out_).value("config", ""), printed());
}

TEST_F(CheckCommand, PrintsNothingOfAFileWithErrors) {
  write("[node]\nshardz = 3\n");
  EXPECT_EQ(holdfast({"check", "--print-config", file_}), 1);
  EXPECT_EQ(out_, "");
  EXPECT_NE(err_, "");
}

TEST_F(CheckCommand, VipWithoutAWordNamesTheWords) {
  for (const std::vector<std::string>& words : {std::vector<std::string>{"vip"}, {"vip", "move", "db"}}) {
    EXPECT_EQ(holdfast(words), 2);
    EXPECT_NE(err_.find("  release  NAME  give the addresses up to another node until 'resume'\n"), std::string::npos);
    EXPECT_NE(err_.find("  prefer   NAME  take the addresses"), std::string::npos) << err_;
    EXPECT_NE(err_.find("  resume   NAME  end a release or a preference\n"), std::string::npos) << err_;
    EXPECT_NE(err_.find("holdfast vip release db\n"), std::string::npos) << err_;
  }
  EXPECT_EQ(holdfast({"vip", "release"}), 2);
  EXPECT_NE(err_.find("name is required"), std::string::npos) << err_;
}

}  // namespace
}  // namespace hf::app
