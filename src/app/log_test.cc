#include "app/log.h"

#include <gtest/gtest.h>

#include <csignal>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include <fcntl.h>
#include <unistd.h>

#include "app/events.h"
#include "base/assert.h"
#include "topology/events.h"

namespace hf::app {
namespace {

std::string text_of(const std::string& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

std::string temporary(const std::string& name) {
  return testing::TempDir() + "hf_last_" + std::to_string(::getpid()) + "_" + name;
}

config::Log to_file(const std::string& path) {
  config::Log settings;
  settings.file = path;
  return settings;
}

TEST(Log, WritesWhatTheLevelLetsThrough) {
  const std::string path = temporary("level");
  config::Log settings = to_file(path);
  settings.level = config::LogLevel::kWarning;
  Log log;
  ASSERT_TRUE(log.open(settings, 20s).ok());
  log.write(topology::events::ServerUp{.service = "orders", .server = "db1", .reason = "ok"});
  log.write(topology::events::ServerDown{.service = "orders", .server = "db2", .reason = "silence"});
  log.close(20s);
  EXPECT_EQ(text_of(path),
            "1970-01-01T00:00:00.000000Z error HF-2002 server_down service=orders server=db2 reason=silence\n");
  ::unlink(path.c_str());
}

TEST(Log, ABugThatIsSurvivedIsALineOfTheLog) {
  const std::string path = temporary("bug");
  Log log;
  ASSERT_TRUE(log.open(to_file(path), 20s).ok());
  HF_BUG("nothing is wrong");
  log.close(20s);
  EXPECT_NE(text_of(path).find("bug survived at "), std::string::npos);
  ::unlink(path.c_str());
}

/// Both where whoever started the program looks, and in the file, behind all that led to it.
TEST(LogDeathTest, ABrokenInvariantIsTheLastLineOfTheLogAndOfStandardError) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  const std::string path = temporary("check");
  ::setenv("HF_TEST_LOG", path.c_str(), 0);  // the child has another process id
  EXPECT_DEATH(
      {
        Log log;
        (void)log.open(to_file(std::getenv("HF_TEST_LOG")), 20s);
        for (int i = 0; i < 1000; ++i) log.write(events::LogReopened{.file = "number" + std::to_string(i)});
        HF_CHECK(1 == 2);
      },
      "invariant broken at .*: 1 == 2");
  const std::string text = text_of(path);
  EXPECT_NE(text.find("file=number999\n"), std::string::npos);
  const std::size_t last = text.rfind('\n', text.size() - 2);
  EXPECT_NE(text.substr(last + 1).find("invariant broken"), std::string::npos) << text.substr(last + 1);
  ::unsetenv("HF_TEST_LOG");
  ::unlink(path.c_str());
}

/// Standard error is a pipe that is full: the process ends all the same, by the signal that tells of it.
TEST(LogDeathTest, ABrokenInvariantEndsTheProcessThoughNobodyReads) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(
      {
        int ends[2];
        (void)::pipe2(ends, O_CLOEXEC | O_NONBLOCK);
        const std::string page(4096, 'x');
        while (::write(ends[1], page.data(), page.size()) > 0) {}
        ::fcntl(ends[1], F_SETFL, 0);
        ::dup2(ends[1], 2);
        Log log;
        log.write(topology::events::ServerUp{.service = "orders", .server = "db1", .reason = "ok"});
        HF_CHECK(1 == 2);
      },
      testing::KilledBySignal(SIGABRT), "");
}

}  // namespace
}  // namespace hf::app
