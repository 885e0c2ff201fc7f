// ScriptTrack: a check script: exit code 0 is good. Rise and fall smooth it; the first result counts at once.
//
// Owner: the Tracker. Thread: the control thread's.
// Invariants: as TrackSource, and
//   1. At most one run at a time; the next begins an interval after this one began, or when it ends if that is later.
//   2. A timeout, a script that could not be started, and an answer that does not come are failures: what cannot be
//      checked is not known to be good.
//   3. An answer to a run that was given up is dropped.
#pragma once

#include <cstdint>
#include <memory>

#include "policy/health/rise_fall.h"
#include "vip/track/track_source.h"

namespace hf::vip::track {

class ScriptTrack final : public TrackSource, private runtime::Timer {
 public:
  ScriptTrack(runtime::EventLoop& loop, ScriptPort run, const config::Track& track, std::function<void()> changed);
  void start() override { run(); }
  void reconfigure(const config::Track& track) override;

 private:
  void on_timer() override;
  void run();
  void ended(std::uint64_t number, const ScriptDone& done);
  void count(policy::health::CheckOutcome outcome, std::string reason);

  runtime::EventLoop& loop_;
  ScriptPort run_;
  config::Track track_;
  policy::health::RiseFall rise_fall_;
  TimePoint began_;
  std::uint64_t number_ = 0;  // of the run at hand
  bool running_ = false;
  std::shared_ptr<ScriptTrack*> self_;  // answers hold it weakly
};

}  // namespace hf::vip::track
