// ProcessTrack: processes of a name: good while at least `at_least` run.
//
// Owner: the Tracker. Thread: the control thread's.
// Invariants: as TrackSource, and
//   1. Found processes are watched by pidfd: an exit is seen at once, not at the next interval.
//   2. /proc is only walked while fewer than needed are known, and then in slices of kSlice entries a turn: a machine
//      with ten thousand processes does not hold the control thread up.
//   3. A process that exited counts no more, reaped or not.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include <dirent.h>
#include <sys/types.h>

#include "vip/track/track_source.h"

namespace hf::vip::track {

/// Pure: whether a process is of that name: its command name (the kernel keeps 15 bytes of it), its argv[0], or the
/// last part of the path in argv[0].
bool has_name(std::string_view name, std::string_view command, std::string_view argv0);

class ProcessTrack final : public TrackSource, private runtime::Timer {
 public:
  static constexpr int kSlice = 128;
  static constexpr std::size_t kMostSpare = 16;  // watched beyond what is needed

  ProcessTrack(runtime::EventLoop& loop, const config::Track& track, std::function<void()> changed);
  ~ProcessTrack() override;
  void start() override { on_timer(); }
  void reconfigure(const config::Track& track) override;

 private:
  class Process;

  void on_timer() override;
  void begin_walk();
  void walk();
  void end_walk();
  void consider(pid_t pid);
  void forget_changed();
  void exited(pid_t pid);
  void tell();
  bool enough() const { return found_.size() >= track_.at_least; }

  runtime::EventLoop& loop_;
  config::Track track_;
  std::map<pid_t, std::unique_ptr<Process>> found_;
  DIR* walking_ = nullptr;
  bool walk_again_ = false;  // something exited during the walk
};

}  // namespace hf::vip::track
