// Log: where events go as text: standard error or a file that can be reopened after rotation.
//
// Owner: the gateway. Thread: the control thread's.
#pragma once

#include <string>

#include "base/event.h"
#include "base/result.h"
#include "config/config.h"

namespace hf::app {

class Log {
 public:
  Log() = default;
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;
  ~Log();

  /// Opens the configured file, or falls back to standard error with an error.
  Result<void> open(const config::Log& settings);
  Result<void> reopen() { return open(settings_); }
  void write(const Event& event);

 private:
  config::Log settings_;
  int fd_ = 2;
};

}  // namespace hf::app
