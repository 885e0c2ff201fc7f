// Signals as events of the control loop: blocked in every thread, read from a signalfd.
//
// Owner: the gateway. Thread: block_signals before any thread starts; the rest on the control thread.
#pragma once

#include <functional>

#include "runtime/event_loop.h"

namespace hf::app {

/// SIGTERM, SIGINT, SIGHUP, SIGUSR1 are blocked, SIGPIPE is ignored.
void block_signals();

class SignalReader final : private runtime::IoHandler {
 public:
  SignalReader(runtime::EventLoop& loop, std::function<void(int)> on_signal);
  SignalReader(const SignalReader&) = delete;
  SignalReader& operator=(const SignalReader&) = delete;
  ~SignalReader();

 private:
  void on_ready(std::uint32_t readiness) override;

  runtime::EventLoop& loop_;
  std::function<void(int)> on_signal_;
  int fd_;
};

/// Tells systemd, when it asked for it (NOTIFY_SOCKET): "READY=1", "STOPPING=1", "RELOADING=1" …
void notify_systemd(const char* state);

}  // namespace hf::app
