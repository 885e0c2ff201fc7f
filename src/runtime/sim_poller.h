// SimPoller: a Poller of virtual time. Nothing is ever waited for: when no simulated happening is due, time jumps to
// the next one. For tests that put many nodes into one process.
#pragma once

#include <cstdint>
#include <functional>
#include <queue>
#include <vector>

#include "runtime/poller.h"

namespace hf::runtime {

class SimPoller final : public Poller {
 public:
  TimePoint now() const override { return now_; }
  Result<void> add(int /*fd*/, IoHandler& /*handler*/) override {
    return Error{ErrorCode::kUnsupported, "a simulated loop has no file descriptors"};
  }
  void remove(int /*fd*/, IoHandler& /*handler*/) override {}
  Result<void> unwatch(int /*fd*/) override { return {}; }
  void wait(Deadline until) override;
  void dispatch() override;
  void wake() override {}

  /// Runs `happening` at `at` (or now, if that has passed); happenings of one moment run in the order they were
  /// scheduled.
  void schedule(TimePoint at, std::function<void()> happening);
  /// True when nothing is scheduled: with no timers left either, a simulation stands still.
  bool idle() const { return happenings_.empty(); }

 private:
  struct Happening {
    TimePoint at;
    std::uint64_t order;
    std::function<void()> run;
    bool operator>(const Happening& other) const { return at != other.at ? at > other.at : order > other.order; }
  };

  TimePoint now_{1'000'000'000};
  std::uint64_t order_ = 0;
  std::priority_queue<Happening, std::vector<Happening>, std::greater<>> happenings_;
};

}  // namespace hf::runtime
