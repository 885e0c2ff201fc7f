#include "vip/track/script_track.h"

#include <algorithm>

namespace hf::vip::track {
namespace {

constexpr std::size_t kLongestReason = 200;
constexpr Nanos kShortestInterval = 10ms;

/// The first line of the output, if there is one.
std::string said(const std::string& output) {
  std::string line = output.substr(0, output.find('\n'));
  if (line.size() > kLongestReason) line.resize(kLongestReason);
  return line.empty() ? line : ": " + line;
}

std::string explain(const ScriptDone& done) {
  if (!done.started) return "could not be started" + said(done.output);
  if (done.timed_out) return "did not end in time" + said(done.output);
  return "exit code " + std::to_string(done.exit_code) + said(done.output);
}

}  // namespace

ScriptTrack::ScriptTrack(runtime::EventLoop& loop, ScriptPort run, const config::Track& track,
                         std::function<void()> changed)
    : TrackSource(std::move(changed)),
      loop_(loop),
      run_(std::move(run)),
      track_(track),
      rise_fall_(track.rise, track.fall),
      self_(std::make_shared<ScriptTrack*>(this)) {}

void ScriptTrack::reconfigure(const config::Track& track) {
  track_ = track;
  rise_fall_.reconfigure(track.rise, track.fall);
  if (!running_ && armed()) {
    loop_.arm(*this, std::max(loop_.now(), began_ + std::max(track.interval, kShortestInterval)));
  }
}

void ScriptTrack::run() {
  running_ = true;
  began_ = loop_.now();
  const std::uint64_t number = ++number_;
  loop_.arm(*this, began_ + track_.script.timeout + kScriptAnswerGrace);
  run_(ScriptCall{.script = track_.script.id}, [number, weak = std::weak_ptr(self_)](const ScriptDone& done) {
    const std::shared_ptr<ScriptTrack*> self = weak.lock();
    if (self != nullptr) (*self)->ended(number, done);
  });
}

void ScriptTrack::on_timer() {
  if (!running_) return run();
  ended(number_, ScriptDone{.started = false, .output = "no answer from the process that runs scripts"});
}

void ScriptTrack::ended(std::uint64_t number, const ScriptDone& done) {
  if (!running_ || number != number_) return;
  running_ = false;
  const bool good = done.started && !done.timed_out && done.exit_code == 0;
  loop_.arm(*this, std::max(loop_.now(), began_ + std::max(track_.interval, kShortestInterval)));
  count(good ? policy::health::CheckOutcome::kSuccess : policy::health::CheckOutcome::kFailure, explain(done));
}

void ScriptTrack::count(policy::health::CheckOutcome outcome, std::string reason) {
  rise_fall_.step(outcome);
  become(TrackResult{.known = true,
                     .bad = rise_fall_.health() == policy::health::Health::kDown,
                     .factor = 1,
                     .reason = std::move(reason)});
}

}  // namespace hf::vip::track
