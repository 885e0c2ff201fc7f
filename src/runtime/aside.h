// Aside: a thread that runs one function at a time: for calls that no flag keeps from waiting, as those on a file
// system that hangs. Nobody waits for it.
//
// Owner: whoever has such calls to make. Thread: that of the loop; only `work` runs in the other one.
// Invariants:
//   1. `done` runs in a turn of the loop after `work` has ended, and never once the Aside is gone.
//   2. A thread that the kernel does not let go is left behind at the end, with what its function holds.
#pragma once

#include <functional>
#include <memory>

#include "runtime/event_loop.h"

namespace hf::runtime {

class Aside {
 public:
  explicit Aside(EventLoop& loop);
  Aside(const Aside&) = delete;
  Aside& operator=(const Aside&) = delete;
  ~Aside();

  /// Whether a function runs, or has ended and `done` has not run yet.
  bool busy() const { return busy_; }
  /// Only when not busy(). `work` owns what it uses.
  void run(std::function<void()> work, std::function<void()> done);

 private:
  struct Shared;
  static void serve(const std::shared_ptr<Shared>& shared);

  std::shared_ptr<Shared> shared_;
  bool busy_ = false;
};

}  // namespace hf::runtime
