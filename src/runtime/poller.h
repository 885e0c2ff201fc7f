// The seam below the event loop: where readiness and time come from. EpollPoller is the real one, SimPoller the one of
// tests, with virtual time.
#pragma once

#include <cstdint>

#include "base/result.h"
#include "base/time.h"

namespace hf::runtime {

enum Readiness : std::uint32_t {
  kReadable = 1,
  kWritable = 2,
  kPeerClosed = 4,  // the peer will send no more (its half is shut), or the connection broke
};

/// Somebody who is told that a file descriptor became ready. Edge-triggered: told once per change.
class IoHandler {
 public:
  virtual void on_ready(std::uint32_t readiness) = 0;

 protected:
  ~IoHandler() = default;
};

class Poller {
 public:
  virtual ~Poller() = default;

  virtual TimePoint now() const = 0;
  /// Registers once, for everything, edge-triggered. Fails when the kernel is out of watches or memory.
  virtual Result<void> add(int fd, IoHandler& handler) = 0;
  /// After this the handler is not called again, not even for an event of the batch at hand. The caller closes the fd.
  virtual void remove(int fd, IoHandler& handler) = 0;
  /// Takes an fd that stays open off the set, after remove(): somebody else has it too, be it a process between fork
  /// and exec.
  virtual Result<void> unwatch(int fd) = 0;
  /// Waits until something is ready, `until` has come, or wake() was called.
  virtual void wait(Deadline until) = 0;
  /// Calls the handlers of what wait() found ready.
  virtual void dispatch() = 0;
  /// Makes a wait() of another thread return. The only function that other threads may call.
  virtual void wake() = 0;
};

}  // namespace hf::runtime
