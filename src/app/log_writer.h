// LogWriter: a bounded queue of lines and the thread that writes them. The thread may be stopped by whoever takes the
// lines; nobody else is.
//
// Owner: Log. Thread: any may push; the rest is for the owner's.
// Invariants:
//   1. At most `most_queued` bytes wait. Once a line did not fit, lines are lost until the queue is half empty, so that
//      there are few gaps and each is told of once.
//   2. Lines are written whole and in the order of push(); a line that was cut off by an error is written to its end
//      later, or anew when another file has been opened meanwhile.
//   3. After an error writing is tried again every kRetry; nothing that is queued is dropped for it.
//   4. A thread that the kernel does not let go is left behind at the end, with what it uses. It opens, writes and
//      closes, each of which may hang, without the lock that push() takes.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "base/result.h"
#include "base/time.h"

namespace hf::app {

class LogWriter {
 public:
  static constexpr Nanos kRetry = 1s;

  struct Settings {
    std::size_t most_queued = std::size_t{1} << 20;
    int standard_error = 2;  // where lines go without a file
    Nanos slow = 5s;         // lines that are not taken for so long are trouble
  };
  struct Lost {
    std::uint64_t lines = 0;
    std::string reason;
  };

  explicit LogWriter(Settings settings);
  LogWriter(const LogWriter&) = delete;
  LogWriter& operator=(const LogWriter&) = delete;
  ~LogWriter();

  /// Has the file opened, for appending; an empty path is standard error. Waits that long for it. On an error lines go
  /// on to where they went before. kTimeout: a file system that hangs; what was asked for last is opened as soon as it
  /// can be.
  Result<void> open(const std::string& path, Nanos patience);
  /// The same without waiting: opened() tells what came of it, and nothing until then.
  void ask(const std::string& path);
  std::optional<Result<void>> opened() const;
  /// `line` without its end.
  void push(std::string line);
  Lost take_lost();
  std::uint64_t lost_total() const;
  /// Why lines are not written at present; empty: they are.
  std::string trouble() const;
  void close(Nanos patience);

  /// For the last line of a process that is about to abort: queued whatever the bound says, then waited for. False: it
  /// was not written in time, or not to standard error.
  bool push_last(std::string line, Nanos patience);

 private:
  struct Shared;
  static void run(const std::shared_ptr<Shared>& shared);

  std::shared_ptr<Shared> shared_;
  std::thread thread_;
};

/// Writes to a descriptor that may not be writable, within that time. False: not all of it.
bool write_within(int fd, const std::string& text, Nanos patience);

}  // namespace hf::app
