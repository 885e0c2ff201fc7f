// Fifo: a named pipe into which lines are written for whoever reads them.
//
// Owner: the Notifier. Thread: the control thread's.
// Invariants:
//   1. Never waits: a line that does not fit is dropped and reported (kOverload).
//   2. Open for reading too, so that lines stay in the pipe while nobody reads; made with mode 0600 if it is not there.
//   3. A pipe that was removed and made anew is noticed at the next line.
#pragma once

#include <string>

#include "base/bytes.h"
#include "base/result.h"

namespace hf::notify {

class Fifo {
 public:
  explicit Fifo(std::string path) : path_(std::move(path)) {}
  Fifo(const Fifo&) = delete;
  Fifo& operator=(const Fifo&) = delete;
  ~Fifo() { close(); }

  /// `line` is at most PIPE_BUF bytes: it is written whole or not at all.
  Result<void> write(ByteView line);

 private:
  Result<void> open();
  bool still_there() const;
  void close();

  std::string path_;
  int fd_ = -1;
};

}  // namespace hf::notify
