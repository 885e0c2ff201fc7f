#include "app/log_writer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <sstream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

namespace hf::app {
namespace {

constexpr Nanos kLong = 20s;  // only how long a wrong expectation takes to fail

std::string temporary(const std::string& name) {
  return testing::TempDir() + "hf_log_" + std::to_string(::getpid()) + "_" + name;
}

std::string text_of(const std::string& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

/// A pipe that takes one page.
struct Pipe {
  Pipe() {
    EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    EXPECT_GE(::fcntl(ends[1], F_SETPIPE_SZ, 4096), 4096);
  }
  ~Pipe() {
    ::close(ends[0]);
    ::close(ends[1]);
  }
  /// Waits for that many lines.
  std::vector<std::string> lines(std::size_t count) {
    std::vector<std::string> found;
    while (found.size() < count) {
      pollfd ready{ends[0], POLLIN, 0};
      if (::poll(&ready, 1, 20'000) <= 0) break;
      char buffer[4096];
      const ssize_t n = ::read(ends[0], buffer, sizeof buffer);
      if (n <= 0) break;
      for (const char c : std::string_view(buffer, static_cast<std::size_t>(n))) {
        if (c != '\n') {
          rest.push_back(c);
          continue;
        }
        found.push_back(std::exchange(rest, {}));
      }
    }
    return found;
  }
  int ends[2] = {-1, -1};
  std::string rest;
};

TEST(LogWriter, WritesLinesToAFileInOrder) {
  const std::string path = temporary("order");
  {
    LogWriter writer({});
    ASSERT_TRUE(writer.open(path, kLong).ok());
    for (int i = 0; i < 10'000; ++i) writer.push("line " + std::to_string(i));
    writer.close(kLong);
    EXPECT_EQ(writer.lost_total(), 0U);
  }
  std::istringstream text(text_of(path));
  std::string line;
  for (int i = 0; i < 10'000; ++i) {
    ASSERT_TRUE(std::getline(text, line));
    ASSERT_EQ(line, "line " + std::to_string(i));
  }
  EXPECT_FALSE(std::getline(text, line));
  ::unlink(path.c_str());
}

/// The reader of a pipe stalls: pushing goes on, what does not fit is counted, and when he reads again all that was
/// kept comes, in order.
TEST(LogWriter, AStalledReaderStopsNobodyAndWhatIsLostIsCounted) {
  Pipe pipe;
  LogWriter writer({.most_queued = 20'000, .standard_error = pipe.ends[1]});
  constexpr std::size_t kPushed = 1000;
  for (std::size_t i = 0; i < kPushed; ++i) writer.push(std::to_string(i) + " " + std::string(95, 'x'));
  EXPECT_GT(writer.lost_total(), 700U);
  EXPECT_LT(writer.lost_total(), 900U);
  EXPECT_EQ(writer.take_lost().lines, 0U) << "nobody takes lines yet";
  const std::size_t kept = kPushed - writer.lost_total();
  const std::vector<std::string> lines = pipe.lines(kept);
  ASSERT_EQ(lines.size(), kept);
  for (std::size_t i = 0; i < kept; ++i) EXPECT_TRUE(lines[i].starts_with(std::to_string(i) + " ")) << lines[i];
  writer.push("first that is taken again");
  EXPECT_EQ(pipe.lines(1), std::vector<std::string>{"first that is taken again"});
  const LogWriter::Lost lost = writer.take_lost();
  EXPECT_EQ(lost.lines, kPushed - kept);
  EXPECT_EQ(lost.reason, "whoever takes the log did not take it in time");
  EXPECT_EQ(writer.take_lost().lines, 0U);
  writer.close(kLong);
}

TEST(LogWriter, ALineLongerThanThePipeIsWrittenWhole) {
  Pipe pipe;
  LogWriter writer({.most_queued = 1 << 20, .standard_error = pipe.ends[1]});
  writer.push(std::string(100'000, 'y'));
  writer.push("z");
  EXPECT_EQ(pipe.lines(2), (std::vector<std::string>{std::string(100'000, 'y'), "z"}));
  writer.close(kLong);
}

TEST(LogWriter, AtTheEndAStalledReaderIsWaitedForNoLongerThanTold) {
  Pipe pipe;
  LogWriter writer({.most_queued = 1 << 20, .standard_error = pipe.ends[1]});
  for (int i = 0; i < 1000; ++i) writer.push(std::string(100, 'x'));
  writer.close(50ms);  // returns: nobody reads, ever
}

TEST(LogWriter, AnotherFileMayBeOpenedWhileTheReaderStallsAndTakesWhatWaits) {
  const std::string path = temporary("instead");
  Pipe pipe;
  LogWriter writer({.most_queued = 1 << 20, .standard_error = pipe.ends[1]});
  for (int i = 0; i < 500; ++i) writer.push(std::to_string(i) + " " + std::string(95, 'x'));
  ASSERT_TRUE(writer.open(path, kLong).ok());
  writer.push("last");
  writer.close(kLong);
  const std::string text = text_of(path);
  EXPECT_NE(text.find("499 x"), std::string::npos);
  EXPECT_TRUE(text.ends_with("last\n"));
  const std::size_t first = std::stoul(text);
  EXPECT_TRUE(text.starts_with(std::to_string(first) + " xxx")) << "a line begins where the file does";
  ::unlink(path.c_str());
}

/// As a mount that hangs: open() does not return until somebody reads.
TEST(LogWriter, AFileThatDoesNotOpenStopsNobody) {
  const std::string path = temporary("fifo");
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  LogWriter writer({.most_queued = 1000, .standard_error = 2});
  const Result<void> opened = writer.open(path, 10ms);
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().code, ErrorCode::kTimeout);
  for (int i = 0; i < 1000; ++i) writer.push("line " + std::to_string(i));
  EXPECT_GT(writer.lost_total(), 0U);
  const int reader = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);  // now it opens
  char buffer[4096];
  const ssize_t n = ::read(reader, buffer, sizeof buffer);
  EXPECT_TRUE(std::string_view(buffer, static_cast<std::size_t>(std::max<ssize_t>(n, 0))).starts_with("line 0\n"));
  writer.close(kLong);
  ::close(reader);
  ::unlink(path.c_str());
}

/// What a loop does: it asks, goes on, and looks later.
TEST(LogWriter, AskingForAFileWaitsForNobody) {
  const std::string path = temporary("asked");
  const std::string fifo = temporary("hangs");
  ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
  LogWriter writer({});
  writer.ask(path);
  while (!writer.opened()) std::this_thread::yield();
  EXPECT_TRUE(writer.opened()->ok());
  writer.ask("/nonexistent/folder/log");
  while (!writer.opened()) std::this_thread::yield();
  EXPECT_FALSE(writer.opened()->ok());
  writer.ask(fifo);
  EXPECT_FALSE(writer.opened()) << "nobody reads it";
  const int reader = ::open(fifo.c_str(), O_RDONLY | O_CLOEXEC);
  while (!writer.opened()) std::this_thread::yield();
  EXPECT_TRUE(writer.opened()->ok());
  writer.close(kLong);
  ::close(reader);
  ::unlink(fifo.c_str());
  ::unlink(path.c_str());
}

TEST(LogWriter, LinesThatNobodyTakesAreTroubleAfterAWhile) {
  Pipe pipe;
  LogWriter writer({.most_queued = 1 << 20, .standard_error = pipe.ends[1], .slow = 50ms});
  for (int i = 0; i < 100; ++i) writer.push(std::string(100, 'x'));
  EXPECT_EQ(writer.trouble(), "");
  while (writer.trouble().empty()) std::this_thread::yield();
  EXPECT_EQ(writer.trouble(), "whoever takes the log did not take it in time");
  EXPECT_EQ(writer.lost_total(), 0U) << "they wait";
  EXPECT_EQ(pipe.lines(100).size(), 100U);
  while (!writer.trouble().empty()) std::this_thread::yield();
  writer.close(kLong);
}

TEST(LogWriter, AnErrorKeepsTheLinesAndNamesItselfWhenSomeAreLost) {
  const int full = ::open("/dev/full", O_WRONLY | O_CLOEXEC);
  ASSERT_GE(full, 0);
  const std::string path = temporary("room");
  LogWriter writer({.most_queued = 1000, .standard_error = full});
  writer.push("kept");
  while (writer.trouble().empty()) std::this_thread::yield();
  std::size_t kept = 1;
  for (writer.push("next"); writer.lost_total() == 0; writer.push("next")) ++kept;
  EXPECT_EQ(writer.take_lost().lines, 0U);
  ASSERT_TRUE(writer.open(path, kLong).ok());
  LogWriter::Lost lost;
  while (lost.lines == 0) lost = writer.take_lost();
  EXPECT_EQ(lost.lines, 1U);
  EXPECT_NE(lost.reason.find("No space left"), std::string::npos) << lost.reason;
  writer.close(kLong);
  const std::string text = text_of(path);
  EXPECT_TRUE(text.starts_with("kept\nnext\n"));
  EXPECT_EQ(static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n')), kept)
      << "what was queued while the disk was full is there now";
  ::close(full);
  ::unlink(path.c_str());
}

TEST(LogWriter, AFileThatCannotBeOpenedLeavesTheFormerInUse) {
  const std::string path = temporary("former");
  LogWriter writer({});
  ASSERT_TRUE(writer.open(path, kLong).ok());
  const Result<void> refused = writer.open("/nonexistent/folder/log", kLong);
  ASSERT_FALSE(refused.ok());
  EXPECT_NE(refused.error().context.find("/nonexistent/folder/log"), std::string::npos);
  writer.push("still here");
  writer.close(kLong);
  EXPECT_EQ(text_of(path), "still here\n");
  ::unlink(path.c_str());
}

TEST(LogWriter, AFileIsOpenedAnewAfterRotation) {
  const std::string path = temporary("rotated");
  LogWriter writer({});
  ASSERT_TRUE(writer.open(path, kLong).ok());
  writer.push("before");
  while (text_of(path).empty()) std::this_thread::yield();
  ASSERT_EQ(::rename(path.c_str(), (path + ".1").c_str()), 0);
  ASSERT_TRUE(writer.open(path, kLong).ok());
  writer.push("after");
  writer.close(kLong);
  EXPECT_EQ(text_of(path + ".1"), "before\n");
  EXPECT_EQ(text_of(path), "after\n");
  ::unlink(path.c_str());
  ::unlink((path + ".1").c_str());
}

TEST(LogWriter, TheLastLineComesAfterAllThatWaits) {
  Pipe pipe;
  LogWriter writer({.most_queued = 1 << 20, .standard_error = pipe.ends[1]});
  for (int i = 0; i < 500; ++i) writer.push(std::to_string(i) + " " + std::string(95, 'x'));
  std::vector<std::string> lines;
  std::thread reader([&] { lines = pipe.lines(501); });
  EXPECT_TRUE(writer.push_last("the end", kLong));
  reader.join();
  ASSERT_EQ(lines.size(), 501U);
  EXPECT_EQ(lines.back(), "the end");
  writer.close(kLong);
}

TEST(LogWriter, TheLastLineIsNotWaitedForLongerThanTold) {
  Pipe pipe;
  LogWriter writer({.most_queued = 1 << 20, .standard_error = pipe.ends[1]});
  for (int i = 0; i < 500; ++i) writer.push(std::string(100, 'x'));
  pollfd room{pipe.ends[1], POLLOUT, 0};
  while (::poll(&room, 1, 0) > 0) std::this_thread::yield();  // until the writer has filled the pipe
  EXPECT_FALSE(writer.push_last("the end", 20ms));
  EXPECT_FALSE(write_within(pipe.ends[1], "the end\n", 20ms));
  writer.close(Nanos::zero());
}

TEST(LogWriter, WritingWithinATimeWritesAllThatIsTaken) {
  Pipe pipe;
  std::vector<std::string> lines;
  std::thread reader([&] { lines = pipe.lines(1); });
  EXPECT_TRUE(write_within(pipe.ends[1], std::string(50'000, 'w') + "\n", kLong));
  reader.join();
  EXPECT_EQ(lines, std::vector<std::string>{std::string(50'000, 'w')});
}

}  // namespace
}  // namespace hf::app
