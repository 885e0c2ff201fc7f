// Refresh: what a session waits for that has asked the control thread to read something anew (Control::refresh).
// The answer is a view whose round is that of a reading begun after the question.
//
//   const RefreshPtr asked = control().refresh(name(), subject);
//   while (!asked->done(view()->accounts_round)) { co_await view_changed(deadline) … }
//
// Owner: whoever asked, and the message on its way. Thread: answered_by on the control thread, done on any.
// Invariant: the round is told before the view that has it is published.
#pragma once

#include <atomic>
#include <cstdint>
#include <limits>
#include <memory>

namespace hf::upstream {

class Refresh {
 public:
  /// For whom nothing will be read: done at once.
  static std::shared_ptr<Refresh> nothing_to_wait_for() {
    auto asked = std::make_shared<Refresh>();
    asked->answered_by(0);
    return asked;
  }
  void answered_by(std::uint64_t round) { round_.store(round, std::memory_order_release); }
  bool done(std::uint64_t round) const { return round >= round_.load(std::memory_order_acquire); }

 private:
  std::atomic<std::uint64_t> round_{std::numeric_limits<std::uint64_t>::max()};  // not heard yet
};

using RefreshPtr = std::shared_ptr<Refresh>;

}  // namespace hf::upstream
