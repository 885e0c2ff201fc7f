// Log: where events go as text: standard error or a file that can be opened anew after rotation.
//
// A reader that stalls, a full disk and a mount that hangs stop whoever writes to them, and for some of them no flag
// helps. So lines go through a bounded queue to a thread (log_writer.h) that may be stopped; what does not fit is
// counted, and told by an event (take_lost) once there is room again.
//
// Owner: the gateway. Thread: the control thread's; last words come from any.
// Invariants:
//   1. write() and ask() never wait; open() and close() no longer than they are told.
//   2. Lines are written whole and in order.
//   3. One Log at a time takes the last words of the process (base/assert.h).
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "app/log_writer.h"
#include "base/event.h"
#include "base/result.h"
#include "config/config.h"

namespace hf::app {

class Log {
 public:
  static constexpr Nanos kStartPatience = 1s;
  static constexpr Nanos kClosePatience = 2s;

  /// Without a file: standard error.
  Log();
  explicit Log(LogWriter::Settings settings);
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;
  ~Log();

  /// Opens what is configured. On an error lines go on to where they went before; kTimeout: it may be open later.
  Result<void> open(const config::Log& settings, Nanos patience);
  /// The same without waiting: opened() tells what came of it, and nothing until then.
  void ask(const config::Log& settings);
  std::optional<Result<void>> opened() const { return writer_.opened(); }
  void write(const Event& event);
  /// Lines lost since the last call, once lines are taken again. Until then nothing.
  LogWriter::Lost take_lost() { return writer_.take_lost(); }
  std::uint64_t lost_total() const { return writer_.lost_total(); }
  /// Why lines are not written at present; empty: they are.
  std::string trouble() const { return writer_.trouble(); }
  /// "/var/log/holdfast/holdfast.log", "standard error".
  std::string target() const { return settings_.file.empty() ? "standard error" : settings_.file; }
  /// Waits that long for what is queued to be written. Nothing is written any more afterwards.
  void close(Nanos patience) { writer_.close(patience); }

 private:
  config::Log settings_;
  LogWriter writer_;
};

/// A line to standard error for whoever started the program, without waiting longer than a second for a reader.
void say(const std::string& line);

/// For a process without a log: what is told of broken invariants goes to standard error, and waits for no reader.
void say_last_words();

}  // namespace hf::app
